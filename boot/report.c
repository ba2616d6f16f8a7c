/* SPDX-License-Identifier: MIT */
/* Reports of foreign kernels' deaths: what every architecture's have. */
#include <inttypes.h>
#include "boot/report_own.h"
#include "crash/registers.h"
#include "monitor/rest.h"

#define ACCESSES_SHOWN 8

static void print_others(struct report_source *source, unsigned int but, FILE *out)
{
	unsigned int i;

	for (i = 0; i < source->vm->options.cpus; i++) {
		struct crash_view view;
		char place[512];

		if (i == but)
			continue;
		source->cpu = i;
		if (report_is_off(source)) {
			fprintf(out, "CPU %u: off\n", i);
			continue;
		}
		report_make_view(source, &view);
		crash_place(&view, report_ip(&view), place, sizeof(place));
		fprintf(out, "CPU %u: %s\n", i, place);
		crash_registers_print(&view, out);
	}
}

static void print_access(const struct r0_vm_access *access, unsigned int times, FILE *out)
{
	fprintf(out, "  %s of %#" PRIx64 " (%u byte%s) %s %s %#" PRIx64,
		access->write ? "write" : "read", access->value, access->width,
		access->width == 1 ? "" : "s", access->write ? "to" : "from",
		access->port ? "port" : "address", access->address);
	if (times > 1)
		fprintf(out, ", %u times", times);
	fputc('\n', out);
}

static bool is_same(const struct r0_vm_access *a, const struct r0_vm_access *b)
{
	return a->port == b->port && a->write == b->write && a->width == b->width &&
	       a->address == b->address && a->value == b->value;
}

static void print_accesses(struct r0_vm *vm, FILE *out)
{
	struct r0_vm_access accesses[ACCESSES_SHOWN];
	unsigned int times = 0;
	size_t count, i;
	uint64_t total = r0_vm_unmapped(vm, accesses, ACCESSES_SHOWN, &count);

	if (total)
		fprintf(out, "accesses that nothing answered: %" PRIu64 ", the last of them\n",
			total);
	for (i = 0; i < count; i++) {
		times++;
		if (i + 1 < count && is_same(&accesses[i], &accesses[i + 1]))
			continue;
		print_access(&accesses[i], times, out);
		times = 0;
	}
}

void boot_report(struct r0_vm *vm, const struct r0_vm_outcome *outcome,
		 const struct boot_regions *regions, char *message, size_t size, FILE *out)
{
	const unsigned int cpu = outcome->cpu == R0_VM_NO_CPU ? 0 : outcome->cpu;
	struct report_source source = { .vm = vm, .cpu = cpu, .kernel = regions };

	switch (outcome->end) {
	case R0_VM_TRIPLE_FAULT:
	case R0_VM_FATAL:
	case R0_VM_HALTED:
	case R0_VM_TIME_LIMIT:
		report_describe(&source, outcome, message, size, out);
		print_others(&source, cpu, out);
		print_accesses(vm, out);
		break;
	default:
		snprintf(message, size, "%s", outcome->reason);
		break;
	}
}
