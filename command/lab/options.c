/* SPDX-License-Identifier: MIT */
/*
 * The command line of `ring0 lab`.
 */
#include <elf.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "command/lab/architectures.h"
#include "command/lab/error.h"
#include "command/lab/options.h"
#include "command/lab/strings.h"
#include "command/values.h"

#define MEMORY_MIN 192
#define MEMORY_MAX 65536

enum {
	OPTION_KERNEL = 256,
	OPTION_QEMU,
	OPTION_BOCHS,
	OPTION_KVM,
	OPTION_KVM_PARAMETER,
	OPTION_CPU,
	OPTION_SYSROOT,
	OPTION_ENV,
	OPTION_FILE,
	OPTION_COLLECT,
	OPTION_FETCH,
	OPTION_MATRIX,
	OPTION_KEEP,
	OPTION_EACH,
	OPTION_COLD,
	OPTION_COUNT_INSTRUCTIONS,
	OPTION_STATUSES,
	OPTION_ARCH,
	OPTION_CPUS,
	OPTION_MEMORY,
	OPTION_TIMEOUT
};

static const struct option long_options[] = {
	{ "arch", required_argument, NULL, OPTION_ARCH },
	{ "cpus", required_argument, NULL, OPTION_CPUS },
	{ "memory", required_argument, NULL, OPTION_MEMORY },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "kernel", required_argument, NULL, OPTION_KERNEL },
	{ "qemu", required_argument, NULL, OPTION_QEMU },
	{ "bochs", required_argument, NULL, OPTION_BOCHS },
	{ "kvm", required_argument, NULL, OPTION_KVM },
	{ "kvm-parameter", required_argument, NULL, OPTION_KVM_PARAMETER },
	{ "cpu", required_argument, NULL, OPTION_CPU },
	{ "sysroot", required_argument, NULL, OPTION_SYSROOT },
	{ "env", required_argument, NULL, OPTION_ENV },
	{ "file", required_argument, NULL, OPTION_FILE },
	{ "collect", required_argument, NULL, OPTION_COLLECT },
	{ "fetch", no_argument, NULL, OPTION_FETCH },
	{ "matrix", no_argument, NULL, OPTION_MATRIX },
	{ "keep", no_argument, NULL, OPTION_KEEP },
	{ "each", no_argument, NULL, OPTION_EACH },
	{ "statuses", required_argument, NULL, OPTION_STATUSES },
	{ "cold", no_argument, NULL, OPTION_COLD },
	{ "count-instructions", no_argument, NULL, OPTION_COUNT_INSTRUCTIONS },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: ring0 lab [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	"       ring0 lab [OPTION]... --each PROGRAM... [-- ARGUMENT...]\n"
	"       ring0 lab [OPTION]... --matrix PROGRAM [ARGUMENT]...\n"
	"       ring0 lab [--arch ARCH] [--kvm KVM] --fetch\n"
	"Run a program on a genuine KVM inside an emulated machine.\n"
	"\n"
	"  --arch ARCH       x86_64 or aarch64 (default: this host's)\n"
	"  --kvm KVM         for x86_64: amd (in QEMU, the default) or intel (in Bochs)\n"
	"                    ($RING0_LAB_KVM)\n"
	"  --kvm-parameter NAME=VALUE\n"
	"                    load KVM's module with it, such as ept=0 or npt=0; the module\n"
	"                    kvm with kvm.NAME=VALUE\n"
	"  --cpu MODEL       the emulated CPU: QEMU's models (default max), or in Bochs\n"
	"                    haswell (default), skylake_x, broadwell, penryn and its own\n"
	"  --cpus N          the machine's CPUs (default 1)\n"
	"  --memory MB       the machine's memory (default 512)\n"
	"  --timeout SECONDS end a program that runs for longer (default 600; 0: never)\n"
	"  --kernel FILE     boot this kernel, with its modules in ../lib/modules beside it\n"
	"                    (default: $RING0_LAB_KERNEL, else the one that --fetch got)\n"
	"  --fetch           get Debian's cloud kernel (or Ubuntu's) into the cache, by apt;\n"
	"                    with --kvm intel Bochs, too, built from Debian 13's source\n"
	"  --file FILE[:AS]  take a file or directory along, under its own path or AS;\n"
	"                    a program or library brings the libraries that it needs\n"
	"  --env NAME=VALUE  set a variable; R0_*, RING0_* and a few more are passed on\n"
	"  --collect FILE    copy a file out of the machine at the end, to the same path; of\n"
	"                    FOLDER/ all files that the program wrote in it\n"
	"  --each            run several programs, one after the other, in one machine\n"
	"  --matrix          run it on this host's KVM and on each that the lab has, with each\n"
	"                    --kernel, and print one table; 1 if verdicts differ or are bad\n"
	"  --statuses FILE   write each program's exit status to FILE: status, tab, program\n"
	"  --cold            boot, even if a saved machine could be restored\n"
	"  --count-instructions\n"
	"                    the machine's time goes by what it has executed, not by the host's\n"
	"                    clock, so that limits hold on a loaded host, too: for one CPU\n"
	"  --sysroot DIR     where libraries of another architecture are\n"
	"                    (default /usr/ARCH-linux-gnu)\n"
	"  --qemu FILE       the QEMU to use (default: qemu-system-ARCH, in PATH)\n"
	"  --bochs FILE      the Bochs to use (default: $RING0_BOCHS, else the one that --fetch\n"
	"                    built)\n"
	"  --keep            keep the machine's console log and say where it is\n"
	"  -v, --verbose     show how the emulator is started and what the kernel says\n"
	"\n"
	"The exit status is the program's, 128 + N if signal N ended it. The lab's own:\n"
	"80 command line; 81 no such program, library or file; 82 wrong architecture;\n"
	"83 no kernel; 84 kernel without KVM; 85 no usable emulator; 86 too little memory;\n"
	"87 kernel panic or end of the machine; 88 time limit; 89 disk; 90 other.\n"
	"With --each: 0 if every program's was 0 or 77, 77 if all were, else the first other.\n";

static int parse_number(const char *option, const char *text, unsigned int least, unsigned int most,
			unsigned int *value)
{
	if (values_number(text, least, most, value))
		return 0;
	return lab_error(LAB_USAGE, "--%s %s: a number from %u to %u is expected", option, text,
			 least, most);
}

static int parse_architecture(const char *name, struct lab_options *options)
{
	for (size_t i = 0; i < sizeof(lab_architectures) / sizeof(*lab_architectures); i++) {
		if (!strcmp(name, lab_architectures[i].name) ||
		    !strcmp(name, lab_architectures[i].debian)) {
			options->architecture = &lab_architectures[i];
			return 0;
		}
	}
	return lab_error(LAB_USAGE, "--arch %s: there are x86_64 and aarch64", name);
}

static int parse_option(int option, const char *value, struct lab_options *options)
{
	switch (option) {
	case OPTION_ARCH:
		return parse_architecture(value, options);
	case OPTION_CPUS:
		return parse_number("cpus", value, 1, 8, &options->cpus);
	case OPTION_MEMORY:
		if (parse_number("memory", value, 1, MEMORY_MAX, &options->memory))
			return LAB_USAGE;
		if (options->memory < MEMORY_MIN)
			return lab_error(LAB_NO_MEMORY,
					 "--memory %s: a kernel with KVM needs at least %d MB",
					 value, MEMORY_MIN);
		return 0;
	case OPTION_TIMEOUT:
		return parse_number("timeout", value, 0, 1000000, &options->timeout);
	case OPTION_ENV:
		if (!strchr(value, '=') || *value == '=')
			return lab_error(LAB_USAGE, "--env %s: NAME=VALUE is expected", value);
		lab_strings_add(&options->variables, value);
		return 0;
	case OPTION_COLLECT:
		lab_strings_add(&options->collect, value);
		return 0;
	case OPTION_FILE:
		lab_strings_add(&options->files, value);
		return 0;
	case OPTION_KERNEL:
		options->kernel = value;
		lab_strings_add(&options->kernels, value);
		return 0;
	case OPTION_QEMU:
		options->qemu = value;
		return 0;
	case OPTION_BOCHS:
		options->bochs = value;
		return 0;
	case OPTION_KVM:
		options->kvm_name = value;
		return 0;
	case OPTION_CPU:
		options->cpu = value;
		return 0;
	case OPTION_KVM_PARAMETER:
		if (!strchr(value, '=') || *value == '=' || strpbrk(value, " \n\"") ||
		    strlen(value) > 200)
			return lab_error(LAB_USAGE,
					 "--kvm-parameter %s: NAME=VALUE is expected, or "
					 "kvm.NAME=VALUE for the module kvm itself",
					 value);
		lab_strings_add(&options->kvm_parameters, value);
		return 0;
	case OPTION_SYSROOT:
		options->sysroot = value;
		return 0;
	case OPTION_STATUSES:
		options->statuses = value;
		return 0;
	case OPTION_MATRIX:
		options->matrix = true;
		return 0;
	case OPTION_FETCH:
		options->fetch = true;
		return 0;
	case OPTION_KEEP:
		options->keep = true;
		return 0;
	case OPTION_EACH:
		options->each = true;
		return 0;
	case OPTION_COLD:
		options->cold = true;
		return 0;
	case OPTION_COUNT_INSTRUCTIONS:
		options->counts_instructions = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	default:
		return lab_error(LAB_USAGE, "the command line is wrong; see `ring0 lab --help`");
	}
}

static int parse_operands(char **arguments, struct lab_options *options)
{
	bool programs = true;

	for (; *arguments; arguments++) {
		if (!options->each && options->programs.count)
			programs = false;
		if (options->each && programs && !strcmp(*arguments, "--"))
			programs = false;
		else
			lab_strings_add(programs ? &options->programs : &options->arguments,
					*arguments);
	}
	if (!options->programs.count)
		return lab_error(LAB_USAGE, "which program? See `ring0 lab --help`");
	return 0;
}

/* The one that was named, in the environment if nowhere else. */
static int choose_kvm(struct lab_options *options)
{
	const struct lab_architecture *architecture = options->architecture;
	const char *environment = getenv("RING0_LAB_KVM"), *name = options->kvm_name;
	char *names;

	options->kvm = &architecture->kvms[0];
	/* What is for x86_64 says nothing of other architectures. */
	if (!name && environment && *environment && architecture->kvm_count > 1)
		name = environment;
	if (!name)
		return 0;
	for (size_t i = 0; i < architecture->kvm_count; i++) {
		options->kvm = &architecture->kvms[i];
		if (!strcmp(name, options->kvm->name))
			return 0;
	}
	names = lab_format("%s", architecture->kvms[0].name);
	for (size_t i = 1; i < architecture->kvm_count; i++) {
		char *longer = lab_format("%s and %s", names, architecture->kvms[i].name);

		free(names);
		names = longer;
	}
	lab_error(LAB_USAGE, "--kvm %s: for %s there %s %s", name, architecture->name,
		  architecture->kvm_count > 1 ? "are" : "is", names);
	free(names);
	return LAB_USAGE;
}

/* What is for one emulator, or one machine, has no place there. */
static int check_matrix(const struct lab_options *options)
{
	const char *wrong = options->each		  ? "--each" :
			    options->kvm_name		  ? "--kvm" :
			    options->cpu		  ? "--cpu" :
			    options->kvm_parameters.count ? "--kvm-parameter" :
			    options->statuses		  ? "--statuses" :
			    options->collect.count	  ? "--collect" :
			    !options->programs.count	  ? "--fetch" :
							    NULL;

	return wrong ? lab_error(LAB_USAGE,
				 "--matrix and %s don't go together: it runs on several machines",
				 wrong) :
		       0;
}

/* With several CPUs QEMU's machine does not come up that way, and arm64's has not been tried. */
static int check_counting(const struct lab_options *options)
{
	if (options->cpus < 2 && options->architecture->elf_machine == EM_X86_64)
		return 0;
	return lab_error(LAB_USAGE, "--count-instructions is for an x86_64 machine of one CPU");
}

/* The architecture of this host. */
static int choose_host(struct lab_options *options)
{
	struct utsname host;

	uname(&host);
	return parse_architecture(host.machine, options);
}

int lab_options_parse(int argc, char **argv, struct lab_options *options)
{
	int option, status = 0;

	opterr = 0;
	optind = 1;
	while (!status && !options->help &&
	       (option = getopt_long(argc, argv, "+vh", long_options, NULL)) != -1) {
		if (option == '?')
			status = lab_error(LAB_USAGE,
					   "%s is no option, or its value is missing; see "
					   "`ring0 lab --help`",
					   argv[optind - 1]);
		else
			status = parse_option(option, optarg, options);
	}
	if (options->help)
		return status;
	if (!status && !(options->fetch && optind == argc))
		status = parse_operands(argv + optind, options);
	if (!status && !options->architecture)
		status = choose_host(options);
	if (!status)
		status = choose_kvm(options);
	if (!status && options->matrix)
		status = check_matrix(options);
	if (!status && options->counts_instructions)
		status = check_counting(options);
	return status;
}

void lab_options_help(void)
{
	fputs(help, stdout);
}

void lab_options_finish(struct lab_options *options)
{
	lab_strings_finish(&options->variables);
	lab_strings_finish(&options->kvm_parameters);
	lab_strings_finish(&options->kernels);
	lab_strings_finish(&options->files);
	lab_strings_finish(&options->collect);
	lab_strings_finish(&options->programs);
	lab_strings_finish(&options->arguments);
}
