/* SPDX-License-Identifier: MIT */
/* What crash/elf_core.c leaves to the architecture. */
#ifndef CRASH_ELF_CORE_OWN_H
#define CRASH_ELF_CORE_OWN_H

#include "crash/crash.h"

/* As many registers as a core has of any architecture, at most. */
#define ELF_CORE_REGISTERS 34

/* Fill in pr_reg of a core's NT_PRSTATUS note: struct user_regs_struct. */
void elf_core_own_registers(const struct crash_view *view, uint64_t *registers);

/* ELF's number of the architecture. */
extern const uint16_t elf_core_own_machine;

#endif /* CRASH_ELF_CORE_OWN_H */
