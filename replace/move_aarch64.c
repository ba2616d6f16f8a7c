/* SPDX-License-Identifier: MIT */
/*
 * Moving arm64's code. A function's first instruction is overwritten, and nothing else: where it is executed instead, X16
 * and X17 are free (AAPCS64, 6.1.1), so that it may become several. Encodings: Arm ARM, C4.1 and C6.2.
 */
#include "replace/move.h"
#include <string.h>
#include "mirror/code_jump.h"

#define WORD sizeof(uint32_t)

#define TABLE_MOST 1024
#define TABLE_NEAR 16 /* instructions between two that make its address */

#define NOP		      0xd503201fu
#define LDR_LITERAL(to, from) (0x58000000u | (uint32_t)((from) / 4) << 5 | (to))
#define IP0		      16
#define LR		      30
#define ZR		      31

/* Where the head's literals are, behind the longest code: an instruction of 8 bytes, and two jumps. */
#define LITERALS 64

static const char too_far[] = "its code refers to what is too far from where it could go";

/* What of an instruction depends on where it is. */
enum relative {
	RELATIVE_NOTHING,
	RELATIVE_BRANCH,      /* B */
	RELATIVE_CALL,	      /* BL */
	RELATIVE_CONDITIONAL, /* B.cond, CBZ, CBNZ, TBZ, TBNZ */
	RELATIVE_ADDRESS,     /* ADR */
	RELATIVE_PAGE,	      /* ADRP */
	RELATIVE_LITERAL,     /* LDR, LDRSW, PRFM */
};

struct instruction {
	uint32_t word;
	enum relative relative;
	unsigned int shift, bits; /* of the distance, in words; ADR's and ADRP's is in two parts */
	uint64_t target;
};

static const struct {
	uint32_t mask, value;
	enum relative relative;
	unsigned int shift, bits;
} forms[] = {
	{ 0xfc000000, 0x14000000, RELATIVE_BRANCH, 0, 26 },
	{ 0xfc000000, 0x94000000, RELATIVE_CALL, 0, 26 },
	{ 0xff000000, 0x54000000, RELATIVE_CONDITIONAL, 5, 19 },
	{ 0x7e000000, 0x34000000, RELATIVE_CONDITIONAL, 5, 19 },
	{ 0x7e000000, 0x36000000, RELATIVE_CONDITIONAL, 5, 14 },
	{ 0x9f000000, 0x10000000, RELATIVE_ADDRESS, 5, 21 },
	{ 0x9f000000, 0x90000000, RELATIVE_PAGE, 5, 21 },
	{ 0x3b000000, 0x18000000, RELATIVE_LITERAL, 5, 19 },
};

static bool is_address(enum relative relative)
{
	return relative == RELATIVE_ADDRESS || relative == RELATIVE_PAGE;
}

/* A distance's unit: a word, a byte, or a page. */
static unsigned int unit_shift(enum relative relative)
{
	return relative == RELATIVE_PAGE ? 12 : relative == RELATIVE_ADDRESS ? 0 : 2;
}

static uint64_t base_of(enum relative relative, uint64_t at)
{
	return relative == RELATIVE_PAGE ? at & ~4095ull : at;
}

static struct instruction decode(uint32_t word, uint64_t at)
{
	struct instruction instruction = { .word = word };
	uint32_t field;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((word & forms[i].mask) != forms[i].value)
			continue;
		instruction.relative = forms[i].relative;
		instruction.shift = forms[i].shift;
		instruction.bits = forms[i].bits;
		field = word >> forms[i].shift;
		if (is_address(instruction.relative))
			field = field << 2 | (word >> 29 & 3);
		field <<= 32 - forms[i].bits;
		instruction.target = base_of(instruction.relative, at) +
				     ((uint64_t)(int64_t)((int32_t)field >> (32 - forms[i].bits))
				      << unit_shift(instruction.relative));
	}
	return instruction;
}

/* The same instruction at another place. False if its target is too far from there. */
static bool encode(struct instruction *instruction, uint64_t there)
{
	const unsigned int bits = instruction->bits;
	const int64_t distance =
		(int64_t)(instruction->target - base_of(instruction->relative, there)) >>
		unit_shift(instruction->relative);
	const uint32_t field = (uint32_t)distance & ((1u << bits) - 1);
	uint32_t word = instruction->word;

	if (distance >= 1ll << (bits - 1) || distance < -(1ll << (bits - 1)))
		return false;
	if (is_address(instruction->relative))
		word = (word & 0x9f00001f) | (field & 3) << 29 | (field >> 2) << 5;
	else
		word = (word & ~(((1u << bits) - 1) << instruction->shift)) |
		       field << instruction->shift;
	instruction->word = word;
	return true;
}

static struct instruction at_offset(const struct move *move, const uint8_t *code, size_t offset)
{
	uint32_t word;

	memcpy(&word, code + offset, sizeof(word));
	return decode(word, move->at + offset);
}

static bool is_inside(const struct move *move, uint64_t target)
{
	return target - move->at < move->size;
}

/* BR and those of pointer authentication: by a pointer, or by a jump table. */
static bool is_indirect(uint32_t word)
{
	return (word & 0xfee00000) == 0xd6000000;
}

/* What no code comes back to: it makes a frame, or is what only calls need. */
static bool is_entry(uint32_t word)
{
	return word == 0xd503233f || word == 0xd503237f || /* PACIASP, PACIBSP */
	       word == 0xd503245f || word == 0xd50324df || /* BTI C, BTI JC */
	       (word & 0xff8003ff) == 0xd10003ff ||	   /* SUB SP, SP, #n */
	       (word & 0xffc003e0) == 0xa98003e0 ||	   /* STP X, X, [SP, #n]! */
	       (word & 0xffc003e0) == 0x6d8003e0 ||	   /* STP D, D, [SP, #n]! */
	       (word & 0xffe00fe0) == 0xf8000fe0;	   /* STR X, [SP, #n]! */
}

/* Entries of jump tables, which are distances from a label in the function. */
struct entry {
	size_t size;
	bool is_signed;
	unsigned int shift;
};

static bool read_entry(const struct move *move, const struct entry *entry, uint64_t at,
		       uint64_t *distance)
{
	const unsigned int unused = 64 - 8 * (unsigned int)entry->size;

	*distance = 0;
	if (!move->read(at, distance, entry->size))
		return false;
	if (entry->is_signed)
		*distance = (uint64_t)((int64_t)(*distance << unused) >> unused);
	*distance <<= entry->shift;
	return true;
}

/* Whether what may be a table, as far as its entries lead into the function, has one that leads to the first instruction. */
static bool table_leads_back(const struct move *move, uint64_t table, uint64_t label)
{
	static const struct entry kinds[] = { { 1, true, 2 },  { 1, false, 2 }, { 2, true, 2 },
					      { 2, false, 2 }, { 4, true, 2 },	{ 4, true, 0 } };
	uint64_t distance;
	size_t kind, i;

	for (kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
		for (i = 0; i < TABLE_MOST; i++) {
			if (!read_entry(move, &kinds[kind], table + i * kinds[kind].size,
					&distance) ||
			    !is_inside(move, label + distance))
				break;
			if (label + distance == move->at + move->start)
				return true;
		}
	return false;
}

/* ADD Xd, Xn, #n, of what an ADRP has made. */
static bool adds_to(uint32_t word, const struct instruction *page)
{
	return (word & 0xffc00000) == 0x91000000 && (word >> 5 & 31) == (page->word & 31);
}

/* By an ADRP and an ADD that follows it, the addresses that may be a table's. */
static bool tables_lead_back(const struct move *move, uint64_t label)
{
	bool found = false, back = false;
	size_t offset, next;

	for (offset = 0; offset < move->size; offset += WORD) {
		const struct instruction page = at_offset(move, move->code, offset);

		for (next = offset + WORD; page.relative == RELATIVE_PAGE && next < move->size &&
					   next <= offset + TABLE_NEAR * WORD;
		     next += WORD) {
			const uint32_t word = at_offset(move, move->code, next).word;

			if (!adds_to(word, &page))
				continue;
			found = true;
			back |= table_leads_back(move, page.target + (word >> 10 & 0xfff), label);
		}
	}
	return back || !found;
}

/* Whether that makes an address in the function, which is not its own: of data there, if of no label that BR goes to. */
static bool is_inner(const struct move *move, uint64_t target)
{
	return is_inside(move, target) && target != move->at;
}

/* The same by an ADRP with an ADD that follows it. */
static bool page_is_inner(const struct move *move, size_t offset, const struct instruction *page)
{
	size_t next;

	for (next = offset + WORD; next < move->size && next <= offset + TABLE_NEAR * WORD;
	     next += WORD) {
		const uint32_t word = at_offset(move, move->code, next).word;

		if (adds_to(word, page) && is_inner(move, page->target + (word >> 10 & 0xfff)))
			return true;
	}
	return false;
}

/*
 * Whether an instruction that is no branch may set X16: its Rd or Rt, or, of LDP, Rt2. Others have a source there, or a
 * SIMD register, which does not matter in what functions begin with.
 */
static bool sets_ip0(const struct instruction *instruction)
{
	const uint32_t word = instruction->word;

	switch (instruction->relative) {
	case RELATIVE_BRANCH:
	case RELATIVE_CALL:
	case RELATIVE_CONDITIONAL:
		return false;
	default:
		return (word & 31) == IP0 ||
		       ((word & 0x3e400000) == 0x28400000 && (word >> 10 & 31) == IP0);
	}
}

const char *move_plan(struct move *move)
{
	struct instruction first;
	bool indirect = false, data = false, back = false;
	size_t offset;

	if (move->size < move->start + move->patched || move->size % WORD)
		return "its code can't be decoded";
	move->whole = false;
	for (offset = 0; offset < move->size; offset += WORD) {
		const struct instruction instruction = at_offset(move, move->code, offset);
		const bool inside = is_inside(move, instruction.target);

		indirect |= is_indirect(instruction.word);
		switch (instruction.relative) {
		case RELATIVE_BRANCH:
		case RELATIVE_CONDITIONAL:
			move->whole |= instruction.target == move->at + move->start;
			break;
		case RELATIVE_ADDRESS:
			back |= inside && tables_lead_back(move, instruction.target);
			data |= is_inner(move, instruction.target);
			break;
		case RELATIVE_PAGE:
			data |= page_is_inner(move, offset, &instruction);
			break;
		case RELATIVE_LITERAL:
			data |= inside;
			break;
		default:
			break;
		}
	}
	if (indirect && back && !is_entry(at_offset(move, move->code, 0).word))
		return "a jump table may lead back to its first bytes";
	if (move->whole && indirect)
		return "it comes back to its first bytes, and may have a jump table";
	if (move->whole && data)
		return "it comes back to its first bytes, and has data among its code";
	first = at_offset(move, move->code, move->start);
	if (!move->whole && sets_ip0(&first))
		return "its first instruction sets X16, which is needed to jump from there to the rest";
	move->length = move->whole ? move->size : MOVE_HEAD_LENGTH;
	return NULL;
}

/* The moved first instruction. */
struct head {
	uint8_t *to;
	size_t length, literals;
};

static void add(struct head *head, uint32_t word)
{
	memcpy(head->to + head->length, &word, sizeof(word));
	head->length += sizeof(word);
}

static void add_jump(struct head *head, uint64_t target)
{
	/* The address in it is to be aligned: SCTLR_EL1.A may be set. */
	if (head->length % sizeof(uint64_t))
		add(head, NOP);
	head->length += code_jump(head->to + head->length, target);
}

/* Have a register be an address. */
static void add_load(struct head *head, uint32_t to, uint64_t address)
{
	const size_t at = LITERALS + sizeof(uint64_t) * head->literals++;

	memcpy(head->to + at, &address, sizeof(address));
	add(head, LDR_LITERAL(to, at - head->length));
}

/* By the address, in the register that is loaded or in X16. */
static void add_literal(struct head *head, const struct instruction *instruction)
{
	static const uint32_t general[] = { 0xb9400000, 0xf9400000, 0xb9800000 }; /* W, X, LDRSW */
	static const uint32_t simd[] = { 0xbd400000, 0xfd400000, 0x3dc00000 };	  /* S, D, Q */
	const bool is_simd = instruction->word >> 26 & 1;
	const uint32_t kind = instruction->word >> 30, to = instruction->word & 31;
	const uint32_t base = is_simd || to == ZR ? IP0 : to;

	/* PRFM need not do anything. */
	if (kind == 3) {
		add(head, is_simd ? instruction->word : NOP);
		return;
	}
	add_load(head, base, instruction->target);
	add(head, (is_simd ? simd : general)[kind] | base << 5 | to);
}

/* Returns how long it is without the jump to the rest. */
static size_t write_head(const struct move *move, const uint8_t *shown, uint8_t *to)
{
	struct instruction instruction = at_offset(move, shown, move->start);
	const uint64_t rest = move->at + move->start + WORD, target = instruction.target;
	struct head head = { .to = to };
	size_t length;

	switch (instruction.relative) {
	case RELATIVE_NOTHING:
		add(&head, instruction.word);
		break;
	case RELATIVE_BRANCH:
		add_jump(&head, instruction.target);
		break;
	case RELATIVE_CALL:
		add_load(&head, LR, rest);
		add_jump(&head, instruction.target);
		break;
	case RELATIVE_CONDITIONAL:
		/* Past the jump to the rest: it has 16 bytes, and is aligned. */
		instruction.target = 8 + CODE_JUMP_MOST;
		encode(&instruction, 0);
		add(&head, instruction.word);
		add_jump(&head, rest);
		add_jump(&head, target);
		break;
	case RELATIVE_ADDRESS:
	case RELATIVE_PAGE:
		add_load(&head, instruction.word & 31, instruction.target);
		break;
	case RELATIVE_LITERAL:
		add_literal(&head, &instruction);
		break;
	}
	length = head.length;
	if (instruction.relative != RELATIVE_BRANCH && instruction.relative != RELATIVE_CALL &&
	    instruction.relative != RELATIVE_CONDITIONAL)
		add_jump(&head, rest);
	return length;
}

/* Each instruction in its place, so that the branches within are as they were. */
static const char *write_whole(const struct move *move, const uint8_t *shown, uint64_t there,
			       uint8_t *to)
{
	size_t offset;

	for (offset = 0; offset < move->size; offset += WORD) {
		struct instruction instruction = at_offset(move, shown, offset);
		const bool is_call = instruction.relative == RELATIVE_CALL;

		/* A call of itself is a call as any other. A page is the whole program's. */
		if (instruction.relative != RELATIVE_NOTHING &&
		    (!is_inside(move, instruction.target) ||
		     (is_call && instruction.target == move->at) ||
		     instruction.relative == RELATIVE_PAGE) &&
		    !encode(&instruction, there + offset))
			return too_far;
		memcpy(to + offset, &instruction.word, WORD);
	}
	return NULL;
}

const char *move_write(const struct move *move, const uint8_t *shown, uint64_t there, uint8_t *to)
{
	if (move->whole)
		return write_whole(move, shown, there, to);
	write_head(move, shown, to);
	return NULL;
}

uint64_t move_origin(const struct move *move, size_t offset)
{
	uint8_t moved[MOVE_HEAD_LENGTH] = { 0 };

	if (move->whole)
		return offset < move->size ? move->at + offset : UINT64_MAX;
	if (offset < write_head(move, move->code, moved))
		return move->at + move->start;
	return offset < LITERALS ? move->at + move->start + WORD : UINT64_MAX;
}
