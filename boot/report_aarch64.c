/* SPDX-License-Identifier: MIT */
/* Reports of foreign kernels' deaths on arm64. */
#include "boot/report_own.h"
#include "crash/registers.h"
#include "crash/view_aarch64.h"
#include "kvm/vcpu/vcpu_aarch64.h"
#include "monitor/rest.h"

static const uint64_t system_registers[CRASH_SYSTEM_REGISTERS] = {
	[CRASH_SCTLR_EL1] = VCPU_SCTLR_EL1, [CRASH_TCR_EL1] = VCPU_TCR_EL1,
	[CRASH_TTBR0_EL1] = VCPU_TTBR0_EL1, [CRASH_TTBR1_EL1] = VCPU_TTBR1_EL1,
	[CRASH_MAIR_EL1] = VCPU_MAIR_EL1,   [CRASH_VBAR_EL1] = VCPU_VBAR_EL1,
	[CRASH_ESR_EL1] = VCPU_ESR_EL1,	    [CRASH_CPACR_EL1] = VCPU_CPACR_EL1,
};

bool report_is_off(const struct report_source *source)
{
	struct kvm_mp_state state;

	return KVM_IOCTL(source->vm->cpus[source->cpu].vcpu.fd, KVM_GET_MP_STATE, &state, NULL) >=
		       0 &&
	       state.mp_state == KVM_MP_STATE_STOPPED;
}

uint64_t report_ip(const struct crash_view *view)
{
	return crash_registers_pc(view);
}

/* What KVM does not tell stays 0. */
static void read_registers(const struct vcpu *vcpu, struct crash_view *view)
{
	struct user_pt_regs *regs = &view->regs.regs;
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < sizeof(regs->regs) / sizeof(regs->regs[0]); i++) {
		vcpu_get(vcpu, VCPU_X(i), &value, NULL);
		regs->regs[i] = value;
	}
	vcpu_get(vcpu, VCPU_CORE(regs.sp), &value, NULL);
	regs->sp = value;
	vcpu_get(vcpu, VCPU_CORE(regs.pc), &value, NULL);
	regs->pc = value;
	vcpu_get(vcpu, VCPU_CORE(regs.pstate), &value, NULL);
	regs->pstate = value;
	vcpu_get(vcpu, VCPU_CORE(sp_el1), &value, NULL);
	view->regs.sp_el1 = value;
	vcpu_get(vcpu, VCPU_CORE(elr_el1), &value, NULL);
	view->regs.elr_el1 = value;
	for (i = 0; i < CRASH_SYSTEM_REGISTERS; i++)
		vcpu_get(vcpu, system_registers[i], &view->system[i], NULL);
	vcpu_get(vcpu, VCPU_FAR_EL1, &view->fault_address, NULL);
	vcpu_get(vcpu, VCPU_TPIDR_EL0, &view->fs_base, NULL);
}

void report_make_view(struct report_source *source, struct crash_view *view)
{
	*view = (struct crash_view){
		.regions = source->regions.regions,
		.read = report_read_virtual,
		.read_physical = report_read_physical,
		.context = source,
	};
	read_registers(&source->vm->cpus[source->cpu].vcpu, view);
	source->regions = *source->kernel;
	boot_regions_add_code(&source->regions, crash_registers_pc(view));
	boot_regions_add_stack(&source->regions, crash_registers_sp(view));
	view->region_count = source->regions.count;
}

/* There is no triple fault: what can't take its exceptions does so until the time limit, and crash/ tells. */
void report_describe(struct report_source *source, const struct r0_vm_outcome *outcome,
		     char *message, size_t size, FILE *out)
{
	const struct crash crash = {
		.kind = outcome->end == R0_VM_TIME_LIMIT ? CRASH_TIMEOUT : CRASH_PLACE,
	};
	struct crash_view view;
	char what[768];

	report_make_view(source, &view);
	crash_describe(&view, &crash, what, sizeof(what), out);
	snprintf(message, size, "%s, %s", outcome->reason, what);
}
