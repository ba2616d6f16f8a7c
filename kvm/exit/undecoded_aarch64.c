/* SPDX-License-Identifier: MIT */
/* Loads and stores with a bus for memory: Arm ARM (DDI 0487), C6.2 and C7.2. */
#include "kvm/exit/undecoded_aarch64.h"
#include <ring0/arm64/registers.h>
#include "kvm/exit/access_name_aarch64.h"
#include "kvm/vcpu/vcpu_aarch64.h"

#define INSTRUCTION_LENGTH 4

/* A bus takes no more at a time, in bytes. */
#define WORD 8u

/* The smallest granule: nothing is mapped by less. */
#define PAGE 0x1000ul

/* For a base it is SP. */
#define ZERO_REGISTER 31u

/* PSTATE: C5.2.19. */
#define MODE	   0xfu
#define EL0	   0x0u
#define EL1H	   0x5u
#define AARCH32	   (1u << 4)
#define BTYPE_MASK (3u << 10)

/* SCTLR_EL1: data at EL1, and at EL0, has its most significant byte first. D19.2.117. */
#define SCTLR_EE  (1ul << 25)
#define SCTLR_E0E (1ul << 24)

static uint64_t base_id(const struct undecoded *access)
{
	if (access->form.rn != ZERO_REGISTER)
		return VCPU_X(access->form.rn);
	return (access->pstate & MODE) == EL1H ? VCPU_CORE(sp_el1) : VCPU_CORE(regs.sp);
}

static int read_address(struct undecoded *access, const struct vcpu *vcpu)
{
	const struct access_form *form = &access->form;
	uint64_t base, offset = (uint64_t)form->offset;
	int err = vcpu_get(vcpu, base_id(access), &base, NULL);

	if (err >= 0 && form->by_register) {
		offset = 0;
		if (form->rm != ZERO_REGISTER)
			err = vcpu_get(vcpu, VCPU_X(form->rm), &offset, NULL);
		if (form->narrow_offset)
			offset = form->sign_offset ? (uint64_t)(int64_t)(int32_t)offset :
						     (uint32_t)offset;
		offset <<= form->shift;
	}
	access->address = base + offset;
	return err < 0 ? err : 0;
}

/* Whether a part that the bus takes as a whole would be in two pages. */
static bool has_split_part(const struct undecoded *access)
{
	const unsigned int part = access->form.size < WORD ? access->form.size : WORD;

	return undecoded_is_split(access) && access->address % part;
}

bool undecoded_is_split(const struct undecoded *access)
{
	return access->address % PAGE + access->form.count * access->form.size > PAGE;
}

const char *undecoded_decode(struct undecoded *access, const struct vcpu *vcpu,
			     uint32_t instruction)
{
	uint64_t sctlr;

	if (vcpu_get(vcpu, VCPU_CORE(regs.pc), &access->pc, NULL) < 0 ||
	    vcpu_get(vcpu, VCPU_CORE(regs.pstate), &access->pstate, NULL) < 0 ||
	    vcpu_get(vcpu, VCPU_SCTLR_EL1, &sctlr, NULL) < 0)
		return "a CPU whose registers can't be read";
	if (access->pstate & AARCH32)
		return "an instruction of AArch32";
	if (!access_decode(instruction, &access->form))
		return access_name(instruction);
	if (sctlr & ((access->pstate & MODE) == EL0 ? SCTLR_E0E : SCTLR_EE))
		return "a big-endian load or store";
	if (read_address(access, vcpu) < 0)
		return "a CPU whose registers can't be read";
	access->physical = vcpu->run->arm_nisv.fault_ipa;
	access->next = (access->physical & -PAGE) + PAGE;
	/* What faulted need not be the first byte. */
	if (access->address % PAGE != access->physical % PAGE)
		return "a load or store that begins in another page";
	if (has_split_part(access))
		return "a load or store that isn't aligned, in two pages";
	return NULL;
}

static uint64_t physical_of(const struct undecoded *access, unsigned int offset)
{
	const uint64_t within = access->address % PAGE + offset;

	return within < PAGE ? access->physical + offset : access->next + (within - PAGE);
}

static enum exit_outcome access_bus(const struct undecoded *access, struct bus *bus, unsigned int i,
				    struct vcpu_vector *value)
{
	const struct access_form *form = &access->form;
	const unsigned int part = form->size < WORD ? form->size : WORD;
	enum exit_outcome outcome = EXIT_CONTINUE;
	unsigned int done;

	for (done = 0; done < form->size && outcome == EXIT_CONTINUE; done += part)
		outcome = exit_access(bus, BUS_MEMORY, physical_of(access, i * form->size + done),
				      done ? &value->high : &value->low, part, form->write);
	return outcome;
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

static int write_back(const struct undecoded *access, struct vcpu *vcpu, struct error *error)
{
	uint64_t value;
	int err = vcpu_get(vcpu, base_id(access), &value, error);

	return err < 0 ? err :
			 vcpu_set(vcpu, base_id(access), value + (uint64_t)access->form.change,
				  error);
}

/* As each instruction but branches, it leaves BTYPE 0: D8.4.2. */
static int go_on(const struct undecoded *access, struct vcpu *vcpu, struct error *error)
{
	int err = 0;

	if (access->pstate & BTYPE_MASK)
		err = vcpu_set(vcpu, VCPU_CORE(regs.pstate), access->pstate & ~(uint64_t)BTYPE_MASK,
			       error);
	return err < 0 ? err :
			 vcpu_set(vcpu, VCPU_CORE(regs.pc), access->pc + INSTRUCTION_LENGTH, error);
}

/* Nothing of it is pending in KVM: it goes on where PC says. A pair's base may be what its first half loads. */
enum exit_outcome undecoded_carry_out(const struct undecoded *access, struct vcpu *vcpu,
				      struct bus *bus, struct error *error)
{
	const struct access_form *form = &access->form;
	struct vcpu_vector values[2] = { 0 };
	enum exit_outcome outcome;
	unsigned int i;
	int err = 0;

	for (i = 0; i < form->count; i++) {
		if (form->write)
			err = read_register(vcpu, form, i, &values[i], error);
		if (err < 0)
			return EXIT_FATAL;
		outcome = access_bus(access, bus, i, &values[i]);
		if (outcome != EXIT_CONTINUE)
			return outcome;
	}
	for (i = 0; i < form->count && !form->write && err >= 0; i++)
		err = write_register(vcpu, form, i, &values[i], error);
	if (err >= 0 && form->writes_back)
		err = write_back(access, vcpu, error);
	if (err >= 0)
		err = go_on(access, vcpu, error);
	return err < 0 ? EXIT_FATAL : EXIT_CONTINUE;
}
