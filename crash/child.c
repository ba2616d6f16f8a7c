/* SPDX-License-Identifier: MIT */
/*
 * Starts `ring0 backtrace` on a core of the guest and reads its answer; command/backtrace/disassembly.h and
 * command/backtrace/backtrace.c have the lines that it holds. Depends on core.h and command_run.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/command_run.h"
#include "base/helper_process.h"
#include "crash/child.h"
#include "crash/elf_core.h"
#include "crash/registers.h"

/* In emulated machines it takes seconds, and CPU time passes there when the emulator itself has to wait. */
#define LIMIT_MS 60000

void crash_child_module(const struct crash_view *view, uint64_t address, char *buffer, size_t size)
{
	uint64_t start = 0;
	const char *path = NULL;

	for (size_t i = 0; i < view->region_count; i++) {
		const struct crash_region *region = &view->regions[i];

		if (!region->path)
			continue;
		/* Offsets are from where the file's first byte is mapped, as addr2line takes them. */
		if (!path || strcmp(path, region->path) || !region->file_offset) {
			path = region->path;
			start = region->start - region->file_offset;
		}
		if (address >= region->start && address < region->end) {
			const char *slash = strrchr(path, '/');

			snprintf(buffer, size, "%s+0x%llx", slash ? slash + 1 : path,
				 (unsigned long long)(address - start));
			return;
		}
	}
	snprintf(buffer, size, "0x%llx", (unsigned long long)address);
}

/* Write a core and run the command on it. */
static int ask(const struct crash_view *view, bool contents, char **argv, char **output,
	       struct error *error)
{
	const char *chosen = command_chosen();
	int fd, err;

	*output = NULL;
	/* A core of megabytes is not written for nobody. */
	if (chosen && strchr(chosen, '/') && access(chosen, X_OK))
		return error_set(error, errno, "running %s: %s", chosen, strerror(errno));
	fd = memfd_create("ring0 core", MFD_CLOEXEC);
	if (fd < 0)
		return error_set(error, errno, "memfd_create: %s", strerror(errno));
	err = core_write(view, SIGSEGV, contents, fd, error);
	if (!err)
		err = command_run(argv, fd, LIMIT_MS, output, error);
	close(fd);
	return err;
}

static void copy_line(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

static void parse_fact(struct crash_child *child, const char *line)
{
	struct crash_child_access access = { 0 };
	unsigned long long address;
	char direction, segment;

	if (!strncmp(line, "@place ", 7)) {
		copy_line(child->place, sizeof(child->place), line + 7);
	} else if (!strncmp(line, "@caller ", 8)) {
		copy_line(child->caller, sizeof(child->caller), line + 8);
	} else if (!strncmp(line, "@library ", 9)) {
		copy_line(child->library, sizeof(child->library), line + 9);
	} else if (!strncmp(line, "@instruction ", 13)) {
		copy_line(child->instruction, sizeof(child->instruction), line + 13);
	} else if (!strncmp(line, "@raises ", 8)) {
		child->raises = atoi(line + 8);
	} else if (!strncmp(line, "@interrupt ", 11)) {
		child->interrupt = atoi(line + 11);
	} else if (!strcmp(line, "@service")) {
		child->service = true;
	} else if (!strcmp(line, "@privileged")) {
		child->privileged = true;
	} else if (!strncmp(line, "@extension ", 11)) {
		copy_line(child->extension, sizeof(child->extension), line + 11);
	} else if (!strncmp(line, "@error ", 7)) {
		copy_line(child->complaint, sizeof(child->complaint), line + 7);
	} else if (sscanf(line, "@access %c %c %llx %u %u", &direction, &segment, &address,
			  &access.size, &access.alignment) == 5 &&
		   child->access_count < CRASH_CHILD_ACCESSES) {
		access.address = address;
		access.write = direction == 'w';
		access.segment = segment;
		child->accesses[child->access_count++] = access;
	}
}

/* Take the facts out of the output; what is left is the text. True if it has its last line. */
static bool parse_output(struct crash_child *child, char *output)
{
	char *to = output, *next;
	bool complete = false;

	for (char *line = output; *line; line = next) {
		size_t length = strcspn(line, "\n");

		next = line + length + (line[length] == '\n');
		if (line[0] != '@') {
			memmove(to, line, (size_t)(next - line));
			to += next - line;
			continue;
		}
		line[length] = '\0';
		if (!strcmp(line, "@end"))
			complete = true;
		else
			parse_fact(child, line);
	}
	*to = '\0';
	return complete;
}

void crash_child_ask(const struct crash_view *view, bool after, bool stopped, const uint8_t *bytes,
		     size_t byte_count, struct crash_child *child)
{
	char name[] = "ring0", command[] = "backtrace", facts[] = "--facts",
	     path[] = HELPER_PROCESS_FD_PATH;
	char after_option[] = "--after", bytes_option[] = "--bytes", hex[2 * 15 + 1] = "";
	char stopped_option[] = "--stopped", bits_option[] = "--bits";
	char bases_option[] = "--bases", bits[16], bases[CRASH_REGISTERS_BASES_SIZE];
	char *argv[13] = { name, command, facts };
	struct error error = { 0 };
	size_t count = 3;
	int err;

	memset(child, 0, sizeof(*child));
	child->raises = -1;
	child->interrupt = -1;
	crash_child_module(view, crash_registers_pc(view), child->place, sizeof(child->place));
	if (after)
		argv[count++] = after_option;
	if (stopped)
		argv[count++] = stopped_option;
	for (size_t i = 0; i < byte_count && i < 15; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	if (hex[0]) {
		argv[count++] = bytes_option;
		argv[count++] = hex;
	}
	if (view->code_bits) {
		snprintf(bits, sizeof(bits), "%u", view->code_bits);
		crash_registers_tell_bases(view, bases);
		argv[count++] = bits_option;
		argv[count++] = bits;
		argv[count++] = bases_option;
		argv[count++] = bases;
	}
	argv[count] = path;
	err = ask(view, true, argv, &child->text, &error);
	if (child->text && parse_output(child, child->text))
		return;
	/* What it told before it failed still holds. */
	if (!child->complaint[0])
		snprintf(child->complaint, sizeof(child->complaint), "%s",
			 err ? error.text : "the command ring0 gave no complete answer");
}

void crash_child_finish(struct crash_child *child)
{
	free(child->text);
	child->text = NULL;
}

void crash_child_place(const struct crash_view *view, uint64_t address, char *buffer, size_t size)
{
	char name[] = "ring0", command[] = "backtrace", place[] = "--place",
	     path[] = HELPER_PROCESS_FD_PATH;
	char facts[] = "--facts", text[32];
	char *argv[] = { name, command, facts, place, text, path, NULL };
	struct crash_child child = { 0 };
	struct error error = { 0 };
	char *output;

	crash_child_module(view, address, child.place, sizeof(child.place));
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
	if (!ask(view, false, argv, &output, &error))
		parse_output(&child, output);
	free(output);
	snprintf(buffer, size, "%s", child.place);
}
