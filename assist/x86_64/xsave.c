/* SPDX-License-Identifier: MIT */
/* XSAVE, XSAVEOPT, XSAVEC, XSAVES, XRSTOR, XRSTORS. SDM vol. 1, 13.4 and 13.7 to 13.12. */
#include "assist/x86_64/xsave.h"
#include <string.h>
#include <ring0/x86/msr.h>
#include "assist/x86_64/paging.h"
#include "assist/x86_64/vector.h"

#define HEADER	      512
#define HEADER_SIZE   64
#define EXTENDED      576
#define COMPACTED     (1ull << 63)
#define MXCSR_AT      24
#define MXCSR_SIZE    8 /* with its mask */
#define LEGACY_XMM    160
#define AREA_SIZE     4096
#define INITIAL_FCW   0x37f
#define INITIAL_MXCSR 0x1f80

struct header {
	uint64_t xstate_bv, xcomp_bv, reserved[6];
};

/* A piece of the x87's and SSE's components, of which the legacy region is made up. */
static const struct {
	unsigned int component;
	size_t offset, size;
} legacy[] = {
	{ VECTOR_X87, 0, MXCSR_AT },
	{ VECTOR_X87, 32, 128 },
	{ VECTOR_SSE, LEGACY_XMM, 256 },
};

/* Where a component is in a compacted area: SDM vol. 1, 13.4.3. */
static size_t compacted_at(const struct cpu *cpu, uint64_t components, unsigned int number)
{
	size_t at = EXTENDED;
	unsigned int i;

	for (i = 2; i < number; i++)
		if (components >> i & 1)
			at += cpu->component_size[i];
	return at;
}

static size_t component_at(const struct cpu *cpu, uint64_t xcomp_bv, unsigned int number)
{
	return xcomp_bv & COMPACTED ? compacted_at(cpu, xcomp_bv, number) :
				      cpu->component_at[number];
}

/* Code of fewer than 64 bits has 8 vector registers: SDM vol. 1, 13.4. */
static size_t size_of(const struct cpu *cpu, unsigned int number)
{
	bool all = cpu->bits == 64;

	switch (number) {
	case VECTOR_AVX:
	case VECTOR_ZMM_HIGH:
		return all ? cpu->component_size[number] : cpu->component_size[number] / 2;
	case VECTOR_HIGH_ZMM:
		return all ? cpu->component_size[number] : 0;
	default:
		return cpu->component_size[number];
	}
}

static size_t legacy_size(const struct cpu *cpu, unsigned int piece)
{
	bool half = cpu->bits != 64 && legacy[piece].component == VECTOR_SSE;

	return half ? legacy[piece].size / 2 : legacy[piece].size;
}

static enum done put_back(struct cpu *cpu, uint64_t address, size_t offset, const void *from,
			  size_t size)
{
	return cpu_write(cpu, address + offset, from, size, cpu_access(cpu, true));
}

static enum done save(struct cpu *cpu, uint64_t address, uint64_t requested, bool compact,
		      bool skip_initial)
{
	const uint8_t *area = cpu->code->xsave;
	struct header header;
	uint64_t in_use, saved;
	enum done done;
	unsigned int i;

	memcpy(&in_use, area + HEADER, sizeof(in_use));
	/* MXCSR differing from its initial value keeps SSE in use for XSAVEC: 13.10. */
	if (compact && memcmp(area + MXCSR_AT, &(uint32_t){ INITIAL_MXCSR }, 4) != 0)
		in_use |= 2;
	saved = skip_initial ? requested & in_use : requested;
	/* All that is to be written can be, before anything is. */
	done = cpu_probe(cpu, address, EXTENDED, cpu_access(cpu, true));
	for (i = 2; i < CPU_COMPONENTS && done == DONE; i++)
		if (saved >> i & 1)
			done = cpu_probe(
				cpu,
				address + component_at(cpu, compact ? requested | COMPACTED : 0, i),
				size_of(cpu, i), cpu_access(cpu, true));
	if (done == DONE)
		done = cpu_read(cpu, address + HEADER, &header, sizeof(header),
				cpu_access(cpu, false));
	for (i = 0; i < 3 && done == DONE; i++)
		if (saved >> legacy[i].component & 1)
			done = put_back(cpu, address, legacy[i].offset, area + legacy[i].offset,
					legacy_size(cpu, i));
	if (done == DONE && requested & 6 && (!compact || saved & 2))
		done = put_back(cpu, address, MXCSR_AT, area + MXCSR_AT, MXCSR_SIZE);
	for (i = 2; i < CPU_COMPONENTS && done == DONE; i++)
		if (saved >> i & 1) {
			static const uint8_t zero[AREA_SIZE];
			size_t at = component_at(cpu, compact ? requested | COMPACTED : 0, i);
			bool used = in_use >> i & 1;

			done = put_back(cpu, address, at, used ? area + cpu->component_at[i] : zero,
					size_of(cpu, i));
		}
	if (done != DONE)
		return done;
	header.xstate_bv = compact ? requested & in_use :
				     (header.xstate_bv & ~requested) | (requested & in_use);
	if (compact)
		header.xcomp_bv = requested | COMPACTED;
	return put_back(cpu, address, HEADER, &header, compact ? 16 : 8);
}

static bool is_valid_header(const struct cpu *cpu, const struct header *header)
{
	uint64_t any = 0;
	unsigned int i;

	for (i = 0; i < 6; i++)
		any |= header->reserved[i];
	if (header->xcomp_bv & COMPACTED)
		return !(header->xcomp_bv & ~COMPACTED & ~cpu->xcr0) &&
		       !(header->xstate_bv & ~header->xcomp_bv) && !any;
	/* Of the standard form's reserved bytes, XRSTOR looks at 23:8. */
	return !header->xcomp_bv && !header->reserved[0] && !(header->xstate_bv & ~cpu->xcr0);
}

static void initialize(const struct cpu *cpu, uint8_t *area, unsigned int number)
{
	static const uint16_t fcw = INITIAL_FCW;
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (legacy[i].component == number)
			memset(area + legacy[i].offset, 0, legacy_size(cpu, i));
	if (number == VECTOR_X87)
		memcpy(area, &fcw, sizeof(fcw));
}

static enum done restore(struct cpu *cpu, uint64_t address, uint64_t requested, bool supervisor)
{
	uint8_t from[AREA_SIZE];
	struct access access = cpu_access(cpu, false);
	uint8_t *area = cpu->code->xsave;
	uint32_t mxcsr, mxcsr_mask;
	struct header header;
	uint64_t in_use;
	enum done done;
	unsigned int i;

	done = cpu_read(cpu, address + HEADER, &header, sizeof(header), access);
	if (done != DONE)
		return done;
	if (!is_valid_header(cpu, &header) ||
	    (header.xcomp_bv & COMPACTED ? !(cpu->xsave_features & CPU_HAS_XSAVEC) : supervisor))
		return cpu_raise_code(cpu, R0_GP, 0);
	done = cpu_read(cpu, address, from, HEADER, access);
	for (i = 2; i < CPU_COMPONENTS && done == DONE; i++)
		if (requested & header.xstate_bv & 1ull << i) {
			size_t at = cpu->component_at[i];

			if (at + cpu->component_size[i] > sizeof(from)) {
				cpu->why = "its area is larger than what is provided for";
				return DONE_CANNOT;
			}
			done = cpu_read(cpu, address + component_at(cpu, header.xcomp_bv, i),
					from + at, size_of(cpu, i), access);
		}
	if (done != DONE)
		return done;
	memcpy(&mxcsr, from + MXCSR_AT, sizeof(mxcsr));
	memcpy(&mxcsr_mask, area + MXCSR_AT + 4, sizeof(mxcsr_mask));
	/* The compacted form initializes it with SSE; the standard form always loads it. */
	if (header.xcomp_bv & COMPACTED && !(header.xstate_bv & 2))
		mxcsr = INITIAL_MXCSR;
	if (requested & 6 && mxcsr & ~(mxcsr_mask ? mxcsr_mask : 0xffbf))
		return cpu_raise_code(cpu, R0_GP, 0);

	memcpy(&in_use, area + HEADER, sizeof(in_use));
	for (i = 0; i < 3; i++) {
		unsigned int component = legacy[i].component;

		if (requested & header.xstate_bv & 1ull << component)
			memcpy(area + legacy[i].offset, from + legacy[i].offset,
			       legacy_size(cpu, i));
	}
	for (i = 0; i < CPU_COMPONENTS; i++) {
		if (!(requested >> i & 1))
			continue;
		if (!(header.xstate_bv >> i & 1)) {
			initialize(cpu, area, i);
			in_use &= ~(1ull << i);
			continue;
		}
		in_use |= 1ull << i;
		if (i >= 2)
			memcpy(area + cpu->component_at[i], from + cpu->component_at[i],
			       size_of(cpu, i));
	}
	if (requested & 6)
		memcpy(area + MXCSR_AT, &mxcsr, sizeof(mxcsr));
	memcpy(area + HEADER, &in_use, sizeof(in_use));
	cpu->vector_changed = true;
	return DONE;
}

/*
 * XSAVES and XRSTORS: what XSAVEC and XRSTOR do in the compacted form, for ring 0 alone, and for
 * the supervisor's components that IA32_XSS enables. KVM_GET_XSAVE has none of those.
 */
static enum done check_supervisor(struct cpu *cpu)
{
	if (!(cpu->xsave_features & CPU_HAS_XSAVES))
		return cpu_raise(cpu, R0_UD);
	if (cpu_cpl(cpu))
		return cpu_raise_code(cpu, R0_GP, 0);
	if (!cpu_read_msr(cpu, R0_MSR_XSS))
		return DONE;
	cpu->why = "the components that IA32_XSS enables are not known here";
	return DONE_CANNOT;
}

enum done xsave_execute(struct cpu *cpu, ZydisMnemonic mnemonic, uint64_t address)
{
	uint64_t requested = ((uint32_t)cpu->gpr[CPU_RAX] | cpu->gpr[CPU_RDX] << 32) & cpu->xcr0;
	bool supervisor =
		mnemonic == ZYDIS_MNEMONIC_XSAVES || mnemonic == ZYDIS_MNEMONIC_XSAVES64 ||
		mnemonic == ZYDIS_MNEMONIC_XRSTORS || mnemonic == ZYDIS_MNEMONIC_XRSTORS64;
	enum done done = supervisor ? check_supervisor(cpu) : DONE;

	if (done == DONE && address & 63)
		done = cpu_raise_code(cpu, R0_GP, 0);
	if (done == DONE)
		done = cpu_load_vector(cpu);
	if (done != DONE)
		return done;
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_XSAVE:
	case ZYDIS_MNEMONIC_XSAVE64:
		return save(cpu, address, requested, false, false);
	case ZYDIS_MNEMONIC_XSAVEOPT:
	case ZYDIS_MNEMONIC_XSAVEOPT64:
		return cpu->xsave_features & CPU_HAS_XSAVEOPT ?
			       save(cpu, address, requested, false, true) :
			       cpu_raise(cpu, R0_UD);
	case ZYDIS_MNEMONIC_XSAVEC:
	case ZYDIS_MNEMONIC_XSAVEC64:
		return cpu->xsave_features & CPU_HAS_XSAVEC ?
			       save(cpu, address, requested, true, true) :
			       cpu_raise(cpu, R0_UD);
	case ZYDIS_MNEMONIC_XRSTOR:
	case ZYDIS_MNEMONIC_XRSTOR64:
		return restore(cpu, address, requested, false);
	case ZYDIS_MNEMONIC_XSAVES:
	case ZYDIS_MNEMONIC_XSAVES64:
		return save(cpu, address, requested, true, true);
	default:
		return restore(cpu, address, requested, true);
	}
}
