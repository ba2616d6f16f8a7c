/* SPDX-License-Identifier: MIT */
/* x86's registers as gdb has them: which there are, and where KVM has each. Knows no VM. */
#ifndef GDB_REGISTERS_X86_64_H
#define GDB_REGISTERS_X86_64_H

#include <stdbool.h>
#include "gdb/target.h"
#include "kvm/state/all_registers_x86_64.h"

/*
 * The registers of a 64-bit or a 32-bit CPU: gdb can't change from one to the other within a session. `of_process`, with
 * 64 bits, for symbols that are a Linux program's. Released
 * by gdb_registers_finish(). Returns 0 or -ENOMEM.
 */
int gdb_registers_init(struct gdb_registers *registers, bool is_64_bit, bool of_process);
void gdb_registers_finish(struct gdb_registers *registers);

/* To the form that packets have, and back: what that form does not have of `state` stays as it is. */
void gdb_registers_pack(const struct gdb_registers *registers, const struct all_registers *state,
			uint8_t *packed);
void gdb_registers_unpack(const struct gdb_registers *registers, const uint8_t *packed,
			  struct all_registers *state);

#endif /* GDB_REGISTERS_X86_64_H */
