/* SPDX-License-Identifier: MIT */
/* Each function meets one of the walls between a kernel's object and a program. */
#include "kernel.h"

unsigned long strlen(const char *text);
void *memcpy(void *to, const void *from, unsigned long size);

int calls_missing(int a)
{
	return missing_function(a, &settings) + 1;
}

int calls_missing_last(int a)
{
	return missing_function(a, 0);
}

static int call(int (*function)(int, const struct settings *), int a)
{
	return function(a, 0) + 2;
}

int passes_missing(int a)
{
	return call(missing_function, a);
}

int reads_mode(void)
{
	return settings.mode;
}

void sets_mode(int mode)
{
	settings.mode = mode;
}

int reads_speeds(int i)
{
	return speeds[i];
}

/* As include/linux/kernel.h has hex_asc[]: the first is all that is accessed for certain. */
extern const char letters[];

int first_letter(void)
{
	return letters[0];
}

int letter(int i)
{
	return letters[i];
}

int calls_provided(int a)
{
	return provided(a) * 2;
}

int sleeps(void)
{
	return sleep(&settings, 1) + 1;
}

unsigned long measures(const char *text)
{
	return strlen(text);
}

/* Addresses of 32 bits, and calls by thunks. */
static int one(int a)
{
	return a + 1;
}

static int two(int a)
{
	return a + 2;
}

static int (*const table[])(int) = { one, two };

int by_table(int which, int a)
{
	return table[which](a);
}

/* The stack protector's canary is at %gs:0x28. */
int has_canary(const char *text)
{
	char copy[32];
	unsigned long length = strlen(text);

	memcpy(copy, text, length + 1);
	return copy[length - 1];
}

/* Variables of each CPU, as Linux has them. */
extern int cpu_number, counter;

int cpu_number_of(void)
{
	int value;

	__asm__ volatile("movl %%gs:%1, %0" : "=r"(value) : "m"(cpu_number));
	return value;
}

void add_to_counter(int a)
{
	__asm__ volatile("addl %1, %%gs:%0" : "+m"(counter) : "r"(a));
}

int counter_of(void)
{
	int value;

	__asm__ volatile("movl %%gs:%1, %0" : "=r"(value) : "m"(counter));
	return value;
}

/* Some kernels have variables of each CPU in FS's area, as programs have those of a thread. */
extern __thread int depth __attribute__((tls_model("local-exec")));

int deepens(void)
{
	return ++depth;
}

/* A section whose bounds the linker gives, and one whose bounds are its linker script's. */
static const int entry_1 __attribute__((used, section("entries"))) = 1;
static const int entry_2 __attribute__((used, section("entries"))) = 2;
extern const int __start_entries[], __stop_entries[];

int entries_of(void)
{
	return (int)(__stop_entries - __start_entries);
}

extern const char __start_rodata[];
const char *const rodata = __start_rodata;

/* As Linux's uaccess and WARN() are: include/linux/uaccess.h, asm-generic/bug.h. */
int reads_or_fails(const int *from)
{
	int error = 0, value;

	__asm__ volatile("1: movl (%2), %1\n2:\n"
			 ".pushsection __ex_table, \"a\"\n.balign 4\n"
			 ".long 1b - ., 2b - ., 0xfff20011\n.popsection"
			 : "+a"(error), "=r"(value)
			 : "r"(from));
	return error ? error : value;
}

int warns(int a)
{
	__asm__ volatile(
		"1: ud2\n"
		".pushsection __bug_table, \"aw\"\n2: .long 1b - ., 3f - .\n"
		".word 123, 1\n.popsection\n"
		".pushsection .rodata.str, \"a\"\n3: .asciz \"kernel/warns.c\"\n.popsection");
	return a + 1;
}

int is_buggy(void)
{
	__asm__ volatile("1: ud2\n"
			 ".pushsection __bug_table, \"aw\"\n2: .long 1b - ., 0\n"
			 ".word 124, 0\n.popsection");
	return 0;
}

int stops_above_3(int a)
{
	if (a > 3)
		stop_all("too big");
	return a;
}
