/* SPDX-License-Identifier: MIT */
/*
 * The init programs of the lab, one for each architecture, as data of the command: the build
 * defines their paths, LAB_INIT_X86_64 and LAB_INIT_AARCH64, and leaves out the one for which it
 * has no compiler.
 */
	.section .rodata
	.balign 16
	.globl lab_init_x86_64, lab_init_x86_64_end, lab_init_aarch64, lab_init_aarch64_end
	.globl lab_rom, lab_rom_end, lab_bochs_patch, lab_bochs_patch_end
lab_init_x86_64:
#ifdef LAB_INIT_X86_64
	.incbin LAB_INIT_X86_64
#endif
lab_init_x86_64_end:
	.balign 16
lab_init_aarch64:
#ifdef LAB_INIT_AARCH64
	.incbin LAB_INIT_AARCH64
#endif
lab_init_aarch64_end:
	.balign 16
lab_rom:
#ifdef LAB_ROM
	.incbin LAB_ROM
#endif
lab_rom_end:
	.balign 16
lab_bochs_patch:
	.incbin LAB_BOCHS_PATCH
lab_bochs_patch_end:
	.section .note.GNU-stack, "", %progbits
