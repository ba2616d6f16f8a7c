/* SPDX-License-Identifier: MIT */
/* Instructions of a run that assist/ completes in KVM's place. */
#include "exits/assistance.h"
#include <stdio.h>
#include "assist/assist.h"
#include "assist/assist_policy.h"
#include "machine/cpu.h"
#include "mirror/code.h"

static uint8_t *own(void *context, r0_gpa address, size_t size, bool write)
{
	return memory_own(context, address, size, write);
}

static size_t read_memory(void *context, r0_gpa address, void *to, size_t size)
{
	return memory_read_physical(context, address, to, size);
}

static void unpatch(void *context, r0_gpa address, uint8_t *bytes, size_t size)
{
	const struct memory *memory = context;

	code_unpatch(memory->mirror, address, bytes, size);
}

enum assistance assistance_complete(struct run *run)
{
	struct machine_cpu *cpu = run->cpu;
	struct error error = { 0 };
	const char *reason = NULL;
	const struct assist_memory memory = { &run->machine->memory, own, read_memory, unpatch };

	run->why[0] = '\0';
	if (!assist_policy_is_wanted())
		return ASSISTANCE_NONE;
	if (!cpu->assist)
		assist_create(&cpu->assist, &cpu->vcpu, &memory, &error);
	if (!cpu->assist || assist_begin(cpu->assist, &error) != 0) {
		snprintf(run->why, sizeof(run->why), "%s", error.text);
		return ASSISTANCE_NONE;
	}
	run->assisted_regs = cpu_registers(cpu);
	/* A debugger is to see each instruction. */
	assist_set_batch(cpu->assist, assist_policy_is_batch() && !run->debugger);
	switch (assist_complete(cpu->assist, &run->machine->bus, &reason, &error)) {
	case ASSIST_COMPLETED:
		return ASSISTANCE_COMPLETED;
	case ASSIST_REFUSED:
		return ASSISTANCE_REFUSED;
	case ASSIST_SHUTDOWN:
		return ASSISTANCE_SHUTDOWN;
	case ASSIST_CANNOT:
		snprintf(run->why, sizeof(run->why), "ring0 can't complete it either%s%s",
			 reason ? ": " : "", reason ? reason : "");
		break;
	case ASSIST_FAILED:
		snprintf(run->why, sizeof(run->why), "%s", error.text);
		break;
	}
	return ASSISTANCE_NONE;
}
