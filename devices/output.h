/* SPDX-License-Identifier: MIT */
/* Where the bytes go that a guest sends to a serial line or a console, and a place to keep them. */
#ifndef DEVICES_OUTPUT_H
#define DEVICES_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

/* Called with each run of bytes, under the bus's lock. A NULL `write` drops them. */
struct output {
	void (*write)(void *context, const void *bytes, size_t size);
	void *context;
};

static inline void output_write(const struct output *output, const void *bytes, size_t size)
{
	if (output->write && size)
		output->write(output->context, bytes, size);
}

/* The last bytes of an output: a guest may send without end. */
struct capture {
	uint8_t *bytes;	 /* a ring */
	size_t capacity; /* its size */
	uint64_t total;	 /* bytes that came */
};

/* A capture in `capacity` bytes (at least one) at `bytes`, which stay the caller's. */
void capture_init(struct capture *capture, void *bytes, size_t capacity);

/* The output that fills the capture. */
struct output capture_output(struct capture *capture);

/*
 * Copy up to `size` bytes from position `from` of all that came. Returns how many; what is lost
 * already is left out: `from` is then taken as the oldest that is there.
 */
size_t capture_read(const struct capture *capture, uint64_t from, void *to, size_t size);

#endif /* DEVICES_OUTPUT_H */
