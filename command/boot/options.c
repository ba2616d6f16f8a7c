/* SPDX-License-Identifier: MIT */
/* The command line of `ring0 boot`. Depends on own.h, boot/protocol.h and libc. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "boot/protocol.h"
#include "command/boot/own.h"
#include "command/consoles.h"
#include "command/values.h"

#define MEMORY_DEFAULT (512ull << 20)

enum {
	OPTION_APPEND = 256,
	OPTION_INITRD,
	OPTION_ENV_FILE,
	OPTION_CPUS,
	OPTION_MEMORY,
	OPTION_CONSOLE,
	OPTION_TIMEOUT,
	OPTION_PROTOCOL,
	OPTION_MACHINE,
	OPTION_IRQCHIP,
	OPTION_SYMBOLS,
	OPTION_TEST_DEVICES,
	OPTION_CPU,
	OPTION_UNTIL,
	OPTION_SAVE,
	OPTION_FROM,
	OPTION_CHECK,
	OPTION_TYPE,
	OPTION_GDB,
	OPTION_DEVICE, /* the first of boot_devices, and the others behind it */
};

static const struct option long_options[] = {
	{ "append", required_argument, NULL, OPTION_APPEND },
	{ "initrd", required_argument, NULL, OPTION_INITRD },
	{ "env-file", required_argument, NULL, OPTION_ENV_FILE },
	{ "cpus", required_argument, NULL, OPTION_CPUS },
	{ "memory", required_argument, NULL, OPTION_MEMORY },
	{ "console", required_argument, NULL, OPTION_CONSOLE },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "protocol", required_argument, NULL, OPTION_PROTOCOL },
	{ "machine", required_argument, NULL, OPTION_MACHINE },
	{ "irqchip", required_argument, NULL, OPTION_IRQCHIP },
	{ "symbols", required_argument, NULL, OPTION_SYMBOLS },
	{ "cpu", required_argument, NULL, OPTION_CPU },
	{ "until", required_argument, NULL, OPTION_UNTIL },
	{ "save", required_argument, NULL, OPTION_SAVE },
	{ "from", required_argument, NULL, OPTION_FROM },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "type", required_argument, NULL, OPTION_TYPE },
	{ "gdb", optional_argument, NULL, OPTION_GDB },
	{ "test-devices", no_argument, NULL, OPTION_TEST_DEVICES },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
};

#define OPTIONS (sizeof(long_options) / sizeof(long_options[0]))

static const char usage[] =
	"Usage: ring0 boot [OPTION]... KERNEL [-- ARGUMENT...]\n"
	"Boot a kernel in a virtual machine. Standard output is its console, standard input its\n"
	"input. Each ARGUMENT is appended to its command line.\n"
	"\n"
	"  --append TEXT     the kernel's command line\n";

static int parse_cpus(const char *text, unsigned int *cpus)
{
	if (values_number(text, 1, R0_VM_CPUS_MAX, cpus))
		return 0;
	return boot_error(BOOT_USAGE, "--cpus %s: a number from 1 to %u is expected", text,
			  R0_VM_CPUS_MAX);
}

static int parse_memory(const char *text, uint64_t *memory)
{
	unsigned long long number;
	unsigned int shift = 20;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (end != text && *end) {
		const char *units = "KMG", *unit = strchr(units, *end & ~0x20);

		if (unit && *unit && (!end[1] || ((end[1] & ~0x20) == 'B' && !end[2])))
			shift = 10 * (unsigned int)(unit - units + 1);
		else
			end = (char *)(uintptr_t)text;
	}
	/* 4 KiB to 1 TiB. */
	if (errno || end == text || *text < '0' || *text > '9' || number > (1ull << 40 >> shift) ||
	    number << shift < 4096 || number << shift & 4095)
		return boot_error(
			BOOT_USAGE,
			"--memory %s: a size from 4K to 1024G, with K, M or G, is expected", text);
	*memory = number << shift;
	return 0;
}

static int parse_timeout(const char *text, unsigned int *time_limit_ms)
{
	if (values_seconds(text, time_limit_ms) && *time_limit_ms)
		return 0;
	return boot_error(BOOT_USAGE,
			  "--timeout %s: a number of seconds from 0.001 to %d is expected", text,
			  VALUES_SECONDS_MAX);
}

static int parse_protocol(const char *text, enum r0_boot_protocol *protocol)
{
	unsigned int i;

	for (i = 0; i < R0_BOOT_PROTOCOLS; i++) {
		if ((i != R0_BOOT_AUTO && !boot_protocols[i]) ||
		    strcmp(text, r0_boot_protocol_name((enum r0_boot_protocol)i)) != 0)
			continue;
		*protocol = (enum r0_boot_protocol)i;
		return 0;
	}
	return boot_error(BOOT_USAGE, "--protocol %s: there are %s", text, boot_own_protocols);
}

static int parse_console(const char *text, enum r0_vm_console *console)
{
	char names[128];

	if (console_find(text, console))
		return 0;
	return boot_error(BOOT_USAGE, "--console %s: there are %s", text,
			  console_list(names, sizeof(names), "and"));
}

static int add_module(const char *file, struct boot_options *options)
{
	/* One is left for the environment. */
	if (options->module_count == BOOT_MODULES_MAX - 1)
		return boot_error(BOOT_USAGE, "--initrd %s: %d modules at most", file,
				  BOOT_MODULES_MAX - 1);
	options->modules[options->module_count++] = file;
	return 0;
}

/* With a blank between, if there is something already. */
static int append(const char *text, struct boot_options *options)
{
	char *before = options->command_line;

	if (asprintf(&options->command_line, "%s%s%s", before ? before : "", before ? " " : "",
		     text) < 0) {
		options->command_line = before;
		return boot_error(BOOT_INTERNAL, "no memory for the command line");
	}
	free(before);
	return 0;
}

/* Each with a newline behind it. */
static int add_typed(const char *text, struct boot_options *options)
{
	char *before = options->typed;

	if (asprintf(&options->typed, "%s%s\n", before ? before : "", text) < 0) {
		options->typed = before;
		return boot_error(BOOT_INTERNAL, "no memory for what is typed");
	}
	free(before);
	return 0;
}

static int parse_until(const char *text, struct boot_options *options)
{
	options->until = text;
	return *text ? 0 : boot_error(BOOT_USAGE, "--until '': what is it to say?");
}

/* Those of this file, those of the devices, and the end. */
static void list_options(struct option *list)
{
	size_t i;

	memcpy(list, long_options, sizeof(long_options));
	list += OPTIONS;
	for (i = 0; i < BOOT_DEVICES; i++)
		*list++ = (struct option){ boot_devices[i]->option, required_argument, NULL,
					   (int)(OPTION_DEVICE + i) };
	*list = (struct option){ 0 };
}

static const char *name_of(int option)
{
	size_t i;

	for (i = 0; i < OPTIONS; i++)
		if (long_options[i].val == option)
			return long_options[i].name;
	return NULL;
}

static int parse_option(int option, char *value, struct boot_options *options)
{
	if (option >= OPTION_DEVICE && option < OPTION_DEVICE + BOOT_DEVICES) {
		options->devices[option - OPTION_DEVICE] = value;
		return 0;
	}
	switch (option) {
	case OPTION_APPEND:
		return append(value, options);
	case OPTION_INITRD:
		return add_module(value, options);
	case OPTION_ENV_FILE:
		options->environment = value;
		return 0;
	case OPTION_CPUS:
		return parse_cpus(value, &options->cpus);
	case OPTION_MEMORY:
		return parse_memory(value, &options->memory);
	case OPTION_CONSOLE:
		return parse_console(value, &options->console);
	case OPTION_SYMBOLS:
		options->symbols = value;
		return 0;
	case OPTION_TIMEOUT:
		return parse_timeout(value, &options->time_limit_ms);
	case OPTION_PROTOCOL:
		return parse_protocol(value, &options->protocol);
	case OPTION_UNTIL:
		return parse_until(value, options);
	case OPTION_SAVE:
		options->save = value;
		return 0;
	case OPTION_FROM:
		options->from = value;
		return 0;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case OPTION_TYPE:
		return add_typed(value, options);
	case 'v':
		options->verbose = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		return boot_own_option(name_of(option), value, options);
	}
}

static int refuse_option(int problem, const char *option)
{
	return boot_error(BOOT_USAGE, "%s: %s; see `ring0 boot --help`", option,
			  problem == ':' ? "it takes a value" : "there is no such option");
}

static int take_operand(const char *operand, struct boot_options *options)
{
	if (options->kernel)
		return boot_error(BOOT_USAGE, "%s: the kernel's own arguments come after --",
				  operand);
	options->kernel = operand;
	return 0;
}

/* How many arguments there are before the first --. */
static int count_before_own(int argc, char **argv)
{
	int count = 0;

	while (count < argc && strcmp(argv[count], "--") != 0)
		count++;
	return count;
}

/* What a snapshot has of its machine and its boot. */
static const char *option_of_machine(int option)
{
	static const int numbers[] = { OPTION_APPEND,  OPTION_INITRD,  OPTION_ENV_FILE,
				       OPTION_CPUS,    OPTION_MEMORY,  OPTION_PROTOCOL,
				       OPTION_MACHINE, OPTION_IRQCHIP, OPTION_TEST_DEVICES,
				       OPTION_CPU };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i] == option)
			return name_of(option);
	return NULL;
}

static int check_whole(const struct boot_options *options, const char *of_machine,
		       bool has_arguments)
{
	if (!options->kernel && !options->from)
		return boot_error(BOOT_USAGE, "which kernel? See `ring0 boot --help`");
	if (options->save && !options->until)
		return boot_error(BOOT_USAGE, "--save %s: when? --until says", options->save);
	if (options->check && !options->from)
		return boot_error(BOOT_USAGE, "--check: of which saved machine? --from says");
	if (options->gdb && options->until)
		return boot_error(BOOT_USAGE, "--until: not with --gdb, which stops it, too");
	if (options->from && of_machine)
		return boot_error(BOOT_USAGE, "--%s: with --from it is the snapshot's", of_machine);
	if (options->from && has_arguments)
		return boot_error(BOOT_USAGE,
				  "what follows --: with --from the command line is the "
				  "snapshot's");
	return 0;
}

int boot_options_parse(int argc, char **argv, struct boot_options *options)
{
	int before = count_before_own(argc, argv), option, status = 0, i;
	struct option list[OPTIONS + BOOT_DEVICES + 1];
	const char *of_machine = NULL;

	list_options(list);
	*options = (struct boot_options){
		.cpus = 1,
		.memory = MEMORY_DEFAULT,
		.console = R0_VM_COM1,
	};
	/* glibc: 0 forgets an earlier scan, that of `ring0 suite` for one. */
	optind = 0;
	opterr = 0;
	/* The kernel, which is no option, comes as one: of the number 1. */
	while (!status && (option = getopt_long(before, argv, "-:hv", list, NULL)) != -1) {
		if (!of_machine)
			of_machine = option_of_machine(option);
		if (option == 1)
			status = take_operand(optarg, options);
		else if (option == ':' || option == '?')
			status = refuse_option(option, argv[optind - 1]);
		else
			status = parse_option(option, optarg, options);
	}
	for (i = before + 1; i < argc && !status; i++)
		status = append(argv[i], options);
	if (status || options->help)
		return status;
	status = check_whole(options, of_machine, before < argc);
	if (status)
		return status;
	return boot_own_settle(options);
}

void boot_options_finish(struct boot_options *options)
{
	free(options->command_line);
	options->command_line = NULL;
	free(options->typed);
	options->typed = NULL;
}

void boot_options_help(void)
{
	size_t i;

	fputs(usage, stdout);
	fputs(boot_own_help, stdout);
	for (i = 0; i < BOOT_DEVICES; i++)
		fputs(boot_devices[i]->help, stdout);
	fputs(boot_own_more_help, stdout);
}
