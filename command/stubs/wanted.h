/* SPDX-License-Identifier: MIT */
/* What objects need, between the files of this folder. Depends on libc. */
#ifndef COMMAND_STUBS_WANTED_H
#define COMMAND_STUBS_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is seen of a name, in all objects together. */
enum wanted_use {
	WANTED_CALLED = 1 << 0,	  /* or jumped to */
	WANTED_ADDRESS = 1 << 1,  /* of it is taken by code */
	WANTED_ACCESSED = 1 << 2, /* as memory */
	WANTED_PER_CPU = 1 << 3,  /* by GS */
	WANTED_IN_DATA = 1 << 4,  /* its address is */
	WANTED_FUNCTION = 1 << 5, /* by debugging information */
	WANTED_VARIABLE = 1 << 6, /* likewise */
	WANTED_CONSTANT = 1 << 7, /* likewise, which can't be written */
	WANTED_ALTERNATIVE =
		1 << 8, /* called by assembly that a kernel may patch: with rules of its own */
	WANTED_UNBOUNDED =
		1 << 9, /* an array, by debugging information, of a length that it does not tell */
};

/* Where the objects' own per-CPU variables are in each CPU's area. */
#define WANTED_OWN_PER_CPU 0x20000

struct wanted {
	char *name;
	char *declaration;   /* in C, by debugging information, or NULL */
	char *definer;	     /* the object that defines it, or NULL */
	const char *archive; /* that has the object, or NULL */
	char *renamed;	     /* what it is called in the program, or NULL if that is its name */
	unsigned int uses;
	size_t size; /* of a variable, in bytes, as far as it is known */
	bool needed; /* by whatever object */
	bool strong; /* and by one that does not do without it */
	bool tls;
};

/* All names, in the order in which they came. */
struct wanted_list {
	const char *command; /* for messages: "ring0 stubs" */
	char **files;	     /* that have the objects; an archive's may be files of their own */
	size_t file_count;
	struct wanted **entries;
	size_t count, capacity;
	struct wanted **buckets;
	size_t bucket_count;
	char **sections; /* names of sections of the objects, which may be identifiers */
	size_t section_count;
	bool described;	    /* some object has debugging information */
	unsigned int jumps; /* static branches that are still jumps */
	bool all_thunks;    /* also those that only other files of the program may need */
	size_t own_per_cpu; /* the objects' own per-CPU variables, in bytes: from WANTED_OWN_PER_CPU on */
	char *jumps_object;
};

/* The entry of a name, which may be new; the process ends where there is no memory. */
struct wanted *wanted_name(struct wanted_list *list, const char *name);

/* The entry of a name, or NULL. */
struct wanted *wanted_find(const struct wanted_list *list, const char *name);

void wanted_add_section(struct wanted_list *list, const char *name);

/* Note that a file has some of the objects. */
void wanted_add_file(struct wanted_list *list, const char *path);

/* Twice as many flags, or some, the new ones false; the process ends where there is no memory. */
bool *wanted_grow(bool *flags, size_t *capacity);

/* Whether it is the linker's: __start_SECTION, _end and the like. */
bool wanted_is_linkers(const struct wanted_list *list, const char *name);

/* Whether libc's function of that name does what a kernel's does. */
bool wanted_is_libcs(const char *name);

/*
 * Read the objects of a file, or of an archive those that are needed. Returns 0, or -1 when it has said why on
 * standard error.
 */
int objects_read(struct wanted_list *list, const char *path);

/* Take what the debugging information of the files tells of the names. */
void declarations_read(struct wanted_list *list);

/*
 * Whether all objects were compiled so that they can call one another, and a program can call them, as far as they
 * say how. Returns 0, or -1 when it has said which was not.
 */
int kernel_flags_check(const struct wanted_list *list);

#endif /* COMMAND_STUBS_WANTED_H */
