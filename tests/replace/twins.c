/* SPDX-License-Identifier: MIT */
/* Two functions of the same code, which a linker may make one of. */
#include <ring0.h>

int one_twin(int a);
int other_twin(int a);

__attribute__((noinline)) int one_twin(int a)
{
	return a * 3 + 11;
}

__attribute__((noinline)) int other_twin(int a)
{
	return a * 3 + 11;
}

static int fake_twin(int a)
{
	return a;
}

R0_TEST(twins, other_is_as_it_was, .replace = R0_REPLACE((one_twin, fake_twin)))
{
	R0_ASSERT_EQ(one_twin(1), 1);
	R0_ASSERT_EQ(other_twin(1), 14);
}
