/* SPDX-License-Identifier: MIT */
/* Functions that are not there, in whose place `ring0 stubs` has stubs. */
#include <ring0.h>
#include <ring0/private/stubs.h>
#include "guest/entry/entry.h"
#include "guest/host/require.h"
#include "guest/text/message.h"

void r0_missing_function(const char *name)
{
	struct message message;

	require_guest(name);
	message_init(&message);
	message_add(&message, "%s() is not there, and was called", name);
	message_end(&message);
	r0_ask(R0_MESSAGE_REFUSE, (uint64_t)message.text, message.length);
}
