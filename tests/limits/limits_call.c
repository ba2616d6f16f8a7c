/* SPDX-License-Identifier: MIT */
/*
 * What a predecessor of ring0 could not do, as seen by a program that calls functions in ring 0
 * among other things that it does: see limits.c. Prints TAP.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <ring0.h>
#include <ring0/x86.h>

/*
 * What runs in ring 0, where there is no runtime library for a sanitizer's checks to call. GCC and
 * Clang call AddressSanitizer's before each call that does not return.
 */
#define RING0 __attribute__((no_sanitize("address")))

static int number, failed;

static void report(const char *name, bool ok, const struct r0_result *result)
{
	printf("%sok %d - call.%s\n", ok ? "" : "not ", ++number, name);
	if (!ok && result)
		printf("# %s: %s\n", r0_verdict_name(result->verdict), result->message);
	failed |= !ok;
}

static struct r0_result call(void (*fn)(void *), void *arg)
{
	return r0_call(fn, arg, NULL);
}

static RING0 void add_one(void *arg)
{
	uint64_t *value = arg;

	++*value;
	r0_publish(value, sizeof(*value));
}

static void stack_above_the_physical_width(void)
{
	uint64_t value = 41;
	struct r0_result result = call(add_one, &value);

	report("stack_above_the_physical_width",
	       (uint64_t)&value > 1ul << 46 && result.verdict == R0_VERDICT_PASS && value == 42,
	       &result);
	r0_result_finish(&result);
}

#define SIZE 0x400000

static uint8_t *memory;

static RING0 void write_everywhere(void *arg)
{
	for (size_t i = 0; i < SIZE; i += 0x1000)
		((volatile uint8_t *)arg)[i] = 1;
	r0_ud2();
}

static void memory_stays_its_own(void)
{
	struct r0_result result;
	bool same = true;

	memset(memory, 0x5a, SIZE);
	result = call(write_everywhere, memory);
	for (size_t i = 0; i < SIZE; i++)
		same &= memory[i] == 0x5a;
	report("memory_stays_its_own", same && result.verdict == R0_VERDICT_CRASH, &result);
	r0_result_finish(&result);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static RING0 void lock_and_fail(void *arg)
{
	/* As a lock in ring 0 would: libc's own may use an instruction that KVM can't execute. */
	R0_ASSERT_EQ(__atomic_exchange_n((int *)arg, 1, __ATOMIC_SEQ_CST), 0);
	R0_FAIL("while it is held");
}

static void locks_are_not_held(void)
{
	static int lock;
	struct r0_result result = { .verdict = R0_VERDICT_PASS };
	bool ok = true;

	for (int i = 0; i < 3; i++) {
		r0_result_finish(&result);
		result = call(lock_and_fail, i == 2 ? &mutex.__data.__lock : &lock);
		ok &= result.verdict == R0_VERDICT_FAIL && strstr(result.message, "held") && !lock;
	}
	ok &= pthread_mutex_trylock(&mutex) == 0;
	report("locks_are_not_held", ok, &result);
	r0_result_finish(&result);
}

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

static RING0 void count_down(void *arg)
{
	for (volatile uint64_t left = (uint64_t)arg; left; left--)
		;
}

static void signals_do_not_end_it(void)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
	const struct sigaction action = { .sa_handler = on_signal };
	struct r0_result result;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	result = call(count_down, (void *)20000);
	for (int i = 0; i < 20 && result.verdict == R0_VERDICT_PASS; i++) {
		r0_result_finish(&result);
		result = call(count_down, (void *)1000);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	report("signals_do_not_end_it", result.verdict == R0_VERDICT_PASS && signals > 0, &result);
	r0_result_finish(&result);
}

struct meeting {
	pthread_barrier_t *barrier;
	uint64_t value;
	bool ok;
};

static int wait_for_the_other(void *state, struct r0_access *access)
{
	struct meeting *const *meeting = state;

	/* Only if both are inside their VMs at the same time. */
	pthread_barrier_wait((*meeting)->barrier);
	access->value = 7;
	return 0;
}

static RING0 void meet(void *arg)
{
	struct meeting *meeting = arg;

	for (int i = 0; i < 10; i++)
		meeting->value += r0_in8(0x70);
	r0_publish(&meeting->value, sizeof(meeting->value));
}

static void *call_and_meet(void *arg)
{
	struct meeting *meeting = arg;
	const struct r0_options options = {
		.io = R0_IO({ 0x70, 0x70, wait_for_the_other, &meeting, sizeof(meeting) }),
	};
	struct r0_result result = r0_call(meet, meeting, &options);

	meeting->ok = result.verdict == R0_VERDICT_PASS && meeting->value == 70;
	if (!meeting->ok)
		printf("# %s: %s\n", r0_verdict_name(result.verdict), result.message);
	r0_result_finish(&result);
	return NULL;
}

static void two_at_once(void)
{
	pthread_barrier_t barrier;
	struct meeting meetings[2] = { { &barrier, 0, false }, { &barrier, 0, false } };
	pthread_t other;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&other, NULL, call_and_meet, &meetings[1]);
	call_and_meet(&meetings[0]);
	pthread_join(other, NULL);
	report("two_at_once", meetings[0].ok && meetings[1].ok, NULL);
}

static void *call_often(void *arg)
{
	for (int i = 0; i < 20; i++) {
		uint64_t value = 1;
		struct r0_result result = call(add_one, &value);

		if (result.verdict != R0_VERDICT_PASS || value != 2) {
			printf("# %s: %s\n", r0_verdict_name(result.verdict), result.message);
			*(bool *)arg = false;
		}
		r0_result_finish(&result);
	}
	return NULL;
}

/* Threads that come and go, with their stacks, while others are mirrored. */
static void four_threads(void)
{
	bool ok[4] = { true, true, true, true };
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, call_often, &ok[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	report("four_threads", ok[0] && ok[1] && ok[2] && ok[3], NULL);
}

R0_TEST(limits_call, test_of_the_program)
{
	R0_ASSERT_EQ(memory[0], 0x5a);
}

static void beside_r0_main(void)
{
	char name[] = "limits_call", format[] = "--format=tap", output[] = "--output=/dev/null";
	char *arguments[] = { name, format, output, NULL };
	uint64_t value = 1;
	int status = r0_main(3, arguments);
	struct r0_result result = call(add_one, &value);

	report("beside_r0_main", status == 0 && value == 2 && result.verdict == R0_VERDICT_PASS,
	       &result);
	r0_result_finish(&result);
}

static RING0 void touch_far_apart(void *arg)
{
	volatile uint64_t *words = arg;
	const uint64_t step = 1ul << 37;

	for (uint64_t i = 0; i < 20; i++) {
		R0_ASSERT_EQ(words[i * step], i == 3 ? 33 : 0);
		words[i * step] = i;
	}
	for (uint64_t i = 0; i < 20; i++)
		R0_ASSERT_EQ(words[i * step], i);
}

/* As AddressSanitizer's shadow is: mapped, and next to all of it never touched. */
static void twenty_tebibytes(void)
{
	const size_t size = 20ul << 40;
	uint64_t *words = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct r0_result result;

	if (words == MAP_FAILED) {
		printf("ok %d - call.twenty_tebibytes # SKIP this host does not map that much\n",
		       ++number);
		return;
	}
	words[3ul << 37] = 33;
	result = call(touch_far_apart, words);
	report("twenty_tebibytes",
	       result.verdict == R0_VERDICT_PASS && words[3ul << 37] == 33 && !words[1ul << 37],
	       &result);
	r0_result_finish(&result);
	munmap(words, size);
}

/* More than is mirrored before it is touched. */
static uint8_t large[128 << 20];

static RING0 void publish_all(void *arg)
{
	large[1] = 2;
	large[100 << 20] = 3;
	r0_publish(large, sizeof(large));
	(void)arg;
}

static void untouched_is_published(void)
{
	struct r0_result result;

	large[0] = 1;
	result = call(publish_all, NULL);
	report("untouched_is_published",
	       result.verdict == R0_VERDICT_PASS && large[0] == 1 && large[1] == 2 &&
		       large[100 << 20] == 3,
	       &result);
	r0_result_finish(&result);
}

static void *read_one(void *stream)
{
	getc(stream);
	return NULL;
}

/* A thread that waits for input holds the lock of its stream. */
static void beside_a_blocked_reader(void)
{
	FILE *stream;
	pthread_t reader;
	int ends[2];
	struct r0_result result;

	if (pipe(ends))
		return;
	stream = fdopen(ends[0], "r");
	pthread_create(&reader, NULL, read_one, stream);
	/* Long enough to be there; if it is not, the test proves nothing but passes. */
	usleep(50000);
	alarm(30);
	result = call(count_down, (void *)1);
	alarm(0);
	report("beside_a_blocked_reader", result.verdict == R0_VERDICT_PASS, &result);
	r0_result_finish(&result);
	close(ends[1]);
	pthread_join(reader, NULL);
	fclose(stream);
}

/* What can't be done is told, and is no skip. */
static void refused_options(void)
{
	static const int numbers[] = { 1, 2 };
	struct r0_result with_params = r0_call(
		count_down, (void *)1, &(struct r0_options){ .params = R0_PARAMS(numbers) });
	struct r0_result with_x2apic = r0_call(
		count_down, (void *)1, &(struct r0_options){ .msrs = R0_MSRS({ 0x802, 1 }) });

	report("refused_options",
	       with_params.verdict == R0_VERDICT_ERROR && strstr(with_params.message, ".params") &&
		       with_x2apic.verdict == R0_VERDICT_ERROR &&
		       strstr(with_x2apic.message, "x2APIC"),
	       &with_params);
	r0_result_finish(&with_params);
	r0_result_finish(&with_x2apic);
}

/* A system that refuses what the mirror needs has KVM all the same: an error, no skip. */
static void refused_system_call(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		struct r0_result result;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
			_exit(0);
		result = call(count_down, (void *)1);
		_exit(result.verdict == R0_VERDICT_ERROR && strstr(result.message, "memfd") ? 0 :
											      1);
	}
	waitpid(child, &status, 0);
	report("refused_system_call", child > 0 && status == 0, NULL);
}

/* mmap() itself: an allocator of AddressSanitizer's has limits of its own. */
static RING0 void ask_for_too_much(void *arg)
{
	register long flags __asm__("r10") = MAP_PRIVATE | MAP_ANONYMOUS;
	long result = SYS_mmap;

	__asm__ volatile("syscall"
			 : "+a"(result)
			 : "D"(0), "S"(arg), "d"(PROT_READ | PROT_WRITE), "r"(flags)
			 : "rcx", "r11", "memory");
	if (result != -ENOMEM)
		R0_FAIL("mmap() answered %#lx", result);
}

/* There is no such memory, and the output says why. */
static void a_heap_has_its_limit(void)
{
	struct r0_result result = call(ask_for_too_much, (void *)(1ul << 40));

	report("a_heap_has_its_limit",
	       result.verdict == R0_VERDICT_PASS && result.output &&
		       strstr(result.output, "a test can have 1024 MiB"),
	       &result);
	r0_result_finish(&result);
}

/* main() asked for lines before the first call. */
static void output_stays_by_lines(void)
{
	report("output_stays_by_lines", __flbf(stdout), NULL);
}

int main(void)
{
	struct r0_result result;

	setvbuf(stdout, NULL, _IOLBF, 0);
	memory = malloc(SIZE);
	if (!memory)
		return 99;
	result = call(count_down, (void *)1);
	if (result.verdict == R0_VERDICT_SKIP) {
		printf("1..0 # SKIP %s\n", result.message);
		return 77;
	}
	r0_result_finish(&result);
	puts("1..14");
	stack_above_the_physical_width();
	memory_stays_its_own();
	locks_are_not_held();
	signals_do_not_end_it();
	two_at_once();
	four_threads();
	beside_r0_main();
	twenty_tebibytes();
	untouched_is_published();
	beside_a_blocked_reader();
	refused_options();
	refused_system_call();
	a_heap_has_its_limit();
	output_stays_by_lines();
	free(memory);
	return failed;
}
