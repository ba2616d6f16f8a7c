/* SPDX-License-Identifier: MIT */
/* Two streams of glibc's, with functions of ours behind them, in the place of stdout and stderr. */
#include "mock/printed.h"
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "mock/guard.h"

#ifdef __GLIBC__

/* A standard stream: libc's variable, what is in it, and what was. */
struct stream {
	FILE **variable;
	FILE *ours, *previous;
};

static struct {
	pthread_mutex_t lock;
	unsigned int users;
	struct stream streams[2];
} printed = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.streams = { { .variable = &stdout }, { .variable = &stderr } },
};

static ssize_t write_stream(void *cookie, const char *bytes, size_t size)
{
	const struct stream *stream = cookie;
	struct guard *guard = guard_current();

	if (!guard)
		return (ssize_t)fwrite(bytes, 1, size, stream->previous);
	guard->ops->print(guard->context, bytes, size);
	return (ssize_t)size;
}

/* Without a buffer, so that what is written is written in the thread that prints it. */
static FILE *open_stream(struct stream *stream)
{
	const cookie_io_functions_t functions = { .write = write_stream };
	FILE *ours = fopencookie(stream, "w", functions);

	if (ours)
		setvbuf(ours, NULL, _IONBF, 0);
	return ours;
}

void printed_init(void)
{
	size_t i;

	pthread_mutex_lock(&printed.lock);
	for (i = 0; i < 2 && !printed.users; i++) {
		struct stream *stream = &printed.streams[i];

		if (!stream->ours)
			stream->ours = open_stream(stream);
		stream->previous = *stream->variable;
		if (stream->ours)
			*stream->variable = stream->ours;
	}
	printed.users++;
	pthread_mutex_unlock(&printed.lock);
}

void printed_finish(void)
{
	size_t i;

	pthread_mutex_lock(&printed.lock);
	printed.users--;
	for (i = 0; i < 2 && !printed.users; i++)
		/* What the program has put there meanwhile stays. */
		if (*printed.streams[i].variable == printed.streams[i].ours)
			*printed.streams[i].variable = printed.streams[i].previous;
	pthread_mutex_unlock(&printed.lock);
}

/* The old ones are left as they are: another thread may be in them. */
void printed_renew(void)
{
	size_t i;

	pthread_mutex_lock(&printed.lock);
	for (i = 0; i < 2; i++) {
		struct stream *stream = &printed.streams[i];
		FILE *ours = stream->ours ? open_stream(stream) : NULL;

		if (ours && *stream->variable == stream->ours)
			*stream->variable = ours;
		if (ours)
			stream->ours = ours;
	}
	pthread_mutex_unlock(&printed.lock);
}

#else

void printed_init(void)
{
}

void printed_finish(void)
{
}

void printed_renew(void)
{
}

#endif
