/* SPDX-License-Identifier: MIT */
/*
 * ring0 backtrace: what a core file of a guest stopped at, its code and its call chain. Test
 * programs start it for their crash reports, so that they need neither libdw nor a disassembler. Depends
 * on core_file.h, symbols.h, call_chain.h and disassembly.h.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "command/backtrace/call_chain.h"
#include "command/backtrace/core_file.h"
#include "command/backtrace/disassembly.h"
#include "command/backtrace/symbols.h"
#include "command/commands.h"

static const char usage[] =
	"usage: ring0 backtrace [OPTION…] CORE\n"
	"Show the code and the call chain where a guest's core file stopped.\n"
	"\n"
	"  --after           the PC is after the instruction that stopped it, as after INT3\n"
	"  --stopped         the host stopped it, also where it waits for another CPU\n"
	"  --place ADDRESS   only print the function, file and line of that address\n"
	"  --facts           begin with lines for programs to read, and end with one\n"
	"  --bytes HEX       with --facts: the instruction at the PC, if memory lacks it\n"
	"  --bits 16|32|64   how wide the code is (default 64), of x86\n"
	"  --bases ADDRESSES where segments begin, with --bits 16 or 32: of ES, CS, SS, DS, FS, GS,\n"
	"                    with commas between them (default: all at 0)\n"
	"  --help            show this\n";

struct options {
	bool after, stopped, facts, place;
	uint64_t address;
	uint8_t bytes[DISASSEMBLY_LONGEST];
	size_t byte_count;
	unsigned int bits;
	uint64_t bases[CORE_FILE_SEGMENTS];
};

static bool parse_bytes(const char *text, struct options *options)
{
	while (*text) {
		unsigned int byte;

		if (options->byte_count == sizeof(options->bytes) ||
		    strspn(text, "0123456789abcdefABCDEF") < 2 || sscanf(text, "%2x", &byte) != 1)
			return false;
		options->bytes[options->byte_count++] = (uint8_t)byte;
		text += 2;
	}
	return true;
}

static bool parse_address(const char *option, const char *text, uint64_t *address)
{
	char *end;

	errno = 0;
	*address = strtoull(text, &end, 0);
	if (!errno && end != text && !*end)
		return true;
	fprintf(stderr, "ring0 backtrace: --%s: not an address: %s\n", option, text);
	return false;
}

static bool parse_bases(const char *text, uint64_t *bases)
{
	const char *rest = text;
	char *end;
	size_t i;

	for (i = 0; i < CORE_FILE_SEGMENTS; i++) {
		errno = 0;
		bases[i] = strtoull(rest, &end, 0);
		if (errno || end == rest || *end != (i < CORE_FILE_SEGMENTS - 1 ? ',' : '\0')) {
			fprintf(stderr, "ring0 backtrace: --bases: not %d addresses: %s\n",
				CORE_FILE_SEGMENTS, text);
			return false;
		}
		rest = end + 1;
	}
	return true;
}

static bool parse_bits(const char *text, unsigned int *bits)
{
	static const unsigned int known[] = { 16, 32, 64 };
	char number[8];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		snprintf(number, sizeof(number), "%u", known[i]);
		if (strcmp(text, number) != 0)
			continue;
		*bits = known[i];
		return true;
	}
	fprintf(stderr, "ring0 backtrace: --bits: there are 16, 32 and 64: %s\n", text);
	return false;
}

/* After a call to where no code is: the place of the call, by the return address. */
static void tell_caller(struct symbols *symbols)
{
	struct core_file *core = symbols->core;
	uint64_t return_address;
	char text[512];

	if (core_file_is_executable(core, core_file_pc(core)) ||
	    !core_file_return_address(core, &return_address) ||
	    !core_file_is_executable(core, return_address) ||
	    call_chain_is_outermost(symbols, return_address - 1))
		return;
	symbols_place(symbols, return_address, true, text, sizeof(text));
	printf("@caller %s\n", text);
}

/*
 * Besides what command/backtrace/disassembly.h has, the lines for programs are
 *   @service          it stopped in the guest runtime, and all else is about what called on that
 *   @place PLACE      as call_chain_place() tells it
 *   @library FUNCTION of crash/library.h, that ended the program
 *   @caller PLACE     as tell_caller() has it
 *   @error TEXT       why there is no more
 *   @end              the last line, if nothing failed
 */
static void show(struct symbols *symbols, const struct options *options)
{
	bool after = options->after;
	char text[512], library[128];

	if (options->place) {
		symbols_place(symbols, options->address, after, text, sizeof(text));
		printf("%s%s\n", options->facts ? "@place " : "", text);
		return;
	}
	if (call_chain_leave_runtime(symbols, options->stopped, &after) && options->facts)
		printf("@service\n");
	if (options->facts) {
		call_chain_place(symbols, after, text, sizeof(text), library, sizeof(library));
		printf("@place %s\n", text);
		if (library[0])
			printf("@library %s\n", library);
		tell_caller(symbols);
	}
	if (options->facts && options->byte_count) {
		disassembly_text(symbols, options->bytes, options->byte_count, text, sizeof(text));
		printf("@instruction %s\n", text);
	} else if (options->facts) {
		disassembly_facts(symbols, stdout);
	}
	disassembly_print(symbols, after, stdout);
	printf("backtrace:\n");
	call_chain_print(symbols, after, stdout);
}

int backtrace_main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "after", no_argument, NULL, 'a' },
		{ "bases", required_argument, NULL, 'B' },
		{ "bits", required_argument, NULL, 'w' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "facts", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "place", required_argument, NULL, 'p' },
		{ "stopped", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .bits = 64 };
	struct error error = { 0 };
	struct core_file core;
	struct symbols symbols;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'a':
			options.after = true;
			break;
		case 'b':
			if (!parse_bytes(optarg, &options)) {
				fprintf(stderr,
					"ring0 backtrace: --bytes: not up to 15 bytes in "
					"hexadecimal: %s\n",
					optarg);
				return 2;
			}
			break;
		case 'f':
			options.facts = true;
			break;
		case 'p':
			options.place = true;
			if (!parse_address("place", optarg, &options.address))
				return 2;
			break;
		case 'B':
			if (!parse_bases(optarg, options.bases))
				return 2;
			break;
		case 'w':
			if (!parse_bits(optarg, &options.bits))
				return 2;
			break;
		case 's':
			options.stopped = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind != argc - 1) {
		fputs(usage, stderr);
		return 2;
	}
	if (core_file_open(&core, argv[optind], &error) || symbols_open(&symbols, &core, &error)) {
		fprintf(stderr, "ring0 backtrace: %s\n", error.text);
		if (options.facts)
			printf("@error %s\n", error.text);
		return 1;
	}
	core.bits = options.bits;
	memcpy(core.bases, options.bases, sizeof(core.bases));
	show(&symbols, &options);
	if (options.facts)
		printf("@end\n");
	symbols_close(&symbols);
	core_file_close(&core);
	return 0;
}
