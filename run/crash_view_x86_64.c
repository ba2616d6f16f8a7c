/* SPDX-License-Identifier: MIT */
/* Why a run ended as it did: the crash report of a stopped machine, and a condition's name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crash/view_x86_64.h"
#include "crash/waiting.h"
#include "kvm/vcpu_x86_64.h"
#include "mirror/code.h"
#include "mirror/region.h"
#include "plan/condition.h"
#include "replace/replace.h"
#include "run/cpus.h"
#include "run/crash_view.h"
#include "run/halt.h"
#include "run/interrupts.h"

/* Code of files as they have it, whatever the test replaced: only of that do they tell. */
static size_t read_virtual(void *context, uint64_t address, void *to, size_t size)
{
	const struct memory *memory = context;
	const struct mirror_part *part = mirror_find(memory->mirror, address);

	if (part && part->kind == MIRROR_DIRECT &&
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

static uint8_t byte_at(const struct run *run, uint64_t address)
{
	uint8_t byte = 0;

	memory_read(&run->machine->memory, gva(address), &byte, 1);
	return byte;
}

/* OUT to DX, which may have an operand-size prefix; SDM vol. 2B, OUT. */
static bool is_out(uint8_t opcode)
{
	return opcode == 0xee || opcode == 0xef;
}

/* OUT to a port in the instruction. */
static bool is_immediate_out(uint8_t opcode)
{
	return opcode == 0xe6 || opcode == 0xe7;
}

/* The start of the OUT that ends at an address; the address itself if none does. */
static uint64_t out_before(const struct run *run, uint64_t end)
{
	uint64_t start = end;

	if (is_out(byte_at(run, end - 1)))
		start = end - 1;
	else if (is_immediate_out(byte_at(run, end - 2)))
		start = end - 2;
	if (start != end && byte_at(run, start - 1) == 0x66)
		start--;
	return start;
}

/*
 * Where the instruction is that the vCPU left by: RIP is behind an OUT that KVM emulated, at one
 * that left the VM on its own, and behind a HLT.
 */
static uint64_t place_of(const struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;
	uint64_t rip = run->regs.rip;
	uint8_t opcode;

	if (run->halted)
		return rip - 1;
	if (run->crash.kind != CRASH_PLACE && run->crash.kind != CRASH_SYSTEM_CALL)
		return rip;
	if (exit->exit_reason != KVM_EXIT_IO || exit->io.direction != KVM_EXIT_IO_OUT)
		return rip;
	opcode = byte_at(run, rip);
	if (opcode == 0x66)
		opcode = byte_at(run, rip + 1);
	/* Without VMX and SVM on the host, KVM emulates every OUT. */
	if (!run->machine->template->software && (is_out(opcode) || is_immediate_out(opcode)))
		return rip;
	return out_before(run, rip);
}

/* What a report sees of a CPU; its registers are yet to be filled in. */
static struct crash_view view_of(const struct run *run, unsigned int number,
				 const struct crash_region *regions)
{
	const struct template *template = run->machine->template;
	const struct vcpu *vcpu = &run->machine->cpus[number].vcpu;
	struct crash_view view = {
		.fs_base = entry_fs_base(&template->entry, number),
		.area = entry_area(&template->entry, number),
		.regions = regions,
		.region_count = regions ? template->mirror->part_count : 0,
		.read = read_virtual,
		.read_physical = read_physical,
		.context = &run->machine->memory,
	};

	crash_view_take_cpuid(&view, &vcpu->own->cpuid);
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
	view.regs.rip = replace_origin(run->machine->template->replace, place_of(run));
	view.sregs = run->sregs;
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
	if (run->machine->devices && run->crash.kind == CRASH_TIMEOUT)
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
	view.regs = cpu->vcpu.run->s.regs.regs;
	view.sregs = cpu->vcpu.run->s.regs.sregs;
	view.fault_address = view.sregs.cr2;
	if (halt_is_on(cpu)) {
		halted = view.regs.rflags & 1u << 9 ? "halted, with interrupts on, " :
						      "halted, with interrupts off, ";
		view.regs.rip--; /* HLT is one byte long */
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
