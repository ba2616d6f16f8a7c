/* SPDX-License-Identifier: MIT */
/*
 * Guest addresses as types of their own, so that a guest-physical, a guest-virtual and a host
 * address can't stand for each other, and the one range check that everything untrusted goes
 * through.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_SIZE 4096ul

typedef struct {
	uint64_t value;
} r0_gpa;

typedef struct {
	uint64_t value;
} r0_gva;

static inline r0_gpa gpa(uint64_t value)
{
	return (r0_gpa){ value };
}

static inline r0_gva gva(uint64_t value)
{
	return (r0_gva){ value };
}

/* Whether [at, at + length) lies in [first, first + size), without overflow for any values. */
static inline bool range_holds(uint64_t first, uint64_t size, uint64_t at, uint64_t length)
{
	return at >= first && at - first <= size && length <= size - (at - first);
}

/* Whether [a, a + a_size) and [b, b + b_size) share an address; empty ranges share none. */
static inline bool ranges_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a_size && b_size && (a >= b ? a - b < b_size : b - a < a_size);
}

static inline uint64_t page_floor(uint64_t address)
{
	return address & ~(PAGE_SIZE - 1);
}

static inline uint64_t page_ceiling(uint64_t address)
{
	return page_floor(address + PAGE_SIZE - 1);
}

#endif /* BASE_ADDRESS_H */
