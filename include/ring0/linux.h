/* SPDX-License-Identifier: MIT */
/*
 * Tables that Linux's objects have beside their code, for tests of such objects: they come from the linker, and a
 * setup function of two lines has them obeyed. Called in ring 0, inside a test.
 */
#ifndef RING0_LINUX_H
#define RING0_LINUX_H

#include <ring0/private/types.h>

/*
 * From now on, a #PF, #GP or other fault at an instruction that is listed in __ex_table goes on at its fix-up,
 * with the registers that its type wants (Linux 5.16 and later: insn, fixup, data). What is not listed is unhandled, as
 * before, and so are types that need the rest of the kernel.
 */
#define R0_LINUX_EX_TABLE()                                                  \
	do {                                                                 \
		extern const char __start___ex_table[], __stop___ex_table[]; \
		r0_linux_ex_table(__start___ex_table, __stop___ex_table);    \
	} while (0)
void r0_linux_ex_table(const void *start, const void *stop);

/*
 * From now on, a WARN() is told in the test's output, with the file and line that __bug_table has, and goes on.
 * A BUG() is a #UD that nothing handles, as before. With CONFIG_DEBUG_BUGVERBOSE.
 */
#define R0_LINUX_WARNINGS()                                                    \
	do {                                                                   \
		extern const char __start___bug_table[], __stop___bug_table[]; \
		r0_linux_warnings(__start___bug_table, __stop___bug_table);    \
	} while (0)
void r0_linux_warnings(const void *start, const void *stop);

#endif /* RING0_LINUX_H */
