/* SPDX-License-Identifier: MIT */
/*
 * Random accesses to every device, checked: what the parts of the fuzzer share. A sequence is
 * repeatable by its seed, and every part of it is run twice, from a copy of the devices' registers:
 * both must have the same results.
 */
#ifndef TESTS_FUZZ_DEVICE_FUZZ_H
#define TESTS_FUZZ_DEVICE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "devices/bus.h"
#include "devices/ram.h"

#define FUZZ_RAM_AT   0x10000ull
#define FUZZ_RAM_SIZE 0x10000u
#define FUZZ_ROM_AT   0x30000ull /* a page that nobody may write */

/* Something to fuzz: devices, made anew for each sequence. */
struct fuzz_target {
	const char *name;
	void (*start)(void); /* put them on fuzz_bus */
	void (*step)(void);  /* do something random, and check it */
	/* What belongs to the state beside registers and memory, or NULL. */
	void (*save)(void);
	void (*before_restore)(void); /* the registers' copy */
	void (*restore)(void);
};

extern const struct fuzz_target fuzz_ports, fuzz_hpet, fuzz_clocks, fuzz_irqchip, fuzz_pc, fuzz_pci,
	fuzz_block, fuzz_console, fuzz_net;

extern struct bus fuzz_bus;
extern struct ram fuzz_ram;
extern uint8_t *fuzz_memory; /* of the guest; not accessible around it */

/* Random numbers: all of 64 bits, below a limit, and true once in so many times. */
uint64_t fuzz_random(void);
uint64_t fuzz_below(uint64_t limit);
bool fuzz_one_in(unsigned int times);

/* A number as bugs like them: small, all ones, a power of two, or any. */
uint64_t fuzz_value(void);

/* Something that was observed, which must be the same when the sequence is run again. */
void fuzz_note(uint64_t value);

/* Stop the run: what is not as it should be, with the seed that leads there. */
void fuzz_fail(const char *what, uint64_t got, uint64_t expected) __attribute__((noreturn));

static inline void fuzz_expect(bool good, const char *what)
{
	if (!good)
		fuzz_fail(what, 0, 1);
}

static inline void fuzz_equal(uint64_t got, uint64_t expected, const char *what)
{
	if (got != expected)
		fuzz_fail(what, got, expected);
}

/* An access by the bus, through a buffer of exactly that size. Returns what was read. */
uint64_t fuzz_access(enum bus_space space, uint64_t address, size_t size, bool write,
		     uint64_t value);

/* A random access to a random place of the bus's ranges, and now and then beside them. */
void fuzz_random_access(void);

#endif /* TESTS_FUZZ_DEVICE_FUZZ_H */
