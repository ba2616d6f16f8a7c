/* SPDX-License-Identifier: MIT */
/* A place on the host as a view of a stopped guest: its registers, its stack as it was, its files. */
#include "mock/place.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "mirror/region.h"
#include "mock/guard_own.h"

/* Memory as it is, but for the stack, as it was. */
static size_t read_host(void *context, uint64_t address, void *to, size_t size)
{
	const struct guard_place *place = context;
	const uint64_t stack_end = place->sp + place->stack_size;
	struct iovec target = { .iov_base = to, .iov_len = size };
	struct iovec source = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };
	ssize_t got = place->maps ? 0 : process_vm_readv(getpid(), &target, 1, &source, 1, 0);
	uint64_t first = address > place->sp ? address : place->sp;
	uint64_t last = address + size < stack_end ? address + size : stack_end;

	if (first < last)
		memcpy((uint8_t *)to + (first - address), place->stack + (first - place->sp),
		       last - first);
	/* Of a process that is no more, the rest of the stack's pages reads as zeros. */
	if (first < last && place->maps)
		return size;
	return got > 0 ? (size_t)got : 0;
}

static size_t read_nothing(void *context, uint64_t address, void *to, size_t size)
{
	(void)context;
	(void)address;
	(void)to;
	(void)size;
	return 0;
}

static struct crash_region *list_regions(const struct maps *maps)
{
	struct crash_region *regions = calloc(maps->count + 1, sizeof(*regions));
	size_t i;

	for (i = 0; regions && i < maps->count; i++)
		regions[i] = region_of(&maps->entries[i], maps->entries[i].write);
	return regions;
}

/* The call chain, as text for free(), or NULL. */
static char *backtrace_of(const struct guard_place *place)
{
	struct crash_view view = {
		.read = read_host,
		.read_physical = read_nothing,
		.context = (void *)(uintptr_t)place,
	};
	struct maps maps = { 0 };
	struct crash_region *regions = NULL;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	guard_own_view(place, &view.regs);
	/* This process's mappings, or those of the one that the place was in. */
	if (maps_list(&maps, place->maps, NULL) == 0)
		regions = list_regions(&maps);
	view.regions = regions;
	view.region_count = regions ? maps.count : 0;
	crash_backtrace(&view, false, out);
	fclose(out);
	free(regions);
	maps_finish(&maps);
	return text;
}

/* A line of the chain, "  #1  0x0000557220443196 f+0x46, inlined at m.c:28 (libm.so.6)", in parts. */
struct frame {
	const char *name, *file, *module; /* the last two may be NULL */
	int name_length, file_length, line;
};

static bool parse_frame(const char *text, size_t length, struct frame *frame)
{
	const char *end = text + length, *c;
	const char *start = memmem(text, length, "0x", 2);

	*frame = (struct frame){ 0 };
	start = start ? memchr(start, ' ', (size_t)(end - start)) : NULL;
	if (!start)
		return false;
	frame->name = ++start;
	while (start + frame->name_length < end && !strchr(" +,", start[frame->name_length]))
		frame->name_length++;
	for (c = start; c + 4 <= end; c++) {
		if (memcmp(c, " at ", 4) == 0)
			frame->file = c + 4;
		if (memcmp(c, " (", 2) == 0)
			frame->module = c + 2;
	}
	if (frame->module)
		end = frame->module - 2;
	c = frame->file ? memrchr(frame->file, ':', (size_t)(end - frame->file)) : NULL;
	if (!c) {
		frame->file = NULL;
		return true;
	}
	frame->file_length = (int)(c - frame->file);
	frame->line = atoi(c + 1);
	return true;
}

static bool is_named(const struct frame *frame, const char *name)
{
	return (size_t)frame->name_length == strlen(name) &&
	       memcmp(frame->name, name, strlen(name)) == 0;
}

/* Of the way out by exit(), _exit() or longjmp(). */
static bool is_ours(const struct frame *frame)
{
	static const char *const names[] = {
		"guard_note_place",
		"on_exit_called",
		"on_quick_exit_called",
		"_exit",
		"_Exit",
		"jump",
		"longjmp",
		"_longjmp",
		"__longjmp_chk",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_named(frame, names[i]))
			return true;
	return false;
}

static bool is_libc(const struct frame *frame)
{
	return frame->module &&
	       (strncmp(frame->module, "libc.", 5) == 0 || strncmp(frame->module, "ld-", 3) == 0 ||
		strncmp(frame->module, "linux-vdso", 10) == 0);
}

/* The caller's part of the chain is from guard_call() on. */
void place_describe(const struct guard_place *place, char *file, size_t file_size, int *line,
		    char *name, size_t name_size, FILE *out)
{
	char *chain = backtrace_of(place);
	const char *text, *end;
	struct frame frame;

	file[0] = name[0] = '\0';
	*line = 0;
	for (text = chain; text && *text; text = *end ? end + 1 : end) {
		bool parsed;

		end = strchrnul(text, '\n');
		parsed = parse_frame(text, (size_t)(end - text), &frame);
		if (parsed && is_named(&frame, "guard_call"))
			break;
		if (parsed && is_ours(&frame))
			continue;
		if (parsed && !file[0] && !is_libc(&frame)) {
			snprintf(name, name_size, "%.*s", frame.name_length, frame.name);
			if (frame.file)
				snprintf(file, file_size, "%.*s", frame.file_length, frame.file);
			*line = frame.line;
		}
		fprintf(out, "%.*s\n", (int)(end - text), text);
	}
	if (!name[0])
		snprintf(name, name_size, "%#llx", (unsigned long long)place->pc);
	free(chain);
}

const char *place_signal_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{ SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" },	{ SIGFPE, "SIGFPE" },
		{ SIGILL, "SIGILL" },	{ SIGTRAP, "SIGTRAP" }, { SIGSYS, "SIGSYS" },
		{ SIGABRT, "SIGABRT" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	return "a signal";
}
