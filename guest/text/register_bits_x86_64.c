/* SPDX-License-Identifier: MIT */
/*
 * Which register an expression of an assertion is about, by how it is written, so that its value can
 * be told by the names of its bits.
 */
#include <stddef.h>
#include <ring0/private/register_bits_x86_64.h>
#include "guest/text/register_bits.h"

enum which { EFER, RFLAGS, CR0, CR4, XCR0, DR6, DR7, PAGE, PAGE_FAULT };

/* In lower case. Text, not pointers: see guest/entry/vector_x86_64.c. */
static const struct {
	char word[10];
	unsigned char which;
} words[] = {
	{ "efer", EFER },     { "rflags", RFLAGS },	{ "eflags", RFLAGS }, { "cr0", CR0 },
	{ "cr4", CR4 },	      { "xcr0", XCR0 },		{ "dr6", DR6 },	      { "dr7", DR7 },
	{ "r0_page_", PAGE }, { "r0_pf_", PAGE_FAULT },
};

static const struct r0_register_bit *bits_of(enum which which)
{
	switch (which) {
	case EFER:
		return r0_efer_bits;
	case RFLAGS:
		return r0_rflags_bits;
	case CR0:
		return r0_cr0_bits;
	case CR4:
		return r0_cr4_bits;
	case XCR0:
		return r0_xcr0_bits;
	case DR6:
		return r0_dr6_bits;
	case DR7:
		return r0_dr7_bits;
	case PAGE:
		return r0_page_bits;
	case PAGE_FAULT:
		return r0_page_fault_bits;
	}
	return NULL;
}

/* A bit for each letter that begins one of them. */
#define FIRST(letter) (1u << ((letter) - 'a'))
#define FIRST_LETTERS (FIRST('c') | FIRST('d') | FIRST('e') | FIRST('r') | FIRST('x'))

/* Whether a text begins with a word, whatever the case of its letters. */
static bool begins(const char *text, const char *word)
{
	/* A digit or an underscore has this bit as it is, or is told apart all the same. */
	while (*word && (*text | 0x20) == (*word | 0x20)) {
		text++;
		word++;
	}
	return *word == '\0';
}

/* By the second letter: "const" and "R1" begin none. */
static bool may_begin(const char *text)
{
	char first = text[0] | 0x20, second = text[1] | 0x20;

	if (first == 'r')
		return second == '0' ? text[2] == '_' && (text[3] | 0x20) == 'p' : second == 'f';
	return second == (first == 'e' ? 'f' : first == 'x' ? 'c' : 'r');
}

static const struct r0_register_bit *find(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins(text, words[i].word))
			return bits_of((enum which)words[i].which);
	return NULL;
}

/*
 * Words are looked for where one begins, not inside: "adcr0" has no CR0. Each failure comes here, and a
 * software KVM takes a microsecond for an instruction: so few for a letter that begins none of them.
 */
const struct r0_register_bit *register_bits_of(const char *expression)
{
	const struct r0_register_bit *bits = NULL;
	bool inside = false;
	const char *at;

	/* A number names nothing. */
	if (*expression >= '0' && *expression <= '9')
		return NULL;
	for (at = expression; *at && !bits; at++) {
		unsigned int letter = (unsigned char)(*at | 0x20) - 'a';

		if (letter > 'z' - 'a') {
			inside = *at >= '0' && *at <= '9';
			continue;
		}
		if (!inside && FIRST_LETTERS >> letter & 1 && may_begin(at))
			bits = find(at);
		inside = true;
	}
	return bits;
}
