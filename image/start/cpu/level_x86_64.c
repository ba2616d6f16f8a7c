/* SPDX-License-Identifier: MIT */
/* The levels of x86-64: x86-64 psABI 1.0, table 3.1; the bits: SDM vol. 2A, CPUID; APM vol. 3, appendix E. */
#include "image/start/cpu/level_x86_64.h"
#include <ring0/x86.h>

#define EXTENDED 0x80000000u

enum { EBX, ECX };

static const struct {
	unsigned int level;
	uint32_t leaf;
	unsigned int from, bit;
	const char *name;
} features[] = {
	{ 2, 1, ECX, 0, "SSE3" },
	{ 2, 1, ECX, 9, "SSSE3" },
	{ 2, 1, ECX, 13, "CMPXCHG16B" },
	{ 2, 1, ECX, 19, "SSE4.1" },
	{ 2, 1, ECX, 20, "SSE4.2" },
	{ 2, 1, ECX, 23, "POPCNT" },
	{ 2, EXTENDED + 1, ECX, 0, "LAHF-SAHF" },
	{ 3, 1, ECX, 12, "FMA" },
	{ 3, 1, ECX, 22, "MOVBE" },
	/* OSXSAVE is the start-up code's to set. */
	{ 3, 1, ECX, 26, "XSAVE" },
	{ 3, 1, ECX, 28, "AVX" },
	{ 3, 1, ECX, 29, "F16C" },
	{ 3, 7, EBX, 3, "BMI1" },
	{ 3, 7, EBX, 5, "AVX2" },
	{ 3, 7, EBX, 8, "BMI2" },
	{ 3, EXTENDED + 1, ECX, 5, "LZCNT" },
	{ 4, 7, EBX, 16, "AVX512F" },
	{ 4, 7, EBX, 17, "AVX512DQ" },
	{ 4, 7, EBX, 28, "AVX512CD" },
	{ 4, 7, EBX, 30, "AVX512BW" },
	{ 4, 7, EBX, 31, "AVX512VL" },
};

const char *level_lacks(unsigned int level)
{
	unsigned int i;

	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		const uint32_t leaf = features[i].leaf;
		struct r0_cpuid_result result;

		if (features[i].level > level)
			continue;
		if (r0_cpuid(leaf & EXTENDED, 0).eax < leaf)
			return features[i].name;
		result = r0_cpuid(leaf, 0);
		if (!((features[i].from == EBX ? result.ebx : result.ecx) >> features[i].bit & 1))
			return features[i].name;
	}
	return NULL;
}
