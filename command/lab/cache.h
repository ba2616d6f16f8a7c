/* SPDX-License-Identifier: MIT */
/* What is kept from one run to the next. */
#ifndef COMMAND_LAB_CACHE_H
#define COMMAND_LAB_CACHE_H

/* Make a directory and those above it; -errno, unsaid. */
int lab_make_directories(const char *path);
void lab_remove_tree(const char *path);
/* The directory for what the lab keeps, made if it is not there. NULL after an error line. */
char *lab_cache_directory(void);

/* A directory in it for what is not whole yet. */
struct lab_workshop {
	char *path;
	int lock; /* held as long as somebody works in it */
};
/* `purpose` begins its name: "fetch" or "saving". What was left by runs that were killed goes. -errno, unsaid. */
int lab_workshop_open(struct lab_workshop *workshop, const char *cache, const char *purpose);
/* And remove what is in it. */
void lab_workshop_close(struct lab_workshop *workshop);

#endif /* COMMAND_LAB_CACHE_H */
