/* SPDX-License-Identifier: MIT */
/*
 * bool, size_t, offsetof() and the integers of fixed width: C's own, or, where kernels are compiled
 * without the compiler's headers (-nostdinc), Linux's, which has others of these names; else the compiler's
 * own notion of them.
 */
#ifndef RING0_PRIVATE_TYPES_H
#define RING0_PRIVATE_TYPES_H

#if __has_include(<stdint.h>)
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#elif __has_include(<linux/types.h>)
#include <linux/stddef.h>
#include <linux/types.h>
#else
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#ifndef NULL
#define NULL ((void *)0)
#endif
#ifndef bool
#define bool _Bool
#define true 1
#define false 0
#endif
typedef __SIZE_TYPE__ size_t;
typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __INTPTR_TYPE__ intptr_t;
typedef __UINTPTR_TYPE__ uintptr_t;
#endif

#endif /* RING0_PRIVATE_TYPES_H */
