/* SPDX-License-Identifier: MIT */
/* Memory that a test asks for, by mmap() in libc's malloc() for one, and memory that it declares: until its end. */
#ifndef IMAGE_START_TESTS_LENT_X86_64_H
#define IMAGE_START_TESTS_LENT_X86_64_H

#include <ring0/test.h>

void lent_begin_test(void);

/* `size` bytes, zeroed, rounded up to whole pages: the address, or 0 if there are none. */
uint64_t lent_take(uint64_t size);

/* Have a test's .ram be there; false, and which range is not, if not all of it is free memory here. */
bool lent_declare(const struct r0_rams *ram, struct r0_ram *missing);

#endif /* IMAGE_START_TESTS_LENT_X86_64_H */
