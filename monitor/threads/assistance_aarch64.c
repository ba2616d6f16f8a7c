/* SPDX-License-Identifier: MIT */
/* Loads and stores of devices that KVM can't decode. No software KVM of arm64's is known. */
#include "monitor/threads/assistance.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <ring0/arm64/gic.h>
#include "kvm/exit/undecoded_aarch64.h"
#include "kvm/vcpu/vcpu_aarch64.h"
#include "monitor/translate.h"

static bool read_instruction(struct monitor_cpu *cpu, uint32_t *instruction)
{
	uint64_t pc, physical;
	const void *from = NULL;

	/* Instructions are aligned: none is in two pages. */
	if (vcpu_get(&cpu->vcpu, VCPU_CORE(regs.pc), &pc, NULL) >= 0 &&
	    !monitor_translate(cpu, pc, &physical))
		from = ram_at(&cpu->machine->memory.ram, gpa(physical), sizeof(*instruction),
			      false);
	if (from)
		memcpy(instruction, from, sizeof(*instruction));
	return from;
}

/* KVM's own devices are not on the bus. */
static bool is_of_gic(const struct r0_vm *vm, uint64_t address)
{
	return vm->options.irqchip && address >= R0_GICD_ADDRESS &&
	       address < R0_GICR_ADDRESS + vm->options.cpus * R0_GICR_SIZE;
}

/* Where the second half is, which need not be a device. */
static bool find_next(struct monitor_cpu *cpu, struct undecoded *access)
{
	const uint64_t next = (access->address | 0xfff) + 1;

	return !undecoded_is_split(access) ||
	       (!monitor_translate(cpu, next, &access->next) &&
		!is_of_gic(cpu->machine, access->next) &&
		!ram_at(&cpu->machine->memory.ram, gpa(access->next), 1, false));
}

static const char *decode(struct monitor_cpu *cpu, struct undecoded *access)
{
	uint32_t instruction;
	const char *name;

	if (is_of_gic(cpu->machine, cpu->vcpu.run->arm_nisv.fault_ipa))
		return "an access to the GIC";
	if (!read_instruction(cpu, &instruction))
		return "an instruction that can't be read";
	name = undecoded_decode(access, &cpu->vcpu, instruction);
	if (!name && !find_next(cpu, access))
		return "a load or store of which one half is no device's";
	return name;
}

/* What the guest asked for by the access. */
static void shut_down(struct monitor_cpu *cpu)
{
	const struct bus *bus = &cpu->machine->devices->bus;

	cpu->by_device = true;
	cpu->end = bus->end;
	cpu->status = bus->status;
}

/* With the devices' lock. */
static bool serve(struct monitor_cpu *cpu, struct exit *exit, struct error *why)
{
	struct undecoded access;
	const char *name = decode(cpu, &access);

	if (name) {
		error_set(why, 0, "ring0 can't carry it out either: %s", name);
		return false;
	}
	*exit = (struct exit){
		.outcome =
			undecoded_carry_out(&access, &cpu->vcpu, &cpu->machine->devices->bus, why),
	};
	if (exit->outcome == EXIT_SHUTDOWN)
		shut_down(cpu);
	return exit->outcome != EXIT_FATAL;
}

bool assistance_serve(struct monitor_cpu *cpu, struct exit *exit, struct error *why)
{
	pthread_mutex_t *lock = &cpu->machine->devices->lock;
	bool served;

	if (cpu->vcpu.run->exit_reason != KVM_EXIT_ARM_NISV)
		return false;
	pthread_mutex_lock(lock);
	served = serve(cpu, exit, why);
	pthread_mutex_unlock(lock);
	return served;
}

void assistance_end(struct monitor_cpu *cpu)
{
	(void)cpu;
}

void assistance_finish(struct monitor_cpu *cpu)
{
	(void)cpu;
}
