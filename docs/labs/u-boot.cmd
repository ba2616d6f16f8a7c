setenv bootargs --off=reset
virtio scan
load virtio 0:1 ${kernel_addr_r} EFI/BOOT/BOOTX64.EFI
bootefi ${kernel_addr_r}
