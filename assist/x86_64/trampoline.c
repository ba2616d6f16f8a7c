/* SPDX-License-Identifier: MIT */
/* Making code and running it. SDM vol. 2A, chapter 2, for its encoding; vol. 1, 13, for XSAVE. */
#include "assist/x86_64/trampoline.h"
#include <cpuid.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE		4096
#define REGISTERS_SIZE	PAGE
#define OPERAND_AREA	PAGE
#define CODE_SIZE	(256 * 1024)
#define LEGACY		3 /* x87 and SSE, as components of the extended state */
#define ALTERNATE_STACK (64 * 1024)

/*
 * One mapping: registers and XSAVE area, an absent page, the operand, an absent page, the code.
 * All of it is within reach of a 32-bit displacement.
 */
#define XSAVE_AT   REGISTERS_SIZE
#define OPERAND_AT (XSAVE_AT + CODE_XSAVE_SIZE + PAGE)
#define CODE_AT	   (OPERAND_AT + OPERAND_AREA + PAGE)
#define TOTAL	   (CODE_AT + CODE_SIZE)

/* As mirror/mirror.h names its own: such memory is never mirrored. */
#define MEMFD_NAME "ring0-mirror"

#define RSP 4

static uint8_t *put(struct code *code, const void *bytes, size_t count)
{
	uint8_t *at = code->execute + code->used;

	memcpy(code->write + code->used, bytes, count);
	code->used += count;
	return at;
}

#define PUT(code, ...)                                    \
	do {                                              \
		const uint8_t bytes_[] = { __VA_ARGS__ }; \
		put(code, bytes_, sizeof(bytes_));        \
	} while (0)

/* A displacement from the end of an instruction that ends with it. */
static void put_distance(struct code *code, const void *target)
{
	int32_t distance =
		(int32_t)((const uint8_t *)target - (code->execute + code->used + sizeof(int32_t)));

	put(code, &distance, sizeof(distance));
}

/* MOV between a general register and memory relative to RIP: 8B loads, 89 stores. */
static void put_mov(struct code *code, uint8_t opcode, int number, const void *memory)
{
	PUT(code, (uint8_t)(0x48 | (number >= 8 ? 4 : 0)), opcode,
	    (uint8_t)(0x05 | (number & 7) << 3));
	put_distance(code, memory);
}

static void put_jmp(struct code *code, const void *target)
{
	PUT(code, 0xe9);
	put_distance(code, target);
}

/* void enter(const void *target): see trampoline_run(). */
static void *put_enter(struct code *code, bool vector)
{
	struct code_registers *registers = code->registers;
	void *entry = code->execute + code->used;
	int i;

	/* push rbx, rbp, r12, r13, r14, r15 */
	PUT(code, 0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57);
	put_mov(code, 0x89, RSP, &registers->host_rsp);
	put_mov(code, 0x89, 7, &registers->target);
	if (vector) {
		PUT(code, 0x0f, 0xae, 0x1d); /* stmxcsr */
		put_distance(code, &registers->host_mxcsr);
		PUT(code, 0xd9, 0x3d); /* fnstcw */
		put_distance(code, &registers->host_fcw);
		put_mov(code, 0x8b, 0, &registers->mask);
		PUT(code, 0x31, 0xd2); /* xor edx, edx */
		/* xrstor64 or fxrstor64 */
		PUT(code, 0x48, 0x0f, 0xae, code->has_xsave ? 0x2d : 0x0d);
		put_distance(code, code->xsave);
	}
	PUT(code, 0xff, 0x35); /* push flags */
	put_distance(code, &registers->flags);
	PUT(code, 0x9d); /* popfq */
	for (i = 0; i < 16; i++)
		put_mov(code, 0x8b, i, &registers->gpr[i]);
	PUT(code, 0xff, 0x25); /* jmp *target */
	put_distance(code, &registers->target);
	return entry;
}

static const uint8_t *put_leave(struct code *code, bool vector)
{
	struct code_registers *registers = code->registers;
	const uint8_t *entry = code->execute + code->used;
	int i;

	for (i = 0; i < 16; i++)
		put_mov(code, 0x89, i, &registers->gpr[i]);
	put_mov(code, 0x8b, RSP, &registers->host_rsp);
	PUT(code, 0x9c, 0x8f, 0x05); /* pushfq; pop flags */
	put_distance(code, &registers->flags);
	PUT(code, 0xfc); /* cld */
	if (vector) {
		put_mov(code, 0x8b, 0, &registers->mask);
		PUT(code, 0x31, 0xd2);
		/* xsave64 or fxsave64 */
		PUT(code, 0x48, 0x0f, 0xae, code->has_xsave ? 0x25 : 0x05);
		put_distance(code, code->xsave);
		PUT(code, 0xdb, 0xe3); /* fninit */
		PUT(code, 0xd9, 0x2d); /* fldcw */
		put_distance(code, &registers->host_fcw);
		PUT(code, 0x0f, 0xae, 0x15); /* ldmxcsr */
		put_distance(code, &registers->host_mxcsr);
		if (registers->mask & 4)
			PUT(code, 0xc5, 0xf8, 0x77); /* vzeroupper */
	}
	PUT(code, 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3);
	return entry;
}

/* Code that was written at another address is fetched after a serializing instruction. */
static void serialize(void)
{
	unsigned int a, b, c, d;

	__cpuid(0, a, b, c, d);
}

static void start_code(struct code *code)
{
	void *enter, *enter_vector;

	code->used = 0;
	code->generation++;
	enter = put_enter(code, false);
	enter_vector = put_enter(code, true);
	code->leave = put_leave(code, false);
	code->leave_vector = put_leave(code, true);
	memcpy(&code->enter, &enter, sizeof(enter));
	memcpy(&code->enter_vector, &enter_vector, sizeof(enter_vector));
	serialize();
}

static int map_all(struct code *code, int fd)
{
	uint8_t *base = mmap(NULL, TOTAL, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return -errno;
	code->base = base;
	if (mmap(base, XSAVE_AT + CODE_XSAVE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 fd, 0) == MAP_FAILED ||
	    mmap(base + OPERAND_AT, OPERAND_AREA, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 fd, OPERAND_AT) == MAP_FAILED ||
	    mmap(base + CODE_AT, CODE_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd,
		 CODE_AT) == MAP_FAILED)
		return -errno;
	code->write = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, CODE_AT);
	if (code->write == MAP_FAILED) {
		code->write = NULL;
		return -errno;
	}
	return 0;
}

/*
 * What the host has enabled of x87, SSE, AVX and AVX-512; not PKRU, which is the thread's own. 0 without
 * XSAVE, where x87 and SSE are all there is.
 */
static uint64_t components(void)
{
	unsigned int a, b, c, d, low, high;

	__cpuid(1, a, b, c, d);
	if (!(c & 1u << 27))
		return 0;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low & 0xe7;
}

int trampoline_init(struct code *code, struct error *error)
{
	uint64_t mask = components();
	int fd, err;

	*code = (struct code){ .has_xsave = mask != 0 };
	fd = memfd_create(MEMFD_NAME, MFD_CLOEXEC);
	if (fd < 0)
		return error_set(error, errno, "making a memfd failed: %s", strerror(errno));
	err = ftruncate(fd, TOTAL) < 0 ? -errno : map_all(code, fd);
	close(fd);
	if (err) {
		trampoline_finish(code);
		return error_set(error, -err, "no memory for code to execute: %s", strerror(-err));
	}
	code->registers = (struct code_registers *)code->base;
	code->xsave = code->base + XSAVE_AT;
	/* In the middle, so that neither side's absent page is near by mistake. */
	code->operand = code->base + OPERAND_AT + (OPERAND_AREA - CODE_OPERAND_SIZE) / 2;
	code->execute = code->base + CODE_AT;
	code->registers->mask = mask ? mask : LEGACY;
	start_code(code);
	return 0;
}

void trampoline_finish(struct code *code)
{
	if (code->write)
		munmap(code->write, CODE_SIZE);
	if (code->base)
		munmap(code->base, TOTAL);
	*code = (struct code){ 0 };
}

const uint8_t *trampoline_make(struct code *code, const uint8_t *instruction, size_t length,
			       bool vector)
{
	const uint8_t *made;

	if (CODE_SIZE - code->used < length + 16)
		start_code(code);
	made = put(code, instruction, length);
	put_jmp(code, vector ? code->leave_vector : code->leave);
	serialize();
	return made;
}

/* What the calling thread executes now, for the signal handler. */
static __thread struct {
	struct code *volatile code;
	const uint8_t *volatile leave;
} running;

void trampoline_run(struct code *code, const uint8_t *made, bool vector)
{
	code->registers->trap = CODE_NO_TRAP;
	running.leave = vector ? code->leave_vector : code->leave;
	running.code = code;
	__asm__ volatile("" : : : "memory");
	if (vector)
		code->enter_vector(made);
	else
		code->enter(made);
	__asm__ volatile("" : : : "memory");
	running.code = NULL;
}

/* Those that an instruction raises. */
static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* Changed under the lock alone, when the first thread comes and the last one goes. */
static struct {
	struct sigaction before[SIGNALS];
	unsigned int threads;
} actions;
static volatile int actions_lock;

struct code_thread {
	sigset_t mask;
	stack_t stack;
	void *memory;
};

static void lock(void)
{
	while (__atomic_exchange_n(&actions_lock, 1, __ATOMIC_ACQUIRE))
		usleep(10);
}

static void unlock(void)
{
	__atomic_store_n(&actions_lock, 0, __ATOMIC_RELEASE);
}

/* Not ours: to whom it went before. */
static void forward(int number, siginfo_t *info, void *context)
{
	struct sigaction *before = NULL;
	size_t i;

	for (i = 0; i < SIGNALS; i++)
		if (signals[i] == number)
			before = &actions.before[i];
	if (before && before->sa_flags & SA_SIGINFO) {
		before->sa_sigaction(number, info, context);
	} else if (before && before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
		before->sa_handler(number);
	} else {
		/* It comes again, by itself or as what it was sent for, and takes its course. */
		signal(number, SIG_DFL);
		if (info->si_code <= 0)
			raise(number);
	}
}

static void caught(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;
	struct code *code = running.code;
	greg_t *registers = interrupted->uc_mcontext.gregs;
	int saved = errno;
	uint64_t rip = (uint64_t)registers[REG_RIP];

	if (code && info->si_code > 0 && rip >= (uint64_t)code->execute &&
	    rip < (uint64_t)code->execute + CODE_SIZE) {
		code->registers->trap = (uint64_t)registers[REG_TRAPNO];
		code->registers->trap_error = (uint64_t)registers[REG_ERR];
		code->registers->trap_address = (uint64_t)info->si_addr;
		registers[REG_RIP] = (greg_t)running.leave;
		return;
	}
	forward(number, info, context);
	errno = saved;
}

static void take_actions(void)
{
	struct sigaction action = {
		.sa_sigaction = caught,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	size_t i;

	sigfillset(&action.sa_mask);
	lock();
	if (actions.threads++ == 0)
		for (i = 0; i < SIGNALS; i++)
			sigaction(signals[i], &action, &actions.before[i]);
	unlock();
}

static void give_actions_back(void)
{
	struct sigaction now;
	size_t i;

	lock();
	if (--actions.threads == 0)
		for (i = 0; i < SIGNALS; i++)
			if (sigaction(signals[i], NULL, &now) == 0 && now.sa_flags & SA_SIGINFO &&
			    now.sa_sigaction == caught)
				sigaction(signals[i], &actions.before[i], NULL);
	unlock();
}

int trampoline_enter_thread(struct code_thread **result, struct error *error)
{
	struct code_thread *thread = calloc(1, sizeof(*thread));
	stack_t stack = { .ss_size = ALTERNATE_STACK };
	sigset_t set;
	size_t i;

	if (thread)
		thread->memory = malloc(ALTERNATE_STACK);
	if (!thread || !thread->memory) {
		free(thread);
		return error_set(error, ENOMEM, "no memory");
	}
	stack.ss_sp = thread->memory;
	sigaltstack(&stack, &thread->stack);
	take_actions();
	sigemptyset(&set);
	for (i = 0; i < SIGNALS; i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(SIG_UNBLOCK, &set, &thread->mask);
	*result = thread;
	return 0;
}

void trampoline_leave_thread(struct code_thread *thread)
{
	if (!thread)
		return;
	pthread_sigmask(SIG_SETMASK, &thread->mask, NULL);
	give_actions_back();
	sigaltstack(&thread->stack, NULL);
	free(thread->memory);
	free(thread);
}
