/* SPDX-License-Identifier: MIT */
/* By its name a rarely executed part of plain(), but where a file has nothing to look at. */
	.bss
	.type plain.cold, @function
plain.cold:
	.zero 16
	.size plain.cold, 16

	.section .note.GNU-stack, "", @progbits
