/* SPDX-License-Identifier: MIT */
/*
 * The registers of a core file of either architecture, in the order of its note (NT_PRSTATUS), and where they are
 * in DWARF's.
 */
#ifndef COMMAND_BACKTRACE_REGISTERS_H
#define COMMAND_BACKTRACE_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGISTERS_MAX 34

/* What <sys/user.h> calls struct user_regs_struct, which differs by the host. */
union registers {
	uint64_t words[REGISTERS_MAX];
	struct { /* of x86 */
		uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi,
			orig_rax, rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
	};
	struct { /* of arm64 */
		uint64_t x[31], sp, pc, pstate;
	};
};

/* What differs in the registers of architectures. */
struct register_layout {
	uint16_t machine; /* EM_… */
	size_t count;	  /* of words */
	unsigned int pc, sp;
	/* Of each of DWARF's columns, which word it is. */
	const uint8_t *columns;
	unsigned int column_count, sp_column;
	bool pc_has_column;
	bool calls_push;   /* a call pushes the return address; else it puts it into a register */
	unsigned int link; /* that one */
	/* Bits of a code address that are none of it, but pointer authentication's: D8.10 of DDI 0487. */
	bool signs_pointers;
};

/* NULL for an architecture that there is nothing for. */
const struct register_layout *registers_layout(uint16_t machine);

#endif /* COMMAND_BACKTRACE_REGISTERS_H */
