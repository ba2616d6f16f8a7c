/* SPDX-License-Identifier: MIT */
/*
 * AFL++'s commands, afl-fuzz and afl-tmin, which start the program themselves (engine_afl.h is the program's side). Depends on
 * start_program.h and corpus.h.
 */
#ifndef RUNNER_AFL_COMMANDS_H
#define RUNNER_AFL_COMMANDS_H

#include <stddef.h>
#include "base/error.h"

struct afl_search {
	const char *setting; /* of the program's environment: which test */
	const char *folder;  /* of the test's inputs */
	const char *work;    /* a folder for what is in between */
	const char *seed;
	unsigned int seconds; /* 0: until it finds one */
};

/* Returns 0, or -ENOENT with a message that says which package has them. */
int afl_commands_find(struct error *error);

/*
 * Look for an input that fails the test, starting from those in the folder, where the interesting ones are put. *finding is set to
 * its path, for free(), or NULL. Returns 0 or -errno with a message.
 */
int afl_commands_search(const struct afl_search *search, char **finding, struct error *error);

/* Names an input by what is in it. Returns 0, or -errno if it can't be read. */
#define AFL_NAME_SIZE 32
int afl_commands_name(const char *path, char name[AFL_NAME_SIZE]);

/* A smaller input that fails the test, too, if there is one: its path, for free(), or NULL. */
char *afl_commands_make_smaller(const struct afl_search *search, const char *finding);

/* What has to be along where the program is to run; the last is NULL. For free() each. */
#define AFL_FILES 3
void afl_commands_files(char *files[AFL_FILES]);

#endif /* RUNNER_AFL_COMMANDS_H */
