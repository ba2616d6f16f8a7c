/* SPDX-License-Identifier: MIT */
/* What optimizer.c has for refused.c. */
#ifndef TESTS_REPLACE_REFUSED_H
#define TESTS_REPLACE_REFUSED_H

int callee(int a);
int caller(int n, int x, int y, int z);
int inlined(int a);
int inlined_by_another_name(int a);
int calls_inlined(int a);
int vanishes(void);
int calls_vanishing(void);
int calls_copied(int a);
int cloned(int a, int b);
int calls_cloned(int a);
int calls_atoi(const char *text);
unsigned long calls_strlen(void);

/* no_debug_info.c */
int calls_of_a_header(int a);

/* plain.c */
int plain_inner(int a);
int plain_outer(int a);

/* Each file that includes this has its own. */
static __attribute__((noinline, unused)) int copied(int a)
{
	return a * 11;
}

static __attribute__((noinline, unused)) int of_a_header(int a)
{
	return a * 13;
}

#endif /* TESTS_REPLACE_REFUSED_H */
