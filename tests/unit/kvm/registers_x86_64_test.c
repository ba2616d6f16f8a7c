/* SPDX-License-Identifier: MIT */
/* Taking x86's registers from a vCPU that is a table of functions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "kvm/state/registers.h"

/* What the two reads say. */
struct source {
	int regs, sregs;
};

static int get_regs(void *context, struct kvm_regs *regs)
{
	*regs = (struct kvm_regs){ .rip = 0x1111, .rsp = 0x2222 };
	return ((struct source *)context)->regs;
}

static int get_sregs(void *context, struct kvm_sregs *sregs)
{
	*sregs = (struct kvm_sregs){ .cr0 = 1, .cr2 = 2, .cr3 = 0x3333, .cr4 = 4 };
	return ((struct source *)context)->sregs;
}

static const struct registers_ops ops = { .get_regs = get_regs, .get_sregs = get_sregs };

static void rip_rsp_and_cr3_and_no_optionals(void **state)
{
	struct register_snapshot taken;
	struct source source = { 0, 0 };

	(void)state;
	memset(&taken, 0xa5, sizeof(taken));
	assert_int_equal(registers_take(&taken, &ops, &source, NULL), 0);
	assert_int_equal(taken.instruction_pointer, 0x1111);
	assert_int_equal(taken.stack_pointer, 0x2222);
	assert_int_equal(taken.page_table_root, 0x3333);
	assert_false(taken.has_user_page_table_root);
	assert_false(taken.has_tcr_el1);
}

static void either_read_failing_leaves_no_snapshot(void **state)
{
	static const struct source sources[] = { { -EIO, 0 }, { 0, -EIO }, { -EIO, -EPERM } };
	struct register_snapshot taken, before;
	size_t i;

	(void)state;
	memset(&taken, 0xa5, sizeof(taken));
	before = taken;
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct source source = sources[i];
		struct error error = { "" };

		assert_int_equal(registers_take(&taken, &ops, &source, &error), -EIO);
		assert_true(strstr(error.text, strerror(EIO)) != NULL);
		assert_memory_equal(&taken, &before, sizeof(taken));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rip_rsp_and_cr3_and_no_optionals),
		cmocka_unit_test(either_read_failing_leaves_no_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
