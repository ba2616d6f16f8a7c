/* SPDX-License-Identifier: MIT */
/* The writes of watched variables, as text. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "execution/watched_variables_own.h"
#include "run/crash_view.h"

/* How much of the stack tells one call chain from another. */
#define STACK_WORDS 2048

/* Bytes of a larger object that a line shows. */
#define BYTES_SHOWN 16

const char *watched_object_name(const struct watched_object *object)
{
	const char *name = object->declared->name;

	return name[0] == '&' ? name + 1 : name;
}

/*
 * A hash of what a call chain is made of: the registers, and what on the stack looks like a return address. Chains of
 * the same hash are the same but by chance.
 */
static uint64_t chain_of(const struct run *run, const struct watched_place *place)
{
	const struct mirror *mirror = run->machine->template->mirror;
	uint64_t words[STACK_WORDS], hash = 14695981039346656037u;
	const uint64_t registers[] = { place->pc, place->sp, place->fp };
	size_t count, i;

	count = memory_read(&run->machine->memory, gva(place->sp), words, sizeof(words)) /
		sizeof(words[0]);
	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		hash = (hash ^ registers[i]) * 1099511628211u;
	for (i = 0; i < count; i++) {
		const struct mirror_part *part = mirror_find(mirror, words[i]);

		if (part && part->map.execute)
			hash = (hash ^ words[i] ^ i << 48) * 1099511628211u;
	}
	return hash;
}

static void print_bytes(struct buffer *text, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buffer_print(text, " %02x", bytes[i]);
}

static uint64_t number_in(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	/* Both architectures are little-endian. */
	memcpy(&value, bytes, size);
	return value;
}

/* "0x1 -> 0x2", or of a larger object the bytes that changed. */
static void describe_values(struct watched_object *object)
{
	size_t size = object->declared->size, first = 0, last = size - 1;
	struct buffer text = { 0 };

	if (size == 1 || size == 2 || size == 4 || size == 8) {
		buffer_print(&text, "%#" PRIx64 " -> %#" PRIx64, number_in(object->before, size),
			     number_in(object->now, size));
	} else if (memcmp(object->before, object->now, size) == 0) {
		buffer_print(&text, "the same bytes again");
	} else {
		while (object->before[first] == object->now[first])
			first++;
		while (object->before[last] == object->now[last])
			last--;
		size = last - first < BYTES_SHOWN ? last - first + 1 : BYTES_SHOWN;
		if (first == last)
			buffer_print(&text, "byte %zu:", first);
		else
			buffer_print(&text, "bytes %zu to %zu:", first, last);
		print_bytes(&text, object->before + first, size);
		buffer_print(&text, " ->");
		print_bytes(&text, object->now + first, size);
		if (size < last - first + 1)
			buffer_print(&text, " ...");
	}
	snprintf(object->last, sizeof(object->last), "%s", text.text ? text.text : "");
	free(buffer_take(&text));
}

static void show_chain(struct watched_variables *watchpoints, const struct run *run,
		       const struct watched_place *place)
{
	uint64_t chain = chain_of(run, place);
	size_t length = 0;
	char *lines = NULL;
	unsigned int i;
	FILE *out;

	watchpoints->chains[watchpoints->shown] = chain;
	for (i = 0; i < watchpoints->shown; i++)
		if (watchpoints->chains[i] == chain) {
			buffer_print(&watchpoints->text, ", from where write %u was\n", i + 1);
			return;
		}
	buffer_print(&watchpoints->text, "\n");
	out = open_memstream(&lines, &length);
	if (!out)
		return;
	crash_view_backtrace(run, place->regs, place->sregs, place->after, out);
	if (fclose(out) == 0)
		buffer_add(&watchpoints->text, lines, length);
	free(lines);
}

void watched_variables_note(struct watched_variables *watchpoints, struct watched_object *object,
			    const struct run *run, const struct watched_place *place)
{
	object->writes++;
	describe_values(object);
	memcpy(object->before, object->now, object->declared->size);
	if (watchpoints->shown == WATCHED_VARIABLES_SHOWN ||
	    watchpoints->text.length > WATCHED_VARIABLES_REPORT_MAX / 2)
		return;
	buffer_print(&watchpoints->text, "write %u: %s %s", watchpoints->shown + 1,
		     watched_object_name(object), object->last);
	show_chain(watchpoints, run, place);
	watchpoints->shown++;
}

void watched_variables_note_hits(struct watched_variables *watchpoints, unsigned int hits,
				 const struct run *run, const struct watched_place *place)
{
	unsigned int noted = 0, slot;

	for (slot = 0; slot < WATCH_SLOTS; slot++) {
		unsigned int number = watchpoints->object_of[slot];

		if (!(hits >> slot & 1) || noted >> number & 1)
			continue;
		noted |= 1u << number;
		watched_variables_note(watchpoints, &watchpoints->objects[number], run, place);
	}
}

void watched_variables_compare(struct watched_variables *watchpoints, const struct run *run,
			       const struct watched_place *place)
{
	size_t i;

	for (i = 0; i < watchpoints->count; i++) {
		struct watched_object *object = &watchpoints->objects[i];

		if (memcmp(object->before, object->now, object->declared->size) != 0)
			watched_variables_note(watchpoints, object, run, place);
	}
}

void watched_variables_note_missed(struct watched_variables *watchpoints)
{
	size_t i;

	for (i = 0; i < watchpoints->count; i++) {
		struct watched_object *object = &watchpoints->objects[i];

		object->missed = memcmp(object->before, object->now, object->declared->size) != 0;
		if (object->missed)
			describe_values(object);
	}
}
