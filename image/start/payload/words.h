/* SPDX-License-Identifier: MIT */
/*
 * An image's command line: patterns and options, as a program's. Those that were given when it was written
 * come first; then the boot loader's.
 */
#ifndef IMAGE_START_PAYLOAD_WORDS_H
#define IMAGE_START_PAYLOAD_WORDS_H

#include <ring0/private/types.h>

enum words_format {
	WORDS_SOTEST,
	WORDS_TAP,
	WORDS_KTAP,
};

enum words_limit {
	WORDS_LIMIT_ANY,
	WORDS_LIMIT_CPU,
	WORDS_LIMIT_HPET,
	WORDS_LIMIT_PIT,
	WORDS_LIMIT_NONE,
	WORDS_LIMIT_INIT, /* by any, but by INIT instead of NMI */
};

#define WORDS_PATTERNS 256
#define WORDS_LENGTH   4096

struct words {
	const char *patterns[WORDS_PATTERNS]; /* one that starts with "-" excludes */
	unsigned int pattern_count;
	const char *group;		     /* a list, separated by commas, or NULL */
	const char *disabled;		     /* a list of exact names, likewise */
	const char *unknown[WORDS_PATTERNS]; /* options */
	unsigned int unknown_count;
	bool all, verbose, list;
	bool serial_given; /* by port 0: to be found; WORDS_NO_SERIAL: none */
	uint64_t serial;
	uint64_t baud; /* 0: as it is by default */
	enum words_format format;
	enum words_limit limit;
	bool init_given;
	uint64_t init;	     /* the number of the case whose time limit is by INIT */
	uint64_t timeout_ms; /* 0: each test's own */
	uint64_t timeout_percent;
	uint64_t from; /* the number of the first case to run */
	uint64_t repeat;
	const char *off; /* or NULL */
};

#define WORDS_NO_SERIAL 1 /* no port's number */

extern struct words words;

/*
 * Read the words of a line, which is copied. The first word is left out if `is_name` says that it may be the
 * image's own name, and it is neither an option nor a pattern that is_case() knows.
 */
void words_read(const char *line, bool is_name, bool (*is_case)(const char *pattern));

/* Whether a list, separated by commas, has that word. */
bool words_has(const char *list, const char *word);

/* Whether a pattern, of which * and ? are special, matches all of a text. */
bool words_match(const char *pattern, const char *text);

int text_compare(const char *a, const char *b);
char *text_find(const char *text, const char *part);

#endif /* IMAGE_START_PAYLOAD_WORDS_H */
