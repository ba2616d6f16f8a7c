/* SPDX-License-Identifier: MIT */
/* What differs by where a kernel's code is. */
#include "core.h"

int level = 7;

/* Each kernel has one, and so has each program. */
int main(void)
{
	return 2;
}

int *address_of_level(void)
{
	return &level;
}

int call_back(int (*function)(int), int a)
{
	return function(a) + 1;
}

__attribute__((noinline)) int doubled(int a)
{
	return 2 * a;
}

int doubled_twice(int a)
{
	return doubled(doubled(a) + 1);
}

static int (*const table[])(int) = { doubled, outside_call };
static int *const places[] = { &level, &outside };

int from_program(int a)
{
	return table[1](a) + outside_call(a) + *places[1] + outside;
}

int weak_function(void) __attribute__((weak));

int weak_or_none(void)
{
	return weak_function ? weak_function() : -1;
}

/* A variable of each CPU, as Linux defines them: include/linux/percpu-defs.h. */
__attribute__((section(".data..percpu"))) int own_counter = 40;

void count(int by)
{
	__asm__ volatile("addl %1, %%gs:%0" : "+m"(own_counter) : "r"(by));
}

int counted(void)
{
	int value;

	__asm__ volatile("movl %%gs:%1, %0" : "=r"(value) : "m"(own_counter));
	return value;
}

int level_of_outside(void)
{
	return wait(&level) + 1;
}

/* A CPU without BMI1, and some emulators, take it for BSF, whose result for 0 is another: SDM vol. 2B, TZCNT. */
int trailing_zeros(unsigned long value)
{
	unsigned long result;

	__asm__("tzcnt %1, %0" : "=r"(result) : "r"(value) : "cc");
	return (int)result;
}

/* Code and tables in sections of their own: include/linux/init.h, include/linux/export.h. */
__attribute__((section(".init.text"))) int at_start(int a)
{
	return doubled(a) + level;
}

__attribute__((used, section("___ksymtab+at_start"))) static int (*const exported)(int) = at_start;
