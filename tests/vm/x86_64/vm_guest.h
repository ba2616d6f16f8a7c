/* SPDX-License-Identifier: MIT */
/* How guests of tests start on x86: in long mode. */
#ifndef TESTS_VM_X86_64_VM_GUEST_H
#define TESTS_VM_X86_64_VM_GUEST_H

#include <ring0/vm.h>

/* Where guests have their tables, code, stack and data. */
#define TABLES 0x1000
#define CODE   0x10000
#define STACK  0x18000
#define DATA   0x20000

/* As text, for the assembler. */
#define DATA_TEXT "0x20000"

/* A position-independent guest, as an assembler's text: guest_NAME to guest_NAME_end. */
#define GUEST(name, text)                                                                \
	extern const char guest_##name[], guest_##name##_end[];                          \
	__asm__(".pushsection .rodata\nguest_" #name ":\n" text "guest_" #name "_end:\n" \
		".code64\n.popsection\n")

static inline struct r0_vm_entry guest_entry(unsigned int cpu, uint64_t ip)
{
	return (struct r0_vm_entry){
		.mode = R0_VM_MODE_LONG,
		.ip = ip,
		.sp = STACK - cpu * 0x1000,
		.tables = TABLES,
		.argument = cpu,
	};
}

#endif /* TESTS_VM_X86_64_VM_GUEST_H */
