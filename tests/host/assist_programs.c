/* SPDX-License-Identifier: MIT */
/* Programs of instructions that a software KVM lacks and of such that it has. */
#include "assist_programs.h"
#include <string.h>

#define MOST 24 /* instructions of a program */
#define RSP  4

static uint64_t random_state = 1;

void assist_programs_seed(uint64_t seed)
{
	random_state = seed;
}

uint64_t assist_programs_random(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1d;
}

uint64_t assist_programs_below(uint64_t limit)
{
	return assist_programs_random() % limit;
}

struct piece {
	uint8_t bytes[LONGEST + 16];
	size_t length;
	int target; /* the instruction whose distance ends it, or -1 */
};

/* Where a memory operand is: mostly in the first page, now and then where something happens. */
static const uint8_t *aim(void)
{
	switch (assist_programs_below(24)) {
	case 0:
		return arena->data + PAGE - assist_programs_below(64); /* over a page boundary */
	case 1:
		return arena->read_only + assist_programs_below(PAGE - 64);
	case 2:
		return arena->read_only - assist_programs_below(60); /* past the counter */
	case 3:
		return arena->absent + assist_programs_below(64);
	case 4:
	case 5:
		return arena->device + 64 * assist_programs_below(8);
	default:
		return arena->data + (assist_programs_below(3) ? 64 * assist_programs_below(8) :
								 assist_programs_below(512));
	}
}

/* Of a form, with other registers, and its memory relative to RIP. */
static bool make_foreign(struct piece *piece, uint64_t rip)
{
	const struct template *template =
		&assist_programs_forms.items[assist_programs_below(assist_programs_forms.count)];
	uint8_t *bytes = piece->bytes;
	struct decoded decoded;
	struct form form;
	int32_t distance;
	int i;

	memset(bytes, 0, sizeof(piece->bytes));
	memcpy(bytes, template->bytes, LONGEST);
	if (template->modrm) {
		bytes[template->modrm] ^=
			(uint8_t)(assist_programs_below(8) << 3 | assist_programs_below(8));
		if ((bytes[template->modrm] & 0xc0) != 0xc0) {
			bytes[template->modrm] = (uint8_t)((bytes[template->modrm] & 0x38) | 5);
			memset(bytes + template->modrm + 1, (int)assist_programs_below(256), 8);
		}
	}
	if (decoder_decode(64, bytes, LONGEST, &decoded) != DECODER_INSTRUCTION)
		return false;
	instruction_form_find(&form, 64, &decoded, bytes);
	if (form.kind != FORM_PLAIN || differential_key(&decoded) != template->key ||
	    form.memory.implicit || (form.memory.present && !form.memory.rip_relative))
		return false;
	for (i = 0; i < decoded.instruction.operand_count; i++)
		if (decoded.operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    decoder_gpr(decoded.operands[i].reg.value) == RSP)
			return false;
	piece->length = form.length;
	if (form.memory.present) {
		distance = (int32_t)(aim() - (const uint8_t *)(rip + form.length));
		memcpy(bytes + decoded.instruction.raw.disp.offset, &distance, 4);
	}
	return true;
}

static void put(struct piece *piece, const char *bytes, size_t length)
{
	memcpy(piece->bytes + piece->length, bytes, length);
	piece->length += length;
}

#define PUT(piece, text) put(piece, text, sizeof(text) - 1)

/* An instruction with a displacement from RIP at its end. */
static void put_reach(struct piece *piece, uint64_t rip, const uint8_t *to)
{
	int32_t distance = (int32_t)(to - (const uint8_t *)(rip + piece->length + 4));

	put(piece, (const char *)&distance, 4);
}

static uint8_t low_register(void)
{
	static const uint8_t names[] = { 0, 1, 2, 3, 5, 6, 7 };

	return names[assist_programs_below(sizeof(names))];
}

/* One that every x86 has. `index` is its number of `count`. */
static void make_known(struct piece *piece, uint64_t rip, int index, int count)
{
	static const uint8_t arithmetic[] = { 0x01, 0x09, 0x11, 0x19, 0x21, 0x29,
					      0x31, 0x39, 0x85, 0x89, 0x87 };
	const uint8_t a = low_register(), b = low_register();
	const uint8_t modrm = (uint8_t)(0xc0 | a << 3 | b), at = (uint8_t)(5 | a << 3);
	const uint8_t condition = (uint8_t)assist_programs_below(16);

	piece->length = 0;
	switch (assist_programs_below(18)) {
	case 0: /* a jump forward, or to the next instruction */
		PUT(piece, "\xe9");
		piece->target = index + 1 + (int)assist_programs_below((uint64_t)(count - index));
		break;
	case 1:
	case 2:
		put(piece, (const char[]){ 0x0f, (char)(0x80 | condition) }, 2);
		piece->target = index + 1 + (int)assist_programs_below((uint64_t)(count - index));
		break;
	case 3:
		PUT(piece, "\xe8");
		piece->target = index + 1;
		break;
	case 4: /* lea next(%rip), %a; jmp or push-and-ret there */
		if (assist_programs_below(2)) {
			put(piece,
			    (const char[]){ 0x48, (char)0x8d, (char)at, 2, 0, 0, 0, (char)0xff,
					    (char)(0xe0 | a) },
			    9);
		} else {
			put(piece,
			    (const char[]){ 0x48, (char)0x8d, (char)at, 2, 0, 0, 0,
					    (char)(0x50 | a), (char)0xc3 },
			    9);
		}
		break;
	case 5: /* back, some times */
		PUT(piece, "\xff\x0d");
		put_reach(piece, rip, COUNTER(arena));
		PUT(piece, "\x0f\x8f");
		piece->target = (int)assist_programs_below((uint64_t)index + 1);
		break;
	case 6:
		put(piece, (const char[]){ (char)(0x50 | a) }, 1);
		break;
	case 7:
		put(piece, (const char[]){ (char)(0x58 | a) }, 1);
		break;
	case 8:
		put(piece, (const char[]){ 0x6a, (char)assist_programs_random() }, 2);
		break;
	case 9: /* push %rbp; mov %rsp, %rbp; push %a; leave */
		put(piece,
		    (const char[]){ 0x55, 0x48, (char)0x89, (char)0xe5, (char)(0x50 | a),
				    (char)0xc9 },
		    6);
		break;
	case 10:
		put(piece, (const char[]){ 0x48, 0x0f, (char)0xaf, (char)modrm }, 4); /* imul */
		break;
	case 11:
		put(piece, (const char[]){ 0x0f, (char)(0x90 | condition), (char)(0xc0 | (b & 3)) },
		    3);
		break;
	case 12:
		put(piece, (const char[]){ 0x48, 0x0f, (char)(0x40 | condition), (char)modrm }, 4);
		break;
	case 13: /* load, store, read-modify-write, exchange */
	case 14:
		put(piece,
		    (const char[]){ 0x48,
				    (char)(assist_programs_below(2) ?
						   0x8b :
						   (uint8_t)arithmetic[assist_programs_below(11)]),
				    (char)at },
		    3);
		put_reach(piece, rip, aim());
		break;
	case 15: /* push of memory, and jump through it */
		PUT(piece, "\xff\x35");
		put_reach(piece, rip, aim());
		break;
	default:
		put(piece,
		    (const char[]){ 0x48, (char)arithmetic[assist_programs_below(10)],
				    (char)modrm },
		    3);
		break;
	}
}

uint64_t assist_programs_make(__u64 *begin)
{
	uint64_t starts[MOST + 1],
		rip = (uint64_t)arena->code + assist_programs_below(2) * (PAGE - 40);
	struct piece pieces[MOST];
	int count = 1 + (int)assist_programs_below(MOST), i;

	memset(arena->code, 0xcc, PAGE + PAGE / 2);
	*begin = rip;
	for (i = 0; i < count; i++) {
		pieces[i].target = -1;
		if (assist_programs_below(5) < 2)
			make_known(&pieces[i], rip, i, count);
		else
			while (!make_foreign(&pieces[i], rip))
				;
		starts[i] = rip;
		rip += pieces[i].length + (pieces[i].target >= 0 ? 4 : 0);
	}
	starts[count] = rip;
	for (i = 0; i < count; i++) {
		memcpy((uint8_t *)starts[i], pieces[i].bytes, pieces[i].length);
		if (pieces[i].target >= 0) {
			int32_t distance = (int32_t)(starts[pieces[i].target] - starts[i + 1]);

			memcpy((uint8_t *)starts[i] + pieces[i].length, &distance, 4);
		}
	}
	*(uint8_t *)rip = 0xf4;
	return rip;
}
