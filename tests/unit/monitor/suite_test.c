/* SPDX-License-Identifier: MIT */
/* Unit tests of suite/: lists of tests, their arguments, machines and environments. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "suite/arguments.h"
#include "suite/configuration.h"
#include "suite/environment.h"
#include "suite/kernel_release.h"
#include "suite/vmm_parameters.h"

static int parse(struct suite_configuration *configuration, const char *text, struct error *error)
{
	*error = (struct error){ "" };
	return suite_configuration_parse(configuration, text, strlen(text), error);
}

static void test_configuration(void **state)
{
	static const char text[] =
		"# a comment\n\n[first]\nfile = a.flat\nsmp=2\n  test_args  =  'x y'  \r\n"
		"extra_params = -m 1\nqemu_params = -m 2\n"
		"#[not]\n[second one]\nqemu_params = \"\"\"-cpu max \\\n -m 4g\n-smp 3\"\"\"\n"
		"groups = a b\narch = x86_64\nmachine = q35\ncheck = /a=b /c=d\naccel = kvm\n"
		"timeout = 5s\ndisabled_if = [[ a = b ]]\nkvmtool_params = --mem 1\nsmp =\n";
	struct suite_configuration configuration;
	const struct suite_entry *entry;
	struct error error;

	(void)state;
	assert_int_equal(parse(&configuration, text, &error), 0);
	assert_int_equal(configuration.count, 2);
	entry = &configuration.entries[0];
	assert_string_equal(entry->name, "first");
	assert_int_equal(entry->line, 3);
	assert_null(entry->problem);
	assert_string_equal(entry->values[SUITE_FILE], "a.flat");
	assert_string_equal(entry->values[SUITE_SMP], "2");
	assert_string_equal(entry->values[SUITE_TEST_ARGS], "'x y'");
	assert_string_equal(entry->values[SUITE_QEMU_PARAMS], "-m 2");
	assert_null(entry->values[SUITE_GROUPS]);
	entry = &configuration.entries[1];
	assert_string_equal(entry->name, "second one");
	assert_null(entry->problem);
	assert_string_equal(entry->values[SUITE_QEMU_PARAMS], "-cpu max  -m 4g\n-smp 3");
	assert_string_equal(entry->values[SUITE_GROUPS], "a b");
	assert_string_equal(entry->values[SUITE_ARCH], "x86_64");
	assert_string_equal(entry->values[SUITE_MACHINE], "q35");
	assert_string_equal(entry->values[SUITE_CHECK], "/a=b /c=d");
	assert_string_equal(entry->values[SUITE_ACCEL], "kvm");
	assert_string_equal(entry->values[SUITE_TIMEOUT], "5s");
	assert_string_equal(entry->values[SUITE_DISABLED_IF], "[[ a = b ]]");
	assert_string_equal(entry->values[SUITE_KVMTOOL_PARAMS], "--mem 1");
	assert_string_equal(entry->values[SUITE_SMP], "");
	suite_configuration_finish(&configuration);
}

/* What is wrong, in an entry or in all of it. */
static void test_bad_configuration(void **state)
{
	static const struct {
		const char *text, *problem, *error;
	} bad[] = {
		{ "[a]\ngroup = x\n", "line 2: there is no such key: group; did you mean groups?",
		  NULL },
		{ "[a]\nfile = x\nnothing\nwrong = y\n", "line 3: this is no KEY = VALUE: nothing",
		  NULL },
		{ "[a]\nqemu_params = \"\"\"-m 1\n[b]\n",
		  "line 2: its three quotes never end: -m 1", NULL },
		{ "file = x\n", NULL,
		  "line 1: this belongs to no test, as there is no [NAME] before it: file = x" },
		{ "\n[ ]\n", NULL, "line 2: a test without a name" },
	};
	struct suite_configuration configuration;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&configuration, bad[i].text, &error),
				 bad[i].error ? -EINVAL : 0);
		assert_string_equal(error.text, bad[i].error ? bad[i].error : "");
		if (bad[i].problem)
			assert_string_equal(configuration.entries[0].problem, bad[i].problem);
		suite_configuration_finish(&configuration);
	}
	error = (struct error){ "" };
	assert_int_equal(suite_configuration_parse(&configuration, "[a\0]\n", 5, &error), -EINVAL);
	assert_string_equal(error.text, "this is no text: it has bytes of value 0");
	suite_configuration_finish(&configuration);
}

static char *find_variable(void *context, const char *name, struct error *error)
{
	(void)context;
	if (!strcmp(name, "NAME"))
		return strdup("some value");
	error_set(error, EINVAL, "no %s", name);
	return NULL;
}

static char *run_command(void *context, const char *command, struct error *error)
{
	char *text = NULL;

	(void)context;
	(void)error;
	return asprintf(&text, "<%s>", command) < 0 ? NULL : text;
}

static const struct suite_expansion expansion = { .variable = find_variable,
						  .command = run_command };

/* Words, a | after each, or what is wrong. */
static void test_arguments(void **state)
{
	static const struct {
		const char *text, *words, *error;
	} rows[] = {
		{ "", "", NULL },
		{ "  a b\tc  ", "a|b|c|", NULL },
		{ "'a b' \"c d\"e'f'", "a b|c def|", NULL },
		{ "'' \"\"", "||", NULL },
		{ "a\\ b \\\"c \"\\\\ \\$ \\x\"", "a b|\"c|\\ $ \\x|", NULL },
		{ "$NAME \"$NAME\" ${NAME}x '$NAME'", "some value|some value|some valuex|$NAME|",
		  NULL },
		{ "\"10 `date +%s`\" $(echo (x))y", "10 <date +%s>|<echo (x)>y|", NULL },
		{ "a # b", "a|", NULL },
		{ "a#b \"$\"", "a#b|$|", NULL },
		{ "a\nb", "a|b|", NULL },
		{ "'a", NULL, "a ' that never ends: 'a" },
		{ "\"a", NULL, "a \" that never ends: \"a" },
		{ "`a", NULL, "a ` that never ends: `a" },
		{ "$(a", NULL, "a $( that never ends: $(a" },
		{ "a; b", NULL, "a ; has to be in quotes: ; b" },
		{ "a \\", NULL, "a backslash at the end" },
	};
	struct suite_arguments arguments;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error error = { "" };
		char words[256] = "";

		assert_int_equal(suite_arguments_parse(&arguments, rows[i].text, &expansion,
						       &error),
				 rows[i].error ? -EINVAL : 0);
		assert_string_equal(error.text, rows[i].error ? rows[i].error : "");
		for (k = 0; k < arguments.count && rows[i].words; k++) {
			strcat(words, arguments.words[k]);
			strcat(words, "|");
		}
		if (rows[i].words)
			assert_string_equal(words, rows[i].words);
		suite_arguments_finish(&arguments);
	}
}

/* No mistakes, but what can't be had here. */
static void test_unknown_arguments(void **state)
{
	static const char *const rows[][2] = {
		{ "$((1 + 2))", "arithmetic is not done here: $((1 + 2))" },
		{ "${NAME:-x}", "no more than ${NAME} is known here: ${NAME:-x}" },
		{ "$OTHER", "no OTHER" },
	};
	struct suite_arguments arguments;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error error = { "" };

		assert_int_equal(suite_arguments_parse(&arguments, rows[i][0], &expansion, &error),
				 -ENOTSUP);
		assert_string_equal(error.text, rows[i][1]);
		suite_arguments_finish(&arguments);
	}
}

static void test_join(void **state)
{
	struct suite_arguments arguments;
	char *text;

	(void)state;
	assert_int_equal(suite_arguments_parse(&arguments, "a 'b c'  d", &expansion, NULL), 0);
	text = suite_arguments_join(&arguments);
	assert_string_equal(text, "a b c d");
	free(text);
	suite_arguments_finish(&arguments);
}

/* The machine as "CPUS MEMORY CPU ARGUMENTS SPLIT NO_PIT IOMMU", or what is refused. */
static void test_machine(void **state)
{
	static const struct {
		const char *words, *machine, *refusal;
	} rows[] = {
		{ "", "1 128 - - 0 0 0", NULL },
		{ "-cpu max,+svm -m 4g -smp 2", "2 4096 max,+svm - 0 0 0", NULL },
		{ "-cpu max,host-phys-bits", "1 128 max - 0 0 0", NULL },
		{ "-cpu IvyBridge,phys-bits=36,host-phys-bits=off,+vmx",
		  "1 128 IvyBridge,phys-bits=36,+vmx - 0 0 0", NULL },
		{ "-cpu host,migratable=no", "1 128 host - 0 0 0", NULL },
		{ "-m 2560", "1 2560 - - 0 0 0", NULL },
		{ "-m size=1G", "1 1024 - - 0 0 0", NULL },
		{ "-m 300M", "1 300 - - 0 0 0", NULL },
		{ "-smp cpus=3", "3 128 - - 0 0 0", NULL },
		{ "-machine pit=off", "1 128 - - 0 1 0", NULL },
		{ "-M q35,kernel-irqchip=split", "1 128 - - 1 0 0", NULL },
		{ "-enable-kvm -accel kvm -machine q35,accel=kvm", "1 128 - - 0 0 0", NULL },
		{ "-device pci-testdev -device isa-debug-exit,iobase=0xf4,iosize=0x4 -nodefaults -display none",
		  "1 128 - - 0 0 0", NULL },
		{ "-global kvm-pit.lost_tick_policy=discard --append a", "1 128 - a 0 0 0", NULL },
		{ "-overcommit mem-lock=on", NULL,
		  "-overcommit mem-lock=on: that has no counterpart here" },
		{ "-device edu -device hyperv-testdev", "1 128 - - 0 0 0", NULL },
		{ "-M q35,kernel-irqchip=split -device intel-iommu,intremap=on,eim=off -device edu",
		  "1 128 - - 1 0 1", NULL },
		{ "-device intel-iommu,eim=on", NULL,
		  "-device intel-iommu eim=on: that has no counterpart here" },
		{ "-device e1000", NULL, "-device e1000: that has no counterpart here" },
		{ "-machine vmport=on,pit=off", "1 128 - - 0 1 0", NULL },
		{ "-overcommit cpu-pm=on -cpu max,+svm", "1 128 max,+svm,cpu-pm=on - 0 0 0", NULL },
		{ "-overcommit mem-lock=off,cpu-pm=on", "1 128 max,cpu-pm=on - 0 0 0", NULL },
		{ "-machine smm=on,pit=off", NULL,
		  "-machine smm=on: that has no counterpart here" },
		{ "-accel tcg", NULL, "-accel tcg: that has no counterpart here" },
		{ "-m 1,slots=2", NULL, "-m 1,slots=2: that has no counterpart here" },
		{ "-m 0", NULL, "-m 0: that has no counterpart here" },
		{ "-m 99999999999999", NULL, "-m 99999999999999: that has no counterpart here" },
		{ "-smp 65", NULL, "-smp 65: that has no counterpart here" },
		{ "-smp 2,sockets=2", NULL, "-smp 2,sockets=2: that has no counterpart here" },
		{ "-serial file:x", NULL, "file:x: that has no counterpart here" },
		{ "kernel", NULL, "kernel: that has no counterpart here" },
		{ "-cpu", NULL, "-cpu: its value is missing" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct suite_machine machine = { .cpus = 1, .memory_mib = SUITE_MEMORY_MIB };
		struct suite_arguments words;
		struct error error = { "" };
		char text[128];

		assert_int_equal(suite_arguments_parse(&words, rows[i].words, &expansion, NULL), 0);
		assert_int_equal(suite_machine_read(&machine, words.words, words.count, &error),
				 rows[i].refusal ? -EOPNOTSUPP : 0);
		snprintf(text, sizeof(text), "%u %u %s %s %d %d %d", machine.cpus,
			 machine.memory_mib, machine.cpu ? machine.cpu : "-",
			 machine.arguments ? machine.arguments : "-", machine.split_irqchip,
			 machine.no_pit, machine.iommu);
		assert_string_equal(error.text, rows[i].refusal ? rows[i].refusal : "");
		if (rows[i].machine)
			assert_string_equal(text, rows[i].machine);
		suite_machine_finish(&machine);
		suite_arguments_finish(&words);
	}
}

static void test_releases(void **state)
{
	static const struct {
		const char *kernel, *wanted;
		bool is_new_enough;
	} rows[] = {
		{ "6.1.0-57-cloud-amd64", "6.1", true },
		{ "6.1.0-57-cloud-amd64", "6.2", false },
		{ "6.1.0-57-cloud-amd64", "5.20", true },
		{ "6.1.0-57-cloud-amd64", "6.1.0-57", true },
		{ "6.1.0-57-cloud-amd64", "6.1.0-58", false },
		{ "6.1.3", "6.1.2", true },
		{ "6.1.3", "6.1.4", false },
		{ "6.1", "6.1.1", false },
		{ "6.1.1", "6.1.1-2", false },
		{ "7.0-rc1", "6.99", true },
		{ "10.0.0", "9.9", true },
	};
	struct kernel_release kernel, wanted;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(kernel_release_parse(&kernel, rows[i].kernel));
		assert_true(kernel_release_parse(&wanted, rows[i].wanted));
		if (kernel_release_is_new_enough(&kernel, &wanted) != rows[i].is_new_enough)
			fail_msg("%s, %s", rows[i].kernel, rows[i].wanted);
	}
	assert_false(kernel_release_parse(&kernel, "six"));
	assert_false(kernel_release_parse(&kernel, "6"));
	assert_false(kernel_release_parse(&kernel, "6.x"));
	assert_false(kernel_release_parse(&kernel, "99999999999999999999.1"));
}

static const char *find_erratum(const char *name)
{
	return !strcmp(name, "ERRATA_0123456789ab") ? "n" : NULL;
}

static void test_environment(void **state)
{
	struct suite_environment environment = {
		.ring0_version = "1.2.3",
		.kernel_release = "6.1.0-57-cloud-amd64",
		.cpus = 2,
		.memory_mib = 128,
		.user = "A=b\n# comment\nNR_CPUS=9\n C_1=d=e\r\n1X=y\nnothing\nERRATA_111111111111=y",
		.errata =
			"#----\n# commit\n9e3f7a296940 : 4.9 : old\n7b6b46311a85: 6.2: too new\n\n"
			"0123456789ab : 4.1 : known better\n111111111111 : 7.0 : the user's\n",
		.erratum = find_erratum,
	};
	struct buffer text = { 0 };
	struct error error = { "" };

	(void)state;
	assert_int_equal(suite_environment_write(&environment, &text, &error), 0);
	assert_string_equal(
		text.text, "TARGET=ring0\nQEMU_ACCEL=kvm\nQEMU_VERSION_STRING=ring0 1.2.3\n"
			   "QEMU_MAJOR=\nQEMU_MINOR=\nQEMU_MICRO=\n"
			   "KERNEL_VERSION_STRING=6.1.0-57-cloud-amd64\nKERNEL_VERSION=6\n"
			   "KERNEL_PATCHLEVEL=1\nKERNEL_SUBLEVEL=0\nKERNEL_EXTRAVERSION=57\n"
			   "TEST_DEVICE=1\nBOOTLOADER=0\nNR_CPUS=2\nMEMSIZE=128\n"
			   "A=b\nC_1=d=e\nERRATA_111111111111=y\n"
			   "ERRATA_9e3f7a296940=y\nERRATA_7b6b46311a85=n\nERRATA_0123456789ab=n\n");
	free(buffer_take(&text));
	environment.force_errata = true;
	environment.errata = "what\n";
	assert_int_equal(suite_environment_write(&environment, &text, &error), -EINVAL);
	assert_string_equal(error.text,
			    "line 1: COMMIT : MINIMUM KERNEL VERSION : SUMMARY is expected");
	assert_non_null(strstr(text.text, "\nERRATA_FORCE=y\n"));
	free(buffer_take(&text));
}

static void test_large_environment(void **state)
{
	struct suite_environment environment = { .ring0_version = "1", .kernel_release = "6.1" };
	struct buffer text = { 0 }, user = { 0 };
	struct error error = { "" };
	unsigned int i;

	(void)state;
	for (i = 0; i < 3000; i++)
		buffer_print(&user, "NAME_%u=x\n", i);
	environment.user = user.text;
	assert_int_equal(suite_environment_write(&environment, &text, &error), -E2BIG);
	assert_non_null(strstr(error.text, "and an image takes 16384"));
	free(buffer_take(&text));
	free(buffer_take(&user));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_bad_configuration),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_unknown_arguments),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_releases),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_large_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
