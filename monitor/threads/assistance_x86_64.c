/* SPDX-License-Identifier: MIT */
/* What KVM's emulator can't execute of a guest, by assist/: its memory and its devices. */
#include "monitor/threads/assistance.h"
#include <string.h>
#include "assist/assist.h"
#include "assist/assist_policy.h"

/* All of it is the guest's own. With the devices' lock. */
static uint8_t *own(void *context, r0_gpa address, size_t size, bool write)
{
	struct guest_memory *memory = context;

	return ram_at(&memory->ram, address, size, write);
}

static size_t read_memory(void *context, r0_gpa address, void *to, size_t size)
{
	const uint8_t *from = own(context, address, size, false);

	if (!from)
		return 0;
	memcpy(to, from, size);
	return size;
}

static bool begin(struct monitor_cpu *cpu, struct error *why)
{
	const struct assist_memory memory = {
		.context = &cpu->machine->memory,
		.own = own,
		.read = read_memory,
	};

	if (!cpu->assist && assist_create(&cpu->assist, &cpu->vcpu, &memory, why) != 0)
		return false;
	return assist_begin(cpu->assist, why) == 0;
}

/* What the guest asked for by the access. */
static struct exit shut_down(struct monitor_cpu *cpu)
{
	const struct bus *bus = &cpu->machine->devices->bus;

	cpu->by_device = true;
	cpu->end = bus->end;
	cpu->status = bus->status;
	return (struct exit){ .outcome = EXIT_SHUTDOWN };
}

/* One at a time, of all CPUs: what it does to memory and devices is whole. */
static bool complete(struct monitor_cpu *cpu, struct exit *exit, struct error *why)
{
	const char *reason = NULL, *mnemonic;

	*exit = (struct exit){ .outcome = EXIT_CONTINUE };
	/* A debugger, or a watch by single steps, is to see each instruction. */
	assist_set_batch(cpu->assist, !cpu->debug.armed.control && !cpu->watch.armed.slots);
	switch (assist_complete(cpu->assist, &cpu->machine->devices->bus, &reason, why)) {
	case ASSIST_COMPLETED:
		return true;
	case ASSIST_REFUSED:
		*exit = shut_down(cpu);
		return true;
	case ASSIST_SHUTDOWN:
		/* As KVM says it. */
		cpu->vcpu.run->exit_reason = KVM_EXIT_SHUTDOWN;
		*exit = (struct exit){ .outcome = EXIT_SHUTDOWN };
		return true;
	case ASSIST_CANNOT:
		mnemonic = assist_refused_mnemonic(cpu->assist);
		error_set(why, 0, "ring0 can't complete it%s%s%s either%s%s", mnemonic ? " (" : "",
			  mnemonic ? mnemonic : "", mnemonic ? ")" : "", reason ? ": " : "",
			  reason ? reason : "");
		return false;
	case ASSIST_FAILED:
		break;
	}
	return false;
}

bool assistance_serve(struct monitor_cpu *cpu, struct exit *exit, struct error *why)
{
	const struct kvm_run *run = cpu->vcpu.run;
	pthread_mutex_t *lock = &cpu->machine->devices->lock;
	bool served;

	if (run->exit_reason != KVM_EXIT_INTERNAL_ERROR ||
	    run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION || !assist_policy_is_wanted())
		return false;
	pthread_mutex_lock(lock);
	served = begin(cpu, why) && complete(cpu, exit, why);
	pthread_mutex_unlock(lock);
	return served;
}

void assistance_end(struct monitor_cpu *cpu)
{
	if (cpu->assist)
		assist_end(cpu->assist);
}

void assistance_finish(struct monitor_cpu *cpu)
{
	assist_destroy(cpu->assist);
	cpu->assist = NULL;
}
