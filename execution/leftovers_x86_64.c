/* SPDX-License-Identifier: MIT */
/* What a test leaves in a vCPU that can't be put back, or tells nothing. */
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>
#include "execution/leftovers.h"
#include "kvm/kvm_x86_64.h"
#include "kvm/state/nested_state_x86_64.h"
#include "kvm/state/pending_debug_x86_64.h"

/*
 * In VMX operation CR4 can't be put back (SDM vol. 3C, 24.8), and with EFER.SVME there may be a nested
 * guest: a new VM is simpler. GIF may be clear even without EFER.SVME: with virtual GIF kvm-amd intercepts
 * neither CLGI nor STGI, and what the CPU looks at is the VMCB's SVME, which is always set (APM vol. 2, 15.17
 * and 15.33.2). No register that KVM shares tells of it. A debug exception that is pending can't be seen, and
 * a debugger or a watch may cause one, too; where a test returned, the instruction before its last exit was
 * the runtime's, and held back none.
 */
bool leftovers_stay(const struct run *run, struct vcpu *vcpu)
{
	const struct kvm_sregs *sregs = &vcpu->run->s.regs.sregs;
	bool watched = run->debugger || run->watched;

	if (sregs->cr4 & R0_CR4_VMXE || sregs->efer & R0_EFER_SVME)
		return true;
	if (nested_state_is_svm(vcpu))
		return true;
	if (run->ending.how == END_RETURNED && vcpu == &run->machine->cpus[0].vcpu)
		return false;
	if (!(watched && vcpu->vm->kvm->own->is_vmx) && !pending_debug_is_possible(vcpu))
		return false;
	return pending_debug_drop(vcpu, NULL) != 0;
}

bool leftovers_hide_place(const struct run *run)
{
	/* SDM vol. 3A, table 9-1: after INIT, CS is F000 and RIP FFF0. */
	return run->regs.rip == 0xfff0 && run->sregs.cs.selector == 0xf000;
}
