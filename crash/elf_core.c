/* SPDX-License-Identifier: MIT */
/*
 * Writes an ELF core file of the stopped guest (ELF gABI, chapter 5; the notes as the kernel's
 * fs/binfmt_elf.c writes them). Depends on crash.h's view and base/error.h.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <unistd.h>
#include "crash/elf_core.h"
#include "crash/elf_core_own.h"
#include "crash/registers.h"

#undef PAGE_SIZE /* of <sys/user.h> */
#define PAGE_SIZE  4096ull
#define CHUNK_SIZE (16 * PAGE_SIZE)

/* Regions larger than this are cut; sanitizers' shadow memory has terabytes. */
#define REGION_LIMIT (64ull << 20)
#define BELOW_SP     (64ull << 10)
#define ABOVE_SP     (1ull << 20)

/* Read-only parts of files up to this are written: RELRO, where the dynamic section is. */
#define READ_ONLY_LIMIT (1ull << 20)

#define TOTAL_LIMIT (256ull << 20)

/* Room for parts that regions fall into where pages can't be read. */
#define EXTRA_SEGMENTS 4096

struct core {
	const struct crash_view *view;
	int fd;
	Elf64_Phdr *segments; /* the first is PT_NOTE */
	size_t segment_count, segment_room;
	uint64_t end; /* of what is written, in the file */
	uint64_t contents;
	char *notes;
	size_t note_size;
};

static int write_at(int fd, uint64_t offset, const void *data, size_t size)
{
	const char *from = data;

	while (size) {
		ssize_t done = pwrite(fd, from, size, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		from += done;
		offset += (uint64_t)done;
		size -= (size_t)done;
	}
	return 0;
}

static int add_note(struct core *core, uint32_t type, const void *data, size_t size)
{
	Elf64_Nhdr header = { .n_namesz = 5, .n_descsz = (uint32_t)size, .n_type = type };
	size_t padded = (size + 3) & ~(size_t)3;
	size_t total = sizeof(header) + 8 + padded;
	char *notes = realloc(core->notes, core->note_size + total);

	if (!notes)
		return -ENOMEM;
	core->notes = notes;
	notes += core->note_size;
	memset(notes, 0, total);
	memcpy(notes, &header, sizeof(header));
	memcpy(notes + sizeof(header), "CORE", 5);
	memcpy(notes + sizeof(header) + 8, data, size);
	core->note_size += total;
	return 0;
}

static int add_status(struct core *core, int signal)
{
	struct elf_prstatus status = { 0 };

	status.pr_info.si_signo = signal;
	status.pr_cursig = (short)signal;
	status.pr_pid = getpid();
	_Static_assert(sizeof(status.pr_reg) <= sizeof(uint64_t) * ELF_CORE_REGISTERS, "room");
	elf_core_own_registers(core->view, (uint64_t *)&status.pr_reg);
	return add_note(core, NT_PRSTATUS, &status, sizeof(status));
}

/* Up to size bytes of a file under /proc, which may be missing. */
static size_t read_file(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;

	if (fd < 0)
		return 0;
	while (length < size) {
		ssize_t got = read(fd, to + length, size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	close(fd);
	return length;
}

static int add_process(struct core *core)
{
	struct elf_prpsinfo info = { 0 };
	char text[4096];
	size_t length;
	int err;

	info.pr_sname = 'R';
	info.pr_pid = getpid();
	length = read_file("/proc/self/comm", info.pr_fname, sizeof(info.pr_fname) - 1);
	if (length && info.pr_fname[length - 1] == '\n')
		info.pr_fname[length - 1] = '\0';
	length = read_file("/proc/self/cmdline", info.pr_psargs, sizeof(info.pr_psargs) - 1);
	for (size_t i = 0; i + 1 < length; i++)
		if (!info.pr_psargs[i])
			info.pr_psargs[i] = ' ';
	err = add_note(core, NT_PRPSINFO, &info, sizeof(info));
	if (err)
		return err;
	if (core->view->entry) {
		const Elf64_auxv_t own[] = {
			{ AT_ENTRY, { core->view->entry } },
			{ AT_NULL, { 0 } },
		};

		return add_note(core, NT_AUXV, own, sizeof(own));
	}
	length = read_file("/proc/self/auxv", text, sizeof(text));
	return length ? add_note(core, NT_AUXV, text, length) : 0;
}

static bool is_file(const struct crash_region *region)
{
	return region->path && region->path[0] == '/';
}

/* NT_FILE: count, page size, then start, end and file page of each, then the names. */
static int add_files(struct core *core)
{
	const struct crash_view *view = core->view;
	size_t count = 0, size = 2 * sizeof(uint64_t), at = 2;
	uint64_t *note;
	char *names;
	int err;

	for (size_t i = 0; i < view->region_count; i++) {
		if (!is_file(&view->regions[i]))
			continue;
		count++;
		size += 3 * sizeof(uint64_t) + strlen(view->regions[i].path) + 1;
	}
	note = malloc(size);
	if (!note)
		return -ENOMEM;
	note[0] = count;
	note[1] = PAGE_SIZE;
	names = (char *)(note + 2 + 3 * count);
	for (size_t i = 0; i < view->region_count; i++) {
		const struct crash_region *region = &view->regions[i];

		if (!is_file(region))
			continue;
		note[at++] = region->start;
		note[at++] = region->end;
		note[at++] = region->file_offset / PAGE_SIZE;
		names = stpcpy(names, region->path) + 1;
	}
	err = add_note(core, NT_FILE, note, size);
	free(note);
	return err;
}

static int add_notes(struct core *core, int signal)
{
	int err = add_status(core, signal);

	if (!err)
		err = add_process(core);
	if (!err)
		err = add_files(core);
	return err;
}

/*
 * Another part of a region; continues the last one if that ends here and both have contents or
 * both have not.
 */
static void add_part(struct core *core, const struct crash_region *region, uint64_t start,
		     uint64_t size, bool readable)
{
	Elf64_Phdr *last = &core->segments[core->segment_count - 1];

	if (last->p_type == PT_LOAD && last->p_vaddr + last->p_memsz == start &&
	    start != region->start && (last->p_filesz != 0) == readable) {
		last->p_memsz += size;
		last->p_filesz += readable ? size : 0;
		return;
	}
	if (core->segment_count == core->segment_room)
		return;
	core->segments[core->segment_count++] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = (region->prot & PROT_READ ? PF_R : 0u) |
			   (region->prot & PROT_WRITE ? PF_W : 0u) |
			   (region->prot & PROT_EXEC ? PF_X : 0u),
		.p_offset = core->end,
		.p_vaddr = start,
		.p_filesz = readable ? size : 0,
		.p_memsz = size,
		.p_align = PAGE_SIZE,
	};
}

static bool is_zero(const char *data, size_t size)
{
	return !data[0] && !memcmp(data, data + 1, size - 1);
}

/* Which part of a region is to be written with its contents. */
static void choose_contents(const struct core *core, const struct crash_region *region,
			    uint64_t *start, uint64_t *end)
{
	uint64_t size = region->end - region->start, sp = crash_registers_sp(core->view);

	*start = region->start;
	*end = region->end;
	if (!region->prot) {
		*end = *start;
	} else if (is_file(region) && !region->own) {
		/* The rest can be found in the file; debuggers know it by its build-id. */
		if (region->prot & PROT_EXEC || size > READ_ONLY_LIMIT)
			*end = region->file_offset ? *start : *start + PAGE_SIZE;
	} else if (size > REGION_LIMIT) {
		if (sp < region->start || sp >= region->end) {
			*end = *start;
			return;
		}
		sp &= ~(PAGE_SIZE - 1);
		if (sp - region->start > BELOW_SP)
			*start = sp - BELOW_SP;
		if (region->end - sp > ABOVE_SP)
			*end = sp + ABOVE_SP;
	}
}

/* Whole pages of the guest, at the end of what is written; those of zeros stay holes. */
static int write_pages(const struct core *core, const char *data, size_t size)
{
	size_t from = 0;

	for (size_t at = 0; at <= size; at += PAGE_SIZE) {
		int err = 0;

		if (at < size && !is_zero(data + at, PAGE_SIZE))
			continue;
		if (at > from)
			err = write_at(core->fd, core->end + from, data + from, at - from);
		if (err)
			return err;
		from = at + PAGE_SIZE;
	}
	return 0;
}

static int add_region(struct core *core, const struct crash_region *region, bool contents)
{
	const struct crash_view *view = core->view;
	uint64_t start, end;
	char chunk[CHUNK_SIZE];
	int err;

	choose_contents(core, region, &start, &end);
	if (!contents)
		end = start;
	if (start > region->start)
		add_part(core, region, region->start, start - region->start, false);
	while (start < end) {
		size_t size = end - start < CHUNK_SIZE ? end - start : CHUNK_SIZE, got = 0;

		if (core->contents < TOTAL_LIMIT && core->segment_count < core->segment_room)
			got = view->read(view->context, start, chunk, size) & ~(PAGE_SIZE - 1);
		else
			break;
		if (got) {
			add_part(core, region, start, got, true);
			err = write_pages(core, chunk, got);
			if (err)
				return err;
			core->end += got;
			core->contents += got;
			start += got;
		}
		if (got < size) {
			add_part(core, region, start, PAGE_SIZE, false);
			start += PAGE_SIZE;
		}
	}
	if (start < region->end)
		add_part(core, region, start, region->end - start, false);
	return 0;
}

static int write_headers(struct core *core)
{
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = elf_core_own_machine,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)core->segment_count,
	};
	int err = write_at(core->fd, 0, &header, sizeof(header));

	if (!err)
		err = write_at(core->fd, sizeof(header), core->segments,
			       core->segment_count * sizeof(Elf64_Phdr));
	if (!err && ftruncate(core->fd, (off_t)core->end))
		err = -errno;
	return err;
}

int core_write(const struct crash_view *view, int signal, bool contents, int fd,
	       struct error *error)
{
	struct core core = { .view = view, .fd = fd };
	uint64_t offset;
	int err;

	core.segment_room = 1 + view->region_count + EXTRA_SEGMENTS;
	if (core.segment_room >= PN_XNUM)
		core.segment_room = PN_XNUM - 1;
	core.segments = calloc(core.segment_room, sizeof(Elf64_Phdr));
	err = core.segments ? add_notes(&core, signal) : -ENOMEM;
	if (err)
		goto out;
	/* The headers' size is known only at the end; what they don't need stays a hole. */
	offset = sizeof(Elf64_Ehdr) + core.segment_room * sizeof(Elf64_Phdr);
	core.segments[core.segment_count++] = (Elf64_Phdr){
		.p_type = PT_NOTE,
		.p_offset = offset,
		.p_filesz = core.note_size,
		.p_align = 4,
	};
	err = write_at(fd, offset, core.notes, core.note_size);
	if (err)
		goto out;
	core.end = (offset + core.note_size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	for (size_t i = 0; i < view->region_count && !err; i++)
		err = add_region(&core, &view->regions[i], contents);
	if (!err)
		err = write_headers(&core);
out:
	if (err)
		error_set(error, -err, "writing a core file of the guest: %s", strerror(-err));
	free(core.segments);
	free(core.notes);
	return err;
}
