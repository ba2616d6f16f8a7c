/* SPDX-License-Identifier: MIT */
/*
 * Register accesses whose exception is a result: each returns -1 if there was none, or its vector
 * (R0_GP, R0_UD, …). They use r0_try(), and so are for code inside a test.
 */
#ifndef RING0_X86_SAFE_H
#define RING0_X86_SAFE_H

#include <ring0/private/types.h>
#include <ring0/fault.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>

struct r0_register_access {
	uint32_t index;
	uint64_t value;
};

static inline void r0_access_rdmsr(void *arg)
{
	struct r0_register_access *access = arg;

	access->value = r0_rdmsr(access->index);
}

static inline void r0_access_wrmsr(void *arg)
{
	const struct r0_register_access *access = arg;

	r0_wrmsr(access->index, access->value);
}

static inline void r0_access_xsetbv(void *arg)
{
	const struct r0_register_access *access = arg;

	r0_xsetbv(access->index, access->value);
}

static inline void r0_access_cr0(void *arg)
{
	r0_write_cr0(*(const uint64_t *)arg);
}

static inline void r0_access_cr3(void *arg)
{
	r0_write_cr3(*(const uint64_t *)arg);
}

static inline void r0_access_cr4(void *arg)
{
	r0_write_cr4(*(const uint64_t *)arg);
}

static inline void r0_access_cr8(void *arg)
{
	r0_write_cr8(*(const uint64_t *)arg);
}

/* *value stays as it is if there is an exception. */
static inline int r0_rdmsr_safe(uint32_t index, uint64_t *value)
{
	struct r0_register_access access = { index, 0 };
	int vector = r0_try(r0_access_rdmsr, &access).vector;

	if (vector < 0)
		*value = access.value;
	return vector;
}

static inline int r0_wrmsr_safe(uint32_t index, uint64_t value)
{
	struct r0_register_access access = { index, value };

	return r0_try(r0_access_wrmsr, &access).vector;
}

static inline int r0_xsetbv_safe(uint32_t index, uint64_t value)
{
	struct r0_register_access access = { index, value };

	return r0_try(r0_access_xsetbv, &access).vector;
}

static inline int r0_write_cr0_safe(uint64_t value)
{
	return r0_try(r0_access_cr0, &value).vector;
}

static inline int r0_write_cr3_safe(uint64_t value)
{
	return r0_try(r0_access_cr3, &value).vector;
}

static inline int r0_write_cr4_safe(uint64_t value)
{
	return r0_try(r0_access_cr4, &value).vector;
}

static inline int r0_write_cr8_safe(uint64_t value)
{
	return r0_try(r0_access_cr8, &value).vector;
}

#endif /* RING0_X86_SAFE_H */
