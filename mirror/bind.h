/* SPDX-License-Identifier: MIT */
/*
 * Lazily bound functions, bound: the dynamic linker's resolver saves all vector state, and is
 * nothing that a test in ring 0 should run through on its first call of a library's function.
 */
#ifndef MIRROR_BIND_H
#define MIRROR_BIND_H

#include <stdint.h>

/*
 * Bind what the program and its libraries would bind on first use, as that first use would. A
 * symbol that can't be found is left alone. Does nothing in a static program.
 */
void bind_lazy_symbols(void);

/*
 * Where a function is whose address a program has taken: in one that is not position-independent that is an
 * entry of its PLT, for a function of a library, and another address otherwise. After bind_lazy_symbols().
 */
uint64_t bind_function(uint64_t address);

#endif /* MIRROR_BIND_H */
