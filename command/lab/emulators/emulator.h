/* SPDX-License-Identifier: MIT */
/*
 * What machine.c asks of the programs that emulate a machine: QEMU (qemu.c) and Bochs (bochs.c).
 * Functions that return an int return 0 or an enum lab_status (error.h), unless they say otherwise.
 */
#ifndef COMMAND_LAB_EMULATORS_EMULATOR_H
#define COMMAND_LAB_EMULATORS_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct lab_machine;
struct lab_options;
struct lab_start;

/* A text in a machine's log that tells why it ended. */
struct lab_sign {
	const char *text;
	int status;
	const char *meaning;
};

struct lab_emulator {
	const char *name;	      /* in messages */
	const char *const *modules;   /* of the kernel, for what the machine talks over; to NULL */
	const struct lab_sign *signs; /* to one without a text */
	bool is_slow_to_talk;	      /* what init says comes a byte at a time */
	/* Start it, and set the machine's descriptors; what is its own goes to machine->own. */
	int (*start)(struct lab_machine *machine, const struct lab_start *start);
	/* Release what is its own. The process has ended. */
	void (*release)(struct lab_machine *machine);
	/* As read() and write() of what init says and is told; -errno; 0 at the end. */
	ssize_t (*receive)(struct lab_machine *machine, void *data, size_t size);
	ssize_t (*transmit)(struct lab_machine *machine, const void *data, size_t size);
	/* Whether a machine may need an interrupt to notice one that came before; NULL for no. */
	bool (*loses_interrupts)(const struct lab_options *options);
	/* Get it, if the lab can; NULL where it is a package of the system. */
	int (*fetch)(const struct lab_options *options);
	/* See before all else that it can do what the options want; NULL where the start tells. */
	int (*check)(struct lab_options *options);
	/* The path of the program, for free(), or NULL. */
	char *(*program)(const struct lab_options *options);
	/* All but files that a saved state depends on, for free(). */
	char *(*key)(const struct lab_options *options);
	/* These return 0 or -errno, with nothing said. Save to a directory; stopped then. */
	int (*save)(struct lab_machine *machine, const struct lab_options *options,
		    const char *directory);
	int (*resume)(struct lab_machine *machine);
	/* Bring a machine that was started for it to the saved state, and let it run. */
	int (*restore)(struct lab_machine *machine);
	/* Say that there is no such program, or that it can't be run. */
	int (*say_missing)(const struct lab_options *options, const char *why);
};

extern const struct lab_emulator lab_qemu, lab_bochs;

/*
 * For the kernel, whatever emulates its machine. A program at the same addresses each time is one that QEMU has
 * translated already, from the second time on.
 */
#define LAB_KERNEL_OPTIONS                                                                              \
	"panic=-1 reboot=t mitigations=off audit=0 random.trust_cpu=on cryptomgr.notests lsm= nokaslr " \
	"norandmaps "                                                                                   \
	"initcall_blacklist=cubictcp_register,load_system_certificate_list,crypto_kdf108_init"

#endif /* COMMAND_LAB_EMULATORS_EMULATOR_H */
