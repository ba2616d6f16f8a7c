/* SPDX-License-Identifier: MIT */
/*
 * `ring0 boot`: what its files share. options.c reads the command line, and
 * own.h says what of it the architecture has; files.c gets files into
 * memory; terminal.c has the user's keys come through, and makes it good again; console.c passes the
 * guest's text on; run.c makes the machine and waits for its end, which outcome.c puts into words and
 * a status.
 */
#ifndef COMMAND_BOOT_BOOT_H
#define COMMAND_BOOT_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ring0/boot.h>
#include "command/boot/device.h"

/* Its own exit statuses; any other is that of the guest's debug exit. */
enum boot_status {
	BOOT_OK = 0,	       /* powered off */
	BOOT_USAGE = 80,       /* the command line */
	BOOT_MISSING = 81,     /* a file that can't be read */
	BOOT_UNSUPPORTED = 82, /* a kernel for another machine, or that wants what there is not */
	BOOT_NO_KERNEL = 83,   /* no kernel, a damaged one, or one that does not fit */
	BOOT_NO_KVM = 84,      /* no KVM that can be used */
	BOOT_NO_DEVICE = 85,   /* a disk or network that can't be had */
	BOOT_SHUT_DOWN = 86,   /* a CPU shut down: a triple fault */
	BOOT_GAVE_UP = 87,     /* KVM or the CPU gave up */
	BOOT_LIMIT = 88,       /* of time, or of resets */
	BOOT_HALTED = 89,      /* every CPU, for good */
	BOOT_INTERNAL = 90,    /* the host refused something else */
	BOOT_UNSAID = 91,      /* it ended by itself before it said what --until waits for */
};

#define BOOT_MODULES_MAX 64

/* A kernel that resets the machine as often will do it for ever. */
#define BOOT_RESETS_MAX 32

/* Who has the machine's interrupt controllers and timer. */
enum boot_irqchip {
	BOOT_IRQCHIP_DEFAULT, /* of the machine's: boot_options_parse() leaves none of these */
	BOOT_IRQCHIP_KERNEL,
	BOOT_IRQCHIP_SPLIT, /* KVM the local APICs, the monitor the rest */
	BOOT_IRQCHIP_NONE,
};

struct boot_options {
	const char *kernel; /* NULL for none, with `from` */
	const char *until;  /* what the console is to say, or NULL */
	const char *save;   /* where to, with `until`; NULL is the kernel's name and .snapshot */
	const char *from;   /* a snapshot, or NULL */
	bool check;	    /* all of it, before it is continued */
	char *typed;	    /* what is typed at first, or NULL; for free() */
	char *command_line; /* of --append and what follows --; for free() */
	const char *modules[BOOT_MODULES_MAX]; /* files, in the order in which they were named */
	size_t module_count;
	const char *environment; /* a file, or NULL */
	unsigned int cpus;
	uint64_t memory;		   /* bytes */
	const char *devices[BOOT_DEVICES]; /* the value of each one's option, or NULL */
	enum r0_vm_console console;
	const char *gdb;	    /* where gdb connects to, "" for a free port, "-"; or NULL */
	const char *symbols;	    /* an ELF file with the kernel's, or NULL */
	unsigned int time_limit_ms; /* 0 for none */
	enum r0_boot_protocol protocol;
	bool bare;   /* --machine none */
	bool no_pit; /* --machine pc,pit=off */
	bool iommu;  /* --machine pc,iommu=on */
	enum boot_irqchip irqchip;
	bool test_devices;
	const char *cpu; /* or NULL */
	bool verbose, help;
};

/* ---- options.c ---- */

/* Returns 0 or a status, having said in one line what is wrong. boot_options_finish() in any case. */
int boot_options_parse(int argc, char **argv, struct boot_options *options);
void boot_options_help(void);
void boot_options_finish(struct boot_options *options);

/* ---- files.c ---- */

/* Print one line that starts with "ring0 boot: ", and return `status`. */
int boot_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A file in memory, read-only. */
struct boot_file {
	const void *data; /* never NULL */
	size_t size;
};

/* Returns 0 or BOOT_MISSING, having said why. boot_file_unmap() takes one of { 0 }, too. */
int boot_file_map(struct boot_file *file, const char *path);
void boot_file_unmap(struct boot_file *file);

/* ---- terminal.c ---- */

/*
 * Standard input as the guest's keyboard: a terminal gives each key at once, unseen, and keeps the keys
 * that make signals, but for that which stops. boot_terminal_restore() puts it back, from wherever;
 * also if the process ends by exit().
 */
void boot_terminal_take(void);
void boot_terminal_restore(void);

/* Whether there is something to be read: not from a terminal that another process group has. */
bool boot_terminal_is_input(void);

/* ---- until.c ---- */

/* A text that the console is to say. */
struct boot_until {
	const char *text; /* NULL for none */
	size_t size, matched;
	size_t *shorter;
	int said_evt; /* an eventfd: readable once it was said */
};

/* `text`, which is not empty, stays the caller's. Returns 0 or a status; boot_until_finish() in any case. */
int boot_until_init(struct boot_until *until, const char *text);
void boot_until_finish(struct boot_until *until);

/* What the console says next. Returns whether it has said the text by now. */
bool boot_until_look(struct boot_until *until, const char *data, size_t size);

/* ---- console.c ---- */

struct boot_console {
	enum r0_vm_console number; /* the one that is passed on */
	int fd;			   /* where to */
	int end_evt;		   /* an eventfd: readable once nothing is waited for any more */
	int failed;		   /* errno of the write that failed, or 0 */
	struct boot_until until;
	struct r0_vm *vm; /* that is held when that was said */
};

/* The VM's `output`, with the console as context. Waits for whoever reads `fd`, but not for ever. */
void boot_console_output(void *context, enum r0_vm_console console, const void *data, size_t size);

/* ---- halt.c ---- */

struct boot_halt {
	uint64_t interval_ms;
	uint64_t at_ns,
		used_ns;   /* of the last look: when it was, and the time of CPUs until then */
	unsigned int seen; /* looks until now that found it halted, one after another */
};

void boot_halt_begin(struct boot_halt *halt);

/* How long until the next look, in milliseconds. */
int boot_halt_wait_ms(const struct boot_halt *halt);

/* Whether it is time for one, and every CPU of the machine, which runs, has halted for good. */
bool boot_halt_look(struct boot_halt *halt, struct r0_vm *vm);

/* ---- snapshot.c ---- */

/*
 * Read a snapshot, and have the options be those of the machine that it is of. Returns 0 or a status, having
 * said why.
 */
int boot_snapshot_load(struct r0_vm_snapshot **snapshot, const struct boot_options *options,
		       struct r0_vm_options *vm_options);

/* Put it into the machine that was made by these. Returns 0 or a status, having said why. */
int boot_snapshot_restore(struct r0_vm_snapshot *snapshot, struct r0_vm *vm,
			  const struct boot_options *options);

/* Save a machine, which runs, and say so. Returns 0 or a status, having said why. */
int boot_snapshot_save(struct r0_vm *vm, const struct boot_options *options);

/* ---- run.c ---- */

/* What a status alone does not tell. */
struct boot_result {
	int signal;    /* that ended it, for the process to end by, or 0 */
	bool is_ended; /* the machine ran, and came to that end: */
	enum r0_vm_end end;
	uint32_t guest_status; /* of R0_VM_STATUS */
};

/* Returns the status, having said in one line what ended it. */
int boot_run(const struct boot_options *options, struct boot_result *result);

/* ---- outcome.c ---- */

/*
 * Say in one line what ended the machine, and, if that is the kernel's death, where it was, how it came
 * there and what the CPUs held: all by the symbols of that file. Returns the status.
 */
int boot_outcome_tell(const struct boot_options *options, struct r0_vm *vm,
		      const struct r0_vm_outcome *outcome, const struct boot_file *symbols);

#endif /* COMMAND_BOOT_BOOT_H */
