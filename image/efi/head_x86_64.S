/* SPDX-License-Identifier: MIT */
/* The first bytes of the application's code: where its first function is, for image/pe_x86_64.c. */
	.section .head, "ax", @progbits
	.long	efi_main - 0
	.section .note.GNU-stack, "", @progbits
