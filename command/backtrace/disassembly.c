/* SPDX-License-Identifier: MIT */
/*
 * The instruction that a core file stopped at. Depends on core_file.h, symbols.h and the architectures' parts beside it.
 */
#include "command/backtrace/disassembly.h"
#include <string.h>
#include "command/backtrace/disassembly_own.h"

#define BEFORE 3
#define AFTER  3

#define COLUMNS 99

/* Decoding starts at the function's first byte unless that is further away than this. */
#define FUNCTION_LIMIT 65536

static const struct disassembler *disassembler_of(const struct symbols *symbols)
{
	return symbols->core->layout->machine == EM_AARCH64 ? &disassembler_aarch64 :
							      &disassembler_x86_64;
}

static void format_bytes(const struct disassembler *own, const uint8_t *bytes, size_t count,
			 char *buffer)
{
	uint32_t word;

	buffer[0] = '\0';
	/* A word is one number in the manuals. */
	if (own->words && count >= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sprintf(buffer, "%08x", word);
		return;
	}
	for (size_t i = 0; i < count && i < DISASSEMBLY_LONGEST; i++)
		sprintf(buffer + 3 * i, "%02x ", bytes[i]);
	if (count)
		buffer[3 * (count < DISASSEMBLY_LONGEST ? count : DISASSEMBLY_LONGEST) - 1] = '\0';
}

/* To at most so many characters. A symbol that is cut shows it, or it would pass for another one. */
static void shorten(char *text, size_t room)
{
	static const char cut[] = "...>";
	const size_t end = sizeof(cut) - 1;
	char *symbol = strstr(text, " <");

	if (strlen(text) <= room)
		return;
	if (symbol && (size_t)(symbol - text) + end + 8 <= room)
		memcpy(text + room - end, cut, end);
	else if (symbol && (size_t)(symbol - text) <= room)
		*symbol = '\0';
	text[room] = '\0';
}

/* Write one line; returns the length of the instruction, or 0 if there is none. */
static size_t print_line(struct symbols *symbols, uint64_t address, bool marked, FILE *out)
{
	uint8_t bytes[DISASSEMBLY_LONGEST];
	char text[256], hex[3 * DISASSEMBLY_LONGEST + 1];
	size_t count = core_file_read(symbols->core, address, bytes, sizeof(bytes));
	const struct disassembler *own = disassembler_of(symbols);
	uint64_t offset;
	size_t length;
	char label[32];
	int width;

	if (symbols_function(symbols, address, &offset))
		snprintf(label, sizeof(label), " <+0x%llx>:", (unsigned long long)offset);
	else
		snprintf(label, sizeof(label), ":");
	width = fprintf(out, "  %s 0x%llx%-10s", marked ? "=>" : "  ", (unsigned long long)address,
			label);
	if (!count) {
		fprintf(out, " there is no memory that can be read\n");
		return 0;
	}
	length = own->text(symbols, bytes, count, address, text, sizeof(text));
	if (!length)
		snprintf(text, sizeof(text), "(no instruction)");
	format_bytes(own, bytes, length ? length : count < 8 ? count : 8, hex);
	/* The longest instructions are rare: they push their text to the right. */
	width += fprintf(out, " %-*s ", own->words ? 8 : 20, hex);
	shorten(text, width < COLUMNS ? (size_t)(COLUMNS - width) : 0);
	fprintf(out, "%s\n", text);
	return length;
}

void disassembly_print(struct symbols *symbols, bool after, FILE *out)
{
	const struct disassembler *own = disassembler_of(symbols);
	uint64_t pc = core_file_pc(symbols->core), start, offset, stop;
	uint64_t before[BEFORE + 1];
	size_t count = 0;
	const char *function = symbols_function(symbols, after && pc ? pc - 1 : pc, &offset);

	start = pc - offset - (after ? 1 : 0);
	if (function && offset <= FUNCTION_LIMIT) {
		/* Remember the last few that end right at the PC. */
		while (start < pc) {
			uint8_t bytes[DISASSEMBLY_LONGEST];
			size_t got = core_file_read(symbols->core, start, bytes, sizeof(bytes));
			size_t length = own->length(symbols, bytes, got);

			if (!length)
				break;
			if (count == BEFORE + 1)
				memmove(before, before + 1, --count * sizeof(before[0]));
			before[count++] = start;
			start += length;
		}
		if (start != pc)
			count = 0;
	}
	fprintf(out, "code%s%s:\n", function ? ", in " : "", function ? function : "");
	for (size_t i = 0; i < count; i++)
		if (count <= BEFORE || i || after)
			print_line(symbols, before[i], after && i == count - 1, out);
	stop = 0;
	for (uint64_t at = pc; stop <= AFTER; stop++) {
		size_t length;
		uint64_t start_offset;

		/* What follows the function is none of its instructions. */
		if (at != pc && function &&
		    (!symbols_function(symbols, at, &start_offset) || !start_offset))
			break;
		length = print_line(symbols, at, !stop && !(after && count), out);
		if (!length)
			break;
		at += length;
	}
}

bool disassembly_text(struct symbols *symbols, const uint8_t *bytes, size_t count, char *buffer,
		      size_t size)
{
	const struct disassembler *own = disassembler_of(symbols);
	char text[256], hex[3 * DISASSEMBLY_LONGEST + 1];
	size_t length =
		own->text(symbols, bytes, count, core_file_pc(symbols->core), text, sizeof(text));

	format_bytes(own, bytes, length ? length : count, hex);
	if (length)
		snprintf(buffer, size, "%s (%s)", text, hex);
	else
		snprintf(buffer, size, "no instruction (%s)", hex);
	return length;
}

void disassembly_facts(struct symbols *symbols, FILE *out)
{
	const struct disassembler *own = disassembler_of(symbols);
	uint8_t bytes[DISASSEMBLY_LONGEST];
	size_t count =
		core_file_read(symbols->core, core_file_pc(symbols->core), bytes, sizeof(bytes));
	char text[256];

	if (!count)
		return;
	disassembly_text(symbols, bytes, count, text, sizeof(text));
	fprintf(out, "@instruction %s\n", text);
	if (own->facts)
		own->facts(symbols, bytes, count, out);
}
