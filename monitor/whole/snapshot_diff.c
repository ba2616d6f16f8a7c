/* SPDX-License-Identifier: MIT */
/* Differences between two full snapshots. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "kvm/state/state_bytes.h"
#include "monitor/whole/snapshot_memory.h"

/* How many bytes of a page that differs are shown. */
#define SHOWN 8

static void format_bytes(const uint8_t *bytes, size_t count, char *text)
{
	size_t i;

	for (i = 0; i < count; i++)
		text += sprintf(text, "%s%02x", i ? " " : "", bytes[i]);
}

static void compare_page(uint64_t page, const uint8_t *a, const uint8_t *b,
			 struct state_differences *to)
{
	char left[3 * SHOWN + 1], right[3 * SHOWN + 1];
	size_t first = PAGE_SIZE, count = 0, i, shown;

	for (i = 0; i < PAGE_SIZE; i++) {
		if (a[i] == b[i])
			continue;
		first = count++ ? first : i;
	}
	if (!count)
		return;
	shown = PAGE_SIZE - first < SHOWN ? PAGE_SIZE - first : SHOWN;
	format_bytes(a + first, shown, left);
	format_bytes(b + first, shown, right);
	state_difference(to, "page %#llx: %zu byte%s, from %#llx on: %s -> %s",
			 (unsigned long long)guest_memory_address(page), count,
			 count == 1 ? " differs" : "s differ",
			 (unsigned long long)guest_memory_address(page) + first, left, right);
}

static void compare_memory(const struct r0_vm_snapshot *a, const struct r0_vm_snapshot *b,
			   struct state_differences *to)
{
	size_t words = snapshot_words(a), word;

	for (word = 0; word < words; word++) {
		uint64_t pages = a->present[word] | b->present[word];

		for (; pages; pages &= pages - 1) {
			uint64_t page = word * 64 + (uint64_t)__builtin_ctzll(pages);
			const uint8_t *left = snapshot_page(a, page);
			const uint8_t *right = snapshot_page(b, page);

			if (memcmp(left, right, PAGE_SIZE) != 0)
				compare_page(page, left, right, to);
		}
	}
}

long r0_vm_snapshot_diff(const struct r0_vm_snapshot *a, const struct r0_vm_snapshot *b,
			 void (*tell)(void *context, const char *line), void *context,
			 struct r0_error *error)
{
	struct state_differences to = { .tell = tell, .context = context, .whose = "" };
	char name[32];
	uint32_t i;

	if (memcmp(&a->shape, &b->shape, sizeof(a->shape)) != 0)
		return error_set(monitor_error(error), EINVAL,
				 "the snapshots are of machines that differ in CPUs, memory or "
				 "devices");
	for (i = 0; i < a->shape.cpus; i++) {
		snprintf(name, sizeof(name), "CPU %u: ", i);
		to.whose = name;
		vcpu_state_compare(a->cpus[i], b->cpus[i], &to);
		if (a->halted[i] != b->halted[i])
			state_difference(&to, "%s", b->halted[i] ? "halted" : "halted no longer");
	}
	to.whose = "";
	vm_state_compare(a->chips, b->chips, &to);
	state_compare_bytes("devices' registers", a->devices, b->devices, a->shape.devices_size,
			    &to);
	compare_memory(a, b, &to);
	if (memory_base_lost(a->base, monitor_error(error)) ||
	    memory_base_lost(b->base, monitor_error(error)))
		return -EIO;
	return (long)to.count;
}
