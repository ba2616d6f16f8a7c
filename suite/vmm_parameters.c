/* SPDX-License-Identifier: MIT */
/* QEMU's parameters: its manual page, qemu-system-x86_64(1). Depends on libc only. */
#include "suite/vmm_parameters.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX   64
#define MEMORY_MAX (1u << 20) /* MiB */

/* An item of a list that commas separate: NAME or NAME=VALUE. */
struct item {
	const char *text;
	size_t length;
};

static struct item next_item(const char **list)
{
	struct item item = { *list, strcspn(*list, ",") };

	*list += item.length + ((*list)[item.length] == ',');
	return item;
}

static bool is(struct item item, const char *text)
{
	return strlen(text) == item.length && !memcmp(text, item.text, item.length);
}

static bool is_one_of(struct item item, const char *const *texts)
{
	for (; *texts; texts++)
		if (is(item, *texts))
			return true;
	return false;
}

static int refuse(struct error *error, const char *option, struct item item)
{
	return error_set(error, EOPNOTSUPP, "%s %.*s: that has no counterpart here", option,
			 item.length < 100 ? (int)item.length : 100, item.text);
}

static int replace(char **text, char *with)
{
	free(*text);
	*text = with;
	return with ? 0 : -ENOMEM;
}

/* The width of physical addresses is the host's anyway, and a machine is never moved to another host. */
static int read_cpu(struct suite_machine *machine, const char *value, struct error *error)
{
	static const char *const passed_over[] = { "host-phys-bits",	 "host-phys-bits=on",
						   "host-phys-bits=off", "migratable=no",
						   "migratable=off",	 "migratable=on",
						   "migratable=yes",	 NULL };
	char *text = calloc(1, strlen(value) + 1);
	size_t length = 0;

	(void)error;
	while (text && *value) {
		struct item item = next_item(&value);

		if (is_one_of(item, passed_over))
			continue;
		if (length)
			text[length++] = ',';
		memcpy(text + length, item.text, item.length);
		length += item.length;
		text[length] = '\0';
	}
	return replace(&machine->cpu, text);
}

static bool read_number(struct item item, unsigned int most, unsigned int *value)
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
	struct item item = { value, strlen(value) };
	unsigned int number, shift = 0;

	if (!strncmp(value, "size=", 5))
		item = (struct item){ value + 5, item.length - 5 };
	if (item.length && strchr("mMgG", item.text[item.length - 1]))
		shift = tolower((unsigned char)item.text[--item.length]) == 'g' ? 10 : 0;
	if (!read_number(item, MEMORY_MAX >> shift, &number))
		return refuse(error, "-m", (struct item){ value, strlen(value) });
	machine->memory_mib = number << shift;
	return 0;
}

static int read_cpus(struct suite_machine *machine, const char *value, struct error *error)
{
	struct item item = { value, strlen(value) };

	if (!strncmp(value, "cpus=", 5))
		item = (struct item){ value + 5, item.length - 5 };
	return read_number(item, CPUS_MAX, &machine->cpus) ?
		       0 :
		       refuse(error, "-smp", (struct item){ value, strlen(value) });
}

static int read_machine(struct suite_machine *machine, const char *value, struct error *error)
{
	static const char *const passed_over[] = {
		"q35",	  "pc",	       "type=q35",   "type=pc",		  "accel=kvm",
		"pit=on", "vmport=on", "vmport=off", "kernel-irqchip=on", "kernel_irqchip=on",
		NULL
	};

	while (*value) {
		struct item item = next_item(&value);

		if (is(item, "pit=off"))
			machine->no_pit = true;
		else if (is(item, "kernel-irqchip=split") || is(item, "kernel_irqchip=split"))
			machine->split_irqchip = true;
		else if (!is_one_of(item, passed_over))
			return refuse(error, "-machine", item);
	}
	return 0;
}

/* What it is by default (of device-iotlb, caching-mode and the like), and interrupts remapped, which it always does. */
static int read_iommu(struct suite_machine *machine, const char *rest, struct error *error)
{
	static const char *const passed_over[] = { "intremap=on",      "intremap=auto",
						   "eim=off",	       "caching-mode=off",
						   "device-iotlb=off", NULL };

	while (*rest) {
		struct item item = next_item(&rest);

		if (!is_one_of(item, passed_over))
			return refuse(error, "-device intel-iommu", item);
	}
	machine->iommu = true;
	return 0;
}

/* Those that kvm-unit-tests' own runner gives each of its machines are here, too. */
static int read_device(struct suite_machine *machine, const char *value, struct error *error)
{
	static const char *const there[] = { "pc-testdev", "pci-testdev",    "isa-debug-exit",
					     "edu",	   "hyperv-testdev", NULL };
	const char *rest = value;
	struct item item = next_item(&rest);

	if (is(item, "intel-iommu"))
		return read_iommu(machine, rest, error);
	if (is_one_of(item, there))
		return 0;
	return refuse(error, "-device", (struct item){ value, strlen(value) });
}

static int read_accelerator(struct suite_machine *machine, const char *value, struct error *error)
{
	const char *rest = value;

	(void)machine;
	if (is(next_item(&rest), "kvm") && !*rest)
		return 0;
	return refuse(error, "-accel", (struct item){ value, strlen(value) });
}

static int read_overcommit(struct suite_machine *machine, const char *value, struct error *error)
{
	const char *rest = value;

	while (*rest) {
		struct item item = next_item(&rest);

		if (is(item, "cpu-pm=on"))
			machine->waits_inside = true;
		else if (!is(item, "cpu-pm=off") && !is(item, "mem-lock=off"))
			return refuse(error, "-overcommit", item);
	}
	return 0;
}

/* Interrupts of the PIT that come too late are lost here in any case. */
static int read_global(struct suite_machine *machine, const char *value, struct error *error)
{
	(void)machine;
	if (!strcmp(value, "kvm-pit.lost_tick_policy=discard"))
		return 0;
	return refuse(error, "-global", (struct item){ value, strlen(value) });
}

static int read_arguments(struct suite_machine *machine, const char *value, struct error *error)
{
	(void)error;
	return replace(&machine->arguments, strdup(value));
}

/* What says that there is no more than what is there anyway. */
static int pass_over(struct suite_machine *machine, const char *value, struct error *error)
{
	static const char *const nothing[] = { "none", "stdio", NULL };

	(void)machine;
	if (!value || is_one_of((struct item){ value, strlen(value) }, nothing))
		return 0;
	return error_set(error, EOPNOTSUPP, "%.100s: that has no counterpart here", value);
}

static const struct parameter {
	const char *name;
	bool has_value;
	int (*read)(struct suite_machine *machine, const char *value, struct error *error);
} parameters[] = {
	{ "cpu", true, read_cpu },
	{ "m", true, read_memory },
	{ "smp", true, read_cpus },
	{ "machine", true, read_machine },
	{ "M", true, read_machine },
	{ "device", true, read_device },
	{ "overcommit", true, read_overcommit },
	{ "accel", true, read_accelerator },
	{ "enable-kvm", false, pass_over },
	{ "global", true, read_global },
	{ "append", true, read_arguments },
	{ "nodefaults", false, pass_over },
	{ "no-user-config", false, pass_over },
	{ "nographic", false, pass_over },
	{ "display", true, pass_over },
	{ "vnc", true, pass_over },
	{ "serial", true, pass_over },
};

static const struct parameter *find(const char *word)
{
	size_t i;

	if (word[0] != '-')
		return NULL;
	word += word[1] == '-' ? 2 : 1;
	for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
		if (!strcmp(parameters[i].name, word))
			return &parameters[i];
	return NULL;
}

int suite_machine_read(struct suite_machine *machine, char *const *words, size_t count,
		       struct error *error)
{
	char *cpu = NULL;
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		const struct parameter *parameter = find(words[i]);
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
			      replace(&machine->cpu, cpu);
	return err == -ENOMEM ? error_set(error, ENOMEM, "out of memory for a machine") : err;
}

void suite_machine_finish(struct suite_machine *machine)
{
	free(machine->cpu);
	free(machine->arguments);
	machine->cpu = NULL;
	machine->arguments = NULL;
}
