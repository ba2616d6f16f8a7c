/* SPDX-License-Identifier: MIT */
/*
 * What went wrong, as the one line that the user reads: what was tried, what came back, what to
 * do. Depends on nothing of ring0.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
	char text[512]; /* empty while nothing went wrong */
};

/*
 * Format a message into *error, which may be NULL, unless it has one already: the first error is
 * the cause. Returns -err, so that `return error_set(…)` both tells and fails. `err` is positive;
 * its name is not added, write it where it helps with %m or strerror().
 */
int error_set(struct error *error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* BASE_ERROR_H */
