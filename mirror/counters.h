/* SPDX-License-Identifier: MIT */
/*
 * What compilers have a program count of itself: gcc's and clang's --coverage, and clang's
 * -fprofile-instr-generate. A test counts in its machine's copy of memory, and a reset would forget it:
 * so, whenever pages are put back or a machine goes, the process's own counters get what the test has
 * added. They are written to .gcda and .profraw files by the process's end, as ever.
 */
#ifndef MIRROR_COUNTERS_H
#define MIRROR_COUNTERS_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

enum counter_kind {
	COUNTER_SUM,  /* of 8 bytes each: what was added is added */
	COUNTER_BITS, /* which conditions were met: those of the test are set, too */
	COUNTER_LAST, /* a fuzzer's, of a byte: those of the test that ran last */
};

struct counter_range {
	uint64_t start, end; /* end exclusive */
	enum counter_kind kind;
};

/* What an object's run-time library has to write its counters to files, as at the process's end. */
struct counter_writer {
	char *object;	   /* its path; "" for the program */
	uint64_t write;	   /* __gcov_exit(), llvm_writeout_files(), __llvm_profile_write_file() */
	uint64_t set_name; /* __llvm_profile_set_filename(); or 0, where GCOV_PREFIX says where to */
};

/* Ranges by address, and no byte in two of them. */
struct counters {
	struct counter_range *ranges;
	size_t count, capacity;
	struct counter_writer *writers;
	size_t writer_count;
};

/*
 * Find the counters of all objects of the calling process, by their ELF files. Returns 0; -ENOTSUP, with a
 * message, for counters that can't be found or given back; -ENOMEM. counters_finish() releases them.
 */
int counters_find(struct counters *counters, struct error *error);
void counters_finish(struct counters *counters);

/*
 * Add those of an object that is loaded as dl_iterate_phdr() tells, from the `size` bytes of its ELF file.
 * One whose program headers are not those in memory is another file, and has none. Returns as
 * counters_find(); counters_sort() when all objects are in.
 */
int counters_add_object(struct counters *counters, const char *name, const uint8_t *file,
			size_t size, const struct dl_phdr_info *loaded, struct error *error);
void counters_sort(struct counters *counters);

/* Add other memory of the program's, before counters_sort(). Returns 0 or -ENOMEM. */
int counters_add_range(struct counters *counters, uint64_t start, uint64_t end,
		       enum counter_kind kind);

/* Whether there are any on the page that begins at this address. */
bool counters_on_page(const struct counters *counters, uint64_t page);

/* Have what the process has added up be 0 on `bytes`, a copy of the page that begins at this address. */
void counters_clear_sums(const struct counters *counters, uint64_t page, uint8_t *bytes);

/*
 * Give the process's own counters on the page at this address what they have become on `now`, a copy of
 * the page that once was as `then`.
 */
void counters_give_back(const struct counters *counters, uint64_t page, const uint8_t *now,
			const uint8_t *then);

/* The bytes of all of them, one range after another. */
size_t counters_size(const struct counters *counters);

/* Copy the process's own to `bytes`; and take those that were copied off them again, so that what was counted since is left. */
void counters_copy(const struct counters *counters, uint8_t *bytes);
void counters_subtract(const struct counters *counters, const uint8_t *bytes);

/* Give the process's own counters what an earlier process of the program had in those bytes. */
void counters_add(const struct counters *counters, const uint8_t *bytes);

#endif /* MIRROR_COUNTERS_H */
