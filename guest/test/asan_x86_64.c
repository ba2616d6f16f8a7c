/* SPDX-License-Identifier: MIT */
/*
 * What ring 0 gets in place of AddressSanitizer's functions that report: these want the operating system. Whether
 * memory may be accessed is in the shadow, a byte for each eight of memory (A. Serebryany et al., "AddressSanitizer: A
 * Fast Address Sanity Checker", 3.1), whose place and whose values for bad memory are compiler-rt's (asan_mapping.h,
 * asan_internal.h).
 */
#include <ring0.h>
#include <ring0/private/sanitizers.h>
#include "guest/host/fail.h"
#include "guest/test/sanitizers.h"
#include "guest/text/bytes.h"
#include "guest/text/format.h"

#define SHADOW_OFFSET 0x7fff8000ul
#define GRANULE	      8

static int8_t shadow_of(uint64_t address)
{
	return *(const volatile int8_t *)((address >> 3) + SHADOW_OFFSET);
}

static const char *name_of(int8_t shadow)
{
	switch ((uint8_t)shadow) {
	case 0xf1:
	case 0xf2:
	case 0xf3:
		return "stack-buffer-overflow";
	case 0xf5:
		return "stack-use-after-return";
	case 0xf6:
		return "initialization-order-fiasco";
	case 0xf7:
		return "use-after-poison";
	case 0xf8:
		return "stack-use-after-scope";
	case 0xf9:
		return "global-buffer-overflow";
	case 0xfa:
		return "heap-buffer-overflow";
	case 0xfb:
		return "intra-object-overflow";
	case 0xfc:
		return "container-overflow";
	case 0xfd:
		return "heap-use-after-free";
	case 0xca:
	case 0xcb:
		return "dynamic-stack-buffer-overflow";
	}
	return NULL;
}

/* Of a granule that may be accessed in part, what follows it says what it is. */
static const char *kind_of(uint64_t address, uint64_t size)
{
	uint64_t at;

	for (at = address & ~7ul; at < address + size + GRANULE; at += GRANULE) {
		int8_t shadow = shadow_of(at);

		if (shadow < 0)
			return name_of(shadow) ? name_of(shadow) : "unknown-crash";
	}
	return "unknown-crash";
}

/* With the place as the caller's, by the backtrace. */
static void panic(const char *text, size_t length)
{
	fail(R0_FAILURE_PANIC, NULL, 0, text, length);
}

static void report(uint64_t address, uint64_t size, bool write)
{
	char text[200];
	size_t length = format_to(text, sizeof(text),
				  "AddressSanitizer: %s: %s of %lu byte%s at %#lx",
				  kind_of(address, size), write ? "write" : "read", size,
				  size == 1 ? "" : "s", address);

	panic(text, length);
}

/* The first byte that may not be accessed, or the end. */
static uint64_t first_bad(uint64_t address, uint64_t size)
{
	uint64_t at = address, end = address + size;

	while (at < end) {
		int8_t shadow = shadow_of(at);

		if (shadow && (int8_t)(at & 7) >= shadow)
			return at;
		at = shadow ? at + 1 : (at | 7) + 1;
	}
	return end;
}

static void check(uint64_t address, uint64_t size, bool write)
{
	if (first_bad(address, size) < address + size)
		report(address, size, write);
}

#define DEFINE_SIZE(bytes)                                 \
	void r0_asan_report_load##bytes(uint64_t address)  \
	{                                                  \
		report(address, bytes, false);             \
	}                                                  \
	void r0_asan_report_store##bytes(uint64_t address) \
	{                                                  \
		report(address, bytes, true);              \
	}                                                  \
	void r0_asan_load##bytes(uint64_t address)         \
	{                                                  \
		check(address, bytes, false);              \
	}                                                  \
	void r0_asan_store##bytes(uint64_t address)        \
	{                                                  \
		check(address, bytes, true);               \
	}

DEFINE_SIZE(1)
DEFINE_SIZE(2)
DEFINE_SIZE(4)
DEFINE_SIZE(8)
DEFINE_SIZE(16)

void r0_asan_report_load_n(uint64_t address, uint64_t size)
{
	report(address, size, false);
}

void r0_asan_report_store_n(uint64_t address, uint64_t size)
{
	report(address, size, true);
}

void r0_asan_load_n(uint64_t address, uint64_t size)
{
	check(address, size, false);
}

void r0_asan_store_n(uint64_t address, uint64_t size)
{
	check(address, size, true);
}

static bool overlap(uint64_t a, uint64_t b, uint64_t size)
{
	return a != b && a < b + size && b < a + size;
}

void *r0_asan_memmove(void *to, const void *from, size_t size)
{
	check((uint64_t)from, size, false);
	check((uint64_t)to, size, true);
	if ((uint64_t)to - (uint64_t)from >= size)
		copy_bytes(to, from, size);
	else
		while (size--)
			((volatile char *)to)[size] = ((const volatile char *)from)[size];
	return to;
}

void *r0_asan_memcpy(void *to, const void *from, size_t size)
{
	char text[160];

	if (overlap((uint64_t)to, (uint64_t)from, size))
		panic(text, format_to(text, sizeof(text),
				      "AddressSanitizer: memcpy-param-overlap: %lu bytes "
				      "from %#lx to %#lx",
				      size, (uint64_t)from, (uint64_t)to));
	return r0_asan_memmove(to, from, size);
}

void *r0_asan_memset(void *to, int value, size_t size)
{
	check((uint64_t)to, size, true);
	fill_bytes(to, (unsigned char)value, size);
	return to;
}

/* The stack is left as it is: what stays poisoned of it is put right by the reset. */
void r0_asan_handle_no_return(void)
{
}
