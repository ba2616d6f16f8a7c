/* SPDX-License-Identifier: MIT */
/* Guests for tests. */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MS 30000

void check(long result, const struct r0_error *error)
{
	if (result < 0)
		fail_msg("%ld: %s", result, error->text);
}

void enter(struct r0_vm *vm, unsigned int cpu, uint64_t ip)
{
	const struct r0_vm_entry entry = guest_entry(cpu, ip);
	struct r0_error error = { "" };

	check(r0_vm_enter(vm, cpu, &entry, &error), &error);
}

struct r0_vm *boot(const struct r0_vm_options *options, const char *begin, const char *end)
{
	struct r0_error error = { "" };
	struct r0_vm *vm;
	int err = r0_vm_create(&vm, options, &error);

	if (err == -ENOENT || err == -EACCES || err == -ENODEV || err == -EPERM) {
		print_message("# %s\n", error.text);
		skip();
	}
	check(err, &error);
	check(r0_vm_write(vm, CODE, begin, (size_t)(end - begin), &error), &error);
	enter(vm, 0, CODE);
	return vm;
}

void start(struct r0_vm *vm)
{
	struct r0_error error = { "" };

	check(r0_vm_start(vm, &error), &error);
}

void freeze(struct r0_vm *vm)
{
	struct r0_error error = { "" };

	check(r0_vm_freeze(vm, &error), &error);
}

void thaw(struct r0_vm *vm)
{
	struct r0_error error = { "" };

	check(r0_vm_thaw(vm, &error), &error);
}

void write32(struct r0_vm *vm, uint64_t address, uint32_t value)
{
	struct r0_error error = { "" };

	check(r0_vm_write(vm, address, &value, sizeof(value), &error), &error);
}

uint32_t read32(struct r0_vm *vm, uint64_t address)
{
	struct r0_error error = { "" };
	uint32_t value;

	check(r0_vm_read(vm, address, &value, sizeof(value), &error), &error);
	return value;
}

struct r0_vm_snapshot *take(struct r0_vm *vm)
{
	struct r0_vm_snapshot *snapshot;
	struct r0_error error = { "" };

	check(r0_vm_snapshot_take(&snapshot, vm, &error), &error);
	return snapshot;
}

void restore(struct r0_vm_snapshot *snapshot, struct r0_vm *vm)
{
	struct r0_error error = { "" };

	check(r0_vm_snapshot_restore(snapshot, vm, &error), &error);
}

struct r0_vm_outcome wait_for_end(struct r0_vm *vm)
{
	struct r0_vm_outcome outcome;
	struct r0_error error = { "" };

	check(r0_vm_wait(vm, LIMIT_MS, &outcome, &error), &error);
	return outcome;
}

struct r0_vm_outcome run(struct r0_vm *vm)
{
	start(vm);
	return wait_for_end(vm);
}

uint32_t wait_for_change(struct r0_vm *vm, uint64_t address, uint32_t from)
{
	uint32_t now;
	int left;

	for (left = LIMIT_MS; left; left--) {
		now = read32(vm, address);
		if (now != from)
			return now;
		poll(NULL, 0, 1);
	}
	fail_msg("the variable at %#lx stays %#x", address, from);
	return from;
}

char *printed(struct r0_vm *vm, enum r0_vm_console console)
{
	struct r0_error error = { "" };
	size_t size;
	char *text;

	check(r0_vm_console_take(vm, console, &text, &size, NULL, &error), &error);
	return text;
}

void assert_fails(long result, int err, struct r0_error *error, const char *text)
{
	if (result != -err)
		fail_msg("it gives %ld, not %d (%s): %s", result, -err, strerror(err), error->text);
	if (!strstr(error->text, text))
		fail_msg("\"%s\" does not say \"%s\"", error->text, text);
	error->text[0] = '\0';
}
