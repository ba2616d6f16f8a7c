/* SPDX-License-Identifier: MIT */
/* Firmware of 64 KiB: real mode, from the reset vector on. Prints where it is and ends. */
	.section .image, "ax"
	.code16
begin:
	.org 0xff00
start:
	mov %cs, %ax
	mov %ax, %ds
	mov $0x3f8, %dx
	/* The far jump has made the segment that of the copy below 1 MiB. */
	mov $text - begin, %si
1:	lodsb
	test %al, %al
	jz 2f
	out %al, %dx
	jmp 1b
2:	mov $21, %al
	out %al, $0xf4
	hlt
text:	.asciz "protocol: firmware\n"
	.org 0xfff0
	ljmp $0xf000, $start - begin
	.org 0x10000
	.section .note.GNU-stack, "", @progbits
