/* SPDX-License-Identifier: MIT */
/*
 * Load what the disc's first block names, and go there. Memory is zero before: nothing else has run.
 * Depends on atapi_x86_64.h and disc.h.
 */
#include "command/lab/init/atapi_x86_64.h"
#include "command/lab/emulators/disc.h"

/* Below what is loaded; the second word survives a reset. */
#define BLOCK  0xa000u
#define BOOTED (*(volatile uint64_t *)0x9000)

void load(void);

/* Comes back where there is nothing to be started: after a reset, the machine is at its end. */
void load(void)
{
	const struct lab_disc *disc = (const struct lab_disc *)BLOCK;

	if (BOOTED == LAB_DISC_MAGIC)
		return;
	BOOTED = LAB_DISC_MAGIC;
	atapi_read(0, 1, (void *)BLOCK);
	if (disc->magic != LAB_DISC_MAGIC || disc->segment_count > LAB_DISC_SEGMENTS)
		return;
	for (uint32_t i = 0; i < disc->segment_count; i++)
		atapi_read(disc->segments[i].block, disc->segments[i].count,
			   (void *)disc->segments[i].address);
	/* Documentation/arch/x86/boot.rst, "64-bit boot protocol": RSI has the parameters. */
	__asm__ volatile("jmp *%0" : : "r"(disc->entry), "S"(disc->argument) : "memory");
}
