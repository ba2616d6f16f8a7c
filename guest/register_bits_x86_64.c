/* SPDX-License-Identifier: MIT */
/*
 * Which register an expression of an assertion is about, by how it is written, so that its value can
 * be told by the names of its bits.
 */
#include <stddef.h>
#include <ring0/private/register_bits_x86_64.h>
#include "guest/register_bits.h"

/* In lower case. */
static const struct {
	const char *word;
	const struct r0_register_bit *bits;
} words[] = {
	{ "efer", r0_efer_bits },     { "rflags", r0_rflags_bits },
	{ "eflags", r0_rflags_bits }, { "cr0", r0_cr0_bits },
	{ "cr4", r0_cr4_bits },	      { "xcr0", r0_xcr0_bits },
	{ "dr6", r0_dr6_bits },	      { "dr7", r0_dr7_bits },
	{ "r0_page_", r0_page_bits }, { "r0_pf_", r0_page_fault_bits },
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Whether a text has a word, whatever its case, at the start of one, not inside: "xcr0" has no CR0. */
static bool has_word(const char *text, const char *word)
{
	const char *at;
	size_t i;

	for (at = text; *at; at++) {
		if (at != text && is_word(at[-1]))
			continue;
		for (i = 0; word[i] && lower(at[i]) == word[i]; i++)
			;
		if (!word[i])
			return true;
	}
	return false;
}

const struct r0_register_bit *register_bits_of(const char *expression)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (has_word(expression, words[i].word))
			return words[i].bits;
	return NULL;
}
