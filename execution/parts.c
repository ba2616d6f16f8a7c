/* SPDX-License-Identifier: MIT */
/* What a run needs besides its machine: set up part by part, and undone in reverse. */
#include "execution/parts.h"
#include <errno.h>
#include <stdlib.h>
#include <ring0/fuzz.h>
#include <ring0/private/abi.h>
#include "execution/declared_msrs.h"
#include "execution/gs_areas.h"
#include "execution/watched_variables.h"
#include "exits/mock_calls.h"
#include "exits/traps.h"
#include "machine/cpu.h"
#include "mirror/memory_add.h"
#include "mirror/window.h"
#include "run/cpus.h"
#include "run/interrupts.h"

static int begin_watches(struct run *run)
{
	bool watches = run->job->options->watch.count;

	if (run->debugger && run->debugger->ops->prepare) {
		int err = run->debugger->ops->prepare(run->debugger->context, run);

		if (err)
			return err;
	}
	if ((run->debugger ? !run->debugger->ops->several : watches) && run->machine->cpu_count > 1)
		return error_set(&run->complaint, ENOTSUP,
				 "it has both .watch and .cpus, and watches work with one CPU");
	return watches && !run->debugger ? watched_variables_create(run) : 0;
}

static void end_watches(struct run *run)
{
	watched_variables_destroy(run->watched);
	run->watched = NULL;
}

static int check_interrupts(struct run *run)
{
	return interrupts_check(run);
}

static int begin_mocks(struct run *run)
{
	int err = mocks_init(&run->mocks, run->job->options, &run->machine->bus, &run->complaint);

	run->mocks.call = mock_calls_handle;
	run->mocks.context = run;
	return err;
}

static void end_mocks(struct run *run)
{
	mocks_finish(&run->mocks);
}

static int begin_cpus(struct run *run)
{
	return run->machine->cpu_count > 1 ? cpus_begin(run) : 0;
}

static int declare_memory(struct run *run)
{
	const struct r0_options *options = run->job->options;
	struct memory *memory = &run->machine->memory;
	size_t i;
	int err = 0;

	for (i = 0; i < options->ram.count && !err; i++)
		err = memory_add_ram(memory, options->ram.entries[i].from,
				     options->ram.entries[i].to, &run->complaint);
	for (i = 0; i < options->mmio.count && !err; i++)
		err = memory_add_window(memory, options->mmio.entries[i].first,
					options->mmio.entries[i].last, &run->complaint);
	for (i = 0; i < options->map.count && !err; i++)
		err = window_open(memory, options->map.entries[i].virtual_address,
				  options->map.entries[i].physical_address,
				  options->map.entries[i].size, &run->complaint);
	return err;
}

static int begin_replacements(struct run *run)
{
	return replace_begin(run->machine->template->replace, &run->machine->memory,
			     &run->job->options->replace, run->trap, &run->complaint);
}

static int begin_interrupts(struct run *run)
{
	return run->machine->halts_inside ? interrupts_begin(run) : 0;
}

static void end_interrupts(struct run *run)
{
	if (run->machine->halts_inside)
		interrupts_end(run);
}

/* In the order in which they are begun. An end is called for what was begun in part, too. */
static const struct part {
	int (*begin)(struct run *run);
	void (*end)(struct run *run); /* or NULL */
} parts[] = {
	{ begin_watches, end_watches },
	{ traps_begin, traps_end },
	{ check_interrupts, NULL },
	{ begin_mocks, end_mocks },
	{ begin_cpus, cpus_finish },
	/* These three are undone by the machine's reset. */
	{ gs_areas_begin, NULL },
	{ declare_memory, NULL },
	{ begin_replacements, NULL },
	{ declared_msrs_begin, declared_msrs_end },
	{ begin_interrupts, end_interrupts },
};

/* As if the test had it in memory that ends where it ends. */
static void write_input(struct run *run)
{
	const struct job_input *input = run->job->input;
	struct memory *memory = &run->machine->memory;
	struct r0_fuzz_input given = {
		.data = input->room + PAGE_SIZE + R0_FUZZ_MOST - input->input.size,
		.size = input->input.size,
	};

	memory_write(memory, gva((uint64_t)input->room), &given, sizeof(given));
	memory_write(memory, gva((uint64_t)given.data), input->input.data, given.size);
}

/* The entry state returns to the doorbell: see guest/entry/entry_x86_64.S, r0_test_return. */
static void start(struct run *run)
{
	const struct job *job = run->job;
	const struct r0_options *options = job->options;
	const uint64_t arguments[] = {
		(uint64_t)job->fn,	  (uint64_t)job->arg,	       (uint64_t)options->when,
		(uint64_t)options->setup, (uint64_t)options->teardown, (uint64_t)job->param,
	};
	uint64_t size = options->params.size;

	if (job->input)
		write_input(run);

	if (!options->when && !options->setup && !options->teardown && !job->param && !run->cpus) {
		cpu_start_at(run->cpu, job->fn, arguments + 1, 1);
		return;
	}
	cpu_start_at(run->cpu, r0_guest_run, arguments, 6);
	if (job->param)
		memory_write(&run->machine->memory, gva((uint64_t)&r0_guest.param_size), &size,
			     sizeof(size));
}

int parts_begin(struct run *run)
{
	int err = 0;

	run->cpu = &run->machine->cpus[0];
	while (run->begun < sizeof(parts) / sizeof(parts[0]) && !err)
		err = parts[run->begun++].begin(run);
	if (!err)
		start(run);
	return err;
}

void parts_end(struct run *run)
{
	while (run->begun) {
		const struct part *part = &parts[--run->begun];

		if (part->end)
			part->end(run);
	}
	free(buffer_take(&run->output));
	free(buffer_take(&run->failures));
	free(run->first_expectation);
	free(run->text);
	free(run->file);
}
