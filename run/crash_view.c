/* SPDX-License-Identifier: MIT */
/* Why a run ended as it did: the crash report of a stopped machine, and a condition's name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crash/registers.h"
#include "crash/waiting.h"
#include "machine/cpu.h"
#include "mirror/code.h"
#include "mirror/region.h"
#include "plan/condition.h"
#include "replace/replace.h"
#include "run/cpus.h"
#include "run/crash_view.h"
#include "run/crash_view_own.h"
#include "run/halt.h"
#include "run/interrupts.h"

/* Code of files as they have it, whatever the test replaced: only of that do they tell. */
static size_t read_virtual(void *context, uint64_t address, void *to, size_t size)
{
	const struct memory *memory = context;
	const struct mirror_part *part = mirror_find(memory->mirror, address);

	if (part && !part->map.write && (part->kind == MIRROR_DIRECT || part->from) &&
	    range_holds(part->map.start, part->map.end - part->map.start, address, size))
		return code_read(memory->mirror, CODE_OF_RING_3, address, to, size);
	return memory_read(memory, gva(address), to, size);
}

static size_t read_physical(void *context, uint64_t address, void *to, size_t size)
{
	return memory_read_physical(context, gpa(address), to, size);
}

static struct crash_region *list_regions(const struct mirror *mirror)
{
	struct crash_region *regions = calloc(mirror->part_count + 1, sizeof(*regions));
	size_t i;

	for (i = 0; regions && i < mirror->part_count; i++)
		regions[i] =
			region_of(&mirror->parts[i].map, mirror->parts[i].kind != MIRROR_DIRECT);
	return regions;
}

/* What a report sees of a CPU; its registers are yet to be filled in. */
static struct crash_view view_of(const struct run *run, unsigned int number,
				 const struct crash_region *regions)
{
	const struct template *template = run->machine->template;
	struct crash_view view = {
		.fs_base = entry_fs_base(&template->entry, number),
		.area = entry_area(&template->entry, number),
		.regions = regions,
		.region_count = regions ? template->mirror->part_count : 0,
		.read = read_virtual,
		.read_physical = read_physical,
		.context = &run->machine->memory,
	};

	crash_view_own_cpu(&view, &run->machine->cpus[number]);
	return view;
}

void crash_view_backtrace(const struct run *run, const struct kvm_regs *regs,
			  const struct kvm_sregs *sregs, bool after, FILE *out)
{
	struct crash_region *regions = list_regions(run->machine->template->mirror);
	struct crash_view view = view_of(run, run_cpu(run), regions);

	view.regs = *regs;
	view.sregs = *sregs;
	crash_backtrace(&view, after, out);
	free(regions);
}

/* What ended the run, on the CPU that ended it. */
static void explain_ending(struct run *run, const struct crash_region *regions, char *message,
			   size_t size, FILE *out)
{
	static const char running[] = "still running ";
	struct crash_view view = view_of(run, run_cpu(run), regions);

	view.regs = run->regs;
	crash_registers_set_pc(&view, replace_origin(run->machine->template->replace,
						     crash_view_own_place(run)));
	view.sregs = run->sregs;
	memcpy(view.system, run->system, sizeof(view.system));
	view.fault_address = run->fault_address;
	run->crash.output = run->output.text;
	crash_describe(&view, &run->crash, message, size, out);
	if (run->crash.kind == CRASH_INTERNAL && run->why[0]) {
		size_t end = strlen(message);

		snprintf(message + end, size - end, "; %s", run->why);
		fprintf(out, "%s\n", run->why);
	}
	if (run->crash.kind == CRASH_TIMEOUT && !strncmp(message, running, strlen(running)))
		waiting_describe(&view, run_cpu(run), run->machine->cpu_count,
				 message + strlen(running), size - strlen(running));
	if (run->machine->vm.irqchip && run->crash.kind == CRASH_TIMEOUT)
		interrupts_describe(run, out);
}

/* Where another CPU was at that time. */
static void explain_other(const struct run *run, unsigned int number,
			  const struct crash_region *regions, FILE *out)
{
	const struct crash crash = { .kind = CRASH_PLACE };
	struct machine_cpu *cpu = &run->machine->cpus[number];
	struct crash_view view = view_of(run, number, regions);
	const char *halted = "";
	char place[1600], *text = NULL;
	size_t length;
	FILE *details;

	if (cpus_is_idle(run, number)) {
		fprintf(out, "\nCPU %u had nothing to do\n", number);
		return;
	}
	crash_view_own_registers(&view, cpu);
	if (halt_is_on(cpu)) {
		halted = cpu_takes_interrupts(cpu) ? "halted, with interrupts on, " :
						     "halted, with interrupts off, ";
		crash_view_own_before_halt(&view);
	}
	details = open_memstream(&text, &length);
	if (!details)
		return;
	crash_describe(&view, &crash, place, sizeof(place), details);
	fclose(details);
	waiting_describe(&view, number, run->machine->cpu_count, place, sizeof(place));
	fprintf(out, "\nCPU %u was %s%s\n%s", number, halted, place, text);
	free(text);
}

char *crash_view_explain(struct run *run, char *message, size_t size)
{
	struct crash_region *regions = list_regions(run->machine->template->mirror);
	char *report = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&report, &length);
	unsigned int i;

	message[0] = '\0';
	if (!out) {
		free(regions);
		return NULL;
	}
	if (run->cpus)
		fprintf(out, "CPU %u:\n", run_cpu(run));
	explain_ending(run, regions, message, size, out);
	for (i = 0; run->cpus && i < run->machine->cpu_count; i++)
		if (i != run_cpu(run))
			explain_other(run, i, regions, out);
	fclose(out);
	free(regions);
	if (run->crash.kind == CRASH_PLACE && run->ending.message) {
		/* What happened is known; what was found out is where. */
		char place[512];

		snprintf(place, sizeof(place), "%s", message);
		snprintf(message, size, "%s%s%s", run->ending.message, place[0] ? ", " : "", place);
	}
	return report;
}

void crash_view_condition(const struct run *run, char *name, size_t size)
{
	struct crash_region *regions;
	struct crash_view view;
	char *end;

	if (condition_name(run->job->attributes, name, size))
		return;
	regions = list_regions(run->machine->template->mirror);
	view = view_of(run, 0, regions);
	crash_place(&view, (uint64_t)run->job->options->when, name, size);
	/* "function (file:line)": the function's name says it. */
	end = strstr(name, " (");
	if (end)
		*end = '\0';
	free(regions);
}
