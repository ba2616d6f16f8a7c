/* SPDX-License-Identifier: MIT */
/* Depends on image.h, crash/ and libc. */
#include <stdlib.h>
#include <string.h>
#include "command/image/image.h"
#include "crash/crash.h"

#define PAGE 4096ull

/* What a view's functions read by. */
struct source {
	const struct image_modules *modules;
	const struct image_stop *stop;
	struct crash_region stack;
};

static size_t read_stack(const struct source *source, uint64_t address, uint8_t *to, size_t size)
{
	const struct image_stop *stop = source->stop;
	size_t i;

	if (size > source->stack.end - address)
		size = source->stack.end - address;
	for (i = 0; i < size; i++, address++)
		to[i] = address >= stop->stack_at && address - stop->stack_at < stop->stack_size ?
				stop->stack[address - stop->stack_at] :
				0;
	return size;
}

static size_t read_virtual(void *context, uint64_t address, void *to, size_t size)
{
	const struct source *source = context;
	size_t done = 0, got;

	while (done < size) {
		uint64_t at = address + done;

		if (at >= source->stack.start && at < source->stack.end)
			got = read_stack(source, at, (uint8_t *)to + done, size - done);
		else
			got = image_modules_read(source->modules, at, (uint8_t *)to + done,
						 size - done);
		if (!got)
			break;
		done += got;
	}
	return done;
}

static size_t read_physical(void *context, uint64_t address, void *to, size_t size)
{
	const struct image_stop *stop = ((const struct source *)context)->stop;
	size_t i;

	for (i = 0; i < stop->entry_count; i++)
		if (stop->entries[i].address == address && size <= sizeof(uint64_t)) {
			memcpy(to, &stop->entries[i].value, size);
			return size;
		}
	return 0;
}

/* The modules' regions and the stack between them; *count of them, for free(). */
static struct crash_region *list_regions(const struct source *source, size_t *count)
{
	const struct image_modules *modules = source->modules;
	struct crash_region *regions = calloc(modules->region_count + 1, sizeof(*regions));
	size_t i, n = 0;

	for (i = 0; regions && i < modules->region_count; i++) {
		const struct crash_region *region = &modules->regions[i];

		if (n == i && source->stack.start < region->start)
			regions[n++] = source->stack;
		regions[n++] = *region;
	}
	if (regions && n == i)
		regions[n++] = source->stack;
	*count = n;
	return regions;
}

/* A stack that is in a module's data is none of its own: then it is not known. */
static bool find_stack(struct source *source)
{
	const struct image_stop *stop = source->stop;
	size_t i;

	source->stack = (struct crash_region){
		.start = stop->stack_at & ~(PAGE - 1),
		.end = (stop->stack_at + stop->stack_size + PAGE - 1) & ~(PAGE - 1),
		.prot = 3, /* PROT_READ | PROT_WRITE */
		.own = true,
	};
	for (i = 0; i < source->modules->region_count; i++)
		if (source->stack.start < source->modules->regions[i].end &&
		    source->stack.end > source->modules->regions[i].start)
			return false;
	return stop->stack_size;
}

static void classify(const struct image_log_case *c, struct crash *crash)
{
	const struct image_stop *stop = c->stop;

	*crash = (struct crash){
		.kind = CRASH_PLACE,
		.vector = stop->vector,
		.error_code = stop->error_code,
		.output = c->output.length ? c->output.text : NULL,
	};
	if (!strcmp(stop->how, "exception"))
		crash->kind = CRASH_EXCEPTION;
	else if (!strcmp(stop->how, "timeout"))
		crash->kind = CRASH_TIMEOUT;
	else if (!strcmp(stop->how, "system call") && stop->text) {
		crash->kind = CRASH_SYSTEM_CALL;
		crash->refusal = stop->text;
	}
}

/* What the image said of it gives way to what is known now, or has the place added. */
static void put_message(struct image_log_case *c, const char *found)
{
	const char *said = c->stop->text;
	char *message = c->message.length ? c->message.text : NULL;
	char *at = message && said && said[0] ? strstr(message, said) : NULL;
	struct buffer better = { 0 };

	if (at)
		buffer_print(&better, "%.*s%s%s", (int)(at - message), message, found,
			     at + strlen(said));
	else if (message)
		buffer_print(&better, "%s, %s", message, found);
	else
		buffer_print(&better, "%s", found);
	free(c->message.text);
	c->message = better;
}

static void explain(struct image_log_case *c, const struct image_modules *modules)
{
	struct source source = { .modules = modules, .stop = c->stop };
	struct crash_view view = {
		.regs = c->stop->regs,
		.sregs = c->stop->sregs,
		.fault_address = c->stop->fault_address,
		.fs_base = c->stop->fs_base,
		.entry = modules->modules[0].entry,
		.read = read_virtual,
		.read_physical = read_physical,
		.context = &source,
	};
	struct crash_region *regions;
	char message[1600], *report = NULL;
	struct crash crash;
	size_t size;
	FILE *out;

	if (!find_stack(&source))
		source.stack.end = source.stack.start;
	regions = list_regions(&source, &view.region_count);
	out = open_memstream(&report, &size);
	if (regions && out) {
		view.regions = regions;
		classify(c, &crash);
		crash_describe(&view, &crash, message, sizeof(message), out);
	}
	if (out)
		fclose(out);
	if (regions && report) {
		put_message(c, message);
		c->report.length = 0;
		buffer_print(&c->report, "%s", report);
	}
	free(report);
	free(regions);
}

void image_explain(struct image_log *log, const char *program, char *const *command)
{
	size_t i;

	for (i = 0; i < log->count && !log->cases[i].stop; i++)
		;
	if (i == log->count || !image_modules_find(&log->modules, program, command))
		return;
	/* Which this is. */
	setenv("RING0_COMMAND", "/proc/self/exe", false);
	for (; i < log->count; i++)
		if (log->cases[i].stop)
			explain(&log->cases[i], &log->modules);
}
