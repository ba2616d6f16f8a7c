/* SPDX-License-Identifier: MIT */
/* An ELF file that is a kernel for x86. Pure. */
#ifndef BOOT_ELF_KERNEL_X86_64_H
#define BOOT_ELF_KERNEL_X86_64_H

#include "boot/elf_file.h"

/* 0; -ENOEXEC as elf_file_open() has it; -ENOTSUP for a file of another machine. */
int elf_kernel_open(struct elf_file *file, const struct boot_image *image, struct error *error);

#endif /* BOOT_ELF_KERNEL_X86_64_H */
