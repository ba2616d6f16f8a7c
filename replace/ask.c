/* SPDX-License-Identifier: MIT */
/* Asks the command ring0 which functions can be replaced: command/replaceable/replaceable.c. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/command_run.h"
#include "base/helper_process.h"
#include "replace/function.h"

/* In emulated machines it takes seconds. */
#define LIMIT_MS 60000

static int write_question(const struct function *functions, size_t count, int *fd,
			  struct error *error)
{
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	FILE *out;
	size_t i;

	if (length < 0)
		return error_set(error, errno, "the program's file is not known: %s",
				 strerror(errno));
	program[length] = '\0';
	*fd = memfd_create("ring0 functions", MFD_CLOEXEC);
	out = *fd < 0 ? NULL : fdopen(dup(*fd), "w");
	if (!out)
		return error_set(error, errno, "memfd_create: %s", strerror(errno));
	fprintf(out, "program %s\n", program);
	for (i = 0; i < count; i++)
		if (!functions[i].refusal.text[0])
			fprintf(out, "%s %" PRIx64 " %s\n%s\n",
				functions[i].module->upper ? "upper" : "function",
				functions[i].at - functions[i].module->bias,
				functions[i].module->path, functions[i].name);
	if (fclose(out))
		return error_set(error, errno, "writing to a memfd failed: %s", strerror(errno));
	return 0;
}

/* By the numbers that the question gave them. */
static struct function *at_number(struct function *functions, size_t count, size_t number)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!functions[i].refusal.text[0] && !number--)
			return &functions[i];
	return NULL;
}

struct answer {
	struct function *function;
	char *text; /* of the refusal, or NULL */
};

/* Refusals are kept until the end: they change the numbers. Returns whether the answer is complete. */
static bool read_answer(char *output, struct function *functions, size_t count,
			struct answer *answers, size_t *refused)
{
	char *line, *next;

	for (line = output; line && *line; line = next) {
		uint64_t size, room;
		size_t number;
		int end = 0;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strcmp(line, "end") == 0)
			return true;
		if (sscanf(line, "size %zu %" SCNu64 " %" SCNu64, &number, &size, &room) == 3) {
			struct function *function = at_number(functions, count, number);

			if (function) {
				function->size = size;
				function->room = room;
			}
		} else if (sscanf(line, "noreturn %zu", &number) == 1) {
			struct function *function = at_number(functions, count, number);

			if (function)
				function->noreturn = true;
		} else if (sscanf(line, "comes-back %zu", &number) == 1) {
			struct function *function = at_number(functions, count, number);

			if (function)
				function->comes_back = true;
		} else if (sscanf(line, "refused %zu %n", &number, &end) == 1 && end) {
			struct function *function = at_number(functions, count, number);

			if (function && *refused < count)
				answers[(*refused)++] = (struct answer){ function, line + end };
		}
	}
	return false;
}

static int ask(struct function *functions, size_t count, struct error *error)
{
	char name[] = "ring0", command[] = "replaceable", path[] = HELPER_PROCESS_FD_PATH,
	     *output = NULL;
	char *argv[] = { name, command, path, NULL };
	struct answer *answers = calloc(count, sizeof(*answers));
	size_t refused = 0, i;
	int fd = -1, err;

	err = answers ? write_question(functions, count, &fd, error) : -ENOMEM;
	if (!err)
		err = command_run(argv, fd, LIMIT_MS, &output, error);
	if (fd >= 0)
		close(fd);
	if (!err && !read_answer(output, functions, count, answers, &refused))
		err = error_set(error, EPROTO, "the command ring0 gave no complete answer");
	for (i = 0; i < refused && !err; i++)
		error_set(&answers[i].function->refusal, EINVAL, "%s", answers[i].text);
	free(output);
	free(answers);
	return err;
}

void functions_ask(struct function *functions, size_t count)
{
	struct error error = { 0 };
	size_t i, known = 0;

	for (i = 0; i < count; i++)
		known += !functions[i].refusal.text[0];
	if (!known || ask(functions, count, &error) == 0)
		return;
	for (i = 0; i < count; i++)
		error_set(&functions[i].refusal, EINVAL,
			  "whether each call of it is still there could not be found out: %s",
			  error.text[0] ? error.text : "no memory");
}
