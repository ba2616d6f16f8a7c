/* SPDX-License-Identifier: MIT */
/* The host's command for programs inside: see serve.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/helper_process.h"
#include "command/carried_files.h"
#include "command/lab/hand_over.h"
#include "command/lab/protocol.h"
#include "command/lab/serve.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

/* As in crash/child.c. */
#define LIMIT_MS 60000

/* Of a core file, and more: crash/elf_core.c, TOTAL_LIMIT. */
#define INPUT_MAX (512ull << 20)

/* The environment has a limit for each variable (MAX_ARG_STRLEN of the kernel). */
#define PATHS_MAX 100000u

#define ARGUMENTS_MAX 32

/*
 * Only what reads its input, and answers: what is inside is not to have the host do anything else. Both read the files
 * that the input names. The last argument is the input.
 */
static bool is_allowed(char **arguments, size_t count)
{
	return count >= 2 &&
	       (!strcmp(arguments[0], "backtrace") || !strcmp(arguments[0], "replaceable")) &&
	       !strcmp(arguments[count - 1], HELPER_PROCESS_FD_PATH);
}

/* Where files are that have another path inside. */
static void tell_files(const struct lab_files *files)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; out && i < files->count && ftell(out) < (long)PATHS_MAX; i++) {
		const struct lab_entry *entry = &files->entries[i];

		if (entry->host && strcmp(entry->host, entry->inside) &&
		    !strchr(entry->host, '\n') && !strchr(entry->inside, '\n'))
			fprintf(out, "%s\n%s\n", entry->inside, entry->host);
	}
	if (out && !fclose(out))
		setenv(CARRIED_FILES_VARIABLE, text, 1);
	free(text);
}

/* Into memory: what there is no room for is missing in the answer. */
static void write_at(int fd, const char *from, size_t size, uint64_t offset)
{
	while (size) {
		ssize_t n = pwrite(fd, from, size, (off_t)offset);

		if (n <= 0)
			return;
		from += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
}

/* The input goes into a file; without one, it is read all the same. 0 or LAB_GONE_…. */
static int take_input(struct lab_machine *machine, uint64_t size, int fd, struct lab_limit limit)
{
	uint64_t done = 0;
	bool more = true;
	int gone = 0;

	if (fd >= 0 && ftruncate(fd, (off_t)size))
		fd = -1;
	while (more && !gone) {
		struct lab_input head = { 0 };
		struct lab_incoming part;

		gone = lab_talk_receive(machine, &part, limit);
		if (!gone && (part.type != LAB_INPUT || part.length < sizeof(head)))
			gone = LAB_GONE_DEAD;
		if (!gone) {
			memcpy(&head, part.content, sizeof(head));
			part.length -= (uint32_t)sizeof(head);
			more = part.length;
			if (head.offset < done || head.offset > size ||
			    part.length > size - head.offset)
				gone = LAB_GONE_DEAD;
		}
		if (!gone && fd >= 0)
			write_at(fd, part.content + sizeof(head), part.length, head.offset);
		done = head.offset + part.length;
		free(part.content);
	}
	return gone;
}

static char *answer(char **arguments, size_t count, int input, struct lab_answer *head)
{
	/* Of the process that starts it: also where another file has been put in its place since. */
	char own[] = "/proc/self/exe";
	char *argv[ARGUMENTS_MAX + 2] = { own };
	struct error error = { 0 };
	char *output = NULL;

	head->status = 1;
	if (input < 0 || !is_allowed(arguments, count))
		return NULL;
	memcpy(argv + 1, arguments, count * sizeof(*argv));
	if (!helper_process_run(argv, input, LIMIT_MS, &output, &error))
		head->status = 0;
	return output;
}

/*
 * The command itself is wanted: send it, unless it is there, and tell its path. That init does not read while it sends
 * what programs print holds up nobody: it sends no more than the machine's port has room for before it comes to the
 * file. 0 or LAB_GONE_….
 */
static int bring_command(struct lab_machine *machine, const struct lab_files *files, char **output,
			 struct lab_answer *head, struct lab_limit limit)
{
	const struct lab_entry *command = lab_files_later(files);
	int gone = command && !machine->has_command ? lab_hand_over(machine, command, limit) : 0;

	head->status = 1;
	/* Above 0 it has said why the file can't be read. */
	if (gone || !command)
		return gone < 0 ? gone : 0;
	machine->has_command = true;
	head->status = 0;
	*output = lab_format("%s", command->inside);
	return 0;
}

int lab_serve(struct lab_machine *machine, const struct lab_files *files,
	      const struct lab_incoming *command, struct lab_limit limit)
{
	struct lab_command head;
	struct lab_answer reply = { 0 };
	char *arguments[ARGUMENTS_MAX], *text, *output, *message;
	char *const end = command->content + command->length;
	size_t count = 0, size;
	int input, gone;

	if (command->length < sizeof(head))
		return LAB_GONE_DEAD;
	memcpy(&head, command->content, sizeof(head));
	if (head.size > INPUT_MAX)
		return LAB_GONE_DEAD;
	input = memfd_create("ring0 lab", MFD_CLOEXEC);
	gone = take_input(machine, head.size, input, limit);
	/* There is a NUL after the content. */
	for (text = command->content + sizeof(head); text < end && count < ARGUMENTS_MAX;
	     text += strlen(text) + 1)
		arguments[count++] = text;
	if (!gone) {
		tell_files(files);
		reply.number = head.number;
		output = NULL;
		if (count == 1 && !*arguments[0])
			gone = bring_command(machine, files, &output, &reply, limit);
		else
			output = answer(arguments, count, input, &reply);
	}
	if (!gone) {
		size = output ? strlen(output) : 0;
		/* What is longer is no answer that a program can use in part. */
		if (size > LAB_MESSAGE_MAX - sizeof(reply)) {
			reply.status = 1;
			size = 0;
		}
		message = lab_allocate(sizeof(reply) + size);
		memcpy(message, &reply, sizeof(reply));
		if (size)
			memcpy(message + sizeof(reply), output, size);
		gone = lab_talk_transmit(machine, LAB_ANSWER, message, sizeof(reply) + size, limit);
		free(message);
		free(output);
	}
	if (input >= 0)
		close(input);
	return gone;
}
