/* SPDX-License-Identifier: MIT */
/* A kernel of two files, core.c and text.c, and what they need of the rest of it. */
#ifndef TESTS_OBJECTS_CORE_H
#define TESTS_OBJECTS_CORE_H

/* core.c */
extern int level;
int main(void);
int *address_of_level(void);
int call_back(int (*function)(int), int a);
int doubled(int a);
int doubled_twice(int a);
int from_program(int a);
int weak_or_none(void);
void count(int by);
int counted(void);
int level_of_outside(void);
int trailing_zeros(unsigned long value);
int at_start(int a);

/* text.c: a name of libc's, with other arguments */
int snprintf(char *to, int value);
int printed(int value);

/* The rest of the kernel's. */
extern int outside;
int outside_call(int a);
int wait(void *channel);

#endif /* TESTS_OBJECTS_CORE_H */
