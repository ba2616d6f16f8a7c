/* SPDX-License-Identifier: MIT */
/*
 * Random programs as tests: after each of them the machine must be as it was (--check-reset's
 * comparison), the runner's own memory untouched, and a known-good test must pass. A run is
 * repeatable by its seed.
 *
 *	reset_fuzz [--seed N] [--count PROGRAMS] [--seconds LIMIT] [--cpus N]
 *
 * On several CPUs a program runs on the first, on the second or on all, and also writes registers of its local
 * APIC, so that CPUs interrupt, start and reset each other.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "machine/machine.h"
#include "runner/workers/pool.h"

/* Programs between two snapshots, at most; each is followed by the known-good test. */
#define BATCH 500
/* Seconds after which it is told how many there have been. */
#define PROGRESS   10
#define CODE_BYTES 64
#define DECOY_SIZE (256 << 10)

static uint64_t random_state;

/* xorshift64*: small, and the same everywhere. */
static uint64_t random_number(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1d;
}

static uint64_t below(uint64_t limit)
{
	return random_number() % limit;
}

/* Memory of the program that nothing writes: in .data, .bss, on the heap, and mapped. */
static uint8_t decoy_data[DECOY_SIZE] = { 1 };
static uint8_t decoy_bss[DECOY_SIZE];
static uint8_t *decoy_heap, *decoy_mapped;

static uint64_t sum_of(const uint8_t *bytes)
{
	uint64_t sum = 14695981039346656037u;
	size_t i;

	for (i = 0; i < DECOY_SIZE; i++)
		sum = (sum ^ bytes[i]) * 1099511628211u;
	return sum;
}

static uint64_t sum_of_decoys(void)
{
	return sum_of(decoy_data) ^ sum_of(decoy_bss) * 3 ^ sum_of(decoy_heap) * 5 ^
	       sum_of(decoy_mapped) * 7;
}

/* Opcodes with effects beyond memory and general registers, as bytes after which more follow. */
static const struct {
	uint8_t length;
	uint8_t bytes[4];
} privileged[] = {
	{ 2, { 0x0f, 0x00 } },	     /* SLDT, STR, LLDT, LTR, VERR, VERW */
	{ 2, { 0x0f, 0x01 } },	     /* SGDT, LGDT, LIDT, LMSW, INVLPG, SWAPGS, XSETBV, VMRUN … */
	{ 2, { 0x0f, 0x20 } },	     /* MOV from CR */
	{ 2, { 0x0f, 0x21 } },	     /* MOV from DR */
	{ 2, { 0x0f, 0x22 } },	     /* MOV to CR */
	{ 2, { 0x0f, 0x23 } },	     /* MOV to DR */
	{ 2, { 0x0f, 0x30 } },	     /* WRMSR */
	{ 2, { 0x0f, 0x32 } },	     /* RDMSR */
	{ 2, { 0x0f, 0x05 } },	     /* SYSCALL */
	{ 2, { 0x0f, 0x07 } },	     /* SYSRET */
	{ 2, { 0x0f, 0x34 } },	     /* SYSENTER */
	{ 2, { 0x0f, 0xae } },	     /* FXSAVE, FXRSTOR, LDMXCSR, XSAVE, XRSTOR … */
	{ 2, { 0x0f, 0xc7 } },	     /* CMPXCHG8B, RDRAND, XSAVES, VMPTRLD … */
	{ 2, { 0x0f, 0xa2 } },	     /* CPUID */
	{ 2, { 0x0f, 0x09 } },	     /* WBINVD */
	{ 3, { 0x48, 0x0f, 0x07 } }, /* SYSRETQ */
	{ 2, { 0x48, 0xcf } },	     /* IRETQ */
	{ 2, { 0x48, 0xcb } },	     /* far RET */
	{ 1, { 0x8e } },	     /* MOV to a segment register */
	{ 1, { 0xcd } },	     /* INT n */
	{ 1, { 0xcc } },	     /* INT3 */
	{ 1, { 0xf1 } },	     /* INT1 */
	{ 1, { 0xf4 } },	     /* HLT */
	{ 1, { 0xfa } },	     /* CLI */
	{ 1, { 0xfb } },	     /* STI */
	{ 1, { 0x9d } },	     /* POPF */
	{ 1, { 0xe6 } },	     /* OUT */
	{ 1, { 0xec } },	     /* IN */
	{ 2, { 0xf3, 0xaa } },	     /* REP STOSB */
	{ 2, { 0xf3, 0xa4 } },	     /* REP MOVSB */
	{ 2, { 0xff, 0x20 } },	     /* JMP [RAX] */
	{ 1, { 0xc9 } },	     /* LEAVE */
	{ 1, { 0xc3 } },	     /* RET */
};

/* Numbers that mean something to them: MSRs, control registers, addresses. */
static const uint64_t telling[] = {
	0,
	1,
	0x10,
	0x3b,
	0x174,
	0x175,
	0x176,
	0x1a0,
	0x1d9,
	0x277,
	0xc0000080,
	0xc0000081,
	0xc0000082,
	0xc0000084,
	0xc0000100,
	0xc0000101,
	0xc0000102,
	0xc0000103,
	0x80050033,
	0x6b0,
	0x100000000,
	0xffffffff,
	0xffff888000000000,
	0xffff888100000000,
	0x8000000000000000,
	UINT64_MAX,
};

/* MOV register, imm64 (SDM vol. 2B, MOV, opcode REX.W B8+r). */
static size_t put_move(uint8_t *code)
{
	uint64_t value = below(3) ? telling[below(sizeof(telling) / sizeof(telling[0]))] :
				    random_number();

	code[0] = 0x48;
	code[1] = (uint8_t)(0xb8 + below(8));
	memcpy(code + 2, &value, 8);
	return 10;
}

static void random_bytes(uint8_t *code, size_t size)
{
	while (size--)
		*code++ = (uint8_t)random_number();
}

/* MOV EAX, imm32; MOV moffs64, EAX (SDM vol. 2B, MOV, opcodes B8 and A3), 14 bytes in all. */
static size_t put_store(uint8_t *code, uint64_t address, uint32_t value)
{
	code[0] = 0xb8;
	memcpy(code + 1, &value, 4);
	code[5] = 0xa3;
	memcpy(code + 6, &address, 8);
	return 14;
}

/* A store to a register of the local APIC. An interrupt command goes anywhere, and is of any sort. */
static size_t put_apic(uint8_t *code)
{
	static const uint16_t registers[] = {
		R0_APIC_TPR,	   R0_APIC_EOI,		  R0_APIC_LDR,	     R0_APIC_DFR,
		R0_APIC_SVR,	   R0_APIC_ESR,		  R0_APIC_ICR_HIGH,  R0_APIC_LVT_TIMER,
		R0_APIC_LVT_LINT0, R0_APIC_INITIAL_COUNT, R0_APIC_LVT_ERROR, R0_APIC_ICR,
		R0_APIC_ICR,	   R0_APIC_ICR,		  R0_APIC_ICR,
	};
	const uint16_t offset = registers[below(sizeof(registers) / sizeof(registers[0]))];
	uint32_t value = (uint32_t)random_number();

	if (offset == R0_APIC_ICR)
		value &= below(4) ? 0xc4fffu : UINT32_MAX;
	if (offset == R0_APIC_ICR_HIGH)
		value = below(4) ? 1u << 24 : value;
	return put_store(code, R0_APIC_ADDRESS + offset, below(8) ? value : 0);
}

static void random_instructions(uint8_t *code, unsigned int cpus)
{
	size_t at = 0;

	random_bytes(code, CODE_BYTES);
	while (at < CODE_BYTES - 16) {
		size_t which = below(sizeof(privileged) / sizeof(privileged[0]));

		if (cpus > 1 && !below(4)) {
			at += put_apic(code + at);
			continue;
		}
		if (below(2)) {
			at += put_move(code + at);
			continue;
		}
		memcpy(code + at, privileged[which].bytes, privileged[which].length);
		/* A ModRM byte, more often of the register form, and what comes after it by chance. */
		at += privileged[which].length;
		code[at] = (uint8_t)(random_number() | (below(3) ? 0xc0 : 0));
		at += 1;
	}
	code[CODE_BYTES - 1] = 0xc3;
}

/* A piece of a real function, with some bytes changed. */
static void mutated_function(uint8_t *code)
{
	static const void *const functions[] = { printf, qsort, snprintf, strtoul, memchr };
	const uint8_t *from = functions[below(sizeof(functions) / sizeof(functions[0]))];
	uint64_t changes = 1 + below(6);

	memcpy(code, from + below(256), CODE_BYTES);
	while (changes--)
		code[below(CODE_BYTES)] = (uint8_t)random_number();
}

static void make_program(uint8_t *code, unsigned int cpus)
{
	switch (below(4)) {
	case 0:
		random_bytes(code, CODE_BYTES);
		break;
	case 1:
		mutated_function(code);
		break;
	default:
		random_instructions(code, cpus);
	}
}

static int good_state = 41;

static int count_up(void *state, struct r0_access *access)
{
	access->value = (uint64_t)++ * (int *)state;
	return 0;
}

/* Touches what a program before it may have broken: data, stack, I/O, faults, ring 3. */
static long in_ring3(void *arg)
{
	return *(int *)arg + 1;
}

/* Of a test's .params: what it runs, and where. */
struct program {
	void (*code)(void *arg);
	enum { FIRST, SECOND, BOTH, ALL } where;
};

static void run_program(void)
{
	const struct program *program = &R0_PARAM(struct program);

	switch (program->where) {
	case FIRST:
		program->code(NULL);
		break;
	case SECOND:
		r0_on_cpu(1, program->code, NULL);
		break;
	case BOTH:
		r0_on_cpu_async(1, program->code, NULL);
		program->code(NULL);
		break;
	case ALL:
		r0_on_cpus(program->code, NULL);
		break;
	}
}

static volatile unsigned int interrupted;

static void take(struct r0_frame *frame)
{
	(void)frame;
	interrupted++;
	r0_apic_eoi();
}

static void count_cpus(void *arg)
{
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_SVR), R0_APIC_SVR_ENABLE | 0xff);
	__atomic_fetch_add((unsigned int *)arg, 1, __ATOMIC_SEQ_CST);
}

/* The other CPUs take interrupts, once each, and work. */
static void known_good_of_several(void)
{
	unsigned int i, there = 0;

	r0_set_handler(0x40, take);
	for (i = 1; i < r0_cpu_count(); i++) {
		r0_send_ipi(i, 0x40);
		while (interrupted < i)
			r0_pause();
	}
	r0_on_cpus(count_cpus, &there);
	R0_ASSERT_EQ(there, r0_cpu_count());
	R0_ASSERT_EQ(interrupted, r0_cpu_count() - 1);
}

static void known_good(void)
{
	static int untouched = 7;
	struct r0_fault fault;
	uint32_t value;

	R0_ASSERT_EQ(untouched, 7);
	untouched = 8;
	R0_ASSERT_EQ(good_state, 41);
	good_state = 0;
	__asm__ volatile("inl %%dx, %0" : "=a"(value) : "d"(0x40));
	R0_ASSERT_EQ(value, 42);
	R0_ASSERT_FAULT(R0_UD, __asm__ volatile("ud2"));
	fault = r0_user_call(in_ring3, &untouched);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 9);
	R0_ASSERT_EQ(decoy_data[0], 1);
	if (r0_cpu_count() > 1)
		known_good_of_several();
}

struct batch {
	struct r0_test programs[BATCH];
	struct program what[BATCH];
	unsigned int cpus;
	struct r0_test good;
	struct plan_case cases[2 * BATCH];
	size_t count;	/* of programs */
	uint64_t first; /* number of the first one */
	uint8_t *code;
	unsigned int by_verdict[R0_VERDICT_ERROR + 1];
	unsigned int failures;
	uint64_t done; /* of all programs */
	time_t begin, told, end;
};

static void tell_progress(struct batch *batch)
{
	const time_t now = time(NULL);

	if (now < batch->told + PROGRESS)
		return;
	printf("# %" PRIu64 " programs in %lld s\n", batch->done, (long long)(now - batch->begin));
	/* Whoever ends it has this. */
	fflush(stdout);
	batch->told = now;
}

static void tell_program(const struct batch *batch, size_t index)
{
	const uint8_t *code = batch->code + index * CODE_BYTES;
	size_t i;

	printf("# program %" PRIu64 ", %d:", batch->first + index, batch->what[index].where);
	for (i = 0; i < CODE_BYTES; i++)
		printf(" %02x", code[i]);
	printf("\n");
}

static int on_result(void *context, size_t index, struct outcome *outcome)
{
	struct batch *batch = context;
	const struct r0_result *result = &outcome->result;
	bool good = index & 1;
	bool left_behind = result->verdict == R0_VERDICT_ERROR &&
			   strstr(result->message, "left something behind");

	batch->by_verdict[result->verdict] += !good;
	if (batch->failures < 10 && ((good && result->verdict != R0_VERDICT_PASS) || left_behind)) {
		printf("# %s: %s: %s\n", good ? "the known-good test after it" : "a program",
		       r0_verdict_name(result->verdict), result->message);
		tell_program(batch, index / 2);
		batch->failures++;
	}
	outcome_finish(outcome);
	if (good) {
		batch->done = batch->first + index / 2 + 1;
		tell_progress(batch);
	}
	return 0;
}

/* In emulation a batch may take longer than all have. */
static bool is_over(void *context)
{
	const struct batch *batch = context;

	return time(NULL) >= batch->end;
}

static void on_running(void *context, size_t index, uint64_t elapsed_ns)
{
	(void)context;
	(void)index;
	(void)elapsed_ns;
}

static void prepare(struct batch *batch)
{
	size_t i;

	batch->good = (struct r0_test){
		.suite = "fuzz",
		.name = "known_good",
		.fn = known_good,
		.options.io = R0_IO({ 0x40, 0x43, count_up, &good_state, sizeof(good_state) }),
		.options.cpus = batch->cpus,
	};
	for (i = 0; i < batch->count; i++) {
		uint8_t *code = batch->code + i * CODE_BYTES;

		make_program(code, batch->cpus);
		batch->programs[i] = (struct r0_test){
			.suite = "fuzz",
			.name = "program",
			.fn = (void (*)(void))(uintptr_t)code,
			.options.timeout_ms = 50,
			.options.cpus = batch->cpus,
		};
		if (batch->cpus > 1) {
			batch->what[i].code = (void (*)(void *))(uintptr_t)code;
			batch->what[i].where = below(ALL + 1);
			batch->programs[i].fn = run_program;
			batch->programs[i].options.params = (struct r0_params){
				.elements = &batch->what[i],
				.size = sizeof(batch->what[i]),
				.count = 1,
			};
		}
		batch->cases[2 * i] = (struct plan_case){ .test = &batch->programs[i] };
		batch->cases[2 * i + 1] = (struct plan_case){ .test = &batch->good };
	}
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise)
{
	int i;

	for (i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return strtoull(argv[i + 1], NULL, 0);
	return otherwise;
}

int main(int argc, char **argv)
{
	uint64_t seed = option(argc, argv, "--seed", (uint64_t)time(NULL));
	uint64_t count = option(argc, argv, "--count", 2000);
	uint64_t seconds = option(argc, argv, "--seconds", 600);
	const struct pool_options options = { .timeout_factor = 1, .check_reset = true };
	static struct batch batch;
	const struct pool_events events = {
		.context = &batch,
		.running = on_running,
		.result = on_result,
		.stopped = is_over,
	};
	uint64_t before;
	int verdict;

	/* A backtrace for each of thousands of crashes would say nothing and take hours. */
	setenv("RING0_COMMAND", "/nonexistent", 1);
	decoy_heap = malloc(DECOY_SIZE);
	decoy_mapped =
		mmap(NULL, DECOY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	batch.code = mmap(NULL, BATCH * CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!decoy_heap || decoy_mapped == MAP_FAILED || batch.code == MAP_FAILED) {
		perror("reset_fuzz: no memory");
		return 99;
	}
	memset(decoy_heap, 0x5a, DECOY_SIZE);
	memset(decoy_mapped, 0xa5, DECOY_SIZE);
	random_state = seed | 1;
	batch.cpus = (unsigned int)option(argc, argv, "--cpus", 1);
	batch.begin = batch.told = time(NULL);
	batch.end = batch.begin + (time_t)seconds;
	printf("TAP version 14\n1..1\n# seed %" PRIu64 "\n", seed);
	before = sum_of_decoys();
	while (batch.done < count && !is_over(&batch) && !batch.failures) {
		struct plan plan = { .cases = batch.cases };
		struct error error = { 0 };
		int err;

		batch.first = batch.done;
		batch.count = count - batch.done < BATCH ? (size_t)(count - batch.done) : BATCH;
		plan.count = 2 * batch.count;
		prepare(&batch);
		err = pool_run(&plan, &options, &events, &error);
		if (err) {
			bool no_kvm = template_error_is_no_kvm(err);

			printf(no_kvm ? "ok 1 - reset # SKIP %s\n" : "not ok 1 - reset\n# %s\n",
			       error.text);
			return no_kvm ? 77 : 99;
		}
		if (sum_of_decoys() != before) {
			printf("# the program's own memory was changed\n");
			batch.failures++;
		}
	}
	for (verdict = 0; verdict <= R0_VERDICT_ERROR; verdict++)
		printf("# %u programs ended in %s\n", batch.by_verdict[verdict],
		       r0_verdict_name((enum r0_verdict)verdict));
	printf("%s 1 - everything is as it was after %" PRIu64 " random programs\n",
	       batch.failures ? "not ok" : "ok", batch.done);
	return batch.failures ? 1 : 0;
}
