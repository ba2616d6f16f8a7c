/* SPDX-License-Identifier: MIT */
/* Jumps, and INT3 or OUT where there is no room for one. SDM vol. 2A: CALL, INT3, JMP, LEA; vol. 2B: OUT. */
#include "replace/patch.h"
#include <errno.h>
#include <string.h>
#include <ring0/private/abi.h>
#include "mirror/code_jump.h"

/* Jumps and operands have 32 bits: with as much to spare. */
const uint64_t patch_reach = 0x40000000;

#define JUMP_SIZE 5
#define INT3	  0xcc
#define OUT_DX	  0xee /* OUT DX, AL */
#define OUT_IMM	  0xe6 /* OUT imm8, AL */

/* One where KVM has no device of its own, by which no exit would come: as that of DX may be. */
#define OUT_IMM_SIZE 2

static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

/* What compilers and assemblers fill up with behind a function: NOPs of all lengths, INT3, zero. */
static bool is_padding(uint8_t byte)
{
	switch (byte) {
	case 0x00:
	case 0x0f:
	case 0x1f:
	case 0x2e:
	case 0x40:
	case 0x44:
	case 0x66:
	case 0x80:
	case 0x84:
	case 0x90:
	case INT3:
		return true;
	default:
		return false;
	}
}

/* Whether so many bytes at that offset are nothing but the function, and padding that follows it. */
static bool has_room(const uint8_t *code, size_t start, size_t needed, size_t size, size_t room)
{
	size_t at;

	if (start + needed > room)
		return false;
	for (at = size; at < start + needed; at++)
		if (!is_padding(code[at]))
			return false;
	return true;
}

void patch_choose(struct patch *patch, const uint8_t *code, size_t size, size_t room)
{
	/* With CET on, what is called indirectly has to begin with it: SDM vol. 1, 18.3.1. */
	bool marked = size > sizeof(endbr64) && memcmp(code, endbr64, sizeof(endbr64)) == 0;

	*patch = (struct patch){ .size = JUMP_SIZE };
	patch->start = marked ? sizeof(endbr64) : 0;
	if (has_room(code, patch->start, JUMP_SIZE, size, room))
		return;
	patch->trap = true;
	patch->size = has_room(code, patch->start, OUT_IMM_SIZE, size, room) ? OUT_IMM_SIZE : 1;
}

static int put_distance(uint8_t *to, uint64_t target, uint64_t from)
{
	int64_t distance = (int64_t)(target - from);
	int32_t short_distance = (int32_t)distance;

	memcpy(to, &short_distance, sizeof(short_distance));
	return distance == short_distance ? 0 : -ERANGE;
}

static void write_trap(size_t size, enum patch_trap trap, uint8_t *to)
{
	memset(to, INT3, size);
	if (trap == PATCH_BREAKPOINT)
		return;
	to[0] = size < OUT_IMM_SIZE ? OUT_DX : OUT_IMM;
	if (size >= OUT_IMM_SIZE)
		to[1] = R0_DOORBELL_PORT;
}

int patch_write(const struct patch *patch, uint64_t function, enum patch_trap trap, uint8_t *to)
{
	if (patch->trap) {
		write_trap(patch->size, trap, to);
		return 0;
	}
	to[0] = 0xe9;
	return put_distance(to + 1, patch->slot, function + patch->start + JUMP_SIZE);
}

void patch_write_slot(const struct patch *patch, uint64_t by, const char *noreturn,
		      uint8_t to[PATCH_SLOT])
{
	/*
	 * R11 is nobody's when a function is called (System V ABI, AMD64, 3.2.3), and who calls this one
	 * wants none back. The stack stays as it is, with arguments on it.
	 */
	static const uint8_t lea_r11[] = { 0x4c, 0x8d, 0x1d },
			     xchg_r11_top[] = { 0x4c, 0x87, 0x1c, 0x24 };
	static const uint8_t store_r11[] = { 0x4c, 0x89, 0x1d }, push[] = { 0xff, 0x35 };
	static const uint8_t mov_rdi[] = { 0x48, 0xbf };
	const uint64_t name = (uint64_t)noreturn;
	size_t at = 0, landing;

	memset(to, INT3, PATCH_SLOT);
	if (!noreturn) {
		code_jump(to, by);
		return;
	}
	memcpy(to, lea_r11, sizeof(lea_r11));
	landing = sizeof(lea_r11) + 4 + sizeof(xchg_r11_top) + sizeof(store_r11) + 4 + 14;
	put_distance(to + sizeof(lea_r11), landing, sizeof(lea_r11) + 4);
	at = sizeof(lea_r11) + 4;
	memcpy(to + at, xchg_r11_top, sizeof(xchg_r11_top));
	at += sizeof(xchg_r11_top);
	memcpy(to + at, store_r11, sizeof(store_r11));
	at += sizeof(store_r11);
	put_distance(to + at, patch->caller, patch->slot + at + 4);
	at += 4;
	at += code_jump(to + at, by);
	/* Back from the replacement: to r0_returned(), as if the function's caller had called that. */
	memcpy(to + at, push, sizeof(push));
	at += sizeof(push);
	put_distance(to + at, patch->caller, patch->slot + at + 4);
	at += 4;
	memcpy(to + at, mov_rdi, sizeof(mov_rdi));
	at += sizeof(mov_rdi);
	memcpy(to + at, &name, sizeof(name));
	at += sizeof(name);
	code_jump(to + at, (uint64_t)r0_returned);
}
