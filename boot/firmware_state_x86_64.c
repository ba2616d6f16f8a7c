/* SPDX-License-Identifier: MIT */
/*
 * A PC as its BIOS leaves it, as far as others' kernels go by it: one that halts in real mode expects the timer to wake
 * it. It is set up by a few instructions before the kernel's own. Pure.
 */
#include "boot/firmware_state.h"
#include <string.h>
#include "boot/structures.h"

#define VECTORS	     256
#define VECTORS_SIZE (VECTORS * 4)
#define TIMER_VECTOR 8

/* What is written to which port. The 8259A's data sheet, "Initialization"; the 8254's, "Control word". */
static const uint8_t writes[][2] = {
	{ 0x20, 0x11 },		{ 0xa0, 0x11 }, /* ICW1: both of them, edges, ICW4 comes */
	{ 0x21, TIMER_VECTOR }, { 0xa1, 0x70 }, /* ICW2: their vectors */
	{ 0x21, 0x04 },		{ 0xa1, 0x02 }, /* ICW3: the second is at line 2 */
	{ 0x21, 0x01 },		{ 0xa1, 0x01 }, /* ICW4: an 8086 */
	{ 0x21, 0xfa },		{ 0xa1, 0xff }, /* masks: all but the timer's and the second one's */
	{ 0x43, 0x34 },		{ 0x40, 0 },	{ 0x40, 0 }, /* counter 0, mode 2, 65536 */
};

/*
 * The local APIC in virtual wire mode (Intel's MultiProcessor Specification 1.4, 3.6.2.2): enabled, what the 8259As say on
 * LINT0, NMI on LINT1.
 */
static const uint32_t apic_writes[][2] = {
	{ 0xfee000f0, 0x1ff },
	{ 0xfee00350, 0x700 },
	{ 0xfee00360, 0x400 },
};

#define APIC_WRITES (sizeof(apic_writes) / sizeof(apic_writes[0]))
#define WRITES	    (sizeof(writes) / sizeof(writes[0]))

/* In real mode: the timer's is acknowledged, any other comes back. */
static const uint8_t timer_handler[] = {
	0x50,	    /* push %ax */
	0xb0, 0x20, /* mov $0x20, %al: a nonspecific end of interrupt */
	0xe6, 0x20, /* out %al, $0x20 */
	0x58,	    /* pop %ax */
};
static const uint8_t any_handler[] = { 0xcf /* iret */ };

static const uint8_t begin[] = { 0x89, 0xc1 };		 /* mov %eax, %ecx */
static const uint8_t end[] = { 0x89, 0xc8, 0x31, 0xc9 }; /* mov %ecx, %eax; xor %ecx, %ecx */

/* mov $VALUE, %al; out %al, $PORT */
#define WRITE_SIZE 4
/* movl $VALUE, ADDRESS */
#define APIC_WRITE_SIZE 10
/* jmp to the kernel */
#define JUMP_SIZE 5

#define HANDLERS_SIZE (sizeof(timer_handler) + sizeof(any_handler))
#define CODE_SIZE                                                                              \
	(HANDLERS_SIZE + sizeof(begin) + WRITES * WRITE_SIZE + APIC_WRITES * APIC_WRITE_SIZE + \
	 sizeof(end) + JUMP_SIZE)

static uint8_t *append(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

/* The handlers, and behind them what the kernel comes after. */
static void make_code(uint8_t *code, uint64_t address, uint64_t kernel)
{
	uint8_t *at = append(code, timer_handler, sizeof(timer_handler));
	size_t i;

	at = append(at, any_handler, sizeof(any_handler));
	at = append(at, begin, sizeof(begin));
	for (i = 0; i < WRITES; i++)
		at = append(at, (const uint8_t[]){ 0xb0, writes[i][1], 0xe6, writes[i][0] },
			    WRITE_SIZE);
	for (i = 0; i < APIC_WRITES; i++) {
		at = append(at, (const uint8_t[]){ 0xc7, 0x05 }, 2);
		store_32(at, apic_writes[i][0]);
		store_32(at + 4, apic_writes[i][1]);
		at += APIC_WRITE_SIZE - 2;
	}
	at = append(at, end, sizeof(end));
	*at++ = 0xe9;
	/* From behind the jump on. */
	store_32(at, kernel - (address + (uint64_t)(at - code) + sizeof(uint32_t)));
}

/* Vectors are of a segment and an offset: SDM vol. 3A, 21.1.4. */
static void make_vectors(uint8_t *vectors, uint64_t code)
{
	uint64_t any = code + sizeof(timer_handler);
	size_t i;

	for (i = 0; i < VECTORS; i++) {
		uint64_t handler = i == TIMER_VECTOR ? code : any;

		store_32(vectors + 4 * i, handler >> 4 << 16 | (handler & 15));
	}
}

static bool is_free(const struct boot_setup *setup)
{
	size_t i;

	for (i = 0; i < setup->segment_count; i++)
		if (setup->segments[i].address < VECTORS_SIZE)
			return false;
	return true;
}

int boot_add_firmware_state(struct boot_setup *setup, struct error *error)
{
	const struct boot_room low = { .from = 0, .end = VECTORS_SIZE, .alignment = VECTORS_SIZE };
	uint64_t code_address, vectors_address;
	uint8_t *code, *vectors;
	int err;

	if (!is_free(setup))
		return 0;
	err = boot_setup_make_room(setup, "code of the firmware's", CODE_SIZE, &boot_room_small,
				   &code, &code_address, error);
	if (!err)
		err = boot_setup_make_room(setup, "real mode's vectors", VECTORS_SIZE, &low,
					   &vectors, &vectors_address, error);
	if (err)
		return err;
	make_code(code, code_address, setup->entry.ip);
	make_vectors(vectors, code_address);
	setup->entry.ip = code_address + HANDLERS_SIZE;
	return 0;
}
