/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing: tests of whatever input, found by an engine and kept in a folder.
 *
 *	R0_FUZZ(parser, takes_any_descriptor)
 *	{
 *		parse(data, size);
 *	}
 */
#ifndef RING0_FUZZ_H
#define RING0_FUZZ_H

#include <ring0/private/types.h>
#include <ring0/test.h>

/* For empty arguments, as in <ring0/test.h>. */
#pragma GCC system_header

/* The longest that an input may be, in bytes. */
#define R0_FUZZ_MOST 65536

/*
 * A test of `data`, `size` bytes that its body may read and no more. Each file of the folder corpus/suite.name is a case
 * of it, as is the empty input where there is none; --fuzz=SECONDS has an engine look for more. Attributes are those of
 * R0_TEST() but for .params.
 */
#define R0_FUZZ(suite_, name_, ...)                                                           \
	static void r0_fuzz_##suite_##_##name_(const uint8_t *data, size_t size);             \
	static void r0_test_##suite_##_##name_(void)                                          \
	{                                                                                     \
		r0_fuzz_case(r0_fuzz_##suite_##_##name_);                                     \
	}                                                                                     \
	static const struct r0_test r0_test_of_##suite_##_##name_ = {                         \
		.attributes = #__VA_ARGS__,                                                   \
		R0_NOTHING_(~, ##__VA_ARGS__) __VA_OPT__(.options = { __VA_ARGS__ }, ).fuzz = \
			r0_fuzz_##suite_##_##name_,                                           \
		R0_TEST_MEMBERS_(#suite_, #name_, r0_test_##suite_##_##name_)                 \
	};                                                                                    \
	R0_TEST_POINTER_(r0_test_at_##suite_##_##name_, r0_test_of_##suite_##_##name_)        \
	static void r0_fuzz_##suite_##_##name_(const uint8_t *data, size_t size)

void r0_fuzz_case(void (*fn)(const uint8_t *data, size_t size));

/*
 * For a mock of such a test: the next `size` bytes of the input, from its end backwards, so that what a device answers
 * is fuzzed, too. Returns how many there were; the rest of `to` is zero. In a test of another kind there are none. The
 * same bytes are at the end of the body's `data`.
 */
size_t r0_fuzz_take(void *to, size_t size);

#endif /* RING0_FUZZ_H */
