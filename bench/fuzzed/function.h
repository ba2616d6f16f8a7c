/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FUZZED_FUNCTION_H
#define BENCH_FUZZED_FUNCTION_H

#include <stddef.h>
#include <stdint.h>

unsigned int fuzzed_function(const uint8_t *data, size_t size);

#endif /* BENCH_FUZZED_FUNCTION_H */
