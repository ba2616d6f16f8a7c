/* SPDX-License-Identifier: MIT */
/*
 * A case of R0_FUZZ(), and what ring 0 gets in place of the engine's callbacks for comparisons (ring0/private/sanitizers.h): those count
 * bits and have tables of their own, which is slow where instructions are emulated, and lost with the reset.
 */
#include <ring0.h>
#include <ring0/private/abi.h>
#include <ring0/private/fuzz.h>
#include <ring0/private/sanitizers.h>
#include "guest/host/require.h"

struct r0_compares r0_compares;
bool r0_compares_wanted;

void r0_fuzz_case(void (*fn)(const uint8_t *data, size_t size))
{
	const struct r0_fuzz_input *input;

	require_guest("R0_FUZZ");
	input = r0_guest.param;
	fn(input->data, input->size);
}

static void note(enum r0_compare_kind kind, uint64_t a, uint64_t b)
{
	uint64_t number;

	if (!r0_compares_wanted || a == b)
		return;
	number = r0_compares.count++;
	if (number < R0_COMPARES)
		r0_compares.entries[number] = (struct r0_compare){ kind, a, b };
}

#define DEFINE(name, type, kind)              \
	void r0_trace_##name(type a, type b); \
	void r0_trace_##name(type a, type b)  \
	{                                     \
		note(kind, a, b);             \
	}

DEFINE(cmp1, uint8_t, R0_COMPARE_1)
DEFINE(cmp2, uint16_t, R0_COMPARE_2)
DEFINE(cmp4, uint32_t, R0_COMPARE_4)
DEFINE(cmp8, uint64_t, R0_COMPARE_8)
DEFINE(const_cmp1, uint8_t, R0_COMPARE_CONST_1)
DEFINE(const_cmp2, uint16_t, R0_COMPARE_CONST_2)
DEFINE(const_cmp4, uint32_t, R0_COMPARE_CONST_4)
DEFINE(const_cmp8, uint64_t, R0_COMPARE_CONST_8)
DEFINE(switch, uint64_t, R0_COMPARE_SWITCH)

void r0_trace_nothing(void);

/* Divisors, indices and indirect calls. */
void r0_trace_nothing(void)
{
}
