/* SPDX-License-Identifier: MIT */
/* Files in the user's cache directory, one for each mapping of code of a build. */
#include "assist/x86_64/patch_cache.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/checksum.h"

/* Another search finds something else: this number goes up with each that does. */
#define SEARCH 1

#define DIRECTORY "ring0/code"

/* Shorter ones are no hashes: of ld's --build-id=0x1, say. */
#define BUILD_ID_LEAST 8
#define BUILD_ID_MOST  64

/* More than any text has: 1 MiB of a file. */
#define PLACES_MOST 0x40000u

/* What a file begins with; the places follow. */
struct header {
	char magic[8];
	uint64_t count;
	uint64_t checksum; /* of the places */
};

static const char magic[8] = "R0CODE1";

/* Of the object that has a mapping. */
struct wanted {
	const struct map *map;
	char *name;
	bool found;
};

static bool put_name(struct wanted *wanted, const uint8_t *id, size_t size)
{
	char hexadecimal[2 * BUILD_ID_MOST + 1];
	size_t i;

	if (size < BUILD_ID_LEAST || size > BUILD_ID_MOST)
		return false;
	for (i = 0; i < size; i++)
		snprintf(hexadecimal + 2 * i, 3, "%02x", id[i]);
	snprintf(wanted->name, PATCH_CACHE_NAME, "%s-%llx-%llx-%d", hexadecimal,
		 (unsigned long long)wanted->map->offset,
		 (unsigned long long)(wanted->map->end - wanted->map->start), SEARCH);
	return true;
}

/* gABI, "Note Section": names and descriptions are filled up to the segment's alignment. */
static bool find_build_id(struct wanted *wanted, const uint8_t *notes, size_t size, size_t align)
{
	size_t at = 0;

	align = align < 4 ? 4 : align;
	while (size - at >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)(notes + at);
		size_t name = at + sizeof(*note);
		size_t description = (name + note->n_namesz + align - 1) & ~(align - 1);

		if (note->n_namesz > size || description > size ||
		    note->n_descsz > size - description)
			return false;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
		    memcmp(notes + name, "GNU", 4) == 0)
			return put_name(wanted, notes + description, note->n_descsz);
		at = (description + note->n_descsz + align - 1) & ~(align - 1);
		if (at > size)
			return false;
	}
	return false;
}

static int look_into(struct dl_phdr_info *info, size_t size, void *context)
{
	struct wanted *wanted = context;
	bool has = false;
	int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum && !has; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + segment->p_vaddr;

		has = segment->p_type == PT_LOAD && wanted->map->start < start + segment->p_memsz &&
		      wanted->map->end > start;
	}
	for (i = 0; i < info->dlpi_phnum && has && !wanted->found; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type == PT_NOTE)
			wanted->found = find_build_id(
				wanted, (const uint8_t *)(info->dlpi_addr + segment->p_vaddr),
				segment->p_memsz, segment->p_align);
	}
	return has;
}

bool patch_cache_name(const struct map *map, char name[PATCH_CACHE_NAME])
{
	struct wanted wanted = { .map = map, .name = name };

	dl_iterate_phdr(look_into, &wanted);
	return wanted.found;
}

/* The directory, made if need be, for close(); or -1. Nobody else may write there. */
static int open_directory(bool make)
{
	const char *cache = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
	char path[PATH_MAX];
	struct stat status;
	char *slash;
	int length, fd;

	/* A relative path is to be ignored, says the specification. */
	if (cache && *cache == '/')
		length = snprintf(path, sizeof(path), "%s/%s", cache, DIRECTORY);
	else if (home && *home == '/')
		length = snprintf(path, sizeof(path), "%s/.cache/%s", home, DIRECTORY);
	else
		return -1;
	if (length >= (int)sizeof(path))
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && make) {
		for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
			*slash = '\0';
			mkdir(path, 0700);
			*slash = '/';
		}
		mkdir(path, 0700);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
	    !(status.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	close(fd);
	return -1;
}

static bool are_places(const uint32_t *places, size_t count, uint64_t map_size)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (places[i] >= map_size || (i && places[i] <= places[i - 1]))
			return false;
	return true;
}

/* NULL if the file is anything but whole. */
static uint32_t *read_places(int fd, uint64_t map_size, size_t *count)
{
	struct header header;
	struct stat status;
	uint32_t *places;
	size_t size;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
	    read(fd, &header, sizeof(header)) != sizeof(header) ||
	    memcmp(header.magic, magic, sizeof(magic)) != 0 || header.count > PLACES_MOST)
		return NULL;
	size = header.count * sizeof(*places);
	if ((uint64_t)status.st_size != sizeof(header) + size)
		return NULL;
	places = malloc(size + 1);
	if (!places)
		return NULL;
	if (read(fd, places, size) == (ssize_t)size &&
	    checksum(CHECKSUM_START, places, size) == header.checksum &&
	    are_places(places, header.count, map_size)) {
		*count = header.count;
		return places;
	}
	free(places);
	return NULL;
}

uint32_t *patch_cache_read(const char *name, uint64_t map_size, size_t *count)
{
	int directory = open_directory(false), fd;
	uint32_t *places = NULL;

	if (directory < 0)
		return NULL;
	fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		places = read_places(fd, map_size, count);
		/* It was used last now. */
		if (places)
			futimens(fd, NULL);
		close(fd);
	}
	close(directory);
	return places;
}

/* Where there are as many files as there may be, remove the one that was not used for longest. */
static void make_room(int directory)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	char oldest[NAME_MAX + 1] = "";
	struct timespec since = { 0 };
	unsigned int count = 0;
	struct dirent *entry;
	struct stat status;

	if (!list) {
		if (copy >= 0)
			close(copy);
		return;
	}
	while ((entry = readdir(list))) {
		if (fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(status.st_mode))
			continue;
		count++;
		if (*oldest && (status.st_mtim.tv_sec > since.tv_sec ||
				(status.st_mtim.tv_sec == since.tv_sec &&
				 status.st_mtim.tv_nsec >= since.tv_nsec)))
			continue;
		snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
		since = status.st_mtim;
	}
	closedir(list);
	if (count >= PATCH_CACHE_FILES)
		unlinkat(directory, oldest, 0);
}

/* Who reads it meanwhile finds all of it or nothing: it is written under another name. */
void patch_cache_write(const char *name, const uint32_t *places, size_t count)
{
	const size_t size = count * sizeof(*places);
	struct header header = { .count = count,
				 .checksum = checksum(CHECKSUM_START, places, size) };
	int directory = count > PLACES_MOST ? -1 : open_directory(true), fd;
	char temporary[32];
	bool written;

	if (directory < 0)
		return;
	make_room(directory);
	memcpy(header.magic, magic, sizeof(magic));
	snprintf(temporary, sizeof(temporary), "new-%d", (int)getpid());
	fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd >= 0) {
		written = write(fd, &header, sizeof(header)) == sizeof(header) &&
			  write(fd, places, size) == (ssize_t)size;
		if (close(fd) != 0 || !written ||
		    renameat(directory, temporary, directory, name) != 0)
			unlinkat(directory, temporary, 0);
	}
	close(directory);
}
