/* SPDX-License-Identifier: MIT */
/*
 * The disc in the CD drive of a machine that Bochs emulates: what the host gives to the machine goes
 * over it. Its first block says what the ROM in rom/ loads to boot, and how much there is yet of
 * the stream of protocol.h's messages, which begins at LAB_DISC_STREAM. Bochs reads the disc's
 * file anew each time, so that the host may write on while the machine runs. What the machine says
 * comes by port 0xe9, which Bochs writes to its standard output after a banner of its own: so the
 * machine begins with LAB_DISC_MARK and the session's number. A disc with another number is another
 * host's, after a restore: the machine then begins anew in both directions. Shared by both sides;
 * depends on <stdint.h> alone.
 */
#ifndef COMMAND_LAB_EMULATORS_DISC_H
#define COMMAND_LAB_EMULATORS_DISC_H

#include <stdint.h>

#define LAB_DISC_MAGIC	  0x3043534944424152u /* "RABDISC0" */
#define LAB_DISC_MARK	  "\n\001ring0-lab\002"
#define LAB_DISC_BLOCK	  2048u
#define LAB_DISC_STREAM	  (1u << 17) /* a block: what is booted has 256 MB before it */
#define LAB_DISC_BLOCKS	  (1u << 24) /* of the whole disc, a file with holes */
#define LAB_DISC_SEGMENTS 16

/* Block 0. */
struct lab_disc {
	uint64_t magic;
	uint64_t session;
	uint64_t written;  /* bytes of the stream */
	uint64_t entry;	   /* where the machine starts in 64-bit mode */
	uint64_t argument; /* in RSI: the kernel's boot_params */
	uint32_t segment_count;
	uint32_t pad;
	struct lab_disc_segment {
		uint64_t address; /* in the machine's memory */
		uint32_t block, count;
	} segments[LAB_DISC_SEGMENTS];
};

#endif /* COMMAND_LAB_EMULATORS_DISC_H */
