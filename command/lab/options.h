/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef COMMAND_LAB_OPTIONS_H
#define COMMAND_LAB_OPTIONS_H

#include <stdbool.h>

#include "command/lab/architectures.h"
#include "command/lab/strings.h"

struct lab_options {
	/* Modules that are of use inside, besides those that the machine needs; NULL ends them. Or NULL. */
	const char *const *more_modules;
	const struct lab_architecture *architecture;
	const struct lab_kvm *kvm; /* one of the architecture's */
	const char *kvm_name;	   /* as given, or NULL */
	unsigned int cpus;
	unsigned int memory;  /* MB */
	unsigned int timeout; /* seconds for each program; 0 for none */
	const char *kernel;   /* NULL: the one in the environment or in the cache */
	const char *qemu;     /* NULL: the architecture's, in PATH */
	const char *bochs;    /* NULL: the one in the environment or in the cache */
	const char *cpu;      /* the model, or NULL for the emulator's usual one */
	const char *sysroot;  /* NULL: the architecture's, for programs not of this host */
	const char *statuses; /* a file to write each program's status to, or NULL */
	bool keep, cold, verbose, each, fetch, help, matrix;
	bool counts_instructions;	   /* for time, as Bochs does anyway */
	bool coverage;			   /* a program counts, into files that come back */
	struct lab_strings variables;	   /* NAME=VALUE */
	struct lab_strings kvm_parameters; /* NAME=VALUE, of its last module, or kvm.NAME=VALUE */
	struct lab_strings files;	   /* PATH or PATH:PATH-INSIDE */
	struct lab_strings collect;	   /* paths inside */
	struct lab_strings kernels;	   /* each that --kernel named */
	struct lab_strings programs;	   /* one, unless `each` */
	struct lab_strings arguments;
};

/* Over the defaults that `options` has. --help is not acted upon. */
int lab_options_parse(int argc, char **argv, struct lab_options *options);
void lab_options_help(void);
void lab_options_finish(struct lab_options *options);

#endif /* COMMAND_LAB_OPTIONS_H */
