/* SPDX-License-Identifier: MIT */
/* Whole crash reports of exceptions, panics, system calls and time limits: message, code, cause and backtrace. */
#include "crash_reported.h"
#include <errno.h>
#include <sys/wait.h>

static int (*volatile zero_function)(void);
static volatile int zero;

enum { STORE_LINE = __LINE__ + 3 };
static NOINLINE void store_far(volatile char *to)
{
	__asm__ volatile("movb $1, 0x10(%0)" ::"D"(to) : "memory");
	sink++;
}

enum { CALL_LINE = __LINE__ + 3 };
static NOINLINE void call_store(void)
{
	store_far((volatile char *)(uintptr_t)zero);
	sink++;
}

static NOINLINE void call_nowhere(void)
{
	sink = zero_function();
}

static NOINLINE void stop_at_breakpoint(void)
{
	__asm__ volatile("int3");
	sink++;
}

static NOINLINE void write_far_away(void)
{
	__asm__ volatile("movb $1, (%0)" ::"r"(0x8000000000001234) : "memory");
	sink++;
}

static NOINLINE int recurse(int depth)
{
	if (!depth)
		__asm__ volatile("ud2");
	else
		recurse(depth - 1);
	sink++;
	return sink;
}

static NOINLINE void recurse_deeply(void)
{
	sink = recurse(100 + zero);
}

static NOINLINE void store_misaligned(void)
{
	static char buffer[64] __attribute__((aligned(64)));

	__asm__ volatile("movaps %%xmm0, 8(%0)" ::"r"(buffer) : "memory");
}

/* Under AddressSanitizer r0_panic() may return, and as the last thing would be jumped to. */
enum { PANIC_LINE = __LINE__ + 3 };
static NOINLINE void call_panic(void)
{
	r0_panic("it was %d", zero);
	sink++;
}

static NOINLINE void call_panic_deeply(void)
{
	call_panic();
	sink++;
}

/* What the runtime has a function of the same name for. */
static NOINLINE void console(void)
{
	r0_panic("there is no console");
	sink++;
}

/* As SYSCALL does in ring 0: RCX is where it returns to. */
static NOINLINE void make_system_call(void)
{
	__asm__ volatile("lea 1f(%%rip), %%rcx; jmp r0_syscall_entry; 1:" ::"a"(39)
			 : "rcx", "r11", "memory");
	sink++;
}

/* Lines are to fit in a terminal, unless the path of a file is long. */
static void assert_lines_short(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		const char *file = strstr(text, "/tests/unit/");

		if (length >= 100 && (!file || file > text + length))
			fail_msg("a line of %zu columns: %.*s", length, (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void page_fault_tells_the_whole_chain(void **state)
{
	char expected[256];

	(void)state;
	crash_in(call_store, CRASH_EXCEPTION);
	snprintf(expected, sizeof(expected),
		 "#PF: write to NULL pointer + 0x10, not present, in store_far (");
	assert_holds(message, expected);
	snprintf(expected, sizeof(expected), "crash_backtrace_test.c:%d)", STORE_LINE);
	assert_holds(message, expected);
	assert_holds(report,
		     "#PF (page fault, vector 14), error code 0x2: page not present, W: write");
	assert_holds(report, "CR2 0x0000000000000010, NULL pointer + 0x10");
	assert_holds(report, "page walk of 0x0000000000000010, CR3 0x30000000000:");
	assert_holds(report, "PML4E at 0x030000000000: ");
	assert_holds(report, "not present\n");
	assert_holds(report, "registers:\n  RAX 0x");
	assert_holds(report, "code, in store_far:");
	assert_holds(report, "c6 47 10 01");
	assert_holds(report, "movb $0x1, 0x10(%rdi)");
	assert_holds(report, "backtrace:\n  #0  0x");
	assert_holds(report, " store_far+0x");
	snprintf(expected, sizeof(expected), "crash_backtrace_test.c:%d\n", CALL_LINE);
	assert_holds(strstr(report, "  #1  0x"), expected);
	assert_holds(strstr(report, "  #1  0x"), " call_store+0x");
	assert_lacks(report, "r0_guest_run");
	assert_lacks(report, "main+");
	assert_lacks(report, "@");
	assert_lacks(report, "incomplete");
	assert_lines_short(report);
}

/* The reader wants the code that failed; what the CPU was like comes last. */
static void report_is_in_order(void **state)
{
	static const char *const parts[] = {
		"#PF (", "CR2 ", "cause: ", "code, in ", "backtrace:", "page walk of ", "registers:"
	};
	const char *last;

	(void)state;
	crash_in(call_store, CRASH_EXCEPTION);
	last = report;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		assert_holds(last, parts[i]);
		last = strstr(last, parts[i]);
	}
	/* The message has it. */
	assert_lacks(report, "in store_far (");
}

static void panic_is_told_of_its_caller(void **state)
{
	char expected[256];

	(void)state;
	crash_in(call_panic_deeply, CRASH_PLACE);
	assert_holds(message, "in call_panic (");
	snprintf(expected, sizeof(expected), "crash_backtrace_test.c:%d)", PANIC_LINE);
	assert_holds(message, expected);
	assert_holds(report, "code, in call_panic:");
	assert_holds(strstr(report, "=> 0x"), "<r0_panic>\n");
	assert_holds(report, "#0  0x");
	assert_holds(strstr(report, "#0  0x"), " call_panic+0x");
	assert_holds(report, "#1  0x");
	assert_holds(strstr(report, "#1  0x"), " call_panic_deeply+0x");
	assert_lacks(report, "r0_guest_run");
	assert_lacks(report, "r0_ask");
	assert_lacks(report, "r0_panic+");
	assert_lacks(report, "registers:");
	assert_lines_short(report);
}

static void own_function_is_told_whatever_its_name(void **state)
{
	(void)state;
	crash_in(console, CRASH_PLACE);
	assert_holds(message, "in console (");
	assert_holds(message, "crash_backtrace_test.c:");
}

static void system_call_is_told_of_its_caller(void **state)
{
	(void)state;
	crash_in(make_system_call, CRASH_PLACE);
	assert_holds(message, "in make_system_call (");
	assert_holds(report, "#0  0x");
	assert_holds(strstr(report, "#0  0x"), " make_system_call+0x");
	assert_lacks(report, "#2  0x");
	assert_lacks(report, "r0_syscall_entry+");
}

/* An exception in the runtime is one there: it may be the runtime's fault. */
static NOINLINE void print_nothing(void)
{
	r0_printf("%s", (const char *)(uintptr_t)(zero + 0x18));
	sink++;
}

static void exception_in_the_runtime_is_told_there(void **state)
{
	(void)state;
	crash_in(print_nothing, CRASH_EXCEPTION);
	assert_holds(message, "#PF: read from NULL pointer + 0x18, not present, in length_of (");
	assert_holds(report, " r0_printf+0x");
	assert_holds(report, " print_nothing+0x");
	assert_holds(report, "registers:");
}

static void inlined_function_is_named(void **state)
{
	(void)state;
	crash_in(call_inlined, CRASH_EXCEPTION);
	assert_holds(message, "#UD in raise_inlined (");
	assert_holds(report, " raise_inlined, inlined at ");
	assert_holds(strstr(report, "  #1  "), "call_inlined+0x");
	assert_holds(report, "=> 0x");
	assert_holds(report, "0f 0b");
	assert_lines_short(report);
}

static void call_to_nowhere_finds_its_caller(void **state)
{
	(void)state;
	crash_in(call_nowhere, CRASH_EXCEPTION);
	assert_holds(
		message,
		"#PF: fetch from the NULL pointer, not present, at 0x0, called from call_nowhere (");
	assert_holds(report, "#0  0x0000000000000000 in no known code");
	assert_holds(strstr(report, "  #1  "), " call_nowhere+0x");
	assert_holds(strstr(report, "  #1  "), ", a guess\n");
	assert_holds(report, "there is no memory that can be read");
	assert_lacks(report, "r0_guest_run");
}

/* By way of a jump the runtime seems to have called it, which helps nobody. */
static void jump_to_nowhere_has_no_caller(void **state)
{
	(void)state;
	crash_in(NULL, CRASH_EXCEPTION);
	assert_holds(message, "#PF: fetch from the NULL pointer, not present, at 0x0");
	assert_lacks(message, "called from");
	assert_lacks(report, "r0_guest_run");
}

static void recursion_is_shortened(void **state)
{
	(void)state;
	crash_in(recurse_deeply, CRASH_EXCEPTION);
	assert_holds(report, "  ... the same 99 more times\n");
	assert_holds(report, "  #101 0x");
	assert_holds(strstr(report, "  #101 0x"), " recurse_deeply+0x");
}

static void breakpoint_is_the_instruction_before(void **state)
{
	const char *mark;

	(void)state;
	crash_in(stop_at_breakpoint, CRASH_EXCEPTION);
	assert_holds(message, "#BP in stop_at_breakpoint (");
	mark = strstr(report, "=> 0x");
	assert_non_null(mark);
	assert_holds(mark, "int3");
	assert_true(strchr(mark, '\n') > strstr(mark, "int3"));
}

static void address_that_is_not_canonical_is_named(void **state)
{
	(void)state;
	crash_in(write_far_away, CRASH_EXCEPTION);
	assert_holds(message,
		     "#GP(0): write to 0x8000000000001234: the address is not canonical, in "
		     "write_far_away (");
}

static void misaligned_store_is_explained(void **state)
{
	(void)state;
	crash_in(store_misaligned, CRASH_EXCEPTION);
	assert_holds(message, "#GP(0): write to 0x");
	assert_holds(message, ": it is not aligned to 16 bytes, in store_misaligned (");
}

static void timeout_tells_the_place(void **state)
{
	(void)state;
	crash_in(call_store, CRASH_TIMEOUT);
	assert_holds(message, "still running in store_far (");
	assert_holds(report, " call_store+0x");
	assert_lacks(report, "#PF");
}

static void instruction_that_kvm_refuses_is_named(void **state)
{
	static const uint8_t pxor[] = { 0x66, 0x0f, 0xef, 0xc0, 0x90 };

	(void)state;
	memcpy(asked.bytes, pxor, sizeof(pxor));
	asked.byte_count = sizeof(pxor);
	crash_in(call_store, CRASH_INTERNAL);
	assert_holds(message,
		     "KVM cannot execute this instruction in ring 0 here: pxor %xmm0, %xmm0 "
		     "(66 0f ef c0) in store_far (");
}

static void place_of_an_address(void **state)
{
	struct crash_view view;
	char place[256];

	(void)state;
	self_init(&view);
	crash_place(&view, (uint64_t)(uintptr_t)call_store, place, sizeof(place));
	assert_holds(place, "call_store (");
	assert_holds(place, "crash_backtrace_test.c:");
	crash_place(&view, 0x10, place, sizeof(place));
	assert_string_equal(place, "0x10");
}

static void missing_command_is_told(void **state)
{
	char *command = strdup(getenv("RING0_COMMAND"));

	(void)state;
	setenv("RING0_COMMAND", "/nonexistent/ring0", 1);
	crash_in(call_store, CRASH_EXCEPTION);
	assert_holds(message, "#PF: write to NULL pointer + 0x10, not present, in ");
	assert_lacks(message, "store_far");
	assert_holds(message, "crash_backtrace_test");
	assert_holds(message, "+0x");
	assert_holds(report, "code and backtrace are missing or incomplete: running "
			     "/nonexistent/ring0: No such file or directory\n");
	assert_holds(report, "page walk of ");
	setenv("RING0_COMMAND", command, 1);
	free(command);
}

static void failing_command_is_told(void **state)
{
	char *command = strdup(getenv("RING0_COMMAND"));

	(void)state;
	setenv("RING0_COMMAND", "/bin/false", 1);
	crash_in(call_store, CRASH_EXCEPTION);
	assert_holds(report, "/bin/false failed with exit status 1\n");
	setenv("RING0_COMMAND", command, 1);
	free(command);
}

static void reap_all(int signal)
{
	int saved = errno;

	(void)signal;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

/* The program may reap all children by itself: the answer counts all the same. */
static void works_beside_a_sigchld_handler(void **state)
{
	(void)state;
	signal(SIGCHLD, reap_all);
	crash_in(call_store, CRASH_EXCEPTION);
	assert_holds(message, "in store_far (");
	signal(SIGCHLD, SIG_IGN);
	crash_in(call_store, CRASH_EXCEPTION);
	assert_holds(message, "in store_far (");
	signal(SIGCHLD, SIG_DFL);
	assert_lacks(report, "incomplete");
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(page_fault_tells_the_whole_chain),
		TEST(report_is_in_order),
		TEST(panic_is_told_of_its_caller),
		TEST(own_function_is_told_whatever_its_name),
		TEST(system_call_is_told_of_its_caller),
		TEST(exception_in_the_runtime_is_told_there),
		TEST(inlined_function_is_named),
		TEST(call_to_nowhere_finds_its_caller),
		TEST(jump_to_nowhere_has_no_caller),
		TEST(recursion_is_shortened),
		TEST(breakpoint_is_the_instruction_before),
		TEST(address_that_is_not_canonical_is_named),
		TEST(misaligned_store_is_explained),
		TEST(timeout_tells_the_place),
		TEST(instruction_that_kvm_refuses_is_named),
		TEST(place_of_an_address),
		TEST(missing_command_is_told),
		TEST(failing_command_is_told),
		TEST(works_beside_a_sigchld_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	return reported_main(argc, argv, run);
}
