/* SPDX-License-Identifier: MIT */
/* Text to lines, and those to who knows them. Depends on results_own.h. */
#include <string.h>
#include "suite/results_own.h"

typedef bool line_reader(struct suite_results *results, const char *line, uint64_t now_ns);

static line_reader *const readers[] = {
	[SUITE_PROTOCOL_KVM_UNIT_TESTS] = results_kvm_unit_tests_line,
	[SUITE_PROTOCOL_SOTEST] = results_sotest_line,
	[SUITE_PROTOCOL_TAP] = results_tap_line,
};

#define PROTOCOLS (sizeof(readers) / sizeof(readers[0]))

/* Of much text without a result the end is kept. */
static void keep(struct suite_results *results, const char *text, size_t size)
{
	struct buffer *pending = &results->pending;

	if (pending->length + size > 2 * SUITE_OUTPUT_MAX) {
		size_t kept = pending->length < SUITE_OUTPUT_MAX ? pending->length :
								   SUITE_OUTPUT_MAX;

		if (kept)
			memmove(pending->text, pending->text + pending->length - kept, kept);
		pending->length = kept;
	}
	buffer_add(pending, text, size);
}

static void read_line(struct suite_results *results, uint64_t now_ns)
{
	enum suite_protocol protocol;
	size_t before = results->count + results->lost;

	results->line[results->line_size] = '\0';
	if (results->protocol != SUITE_PROTOCOL_NONE) {
		readers[results->protocol](results, results->line, now_ns);
	} else {
		for (protocol = SUITE_PROTOCOL_KVM_UNIT_TESTS; protocol < PROTOCOLS; protocol++) {
			if (!readers[protocol](results, results->line, now_ns))
				continue;
			results->protocol = protocol;
			break;
		}
	}
	/* A result's own line is no output. */
	if (before != results->count + results->lost)
		return;
	keep(results, results->line, results->line_size);
	keep(results, "\n", 1);
}

static void add_byte(struct suite_results *results, char byte, uint64_t now_ns)
{
	if (byte == '\n') {
		while (results->line_size && results->line[results->line_size - 1] == '\r')
			results->line_size--;
		read_line(results, now_ns);
		results->line_size = 0;
	} else if (results->line_size < SUITE_LINE_MAX - 1) {
		results->line[results->line_size++] = byte;
	}
}

void suite_results_add(struct suite_results *results, const char *text, size_t size,
		       uint64_t now_ns)
{
	size_t i;

	for (i = 0; i < size; i++)
		add_byte(results, text[i], now_ns);
}

void suite_results_end(struct suite_results *results, uint64_t now_ns)
{
	if (results->line_size)
		add_byte(results, '\n', now_ns);
	results_tap_end(results);
}
