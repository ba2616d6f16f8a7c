/* SPDX-License-Identifier: MIT */
/*
 * What it costs to have the host complete what a software KVM can't execute: libc's memcpy() of
 * 4 KiB by vector instructions, and a loop of 1000 ADDSD, with and without completing a run of them
 * in one exit. On hardware KVM the same code runs natively, unless R0_ASSIST says otherwise.
 *
 * Where there is no KVM, what a stand-in can show (tests/host/software_kvm.h): how many exits libc's functions
 * take, and what the host spends on an instruction of a run.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <ring0.h>
#include "assist/assist_policy.h"
#include "tests/host/software_kvm.h"

#define COPIES 20
#define RUNS   5

static char from[4096] __attribute__((aligned(64))), to[4096] __attribute__((aligned(64)));

static void nothing(void *unused)
{
	(void)unused;
}

static void copy(void *unused)
{
	void *(*volatile libc)(void *, const void *, size_t) = memcpy;
	int i;

	(void)unused;
	for (i = 0; i < COPIES; i++)
		libc(to, from, sizeof(to));
}

static void add(void *unused)
{
	(void)unused;
	__asm__ volatile("	mov $1000, %%ecx\n"
			 "1:	addsd %%xmm1, %%xmm0\n"
			 "	dec %%ecx\n"
			 "	jnz 1b\n"
			 :
			 :
			 : "ecx", "cc");
}

static void add_unrolled(void *unused)
{
	(void)unused;
	__asm__ volatile("	mov $50, %%ecx\n"
			 "1:	.rept 20\n"
			 "	addsd %%xmm1, %%xmm0\n"
			 "	.endr\n"
			 "	dec %%ecx\n"
			 "	jnz 1b\n"
			 :
			 :
			 : "ecx", "cc");
}

/* The shortest of some runs, in nanoseconds. */
static double time_of(void (*fn)(void *))
{
	double best = 0;
	int i;

	for (i = 0; i < RUNS; i++) {
		struct timespec start, end;
		struct r0_result result;
		double spent;

		clock_gettime(CLOCK_MONOTONIC, &start);
		result = r0_call(fn, NULL, NULL);
		clock_gettime(CLOCK_MONOTONIC, &end);
		if (result.verdict != R0_VERDICT_PASS) {
			printf("%s\n", result.message);
			exit(EXIT_FAILURE);
		}
		r0_result_finish(&result);
		spent = (double)(end.tv_sec - start.tv_sec) * 1e9 +
			(double)(end.tv_nsec - start.tv_nsec);
		best = i && best < spent ? best : spent;
	}
	return best;
}

static void measure(const char *name, void (*fn)(void *), unsigned int parts, double base)
{
	uint64_t before = assist_policy_count(), exits = assist_policy_exits(), completed;
	double spent = time_of(fn) - base;

	completed = (assist_policy_count() - before) / RUNS;
	exits = (assist_policy_exits() - exits) / RUNS;
	printf("  %-28s %9.1f us each, %8" PRIu64 " instructions completed by %6" PRIu64
	       " exits, %10.0f a second\n",
	       name, spent / parts / 1e3, completed, exits, (double)completed / (spent / 1e9));
}

static struct software_kvm kvm;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Of a run that has come to its limit, by an instruction that KVM lacks and so many of `others`. */
static double time_of_run(const char *others, size_t size)
{
	static uint8_t code[4096] __attribute__((aligned(4096))),
		stack[4096] __attribute__((aligned(64)));
	struct kvm_regs *regs = &kvm.run->s.regs.regs;
	struct error error = { 0 };
	uint64_t best = UINT64_MAX, begin;
	const char *why;
	size_t at = 0;
	int i;

	/* paddd %xmm1, %xmm0, and at the end a jump back. */
	for (memcpy(code, "\x66\x0f\xfe\xc1", 4), at = 4; at + size < 4 + 120; at += size)
		memcpy(code + at, others, size);
	memcpy(code + at, "\xe9", 1);
	memcpy(code + at + 1, &(int32_t){ -(int32_t)(at + 5) }, 4);
	for (i = 0; i < 50; i++) {
		*regs = (struct kvm_regs){ .rip = (uint64_t)code,
					   .rflags = 2,
					   .rsp = (uint64_t)(stack + 2048) };
		begin = now();
		if (assist_complete(kvm.assist, &kvm.bus, &why, &error) != ASSIST_COMPLETED)
			return 0;
		begin = now() - begin;
		best = best < begin ? best : begin;
	}
	return (double)best / 1024;
}

static int without_kvm(void)
{
	const struct software_kvm_function *function;
	int batch;

	if (!software_kvm_create(&kvm, &software_kvm_all_memory)) {
		printf("completed instructions: not measured, without a KVM or without Zydis\n");
		return 0;
	}
	__asm__ volatile("xsave64 %0" : "+m"(kvm.area) : "a"(0xe7), "d"(0));
	for (batch = 1; batch >= 0; batch--) {
		printf("%s, exits that a software KVM takes:\n",
		       batch ? "a run an exit" : "one instruction an exit");
		assist_set_batch(kvm.assist, batch);
		for (function = software_kvm_functions; function->name; function++) {
			/* The first time symbols are bound. */
			software_kvm_call(&kvm, function->call);
			kvm.exits = kvm.blocks = 0;
			kvm.in_block = false;
			software_kvm_call(&kvm, function->call);
			printf("  %-28s %9" PRIu64, function->name, kvm.exits);
			if (!batch)
				printf("  %9" PRIu64 " had each completed its basic block",
				       kvm.blocks);
			printf("\n");
		}
	}
	assist_set_batch(kvm.assist, true);
	printf("an instruction of a run, on the host's CPU:\n");
	printf("  %-28s %9.3f us\n", "PADDD", time_of_run("\x66\x0f\xfe\xc1", 4) / 1e3);
	printf("  %-28s %9.3f us\n", "MOVUPS from memory",
	       time_of_run("\x0f\x10\x44\x24\x40", 5) / 1e3);
	printf("  %-28s %9.3f us\n", "ADD",
	       time_of_run("\x01\xd8\x01\xd8\x66\x0f\xfe\xc1", 8) / 1e3);
	printf("  %-28s %9.3f us\n", "MOV from memory",
	       time_of_run("\x48\x8b\x44\x24\x40", 5) / 1e3);
	printf("  %-28s %9.3f us\n", "jump", time_of_run("\xeb\x00\xeb\x00\xeb\x00", 6) / 1e3);
	software_kvm_destroy(&kvm);
	return 0;
}

static bool has_kvm(void)
{
	struct r0_result result = r0_call(nothing, NULL, NULL);
	bool has = result.verdict != R0_VERDICT_SKIP;

	r0_result_finish(&result);
	return has;
}

int main(int argc, char **argv)
{
	static const char tunables[] = "glibc.cpu.x86_rep_movsb_threshold=1000000";
	double base;
	int batch;

	(void)argc;
	/* With REP MOVSB there is nothing to complete. */
	if (!getenv("GLIBC_TUNABLES")) {
		setenv("GLIBC_TUNABLES", tunables, 1);
		execv("/proc/self/exe", argv);
	}
	if (!has_kvm())
		return without_kvm();
	time_of(add_unrolled);
	base = time_of(nothing);
	for (batch = 1; batch >= 0; batch--) {
		assist_policy_set_batch(batch);
		printf("%s\n", batch ? "a run an exit:" : "one instruction an exit:");
		measure("memcpy() of 4 KiB", copy, COPIES, base);
		measure("loop of 1000 ADDSD", add, 1, base);
		measure("the same, unrolled by 20", add_unrolled, 1, base);
	}
	return 0;
}
