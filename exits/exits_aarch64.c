/* SPDX-License-Identifier: MIT */
/*
 * Exits that only arm64 has: accesses that KVM can't decode, which are decoded for it, and calls of firmware that a test
 * declares. api.rst, KVM_EXIT_ARM_NISV and KVM_EXIT_HYPERCALL.
 */
#include <errno.h>
#include <inttypes.h>
#include "exits/exits_own.h"
#include "exits/unanswered.h"
#include "kvm/exit/undecoded_aarch64.h"
#include "kvm/vcpu/vcpu_aarch64.h"
#include "machine/cpu.h"

/* ESR_EL2.ISS of a data abort: Arm ARM, D19.2.38. */
#define WNR (1u << 6)

enum step exits_not_delivered(struct run *run)
{
	return run_host_error(run, "KVM gave up on the delivery of an event", 0);
}

static enum step refuse(struct run *run, const char *name)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;

	error_set(&run->complaint, EPERM,
		  "%s guest-physical %#" PRIx64 " by %s, which reaches no mock",
		  exit->arm_nisv.esr_iss & WNR ? "write to" : "read from",
		  (uint64_t)exit->arm_nisv.fault_ipa, name);
	return run_refuse(run);
}

static enum step carry_out(struct run *run, const struct undecoded *access)
{
	switch (undecoded_carry_out(access, &run->cpu->vcpu, &run->machine->bus, &run->complaint)) {
	case EXIT_CONTINUE:
		return STEP_ON;
	case EXIT_FATAL:
		return run_machine_failed(run);
	default:
		if (run->machine->bus.unhandled_count)
			unanswered_describe(run);
		return run_refuse(run);
	}
}

static enum step serve_undecoded(struct run *run)
{
	const struct machine_cpu *cpu = run->cpu;
	const char *name = "an instruction that can't be read";
	struct undecoded access;
	uint32_t instruction;

	if (memory_read(&run->machine->memory, gva(cpu_pc(cpu)), &instruction,
			sizeof(instruction)) == sizeof(instruction))
		name = undecoded_decode(&access, &cpu->vcpu, instruction);
	return name ? refuse(run, name) : carry_out(run, &access);
}

/* Of KVM_EXIT_HYPERCALL's flags: api.rst. */
#define EXIT_SMC (1u << 0)

/* Of a function's number: its arguments have 64 bits. Arm DEN0028, 2.5. */
#define SMC64 (1u << 30)

/* PC is behind the instruction already, and nothing pending. */
static enum step serve_hypercall(struct run *run)
{
	struct vcpu *vcpu = &run->cpu->vcpu;
	struct r0_hypercall call = {
		.function = (uint32_t)vcpu->run->hypercall.nr,
		.smc = vcpu->run->hypercall.longmode & EXIT_SMC,
	};
	unsigned int i;
	int err = 0;

	for (i = 0; i < 6 && err >= 0; i++) {
		err = vcpu_get(vcpu, VCPU_X(1 + i), &call.arguments[i], &run->complaint);
		if (i < 3)
			call.results[1 + i] = call.arguments[i];
		if (!(call.function & SMC64))
			call.arguments[i] = (uint32_t)call.arguments[i];
	}
	if (err < 0)
		return run_machine_failed(run);
	err = mocks_hypercall(&run->mocks, &call);
	if (err == -ENOENT)
		error_set(&run->complaint, EPERM, "hypercall %#x, which nothing declares",
			  call.function);
	if (err)
		return run_refuse(run);
	for (i = 0; i < 4 && err >= 0; i++)
		err = vcpu_set(vcpu, VCPU_X(i), call.results[i], &run->complaint);
	return err < 0 ? run_machine_failed(run) : STEP_ON;
}

bool exits_serve_own(struct run *run, enum step *step)
{
	switch (run->cpu->vcpu.run->exit_reason) {
	case KVM_EXIT_HYPERCALL:
		*step = serve_hypercall(run);
		return true;
	case KVM_EXIT_ARM_NISV:
		*step = serve_undecoded(run);
		return true;
	default:
		return false;
	}
}
