/* SPDX-License-Identifier: MIT */
/* Running a program for the benchmark, and the time it takes. Depends on libc only. */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define PROGRAM_WORDS 10

/* Monotonic, in microseconds. */
double bench_now(void);

/* Say what went wrong and end the benchmark. */
void bench_die(const char *what, const char *why) __attribute__((noreturn));

/*
 * Run a program, its output thrown away, and return the microseconds from before its start to
 * after its end. `setting` is a variable for its environment, "NAME=value", or NULL. The program
 * must pass. *rss_kib, if not NULL, is set to the most memory that it had resident; that of the
 * benchmark itself is the least that Linux reports here.
 */
double program_time(const char *const words[PROGRAM_WORDS], const char *setting, long *rss_kib);

/* On an emulated CPU, as in the lab, limits in units of time tell nothing; ratios may. */
bool bench_is_emulated(void);

#endif /* BENCH_PROGRAM_H */
