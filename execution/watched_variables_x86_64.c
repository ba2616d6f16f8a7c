/* SPDX-License-Identifier: MIT */
/* Watched variables: what is armed for them, and their writes as text. */
#include "execution/watched_variables.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/x86/registers.h>
#include "execution/watch_probe.h"
#include "kvm/watch/watch.h"
#include "run/crash_view.h"

#define OBJECTS_MAX 16

/* How much of the stack tells one call chain from another. */
#define STACK_WORDS 2048

/* Bytes of a larger object that a line shows. */
#define BYTES_SHOWN 16

/* SDM vol. 3B, 17.2.3. */

struct object {
	const struct r0_watched *declared;
	const uint8_t *now; /* the VM's copy of it */
	uint8_t *before;    /* as it was last seen; from `values` */
	uint64_t writes;
	char last[160]; /* the last one's values */
	bool missed;	/* it changed, and nothing told */
};

struct watched_variables {
	struct debugger debugger;
	struct object objects[OBJECTS_MAX];
	size_t count;
	uint8_t values[WATCHED_VARIABLES_SIZE_MAX];
	bool by_steps;
	const char *why; /* by steps */
	/* Otherwise: */
	struct watch_set set;
	unsigned int slots;
	unsigned char object_of[WATCH_SLOTS];

	struct buffer text; /* the writes that are shown */
	unsigned int shown;
	uint64_t chains[WATCHED_VARIABLES_SHOWN]; /* a hash for each of them */
};

/* "&counter" is the variable counter; another expression is a pointer. */
static const char *name_of(const struct object *object)
{
	const char *name = object->declared->name;

	return name[0] == '&' ? name + 1 : name;
}

static int add_object(struct run *run, struct watched_variables *watchpoints,
		      const struct r0_watched *declared, size_t *used)
{
	struct memory *memory = &run->machine->memory;
	uint64_t address = (uint64_t)(uintptr_t)declared->address;
	const struct mirror_part *part = mirror_find(memory->mirror, address);
	struct object *object = &watchpoints->objects[watchpoints->count];
	r0_gpa physical;

	object->declared = declared;
	if (!declared->size || declared->size > sizeof(watchpoints->values) - *used)
		return error_set(&run->complaint, EINVAL,
				 ".watch: %s has %zu bytes, and all that is watched may have %u",
				 name_of(object), declared->size, WATCHED_VARIABLES_SIZE_MAX);
	if (!part || !part->map.write ||
	    !range_holds(part->map.start, part->map.end - part->map.start, address, declared->size))
		return error_set(&run->complaint, EINVAL,
				 ".watch: %s, %zu bytes at %#" PRIx64
				 ", is not memory that a test can write",
				 name_of(object), declared->size, address);
	/* What is sparse has no frames in a row, and perhaps none yet. */
	if (part->kind != MIRROR_COPY || !memory_translate(memory, gva(address), &physical))
		return error_set(&run->complaint, EINVAL,
				 ".watch: %s, at %#" PRIx64
				 ", is in a mapping of more than 64 MiB, which can't be watched",
				 name_of(object), address);
	object->now = memory_own(memory, physical, declared->size, false);
	if (!object->now)
		return error_set(&run->complaint, EINVAL, ".watch: %s is not in the VM's memory",
				 name_of(object));
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
	size_t i;
	int answer;

	for (i = 0; i < watchpoints->count; i++)
		if (!take_slots(watchpoints, i, &used)) {
			watchpoints->why = "more than the CPU's four watchpoints";
			watchpoints->by_steps = true;
			return 0;
		}
	answer = watch_probe_machine(run->machine, &run->complaint);
	if (answer < 0) {
		run->unusable = true;
		return answer;
	}
	watchpoints->by_steps = answer != WATCH_FIRES;
	watchpoints->why = answer == WATCH_NEVER_FIRES ?
				   "this KVM takes watchpoints that never fire" :
			   answer == WATCH_REFUSED ? "this KVM takes no watchpoints" :
						     "whether this KVM's watchpoints fire could "
						     "not be seen";
	return 0;
}

/*
 * A hash of what a call chain is made of: RIP, the stack and frame pointers, and what on the stack
 * looks like a return address. Chains of the same hash are the same but by chance.
 */
static uint64_t chain_of(const struct run *run, const struct kvm_regs *regs)
{
	const struct mirror *mirror = run->machine->template->mirror;
	uint64_t words[STACK_WORDS], hash = 14695981039346656037u;
	const uint64_t registers[] = { regs->rip, regs->rsp, regs->rbp };
	size_t count, i;

	count = memory_read(&run->machine->memory, gva(regs->rsp), words, sizeof(words)) /
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

	/* x86 is little-endian. */
	memcpy(&value, bytes, size);
	return value;
}

/* "0x1 -> 0x2", or of a larger object the bytes that changed. */
static void describe_values(struct object *object)
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
		       const struct kvm_regs *regs, bool after)
{
	const struct kvm_sregs *sregs = run->stepping.on ? &run->stepping.sregs :
							   &run->cpu->vcpu.run->s.regs.sregs;
	uint64_t chain = chain_of(run, regs);
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
	crash_view_backtrace(run, regs, sregs, after, out);
	if (fclose(out) == 0)
		buffer_add(&watchpoints->text, lines, length);
	free(lines);
}

/* A write, by the code at these registers. `after`: RIP is that of the next instruction. */
static void note(struct watched_variables *watchpoints, struct object *object,
		 const struct run *run, const struct kvm_regs *regs, bool after)
{
	object->writes++;
	describe_values(object);
	memcpy(object->before, object->now, object->declared->size);
	if (watchpoints->shown == WATCHED_VARIABLES_SHOWN ||
	    watchpoints->text.length > WATCHED_VARIABLES_REPORT_MAX / 2)
		return;
	buffer_print(&watchpoints->text, "write %u: %s %s", watchpoints->shown + 1, name_of(object),
		     object->last);
	show_chain(watchpoints, run, regs, after);
	watchpoints->shown++;
}

/* What changed by the instruction at these registers. */
static void compare(struct watched_variables *watchpoints, const struct run *run,
		    const struct kvm_regs *regs)
{
	size_t i;

	for (i = 0; i < watchpoints->count; i++) {
		struct object *object = &watchpoints->objects[i];

		if (memcmp(object->before, object->now, object->declared->size) != 0)
			note(watchpoints, object, run, regs, false);
	}
}

/* `flags` are KVM_GUESTDBG_… besides. */
static int arm(const struct watched_variables *watchpoints, struct run *run, uint32_t flags)
{
	struct kvm_guest_debug debug;

	watch_encode(&watchpoints->set, watchpoints->slots, false, &debug);
	debug.control |= flags;
	return KVM_IOCTL(run->cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &debug, &run->complaint);
}

static enum step start(void *context, struct run *run)
{
	struct watched_variables *watchpoints = context;
	int err = watchpoints->by_steps ? stepping_begin(run) : arm(watchpoints, run, 0);

	return err < 0 ? run_end(run, END_HOST_ERROR, "the test's variables can't be watched") :
			 STEP_ON;
}

/*
 * Who debugs a guest is given its #DBs, too, which are by its single steps and INT1, as its
 * breakpoints are not in force: hand it back, with what the CPU says of it in DR6.
 */
static int hand_back(const struct watched_variables *watchpoints, struct run *run)
{
	struct vcpu *vcpu = &run->cpu->vcpu;
	struct kvm_debugregs debugregs;
	int err = KVM_IOCTL(vcpu->fd, KVM_GET_DEBUGREGS, &debugregs, &run->complaint);

	debugregs.dr6 |= vcpu->run->debug.arch.dr6 & R0_DR6_BS;
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_DEBUGREGS, &debugregs, &run->complaint);
	return err < 0 ? err : arm(watchpoints, run, KVM_GUESTDBG_INJECT_DB);
}

/* By the CPU: the store is done, and RIP behind it. Returns whether the stop was for that alone. */
static bool note_hits(struct watched_variables *watchpoints, const struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;
	unsigned int hits =
		watch_decode(&watchpoints->set, watchpoints->slots, &exit->debug.arch).hits;
	unsigned int noted = 0, slot;

	for (slot = 0; slot < WATCH_SLOTS; slot++) {
		unsigned int number = watchpoints->object_of[slot];

		if (!(hits >> slot & 1) || noted >> number & 1)
			continue;
		noted |= 1u << number;
		note(watchpoints, &watchpoints->objects[number], run, &exit->s.regs.regs, true);
	}
	return hits && !(exit->debug.arch.dr6 & R0_DR6_BS);
}

static enum step step_on(struct watched_variables *watchpoints, struct run *run)
{
	int err;

	compare(watchpoints, run, &run->stepping.regs);
	err = stepping_next(run);
	if (!err)
		return STEP_ON;
	return run_end(run, END_HOST_ERROR,
		       err == -EBUSY ? "a breakpoint that the test set was hit; while .watch "
				       "goes by single steps, it can have none" :
				       "KVM does not go on by single steps");
}

static enum step stopped(void *context, struct run *run)
{
	struct watched_variables *watchpoints = context;

	if (watchpoints->by_steps)
		return step_on(watchpoints, run);
	if (note_hits(watchpoints, run) || hand_back(watchpoints, run) >= 0)
		return STEP_ON;
	return run_end(run, END_HOST_ERROR, "the test's own #DB can't be handed back to it");
}

static enum step served(void *context, struct run *run)
{
	struct watched_variables *watchpoints = context;

	if (!watchpoints->by_steps) {
		/* What assist/ writes, no watchpoint sees. */
		if (run->cpu->vcpu.run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
			compare(watchpoints, run, &run->assisted_regs);
		return STEP_ON;
	}
	return step_on(watchpoints, run);
}

static void finish(void *context, struct run *run)
{
	struct kvm_guest_debug none = { 0 };
	struct watched_variables *watchpoints = context;
	size_t i;

	if (watchpoints->by_steps) {
		compare(watchpoints, run, &run->stepping.regs);
		stepping_end(run);
		return;
	}
	KVM_IOCTL(run->cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &none, NULL);
	for (i = 0; i < watchpoints->count; i++) {
		struct object *object = &watchpoints->objects[i];

		object->missed = memcmp(object->before, object->now, object->declared->size) != 0;
		if (object->missed)
			describe_values(object);
	}
}

static const struct debugger_ops ops = {
	.start = start,
	.stopped = stopped,
	.served = served,
	.finish = finish,
};

int watched_variables_create(struct run *run)
{
	const struct r0_watches *declared = &run->job->options->watch;
	struct watched_variables *watchpoints;
	size_t used = 0, i;
	int err = 0;

	if (declared->count > OBJECTS_MAX)
		return error_set(&run->complaint, EINVAL, ".watch has %zu entries, of %d at most",
				 declared->count, OBJECTS_MAX);
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
	watchpoints->debugger = (struct debugger){ .ops = &ops, .context = watchpoints };
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

static void report_object(const struct watched_variables *watchpoints, const struct object *object,
			  struct buffer *output)
{
	const char *name = name_of(object);

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
		const struct object *object = &watchpoints->objects[i];

		buffer_print(output, "watching %s, %zu byte%s at %p", name_of(object),
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
