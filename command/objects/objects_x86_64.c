/* SPDX-License-Identifier: MIT */
/*
 * ring0 objects: a kernel's objects, and what they need and nothing has, as one object that a test program is
 * linked with. Depends on objects.h and stubs.h.
 */
#include <errno.h>
#include <gelf.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command/commands.h"
#include "command/objects/objects.h"
#include "command/stubs/stubs.h"

static const char usage[] =
	"Usage: ring0 objects [OPTION]... OBJECT... -o FILE\n"
	"Make one object, for a test program, of a kernel's objects: with definitions of what\n"
	"they need and nothing defines (see ring0 stubs), and with other names for what libc\n"
	"defines, too. Link the program with\n"
	"  -no-pie -Wl,-z,noexecstack -Wl,--section-start=r0_percpu=0x20000\n"
	"\n"
	"  -o, --output FILE    write the object to FILE\n"
	"  --header FILE        write a header for the tests, whose names are the kernel's\n"
	"  --upper[=ADDRESS]    link the objects in the upper half of addresses, where kernels\n"
	"                       run (default: at 0xffffffff81000000)\n"
	"  --flags FILE         write the flags that the first OBJECT was compiled with, for\n"
	"                       test files: cc @FILE. They come from its .o.cmd file or from\n"
	"                       a compile_commands.json\n"
	"  --flags-of OBJECT    take the flags from that one\n"
	"  --help               print this, and exit\n"
	"\n"
	"CC, LD and OBJCOPY name other tools than cc, ld and objcopy.\n"
	"Exit status: 0; 1 for an object that can't be used; 2 for the command line.\n";

/* What 16 bits hold, with some to spare. */
#define PER_CPU_CHECKED 0xf000

struct options {
	const char *output, *header, *flags, *flags_of;
	bool upper;
	uint64_t address;
	char *const *objects;
	size_t count;
};

/* Files on the way from one step to the next. */
struct steps {
	const struct options *options;
	struct wanted_list list;
	char folder[64];
};

static char *path_of(const struct steps *steps, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", steps->folder, name);
	return path;
}

static int merge(const struct steps *steps)
{
	const struct options *options = steps->options;
	struct tool_words words = { 0 };
	char path[128];
	int status;

	tool_add_named(&words, "LD", "ld");
	tool_add(&words, "-r");
	tool_add(&words, "-znoexecstack");
	tool_add(&words, "-o");
	tool_add(&words, "%s", path_of(steps, "merged.o", path));
	for (size_t i = 0; i < options->count; i++)
		tool_add(&words, "%s", options->objects[i]);
	status = tool_run(&words, NULL);
	tool_finish(&words);
	return status;
}

/* All sections of per-CPU variables become one, which the linker leaves alone. */
static void add_per_cpu(struct tool_words *words, const struct wanted_list *list)
{
	for (size_t i = 0; i < list->section_count; i++)
		if (strncmp(list->sections[i], ".data..percpu", 13) == 0)
			tool_add(words,
				 "--rename-section=%s=" OBJECTS_PER_CPU ",alloc,load,data,contents",
				 list->sections[i]);
}

/* The size of what is in sections of that name. */
static void find_section(const char *path, const char *wanted, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	Elf_Scn *section = NULL;
	size_t names;

	*size = 0;
	if (elf && elf_getshdrstrndx(elf, &names) == 0)
		while ((section = elf_nextscn(elf, section))) {
			GElf_Shdr header;
			const char *name;

			if (!gelf_getshdr(section, &header))
				continue;
			name = elf_strptr(elf, names, header.sh_name);
			if (!name || strcmp(name, wanted) != 0)
				continue;
			if (header.sh_addralign > 1)
				*size = (*size + header.sh_addralign - 1) &
					~(header.sh_addralign - 1);
			*size += header.sh_size;
		}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
}

static int rename_all(struct steps *steps)
{
	char names[128], merged[128], fit[128];
	struct tool_words words = { 0 };
	int status;

	status = names_choose(&steps->list, path_of(steps, "names", names));
	if (status)
		return status;
	tool_add_named(&words, "OBJCOPY", "objcopy");
	tool_add(&words, "--redefine-syms=%s", names);
	add_per_cpu(&words, &steps->list);
	path_of(steps, "merged.o", merged);
	/* Kernels' assembly does not say that it needs no stack with code, of which linkers warn. */
	tool_add(&words, "--remove-section=.note.GNU-stack");
	tool_add(&words, "--add-section=.note.GNU-stack=/dev/null");
	tool_add(&words, "%s", merged);
	tool_add(&words, "%s", path_of(steps, "fit.o", fit));
	status = tool_run(&words, NULL);
	tool_finish(&words);
	return status;
}

static int compile(const struct steps *steps, const char *source, const char *object)
{
	struct tool_words words = { 0 };
	int status;

	tool_add_named(&words, "CC", "cc");
	tool_add(&words, "-g");
	tool_add(&words, "-O1");
	tool_add(&words, "-fno-pie");
	tool_add(&words, "-fcf-protection=none");
	tool_add(&words, "-fno-stack-protector");
	tool_add(&words, "-mgeneral-regs-only");
	/* The same object from the same input, wherever that was. */
	tool_add(&words, "-ffile-prefix-map=%s=.", steps->folder);
	tool_add(&words, "-c");
	tool_add(&words, "%s/%s", steps->folder, source);
	tool_add(&words, "-o");
	tool_add(&words, "%s/%s", steps->folder, object);
	status = tool_run(&words, NULL);
	tool_finish(&words);
	return status;
}

/*
 * Per-CPU variables are offsets from GS only at the address that the program is to be linked with. Elsewhere this
 * distance from there does not fit, and the linker says so with the symbol's name.
 */
static void write_per_cpu_check(const struct steps *steps, FILE *out)
{
	static const char symbol[] = "link with -Wl,--section-start=" OBJECTS_PER_CPU "=0x20000";

	if (steps->options->upper || !steps->list.own_per_cpu ||
	    steps->list.own_per_cpu > PER_CPU_CHECKED)
		return;
	fprintf(out,
		"__asm__(\".pushsection " OBJECTS_PER_CPU
		", \\\"aw\\\"\\n.weak \\\"%s\\\"\\n\\\"%s\\\":\\n.popsection\\n\"\n"
		"\t\".pushsection .rodata\\n.2byte \\\"%s\\\" - %#x\\n.popsection\");\n",
		symbol, symbol, symbol, WANTED_OWN_PER_CPU);
}

static int write_stubs(struct steps *steps)
{
	char path[128];
	FILE *out = fopen(path_of(steps, "stubs.c", path), "we");

	if (!out)
		return objects_complain("%s: %s", path, strerror(errno));
	stubs_write(&steps->list, out);
	write_per_cpu_check(steps, out);
	if (fclose(out))
		return objects_complain("%s: %s", path, strerror(errno));
	return compile(steps, "stubs.c", "stubs.o");
}

/* The objects in the upper half, as an object of the program's. */
static int write_upper(struct steps *steps)
{
	char fit[128], upper[128], debug[128], source[128];
	FILE *out;
	int status;

	path_of(steps, "fit.o", fit);
	path_of(steps, "upper.elf", upper);
	status = upper_link(fit, steps->options->address, upper);
	if (status)
		return status;
	out = fopen(path_of(steps, "upper.S", source), "we");
	if (!out)
		return objects_complain("%s: %s", source, strerror(errno));
	status = upper_write(upper, path_of(steps, "debug.elf", debug), out);
	if (fclose(out) && !status)
		status = objects_complain("%s: %s", source, strerror(errno));
	return status ? status : compile(steps, "upper.S", "upper.o");
}

static int write_object(struct steps *steps)
{
	const struct options *options = steps->options;
	struct tool_words words = { 0 };
	int status;

	if (options->upper) {
		status = write_upper(steps);
		if (status)
			return status;
	}
	tool_add_named(&words, "LD", "ld");
	tool_add(&words, "-r");
	tool_add(&words, "-znoexecstack");
	tool_add(&words, "-o");
	tool_add(&words, "%s", options->output);
	tool_add(&words, "%s/%s", steps->folder, options->upper ? "upper.o" : "fit.o");
	tool_add(&words, "%s/stubs.o", steps->folder);
	status = tool_run(&words, NULL);
	tool_finish(&words);
	return status;
}

static void write_per_cpu(const struct steps *steps, FILE *out)
{
	const char *start = steps->options->upper ? "r0_upper_percpu" : "__start_" OBJECTS_PER_CPU;

	if (!steps->list.own_per_cpu) {
		fputs("#define R0_STUBS_GS(areas) R0_GS(areas, R0_STUBS_GS_SIZE)\n", out);
		return;
	}
	fprintf(out,
		"/* With the objects' own per-CPU variables in each area: .gs = R0_STUBS_GS(areas) */\n"
		"extern const char %s[];\n"
		"#define R0_STUBS_GS(areas) \\\n"
		"\tR0_GS(areas, R0_STUBS_GS_SIZE, .variables = %s, .variables_size = %zu, \\\n"
		"\t      .variables_at = %#x)\n",
		start, start, steps->list.own_per_cpu, WANTED_OWN_PER_CPU);
}

static int write_header(const struct steps *steps)
{
	const char *path = steps->options->header;
	FILE *out = fopen(path, "we");

	if (!out)
		return objects_complain("%s: %s", path, strerror(errno));
	fputs("#ifndef R0_STUBS_GS_SIZE\n", out);
	stubs_write_header(&steps->list, out);
	write_per_cpu(steps, out);
	names_write_header(&steps->list, out);
	fputs("#endif\n", out);
	return fclose(out) ? objects_complain("%s: %s", path, strerror(errno)) : 0;
}

static int write_flags(const struct options *options)
{
	const char *path = options->flags;
	FILE *out = fopen(path, "we");
	int status;

	if (!out)
		return objects_complain("%s: %s", path, strerror(errno));
	status = flags_write(options->flags_of ? options->flags_of : options->objects[0], out);
	if (fclose(out) && !status)
		status = objects_complain("%s: %s", path, strerror(errno));
	return status;
}

static int run(struct steps *steps)
{
	const struct options *options = steps->options;
	char fit[128];
	int status = 0;

	for (size_t i = 0; i < options->count && !status; i++)
		status = objects_read(&steps->list, options->objects[i]);
	if (!status)
		status = kernel_flags_check(&steps->list);
	if (!status) {
		declarations_read(&steps->list);
		status = merge(steps);
	}
	if (!status)
		status = rename_all(steps);
	if (!status) {
		find_section(path_of(steps, "fit.o", fit), OBJECTS_PER_CPU,
			     &steps->list.own_per_cpu);
		status = write_stubs(steps);
	}
	if (!status)
		status = write_object(steps);
	if (!status && options->header)
		status = write_header(steps);
	if (!status && options->flags)
		status = write_flags(options);
	return status;
}

static void remove_files(const struct steps *steps)
{
	static const char *const files[] = { "merged.o", "names",     "fit.o",
					     "stubs.c",	 "stubs.o",   "upper.S",
					     "upper.o",	 "upper.elf", "debug.elf" };
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(path_of(steps, files[i], path));
	rmdir(steps->folder);
}

static bool parse_address(const char *text, uint64_t *address)
{
	char *end;

	errno = 0;
	*address = strtoull(text, &end, 0);
	return !errno && end != text && !*end;
}

/* Where the program is in a jump's reach, and ring 0 has nothing else. */
static bool check_address(uint64_t address)
{
	if (address % 0x1000)
		objects_complain("--upper=%#llx is not at a page's start",
				 (unsigned long long)address);
	else if (address >= 0xffff888000000000 && address < 0xffffc88000000000)
		objects_complain("--upper=%#llx is where ring 0 has its direct map, from "
				 "0xffff888000000000 to 0xffffc88000000000",
				 (unsigned long long)address);
	else if (address < 0xffffffff80000000)
		objects_complain("--upper=%#llx is below 0xffffffff80000000, where code of "
				 "-mcmodel=kernel is",
				 (unsigned long long)address);
	else
		return true;
	return false;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{ "flags", required_argument, NULL, 'f' },
		{ "flags-of", required_argument, NULL, 'F' },
		{ "header", required_argument, NULL, 'H' },
		{ "help", no_argument, NULL, 'h' },
		{ "output", required_argument, NULL, 'o' },
		{ "upper", optional_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "o:", long_options, NULL)) != -1) {
		switch (option) {
		case 'f':
			options->flags = optarg;
			break;
		case 'F':
			options->flags_of = optarg;
			break;
		case 'H':
			options->header = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(fflush(stdout) ? 1 : 0);
		case 'o':
			options->output = optarg;
			break;
		case 'u':
			options->upper = true;
			if (optarg && !parse_address(optarg, &options->address))
				return objects_complain("--upper: no address: %s", optarg);
			if (!check_address(options->address))
				return -1;
			break;
		default:
			fputs(usage, stderr);
			return -1;
		}
	}
	options->objects = argv + optind;
	options->count = (size_t)(argc - optind);
	if (options->count && options->output)
		return 0;
	fputs(usage, stderr);
	return -1;
}

int objects_main(int argc, char **argv)
{
	struct options options = { .address = OBJECTS_UPPER_HALF };
	struct steps steps = { .options = &options,
			       .list = { .command = "ring0 objects", .all_thunks = true } };
	const char *temporary = getenv("TMPDIR");
	int status;

	if (parse(argc, argv, &options))
		return 2;
	if (overwrites(steps.list.command, options.output, options.objects, options.count) ||
	    overwrites(steps.list.command, options.header, options.objects, options.count) ||
	    overwrites(steps.list.command, options.flags, options.objects, options.count))
		return 2;
	snprintf(steps.folder, sizeof(steps.folder), "%s/ring0-objects-XXXXXX",
		 temporary && strlen(temporary) < 40 ? temporary : "/tmp");
	if (!mkdtemp(steps.folder)) {
		objects_complain("%s: %s", steps.folder, strerror(errno));
		return 1;
	}
	status = run(&steps);
	remove_files(&steps);
	/* Half of what was asked for would be taken for all by a build. */
	if (status)
		unlink(options.output);
	return status ? 1 : 0;
}
