/* SPDX-License-Identifier: MIT */
/*
 * What an image has printed, as results: see docs/images.md for its lines. Text comes in pieces, of several boots if the
 * machine was lost. Pure.
 */
#ifndef COMMAND_IMAGE_LOG_H
#define COMMAND_IMAGE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ring0/call.h>
#include "base/buffer.h"
#include "command/image/modules.h"
#include "command/image/stop.h"

/* An image says no more of itself, nor has more cases. */
#define IMAGE_LOG_KEYS	64
#define IMAGE_LOG_CASES 1000000

struct image_log_case {
	char *name;
	uint64_t number; /* in the image */
	bool is_done;
	bool is_lost; /* the machine was, while it ran */
	enum r0_verdict verdict;
	char *xfail; /* NULL unless a failure was expected */
	char *file;
	int line;
	uint64_t duration_ns;
	struct buffer message, output, report;
	struct r0_result values; /* its values alone */
	struct image_stop *stop; /* where it was, if that was told, or NULL */
};

/* What it says of itself and of the machine: "cpu: …". */
struct image_log_key {
	char *name, *value;
};

struct image_log {
	struct image_log_key keys[IMAGE_LOG_KEYS];
	size_t key_count;
	struct image_modules modules; /* of its program */
	struct image_log_case *cases;
	size_t count, capacity;
	bool is_running; /* the last of the cases */
	bool has_begun, has_ended;
	bool is_told;	    /* its first line has come, in this boot */
	bool has_reset;	    /* and comes again: the machine has booted by itself */
	uint64_t known_to;  /* cases with lower numbers are not taken in again */
	bool has_failed;    /* there was no memory */
	char *panic;	    /* why the image gave up, or NULL */
	struct buffer line; /* the one that has not ended yet */
};

void image_log_finish(struct image_log *log);

/*
 * Take in what came, and return how much of it: less than `size` if the machine has booted again by itself, which is
 * `has_reset`, until image_log_lose().
 */
size_t image_log_add(struct image_log *log, const char *text, size_t size);

/* What comes next is of another boot. */
void image_log_boot(struct image_log *log);

/*
 * As image_log_add() of all, of a log that is whole. What a machine that booted by itself says again is passed over, but
 * for the case that it was lost in.
 */
void image_log_add_all(struct image_log *log, const char *text, size_t size);

/*
 * The machine is gone, and why; a case that was under way is lost, unless it is run again next. True if there is more to run: then `from` is the
 * number of the case to begin with.
 */
bool image_log_lose(struct image_log *log, const char *why, uint64_t *from);

/* What it says of itself by that name, or NULL. */
const char *image_log_value(const struct image_log *log, const char *name);

#endif /* COMMAND_IMAGE_LOG_H */
