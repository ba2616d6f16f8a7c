/* SPDX-License-Identifier: MIT */
/* One machine: its process, its log, its end. */
#ifndef COMMAND_LAB_MACHINE_H
#define COMMAND_LAB_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "command/lab/kernels/kernel.h"
#include "command/lab/options.h"

struct lab_emulator;

struct lab_machine {
	const struct lab_emulator *emulator;
	void *own;	  /* what is the emulator's own */
	pid_t pid;	  /* 0 when none runs */
	uint64_t started; /* by clock_ms() */
	int process;	  /* a pidfd */
	int port;	  /* where the messages of protocol.h arrive */
	int console;	  /* the kernel's messages */
	int complaint;	  /* the emulator's standard error */
	char *command;	  /* as it was started */
	char *log;	  /* what came from the console and the emulator so far */
	size_t log_size;
	char *refusal;	     /* what the emulator said when it last refused something, or NULL */
	uint64_t panic_time; /* by clock_ms(), 0 while its kernel is well */
	bool echo;	     /* the log goes to standard error, too */
	bool booted;	     /* it has said that it is ready */
	bool is_interrupted; /* now and then, as it may have lost an interrupt */
	bool has_command;    /* itself, not only what stands in for it: serve.h */
};

/* How a machine is started: the last two exclude each other. */
struct lab_start {
	const struct lab_options *options;
	const struct lab_kernel *kernel;
	int image;	     /* descriptors of the kernel and the initial file system, */
	int initramfs;	     /* or -1 with `restore` */
	bool save;	     /* so that its state can be saved */
	const char *restore; /* the directory of a saved state, or NULL */
};

int lab_machine_start(struct lab_machine *machine, const struct lab_start *start);
/* End it, whatever state it is in, and release everything. */
void lab_machine_stop(struct lab_machine *machine);
/* Take what the console and the emulator's standard error have; true while that runs. */
bool lab_machine_listen(struct lab_machine *machine);
/*
 * Milliseconds of a clock that all but stands still while one of the emulator's threads is ready to run and
 * the host's CPUs are taken: they wait for one another, so that each one's wait delays the machine. That it
 * still goes at a sixteenth of the time ends what hangs. It goes as clock_ms() does where the kernel
 * doesn't count the waits.
 */
uint64_t lab_machine_clock(const struct lab_machine *machine);
/* Say why a machine ended by itself, from its log. */
int lab_machine_autopsy(struct lab_machine *machine, const struct lab_options *options);

/* For emulators: */

/* The first of the descriptors that a machine's process inherits, beside the standard ones. */
#define LAB_FIRST_FD 10
#define LAB_FDS_MAX  8

struct lab_spawn {
	char **command;
	char *variable;	      /* one more for its environment, or NULL */
	bool isolated;	      /* from the network: no port that it opens is anyone's */
	int output;	      /* its standard output, or -1 */
	int fds[LAB_FDS_MAX]; /* become LAB_FIRST_FD and up; -1 for none */
	size_t count;
};

/* Start the process. machine->port and ->console are set, and made not to block here. */
int lab_machine_spawn(struct lab_machine *machine, const struct lab_spawn *spawn);

#endif /* COMMAND_LAB_MACHINE_H */
