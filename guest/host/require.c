/* SPDX-License-Identifier: MIT */
/* Whether a function of the runtime is called where it works. */
#include <ring0.h>
#include "guest/host/host_call.h"
#include "guest/host/outside.h"
#include "guest/host/require.h"
#include "guest/text/format.h"

static bool is_in_mock(void)
{
	return program && program->in_mock();
}

static __attribute__((noreturn, cold)) void refuse(const char *function)
{
	struct r0_failure failure = { .kind = R0_FAILURE_PANIC };
	char text[128];

	if (is_in_mock()) {
		failure.length = format_to(text, sizeof(text),
					   "%s() was called in a mock, on the host; it works in "
					   "ring 0 only",
					   function);
		failure.text = text;
		program->failure(&failure);
	}
	host_print("ring0: ");
	host_print(function);
	host_print("() was called outside a test; it works in ring 0 only\n");
	host_abort();
}

void require_guest(const char *function)
{
	if (__builtin_expect(outside == NULL, 0))
		refuse(function);
}

void require_guest_or_mock(const char *function)
{
	if (__builtin_expect(outside == NULL, 0) && !is_in_mock())
		refuse(function);
}
