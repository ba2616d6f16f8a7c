/* SPDX-License-Identifier: MIT */
/* Copies of a thread's static TLS block, of its structure, and of its table of other blocks. */
#include "machine/tls.h"
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "machine/tls_own.h"

/* What lies further from the thread pointer is in no static block. */
#define STATIC_LIMIT (64ull << 20)

/* The table of the thread's blocks (the DTV) has entries of two words. */
#define TABLE_ENTRIES 256
#define TABLE_SIZE    PAGE_SIZE

struct table_entry {
	uint64_t address, to_free;
};

static int look_at_module(struct dl_phdr_info *info, size_t size, void *argument)
{
	uint64_t data = (uint64_t)info->dlpi_tls_data, length = 0;
	struct tls *tls = argument;
	unsigned int i;

	(void)size;
	if (!data || (data < tls->base ? tls->base - data : data - tls->base) > STATIC_LIMIT)
		return 0;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_TLS)
			length = info->dlpi_phdr[i].p_memsz;
	if (data < tls->first)
		tls->first = data;
	if (data + length > tls->last)
		tls->last = data + length;
	return 0;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void tls_find(struct tls *tls, uint64_t base)
{
	*tls = (struct tls){ .base = base, .first = base, .last = base };
	dl_iterate_phdr(look_at_module, tls);
	tls->start = lesser(tls->first, base - tls_own.below);
	tls->end = greater(tls->last, base + tls_own.above);
	tls->copy_size = page_ceiling(tls->end) - page_floor(tls->start) + TABLE_SIZE;
}

uint64_t tls_base_of(const struct tls *tls, uint64_t copy)
{
	return copy + (tls->base - page_floor(tls->start));
}

/* By a system call, which stops where memory ends, and of which no sanitizer has an opinion. */
static size_t read_own(uint64_t address, void *to, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };
	ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

static uint64_t word_at(const uint8_t *bytes, uint64_t offset)
{
	uint64_t word;

	memcpy(&word, bytes + offset, sizeof(word));
	return word;
}

static void set_word(uint8_t *bytes, uint64_t offset, uint64_t word)
{
	memcpy(bytes + offset, &word, sizeof(word));
}

/*
 * glibc's __tls_get_addr() goes by a table of the thread's blocks, whose entry before the first says
 * how many there are. In its copy, what points into the static block points into the copy of that.
 */
static void copy_table(const struct tls *tls, uint8_t *bytes, uint64_t copy)
{
#ifdef __GLIBC__
	const uint64_t structure = tls->base - page_floor(tls->start);
	const uint64_t room = tls->copy_size - TABLE_SIZE;
	const uint64_t table = word_at(bytes, structure + tls_own.table);
	struct table_entry entries[TABLE_SIZE / sizeof(struct table_entry)];
	uint64_t count, i;

	if (read_own(table - sizeof(entries[0]), entries, sizeof(entries[0])) != sizeof(entries[0]))
		return;
	count = entries[0].address + 2;
	if (entries[0].address > TABLE_ENTRIES - 2 ||
	    read_own(table - sizeof(entries[0]), entries, count * sizeof(entries[0])) !=
		    count * sizeof(entries[0]))
		return;
	for (i = 2; i < count; i++)
		if (entries[i].address >= tls->first && entries[i].address < tls->last)
			entries[i].address += tls_base_of(tls, copy) - tls->base;
	memcpy(bytes + room, entries, count * sizeof(entries[0]));
	set_word(bytes, structure + tls_own.table, copy + room + sizeof(entries[0]));
#else
	(void)tls;
	(void)bytes;
	(void)copy;
#endif
}

/* By pages: what lies about the thread's structure may be no memory. */
static void read_block(const struct tls *tls, uint8_t *bytes)
{
	const uint64_t first = page_floor(tls->start);
	uint64_t at, from, to;

	for (at = first; at < tls->end; at += PAGE_SIZE) {
		from = at < tls->start ? tls->start : at;
		to = at + PAGE_SIZE < tls->end ? at + PAGE_SIZE : tls->end;
		read_own(from, bytes + (from - first), to - from);
	}
}

int tls_copy(const struct tls *tls, struct mirror *mirror, uint64_t copy)
{
	const uint64_t structure = tls->base - page_floor(tls->start);
	uint8_t *bytes = calloc(1, tls->copy_size);
	size_t i;
	int err;

	if (!bytes)
		return -ENOMEM;
	read_block(tls, bytes);
	for (i = 0; i < tls_own.self_count; i++)
		if (word_at(bytes, structure + tls_own.selves[i]) == tls->base)
			set_word(bytes, structure + tls_own.selves[i], tls_base_of(tls, copy));
	copy_table(tls, bytes, copy);
	err = mirror_write(mirror, gva(copy), bytes, tls->copy_size);
	free(bytes);
	return err;
}
