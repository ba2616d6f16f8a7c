/* SPDX-License-Identifier: MIT */
/* How an image is to be run, by its entry and the command line. Depends on suite.h and libc. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "command/suite/suite.h"
#include "suite/environment.h"

/* Where neither a test nor the command line says. */
#define SECONDS_DEFAULT	  90
#define SINGLE_MEMORY_MIB 512

static void refuse(struct suite_job *job, enum r0_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void refuse(struct suite_job *job, enum r0_verdict verdict, const char *format, ...)
{
	va_list arguments;

	job->is_refused = true;
	job->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(job->reason, sizeof(job->reason), format, arguments);
	va_end(arguments);
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (words && *words) {
		size_t own;

		words += strspn(words, " \t,");
		own = strcspn(words, " \t,");
		if (own == length && !strncmp(words, word, length))
			return true;
		words += own;
	}
	return false;
}

static bool is_set(const char *value)
{
	return value && *value;
}

/* What says that this is no test for here. */
static void look_at_place(struct suite_job *job, const struct suite_image *image)
{
	char *const *values = image->entry->values;
	const char *arch = values[SUITE_ARCH], *machine = values[SUITE_MACHINE];

	if (is_set(arch) && strcmp(arch, image->source->architecture) != 0)
		refuse(job, R0_VERDICT_SKIP, "it is for %s only", arch);
	else if (!suite_runs_architecture(image->source->architecture))
		refuse(job, R0_VERDICT_SKIP, "its image is for %s", image->source->architecture);
	else if (is_set(machine) && !suite_machine_is_here(machine))
		refuse(job, R0_VERDICT_SKIP, "it is for the machine %s only", machine);
	else if (is_set(values[SUITE_ACCEL]) && strcmp(values[SUITE_ACCEL], "kvm") != 0)
		refuse(job, R0_VERDICT_SKIP, "it is for the accelerator %s only",
		       values[SUITE_ACCEL]);
	else if (has_word(values[SUITE_GROUPS], "migration"))
		refuse(job, R0_VERDICT_SKIP, "group migration: ring0 migrates no machines");
}

/* A condition in bash's language, which has the variables of the tree's own runner. */
static void look_at_condition(struct suite_job *job, const char *condition)
{
	struct error error = { "" };
	char *script = NULL, *answer = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&script, &size);

	if (out) {
		const char *c;

		fputs("TARGET=ring0 exec bash -c 'if eval \"$1\"; then echo yes; else echo no; fi' bash '",
		      out);
		for (c = condition; *c; c++) {
			if (*c == '\'')
				fputs("'\\''", out);
			else
				putc(*c, out);
		}
		fputs("'", out);
		fclose(out);
		answer = suite_shell(script, &error);
	}
	if (answer && !strcmp(answer, "yes"))
		refuse(job, R0_VERDICT_SKIP, "it is disabled here: %.400s", condition);
	else if (!answer || strcmp(answer, "no") != 0)
		refuse(job, R0_VERDICT_ERROR, "disabled_if: %.400s",
		       error.text[0] ? error.text : "bash does not understand it");
	free(answer);
	free(script);
}

/* PATH=VALUE: of the file all counts but newlines at the end. */
static void look_at_file(struct suite_job *job, const char *check, size_t length)
{
	char path[512], *text = NULL;
	const char *equals = memchr(check, '=', length);
	size_t size = 0, wanted;

	if (!equals || (size_t)(equals - check) >= sizeof(path)) {
		refuse(job, R0_VERDICT_ERROR, "check: PATH=VALUE is expected, this is %.*s",
		       length < 200 ? (int)length : 200, check);
		return;
	}
	memcpy(path, check, (size_t)(equals - check));
	path[equals - check] = '\0';
	wanted = length - (size_t)(equals - check) - 1;
	if (suite_file_read(path, &text, &size))
		size = 0;
	/* A file of sysfs has a page's size, and less in it. */
	while (size && text[size - 1] == '\n')
		size--;
	if (!text || size != wanted || memcmp(text, equals + 1, wanted) != 0)
		refuse(job, R0_VERDICT_SKIP, "%.300s is not %.*s", path,
		       wanted < 100 ? (int)wanted : 100, equals + 1);
	free(text);
}

static void look_at_checks(struct suite_job *job, const char *checks)
{
	while (*checks && !job->is_refused) {
		size_t length;

		checks += strspn(checks, " \t");
		length = strcspn(checks, " \t");
		if (length)
			look_at_file(job, checks, length);
		checks += length;
	}
}

static void look_at_image(struct suite_job *job, const struct suite_image *image)
{
	if (!image->path)
		refuse(job, R0_VERDICT_ERROR, "it has no file =");
	else if (access(image->path, R_OK) != 0)
		refuse(job, R0_VERDICT_ERROR, "%.300s: %s", image->path, strerror(errno));
}

/* A value to words; false, having refused, if it can't be. */
static bool take_words(struct suite_job *job, const struct suite_image *image, enum suite_key key,
		       struct suite_arguments *words)
{
	const char *value = image->entry->values[key];
	struct error error = { "" };
	int err = suite_arguments_parse(words, value ? value : "", &suite_expansion, &error);

	if (err)
		refuse(job, err == -ENOTSUP ? R0_VERDICT_SKIP : R0_VERDICT_ERROR, "%s: %.400s",
		       suite_key_name(key), error.text);
	return !err;
}

static void read_machine(struct suite_job *job, const struct suite_image *image)
{
	char smp[] = "-smp";
	char *with_smp[] = { smp, NULL };
	struct suite_arguments words;
	struct error error = { "" };
	int err;

	if (take_words(job, image, SUITE_SMP, &words) && words.count &&
	    !isdigit((unsigned char)*words.words[0])) {
		refuse(job, R0_VERDICT_ERROR, "smp = %.100s: a number of CPUs is expected",
		       words.words[0]);
	} else if (!job->is_refused && words.count) {
		with_smp[1] = words.words[0];
		if (suite_machine_read(&job->machine, with_smp, 2, &error))
			refuse(job, R0_VERDICT_SKIP, "smp: %.400s", error.text);
	}
	suite_arguments_finish(&words);
	if (job->is_refused)
		return;
	if (take_words(job, image, SUITE_QEMU_PARAMS, &words)) {
		err = suite_machine_read(&job->machine, words.words, words.count, &error);
		if (err)
			refuse(job, err == -ENOMEM ? R0_VERDICT_ERROR : R0_VERDICT_SKIP, "%.400s",
			       error.text);
	}
	suite_arguments_finish(&words);
}

static void read_arguments(struct suite_job *job, const struct suite_image *image)
{
	struct suite_arguments words;

	if (image->entry->values[SUITE_TEST_ARGS] &&
	    take_words(job, image, SUITE_TEST_ARGS, &words)) {
		job->arguments = suite_arguments_join(&words);
		suite_arguments_finish(&words);
	}
}

/* As timeout(1) has it: a number, and s, m, h or d. */
static void read_time_limit(struct suite_job *job, const char *text)
{
	static const char units[] = "smhd";
	static const unsigned int seconds[] = { 1, 60, 3600, 86400 };
	char *end;
	double value = strtod(text, &end);
	const char *unit = *end ? strchr(units, *end) : units;

	if (end == text || !unit || (*end && end[1]) || !(value >= 0) || !(value <= 1000000)) {
		refuse(job, R0_VERDICT_ERROR, "timeout = %.100s: a number of seconds is expected",
		       text);
		return;
	}
	job->time_limit_ms = (uint64_t)(value * 1000 * seconds[unit - units]);
}

static const char *find_erratum(const char *name)
{
	return getenv(name);
}

int suite_environment_read(const struct suite_options *options, char **text, struct error *error)
{
	/* kvm-unit-tests' own runner has it by this name. */
	const char *path = options->environment ? options->environment :
						  getenv("KVM_UNIT_TESTS_ENV");
	size_t size;
	int err;

	*text = NULL;
	if (!path || !*path)
		return 0;
	err = suite_file_read(path, text, &size);
	return err ? error_set(error, -err, "the environment of %.300s: %s", path, strerror(-err)) :
		     0;
}

static void make_environment(struct suite_job *job, const struct suite_image *image,
			     const struct suite_options *options)
{
	struct suite_environment environment = {
		.ring0_version = R0_VERSION,
		.cpus = job->machine.cpus,
		.memory_mib = job->machine.memory_mib,
		.errata = image->source ? image->source->errata : NULL,
		.force_errata = options->selection.all,
		.erratum = find_erratum,
	};
	struct error error = { "" };
	struct utsname names;
	char *user;
	int err;

	uname(&names);
	environment.kernel_release = names.release;
	err = suite_environment_read(options, &user, &error);
	environment.user = user;
	if (!err)
		err = suite_environment_write(&environment, &job->environment, &error);
	if (err)
		refuse(job, R0_VERDICT_ERROR, "%.480s", error.text);
	free(user);
}

static void prepare_entry(struct suite_job *job, const struct suite_image *image)
{
	char *const *values = image->entry->values;

	if (image->entry->problem)
		refuse(job, R0_VERDICT_ERROR, "%s", image->entry->problem);
	if (!job->is_refused)
		look_at_place(job, image);
	if (!job->is_refused && is_set(values[SUITE_DISABLED_IF]))
		look_at_condition(job, values[SUITE_DISABLED_IF]);
	if (!job->is_refused && is_set(values[SUITE_CHECK]))
		look_at_checks(job, values[SUITE_CHECK]);
	if (!job->is_refused)
		look_at_image(job, image);
	if (!job->is_refused)
		read_machine(job, image);
	if (!job->is_refused)
		read_arguments(job, image);
	if (!job->is_refused && is_set(values[SUITE_TIMEOUT]))
		read_time_limit(job, values[SUITE_TIMEOUT]);
	job->is_to_shut_down = has_word(values[SUITE_GROUPS], "panic");
}

void suite_job_prepare(struct suite_job *job, const struct suite_image *image,
		       const struct suite_options *options)
{
	*job = (struct suite_job){
		.machine = {
			.cpus = options->cpus ? options->cpus : 1,
			.memory_mib = options->memory_mib ? options->memory_mib :
				      image->entry	  ? SUITE_MEMORY_MIB :
							    SINGLE_MEMORY_MIB,
			.cpu = options->cpu ? strdup(options->cpu) : NULL,
		},
		.time_limit_ms = SECONDS_DEFAULT * 1000,
	};
	if (image->entry)
		prepare_entry(job, image);
	else
		look_at_image(job, image);
	/* A module that nobody asked for would be the initial RAM disk of a Linux. */
	if (!job->is_refused && (image->entry || options->environment))
		make_environment(job, image, options);
	if (options->has_time_limit)
		job->time_limit_ms = options->time_limit_ms;
	job->time_limit_ms = (uint64_t)((double)job->time_limit_ms * options->time_factor);
}

void suite_job_finish(struct suite_job *job)
{
	suite_machine_finish(&job->machine);
	free(job->arguments);
	free(job->environment.text);
	*job = (struct suite_job){ 0 };
}
