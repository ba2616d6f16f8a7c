/* SPDX-License-Identifier: MIT */
/* What is measured, and what each test has it do: the same in ring 0 and in a plain process. */
#ifndef TESTS_COVERAGE_SUBJECT_H
#define TESTS_COVERAGE_SUBJECT_H

#include <stdint.h>

/* subject.c, in the program. */
int subject_classify(uint64_t entry);
int subject_sum(int count);
int subject_never(int value);

/* shared.c, in a library. */
unsigned int shared_bits(uint64_t value);

enum {
	WORK_PASSES,
	WORK_CRASHES,
	WORK_HANGS,
	WORK_FAILS,
	WORK_OWN_MACHINE,
	WORK_RING_3,
	WORK_TRIPLE_FAULT,
	WORK_CPU_0,
	WORK_CPU_1,
	WORK_MOCK,
	WORK_CRASHING_MOCK, /* the last one: see coverage_test.sh */
	WORK_COUNT,
};

/* Each has other lines, or the same ones more often. */
static inline void work(int which)
{
	switch (which) {
	case WORK_PASSES:
		subject_sum(10);
		break;
	case WORK_OWN_MACHINE:
		subject_classify(0x83);
		break;
	case WORK_CPU_1:
		subject_classify(0x84);
		shared_bits(0xff);
		break;
	default:
		subject_sum(which);
		shared_bits((uint64_t)which << 40);
	}
}

#endif /* TESTS_COVERAGE_SUBJECT_H */
