/* SPDX-License-Identifier: MIT */
/* QEMU's parameters: its manual page, qemu-system-x86_64(1). Depends on libc only. */
#include "suite/vmm_parameters_own.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX   64
#define MEMORY_MAX (1u << 20) /* MiB */

static bool read_number(struct vmm_item item, unsigned int most, unsigned int *value)
{
	unsigned long number = 0;
	size_t i;

	for (i = 0; i < item.length && isdigit((unsigned char)item.text[i]) && number <= most; i++)
		number = number * 10 + (unsigned long)(item.text[i] - '0');
	*value = (unsigned int)number;
	return item.length && i == item.length && number && number <= most;
}

/* MiB where there is no unit; size= may be in front. */
static int read_memory(struct suite_machine *machine, const char *value, struct error *error)
{
	struct vmm_item item = { value, strlen(value) };
	unsigned int number, shift = 0;

	if (!strncmp(value, "size=", 5))
		item = (struct vmm_item){ value + 5, item.length - 5 };
	if (item.length && strchr("mMgG", item.text[item.length - 1]))
		shift = tolower((unsigned char)item.text[--item.length]) == 'g' ? 10 : 0;
	if (!read_number(item, MEMORY_MAX >> shift, &number))
		return vmm_refuse(error, "-m", (struct vmm_item){ value, strlen(value) });
	machine->memory_mib = number << shift;
	return 0;
}

static int read_cpus(struct suite_machine *machine, const char *value, struct error *error)
{
	struct vmm_item item = { value, strlen(value) };

	if (!strncmp(value, "cpus=", 5))
		item = (struct vmm_item){ value + 5, item.length - 5 };
	return read_number(item, CPUS_MAX, &machine->cpus) ?
		       0 :
		       vmm_refuse(error, "-smp", (struct vmm_item){ value, strlen(value) });
}

static int read_accelerator(struct suite_machine *machine, const char *value, struct error *error)
{
	const char *rest = value;

	(void)machine;
	if (vmm_item_is(vmm_item_next(&rest), "kvm") && !*rest)
		return 0;
	return vmm_refuse(error, "-accel", (struct vmm_item){ value, strlen(value) });
}

static int read_arguments(struct suite_machine *machine, const char *value, struct error *error)
{
	(void)error;
	return vmm_replace(&machine->arguments, strdup(value));
}

/* What says that there is no more than what is there anyway. */
static int pass_over(struct suite_machine *machine, const char *value, struct error *error)
{
	static const char *const nothing[] = { "none", "stdio", NULL };

	(void)machine;
	if (!value || vmm_item_is_one_of((struct vmm_item){ value, strlen(value) }, nothing))
		return 0;
	return error_set(error, EOPNOTSUPP, "%.100s: that has no counterpart here", value);
}

/* Those of every architecture. */
static const struct vmm_parameter parameters[] = {
	{ "m", true, read_memory },
	{ "smp", true, read_cpus },
	{ "accel", true, read_accelerator },
	{ "enable-kvm", false, pass_over },
	{ "append", true, read_arguments },
	{ "nodefaults", false, pass_over },
	{ "no-user-config", false, pass_over },
	{ "nographic", false, pass_over },
	{ "display", true, pass_over },
	{ "vnc", true, pass_over },
	{ "serial", true, pass_over },
	{ NULL, false, NULL },
};

static const struct vmm_parameter *find_in(const struct vmm_parameter *list, const char *name)
{
	for (; list->name; list++)
		if (!strcmp(list->name, name))
			return list;
	return NULL;
}

static const struct vmm_parameter *find(const char *word)
{
	const struct vmm_parameter *parameter;

	if (word[0] != '-')
		return NULL;
	word += word[1] == '-' ? 2 : 1;
	parameter = find_in(vmm_own_parameters, word);
	return parameter ? parameter : find_in(parameters, word);
}

int suite_machine_read(struct suite_machine *machine, char *const *words, size_t count,
		       struct error *error)
{
	char *cpu = NULL;
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		const struct vmm_parameter *parameter = find(words[i]);
		const char *value =
			parameter && parameter->has_value && i + 1 < count ? words[++i] : NULL;

		if (!parameter)
			/* With its value, if it has one: that says what it is about. */
			err = error_set(
				error, EOPNOTSUPP, "%.60s%s%.60s: that has no counterpart here",
				words[i], i + 1 < count && words[i + 1][0] != '-' ? " " : "",
				i + 1 < count && words[i + 1][0] != '-' ? words[i + 1] : "");
		else if (parameter->has_value && !value)
			err = error_set(error, EOPNOTSUPP, "%s: its value is missing", words[i]);
		else
			err = parameter->read(machine, value, error);
	}
	if (!err && machine->waits_inside)
		err = asprintf(&cpu, "%s,cpu-pm=on", machine->cpu ? machine->cpu : "max") < 0 ?
			      -ENOMEM :
			      vmm_replace(&machine->cpu, cpu);
	return err == -ENOMEM ? error_set(error, ENOMEM, "out of memory for a machine") : err;
}

void suite_machine_finish(struct suite_machine *machine)
{
	free(machine->cpu);
	free(machine->arguments);
	machine->cpu = NULL;
	machine->arguments = NULL;
}
