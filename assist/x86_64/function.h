/* SPDX-License-Identifier: MIT */
/*
 * Where the process's functions begin and end, by the tables for unwinding that compilers leave in
 * each object, stripped or not. Depends on libc.
 */
#ifndef ASSIST_X86_64_FUNCTION_H
#define ASSIST_X86_64_FUNCTION_H

#include <stdint.h>

struct function {
	uint64_t start, end; /* end exclusive */
};

/* The function that an address is in. Both are 0 if no table has it. */
void function_find(uint64_t address, struct function *function);

#endif /* ASSIST_X86_64_FUNCTION_H */
