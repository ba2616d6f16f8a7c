/* SPDX-License-Identifier: MIT */
/* One test that does nothing: what a program costs with a framework that has no isolation. */
#include <gtest/gtest.h>

TEST(bench, empty)
{
}
