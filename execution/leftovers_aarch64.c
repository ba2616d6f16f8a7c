/* SPDX-License-Identifier: MIT */
/*
 * KVM_ARM_VCPU_INIT puts back what a test leaves, but for a CPU_ON that has not begun yet; where the guest has nothing left
 * that it does not put back by itself, it goes on without.
 */
#include "execution/leftovers.h"
#include <ring0/private/abi.h>
#include "kvm/vcpu/vcpu_aarch64.h"
#include "machine/cpu.h"

/* HVC and SMC, whatever their immediate: Arm ARM (DDI 0487), C6.2.97 and C6.2.275. */
#define IS_CALL(instruction) (((instruction)&0xffe0001e) == 0xd4000002)

/*
 * A CPU that called CPU_OFF stands behind that until it is turned on, and runs anew. If KVM has been told to do so,
 * and has not yet, it will with the next KVM_RUN, whatever the registers are then; nothing tells of that.
 */
static bool may_be_turned_on(const struct run *run, const struct vcpu *vcpu)
{
	const struct memory *memory = &run->machine->memory;
	uint32_t instruction = 0;
	uint64_t pc;

	vcpu_get(vcpu, VCPU_CORE(regs.pc), &pc, NULL);
	pc -= sizeof(instruction);
	/* With the MMU off it is where PC says. */
	if (memory_read(memory, gva(pc), &instruction, sizeof(instruction)) != sizeof(instruction))
		memory_read_physical(memory, gpa(pc), &instruction, sizeof(instruction));
	return IS_CALL(instruction);
}

/* Several CPUs, and a GIC, are more than the guest puts back; watchpoints and steps are the host's. */
bool leftovers_stay(const struct run *run, struct vcpu *vcpu)
{
	const struct machine *machine = run->machine;

	vcpu->own->goes_on = false;
	if (machine->cpu_count > 1)
		return may_be_turned_on(run, vcpu);
	vcpu->own->goes_on = vcpu->own->can_go_on && run->ending.how == END_RETURNED &&
			     !machine->devices && !run->debugger && vcpu->own->passed;
	return false;
}

bool leftovers_hide_place(const struct run *run)
{
	(void)run;
	return false;
}
