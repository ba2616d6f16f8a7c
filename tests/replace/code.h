/* SPDX-License-Identifier: MIT */
/* Code under test: code.c, short.S and library.c, which are compiled with every kind of optimization. */
#ifndef TESTS_REPLACE_CODE_H
#define TESTS_REPLACE_CODE_H

/* code.c */
extern int counter;
int plain(int a, int b);
int calls_plain(int a);
int by_pointer(int a, int b);
int helper(int a);
int tail(int a);
int branches(int a);
int global_first(void);
int loop(const char *text);
int recursive(int n);
void nothing(void);
int eight(int a, int b, int c, int d, int e, int f, int g, int h);
int variadic(int count, ...);
double scale(double value);
void stop(const char *format, ...) __attribute__((noreturn));
void calls_stop(void);
int uses_rand_r(unsigned int *seed);
unsigned long uses_strlen(const char *text);
int interpret(const char *program);
__attribute__((visibility("protected"))) int kept(int a);
int calls_kept(int a);

/* short.S */
int returns_seven(void);
void one_byte(void);
void only_returns(void);
int comes_back(int n);
int begins_with_loop(int n, int m, int o, long count);
int has_cold_part(int a);
int has_no_size(int a);
int first_reads(const int *from);

/* library.c */
int library_inner(int a);
int library_outer(int a);

#endif /* TESTS_REPLACE_CODE_H */
