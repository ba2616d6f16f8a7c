/* SPDX-License-Identifier: MIT */
/* What `ring0 backtrace` tells of arm64's instructions and code addresses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command/backtrace/disassembly.h"

#define CODE 0x401000u

static uint32_t code[4];
static Elf64_Phdr segment;
static struct core_file core;
static struct symbols symbols;

static int set_up(void **state)
{
	struct error error = { 0 };

	(void)state;
	memset(code, 0, sizeof(code));
	segment = (Elf64_Phdr){ .p_type = PT_LOAD,
				.p_flags = PF_R | PF_X,
				.p_vaddr = CODE,
				.p_filesz = sizeof(code),
				.p_memsz = sizeof(code) };
	core = (struct core_file){
		.data = (const uint8_t *)code,
		.size = sizeof(code),
		.segments = &segment,
		.segment_count = 1,
		.layout = registers_layout(EM_AARCH64),
		.registers = { .pc = CODE },
		.bits = 64,
	};
	return symbols_open(&symbols, &core, &error);
}

static int tear_down(void **state)
{
	(void)state;
	symbols_close(&symbols);
	return 0;
}

static void tells(uint32_t instruction, const char *expected)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	code[0] = instruction;
	disassembly_facts(&symbols, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void instructions(void **state)
{
	(void)state;
	tells(0xb900001f, "@instruction str wzr, [x0] (b900001f)\n");
	tells(0xd65f03c0, "@instruction ret (d65f03c0)\n");
	tells(0x94000002, "@instruction bl #0x401008 (94000002)\n");
	tells(0xd4200aa0, "@instruction brk #0x55 (d4200aa0)\n");
	tells(0x00000007, "@instruction udf #0x7 (00000007)\n");
	/* Of no class: C4.1. */
	tells(0x02000000, "@instruction .inst 0x02000000 (02000000)\n");
}

static void pieces_of_one(void **state)
{
	const uint8_t bytes[] = { 0xc0, 0x03 };
	char text[64];

	(void)state;
	assert_false(disassembly_text(&symbols, bytes, sizeof(bytes), text, sizeof(text)));
	assert_string_equal(text, "no instruction (c0 03)");
}

static void lines_around(void **state)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	for (size_t i = 0; i < sizeof(code) / sizeof(code[0]); i++)
		code[i] = 0xd503201f;
	core.registers.pc = CODE + 4;
	disassembly_print(&symbols, false, out);
	fclose(out);
	/* No symbol says where a function begins: it starts at the PC, and ends with memory. */
	assert_string_equal(text, "code:\n"
				  "  => 0x401004:          d503201f nop\n"
				  "     0x401008:          d503201f nop\n"
				  "     0x40100c:          d503201f nop\n"
				  "     0x401010:          there is no memory that can be read\n");
	free(text);
}

static void signed_addresses(void **state)
{
	uint64_t address;

	(void)state;
	assert_int_equal(core_file_code_address(&core, CODE), CODE);
	assert_int_equal(core_file_code_address(&core, 0x1212000000000000ull + CODE), CODE);
	/* Nothing can be executed there: it is no code address, so that all of it stays. */
	assert_int_equal(core_file_code_address(&core, 0x1234000000000010ull),
			 0x1234000000000010ull);
	core.registers.x[30] = 0xff7f000000000000ull + CODE + 8;
	assert_true(core_file_return_address(&core, &address));
	assert_int_equal(address, CODE + 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(instructions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pieces_of_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines_around, set_up, tear_down),
		cmocka_unit_test_setup_teardown(signed_addresses, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
