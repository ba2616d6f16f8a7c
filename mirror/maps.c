/* SPDX-License-Identifier: MIT */
/* Reading /proc/self/maps and /proc/self/pagemap. Depends on libc alone. */
#include "mirror/maps.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Mappings for which there is room at first: a test program has some 60. And bytes for each, as most paths are short. */
#define AT_FIRST 512
#define LINE	 128

#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_SWAPPED (1ull << 62)
#define PAGEMAP_FILE	(1ull << 61)

/* Fill the text with the file. Returns the length, or -errno; maps->text_size if it is longer. */
static ssize_t read_text(struct maps *maps, struct error *error)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got = 0;

	if (fd < 0)
		return error_set(error, errno, "opening /proc/self/maps failed: %s",
				 strerror(errno));
	while (used < maps->text_size &&
	       (got = read(fd, maps->text + used, maps->text_size - used)) > 0)
		used += (size_t)got;
	if (got < 0)
		got = error_set(error, errno, "reading /proc/self/maps failed: %s",
				strerror(errno));
	close(fd);
	return got < 0 ? got : (ssize_t)used;
}

static const char *parse_number(const char *at, int base, char end, uint64_t *value)
{
	char *behind;

	*value = strtoull(at, &behind, base);
	return behind > at && *behind == end ? behind + 1 : NULL;
}

static const char *skip_word(const char *at)
{
	at += strcspn(at, " ");
	return at + strspn(at, " ");
}

/* "start-end rwxp offset device inode path" */
static bool parse_line(struct map *map, const char *line)
{
	const char *mode;

	line = parse_number(line, 16, '-', &map->start);
	line = line ? parse_number(line, 16, ' ', &map->end) : NULL;
	if (!line || map->start >= map->end || strcspn(line, " ") != 4)
		return false;
	mode = line;
	line = parse_number(line + 5, 16, ' ', &map->offset);
	if (!line)
		return false;
	map->path = skip_word(skip_word(line));
	map->read = mode[0] == 'r';
	map->write = mode[1] == 'w';
	map->execute = mode[2] == 'x';
	map->shared = mode[3] == 's';
	return true;
}

int maps_parse(struct maps *maps, struct error *error)
{
	char *line, *next;

	maps->count = 0;
	for (line = maps->text; *line; line = next) {
		size_t length = strcspn(line, "\n");

		next = line + length + (line[length] == '\n');
		line[length] = '\0';
		if (maps->count == maps->capacity)
			return -EAGAIN;
		if (!parse_line(&maps->entries[maps->count++], line))
			return error_set(error, EINVAL, "/proc/self/maps has an unknown line: %s",
					 line);
	}
	return 0;
}

int maps_make_room(struct maps *maps, struct error *error)
{
	const size_t capacity = maps->capacity ? 2 * maps->capacity : AT_FIRST;
	struct map *entries = reallocarray(maps->entries, capacity, sizeof(*entries));
	char *text = realloc(maps->text, capacity * LINE + 1);

	if (entries)
		maps->entries = entries;
	if (text)
		maps->text = text;
	if (!entries || !text) {
		error_set(error, ENOMEM, "no memory for the list of mappings");
		return -ENOMEM;
	}
	maps->text_size = capacity * LINE;
	maps->capacity = capacity;
	return 0;
}

int maps_read(struct maps *maps, struct error *error)
{
	ssize_t length = read_text(maps, error);

	if (length < 0)
		return (int)length;
	if ((size_t)length == maps->text_size)
		return -EAGAIN;
	maps->text[length] = '\0';
	return maps_parse(maps, error);
}

void maps_finish(struct maps *maps)
{
	free(maps->entries);
	free(maps->text);
	*maps = (struct maps){ 0 };
}

/* In the form of /proc/PID/maps. */
static int take_text(struct maps *maps, const char *text, struct error *error)
{
	const size_t length = strlen(text);

	if (length > maps->text_size)
		return -EAGAIN;
	memcpy(maps->text, text, length + 1);
	return maps_parse(maps, error);
}

int maps_list(struct maps *maps, const char *text, struct error *error)
{
	int err;

	*maps = (struct maps){ 0 };
	do {
		err = maps_make_room(maps, error);
		if (!err)
			err = text ? take_text(maps, text, error) : maps_read(maps, error);
	} while (err == -EAGAIN);
	if (err)
		maps_finish(maps);
	return err;
}

bool map_is_anonymous(const struct map *map)
{
	if (map->shared)
		return false;
	return !map->path[0] || strcmp(map->path, "[heap]") == 0 ||
	       strncmp(map->path, "[stack", 6) == 0 || strncmp(map->path, "[anon:", 6) == 0;
}

/*
 * For each page whether its entry has one of the bits `any`, and none of the bits `none`. Entries have the numbers of the
 * host's frames, which a mirror that is made later would have from the stack, and an image as well: they are other ones
 * each time, but for when a frame is used again.
 */
static int look_up(int fd, uint64_t start, size_t count, uint64_t any, uint64_t none, bool *found)
{
	uint64_t entries[512];
	size_t done = 0, i, want;
	int err = 0;

	while (done < count && !err) {
		want = count - done < 512 ? count - done : 512;
		if (pread(fd, entries, want * 8, (off_t)((start / 4096 + done) * 8)) !=
		    (ssize_t)(want * 8))
			err = -EIO;
		for (i = 0; i < want && !err; i++)
			found[done + i] = (entries[i] & any) && !(entries[i] & none);
		done += want;
	}
	explicit_bzero(entries, sizeof(entries));
	return err;
}

int maps_resident(int fd, uint64_t start, size_t count, bool *resident)
{
	return look_up(fd, start, count, PAGEMAP_PRESENT | PAGEMAP_SWAPPED, 0, resident);
}

int maps_copied(int fd, uint64_t start, size_t count, bool *copied)
{
	return look_up(fd, start, count, PAGEMAP_PRESENT | PAGEMAP_SWAPPED, PAGEMAP_FILE, copied);
}
