/* SPDX-License-Identifier: MIT */
/* Eventfds that KVM signals (Documentation/virt/kvm/api.rst, 4.59). */
#include "monitor/wiring/eventfd.h"
#include "devices/virtio/virtio_mmio.h"

struct eventfd_io eventfd_virtio_notify(uint64_t base, uint32_t queue, int fd)
{
	return (struct eventfd_io){
		.space = BUS_MEMORY,
		.address = base + VIRTIO_MMIO_QUEUE_NOTIFY,
		.size = 4,
		.match = true,
		.value = queue,
		.fd = fd,
	};
}

int eventfd_add_io(struct vm *vm, const struct eventfd_io *io, struct error *error)
{
	struct kvm_ioeventfd request = {
		.datamatch = io->value,
		.addr = io->address,
		.len = io->size,
		.fd = io->fd,
		.flags = (io->match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0u) |
			 (io->space == BUS_PORT ? KVM_IOEVENTFD_FLAG_PIO : 0u),
	};

	return KVM_IOCTL(vm->fd, KVM_IOEVENTFD, &request, error);
}
