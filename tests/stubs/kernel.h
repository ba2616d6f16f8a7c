/* SPDX-License-Identifier: MIT */
/* A kernel's code, kernel.c, which is compiled as kernels are, and what it needs of the rest of that kernel. */
#ifndef TESTS_STUBS_KERNEL_H
#define TESTS_STUBS_KERNEL_H

struct settings {
	int speed, mode;
	char name[100];
};

/* What is not there. */
int missing_function(int a, const struct settings *settings);
extern struct settings settings;
extern const int speeds[4];
int provided(int a);
/* A name of libc's, which means something else here. */
int sleep(void *channel, int lock);
/* It does not return, by what is declared alone. */
void stop_all(const char *why) __attribute__((noreturn));

int calls_missing(int a);
int calls_missing_last(int a);
int passes_missing(int a);
int reads_mode(void);
void sets_mode(int mode);
int reads_speeds(int i);
int first_letter(void);
int letter(int i);
int calls_provided(int a);
int sleeps(void);
unsigned long measures(const char *text);
int by_table(int which, int a);
int has_canary(const char *text);
int cpu_number_of(void);
void add_to_counter(int a);
int counter_of(void);
int deepens(void);
int entries_of(void);
int reads_or_fails(const int *from);
int warns(int a);
int is_buggy(void);
int stops_above_3(int a);

/* Of who includes it, each has its own. */
static inline int twice(int a)
{
	return 2 * a;
}

#endif /* TESTS_STUBS_KERNEL_H */
