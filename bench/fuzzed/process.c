/* SPDX-License-Identifier: MIT */
/* The same as a process: for libFuzzer within one, for AFL++'s fork server with one for each input. */
#include <unistd.h>
#include "function.h"

static volatile unsigned int result;

#ifdef BY_LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	result = fuzzed_function(data, size);
	return 0;
}
#else
int main(void)
{
	uint8_t data[16];
	ssize_t size = read(STDIN_FILENO, data, sizeof(data));

	result = fuzzed_function(data, size > 0 ? (size_t)size : 0);
	return 0;
}
#endif
