/* SPDX-License-Identifier: MIT */
/* What the dynamic linker would load is what it says that it would load. */
#include "command/image/modules.h"
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/helper_process.h"

#define PAGE 4096ull

/* It reads a program's headers and those of its libraries. */
#define LIMIT_MS 60000

void image_modules_take(struct image_modules *modules, const char *text)
{
	struct image_module *module = &modules->modules[modules->count];
	unsigned long long start;

	if (modules->count == IMAGE_MODULES_MAX)
		return;
	*module = (struct image_module){ 0 };
	if (sscanf(text, "%llx %71s %255[^\n]", &start, module->build_id, module->name) != 3)
		return;
	module->start = start;
	modules->count++;
}

void image_modules_finish(struct image_modules *modules)
{
	size_t i;

	for (i = 0; i < modules->count; i++)
		free(modules->modules[i].path);
	modules->count = 0;
	modules->region_count = 0;
}

static void tell_build_id(Elf *elf, char *text, size_t size)
{
	const void *bytes;
	ssize_t length = dwelf_elf_gnu_build_id(elf, &bytes), i;

	snprintf(text, size, "-");
	for (i = 0; i < length && 2 * (size_t)i + 3 <= size; i++)
		sprintf(text + 2 * i, "%02x", ((const uint8_t *)bytes)[i]);
}

static bool is_before(const struct crash_region *a, const struct crash_region *b)
{
	return a->start < b->start;
}

static void add_region(struct image_modules *modules, struct crash_region region)
{
	size_t at = modules->region_count;

	if (at == IMAGE_REGIONS_MAX)
		return;
	for (; at && is_before(&region, &modules->regions[at - 1]); at--)
		modules->regions[at] = modules->regions[at - 1];
	modules->regions[at] = region;
	modules->region_count++;
}

/* As the kernel maps it: ELF gABI, chapter 5, Program Loading. */
static void add_segments(struct image_modules *modules, struct image_module *module, Elf *elf)
{
	uint64_t bias = 0, end;
	bool has_bias = false;
	GElf_Phdr segment;
	GElf_Ehdr header;
	size_t count, i;

	if (elf_getphdrnum(elf, &count) || !gelf_getehdr(elf, &header))
		return;
	for (i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD)
			continue;
		if (!has_bias)
			bias = module->start - (segment.p_vaddr - segment.p_offset);
		has_bias = true;
		end = segment.p_vaddr + segment.p_memsz;
		add_region(modules, (struct crash_region){
					    .start = bias + (segment.p_vaddr & ~(PAGE - 1)),
					    .end = bias + ((end + PAGE - 1) & ~(PAGE - 1)),
					    .file_offset = segment.p_offset & ~(PAGE - 1),
					    .path = module->path,
					    .prot = (segment.p_flags & PF_R ? PROT_READ : 0) |
						    (segment.p_flags & PF_W ? PROT_WRITE : 0) |
						    (segment.p_flags & PF_X ? PROT_EXEC : 0),
					    .own = segment.p_flags & PF_W,
				    });
	}
	module->entry = bias + header.e_entry;
}

/* Whether a file is that module; then it is taken. What has no build-id is known by `trusted` alone. */
static bool take_file(struct image_modules *modules, struct image_module *module, const char *path,
		      bool trusted, char *found_id, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_it = false;
	Elf *elf;

	if (fd < 0)
		return false;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF) {
		tell_build_id(elf, found_id, size);
		is_it = !strcmp(found_id, module->build_id) && (trusted || strcmp(found_id, "-"));
		if (is_it)
			module->path = realpath(path, NULL);
		is_it = is_it && module->path;
		if (is_it)
			add_segments(modules, module, elf);
	}
	elf_end(elf);
	close(fd);
	return is_it;
}

/* In the folder of a file that a word names, "-kernel", "file=a/b.iso,format=raw": the text after a separator. */
static bool find_beside(struct image_modules *modules, const char *word)
{
	struct image_module *program = &modules->modules[0];
	char folder[512], path[1024], id[72];

	while (*word) {
		size_t length = strcspn(word, ",=");
		const char *slash = memrchr(word, '/', length);

		if (slash && (size_t)(slash - word) < sizeof(folder)) {
			snprintf(folder, sizeof(folder), "%.*s", (int)(slash - word), word);
			snprintf(path, sizeof(path), "%s/%s", folder, program->name);
			if (take_file(modules, program, path, false, id, sizeof(id)))
				return true;
		}
		word += length + (word[length] != '\0');
	}
	return false;
}

static bool find_program(struct image_modules *modules, const char *path, char *const *command)
{
	struct image_module *program = &modules->modules[0];
	char id[72] = "";

	if (path) {
		if (take_file(modules, program, path, true, id, sizeof(id)))
			return true;
		fprintf(stderr,
			"ring0 image: %s: %s, so that there are no symbols: %s has build-id %s\n",
			path,
			!id[0] ? "this is no ELF file that can be read" :
				 "this is not the program of the image",
			program->name, program->build_id);
		return false;
	}
	if (take_file(modules, program, program->name, false, id, sizeof(id)))
		return true;
	for (; command && *command; command++)
		if (find_beside(modules, *command))
			return true;
	fprintf(stderr,
		"ring0 image: no symbols: the program %s of build-id %s is not here; --program FILE says where it is\n",
		program->name, program->build_id);
	return false;
}

/* The dynamic linker that the program asks for: for free(), or NULL if it asks for none. */
static char *find_interpreter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	char *interpreter = NULL, *bytes;
	GElf_Phdr segment;
	size_t count, i, size;

	if (elf && !elf_getphdrnum(elf, &count)) {
		bytes = elf_rawfile(elf, &size);
		for (i = 0; bytes && i < count && !interpreter; i++)
			if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_INTERP &&
			    segment.p_offset < size && segment.p_filesz <= size - segment.p_offset)
				interpreter = strndup(bytes + segment.p_offset, segment.p_filesz);
	}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return interpreter;
}

/* A path of a library: that of the module of its name, if it is the one. */
static void take_library(struct image_modules *modules, const char *path)
{
	const char *slash = strrchr(path, '/');
	char id[72];
	size_t i;

	for (i = 1; i < modules->count; i++)
		if (!modules->modules[i].path && slash &&
		    !strcmp(modules->modules[i].name, slash + 1))
			take_file(modules, &modules->modules[i], path, false, id, sizeof(id));
}

/* "	libc.so.6 => /lib/libc.so.6 (0x7f…)", "	/lib64/ld-linux.so.2 (0x7f…)" */
static void take_listed(struct image_modules *modules, char *line)
{
	char *path = strchr(line, '/'), *end;

	if (!path)
		return;
	end = strstr(path, " (");
	if (end)
		*end = '\0';
	take_library(modules, path);
}

static void find_libraries(struct image_modules *modules)
{
	char *interpreter = find_interpreter(modules->modules[0].path);
	char list[] = "--list", *output = NULL, *line, *state;
	char *const argv[] = { interpreter, list, modules->modules[0].path, NULL };
	struct error error = { "" };

	if (!interpreter)
		return;
	/* Itself, too: the list may have it by another name. */
	take_library(modules, interpreter);
	if (!helper_process_run(argv, STDIN_FILENO, LIMIT_MS, &output, &error) && output)
		for (line = strtok_r(output, "\n", &state); line;
		     line = strtok_r(NULL, "\n", &state))
			take_listed(modules, line);
	free(output);
	free(interpreter);
}

bool image_modules_find(struct image_modules *modules, const char *program, char *const *command)
{
	if (!modules->count)
		return false;
	elf_version(EV_CURRENT);
	if (!find_program(modules, program, command))
		return false;
	find_libraries(modules);
	return true;
}

static size_t read_region(const struct crash_region *region, uint64_t address, void *to,
			  size_t size)
{
	int fd = open(region->path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return 0;
	if (size > region->end - address)
		size = region->end - address;
	got = pread(fd, to, size, (off_t)(region->file_offset + (address - region->start)));
	close(fd);
	if (got < 0)
		return 0;
	/* The last page of a file. */
	memset((char *)to + got, 0, size - (size_t)got);
	return size;
}

size_t image_modules_read(const struct image_modules *modules, uint64_t address, void *to,
			  size_t size)
{
	size_t i;

	for (i = 0; i < modules->region_count; i++) {
		const struct crash_region *region = &modules->regions[i];

		if (address >= region->start && address < region->end)
			return region->own ? 0 : read_region(region, address, to, size);
	}
	return 0;
}
