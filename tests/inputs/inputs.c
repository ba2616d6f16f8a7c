/* SPDX-License-Identifier: MIT */
/* Tests of whatever input. */
#include <stdlib.h>
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "subject.h"

static volatile int result;

R0_FUZZ(planted, descriptor)
{
	result = last_descriptor(data, size);
}

R0_FUZZ(planted, walker)
{
	uint32_t address;

	for (address = 0; address < 512; address += 73)
		result = walk_tables(data, size, address);
}

R0_FUZZ(planted, hypercall)
{
	result = serve_hypercall(data, size);
}

R0_FUZZ(planted, command)
{
	result = serve_command(data, size);
}

static int device(void *state, struct r0_access *access)
{
	uint8_t byte;

	(void)state;
	if (access->write || access->width != 1)
		return r0_mock_fail(access, "it is read, a byte at a time");
	r0_fuzz_take(&byte, sizeof(byte));
	access->value = byte;
	return 0;
}

static uint8_t answer(void)
{
	return r0_in8(0x300);
}

R0_FUZZ(planted, device, .io = R0_IO({ 0x300, 0x300, device, NULL, 0 }))
{
	(void)data;
	(void)size;
	result = read_ring(answer);
}

/* Mocks take from the end, the body sees all, and behind the input nothing can be read. */
R0_FUZZ(input, is_as_given, .io = R0_IO({ 0x300, 0x300, device, NULL, 0 }))
{
	size_t i;

	for (i = 0; i < size && i < 64; i++)
		R0_ASSERT_EQ(r0_in8(0x300), data[size - 1 - i]);
	if (size <= 64)
		R0_ASSERT_EQ(r0_in8(0x300), 0);
	R0_ASSERT_FAULT(R0_PF, result = *(const volatile uint8_t *)(data + size));
}

/* What code under test may do to its machine. */
R0_FUZZ(wild, does, .timeout_ms = 300)
{
	switch (size ? data[0] : 0) {
	case 's':
		for (;;)
			r0_pause();
	case 'h':
		r0_cli();
		r0_hlt();
		break;
	case 'd': {
		struct r0_table_register idt = r0_sidt();

		memset((void *)(uintptr_t)idt.base, 0, 4096);
		r0_ud2();
		break;
	}
	case 'm':
		while (malloc(1 << 20))
			;
		R0_FAIL("no memory is left");
	case 'e':
		exit(3);
	case 'u':
		r0_in8(0x301);
	}
}
