/* SPDX-License-Identifier: MIT */
/* A page for mappings, and what becomes of accesses to them. Of page_tables.c and page_entries.c. */
#ifndef TESTS_GUEST_PAGE_TABLES_H
#define TESTS_GUEST_PAGE_TABLES_H

#include <ring0.h>
#include <ring0/x86.h>

/* Physical memory for the mappings, with RET to run, at a place that no test maps twice. */
static uint8_t page[4096] __attribute__((aligned(4096))) = { 0xc3, 1, 2, 3, 4, 5, 6, 7 };

#define PAGE_CONTENT 0x07060504030201c3ul

#define RIGHTS (R0_PAGE_P | R0_PAGE_RW)

static inline volatile uint64_t *at(uint64_t address)
{
	return (volatile uint64_t *)address;
}

/* A #PF with that error code and address, and nothing else, became of it. */
#define ASSERT_PAGE_FAULT(fault, error_code_, address)         \
	do {                                                   \
		const struct r0_fault *fault_ = &(fault);      \
		R0_ASSERT_EQ(fault_->vector, R0_PF);           \
		R0_ASSERT_EQ(fault_->error_code, error_code_); \
		R0_ASSERT_EQ(fault_->cr2, address);            \
	} while (0)

#endif /* TESTS_GUEST_PAGE_TABLES_H */
