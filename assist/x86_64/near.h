/* SPDX-License-Identifier: MIT */
/*
 * Near transfers of control, pushes and pops, which KVM knows itself: followed where they are between instructions
 * that it does not. Depends on assist/x86_64/cpu.h and assist/x86_64/instruction_form.h.
 */
#ifndef ASSIST_X86_64_NEAR_H
#define ASSIST_X86_64_NEAR_H

#include "assist/x86_64/cpu.h"
#include "assist/x86_64/instruction_form.h"

/* Execute it, the change of RIP included. After DONE_CANNOT nothing has changed: it is KVM's to do. */
enum done near_execute(struct cpu *cpu, const struct form *form);

#endif /* ASSIST_X86_64_NEAR_H */
