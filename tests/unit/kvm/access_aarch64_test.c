/* SPDX-License-Identifier: MIT */
/* Loads and stores that are decoded, as the assembler encodes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "kvm/exit/access_aarch64.h"
#include "kvm/exit/access_name_aarch64.h"

/* The instruction as the assembler makes it. */
#define ENCODED(text)                                                                 \
	({                                                                            \
		uint32_t word;                                                        \
		__asm__(".pushsection .rodata\n.balign 4\n1: " text "\n.popsection\n" \
			"adrp %0, 1b\nadd %0, %0, :lo12:1b\nldr %w0, [%x0]"           \
			: "=&r"(address));                                            \
		word = (uint32_t)address;                                             \
		word;                                                                 \
	})

static uint64_t address;

#define EXPECT(text, ...)                                          \
	do {                                                       \
		const struct access_form wanted = { __VA_ARGS__ }; \
		struct access_form form;                           \
		assert_true(access_decode(ENCODED(text), &form));  \
		check(&form, &wanted);                             \
	} while (0)

#define REFUSED(text)                                              \
	do {                                                       \
		struct access_form form;                           \
		assert_false(access_decode(ENCODED(text), &form)); \
	} while (0)

static void check(const struct access_form *form, const struct access_form *wanted)
{
	assert_int_equal(form->write, wanted->write);
	assert_int_equal(form->simd, wanted->simd);
	assert_int_equal(form->sign, wanted->sign);
	assert_int_equal(form->narrow, wanted->narrow);
	assert_int_equal(form->size, wanted->size);
	assert_int_equal(form->count, wanted->count);
	assert_int_equal(form->rt[0], wanted->rt[0]);
	if (form->count == 2)
		assert_int_equal(form->rt[1], wanted->rt[1]);
	assert_int_equal(form->writes_back, wanted->writes_back);
	if (!form->writes_back)
		return;
	assert_int_equal(form->rn, wanted->rn);
	assert_int_equal(form->change, wanted->change);
}

#define EXPECT_ADDRESS(text, ...)                                  \
	do {                                                       \
		const struct access_form wanted = { __VA_ARGS__ }; \
		struct access_form form;                           \
		assert_true(access_decode(ENCODED(text), &form));  \
		check_address(&form, &wanted);                     \
	} while (0)

static void check_address(const struct access_form *form, const struct access_form *wanted)
{
	assert_int_equal(form->rn, wanted->rn);
	assert_int_equal(form->offset, wanted->offset);
	assert_int_equal(form->by_register, wanted->by_register);
	assert_int_equal(form->rm, wanted->rm);
	assert_int_equal(form->shift, wanted->shift);
	if (!form->by_register)
		return;
	assert_int_equal(form->narrow_offset, wanted->narrow_offset);
	if (form->narrow_offset)
		assert_int_equal(form->sign_offset, wanted->sign_offset);
}

static void addresses(void **state)
{
	(void)state;
	EXPECT_ADDRESS("ldp x1, x2, [x3], #16", .rn = 3);
	EXPECT_ADDRESS("ldp x1, x2, [x3, #-16]!", .rn = 3, .offset = -16);
	EXPECT_ADDRESS("ldp w1, w2, [sp, #8]", .rn = 31, .offset = 8);
	EXPECT_ADDRESS("ldnp q1, q2, [x3, #32]", .rn = 3, .offset = 32);
	EXPECT_ADDRESS("ldr x1, [x2], #8", .rn = 2);
	EXPECT_ADDRESS("ldr x1, [x2, #-8]!", .rn = 2, .offset = -8);
	EXPECT_ADDRESS("str q1, [x2, #65520]", .rn = 2, .offset = 65520);
	EXPECT_ADDRESS("ldr h1, [x2, #2]", .rn = 2, .offset = 2);
	EXPECT_ADDRESS("stur d1, [x2, #-1]", .rn = 2, .offset = -1);
	EXPECT_ADDRESS("ldtr x1, [x2, #-1]", .rn = 2, .offset = -1);
	EXPECT_ADDRESS("ldr q1, [x2, x4, lsl #4]", .rn = 2, .by_register = true, .rm = 4,
		       .shift = 4);
	EXPECT_ADDRESS("ldr x1, [x2, x4]", .rn = 2, .by_register = true, .rm = 4);
	EXPECT_ADDRESS("str s1, [x2, w4, uxtw #2]", .rn = 2, .by_register = true, .rm = 4,
		       .shift = 2, .narrow_offset = true);
	EXPECT_ADDRESS("ldrb w1, [x2, w4, sxtw]", .rn = 2, .by_register = true, .rm = 4,
		       .narrow_offset = true, .sign_offset = true);
}

#define UNPREDICTABLE(text)                                              \
	do {                                                             \
		REFUSED(text);                                           \
		assert_true(access_is_unpredictable((uint32_t)address)); \
	} while (0)

/* An assembler warns of these, or refuses them. */
static void unpredictable_ones(void **state)
{
	(void)state;
	UNPREDICTABLE(".inst 0xf8408421"); /* ldr x1, [x1], #8 */
	UNPREDICTABLE(".inst 0xf8008c21"); /* str x1, [x1, #8]! */
	UNPREDICTABLE(".inst 0xa8c10821"); /* ldp x1, x2, [x1], #16 */
	UNPREDICTABLE(".inst 0xa8810422"); /* stp x2, x1, [x1], #16 */
	UNPREDICTABLE(".inst 0xa9400822"); /* ldp x2, x2, [x1] */
	UNPREDICTABLE(".inst 0x6d400822"); /* ldp d2, d2, [x1] */
	EXPECT("ldp x1, x2, [x1]", .size = 8, .count = 2, .rt = { 1, 2 });
	EXPECT("ldr q1, [x1], #16", .simd = true, .size = 16, .count = 1, .rt = { 1 },
	       .writes_back = true, .rn = 1, .change = 16);
	EXPECT("str xzr, [sp], #16", .write = true, .size = 8, .count = 1, .rt = { 31 },
	       .writes_back = true, .rn = 31, .change = 16);
	EXPECT("stp x2, x2, [x1]", .write = true, .size = 8, .count = 2, .rt = { 2, 2 });
	REFUSED("ldxr x1, [x2]");
	assert_false(access_is_unpredictable((uint32_t)address));
	assert_false(access_is_unpredictable(0xa9400821)); /* ldp x1, x2, [x1] */
}

static void pairs(void **state)
{
	(void)state;
	EXPECT("stp x1, x2, [x3, #16]", .write = true, .size = 8, .count = 2, .rt = { 1, 2 });
	EXPECT("ldp w4, w5, [x3]", .size = 4, .count = 2, .rt = { 4, 5 });
	EXPECT("ldpsw x4, x5, [x3]", .sign = true, .size = 4, .count = 2, .rt = { 4, 5 });
	EXPECT("ldp x0, x30, [x3, #-512]!", .size = 8, .count = 2, .rt = { 0, 30 },
	       .writes_back = true, .rn = 3, .change = -512);
	EXPECT("stp xzr, x1, [sp], #16", .write = true, .size = 8, .count = 2, .rt = { 31, 1 },
	       .writes_back = true, .rn = 31, .change = 16);
	EXPECT("ldnp x1, x2, [x3]", .size = 8, .count = 2, .rt = { 1, 2 });
	EXPECT("stp q1, q2, [x3, #32]!", .write = true, .simd = true, .size = 16, .count = 2,
	       .rt = { 1, 2 }, .writes_back = true, .rn = 3, .change = 32);
	EXPECT("ldp d1, d2, [x3]", .simd = true, .size = 8, .count = 2, .rt = { 1, 2 });
	EXPECT("ldp s1, s2, [x3]", .simd = true, .size = 4, .count = 2, .rt = { 1, 2 });
}

static void single_ones_that_write_back(void **state)
{
	(void)state;
	EXPECT("str x1, [x2], #8", .write = true, .size = 8, .count = 1, .rt = { 1 },
	       .writes_back = true, .rn = 2, .change = 8);
	EXPECT("ldr w1, [x2, #-4]!", .size = 4, .count = 1, .rt = { 1 }, .writes_back = true,
	       .rn = 2, .change = -4);
	EXPECT("strb w1, [x2], #1", .write = true, .size = 1, .count = 1, .rt = { 1 },
	       .writes_back = true, .rn = 2, .change = 1);
	EXPECT("ldrsh x1, [x2], #2", .sign = true, .size = 2, .count = 1, .rt = { 1 },
	       .writes_back = true, .rn = 2, .change = 2);
	EXPECT("ldrsb w1, [x2], #1", .sign = true, .narrow = true, .size = 1, .count = 1,
	       .rt = { 1 }, .writes_back = true, .rn = 2, .change = 1);
	EXPECT("ldrsw x1, [x2], #4", .sign = true, .size = 4, .count = 1, .rt = { 1 },
	       .writes_back = true, .rn = 2, .change = 4);
}

static void simd_registers(void **state)
{
	(void)state;
	EXPECT("str q3, [x2, #16]", .write = true, .simd = true, .size = 16, .count = 1,
	       .rt = { 3 });
	EXPECT("ldr q3, [x2], #16", .simd = true, .size = 16, .count = 1, .rt = { 3 },
	       .writes_back = true, .rn = 2, .change = 16);
	EXPECT("ldr d3, [x2]", .simd = true, .size = 8, .count = 1, .rt = { 3 });
	EXPECT("str s3, [x2, x4, lsl #2]", .write = true, .simd = true, .size = 4, .count = 1,
	       .rt = { 3 });
	EXPECT("ldur h3, [x2, #-1]", .simd = true, .size = 2, .count = 1, .rt = { 3 });
	EXPECT("ldr b3, [x2]", .simd = true, .size = 1, .count = 1, .rt = { 3 });
}

static void refused_ones(void **state)
{
	(void)state;
	REFUSED("ldxr x1, [x2]");
	REFUSED("stxr w0, x1, [x2]");
	REFUSED("ldaxp x1, x3, [x2]");
	REFUSED(".arch_extension lse\nldadd x1, x3, [x2]");
	REFUSED(".arch_extension lse\nswp x1, x3, [x2]");
	REFUSED(".arch_extension lse\ncas x1, x3, [x2]");
	REFUSED("ld1 {v0.16b}, [x2]");
	REFUSED("prfm pldl1keep, [x2]");
	REFUSED("dc zva, x2");
	REFUSED("add x1, x2, x3");
	REFUSED("ldr x1, 1b");
	REFUSED("nop");
}

#define NAMED(text, name) \
	assert_int_equal(strncmp(access_name(ENCODED(text)), name ",", sizeof(name)), 0)

static void names(void **state)
{
	(void)state;
	NAMED("ldxrb w1, [x2]", "LDXR");
	NAMED("ldaxr x1, [x2]", "LDXR");
	NAMED("stlxr w0, x1, [x2]", "STXR");
	NAMED("ldaxp x1, x3, [x2]", "LDXP");
	NAMED("stxp w0, x1, x3, [x2]", "STXP");
	NAMED("stxp w0, x1, xzr, [x2]", "STXP");
	NAMED(".arch_extension lse\ncasal x1, x3, [x2]", "CAS");
	NAMED(".arch_extension lse\ncasb w1, w3, [x2]", "CAS");
	NAMED(".arch_extension lse\ncaspal x0, x1, x4, x5, [x2]", "CASP");
	NAMED(".arch_extension lse\nldaddal x1, x3, [x2]", "LDADD");
	NAMED(".arch_extension lse\nstaddb w1, [x2]", "LDADD");
	NAMED(".arch_extension lse\nldclr w1, w3, [x2]", "LDCLR");
	NAMED(".arch_extension lse\nldeora x1, x3, [x2]", "LDEOR");
	NAMED(".arch_extension lse\nldset x1, x3, [x2]", "LDSET");
	NAMED(".arch_extension lse\nldsmax x1, x3, [x2]", "LDSMAX");
	NAMED(".arch_extension lse\nldsmin x1, x3, [x2]", "LDSMIN");
	NAMED(".arch_extension lse\nldumax x1, x3, [x2]", "LDUMAX");
	NAMED(".arch_extension lse\nldumin x1, x3, [x2]", "LDUMIN");
	NAMED(".arch_extension lse\nswpal x1, x3, [x2]", "SWP");
	assert_string_equal(access_name(ENCODED("dc zva, x2")), "DC ZVA");
	assert_int_equal(strncmp(access_name(ENCODED("ld1 {v0.16b}, [x2], #16")), "LD1 ", 4), 0);
	assert_int_equal(strncmp(access_name(ENCODED("st1 {v0.b}[1], [x2]")), "ST1 ", 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs),	  cmocka_unit_test(single_ones_that_write_back),
		cmocka_unit_test(simd_registers), cmocka_unit_test(refused_ones),
		cmocka_unit_test(addresses),	  cmocka_unit_test(unpredictable_ones),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
