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

/* A module's variables that lie further below the thread pointer are in no static block. */
#define STATIC_LIMIT (64ull << 20)

/* Room for the thread's structure, of which glibc 2.41's takes some 2300 bytes. */
#define STRUCTURE_SIZE PAGE_SIZE

/* Where the structure has its own address: the ABI's, and glibc's pthread_self(). */
#define SELF	     0x00
#define SELF_OF_LIBC 0x10

/* Where it has the table of the thread's blocks (the DTV), of entries of two words. */
#define TABLE	      0x08
#define TABLE_ENTRIES 256
#define TABLE_SIZE    PAGE_SIZE

struct table_entry {
	uint64_t address, to_free;
};

static int look_at_module(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct tls *tls = argument;
	uint64_t data = (uint64_t)info->dlpi_tls_data;

	(void)size;
	if (data && data < tls->start && tls->base - data < STATIC_LIMIT)
		tls->start = data;
	return 0;
}

void tls_find(struct tls *tls, uint64_t fs_base)
{
	*tls = (struct tls){ .start = fs_base, .base = fs_base };
	dl_iterate_phdr(look_at_module, tls);
	tls->copy_size =
		page_ceiling(tls->base - page_floor(tls->start) + STRUCTURE_SIZE) + TABLE_SIZE;
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
	const uint64_t table = word_at(bytes, structure + TABLE);
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
		if (entries[i].address >= tls->start && entries[i].address < tls->base)
			entries[i].address += tls_base_of(tls, copy) - tls->base;
	memcpy(bytes + room, entries, count * sizeof(entries[0]));
	set_word(bytes, structure + TABLE, copy + room + sizeof(entries[0]));
#else
	(void)tls;
	(void)bytes;
	(void)copy;
#endif
}

int tls_copy(const struct tls *tls, struct mirror *mirror, uint64_t copy)
{
	const uint64_t first = page_floor(tls->start);
	const uint64_t structure = tls->base - first, base = tls_base_of(tls, copy);
	uint8_t *bytes = calloc(1, tls->copy_size);
	int err;

	if (!bytes)
		return -ENOMEM;
	read_own(first, bytes, structure + STRUCTURE_SIZE);
	if (word_at(bytes, structure + SELF) == tls->base)
		set_word(bytes, structure + SELF, base);
	if (word_at(bytes, structure + SELF_OF_LIBC) == tls->base)
		set_word(bytes, structure + SELF_OF_LIBC, base);
	copy_table(tls, bytes, copy);
	err = mirror_write(mirror, gva(copy), bytes, tls->copy_size);
	free(bytes);
	return err;
}
