/* SPDX-License-Identifier: MIT */
/* What the tests of full snapshots share: a guest that never stays the same, and how two are compared. */
#ifndef TESTS_VM_SNAPSHOT_FIXTURE_H
#define TESTS_VM_SNAPSHOT_FIXTURE_H

#include <poll.h>
#include <stdio.h>
#include "tests/vm/vm_fixture.h"

/* Counts, and writes the count to many pages and to a device's register, for ever. */
GUEST(work, "	mov $0x3ff, %dx\n"
	    "1:	addl $1, " DATA_TEXT "\n"
	    "	mov " DATA_TEXT ", %eax\n"
	    "	out %al, %dx\n"
	    "	mov %eax, %r10d\n"
	    "	mov $0x100000, %ebx\n"
	    "2:	mov %eax, (%rbx)\n"
	    "	add $0x40000, %ebx\n"
	    "	cmp $0x300000, %ebx\n"
	    "	jb 2b\n"
	    "	jmp 1b\n");

/* Counts once, and once more if anything wakes it. */
GUEST(halting, "	addl $1, " DATA_TEXT "\n"
	       "	hlt\n"
	       "	addl $1, " DATA_TEXT "\n"
	       "	hlt\n");

static void progress(struct r0_vm *vm)
{
	uint32_t before = read32(vm, DATA);

	while (read32(vm, DATA) - before < 3)
		poll(NULL, 0, 1);
}
struct lines {
	char text[65536];
	size_t size;
};

static void add_line(void *context, const char *line)
{
	struct lines *lines = context;

	lines->size += (size_t)snprintf(lines->text + lines->size,
					sizeof(lines->text) - lines->size, "%s\n", line);
	assert_true(lines->size < sizeof(lines->text));
}

static void assert_same(struct r0_vm_snapshot *a, struct r0_vm_snapshot *b)
{
	struct lines lines = { "", 0 };
	struct r0_error error = { "" };
	long count = r0_vm_snapshot_diff(a, b, add_line, &lines, &error);

	check(count, &error);
	if (count)
		fail_msg("%ld differences:\n%s", count, lines.text);
}

#endif /* TESTS_VM_SNAPSHOT_FIXTURE_H */
