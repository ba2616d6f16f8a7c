/* SPDX-License-Identifier: MIT */
/* Watched variables: which there are, what watches them, and their writes as text. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "execution/watched_variables_own.h"

static int add_object(struct run *run, struct watched_variables *watchpoints,
		      const struct r0_watched *declared, size_t *used)
{
	struct memory *memory = &run->machine->memory;
	uint64_t address = (uint64_t)(uintptr_t)declared->address;
	const struct mirror_part *part = mirror_find(memory->mirror, address);
	struct watched_object *object = &watchpoints->objects[watchpoints->count];
	r0_gpa physical;

	object->declared = declared;
	if (!declared->size || declared->size > sizeof(watchpoints->values) - *used)
		return error_set(&run->complaint, EINVAL,
				 ".watch: %s has %zu bytes, and all that is watched may have %u",
				 watched_object_name(object), declared->size,
				 WATCHED_VARIABLES_SIZE_MAX);
	if (!part || !part->map.write ||
	    !range_holds(part->map.start, part->map.end - part->map.start, address, declared->size))
		return error_set(&run->complaint, EINVAL,
				 ".watch: %s, %zu bytes at %#" PRIx64
				 ", is not memory that a test can write",
				 watched_object_name(object), declared->size, address);
	/* What is sparse has no frames in a row, and perhaps none yet. */
	if (part->kind != MIRROR_COPY || !memory_translate(memory, gva(address), &physical))
		return error_set(&run->complaint, EINVAL,
				 ".watch: %s, at %#" PRIx64
				 ", is in a mapping of more than 64 MiB, which can't be watched",
				 watched_object_name(object), address);
	object->now = memory_own(memory, physical, declared->size, false);
	if (!object->now)
		return error_set(&run->complaint, EINVAL, ".watch: %s is not in the VM's memory",
				 watched_object_name(object));
	object->before = watchpoints->values + *used;
	memcpy(object->before, object->now, declared->size);
	*used += declared->size;
	watchpoints->count++;
	return 0;
}

/* Cut an object into what debug registers can watch. Returns whether there are enough of them. */
static bool take_slots(struct watched_variables *watchpoints, size_t number, unsigned int *used)
{
	const struct r0_watched *declared = watchpoints->objects[number].declared;
	uint64_t at = (uint64_t)(uintptr_t)declared->address, end = at + declared->size;

	while (at < end) {
		struct watch_point point = { .address = at, .length = 8 };

		while (point.length > end - at || watch_check(&point, NULL) != 0)
			point.length /= 2;
		if (*used == WATCH_SLOTS)
			return false;
		watchpoints->set.points[*used] = point;
		watchpoints->object_of[*used] = (unsigned char)number;
		watchpoints->slots |= 1u << *used;
		at += point.length;
		++*used;
	}
	return true;
}

static int choose_method(struct run *run, struct watched_variables *watchpoints)
{
	unsigned int used = 0;
	bool enough = true;
	size_t i;

	for (i = 0; i < watchpoints->count && enough; i++)
		enough = take_slots(watchpoints, i, &used);
	return watched_variables_own_choose(run, watchpoints, enough);
}

int watched_variables_create(struct run *run)
{
	const struct r0_watches *declared = &run->job->options->watch;
	struct watched_variables *watchpoints;
	size_t used = 0, i;
	int err = 0;

	if (declared->count > WATCHED_VARIABLES_OBJECTS)
		return error_set(&run->complaint, EINVAL, ".watch has %zu entries, of %d at most",
				 declared->count, WATCHED_VARIABLES_OBJECTS);
	watchpoints = calloc(1, sizeof(*watchpoints));
	if (!watchpoints)
		return error_set(&run->complaint, ENOMEM, "no memory for what is to be watched");
	for (i = 0; i < declared->count && !err; i++)
		err = add_object(run, watchpoints, &declared->entries[i], &used);
	if (!err)
		err = choose_method(run, watchpoints);
	if (err) {
		free(watchpoints);
		return err;
	}
	watchpoints->debugger =
		(struct debugger){ .ops = &watched_variables_own_ops, .context = watchpoints };
	run->watched = watchpoints;
	run->debugger = &watchpoints->debugger;
	return 0;
}

void watched_variables_destroy(struct watched_variables *watchpoints)
{
	if (!watchpoints)
		return;
	free(buffer_take(&watchpoints->text));
	free(watchpoints);
}

static void report_object(const struct watched_variables *watchpoints,
			  const struct watched_object *object, struct buffer *output)
{
	const char *name = watched_object_name(object);

	if (!object->writes)
		buffer_print(output, "%s: no writes\n", name);
	else if (watchpoints->shown < WATCHED_VARIABLES_SHOWN)
		buffer_print(output, "%s: %" PRIu64 " write%s\n", name, object->writes,
			     object->writes == 1 ? "" : "s");
	else
		buffer_print(output, "%s: %" PRIu64 " writes, the last %s\n", name, object->writes,
			     object->last);
	if (object->missed)
		buffer_print(output,
			     "%s was changed in a way that no watchpoint sees, by another address "
			     "or by KVM itself: %s\n",
			     name, object->last);
}

void watched_variables_report(struct watched_variables *watchpoints, struct buffer *output)
{
	size_t i;

	if (output->length && output->text[output->length - 1] != '\n')
		buffer_print(output, "\n");
	for (i = 0; i < watchpoints->count; i++) {
		const struct watched_object *object = &watchpoints->objects[i];

		buffer_print(output, "watching %s, %zu byte%s at %p", watched_object_name(object),
			     object->declared->size, object->declared->size == 1 ? "" : "s",
			     (const void *)(uintptr_t)object->declared->address);
		if (watchpoints->by_steps)
			buffer_print(output, ", by single steps: %s", watchpoints->why);
		buffer_print(output, "\n");
	}
	if (watchpoints->text.length)
		buffer_add(output, watchpoints->text.text, watchpoints->text.length);
	if (watchpoints->shown == WATCHED_VARIABLES_SHOWN)
		buffer_print(output, "[more writes are only counted]\n");
	for (i = 0; i < watchpoints->count; i++)
		report_object(watchpoints, &watchpoints->objects[i], output);
}
