/* SPDX-License-Identifier: MIT */
/*
 * What a predecessor of ring0 could not do, a test for each. It gave guest memory the addresses of
 * the program's own, answered every access through RAX, and left much of the CPU as it came. Here,
 * in ring 0:
 *
 *	1  addresses above the CPU's physical width	address.*; call.stack_above_…
 *	2  the answer to IN, for every width and string	in.*
 *	3  OUT compares the width of the access only	out.*
 *	4  FS base: TLS, errno, the stack protector	thread.*
 *	5  XCR0: AVX					vector.*
 *	6  an IDT: an exception is a result		exception.*
 *	7  a triple fault is no panic			../fixtures/wild_tables.c, idt.zero_length_should_…
 *	8  time limits; signals				../fixtures/wild_flow.c, loop.*; call.signals_…
 *	9  the program's memory and locks stay its own	call.memory_…, call.locks_…
 *	10 wild writes are diagnosed			../fixtures/wild_flow.c, exception.*
 *	11 no fixed addresses; two VMs at once		call.two_at_once, call.beside_r0_main
 *	12 mappings of any size; AddressSanitizer	call.twenty_tebibytes; build_test.sh
 *	13 SYSCALL; lazily bound functions		system_call.*, libc.*
 *	14 .ram						ram.*, in limits_memory.c
 *	15 the red zone; no special flags		red_zone.*; ../link_test.sh
 *	16 an ordinary command line and program		../unit/cli_test.c, ../unit/plan_test.c; call.*
 *	17 it runs in its own CI			this program
 *
 * "call" is limits_call.c, on the host's side. This one is built with -fstack-protector-all.
 */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ring0.h>
#include <ring0/x86.h>

static __thread int thread_zero;
static __thread int thread_initial = 42;

/* Whether trying AVX ended otherwise than by "KVM cannot execute this": set by main(). */
static bool avx_is_executed;

static bool kvm_executes_avx(void)
{
	return avx_is_executed;
}

R0_TEST(address, stack_has_47_bits)
{
	int here;

	R0_ASSERT_GT((uint64_t)&here, 1ul << 46);
	/* And yet no physical address is beyond what the CPU has. */
	R0_ASSERT_LT(r0_physical(&here), 1ul << 39);
}

R0_TEST(address, physical_differs_from_virtual)
{
	R0_ASSERT_NE(r0_physical(&thread_zero), (uint64_t)&thread_zero);
}

static uint64_t in(uint16_t port, unsigned int width, uint64_t before)
{
	uint64_t value = before;

	if (width == 1)
		__asm__ volatile("inb %%dx, %%al" : "+a"(value) : "d"(port));
	else if (width == 2)
		__asm__ volatile("inw %%dx, %%ax" : "+a"(value) : "d"(port));
	else
		__asm__ volatile("inl %%dx, %%eax" : "+a"(value) : "d"(port));
	return value;
}

/* An IN of 8 or 16 bits leaves the rest of RAX alone, one of 32 clears it. */
R0_TEST(in, widths, .ioports = R0_IOPORTS({ 0x70, 0x8899aabb }))
{
	R0_ASSERT_EQ(in(0x70, 1, 0x1122334455667788), 0x11223344556677bbul);
	R0_ASSERT_EQ(in(0x70, 2, 0x1122334455667788), 0x112233445566aabbul);
	R0_ASSERT_EQ(in(0x70, 4, 0x1122334455667788), 0x8899aabbul);
}

static int count(void *state, struct r0_access *access)
{
	uint8_t *next = state;

	if (access->write)
		return access->value == (*next)++ ? 0 : -1;
	access->value = (*next)++;
	return 0;
}

static const uint8_t five = 5;

R0_TEST(in, strings, .io = R0_IO({ 0x70, 0x73, count, &five, 1 }))
{
	uint8_t bytes[40] = { 0 };
	uint16_t words[4] = { 0 };
	uint32_t longs[3] = { 0 };
	void *to = bytes;
	uint64_t times = 33;

	__asm__ volatile("cld; rep insb" : "+D"(to), "+c"(times) : "d"(0x70) : "memory");
	R0_ASSERT_EQ(times, 0);
	R0_ASSERT_EQ(to, bytes + 33);
	for (int i = 0; i < 40; i++)
		R0_ASSERT_EQ(bytes[i], i < 33 ? 5 + i : 0);
	to = words;
	times = 3;
	__asm__ volatile("rep insw" : "+D"(to), "+c"(times) : "d"(0x70) : "memory");
	to = longs;
	times = 2;
	__asm__ volatile("rep insl" : "+D"(to), "+c"(times) : "d"(0x70) : "memory");
	for (int i = 0; i < 4; i++)
		R0_ASSERT_EQ(words[i], i < 3 ? 38 + i : 0);
	for (int i = 0; i < 3; i++)
		R0_ASSERT_EQ(longs[i], i < 2 ? 41u + (unsigned int)i : 0);
}

/* Downwards, with DF set, and more than one page. */
static uint8_t two_pages[8192];

R0_TEST(in, long_string_downwards, .io = R0_IO({ 0x70, 0x70, count, &five, 1 }))
{
	void *to = two_pages + 5000;
	uint64_t times = 4500;

	__asm__ volatile("std; rep insb; cld" : "+D"(to), "+c"(times) : "d"(0x70) : "memory");
	R0_ASSERT_EQ(times, 0);
	R0_ASSERT_EQ(to, two_pages + 500);
	R0_ASSERT_EQ(two_pages[5000], 5);
	R0_ASSERT_EQ(two_pages[4999], 6);
	R0_ASSERT_EQ(two_pages[501], (uint8_t)(5 + 4499));
	R0_ASSERT_EQ(two_pages[500], 0);
}

static void out(uint16_t port, unsigned int width, uint64_t value)
{
	if (width == 1)
		__asm__ volatile("outb %%al, %%dx" : : "a"(value), "d"(port));
	else if (width == 2)
		__asm__ volatile("outw %%ax, %%dx" : : "a"(value), "d"(port));
	else
		__asm__ volatile("outl %%eax, %%dx" : : "a"(value), "d"(port));
}

/* What else RAX holds is of no account, nor what else the declaration does. */
R0_TEST(out, widths, .ioports = R0_IOPORTS({ 0x70, 0x8899aabb }))
{
	out(0x70, 1, 0xffffffffffffffbb);
	out(0x70, 2, 0x123456781234aabb);
	out(0x70, 4, 0xffffffff8899aabb);
}

R0_TEST(out, wrong_in_its_highest_byte, .ioports = R0_IOPORTS({ 0x70, 0x8899aabb }),
	.panic_message = "write of 0x99aabb (4 bytes) to port 0x70, which is declared as 0x8899aabb")
{
	out(0x70, 4, 0x99aabb);
}

R0_TEST(out, strings, .io = R0_IO({ 0x70, 0x73, count, &five, 1 }))
{
	static const uint16_t words[] = { 5, 6, 7, 8, 9 };
	const void *from = words;
	uint64_t times = 5;

	__asm__ volatile("cld; rep outsw" : "+S"(from), "+c"(times) : "d"(0x70) : "memory");
	R0_ASSERT_EQ(times, 0);
	R0_ASSERT_EQ(from, words + 5);
	R0_ASSERT_EQ(in(0x70, 1, 0), 10);
}

R0_TEST(thread, local_data)
{
	R0_ASSERT_EQ(thread_zero, 0);
	R0_ASSERT_EQ(thread_initial, 42);
	thread_initial++;
	R0_ASSERT_EQ(thread_initial, 43);
}

R0_TEST(thread, local_data_is_new)
{
	R0_ASSERT_EQ(thread_initial, 42);
}

R0_TEST(thread, errno_can_be_set)
{
	errno = ERANGE;
	R0_ASSERT_EQ(errno, ERANGE);
}

static __attribute__((noinline)) int protected(int n)
{
	volatile char text[64];

	for (int i = 0; i < n; i++)
		text[i] = (char)i;
	return text[n - 1];
}

R0_TEST(thread, stack_protector)
{
	uint64_t canary;

	__asm__("mov %%fs:0x28, %0" : "=r"(canary));
	R0_ASSERT_NE(canary, 0);
	R0_ASSERT_EQ(protected(64), 63);
}

static void use_avx(void *arg)
{
	uint64_t in_[4] = { 1, 2, 3, 4 }, out_[4] = { 0 };

	__asm__ volatile("vmovdqu %1, %%ymm0; vmovdqu %%ymm0, %0" : "=m"(out_) : "m"(in_));
	*(bool *)arg = out_[3] == 4;
}

R0_TEST(vector, avx, .when = kvm_executes_avx)
{
	bool same = false;

	use_avx(&same);
	R0_ASSERT(same);
}

R0_TEST(exception, is_a_result)
{
	struct r0_fault fault;
	uint64_t rip;

	R0_ASSERT_FAULT(R0_UD, r0_ud2());
	R0_ASSERT_FAULT(R0_PF, (void)*(volatile int *)0x700000000000);
	fault = r0_try((void (*)(void *))0x700000001000, NULL);
	rip = fault.rip;
	R0_ASSERT_EQ(fault.vector, R0_PF);
	R0_ASSERT_EQ(rip, 0x700000001000);
	R0_ASSERT_EQ(fault.cr2, 0x700000001000);
	R0_ASSERT_EQ(fault.error_code, R0_PF_ID);
}

static void skip_ud2(struct r0_frame *frame)
{
	frame->rip += 2;
	frame->rax++;
}

/* A leaf function may use the 128 bytes below RSP: an exception must not. */
static __attribute__((noinline)) uint64_t leaf(uint64_t exceptions)
{
	uint64_t wrong = 0;

	/* Through R11, as the compiler's own red zone is none of our business here. */
	__asm__ volatile("lea -256(%%rsp), %%rsp\n\t"
			 "mov $16, %%ecx\n"
			 "1:\tmov %%rcx, %%r10\n\t"
			 "neg %%r10\n\t"
			 "mov %%rcx, (%%rsp,%%r10,8)\n\t"
			 "loop 1b\n\t"
			 "xor %%eax, %%eax\n"
			 "2:\tud2\n\t"
			 "cmp %[exceptions], %%rax\n\t"
			 "jne 2b\n\t"
			 "mov $16, %%ecx\n"
			 "3:\tmov %%rcx, %%r10\n\t"
			 "neg %%r10\n\t"
			 "cmp %%rcx, (%%rsp,%%r10,8)\n\t"
			 "je 4f\n\t"
			 "inc %[wrong]\n"
			 "4:\tloop 3b\n\t"
			 "lea 256(%%rsp), %%rsp"
			 : [wrong] "+r"(wrong)
			 : [exceptions] "r"(exceptions)
			 : "rax", "rcx", "r10", "memory", "cc");
	return wrong;
}

R0_TEST(red_zone, survives_exceptions)
{
	r0_set_handler(R0_UD, skip_ud2);
	R0_ASSERT_EQ(leaf(10), 0);
}

static __attribute__((noinline)) uint64_t write_nothing(void)
{
	uint64_t wrong = 0;
	long result = 1; /* write */

	__asm__ volatile("lea -256(%%rsp), %%rsp\n\t"
			 "movq $77, -8(%%rsp)\n\t"
			 "movq $78, -128(%%rsp)\n\t"
			 "syscall\n\t"
			 "cmpq $77, -8(%%rsp)\n\t"
			 "je 1f\n\t"
			 "inc %[wrong]\n"
			 "1:\tcmpq $78, -128(%%rsp)\n\t"
			 "je 2f\n\t"
			 "inc %[wrong]\n"
			 "2:\tlea 256(%%rsp), %%rsp"
			 : "+a"(result), [wrong] "+r"(wrong)
			 : "D"(1), "S"("x"), "d"(0)
			 : "rcx", "r11", "memory", "cc");
	return wrong + (uint64_t)result;
}

R0_TEST(red_zone, survives_system_calls)
{
	R0_ASSERT_EQ(write_nothing(), 0);
}

R0_TEST(system_call, write_is_output)
{
	long result = 1;

	__asm__ volatile("syscall"
			 : "+a"(result)
			 : "D"(1), "S"("hello\n"), "d"(6)
			 : "rcx", "r11", "memory");
	R0_ASSERT_EQ(result, 6);
}

/* Called here for the first time, each through a slot that the dynamic linker binds lazily. */
R0_TEST(libc, bound_lazily)
{
	static const char *volatile text = "1234x";
	char *end;

	R0_ASSERT_EQ(strtol(text, &end, 10), 1234);
	R0_ASSERT_EQ(*end, 'x');
	R0_ASSERT_EQ(toupper(*end), 'X');
	R0_ASSERT_EQ(lldiv(17, 5).rem, 2);
}

static int times_called;

static void call_once_only(void)
{
	times_called++;
}

/* libc wakes those who wait for the first call, whether there is anybody or not. */
R0_TEST(libc, once)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	R0_ASSERT_EQ(pthread_once(&once, call_once_only), 0);
	R0_ASSERT_EQ(pthread_once(&once, call_once_only), 0);
	R0_ASSERT_EQ(times_called, 1);
}

/* SDM vol. 3A, 11.11.2: IA32_MTRR_DEF_TYPE, the first variable range and the first fixed one. */
static const uint32_t memory_types[] = { 0x2ff, 0x200, 0x250 };

R0_TEST(memory_types, can_be_written)
{
	r0_wrmsr(memory_types[0], 0x806);
	r0_wrmsr(memory_types[1], 0x1006);
	r0_wrmsr(memory_types[2], 0x0606060606060606);
}

R0_TEST(memory_types, are_put_back)
{
	R0_EXPECT_EQ(r0_rdmsr(memory_types[0]), 0);
	R0_EXPECT_EQ(r0_rdmsr(memory_types[1]), 0);
	R0_EXPECT_EQ(r0_rdmsr(memory_types[2]), 0);
}

R0_TEST(param, of_a_test_without, .panic_message = "R0_PARAM() in a test that has no .params")
{
	R0_ASSERT_EQ(R0_PARAM(int), 0);
}

static void write_to_null(struct r0_frame *frame)
{
	/* Through NULL, which GCC does not let be written to by its name. */
	*(volatile uint64_t *)frame->r15 = 1;
}

static long execute_ud2(void *arg)
{
	register void *nowhere __asm__("r15") = arg;

	__asm__ volatile("ud2" : : "r"(nowhere));
	return 0;
}

static long use_much_stack(void *arg)
{
	volatile uint8_t bytes[48 * 1024];

	(void)arg;
	/* Page by page, from the top: not past the absent one below. */
	for (size_t i = sizeof(bytes); i; i -= 1024)
		bytes[i - 1024] = 5;
	return bytes[0];
}

/* A handler that does not return leaves the next function in ring 3 all of its stack. */
R0_TEST(ring3, stack_is_whole_again)
{
	struct r0_fault fault;

	r0_set_handler(R0_UD, write_to_null);
	for (unsigned int i = 0; i < 200; i++) {
		fault = r0_user_call(execute_ud2, NULL);
		R0_ASSERT_EQ(fault.vector, R0_PF);
	}
	fault = r0_user_call(use_much_stack, NULL);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 5);
}

int main(int argc, char **argv)
{
	bool same = false;
	struct r0_result result = r0_call(use_avx, &same, NULL);

	avx_is_executed = result.verdict != R0_VERDICT_ERROR ||
			  !strstr(result.message, "KVM cannot execute");
	r0_result_finish(&result);
	return r0_main(argc, argv);
}
