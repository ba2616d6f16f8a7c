/* SPDX-License-Identifier: MIT */
/*
 * One machine and what runs in it: wait for it, hand over files, run programs, pass their output on as it
 * comes. Depends on talk.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/hand_over.h"
#include "command/lab/protocol.h"
#include "command/lab/serve.h"
#include "command/lab/session.h"
#include "command/lab/signals.h"
#include "command/lab/talk.h"
#include "command/lab/whole_file.h"

/* Ample for a loaded machine: a boot takes 2 to 4 seconds. */
#define BOOT_MS 120000
/* For ending a program that overran. */
#define KILL_MS 5000
/* For a program that was sent a signal to end by itself, and write its files. */
#define OBEY_MS 30000
/* A restored machine that does not answer in this time is started afresh. It takes 0.4 s, on a loaded host 10. */
#define RESTORED_MS 30000

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
	struct lab_limit limit = lab_talk_limit(machine, BOOT_MS);
	struct lab_incoming incoming;
	struct lab_ready ready = { 0 };
	int gone, status = 0;

	gone = lab_talk_receive(machine, &incoming, limit);
	if (gone) {
		free(incoming.content);
		return lab_talk_say_gone(machine, options, gone, "starting the machine");
	}
	if (incoming.type == LAB_READY && incoming.length == sizeof(ready))
		memcpy(&ready, incoming.content, sizeof(ready));
	free(incoming.content);
	if (ready.magic != LAB_MAGIC)
		return lab_talk_say_unknown(&incoming);
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
	struct lab_limit limit = lab_talk_limit(machine, restored ? RESTORED_MS : LAB_TALK_MS);
	struct lab_incoming incoming = { 0 };
	struct lab_hello hello;
	int gone;

	fill_hello(&hello);
	gone = lab_talk_transmit(machine, LAB_HELLO, &hello, sizeof(hello), limit);
	if (!gone)
		gone = lab_talk_receive(machine, &incoming, limit);
	if (!gone && incoming.type != LAB_READY)
		gone = LAB_GONE_LATE;
	free(incoming.content);
	machine->booted = true;
	if (gone && restored && gone != LAB_GONE_SIGNAL)
		return -1;
	return gone ? lab_talk_say_gone(machine, options, gone, "greeting the machine") : 0;
}

int lab_session_files(struct lab_machine *machine, const struct lab_options *options,
		      const struct lab_files *files)
{
	/* The port carries far more than a megabyte a second. */
	struct lab_limit limit = lab_talk_limit(machine, LAB_TALK_MS + files->total / 1000);

	for (size_t i = 0; i < files->count; i++) {
		int gone = files->entries[i].later ?
				   0 :
				   lab_hand_over(machine, &files->entries[i], limit);

		if (gone < 0)
			return lab_talk_say_gone(machine, options, gone, "handing over the files");
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

/* Tell init to end the program, and pass on what it still said. 0 or LAB_GONE_…. */
static int see_off(struct lab_machine *machine, const struct lab_files *files,
		   enum lab_message_type how, uint64_t milliseconds)
{
	struct lab_limit limit = lab_talk_limit(machine, milliseconds);
	const uint32_t number = (uint32_t)lab_signal;
	int gone = lab_talk_transmit(machine, how, &number, how == LAB_SIGNAL ? sizeof(number) : 0,
				     limit);
	struct lab_incoming incoming = { 0 };

	while (!gone) {
		gone = lab_talk_receive(machine, &incoming, limit);
		if (!gone && incoming.type == LAB_EXIT) {
			free(incoming.content);
			break;
		}
		if (!gone && (incoming.type == LAB_OUTPUT || incoming.type == LAB_ERROR))
			write_out(incoming.type == LAB_OUTPUT ? 1 : 2, incoming.content,
				  incoming.length);
		if (!gone && incoming.type == LAB_COMMAND)
			gone = lab_serve(machine, files, &incoming, limit);
		free(incoming.content);
	}
	return gone;
}

/*
 * A signal has come for the lab: where files are to come out, the program gets it, too, and may write them. Another signal is not
 * waited for.
 */
static int interrupt_program(struct lab_machine *machine, const struct lab_options *options,
			     const struct lab_files *files, const char *program)
{
	const int first = lab_signal;
	int gone = LAB_GONE_SIGNAL;

	if (options->collect.count || options->coverage)
		gone = see_off(machine, files, LAB_SIGNAL, OBEY_MS);
	if (gone == LAB_GONE_LATE)
		gone = see_off(machine, files, LAB_KILL, KILL_MS);
	if (gone)
		return lab_talk_say_gone(machine, options, gone, program);
	return lab_signal == first ? 0 : 128 + lab_signal;
}

/* The program overran: end it. One that can't be ended takes its machine with it. */
static int end_program(struct lab_machine *machine, const struct lab_options *options,
		       const struct lab_files *files, const char *program)
{
	if (see_off(machine, files, LAB_KILL, KILL_MS))
		lab_machine_stop(machine);
	return lab_error(LAB_TIMEOUT,
			 "%s ran for more than %u s and was ended; --timeout allows more", program,
			 options->timeout);
}

static int run(struct lab_machine *machine, const struct lab_options *options,
	       const struct lab_files *files, const char *program, const char *inside, int *status)
{
	struct lab_limit limit = { .is_hosts = true };
	size_t size;
	char *message = pack(&size, options, program, inside);
	int gone, result = -1;

	if (size > LAB_MESSAGE_MAX) {
		free(message);
		return lab_error(LAB_USAGE, "the arguments and the environment are too long");
	}
	if (options->timeout)
		limit.end = clock_ms() + options->timeout * 1000ull;
	gone = lab_talk_transmit(machine, LAB_RUN, message, size,
				 lab_talk_limit(machine, LAB_TALK_MS));
	free(message);
	while (!gone && result < 0) {
		struct lab_incoming incoming;
		struct lab_exit end;

		gone = lab_talk_receive(machine, &incoming, limit);
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
		case LAB_COMMAND:
			gone = lab_serve(machine, files, &incoming, limit);
			break;
		case LAB_FAILED:
			result = lab_talk_say_failed(&incoming);
			break;
		default:
			result = lab_talk_say_unknown(&incoming);
		}
		free(incoming.content);
	}
	if (gone == LAB_GONE_LATE)
		return end_program(machine, options, files, program);
	if (gone == LAB_GONE_SIGNAL)
		return interrupt_program(machine, options, files, program);
	return gone ? lab_talk_say_gone(machine, options, gone, program) : result;
}

int lab_session_run(struct lab_machine *machine, const struct lab_options *options,
		    const struct lab_files *files, const char *program, const char *inside,
		    int *status)
{
	const struct lab_emulator *emulator = machine->emulator;
	int result;

	machine->is_interrupted = emulator->loses_interrupts && emulator->loses_interrupts(options);
	result = run(machine, options, files, program, inside, status);
	machine->is_interrupted = false;
	return result;
}
