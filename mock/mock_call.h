/* SPDX-License-Identifier: MIT */
/* One call of a mock, and what became of it. */
#ifndef MOCK_MOCK_CALL_H
#define MOCK_MOCK_CALL_H

#include <stdbool.h>
#include <stdio.h>
#include "mock/guard.h"
#include "mock/mock.h"

/* Room for the name of the file that a mock was in. */
#define MOCK_CALL_FILE_SIZE 512

/* One call. */
struct mock_call {
	struct guard guard; /* first: guard_current() is this */
	struct mock *mock;
	struct r0_access *access; /* NULL at the end of the test */
	bool failed;		  /* the mock has said so */
};

/*
 * In words, what became of a call that did not return: "its mock of ports 0x100 to 0x107 crashed:
 * SIGSEGV at m.c:3". The place is in `file`, of MOCK_CALL_FILE_SIZE bytes, and `line`: empty if it is not known. The call
 * chain and the last accesses go to out. Slow.
 */
void mock_call_describe(const struct mock_call *call, char *message, size_t size, char *file,
			int *line, FILE *out);

#endif /* MOCK_MOCK_CALL_H */
