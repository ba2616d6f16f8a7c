/* SPDX-License-Identifier: MIT */
/*
 * Instructions with random operands and registers, executed twice: by the process, and in ring 0,
 * where the host completes what KVM can't. Registers, flags, extended state, memory and the
 * exception must come out the same. The forms are found by decoding every opcode; a run is
 * repeatable by its seed.
 *
 *	assist_differential [--seed N] [--count EXECUTIONS] [--only MNEMONIC]
 *
 * What this CPU lacks has to be #UD in ring 0, too, unless the host has no part in it: there are
 * instructions that KVM itself executes wherever it runs. Whether it does, is asked of it without the
 * host's help, by this program again:
 *
 *	R0_ASSIST=off assist_differential --alone CODE
 */
#include <cpuid.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <ring0.h>
#include "assist/assist_policy.h"
#include "assist/x86_64/instruction_form.h"
#include "differential_cases.h"

#define PER_CALL 256
/* All in one mapping, so that the code reaches memory relative to RIP. */
struct arena {
	struct state now[PER_CALL];
	int64_t vector[PER_CALL]; /* that it raised in the guest, or -1 */
	uint64_t host_rsp, target, mask;
	/* Shown there to be executed; written through `code`. */
	uint8_t executable[PER_CALL][64] __attribute__((aligned(4096)));
};

static struct arena *arena;
static uint8_t (*code)[64];
static struct state before[PER_CALL], native[PER_CALL];
static int native_vector[PER_CALL];
static size_t cases;

static struct differential_forms forms;
static struct template *chosen[PER_CALL];

/*
 * run_state(state, code): everything but RSP is loaded from the state, and stored there again by
 * code_end. The arena's variables are found through `differential_arena`.
 */
extern struct arena *differential_arena;
struct arena *differential_arena;
void run_state(struct state *state, const void *code);
extern const char code_end[];

_Static_assert(offsetof(struct state, flags) == 128 && offsetof(struct state, area) == 192, "");

uint64_t differential_rsp, differential_target, differential_mask, differential_state;
extern uint64_t differential_rsp, differential_target, differential_mask, differential_state;
__asm__(".text\n"
	".globl run_state\n"
	"run_state:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, differential_rsp(%rip)\n"
	"	mov %rsi, differential_target(%rip)\n"
	"	mov %rdi, differential_state(%rip)\n"
	"	mov differential_mask(%rip), %eax\n"
	"	xor %edx, %edx\n"
	"	xrstor64 192(%rdi)\n"
	"	push 128(%rdi)\n"
	"	popfq\n"
	"	mov 0(%rdi), %rax; mov 8(%rdi), %rcx; mov 16(%rdi), %rdx; mov 24(%rdi), %rbx\n"
	"	mov 32(%rdi), %rsp; mov 40(%rdi), %rbp; mov 48(%rdi), %rsi\n"
	"	mov 64(%rdi), %r8; mov 72(%rdi), %r9; mov 80(%rdi), %r10; mov 88(%rdi), %r11\n"
	"	mov 96(%rdi), %r12; mov 104(%rdi), %r13; mov 112(%rdi), %r14; mov 120(%rdi), %r15\n"
	"	mov 56(%rdi), %rdi\n"
	"	jmp *differential_target(%rip)\n"
	".globl code_end\n"
	"code_end:\n"
	"	mov %rdi, differential_target(%rip)\n"
	"	mov differential_state(%rip), %rdi\n"
	"	mov %rax, 0(%rdi); mov %rcx, 8(%rdi); mov %rdx, 16(%rdi); mov %rbx, 24(%rdi)\n"
	"	mov %rsp, 32(%rdi); mov %rbp, 40(%rdi); mov %rsi, 48(%rdi)\n"
	"	mov %r8, 64(%rdi); mov %r9, 72(%rdi); mov %r10, 80(%rdi); mov %r11, 88(%rdi)\n"
	"	mov %r12, 96(%rdi); mov %r13, 104(%rdi); mov %r14, 112(%rdi); mov %r15, 120(%rdi)\n"
	"	mov differential_target(%rip), %rax\n"
	"	mov %rax, 56(%rdi)\n"
	"	mov differential_rsp(%rip), %rsp\n"
	"	pushfq\n"
	"	pop 128(%rdi)\n"
	"	cld\n"
	"	mov differential_mask(%rip), %eax\n"
	"	xor %edx, %edx\n"
	"	xsave64 192(%rdi)\n"
	"	fninit\n"
	"	movl $0x1f80, -8(%rsp)\n"
	"	ldmxcsr -8(%rsp)\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

/* In ring 0. */
static void run_one(void *number)
{
	uintptr_t i = (uintptr_t)number;

	run_state(&arena->now[i], arena->executable[i]);
}

static void run_all(void *unused)
{
	(void)unused;
	for (uintptr_t i = 0; i < cases; i++)
		arena->vector[i] = r0_try(run_one, (void *)i).vector;
	r0_publish(arena, offsetof(struct arena, executable));
}

static sigjmp_buf escape;
static volatile int trapped;

static void on_signal(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	(void)number;
	(void)info;
	trapped = (int)interrupted->uc_mcontext.gregs[REG_TRAPNO];
	siglongjmp(escape, 1);
}

static int run_natively(size_t i)
{
	trapped = -1;
	if (sigsetjmp(escape, 1) == 0)
		run_state(&arena->now[i], arena->executable[i]);
	return trapped;
}

static void catch_signals(bool on)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
	size_t i;

	if (on)
		action.sa_sigaction = on_signal;
	else
		action.sa_handler = SIG_DFL;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

static bool make_case(size_t i, struct template *template)
{
	uint8_t bytes[DIFFERENTIAL_BYTES];
	size_t length = differential_make(template, (uint64_t)arena->executable[i],
					  (uint64_t)arena->now[i].memory, differential_mask,
					  &before[i], bytes);

	if (!length)
		return false;
	/* In what is around it, decoding from any byte on comes to it. */
	memset(code[i], 0xcc, sizeof(code[i]));
	memcpy(code[i], bytes, length);
	memcpy(code[i] + length, "\xff\x25\0\0\0\0", 6); /* jmp *0(%rip) */
	memcpy(code[i] + length + 6, &(uint64_t){ (uint64_t)code_end }, 8);
	chosen[i] = template;
	return true;
}

static void print_bytes(const uint8_t *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		printf("%s%02x", i ? " " : "", bytes[i]);
}

static bool differs(const char *what, const void *guest, const void *host, size_t size)
{
	const uint8_t *a = guest, *b = host;
	size_t at = 0;

	while (at < size && a[at] == b[at])
		at++;
	if (at == size)
		return false;
	at &= ~(size_t)7;
	printf("#   %s differ at byte %zu: ", what, at);
	print_bytes(a + at, size - at < 16 ? size - at : 16);
	printf(" in the guest, ");
	print_bytes(b + at, size - at < 16 ? size - at : 16);
	printf(" on the host\n");
	return true;
}

static void call_code(void *unused)
{
	(void)unused;
	__asm__ volatile("call *%0"
			 :
			 : "r"(arena->executable[0])
			 : "rax", "rcx", "rdx", "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11",
			   "r12", "r13", "r14", "r15", "memory", "cc");
}

static void call_alone(void *unused)
{
	arena->vector[0] = r0_try(call_code, unused).vector;
	r0_publish(&arena->vector[0], sizeof(arena->vector[0]));
}

/* --alone: 0 if KVM gets past that code, and it is not #UD. */
static int run_alone(const char *text)
{
	struct r0_result result;
	unsigned int byte;
	size_t i;
	bool executed;

	for (i = 0; i < LONGEST && sscanf(text + 2 * i, "%2x", &byte) == 1; i++)
		code[0][i] = (uint8_t)byte;
	code[0][i] = 0xc3; /* ret */
	result = r0_call(call_alone, NULL, NULL);
	executed = result.verdict == R0_VERDICT_PASS && arena->vector[0] != R0_UD;
	r0_result_finish(&result);
	return executed ? 0 : 1;
}

static bool is_kvms(const uint8_t *bytes, size_t length)
{
	char text[2 * LONGEST + 1] = "";
	char *arguments[] = { (char *)"assist_differential", (char *)"--alone", text, NULL };
	int status = -1;
	pid_t pid;
	size_t i;

	for (i = 0; i < length; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	setenv("R0_ASSIST", "off", 1);
	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid)
		status = -1;
	unsetenv("R0_ASSIST");
	return status == 0;
}

/* This CPU lacks the instruction, and in the guest it was executed: whether that is KVM's doing. */
static bool kvm_executed(size_t i)
{
	struct template *template = chosen[i];

	if (template->by == BY_NOBODY_KNOWN)
		template->by = is_kvms(code[i], template->length) ? BY_KVM : BY_THE_HOST;
	return template->by == BY_KVM;
}

static bool compare(size_t i)
{
	const struct state *guest = &arena->now[i], *host = &native[i];
	uint64_t guest_flags = guest->flags & 0x8d5, host_flags = host->flags & 0x8d5;
	bool bad = false;
	unsigned int component;

	if (native_vector[i] == R0_UD && arena->vector[i] != R0_UD && kvm_executed(i))
		return true;
	if (arena->vector[i] != native_vector[i]) {
		printf("#   vector %" PRId64 " in the guest, %d on the host\n", arena->vector[i],
		       native_vector[i]);
		bad = true;
	} else if (native_vector[i] < 0) {
		bad |= differs("general registers", guest->gpr, host->gpr, sizeof(host->gpr));
		bad |= differs("flags", &guest_flags, &host_flags, 8);
		bad |= differs("x87 and SSE state", guest->area, host->area, 416);
		for (component = 2; component < 8; component++) {
			uint32_t size, at = differential_component(component, &size);

			if (differential_mask >> component & 1 && at + size <= AREA_SIZE)
				bad |= differs("AVX state", guest->area + at, host->area + at,
					       size);
		}
	}
	bad |= differs("memory", guest->memory, host->memory, sizeof(host->memory));
	if (bad) {
		printf("#   %s: ", decoder_mnemonic(chosen[i]->mnemonic));
		print_bytes(code[i], chosen[i]->length + 4u);
		printf("\n");
	}
	return !bad;
}

/* Returns how many came out differently. */
static unsigned int run_batch(void)
{
	struct r0_result result;
	unsigned int wrong = 0;
	size_t i;

	catch_signals(true);
	for (i = 0; i < cases; i++)
		arena->now[i] = before[i];
	for (i = 0; i < cases; i++) {
		native_vector[i] = run_natively(i);
		native[i] = arena->now[i];
		arena->now[i] = before[i];
	}
	catch_signals(false);
	result = r0_call(run_all, NULL, &(struct r0_options){ .timeout_ms = 60000 });
	if (result.verdict != R0_VERDICT_PASS) {
		printf("# the guest did not come to the end: %s\n%s\n", result.message,
		       result.report);
		wrong++;
	} else {
		for (i = 0; i < cases; i++) {
			wrong += !compare(i);
			chosen[i]->executed += native_vector[i] != R0_UD;
		}
	}
	r0_result_finish(&result);
	return wrong;
}

static void print_kvms(void)
{
	const char *lead = "# KVM itself executes what this CPU lacks: ";
	size_t i;

	for (i = 0; i < forms.count; i++) {
		if (forms.items[i].by != BY_KVM)
			continue;
		printf("%s%s", lead, decoder_mnemonic(forms.items[i].mnemonic));
		lead = ", ";
	}
	if (lead[0] == ',')
		printf("\n");
}

static size_t count_forms(void)
{
	size_t i, count = 0;

	for (i = 0; i < forms.count; i++)
		count += forms.items[i].executed != 0;
	return count;
}

/*
 * Code that can't be written where it is executed, as programs have it: there are instructions that
 * only there are found before KVM mistakes them.
 */
static bool make_arena(void)
{
	const size_t size = sizeof(arena->executable);
	int fd = memfd_create("code", MFD_CLOEXEC);

	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	if (arena == MAP_FAILED || fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return false;
	code = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return code != MAP_FAILED && mmap(arena->executable, size, PROT_READ | PROT_EXEC,
					  MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED;
}

static void nothing(void *arg)
{
	(void)arg;
}

static bool has_kvm(void)
{
	struct r0_result result = r0_call(nothing, NULL, NULL);
	bool usable = result.verdict != R0_VERDICT_SKIP;

	if (!usable)
		printf("1..0 # SKIP %s\n", result.message);
	r0_result_finish(&result);
	return usable;
}

static bool prepare(void)
{
	static uint8_t stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	unsigned int a, b, c, d, low, high;
	struct error error = { 0 };

	if (!decoder_load(&error)) {
		printf("1..0 # SKIP %s\n", error.text);
		return false;
	}
	__cpuid(1, a, b, c, d);
	if (!(c & 1u << 27)) {
		printf("1..0 # SKIP the CPU has no XSAVE\n");
		return false;
	}
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	differential_mask = low & 0xe7;
	sigaltstack(&alternate, NULL);
	return make_arena();
}

/* Of the templates those of that mnemonic, or all. Returns whether there are any. */
static bool keep_only(const char *mnemonic)
{
	size_t i, kept = 0;

	for (i = 0; i < forms.count; i++)
		if (!mnemonic || strcmp(mnemonic, decoder_mnemonic(forms.items[i].mnemonic)) == 0)
			forms.items[kept++] = forms.items[i];
	forms.count = kept;
	return kept;
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)time(NULL), limit = 100000, executed = 0, tries;
	const char *only = NULL, *alone = NULL;
	unsigned int wrong = 0;
	size_t next = 0;
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--count") == 0)
			limit = strtoull(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--only") == 0)
			only = argv[i + 1];
		else if (strcmp(argv[i], "--alone") == 0)
			alone = argv[i + 1];
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!has_kvm() || !prepare())
		return 77;
	if (alone)
		return run_alone(alone);
	differential_seed(seed ? seed : 1);
	differential_enumerate(&forms);
	if (!keep_only(only)) {
		printf("1..0 # SKIP the decoder knows no form of %s\n", only);
		return 77;
	}
	printf("TAP version 13\n1..2\n# seed %" PRIu64 ", %zu forms\n", seed, forms.count);
	while (executed < limit && wrong < 20) {
		for (cases = 0; cases < PER_CALL && cases + executed < limit;) {
			struct template *template = &forms.items[next++ % forms.count];

			for (tries = 0; tries < 64 && !make_case(cases, template); tries++)
				;
			cases += tries < 64;
		}
		wrong += run_batch();
		executed += cases;
	}
	printf("# %" PRIu64 " executions of %zu forms that this CPU has, %" PRIu64
	       " instructions completed by the host\n",
	       executed, count_forms(), assist_policy_count());
	print_kvms();
	printf("%s 1 - the guest's results are the host's CPU's\n", wrong ? "not ok" : "ok");
	printf("%s 2 - the host completed them\n", assist_policy_count() ? "ok" : "not ok");
	return wrong ? 1 : 0;
}
