/* SPDX-License-Identifier: MIT */
/* What the guest runtime's functions are in a call chain, by their names. Depends on symbols.h. */
#ifndef COMMAND_BACKTRACE_ROLE_H
#define COMMAND_BACKTRACE_ROLE_H

#include "command/backtrace/symbols.h"

/*
 * What the runtime's functions are in a chain. Those that tests can meet in the middle of one have
 * no place here, nor has any that is always inlined.
 */
enum role {
	ROLE_NONE,
	ROLE_OUTERMOST, /* starts a test or what belongs to it: nobody asks who called that */
	ROLE_DOORBELL,	/* the guest stops here at its own wish */
	ROLE_SERVICE,	/* on the way from a test to the doorbell */
	ROLE_WAIT,    /* a service that may be stopped without it, while it waits for another CPU */
	ROLE_SYSCALL, /* a service too; its caller is on another stack */
	ROLE_EXCEPTION, /* a service too, for code that did not call it */
	ROLE_RING3,	/* never shown; its caller is on another stack */
};

/*
 * Of the function at an address: where the symbol table has a name and the debugging information, if any, says
 * guest/.
 */
enum role role_of(struct symbols *symbols, uint64_t address);

#endif /* COMMAND_BACKTRACE_ROLE_H */
