/* SPDX-License-Identifier: MIT */
/*
 * A kernel without a header, for `ring0 boot` and `ring0 suite` on arm64: prints on the first serial line, and ends as the
 * letter behind "mode=" on its command line says. Runs without translation, wherever it is.
 */
#include <stddef.h>
#include <stdint.h>

/* First in the file: the stack is behind it, and X0 is the device tree. */
__asm__(".section .text.first, \"ax\"\n"
	".globl start\n"
	"start:\n"
	"	adr x1, start\n"
	"	add x1, x1, #0x40000\n"
	"	mov sp, x1\n"
	"	b run\n"
	".text\n");

#define SERIAL		 0x09000000ul
#define SERIAL_STATUS	 5 /* of a 16550A: whether something was typed */
#define DEBUG_EXIT	 0x09003000ul
#define TEST_CONSOLE	 0x0a003000ul
#define SYSTEM_OFF	 0x84000008ul /* Arm DEN0022, 5.10 and 5.11 */
#define SYSTEM_RESET	 0x84000009ul
#define CPU_ON		 0xc4000003ul
#define TREE_HEADER_SIZE 40
#define ALIGNED(size)	 __attribute__((aligned(size)))

/* With a base alone, as kernels' own accessors: of a store with write-back KVM does not say what it stores. */
static void write_8(uint64_t address, uint8_t value)
{
	__asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static void write_32(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static uint8_t read_8(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return (uint8_t)value;
}

static void print(const char *text)
{
	for (; *text; text++)
		write_8(SERIAL, (uint8_t)*text);
}

static uint64_t call(uint64_t function, uint64_t a, uint64_t b)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = 0;

	__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
	return x0;
}

/* ---- as kvm-unit-tests do ---- */

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

static volatile struct {
	struct descriptor descriptors[2];
	uint16_t flags, index, ring[2], used_event;
	uint8_t gap[4096 - 2 * sizeof(struct descriptor) - 10];
	uint16_t used_flags, used_index;
	uint8_t used[64];
} queue ALIGNED(4096);

/* VIRTIO 1.2, 4.2.4. */
static void end_by_test_console(const char *text, uint32_t size)
{
	const uint64_t at = TEST_CONSOLE;

	write_32(at + 0x28, 4096);
	write_32(at + 0x30, 1);
	write_32(at + 0x38, 2);
	write_32(at + 0x3c, 4096);
	write_32(at + 0x40, (uint32_t)((uintptr_t)&queue >> 12));
	queue.descriptors[0].address = (uintptr_t)text;
	queue.descriptors[0].length = size;
	queue.index = 1;
	__asm__ volatile("dsb sy" : : : "memory");
	write_32(at + 0x50, 1);
}

static _Noreturn void wait_for_ever(void)
{
	for (;;)
		__asm__ volatile("wfi");
}

/* A line that was typed, and back again. */
static void echo(void)
{
	uint8_t key;

	print("? ");
	do {
		while (!(read_8(SERIAL + SERIAL_STATUS) & 1))
			;
		key = read_8(SERIAL);
		write_8(SERIAL, key);
	} while (key != '\n' && key != '\r');
}

/* The virtual timer's, at a GICv3 that takes none: WFI ends by it in KVM all the same. */
static void wait_for_timer(void)
{
	uint64_t frequency;

	__asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
	__asm__ volatile("msr cntv_tval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb"
			 :
			 : "r"(frequency), "r"(1ul));
	for (;;) {
		uint64_t control;

		__asm__ volatile("wfi\n\tmrs %0, cntv_ctl_el0" : "=r"(control));
		if (control & 4)
			break;
	}
	print("the timer has expired\n");
}

static char find_mode(const uint8_t *tree)
{
	/* Of the tree: big-endian. */
	const uint32_t size = (uint32_t)tree[4] << 24 | (uint32_t)tree[5] << 16 |
			      (uint32_t)tree[6] << 8 | tree[7];
	static const char word[] = "mode=";
	uint32_t i, j;

	for (i = TREE_HEADER_SIZE; i < size; i++) {
		for (j = 0; word[j] && tree[i + j] == (uint8_t)word[j]; j++)
			;
		if (!word[j])
			return (char)tree[i + j];
	}
	return 0;
}

__attribute__((used)) _Noreturn void run(const uint8_t *tree)
{
	switch (find_mode(tree)) {
	case 'o':
		print("PASS: first\nFAIL: second\nPASS: third\nSUMMARY: 3 tests, 1 unexpected failures\n");
		call(SYSTEM_OFF, 0, 0);
		break;
	case 's':
		print("PASS: only\nSUMMARY: 1 tests\n");
		end_by_test_console("0q", 2);
		break;
	case 'n':
		end_by_test_console("38q", 3);
		break;
	case 'd':
		write_32(DEBUG_EXIT, 21);
		break;
	case 'r':
		call(SYSTEM_RESET, 0, 0);
		break;
	case 'e':
		echo();
		call(SYSTEM_OFF, 0, 0);
		break;
	case 't':
		wait_for_timer();
		call(SYSTEM_OFF, 0, 0);
		break;
	case 'w':
		/* The other CPU waits, too. */
		call(CPU_ON, 1, (uintptr_t)wait_for_ever);
		break;
	case 'l':
		print("it loops\n");
		for (;;)
			;
	case 'v':
		__asm__ volatile("msr vbar_el1, xzr\n\tisb\n\tudf #0");
		break;
	case 'x':
		/* An atomic on a device: nobody carries that out. */
		__asm__ volatile("stxr w0, w1, [%0]\n\tldxr w1, [%0]" : : "r"(SERIAL) : "x0", "x1");
		break;
	default:
		print("no mode\n");
		break;
	}
	wait_for_ever();
}
