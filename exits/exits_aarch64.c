/* SPDX-License-Identifier: MIT */
/*
 * Exits that only arm64 has: accesses that KVM can't decode, which are decoded here, and calls of firmware that a test
 * declares. api.rst, KVM_EXIT_ARM_NISV and KVM_EXIT_HYPERCALL.
 */
#include <errno.h>
#include <inttypes.h>
#include "exits/access_aarch64.h"
#include "exits/access_name_aarch64.h"
#include "exits/exits_own.h"
#include "exits/unanswered.h"
#include "kvm/exit/exit_access.h"
#include "kvm/vcpu/vcpu_aarch64.h"
#include "machine/cpu.h"

/* ESR_EL2.ISS of a data abort: Arm ARM, D19.2.38. */
#define WNR (1u << 6)

#define INSTRUCTION_LENGTH 4

/* A bus takes no more at a time, in bytes. */
#define WORD 8u

#define ZERO_REGISTER 31u

/* PSTATE: EL1 with SP_EL1. C5.2.19. */
#define MODE 0xfu
#define EL1H 5u

enum step exits_not_delivered(struct run *run)
{
	return run_host_error(run, "KVM gave up on the delivery of an event", 0);
}

static enum step refuse(struct run *run, uint32_t instruction)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;

	error_set(&run->complaint, EPERM,
		  "%s guest-physical %#" PRIx64 " by %s, which reaches no mock",
		  exit->arm_nisv.esr_iss & WNR ? "write to" : "read from",
		  (uint64_t)exit->arm_nisv.fault_ipa, access_name(instruction));
	return run_refuse(run);
}

/* Whether the bus took all of a register's bytes, 8 at a time. */
static bool access(struct run *run, const struct access_form *form, uint64_t at,
		   struct vcpu_vector *value)
{
	struct bus *bus = &run->machine->bus;
	unsigned int done, step;

	for (done = 0; done < form->size; done += step) {
		step = form->size < WORD ? form->size : WORD;
		if (exit_access(bus, BUS_MEMORY, at + done, done ? &value->high : &value->low, step,
				form->write) != EXIT_CONTINUE)
			return false;
	}
	return true;
}

static uint64_t extended(const struct access_form *form, uint64_t value)
{
	const unsigned int unused = 64 - 8 * form->size;

	if (!form->size || form->size >= WORD)
		return value;
	value <<= unused;
	if (!form->sign)
		return value >> unused;
	value = (uint64_t)((int64_t)value >> unused);
	return form->narrow ? (uint32_t)value : value;
}

static int read_register(const struct vcpu *vcpu, const struct access_form *form, unsigned int i,
			 struct vcpu_vector *value, struct error *error)
{
	if (form->simd)
		return vcpu_get_vector(vcpu, form->rt[i], value, error);
	if (form->rt[i] == ZERO_REGISTER)
		return 0;
	return vcpu_get(vcpu, VCPU_X(form->rt[i]), &value->low, error);
}

static int write_register(struct vcpu *vcpu, const struct access_form *form, unsigned int i,
			  const struct vcpu_vector *value, struct error *error)
{
	if (form->simd)
		return vcpu_set_vector(vcpu, form->rt[i], value, error);
	if (form->rt[i] == ZERO_REGISTER)
		return 0;
	return vcpu_set(vcpu, VCPU_X(form->rt[i]), extended(form, value->low), error);
}

static int write_back(struct vcpu *vcpu, const struct access_form *form, struct error *error)
{
	uint64_t id = VCPU_X(form->rn), value;
	int err;

	if (form->rn == ZERO_REGISTER) {
		err = vcpu_get(vcpu, VCPU_CORE(regs.pstate), &value, error);
		if (err < 0)
			return err;
		id = (value & MODE) == EL1H ? VCPU_CORE(sp_el1) : VCPU_CORE(regs.sp);
	}
	err = vcpu_get(vcpu, id, &value, error);
	return err < 0 ? err : vcpu_set(vcpu, id, value + (uint64_t)form->change, error);
}

/* Nothing of it is pending in KVM: it goes on where PC says. */
static enum step carry_out(struct run *run, const struct access_form *form, uint64_t pc)
{
	struct vcpu *vcpu = &run->cpu->vcpu;
	const uint64_t at = vcpu->run->arm_nisv.fault_ipa;
	unsigned int i;
	int err = 0;

	for (i = 0; i < form->count && err >= 0; i++) {
		struct vcpu_vector value = { 0 };

		if (form->write)
			err = read_register(vcpu, form, i, &value, &run->complaint);
		if (err >= 0 && !access(run, form, at + i * form->size, &value)) {
			if (run->machine->bus.unhandled_count)
				unanswered_describe(run);
			return run_refuse(run);
		}
		if (err >= 0 && !form->write)
			err = write_register(vcpu, form, i, &value, &run->complaint);
	}
	if (err >= 0 && form->writes_back)
		err = write_back(vcpu, form, &run->complaint);
	if (err >= 0)
		err = vcpu_set(vcpu, VCPU_CORE(regs.pc), pc + INSTRUCTION_LENGTH, &run->complaint);
	return err < 0 ? run_machine_failed(run) : STEP_ON;
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
	const uint64_t pc = cpu_pc(run->cpu);
	struct access_form form;
	uint32_t instruction = 0;

	if (run->cpu->vcpu.run->exit_reason == KVM_EXIT_HYPERCALL) {
		*step = serve_hypercall(run);
		return true;
	}
	if (run->cpu->vcpu.run->exit_reason != KVM_EXIT_ARM_NISV)
		return false;
	if (memory_read(&run->machine->memory, gva(pc), &instruction, sizeof(instruction)) ==
		    sizeof(instruction) &&
	    access_decode(instruction, &form))
		*step = carry_out(run, &form, pc);
	else
		*step = refuse(run, instruction);
	return true;
}
