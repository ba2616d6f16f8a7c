/* SPDX-License-Identifier: MIT */
/* GS base before a test starts: SDM vol. 3A, 3.4.4, IA32_GS_BASE. */
#include "image/start/tests/gs_areas_x86_64.h"
#include "guest/text/format.h"
#include "image/start/cpu/cpu_x86_64.h"
#include "image/start/cpu/space_x86_64.h"

static char text[256];

/* The variables as they begin, into one CPU's area. */
static bool copy_variables(const struct r0_gs *gs, uint64_t area)
{
	uint8_t piece[256];
	size_t done, step;

	for (done = 0; done < gs->variables_size; done += step) {
		uint64_t from = (uint64_t)gs->variables + done;
		uint64_t to = area + gs->variables_at + done;

		step = gs->variables_size - done < sizeof(piece) ? gs->variables_size - done :
								   sizeof(piece);
		if (space_read(from, piece, step) == step && space_write(to, piece, step) == step)
			continue;
		format_to(text, sizeof(text),
			  "its .gs has variables for CPUs that can't be copied from %#llx to %#llx",
			  (unsigned long long)from, (unsigned long long)to);
		return false;
	}
	return true;
}

const char *start_gs_areas(const struct r0_options *options)
{
	const struct r0_gs *gs = &options->gs;
	unsigned int cpus = options->cpus ? options->cpus : 1, i;

	cpu_gs = (struct cpu_gs){ (uint64_t)gs->area, gs->size };
	if (!gs->area)
		return NULL;
	if (!gs->size && cpus > 1)
		return "it has .cpus and .gs, whose size is 0: each CPU has an area of its own";
	if (gs->room && gs->size && cpus > gs->room / gs->size) {
		format_to(
			text, sizeof(text),
			"its .gs has %zu bytes, which is room for %zu of its %u CPUs with %zu bytes "
			"each",
			gs->room, gs->room / gs->size, cpus, gs->size);
		return text;
	}
	if (gs->variables_size && gs->size &&
	    (gs->variables_at > gs->size || gs->variables_size > gs->size - gs->variables_at)) {
		format_to(
			text, sizeof(text),
			"its .gs has %zu bytes for each CPU, and variables of %zu bytes from %zu on",
			gs->size, gs->variables_size, gs->variables_at);
		return text;
	}
	for (i = 0; i < cpus; i++)
		if (!copy_variables(gs, (uint64_t)gs->area + i * gs->size))
			return text;
	return NULL;
}
