/* SPDX-License-Identifier: MIT */
/*
 * For programs built with -fsanitize=thread. The library is not: ThreadSanitizer sees its calls of libc, but not
 * the atomics that hand memory from one thread to the next, and would report races. These tell it. Elsewhere
 * they do nothing.
 */
#ifndef BASE_TSAN_H
#define BASE_TSAN_H

/* ThreadSanitizer's own, from its sanitizer/tsan_interface.h; there if the program has it. */
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

/* After what has been stored at that address was seen; before it is stored. */
static inline void tsan_acquire(void *address)
{
	if (__tsan_acquire)
		__tsan_acquire(address);
}

static inline void tsan_release(void *address)
{
	if (__tsan_release)
		__tsan_release(address);
}

#endif /* BASE_TSAN_H */
