/* SPDX-License-Identifier: MIT */
/* What ring 0 gets in place of the sanitizers' functions: private/sanitizers.h. */
#ifndef GUEST_TEST_SANITIZERS_H
#define GUEST_TEST_SANITIZERS_H

#include <ring0/private/sanitizers.h>
#include <ring0/private/types.h>

#pragma GCC visibility push(hidden)

#define R0_DECLARE_SIZE_(bytes)                             \
	void r0_asan_report_load##bytes(uint64_t address);  \
	void r0_asan_report_store##bytes(uint64_t address); \
	void r0_asan_load##bytes(uint64_t address);         \
	void r0_asan_store##bytes(uint64_t address);

R0_DECLARE_SIZE_(1)
R0_DECLARE_SIZE_(2)
R0_DECLARE_SIZE_(4)
R0_DECLARE_SIZE_(8)
R0_DECLARE_SIZE_(16)
void r0_asan_report_load_n(uint64_t address, uint64_t size);
void r0_asan_report_store_n(uint64_t address, uint64_t size);
void r0_asan_load_n(uint64_t address, uint64_t size);
void r0_asan_store_n(uint64_t address, uint64_t size);
void *r0_asan_memcpy(void *to, const void *from, size_t size);
void *r0_asan_memmove(void *to, const void *from, size_t size);
void *r0_asan_memset(void *to, int value, size_t size);
void r0_asan_handle_no_return(void);

#pragma GCC visibility pop

#endif /* GUEST_TEST_SANITIZERS_H */
