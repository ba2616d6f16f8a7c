/* SPDX-License-Identifier: MIT */
/* Exclusives and BRK under a debugger. Arm ARM (DDI 0487); Documentation/virt/kvm/api.rst, KVM_SET_GUEST_DEBUG. */
#include "kvm/watch/store_aarch64.h"
#include "kvm/vcpu/vcpu_aarch64.h"

/* The length of the instruction, and the immediate of BRK: D19.2.37. */
#define ESR_BRK(esr) ((uint64_t)STORE_CLASS_BRK << 26 | 1ul << 25 | ((esr)&0xffff))

/* PSTATE, C5.2.19: what an exception keeps of it (NZCV, DIT and PAN), and the mode that it goes to. */
#define PSTATE_KEPT  (15ul << 28 | 1ul << 24 | 1ul << 22)
#define PSTATE_PAN   (1ul << 22)
#define PSTATE_SSBS  (1ul << 12)
#define PSTATE_EL1H  0x3c5ul
#define PSTATE_LEVEL 0xcul
#define PSTATE_SP    1ul

/* SCTLR_EL1, D19.2.117: PAN is left as it is, and what SSBS becomes. Where there is no such feature, they are 1 and 0. */
#define SCTLR_SPAN  (1ul << 23)
#define SCTLR_DSSBS (1ul << 44)

/* VBAR_EL1, D1.4.1: synchronous exceptions from EL1 with SP_EL0 are first. */
#define VECTOR_EL1H 0x200ul
#define VECTOR_EL0  0x400ul

/* DBGBCR<n>_EL1, D19.3.2: enabled, at EL1 and EL0, of a whole instruction. */
#define BCR_ENABLED (1ul | 3ul << 1 | 15ul << 5)

/*
 * C4.1.88. Rs says whether it did. STLR differs from the former by bit 23, CAS by that and bit 21, and CASP from the
 * latter by bit 31: they are stores like others.
 */
bool store_is_exclusive(uint32_t instruction)
{
	return (instruction & 0x3fe00000) == 0x08000000 || (instruction & 0xbfe00000) == 0x88200000;
}

unsigned int store_status_register(uint32_t instruction)
{
	return instruction >> 16 & 31;
}

void store_stop_behind(uint64_t pc, struct kvm_guest_debug *debug)
{
	const uint64_t behind = pc + STORE_INSTRUCTION_LENGTH;

	debug->control = (debug->control & ~KVM_GUESTDBG_SINGLESTEP) | KVM_GUESTDBG_ENABLE |
			 KVM_GUESTDBG_USE_HW;
	debug->arch.dbg_bvr[0] = behind;
	debug->arch.dbg_bcr[0] = BCR_ENABLED;
	debug->arch.dbg_bvr[1] = behind + STORE_INSTRUCTION_LENGTH;
	debug->arch.dbg_bcr[1] = BCR_ENABLED;
}

/* As an exception that is taken to EL1 makes it: J1.1.2, AArch64.TakeException(). There is no MTE, whose TCO it sets. */
static uint64_t pstate_at_vector(uint64_t pstate, uint64_t sctlr)
{
	return PSTATE_EL1H | (pstate & PSTATE_KEPT) | (sctlr & SCTLR_SPAN ? 0 : PSTATE_PAN) |
	       (sctlr & SCTLR_DSSBS ? PSTATE_SSBS : 0);
}

/* D1.3.1. */
int store_deliver_brk(struct vcpu *vcpu, uint64_t esr, struct error *error)
{
	uint64_t pc, pstate = 0, vbar = 0, sctlr = 0, offset = VECTOR_EL0;
	int err = vcpu_get(vcpu, VCPU_CORE(regs.pc), &pc, error);

	if (err >= 0)
		err = vcpu_get(vcpu, VCPU_CORE(regs.pstate), &pstate, error);
	if (err >= 0)
		err = vcpu_get(vcpu, VCPU_VBAR_EL1, &vbar, error);
	if (err >= 0)
		err = vcpu_get(vcpu, VCPU_SCTLR_EL1, &sctlr, error);
	if (pstate & PSTATE_LEVEL)
		offset = pstate & PSTATE_SP ? VECTOR_EL1H : 0;
	if (err >= 0)
		err = vcpu_set(vcpu, VCPU_CORE(elr_el1), pc, error);
	if (err >= 0)
		err = vcpu_set(vcpu, VCPU_CORE(spsr[0]), pstate, error);
	if (err >= 0)
		err = vcpu_set(vcpu, VCPU_ESR_EL1, ESR_BRK(esr), error);
	if (err >= 0)
		err = vcpu_set(vcpu, VCPU_CORE(regs.pstate), pstate_at_vector(pstate, sctlr),
			       error);
	if (err >= 0)
		err = vcpu_set(vcpu, VCPU_CORE(regs.pc), vbar + offset, error);
	return err < 0 ? err : 0;
}
