/* SPDX-License-Identifier: MIT */
/*
 * Lists of tests and images' output, made at random of what means something there, to their readers, under
 * AddressSanitizer and UndefinedBehaviorSanitizer whatever the build's own options are. What is refused has to come
 * with one line; what is read has to be within its bounds, and the same whatever pieces it comes in.
 *
 *	suite_fuzz [--seed N] [--count TEXTS] [--seconds LIMIT]
 *
 * A text has a seed of its own, which is told when it fails: --seed with that and --count 1 repeats it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "suite/arguments.h"
#include "suite/configuration.h"
#include "suite/ending.h"
#include "suite/environment.h"
#include "suite/vmm_parameters.h"

#define TEXT_MAX 4096

static uint64_t random_state, text_seed;

/* splitmix64: any seed is as good as another. */
static uint64_t next_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t below(uint64_t limit)
{
	return next_random() % limit;
}

static void fail(const char *what)
{
	fprintf(stderr, "suite_fuzz: %s\nsuite_fuzz: repeat it with --seed %" PRIu64 " --count 1\n",
		what, text_seed);
	abort();
}

/* What a list of tests is made of. */
static const char *const list_words[] = {
	"[",
	"]\n",
	"\n",
	"[name]\n",
	"\nfile = ",
	"\nsmp = ",
	"\ntest_args = ",
	"\nextra_params = ",
	"\nqemu_params=",
	"\ngroups = ",
	"\narch = ",
	"\"\"\"",
	"\\\n",
	"\\",
	"'",
	"\"",
	"`",
	"$(",
	"$NAME",
	"${NAME}",
	"${",
	"# ",
	" ",
	"\t",
	"\r\n",
	"-cpu max,+svm",
	"-m 4g",
	"-m ",
	"99999999999999999999",
	"-smp 2",
	"-machine pit=off,",
	"-M ",
	"-device ",
	"-append ",
	"=",
	",",
	"\ntimeout = ",
	"\ncheck = /a=b",
	"nodefault",
	"-",
	"kernel-irqchip=split",
	"\xff",
};

/* And what images print. */
static const char *const output_words[] = {
	"PASS: ",
	"FAIL: ",
	"SKIP: ",
	"XFAIL: ",
	"XPASS: ",
	"KFAIL: ",
	"SUMMARY: 3 tests\n",
	"ABORT: ",
	"\n",
	"\r\n",
	"name",
	" ",
	"SOTEST VERSION 1 BEGIN ",
	"SOTEST ",
	"SUCCESS \"a\"\n",
	"FAIL \"\n",
	"SKIP\n",
	"END\n",
	"PANIC\n",
	"BENCHMARK:a:b:1\n",
	"\"",
	"TAP version 14\n",
	"KTAP version 1\n",
	"1..",
	"ok ",
	"not ok ",
	"# Subtest: ",
	"# SKIP ",
	"# TODO ",
	"  ",
	"    ",
	"---\n",
	"...\n",
	"Bail out! ",
	"\\#",
	"12",
	"99999999999999999999",
	"-",
	":",
	"\xc3",
	"\x1b[0m",
	"#",
};

/* On the heap, so that the sanitizer sees what goes beyond; NUL-terminated. */
static char *make_text(const char *const *words, size_t count, size_t *size)
{
	size_t target = below(4) ? below(200) : below(TEXT_MAX), length = 0;
	char *text = malloc(TEXT_MAX + 64), *exact;

	if (!text)
		abort();
	while (length < target) {
		const char *word = words[below(count)];

		/* Any byte at all, now and then. */
		if (!below(50)) {
			text[length++] = (char)below(256);
			continue;
		}
		memcpy(text + length, word, strlen(word));
		length += strlen(word);
	}
	exact = malloc(length + 1);
	if (!exact)
		abort();
	memcpy(exact, text, length);
	exact[length] = '\0';
	free(text);
	*size = length;
	return exact;
}

static void check_refusal(int err, const struct error *error)
{
	if (err > 0 || !error->text[0])
		fail("it was refused without a line");
}

static char *find_variable(void *context, const char *name, struct error *error)
{
	(void)context;
	if (!below(4)) {
		error_set(error, 1, "no %s", name);
		return NULL;
	}
	return strdup("value");
}

static char *run_command(void *context, const char *command, struct error *error)
{
	(void)context;
	(void)error;
	return strdup(command);
}

static const struct suite_expansion expansion = { .variable = find_variable,
						  .command = run_command };

/* Any value may be in the place of any. */
static void read_value(const char *value)
{
	struct suite_machine machine = { .cpus = 1, .memory_mib = SUITE_MEMORY_MIB };
	struct suite_arguments words;
	struct error error = { "" };
	int err = suite_arguments_parse(&words, value, &expansion, &error);

	if (err)
		check_refusal(err, &error);
	if (!err) {
		free(suite_arguments_join(&words));
		err = suite_machine_read(&machine, words.words, words.count, &error);
		if (err)
			check_refusal(err, &error);
		else if (!machine.cpus || machine.cpus > 64 || !machine.memory_mib ||
			 machine.memory_mib > 1u << 20)
			fail("a machine that nobody can have");
	}
	suite_machine_finish(&machine);
	suite_arguments_finish(&words);
}

static bool read_list(void)
{
	struct suite_configuration configuration;
	struct error error = { "" };
	bool accepted = false;
	size_t size, i, key;
	char *text = make_text(list_words, sizeof(list_words) / sizeof(list_words[0]), &size);
	int err = suite_configuration_parse(&configuration, text, size, &error);

	if (err)
		check_refusal(err, &error);
	for (i = 0; i < configuration.count; i++) {
		const struct suite_entry *entry = &configuration.entries[i];

		accepted |= !entry->problem;
		for (key = 0; key < SUITE_KEYS; key++)
			if (entry->values[key])
				read_value(entry->values[key]);
	}
	suite_configuration_finish(&configuration);
	free(text);
	return accepted && !err;
}

static void read_environment(void)
{
	struct suite_environment environment = { .ring0_version = "1", .kernel_release = "6.1" };
	struct buffer made = { 0 };
	struct error error = { "" };
	size_t size;
	char *user = make_text(list_words, sizeof(list_words) / sizeof(list_words[0]), &size);
	char *errata =
		make_text(output_words, sizeof(output_words) / sizeof(output_words[0]), &size);
	int err;

	environment.user = user;
	environment.errata = errata;
	err = suite_environment_write(&environment, &made, &error);
	if (err)
		check_refusal(err, &error);
	free(made.text);
	free(user);
	free(errata);
}

/* All of it in pieces of that size; what came of it as a sum. */
static uint64_t read_output(const char *text, size_t size, size_t piece, bool *has_results)
{
	struct suite_ending ending = { .how = (enum suite_ending_how)(size %
								      (SUITE_ENDING_ERROR + 1)) };
	struct suite_results results;
	enum r0_verdict verdict = R0_VERDICT_PASS;
	char message[128] = "";
	uint64_t sum = 0;
	size_t at, i;

	suite_results_init(&results, size & 1, 0);
	for (at = 0; at < size; at += piece)
		suite_results_add(&results, text + at, size - at < piece ? size - at : piece, at);
	suite_results_end(&results, size);
	if (results.count > SUITE_RESULTS_MAX || results.pending.length > 2 * SUITE_OUTPUT_MAX)
		fail("more is kept than there may be");
	for (i = 0; i < results.count; i++) {
		if (!results.items[i].name || !results.items[i].name[0] ||
		    results.items[i].verdict > R0_VERDICT_ERROR)
			fail("a result without a name or a verdict");
		sum = sum * 31 + (uint64_t)results.items[i].verdict + strlen(results.items[i].name);
	}
	if (suite_ending_judge(&ending, &results, &verdict, message, sizeof(message)))
		sum = sum * 31 + (uint64_t)verdict + strlen(message);
	else if (!results.count)
		fail("an image of which nothing came");
	*has_results = results.count;
	suite_results_finish(&results);
	return sum;
}

static bool read_image(void)
{
	bool has_results;
	size_t size;
	char *text = make_text(output_words, sizeof(output_words) / sizeof(output_words[0]), &size);
	uint64_t sum = read_output(text, size, size + 1, &has_results);

	if (sum != read_output(text, size, 1 + below(20), &has_results))
		fail("in other pieces it is something else");
	free(text);
	return has_results;
}

static uint64_t number_of(const char *text)
{
	return strtoull(text, NULL, 0);
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)time(NULL), count = 10000, seconds = UINT64_MAX, done;
	uint64_t lists = 0, images = 0;
	const time_t start = time(NULL);
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seed"))
			seed = number_of(argv[i + 1]);
		else if (!strcmp(argv[i], "--count"))
			count = number_of(argv[i + 1]);
		else if (!strcmp(argv[i], "--seconds"))
			seconds = number_of(argv[i + 1]);
		else
			i = argc;
	}
	if (i != argc) {
		fprintf(stderr, "usage: suite_fuzz [--seed N] [--count TEXTS] [--seconds LIMIT]\n");
		return 2;
	}
	for (done = 0; done < count && (uint64_t)(time(NULL) - start) < seconds; done++) {
		text_seed = random_state = seed + done;
		lists += read_list();
		images += read_image();
		read_environment();
	}
	printf("1..1\nok 1 - %" PRIu64 " texts from seed %" PRIu64 ", %" PRIu64 " lists, %" PRIu64
	       " images with results\n",
	       done, seed, lists, images);
	/* A fuzzer whose texts are all refused, or none, looks at nothing. */
	return count > 100 && (!lists || lists == done || !images || images == done);
}
