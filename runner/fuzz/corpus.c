/* SPDX-License-Identifier: MIT */
/* The inputs of R0_FUZZ()'s tests. */
#include "runner/fuzz/corpus.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <ring0/fuzz.h>
#include "base/address.h"

#define ROOM_SIZE (PAGE_SIZE + R0_FUZZ_MOST)

uint8_t *corpus_room(void)
{
	uint8_t *room =
		mmap(NULL, ROOM_SIZE + PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return NULL;
	if (mprotect(room, ROOM_SIZE, PROT_READ | PROT_WRITE) == 0)
		return room;
	munmap(room, ROOM_SIZE + PAGE_SIZE);
	return NULL;
}

void corpus_room_release(uint8_t *room)
{
	if (room)
		munmap(room, ROOM_SIZE + PAGE_SIZE);
}

const char *corpus_root(void)
{
	const char *root = getenv("R0_CORPUS");

	return root && root[0] ? root : "corpus";
}

char *corpus_folder(const struct r0_test *test)
{
	char *folder;

	return asprintf(&folder, "%s/%s.%s", corpus_root(), test->suite, test->name) < 0 ? NULL :
											   folder;
}

int corpus_is_input(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && !(dot && strcmp(dot, ".report") == 0);
}

static int read_all(int fd, uint8_t *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = read(fd, to + done, size - done);

		if (got < 0)
			return -errno;
		if (!got)
			return -EIO;
		done += (size_t)got;
	}
	return 0;
}

/* Returns 0, also for a folder; *input is one then only if it has data. What is neither could be read for ever. */
static int read_input(const char *folder, const char *name, struct job_input *input,
		      struct error *error)
{
	struct stat status;
	uint8_t *data = NULL;
	char path[4096];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status)) {
		err = error_set(error, errno, "the input %.300s: %s", path, strerror(errno));
	} else if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
		err = error_set(error, EINVAL, "the input %.300s is no file", path);
	} else if (S_ISREG(status.st_mode) && status.st_size > R0_FUZZ_MOST) {
		err = error_set(error, EINVAL,
				"the input %.300s has %lld bytes: an input has %d at most", path,
				(long long)status.st_size, R0_FUZZ_MOST);
	} else if (S_ISREG(status.st_mode)) {
		data = malloc((size_t)status.st_size + 1);
		err = data ? read_all(fd, data, (size_t)status.st_size) : -ENOMEM;
		if (err)
			error_set(error, -err, "the input %.300s: %s", path, strerror(-err));
	}
	if (fd >= 0)
		close(fd);
	if (err || !data) {
		free(data);
		return err;
	}
	input->name = strdup(name);
	input->input = (struct r0_fuzz_input){ .data = data, .size = (uint64_t)status.st_size };
	return 0;
}

static void release_inputs(struct job_input *inputs, size_t count)
{
	size_t i;

	for (i = 0; inputs && i < count; i++) {
		free((void *)(uintptr_t)inputs[i].name);
		free((void *)(uintptr_t)inputs[i].input.data);
	}
	free(inputs);
}

/* A folder that is not there has no files. */
static int read_folder(const char *folder, struct job_input **inputs, size_t *count,
		       struct error *error)
{
	struct dirent **entries = NULL;
	int found = scandir(folder, &entries, corpus_is_input, alphasort), i, err = 0;

	if (found < 0 && errno != ENOENT)
		return error_set(error, errno, "the folder of inputs %.300s: %s", folder,
				 strerror(errno));
	*inputs = calloc((size_t)(found > 0 ? found : 0) + 1, sizeof(**inputs));
	if (!*inputs)
		err = error_set(error, ENOMEM, "no memory for the inputs of %.300s", folder);
	for (i = 0; i < found; i++) {
		if (!err)
			err = read_input(folder, entries[i]->d_name, &(*inputs)[*count], error);
		*count += !err && (*inputs)[*count].input.data;
		free(entries[i]);
	}
	free(entries);
	if (!err && !*count) {
		**inputs = (struct job_input){ .name = strdup("empty"),
					       .input = { .data = calloc(1, 1) } };
		*count = 1;
	}
	return err;
}

static int read_test(struct corpus *corpus, const struct r0_test **place, struct error *error)
{
	const struct r0_test *test = *place;
	struct r0_test *with_cases = &corpus->tests[corpus->count];
	char *folder = corpus_folder(test);
	size_t count = 0, i;
	int err;

	if (!folder)
		return error_set(error, ENOMEM, "no memory");
	err = read_folder(folder, &corpus->inputs[corpus->count], &count, error);
	free(folder);
	corpus->counts[corpus->count] = count;
	*with_cases = *test;
	with_cases->options.params = (struct r0_params){
		.elements = corpus->inputs[corpus->count],
		.count = count,
		.size = sizeof(struct job_input),
		.names = &corpus->inputs[corpus->count]->name,
	};
	for (i = 0; i < count; i++)
		corpus->inputs[corpus->count][i].room = corpus->room;
	corpus->count++;
	*place = with_cases;
	return err;
}

int corpus_init(struct corpus *corpus, const struct r0_test **tests, size_t count,
		struct error *error)
{
	size_t fuzzed = 0, i;
	int err = 0;

	*corpus = (struct corpus){ 0 };
	for (i = 0; i < count; i++)
		fuzzed += tests[i]->fuzz != NULL;
	if (!fuzzed)
		return 0;
	corpus->tests = calloc(fuzzed, sizeof(*corpus->tests));
	corpus->inputs = calloc(fuzzed, sizeof(*corpus->inputs));
	corpus->counts = calloc(fuzzed, sizeof(*corpus->counts));
	corpus->room = corpus_room();
	if (!corpus->tests || !corpus->inputs || !corpus->counts || !corpus->room)
		return error_set(error, ENOMEM, "no memory for inputs");
	for (i = 0; i < count && !err; i++) {
		if (!tests[i]->fuzz)
			continue;
		if (tests[i]->options.params.elements || tests[i]->options.params.count)
			err = error_set(
				error, EINVAL,
				"%s.%s (%s:%d): R0_FUZZ() takes no .params: its cases are the "
				"files of its folder",
				tests[i]->suite, tests[i]->name, tests[i]->file, tests[i]->line);
		else
			err = read_test(corpus, &tests[i], error);
	}
	return err;
}

void corpus_finish(struct corpus *corpus)
{
	size_t i;

	for (i = 0; i < corpus->count; i++)
		release_inputs(corpus->inputs[i], corpus->counts[i]);
	free(corpus->tests);
	free(corpus->inputs);
	free(corpus->counts);
	corpus_room_release(corpus->room);
	*corpus = (struct corpus){ 0 };
}
