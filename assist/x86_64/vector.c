/* SPDX-License-Identifier: MIT */
/* The extended state in XSAVE's standard format. SDM vol. 1, 13.4. */
#include "assist/x86_64/vector.h"
#include <string.h>

#define LEGACY_XMM 160
#define HEADER	   512

static uint64_t in_use(const struct cpu *cpu)
{
	uint64_t components;

	memcpy(&components, cpu->code->xsave + HEADER, sizeof(components));
	return components;
}

/* A part of a component; one that is not in use is in its initial form, all 0. */
static void get_part(const struct cpu *cpu, unsigned int component, size_t offset, void *to,
		     size_t size)
{
	if (in_use(cpu) >> component & 1)
		memcpy(to, cpu->code->xsave + offset, size);
	else
		memset(to, 0, size);
}

static void set_part(struct cpu *cpu, unsigned int component, size_t first, size_t whole,
		     size_t offset, const void *from, size_t size)
{
	uint64_t components = in_use(cpu);

	if (!(components >> component & 1)) {
		memset(cpu->code->xsave + first, 0, whole);
		components |= 1ull << component;
		memcpy(cpu->code->xsave + HEADER, &components, sizeof(components));
	}
	memcpy(cpu->code->xsave + offset, from, size);
	cpu->vector_changed = true;
}

/* The pieces that a vector register is in: bytes 0 to 15, 16 to 31, 32 to 63, or 0 to 63. */
struct piece {
	unsigned int component;
	uint32_t first, whole; /* of the component */
	uint32_t offset, size; /* of the piece */
};

static unsigned int pieces_of(const struct cpu *cpu, unsigned int number, struct piece *pieces)
{
	if (number >= 16) {
		pieces[0].component = VECTOR_HIGH_ZMM;
		pieces[0].first = cpu->component_at[VECTOR_HIGH_ZMM];
		pieces[0].whole = cpu->component_size[VECTOR_HIGH_ZMM];
		pieces[0].offset = pieces[0].first + 64 * (number - 16);
		pieces[0].size = 64;
		return 1;
	}
	pieces[0] = (struct piece){ VECTOR_SSE, LEGACY_XMM, 256, LEGACY_XMM + 16 * number, 16 };
	pieces[1].component = VECTOR_AVX;
	pieces[1].first = cpu->component_at[VECTOR_AVX];
	pieces[1].whole = cpu->component_size[VECTOR_AVX];
	pieces[1].offset = pieces[1].first + 16 * number;
	pieces[1].size = 16;
	pieces[2].component = VECTOR_ZMM_HIGH;
	pieces[2].first = cpu->component_at[VECTOR_ZMM_HIGH];
	pieces[2].whole = cpu->component_size[VECTOR_ZMM_HIGH];
	pieces[2].offset = pieces[2].first + 32 * number;
	pieces[2].size = 32;
	return 3;
}

void vector_get(const struct cpu *cpu, unsigned int number, void *to, size_t size)
{
	struct piece pieces[3];
	unsigned int count = pieces_of(cpu, number, pieces), i;
	uint8_t *at = to;

	for (i = 0; i < count && size; i++) {
		size_t step = size < pieces[i].size ? size : pieces[i].size;

		get_part(cpu, pieces[i].component, pieces[i].offset, at, step);
		at += step;
		size -= step;
	}
}

void vector_set(struct cpu *cpu, unsigned int number, const void *from, size_t size)
{
	struct piece pieces[3];
	unsigned int count = pieces_of(cpu, number, pieces), i;
	const uint8_t *at = from;

	for (i = 0; i < count && size; i++) {
		size_t step = size < pieces[i].size ? size : pieces[i].size;

		if (pieces[i].whole)
			set_part(cpu, pieces[i].component, pieces[i].first, pieces[i].whole,
				 pieces[i].offset, at, step);
		at += step;
		size -= step;
	}
}

uint64_t vector_get_mask(const struct cpu *cpu, unsigned int number)
{
	uint32_t first = cpu->component_at[VECTOR_MASKS], size = cpu->component_size[VECTOR_MASKS];
	uint64_t value = 0;

	if (size)
		get_part(cpu, VECTOR_MASKS, first + 8 * number, &value, sizeof(value));
	return value;
}

void vector_set_mask(struct cpu *cpu, unsigned int number, uint64_t value)
{
	uint32_t first = cpu->component_at[VECTOR_MASKS], size = cpu->component_size[VECTOR_MASKS];

	if (size)
		set_part(cpu, VECTOR_MASKS, first, size, first + 8 * number, &value, sizeof(value));
}

uint32_t vector_get_pkru(const struct cpu *cpu)
{
	uint32_t value = 0;

	if (cpu->component_size[VECTOR_PKRU])
		get_part(cpu, VECTOR_PKRU, cpu->component_at[VECTOR_PKRU], &value, sizeof(value));
	return value;
}

void vector_set_pkru(struct cpu *cpu, uint32_t value)
{
	uint32_t first = cpu->component_at[VECTOR_PKRU], size = cpu->component_size[VECTOR_PKRU];

	if (size)
		set_part(cpu, VECTOR_PKRU, first, size, first, &value, sizeof(value));
}
