/* SPDX-License-Identifier: MIT */
/* What `ring0 backtrace` tells of an instruction in code of each width: which memory it would access, and by which segment. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command/backtrace/disassembly.h"

#define CODE 0x101000u

static uint8_t code[16];
static Elf64_Phdr segment;
static struct core_file core;
static struct symbols symbols;

/* Code at CODE, and segments that begin at different addresses. RSP and RBP are linear. */
static int set_up(void **state)
{
	(void)state;
	memset(code, 0x90, sizeof(code));
	segment = (Elf64_Phdr){ .p_type = PT_LOAD,
				.p_vaddr = CODE,
				.p_filesz = sizeof(code),
				.p_memsz = sizeof(code) };
	core = (struct core_file){
		.data = code,
		.size = sizeof(code),
		.segments = &segment,
		.segment_count = 1,
		.layout = registers_layout(EM_X86_64),
		.registers = { .rip = CODE, .rsp = 0x30110, .rbp = 0x30210 },
		.bits = 16,
		.bases = { 0x10000, 0x100000, 0x30010, 0x20000, 0x40000, 0x50000 },
	};
	symbols = (struct symbols){ .core = &core };
	return 0;
}

static void tells(const char *bytes, size_t size, const char *expected)
{
	char *text = NULL, *facts;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	memcpy(code, bytes, size);
	disassembly_facts(&symbols, out);
	fclose(out);
	/* After the instruction, and without its extension, which is another matter. */
	facts = strchr(text, '\n') + 1;
	if (!strncmp(facts, "@extension", 10))
		facts = strchr(facts, '\n') + 1;
	assert_string_equal(facts, expected);
	free(text);
}

#define TELLS(bytes, expected) tells(bytes, sizeof(bytes) - 1, expected)

static void addresses_of_16_bits(void **state)
{
	(void)state;
	/* mov %ax, 4(%bx): it wraps in the segment. */
	core.registers.rbx = 0x7fffe;
	TELLS("\x89\x47\x04", "@access w d 0x20002 2 1\n");
	/* mov 2(%bp), %ax; BP is RBP without the stack's base. */
	TELLS("\x8b\x46\x02", "@access r s 0x30212 2 1\n");
	/* push %ax */
	TELLS("\x50", "@access w s 0x3010e 2 1\n");
	/* mov %cs:(%bx), %al, then by way of FS and GS */
	TELLS("\x2e\x8a\x07", "@access r c 0x10fffe 1 1\n");
	TELLS("\x64\x8a\x07", "@access r f 0x4fffe 1 1\n");
	TELLS("\x65\x8a\x07", "@access r g 0x5fffe 1 1\n");
	/* rep stosb, whose count is CX */
	core.registers.rdi = 0x30008;
	core.registers.rcx = 0x10000;
	TELLS("\xf3\xaa", "");
	core.registers.rcx = 1;
	TELLS("\xf3\xaa", "@access w e 0x10008 1 1\n");
}

static void addresses_of_32_bits(void **state)
{
	(void)state;
	core.bits = 32;
	/* mov %eax, 0x20(%ecx): linear addresses wrap, too. */
	core.registers.rcx = 0xfffe0000;
	TELLS("\x89\x41\x20", "@access w d 0x20 4 1\n");
	/* push %eax, and pop */
	TELLS("\x50", "@access w s 0x3010c 4 1\n");
	TELLS("\x58", "@access r s 0x30110 4 1\n");
	/* mov %ax, 4(%di) in 32-bit code */
	core.registers.rdi = 0xffffc;
	TELLS("\x67\x66\x89\x45\x04", "@access w d 0x20000 2 1\n");
}

static void addresses_of_64_bits(void **state)
{
	(void)state;
	core.bits = 64;
	core.registers.fs_base = 0x700000000000;
	/* mov %fs:8, %rax; push %rax. Bases of others don't count. */
	TELLS("\x64\x48\x8b\x04\x25\x08\x00\x00\x00", "@access r f 0x700000000008 8 1\n");
	TELLS("\x50", "@access w s 0x30108 8 1\n");
	core.registers.rbx = 0x1234;
	TELLS("\x88\x03", "@access w d 0x1234 1 1\n");
}

static void what_needs_no_memory(void **state)
{
	(void)state;
	TELLS("\xcd\x30", "@interrupt 48\n");
	TELLS("\xcc", "@interrupt 3\n");
	TELLS("\x0f\x0b", "@raises 6\n");
	TELLS("\xf4", "@privileged\n@extension BASE\n");
	/* div %bl by zero, and by 2 */
	TELLS("\xf6\xf3", "@raises 0\n");
	core.registers.rbx = 2;
	TELLS("\xf6\xf3", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(addresses_of_16_bits, set_up),
		cmocka_unit_test_setup(addresses_of_32_bits, set_up),
		cmocka_unit_test_setup(addresses_of_64_bits, set_up),
		cmocka_unit_test_setup(what_needs_no_memory, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
