/* SPDX-License-Identifier: MIT */
/* The start-up code of images, as bytes. */
	.section .rodata.image_blob, "a", @progbits
	.balign 16
	.globl image_blob, image_blob_end
	.hidden image_blob, image_blob_end
image_blob:
	.incbin	IMAGE_START_FILE
image_blob_end:

	.balign 16
	.globl image_efi_code, image_efi_code_end
	.hidden image_efi_code, image_efi_code_end
image_efi_code:
	.incbin	IMAGE_EFI_FILE
image_efi_code_end:

	.section .note.GNU-stack, "", @progbits
