/* SPDX-License-Identifier: MIT */
/* libc's standard output in the program and in VMs. Looks into glibc's FILE; does little without. */
#include "machine/guest_stdio.h"
#include <pthread.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

#define STACK_SIZE 0x10000

static void *do_nothing(void *argument)
{
	return argument;
}

/* glibc's streams take no locks in a process that never had a second thread. */
static void have_locks_taken(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	/* glibc keeps it, and it is mirrored. */
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (pthread_create(&thread, &attributes, do_nothing, NULL) == 0)
		pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
}

void guest_stdio_prepare(bool shared)
{
	if (shared)
		have_locks_taken();
#ifdef __GLIBC__
	static char buffer[BUFSIZ];

	/*
	 * Only a stream that was never used has none: setting one is still allowed. The program may
	 * have asked for whole lines before.
	 */
	if (stdout && !stdout->_IO_buf_base) {
		bool lines = __flbf(stdout) || isatty(fileno(stdout));

		setvbuf(stdout, buffer, lines ? _IOLBF : _IOFBF, sizeof(buffer));
	}
#endif
	/* Not all streams: that waits for a thread which is blocked in reading one. */
	fflush(stdout);
	fflush(stderr);
}

void guest_stdio_take(const struct memory *memory, struct buffer *output)
{
#ifdef __GLIBC__
	struct _IO_FILE state;
	FILE *stream;
	uint64_t size, done, at;
	char chunk[512];

	if (memory_read(memory, gva((uint64_t)&stdout), &stream, sizeof(stream)) !=
		    sizeof(stream) ||
	    memory_read(memory, gva((uint64_t)stream), &state, sizeof(state)) != sizeof(state))
		return;
	/* The guest's pointers: compared as numbers, followed through the mirror alone. */
	at = (uint64_t)state._IO_write_base;
	size = (uint64_t)state._IO_write_ptr - at;
	if ((uint64_t)state._IO_write_ptr <= at || size > BUFFER_LIMIT)
		return;
	for (done = 0; done < size;) {
		size_t want = size - done < sizeof(chunk) ? size - done : sizeof(chunk);
		size_t got = memory_read(memory, gva(at + done), chunk, want);

		if (!got)
			break;
		buffer_add(output, chunk, got);
		done += got;
	}
#else
	(void)memory;
	(void)output;
#endif
}
