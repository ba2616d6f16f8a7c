/* SPDX-License-Identifier: MIT */
/* What became of a mock's call, in words. */
#include "mock/mock_call.h"
#include <stdlib.h>
#include "mock/place.h"

/* "at m.c:3", or "in f" without debugging information. */
static void describe_place(const struct guard_place *place, char *where, size_t size, char *file,
			   int *line, FILE *out)
{
	char name[128], *chain = NULL;
	size_t length;
	FILE *text = open_memstream(&chain, &length);

	if (!text)
		return;
	place_describe(place, file, MOCK_CALL_FILE_SIZE, line, name, sizeof(name), text);
	fclose(text);
	if (file[0])
		snprintf(where, size, " at %s:%d", file, *line);
	else
		snprintf(where, size, " in %s", name);
	if (out && chain)
		fprintf(out, "the mock's backtrace:\n%s", chain);
	free(chain);
}

void mock_call_describe(const struct mock_call *call, char *message, size_t size, char *file,
			int *line, FILE *out)
{
	const struct guard *guard = &call->guard;
	const struct guard_place *place = guard->place;
	char range[80], name[128], where[MOCK_CALL_FILE_SIZE + 32] = "", address[32] = "";

	file[0] = '\0';
	*line = 0;
	mock_range_text(call->mock, range, sizeof(range));
	snprintf(name, sizeof(name), "%sits mock of %s",
		 call->access ? "" : "the .at_end function of ", range);
	if (place)
		describe_place(place, where, sizeof(where), file, line, out);
	if (place && place->address)
		snprintf(address, sizeof(address), ", address %#llx",
			 (unsigned long long)place->address);
	switch (guard->end) {
	case GUARD_CRASHED:
		snprintf(message, size, "%s crashed: %s%s%s", name,
			 place_signal_name(place->signal), where, address);
		break;
	case GUARD_EXITED:
		snprintf(message, size, "%s called exit(%d)%s", name, guard->result, where);
		break;
	case GUARD_JUMPED:
		snprintf(message, size, "%s was left by longjmp()%s", name, where);
		break;
	default:
		snprintf(message, size, "%s did not return in time: it was%s", name,
			 where[0] ? where : " somewhere");
		break;
	}
	if (out) {
		fprintf(out, "the last accesses to its mock of %s:\n", range);
		mock_print_accesses(call->mock, out);
	}
}
