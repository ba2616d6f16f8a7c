/* SPDX-License-Identifier: MIT */
/*
 * The warm start: the state of a machine that has booted and waits for files, saved once and
 * restored for each run. The memory is a file that QEMU maps copy-on-write, so that a restore
 * reads only what the machine then touches (QEMU's capability x-ignore-shared); the rest is a
 * migration stream of some hundred kilobytes. A state is written in full under another name and
 * never changed; it is found by all that it depends on. Depends on lab.h and libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/lab/lab.h"

/* Changes when what is saved does. */
#define FORMAT 1
/* States in the cache, each of one set of options: the least recently used goes. */
#define STATES_MAX 4
#define PAGE	   4096u
#define MONITOR_MS 20000

/*
 * Say that to QEMU's monitor, unless it is NULL or empty, and wait for the answer, past any events;
 * for NULL, for the greeting. -EPROTO if the answer is an error.
 */
static int ask(struct lab_machine *machine, const char *command, char *answer, size_t room)
{
	uint64_t deadline = lab_clock() + MONITOR_MS;
	size_t used = 0;

	if (command && *command &&
	    send(machine->monitor, command, strlen(command), MSG_NOSIGNAL) < 0)
		return -errno;
	for (;;) {
		struct pollfd fds[] = { { .fd = machine->monitor, .events = POLLIN },
					{ .fd = machine->process, .events = POLLIN } };
		uint64_t now = lab_clock();
		char byte;

		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(fds, 2, (int)(deadline - now)) < 0 && errno != EINTR)
			return -errno;
		if (!fds[0].revents)
			continue;
		if (recv(machine->monitor, &byte, 1, 0) != 1)
			return -EPIPE;
		if (byte != '\n') {
			if (used + 1 < room)
				answer[used++] = byte;
			continue;
		}
		answer[used] = '\0';
		used = 0;
		if (!strncmp(answer, "{\"return\"", 9) || (!command && strstr(answer, "\"QMP\"")))
			return 0;
		if (!strncmp(answer, "{\"error\"", 8))
			return -EPROTO;
	}
}

static int tell(struct lab_machine *machine, const char *command)
{
	char answer[4096];

	return ask(machine, command, answer, sizeof(answer));
}

/* Hand QEMU the file for its devices' state: it comes with this command, as unix(7) has it. */
static int give_file(struct lab_machine *machine)
{
	char command[] = "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"state\"}}\n";
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec data = { command, sizeof(command) - 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control.space) };
	char answer[4096];

	memcpy(CMSG_DATA(&control.head), &machine->state, sizeof(int));
	if (sendmsg(machine->monitor, &message, MSG_NOSIGNAL) < 0)
		return -errno;
	return ask(machine, "", answer, sizeof(answer));
}

/* The greeting, and leave to ignore memory that is in a file. */
static int introduce(struct lab_machine *machine)
{
	int err = tell(machine, NULL);

	if (!err)
		err = tell(machine, "{\"execute\":\"qmp_capabilities\"}\n");
	if (!err)
		err = tell(machine, "{\"execute\":\"migrate-set-capabilities\",\"arguments\":"
				    "{\"capabilities\":[{\"capability\":\"x-ignore-shared\","
				    "\"state\":true}]}}\n");
	if (!err)
		err = give_file(machine);
	return err;
}

static int wait_migration(struct lab_machine *machine)
{
	uint64_t deadline = lab_clock() + MONITOR_MS;
	char answer[8192];

	for (;;) {
		int err = ask(machine, "{\"execute\":\"query-migrate\"}\n", answer, sizeof(answer));

		if (err)
			return err;
		if (strstr(answer, "\"status\": \"completed\""))
			return 0;
		if (strstr(answer, "\"status\": \"failed\""))
			return -EIO;
		if (lab_clock() >= deadline)
			return -ETIMEDOUT;
		usleep(500);
	}
}

static void add_file(FILE *key, const char *path)
{
	struct stat file = { 0 };

	if (stat(path, &file) == 0)
		fprintf(key, "%s %lld %lld.%09ld %llu\n", path, (long long)file.st_size,
			(long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec,
			(unsigned long long)file.st_ino);
}

static uint64_t hash(const unsigned char *data, size_t size)
{
	uint64_t value = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < size; i++)
		value = (value ^ data[i]) * 0x100000001b3;
	return value;
}

/* All that a state depends on, as text. */
static char *make_key(const struct lab_options *options, const struct lab_kernel *kernel)
{
	const struct lab_architecture *architecture = options->architecture;
	const char *name = options->qemu ? options->qemu : architecture->qemu;
	char *qemu = lab_find_in_path(name), *text = NULL, *command;
	size_t size;
	FILE *key = open_memstream(&text, &size);

	if (!key)
		exit(lab_error(LAB_INTERNAL, "no memory for a key"));
	command = lab_machine_key(options);
	fprintf(key, "format %d\n%s\n", FORMAT, command);
	free(command);
	if (qemu)
		add_file(key, qemu);
	free(qemu);
	add_file(key, kernel->path);
	for (size_t i = 0; i < kernel->needed.count; i++)
		add_file(key, kernel->needed.items[i]);
	fprintf(key, "init %016llx\n",
		(unsigned long long)hash(architecture->init,
					 (size_t)(architecture->init_end - architecture->init)));
	if (fclose(key))
		exit(lab_error(LAB_INTERNAL, "no memory for a key"));
	return text;
}

static bool same_key(const char *directory, const char *key)
{
	char *path = lab_format("%s/key", directory);
	struct lab_blob blob;
	bool same = lab_map(path, &blob) == 0 && blob.size == strlen(key) &&
		    !memcmp(blob.data, key, blob.size);

	lab_unmap(&blob);
	free(path);
	return same;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	remove(path);
	return 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Keep the states used last, by their keys' times, and no half-written one of an earlier day. */
static void prune(const char *cache)
{
	char *pattern = lab_format("%s/state-*", cache);
	struct lab_strings names = { 0 };

	lab_glob(pattern, &names);
	free(pattern);
	for (size_t left = names.count; left > STATES_MAX; left--) {
		size_t oldest = 0;
		time_t oldest_time = 0;

		for (size_t i = 0; i < names.count; i++) {
			struct stat file;

			if (!*names.items[i] || stat(names.items[i], &file))
				continue;
			if (!oldest_time || file.st_mtime < oldest_time) {
				oldest = i;
				oldest_time = file.st_mtime;
			}
		}
		if (*names.items[oldest])
			remove_tree(names.items[oldest]);
		*names.items[oldest] = '\0';
	}
	lab_strings_finish(&names);
}

/* Copy what is not zero of the machine's memory, with holes elsewhere. 0 or -errno. */
static int copy_memory(int from, const char *path, size_t size)
{
	static const unsigned char zeros[PAGE];
	const unsigned char *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, from, 0);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), err = 0;
	off_t start = 0, end;

	if (memory == MAP_FAILED || to < 0 || ftruncate(to, (off_t)size))
		err = -errno;
	while (!err && (start = lseek(from, start, SEEK_DATA)) >= 0) {
		end = lseek(from, start, SEEK_HOLE);
		for (off_t at = start; at < end && !err;) {
			off_t stop;

			for (; at < end && !memcmp(memory + at, zeros, PAGE); at += PAGE)
				;
			for (stop = at; stop < end && memcmp(memory + stop, zeros, PAGE);
			     stop += PAGE)
				;
			while (at < stop && !err) {
				ssize_t n = pwrite(to, memory + at, (size_t)(stop - at), at);

				if (n < 0)
					err = -errno;
				else
					at += n;
			}
		}
		start = end;
	}
	if (to >= 0 && close(to) && !err)
		err = -errno;
	if (memory != MAP_FAILED)
		munmap((void *)(uintptr_t)memory, size);
	return err;
}

static int write_key(const char *directory, const char *key)
{
	char *path = lab_format("%s/key", directory);
	FILE *file = fopen(path, "we");
	int err = 0;

	if (!file || fputs(key, file) < 0)
		err = errno ? -errno : -EIO;
	if (file && fclose(file) && !err)
		err = -errno;
	free(path);
	return err;
}

static char *state_directory(const char *cache, const char *key)
{
	return lab_format("%s/state-%016llx", cache,
			  (unsigned long long)hash((const unsigned char *)key, strlen(key)));
}

char *lab_state_find(const struct lab_options *options, const struct lab_kernel *kernel)
{
	char *cache = lab_cache_directory(), *key, *directory;

	if (!cache)
		return NULL;
	key = make_key(options, kernel);
	directory = state_directory(cache, key);
	if (!same_key(directory, key)) {
		free(directory);
		directory = NULL;
	} else {
		utimensat(AT_FDCWD, directory, NULL, 0);
	}
	free(key);
	free(cache);
	return directory;
}

void lab_state_remove(const char *directory)
{
	remove_tree(directory);
}

int lab_state_restore(struct lab_machine *machine)
{
	int err = introduce(machine);

	if (!err)
		err = tell(machine, "{\"execute\":\"migrate-incoming\",\"arguments\":"
				    "{\"uri\":\"fd:state\"}}\n");
	if (!err)
		err = wait_migration(machine);
	if (!err)
		err = tell(machine, "{\"execute\":\"cont\"}\n");
	return err;
}

/* Have QEMU write its devices to the descriptor, and copy the memory. 0 or -errno. */
static int save_in(struct lab_machine *machine, const struct lab_options *options,
		   const char *directory, const char *key)
{
	char *memory = lab_format("%s/memory", directory);
	char *devices = lab_format("%s/devices", directory);
	int err = introduce(machine);

	if (!err)
		err = tell(machine, "{\"execute\":\"stop\"}\n");
	if (!err)
		err = tell(machine, "{\"execute\":\"migrate\",\"arguments\":"
				    "{\"uri\":\"fd:state\"}}\n");
	if (!err)
		err = wait_migration(machine);
	if (!err)
		err = lab_copy_descriptor(machine->state, devices);
	if (!err)
		err = copy_memory(machine->memory, memory, (size_t)options->memory << 20);
	if (!err)
		err = write_key(directory, key);
	free(memory);
	free(devices);
	return err;
}

int lab_state_save(struct lab_machine *machine, const struct lab_options *options,
		   const struct lab_kernel *kernel)
{
	char *cache = lab_cache_directory(), *key, *final, *directory;
	int err = 0;

	if (!cache)
		return -ENOENT;
	key = make_key(options, kernel);
	final = state_directory(cache, key);
	directory = lab_format("%s/saving-XXXXXX", cache);
	if (!mkdtemp(directory)) {
		err = -errno;
	} else {
		err = save_in(machine, options, directory, key);
		/* Another lab may have saved the same meanwhile; a damaged one has to go. */
		if (!err && !same_key(final, key))
			remove_tree(final);
		if (!err && rename(directory, final) && errno != ENOTEMPTY && errno != EEXIST)
			err = -errno;
		remove_tree(directory);
		prune(cache);
	}
	free(directory);
	free(final);
	free(key);
	free(cache);
	return err;
}

int lab_state_resume(struct lab_machine *machine)
{
	return tell(machine, "{\"execute\":\"cont\"}\n");
}
