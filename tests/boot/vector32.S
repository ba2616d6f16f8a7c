/* SPDX-License-Identifier: MIT */
/* The same instruction in 32-bit code, where nobody completes it. */
	.code32
	.globl _start
_start:
	mov %cr4, %eax
	or $0x200, %eax
	mov %eax, %cr4
	mov $0xff000000, %edi
	paddd (%edi), %xmm1
	mov $1, %al
	out %al, $0xf4
	hlt
	.section .note.GNU-stack, "", @progbits
