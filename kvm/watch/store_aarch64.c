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

/* The exclusive load is no further in front of the store. */
#define LOOP_INSTRUCTIONS 64u

/*
 * C4.1.88. Rs says whether it did. STLR differs from the former by bit 23, CAS by that and bit 21, and CASP from the
 * latter by bit 31: they are stores like others.
 */
bool store_is_exclusive(uint32_t instruction)
{
	return (instruction & 0x3fe00000) == 0x08000000 || (instruction & 0xbfe00000) == 0x88200000;
}

/* C4.1.88, likewise: LDXR, LDXP and their like. */
static bool is_exclusive_load(uint32_t instruction)
{
	return (instruction & 0x3fe00000) == 0x08400000 || (instruction & 0xbfe00000) == 0x88600000;
}

/* Rs, which is 31 for none. */
bool store_has_stored(const struct vcpu *vcpu, uint32_t instruction)
{
	const unsigned int number = instruction >> 16 & 31;
	uint64_t status = 1;

	return number != 31 && vcpu_get(vcpu, VCPU_X(number), &status, NULL) >= 0 &&
	       !(uint32_t)status;
}

uint64_t store_find_load(uint64_t pc, store_read_fn read, void *context)
{
	unsigned int i;

	for (i = 1; i <= LOOP_INSTRUCTIONS; i++)
		if (is_exclusive_load(read(context, pc - i * STORE_INSTRUCTION_LENGTH)))
			return pc - i * STORE_INSTRUCTION_LENGTH;
	return 0;
}

unsigned int store_slots_of_load(const struct vcpu *vcpu, uint32_t instruction,
				 const struct watch_set *set, unsigned int slots)
{
	const unsigned int base = instruction >> 5 & 31;
	/* `size`, and o1, for a pair. */
	const uint64_t size = 1ul << (instruction >> 30) << (instruction >> 21 & 1);
	unsigned int found = 0, slot;
	uint64_t address = 0, pstate = 0;

	if (!is_exclusive_load(instruction) ||
	    vcpu_get(vcpu, VCPU_CORE(regs.pstate), &pstate, NULL) < 0)
		return 0;
	if (vcpu_get(vcpu,
		     base < 31					 ? VCPU_X(base) :
		     pstate & PSTATE_LEVEL && pstate & PSTATE_SP ? VCPU_CORE(sp_el1) :
								   VCPU_CORE(regs.sp),
		     &address, NULL) < 0)
		return 0;
	for (slot = 0; slot < WATCH_SLOTS; slot++) {
		const struct watch_point *point = &set->points[slot];

		if (slots >> slot & 1 &&
		    (point->address - address < size || address - point->address < point->length))
			found |= 1u << slot;
	}
	return found;
}

void store_stop_at(uint64_t pc, struct kvm_guest_debug *debug)
{
	debug->control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW;
	debug->arch.dbg_bvr[0] = pc;
	debug->arch.dbg_bcr[0] = BCR_ENABLED;
}

void store_stop_behind(uint64_t pc, struct kvm_guest_debug *debug)
{
	const uint64_t behind = pc + STORE_INSTRUCTION_LENGTH;

	debug->control &= ~KVM_GUESTDBG_SINGLESTEP;
	store_stop_at(behind, debug);
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
