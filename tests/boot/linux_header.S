/* SPDX-License-Identifier: MIT */
/*
 * A bzImage of the tests' kernel: the setup header of Documentation/arch/x86/boot.rst, one sector of
 * setup, and the kernel behind it. VERSION and FLAGS say whether it has the 64-bit entry.
 */
	.section .image, "a"
	.org 0x1f1
	.byte 1			/* setup_sects */
	.short 0
	.long (kernel_end - kernel + 15) / 16
	.short 0, 0, 0
	.short 0xaa55
	.byte 0xeb, header_end - . - 1
	.ascii "HdrS"
	.short VERSION
	.long 0
	.short 0, 0
	.byte 0, 1		/* loadflags: LOADED_HIGH */
	.short 0
	.long 0x100000
	.long 0, 0
	.long 0
	.short 0
	.byte 0, 0
	.long 0
	.long 0x7fffffff	/* initrd_addr_max */
	.long 0x1000		/* kernel_alignment */
	.byte 0, 12
	.short FLAGS
	.long 255		/* cmdline_size */
	.long 0
	.quad 0
	.long 0, 0
	.quad 0
	.quad 0x100000		/* pref_address */
	.long 0x20000		/* init_size */
	.long 0
header_end:
	.org 0x400
kernel:
	.incbin BINARY
kernel_end:
	.section .note.GNU-stack, "", @progbits
