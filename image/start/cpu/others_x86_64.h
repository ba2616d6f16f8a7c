/* SPDX-License-Identifier: MIT */
/*
 * The machine's other CPUs, for tests that have several (.cpus). The one that booted is CPU 0; the others have their
 * numbers in the order of their local APICs' IDs, so that most machines' CPU n has ID n, as in a mirrored test. Between
 * tests they are parked: halted, with interrupts off.
 */
#ifndef IMAGE_START_CPU_OTHERS_X86_64_H
#define IMAGE_START_CPU_OTHERS_X86_64_H

#include <ring0/private/types.h>
#include "image/start/cpu/enter_x86_64.h"
#include "image/start/payload/format.h"

/* Number them, as many as some test wants. */
void others_choose(const struct image_payload *payload);

/* The ID of a CPU's local APIC. */
uint8_t others_apic_id(unsigned int number);

/*
 * Find those that start. On the start-up code's own page tables, and its clock. `image_at` is the image's physical
 * address, `pad_enter_at` where the program has the pad's pad_enter.
 */
void others_look(uint64_t image_at, uint64_t pad_enter_at);

/* How many CPUs there are for a test, the first included. */
unsigned int others_count(void);

/* How many there are whose local APICs' IDs only x2APIC mode reaches, which is not how a test starts: for none. */
unsigned int others_far(void);

/* Start them for a test on `cpus`: each waits for work. 0, or the number of the first that does not start. */
unsigned int others_start(unsigned int cpus);

/* Park those that run a test, whatever they do. */
void others_stop(void);

/* The number of one that could not be parked, so that nothing is sure any more, or 0. */
unsigned int others_lost(void);

/* Whether they run a test; and whether they did, and the test has failed since. */
bool others_run(void);
bool others_have_stopped(void);

/*
 * Have one watch the time, for CPU 0: false if there is none. Then others_watch_until() has it send an NMI when the clock
 * is there, 0 for never; and others_have_watched() tells whether it has.
 */
bool others_watch(void);
void others_watch_until(uint64_t at);
bool others_have_watched(void);

/*
 * Whether INIT can end what the first CPU does: that restarts it in the firmware, and a BIOS gives it back. If not, why.
 * others_await_init() readies all for it, then `then` is called in place of the test, on the start-up code's page tables;
 * and whoever watches sends INIT rather than NMIs. With NULL that is over.
 */
const char *others_why_no_init(void);
void others_await_init(void (*then)(void));

/* The number of the CPU that asks. */
unsigned int others_self(void);

/* The test is over, by a message of the CPU that calls. */
void others_leave(enum enter_end end) __attribute__((noreturn));

/* On CPU 0, in an NMI: whether that is so, by a message of another. Then `end` is how. */
bool others_have_left(enum enter_end *end);

#endif /* IMAGE_START_CPU_OTHERS_X86_64_H */
