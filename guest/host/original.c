/* SPDX-License-Identifier: MIT */
/* R0_ORIGINAL(), and what becomes of a function that does not return when its replacement does. */
#include <ring0.h>
#include "guest/entry/entry.h"
#include "guest/host/require.h"
#include "guest/text/bytes.h"
#include "guest/text/message.h"

struct r0_replaced r0_replaced[R0_REPLACED_LIMIT];

void (*r0_original(void (*function)(void), const char *name))(void)
{
	const volatile struct r0_replaced *table = r0_replaced;
	unsigned int i;

	require_guest("R0_ORIGINAL");
	for (i = 0; i < R0_REPLACED_LIMIT && table[i].function; i++) {
		if (table[i].function != (uint64_t)function)
			continue;
		if (!table[i].original)
			r0_panic("R0_ORIGINAL(%s) can't be had: %s", name, table[i].why);
		return (void (*)(void))table[i].original;
	}
	r0_panic("R0_ORIGINAL(%s): nothing replaces %s() in this test", name, name);
}

void r0_returned(const char *name)
{
	struct message message;

	message_init(&message);
	message_add(&message, "%s() does not return, but the function in its place did", name);
	message_end(&message);
	r0_ask(R0_MESSAGE_REFUSE, (uint64_t)message.text, message.length);
	__builtin_unreachable();
}
