/* SPDX-License-Identifier: MIT */
/*
 * The talk with the init program in a machine: wait for it, hand over files, run programs, pass
 * their output on as it comes. Every wait has an end: the machine's death, a signal or a time
 * limit. Depends on protocol.h and libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/programs/files.h"
#include "command/lab/machine.h"
#include "command/lab/options.h"
#include "command/lab/protocol.h"
#include "command/lab/run.h"
#include "command/lab/session.h"
#include "command/lab/signals.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

/* Ample for a loaded machine: a boot takes 2 to 4 seconds. */
#define BOOT_MS 120000
/* For what is no user's program: handing over files, and ending a program that overran. */
#define TALK_MS 60000
#define KILL_MS 5000
/* A restored machine that does not answer in this time is started afresh. */
#define RESTORED_MS 10000

/* A machine that loses interrupts gets one when it has been silent for so long. */
#define INTERRUPT_MS 100

/* What ends a wait, beside what it waits for. Internal to this file. */
enum { GONE_DEAD = -1, GONE_LATE = -2, GONE_SIGNAL = -3 };

/*
 * When to give a machine up: at that time of its own clock, lab_machine_clock(), which a loaded host does
 * not bring forward; or for what the user limits of the host's, clock_ms(). 0: never.
 */
struct limit {
	uint64_t end;
	bool is_hosts;
};

static struct limit limit_of(const struct lab_machine *machine, uint64_t milliseconds)
{
	return (struct limit){ .end = lab_machine_clock(machine) + milliseconds };
}

/* Milliseconds left, at most an hour; 0 when it is over; -1 for ever. */
static int time_left(const struct lab_machine *machine, struct limit limit)
{
	uint64_t now = limit.is_hosts ? clock_ms() : lab_machine_clock(machine);

	if (!limit.end)
		return -1;
	if (now >= limit.end)
		return 0;
	return limit.end - now > 3600000 ? 3600000 : (int)(limit.end - now);
}

/* By a message, whole or not at all: where there is no room for it, it has others to read. */
static void interrupt(struct lab_machine *machine)
{
	const struct lab_message nothing = { .type = LAB_INTERRUPT };

	(void)machine->emulator->transmit(machine, &nothing, sizeof(nothing));
}

/* Wait for the port to be readable or writable. 0 or GONE_…. */
static int wait_port(struct lab_machine *machine, short events, struct limit limit)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = machine->port, .events = events },
			{ .fd = machine->console, .events = POLLIN },
			{ .fd = machine->complaint, .events = POLLIN },
			{ .fd = machine->process, .events = POLLIN },
			{ .fd = lab_signals, .events = POLLIN },
		};
		int ready = poll(fds, 5, 0);

		/* The machine's clock is not to be read for each message. */
		if (!ready) {
			int timeout = time_left(machine, limit);

			if (machine->panic_time && (timeout < 0 || timeout > 100))
				timeout = 100;
			if (machine->is_interrupted && (timeout < 0 || timeout > INTERRUPT_MS))
				timeout = INTERRUPT_MS;
			ready = poll(fds, 5, timeout);
			if (!ready && machine->is_interrupted)
				interrupt(machine);
		}
		if (ready < 0 && errno != EINTR)
			exit(lab_error(LAB_INTERNAL, "poll: %s", strerror(errno)));
		if (fds[4].revents & POLLIN && (lab_signal = lab_take_signal()))
			return GONE_SIGNAL;
		/* Before the machine's death: what it sent before that counts. */
		if (fds[0].revents & events)
			return 0;
		if (!lab_machine_listen(machine) || fds[0].revents)
			return GONE_DEAD;
		if (!time_left(machine, limit))
			return GONE_LATE;
	}
}

static int receive(struct lab_machine *machine, void *data, size_t size, struct limit limit)
{
	char *to = data;

	while (size) {
		int gone = wait_port(machine, POLLIN, limit);
		ssize_t n;

		if (gone)
			return gone;
		n = machine->emulator->receive(machine, to, size);
		if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR))
			return GONE_DEAD;
		if (n > 0) {
			to += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

static int transmit(struct lab_machine *machine, const void *data, size_t size, struct limit limit)
{
	const char *from = data;

	while (size) {
		ssize_t n = machine->emulator->transmit(machine, from, size);
		int gone = n == -EAGAIN ? wait_port(machine, POLLOUT, limit) : 0;

		if (gone)
			return gone;
		if (n < 0 && n != -EAGAIN && n != -EINTR)
			return GONE_DEAD;
		if (n > 0) {
			from += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* A message that came: its head, and its content with a NUL after it, in memory for free(). */
struct incoming {
	uint32_t type;
	uint32_t length;
	char *content;
};

static int receive_message(struct lab_machine *machine, struct incoming *incoming,
			   struct limit limit)
{
	struct lab_message head;
	int gone = receive(machine, &head, sizeof(head), limit);

	*incoming = (struct incoming){ 0 };
	if (gone)
		return gone;
	/* What is inside the machine is not to be trusted with our memory. */
	if (head.length > LAB_MESSAGE_MAX)
		return GONE_DEAD;
	*incoming = (struct incoming){ head.type, head.length, lab_allocate(head.length + 1) };
	return receive(machine, incoming->content, head.length, limit);
}

static int transmit_message(struct lab_machine *machine, uint32_t type, const void *data,
			    size_t size, struct limit limit)
{
	struct lab_message head = { type, (uint32_t)size };
	int gone = transmit(machine, &head, sizeof(head), limit);

	return gone ? gone : transmit(machine, data, size, limit);
}

static int say_gone(struct lab_machine *machine, const struct lab_options *options, int gone,
		    const char *what)
{
	char *last;
	size_t size;
	int status;

	if (gone == GONE_SIGNAL)
		return 128 + lab_signal;
	if (gone == GONE_DEAD)
		return lab_machine_autopsy(machine, options);
	lab_machine_listen(machine);
	size = machine->log_size;
	while (size && (machine->log[size - 1] == '\n' || machine->log[size - 1] == '\r'))
		size--;
	last = lab_format("%.*s", (int)size, machine->log ? machine->log : "");
	status = lab_error(LAB_TIMEOUT, "%s took too long; the machine's last words: %s", what,
			   *last ? (strrchr(last, '\n') ? strrchr(last, '\n') + 1 : last) : "none");
	free(last);
	return status;
}

static void fill_hello(struct lab_hello *hello)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	hello->nanoseconds = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (getrandom(hello->entropy, sizeof(hello->entropy), 0) < 0)
		memset(hello->entropy, 0, sizeof(hello->entropy));
}

int lab_session_boot(struct lab_machine *machine, const struct lab_options *options)
{
	struct limit limit = limit_of(machine, BOOT_MS);
	struct incoming incoming;
	struct lab_ready ready = { 0 };
	int gone, status = 0;

	gone = receive_message(machine, &incoming, limit);
	if (gone) {
		free(incoming.content);
		return say_gone(machine, options, gone, "starting the machine");
	}
	if (incoming.type == LAB_READY && incoming.length == sizeof(ready))
		memcpy(&ready, incoming.content, sizeof(ready));
	free(incoming.content);
	if (ready.magic != LAB_MAGIC)
		return lab_error(LAB_INTERNAL, "the machine said something unknown");
	machine->booted = true;
	if (ready.kvm_error && ready.no_virtualization)
		status = lab_error(
			LAB_NO_QEMU,
			"the emulated CPU has no virtualization: QEMU 6.0 or later, or another --cpu, does");
	else if (ready.kvm_error)
		status = lab_error(LAB_NO_KVM,
				   "the kernel has no KVM: opening /dev/kvm inside: %s; choose "
				   "another with --kernel, with its modules beside it",
				   strerror((int)ready.kvm_error));
	return status;
}

int lab_session_hello(struct lab_machine *machine, const struct lab_options *options, bool restored)
{
	struct limit limit = limit_of(machine, restored ? RESTORED_MS : TALK_MS);
	struct incoming incoming = { 0 };
	struct lab_hello hello;
	int gone;

	fill_hello(&hello);
	gone = transmit_message(machine, LAB_HELLO, &hello, sizeof(hello), limit);
	if (!gone)
		gone = receive_message(machine, &incoming, limit);
	if (!gone && incoming.type != LAB_READY)
		gone = GONE_LATE;
	free(incoming.content);
	machine->booted = true;
	if (gone && restored && gone != GONE_SIGNAL)
		return -1;
	return gone ? say_gone(machine, options, gone, "greeting the machine") : 0;
}

static int send_file(struct lab_machine *machine, const struct lab_entry *entry, struct limit limit)
{
	struct lab_file file = { .mode = (uint32_t)entry->mode,
				 .path_length = (uint32_t)strlen(entry->inside),
				 .size = entry->size };
	size_t size = sizeof(file) + file.path_length;
	char *message = lab_allocate(size);
	struct lab_blob blob = { 0 };
	int gone;

	if (entry->host && (lab_map(entry->host, &blob) || blob.size < entry->size)) {
		lab_unmap(&blob);
		free(message);
		return lab_error(LAB_MISSING, "the file %s changed while it was read", entry->host);
	}
	memcpy(message, &file, sizeof(file));
	memcpy(message + sizeof(file), entry->inside, file.path_length);
	gone = transmit_message(machine, LAB_FILE, message, size, limit);
	if (!gone && entry->size)
		gone = transmit(machine, blob.data, entry->size, limit);
	lab_unmap(&blob);
	free(message);
	return gone;
}

int lab_session_files(struct lab_machine *machine, const struct lab_options *options,
		      const struct lab_files *files)
{
	/* The port carries far more than a megabyte a second. */
	struct limit limit = limit_of(machine, TALK_MS + files->total / 1000);

	for (size_t i = 0; i < files->count; i++) {
		int gone = send_file(machine, &files->entries[i], limit);

		if (gone < 0)
			return say_gone(machine, options, gone, "handing over the files");
		if (gone)
			return gone;
	}
	return 0;
}

static char *pack(size_t *size, const struct lab_options *options, const char *program,
		  const char *inside)
{
	char *directory = getcwd(NULL, 0), *message = NULL;
	struct stat out, err;
	struct lab_run run = { .argument_count = (uint32_t)options->arguments.count + 1,
			       .variable_count = (uint32_t)options->variables.count };
	FILE *stream = open_memstream(&message, size);

	if (!stream)
		exit(lab_error(LAB_INTERNAL, "no memory for a message"));
	/* In one file, the two streams should come in the program's order. */
	run.merged = fstat(1, &out) == 0 && fstat(2, &err) == 0 && out.st_dev == err.st_dev &&
		     out.st_ino == err.st_ino;
	fwrite(&run, sizeof(run), 1, stream);
	fprintf(stream, "%s%c%s%c%s%c", directory ? directory : "/", 0, inside, 0, program, 0);
	for (size_t i = 0; i < options->arguments.count; i++)
		fprintf(stream, "%s%c", options->arguments.items[i], 0);
	for (size_t i = 0; i < options->variables.count; i++)
		fprintf(stream, "%s%c", options->variables.items[i], 0);
	if (fclose(stream))
		exit(lab_error(LAB_INTERNAL, "no memory for a message"));
	free(directory);
	return message;
}

/* Pass output on. A reader that went away ends us as it would end the program: by SIGPIPE. */
static int write_out(int fd, const char *data, size_t size)
{
	int err = lab_write_all(fd, data, size);

	if (err == -EPIPE) {
		lab_signal = SIGPIPE;
		return 128 + SIGPIPE;
	}
	if (err)
		return lab_error(LAB_DISK, "writing the program's output: %s", strerror(-err));
	return 0;
}

static int say_failed(const struct incoming *incoming)
{
	struct lab_exit failure = { 0 };

	if (incoming->length >= sizeof(failure))
		memcpy(&failure, incoming->content, sizeof(failure));
	else
		return lab_error(LAB_INTERNAL, "the machine failed without saying why");
	if (failure.status == ENOSPC || failure.status == ENOMEM)
		return lab_error(LAB_NO_MEMORY,
				 "the machine has too little memory for the files (%s); give it "
				 "more with --memory",
				 incoming->content + sizeof(failure));
	return lab_error(LAB_MISSING, "inside the machine, %s",
			 incoming->content + sizeof(failure));
}

/* The program overran: end it, and pass on what it still said. */
static int end_program(struct lab_machine *machine, const struct lab_options *options,
		       const char *program)
{
	struct limit limit = limit_of(machine, KILL_MS);
	int gone = transmit_message(machine, LAB_KILL, NULL, 0, limit);
	struct incoming incoming = { 0 };

	while (!gone) {
		gone = receive_message(machine, &incoming, limit);
		if (!gone && incoming.type == LAB_EXIT) {
			free(incoming.content);
			break;
		}
		if (!gone && (incoming.type == LAB_OUTPUT || incoming.type == LAB_ERROR))
			write_out(incoming.type == LAB_OUTPUT ? 1 : 2, incoming.content,
				  incoming.length);
		free(incoming.content);
	}
	/* One that can't be ended takes its machine with it. */
	if (gone)
		lab_machine_stop(machine);
	return lab_error(LAB_TIMEOUT,
			 "%s ran for more than %u s and was ended; --timeout allows more", program,
			 options->timeout);
}

static int run(struct lab_machine *machine, const struct lab_options *options, const char *program,
	       const char *inside, int *status)
{
	struct limit limit = { .is_hosts = true };
	size_t size;
	char *message = pack(&size, options, program, inside);
	int gone, result = -1;

	if (size > LAB_MESSAGE_MAX) {
		free(message);
		return lab_error(LAB_USAGE, "the arguments and the environment are too long");
	}
	if (options->timeout)
		limit.end = clock_ms() + options->timeout * 1000ull;
	gone = transmit_message(machine, LAB_RUN, message, size, limit_of(machine, TALK_MS));
	free(message);
	while (!gone && result < 0) {
		struct incoming incoming;
		struct lab_exit end;

		gone = receive_message(machine, &incoming, limit);
		if (gone) {
			free(incoming.content);
			break;
		}
		switch (incoming.type) {
		case LAB_OUTPUT:
		case LAB_ERROR:
			result = write_out(incoming.type == LAB_OUTPUT ? 1 : 2, incoming.content,
					   incoming.length);
			if (!result)
				result = -1;
			break;
		case LAB_EXIT:
			memset(&end, 0, sizeof(end));
			memcpy(&end, incoming.content,
			       incoming.length < sizeof(end) ? incoming.length : sizeof(end));
			*status = end.status & 0xff;
			result = 0;
			if (end.out_of_memory && *status == 128 + SIGKILL)
				result = lab_error(LAB_NO_MEMORY,
						   "%s was killed: the machine's %u MB are too "
						   "little for it; give it more with --memory",
						   program, options->memory);
			break;
		case LAB_FAILED:
			result = say_failed(&incoming);
			break;
		default:
			result = lab_error(LAB_INTERNAL, "the machine said something unknown (%u)",
					   incoming.type);
		}
		free(incoming.content);
	}
	if (gone == GONE_LATE)
		return end_program(machine, options, program);
	return gone ? say_gone(machine, options, gone, program) : result;
}

int lab_session_run(struct lab_machine *machine, const struct lab_options *options,
		    const char *program, const char *inside, int *status)
{
	const struct lab_emulator *emulator = machine->emulator;
	int result;

	machine->is_interrupted = emulator->loses_interrupts && emulator->loses_interrupts(options);
	result = run(machine, options, program, inside, status);
	machine->is_interrupted = false;
	return result;
}

/* Both sides have the same current directory, but init is not in it. */
static char *absolute(const char *path)
{
	char *directory = *path == '/' ? NULL : getcwd(NULL, 0);
	char *result = directory ? lab_format("%s/%s", directory, path) : lab_format("%s", path);

	free(directory);
	return result;
}

static int collect_one(struct lab_machine *machine, const struct lab_options *options,
		       const char *path)
{
	struct limit limit = limit_of(machine, TALK_MS);
	int gone = transmit_message(machine, LAB_COLLECT, path, strlen(path) + 1, limit);
	int fd = -1, status = -1, err;

	while (!gone && status < 0) {
		struct incoming incoming;

		gone = receive_message(machine, &incoming, limit);
		if (!gone && incoming.type == LAB_COLLECTED) {
			if (fd < 0)
				fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
			err = fd < 0 ? -errno :
				       lab_write_all(fd, incoming.content, incoming.length);
			if (err)
				status =
					lab_error(LAB_DISK, "writing %s: %s", path, strerror(-err));
			else if (!incoming.length)
				status = 0;
		} else if (!gone) {
			status = incoming.type == LAB_FAILED ?
					 say_failed(&incoming) :
					 lab_error(LAB_INTERNAL,
						   "the machine said something unknown");
		}
		free(incoming.content);
	}
	if (fd >= 0 && close(fd) && !status)
		status = lab_error(LAB_DISK, "writing %s: %s", path, strerror(errno));
	return gone ? say_gone(machine, options, gone, "copying a file out") : status;
}

/* libgcov makes the folders of its files, too. */
static void make_folders(const char *path)
{
	char *copy = lab_format("%s", path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0777);
		*slash = '/';
	}
	free(copy);
}

/* The files of coverage that programs have written inside: their names, before any is asked for. */
static int find_coverage(struct lab_machine *machine, const struct lab_options *options,
			 struct lab_strings *found)
{
	static const char suffixes[] = ".gcda\0.profraw";
	struct limit limit = limit_of(machine, TALK_MS);
	int gone = transmit_message(machine, LAB_FIND, suffixes, sizeof(suffixes), limit);
	int status = 0;
	bool more = true;

	while (!gone && more && !status) {
		struct incoming incoming;

		gone = receive_message(machine, &incoming, limit);
		more = !gone && incoming.length;
		if (!gone && incoming.type != LAB_FOUND)
			status = lab_error(LAB_INTERNAL, "the machine said something unknown (%u)",
					   incoming.type);
		else if (more)
			lab_strings_take(found, lab_format("%.*s", (int)incoming.length,
							   (const char *)incoming.content));
		free(incoming.content);
	}
	return gone ? say_gone(machine, options, gone, "looking for files of coverage") : status;
}

static int collect_coverage(struct lab_machine *machine, const struct lab_options *options)
{
	struct lab_strings found = { 0 };
	int status = find_coverage(machine, options, &found);

	for (size_t i = 0; i < found.count && !status; i++) {
		make_folders(found.items[i]);
		status = collect_one(machine, options, found.items[i]);
	}
	lab_strings_finish(&found);
	return status;
}

int lab_session_collect(struct lab_machine *machine, const struct lab_options *options)
{
	int status = 0;

	for (size_t i = 0; i < options->collect.count && !status; i++) {
		char *path = absolute(options->collect.items[i]);

		status = collect_one(machine, options, path);
		free(path);
	}
	return options->coverage && !status ? collect_coverage(machine, options) : status;
}
