/* SPDX-License-Identifier: MIT */
/* Freezing the program. */
#include "image/frozen.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <ring0/private/abi.h>
#include "machine/guest_stdio.h"
#include "machine/machine_own.h"
#include "mirror/bind.h"

/* No address of physical memory gets into an image: any layout will do. */
#define PHYSICAL_BITS 46

/* What only sanitizers map. */
#define SHADOW_FROM (1ull << 38)

/* Other threads would be frozen in the middle of what they do, their locks held for ever. */
static int refuse_threads(struct error *error)
{
	char names[256] = "", path[64], name[32];
	size_t length = 0, others = 0;
	const struct dirent *entry;
	DIR *tasks = opendir("/proc/self/task");
	FILE *file;

	if (!tasks)
		return 0;
	while ((entry = readdir(tasks))) {
		long task = strtol(entry->d_name, NULL, 10);

		if (!task || task == getpid())
			continue;
		others++;
		snprintf(path, sizeof(path), "/proc/self/task/%ld/comm", task);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fscanf(file, "%31[^\n]", name) == 1 && length < sizeof(names))
			length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
						   length ? ", " : "", name);
		fclose(file);
	}
	closedir(tasks);
	if (!others)
		return 0;
	return error_set(
		error, EBUSY,
		"the program has %zu other thread%s (%s), which an image can't have: start them in a "
		"test's setup, or not before r0_main()",
		others, others > 1 ? "s" : "", names);
}

static bool is_device(const struct map *map)
{
	const char *path = map->path;

	if (!map->read && !map->write)
		return false;
	if (!strncmp(path, "/sys/", 5))
		return true;
	return !strncmp(path, "/dev/", 5) && strncmp(path, "/dev/shm/", 9) &&
	       strncmp(path, "/dev/zero", 9) && strncmp(path, "/dev/hugepages/", 15);
}

static int refuse_mappings(const struct mirror *mirror, struct error *error)
{
	size_t i;

	for (i = 0; i < mirror->maps.count; i++) {
		const struct map *map = &mirror->maps.entries[i];

		if (is_device(map))
			return error_set(
				error, ENOTSUP,
				"the program has %s mapped, a device, which an image can't have",
				map->path);
	}
	for (i = 0; i < mirror->part_count; i++) {
		const struct map *map = &mirror->parts[i].map;

		if (mirror->parts[i].from)
			return error_set(
				error, ENOTSUP,
				"the program has a kernel's objects in the upper half, where an image "
				"has its start-up code: link them without --upper for an image");
		if (mirror->parts[i].kind == MIRROR_SPARSE && map->end - map->start >= SHADOW_FROM)
			return error_set(
				error, ENOTSUP,
				"the program has a mapping of %llu GiB, as sanitizers make: build it without "
				"(-fsanitize=…) for an image",
				(unsigned long long)(map->end - map->start) >> 30);
	}
	return 0;
}

static int mirror_it(struct frozen *frozen, struct error *error)
{
	struct mirror_range supervisor[ENTRY_SUPERVISOR_RANGES];
	struct mirror_config config = {
		.supervisor = supervisor,
		.supervisor_count = entry_supervisor_ranges(&frozen->entry, supervisor),
		.direct_map = R0_DIRECT_MAP,
		.physical_bits = PHYSICAL_BITS,
		.gigabyte_pages = true,
	};
	int err;

	machine_own_devices(&config, frozen->entry.cpus);
	guest_stdio_prepare(frozen->entry.cpus > 1);
	err = mirror_create(&frozen->mirror, &config, error);
	/* Afterwards, so that what these find is not in the program's memory. */
	if (!err)
		err = refuse_threads(error);
	if (!err)
		err = refuse_mappings(frozen->mirror, error);
	if (!err)
		err = entry_prepare(&frozen->entry, NULL, frozen->mirror, error);
	return err;
}

static void zero(struct mirror *mirror, uint64_t start, uint64_t end)
{
	static const uint8_t zeros[PAGE_SIZE];

	while (start < end) {
		uint64_t size = end - start < sizeof(zeros) ? end - start : sizeof(zeros);

		/* What is not in the mirror is in no image. */
		(void)mirror_write(mirror, gva(start), zeros, size);
		start += size;
	}
}

/* Where the kernel has put the arguments and the environment: proc(5), fields 48 to 51 of /proc/PID/stat. */
static bool find_strings(uint64_t *arguments_end, uint64_t *environment_end)
{
	FILE *file = fopen("/proc/self/stat", "re");
	unsigned long long value = 0;
	char *line = NULL, *at;
	size_t size = 0;
	int field;

	*arguments_end = *environment_end = 0;
	if (!file || getline(&line, &size, file) < 0)
		goto close;
	/* The second field, in parentheses, may have blanks. */
	at = strrchr(line, ')');
	for (field = 2; at && field < 51; field++) {
		at = strchr(at + 1, ' ');
		value = at ? strtoull(at, NULL, 10) : 0;
		if (field + 1 == 49)
			*arguments_end = value;
	}
	*environment_end = value;
close:
	if (file)
		fclose(file);
	free(line);
	return *arguments_end && *environment_end >= *arguments_end;
}

/* What is of here alone: the environment, the paths of what is mapped, the kernel's clock. */
static int clean(const struct frozen *frozen, struct error *error)
{
	static const char *const none[1];
	struct mirror *mirror = frozen->mirror;
	const bool image = true;
	uint64_t arguments_end, environment_end;
	size_t i;
	int err;

	if (find_strings(&arguments_end, &environment_end))
		zero(mirror, arguments_end, environment_end);
	if (environ)
		(void)mirror_write(mirror, gva((uint64_t)environ), none, sizeof(none));
	zero(mirror, (uint64_t)mirror->maps.text,
	     (uint64_t)mirror->maps.text + mirror->maps.text_size);
	/* Zeroed, it says that there is no clock to be read: the vDSO makes its system calls. */
	for (i = 0; i < mirror->part_count; i++)
		if (!strncmp(mirror->parts[i].map.path, "[vvar", 5))
			zero(mirror, mirror->parts[i].map.start, mirror->parts[i].map.end);
	err = mirror_write(mirror, gva((uint64_t)&r0_image), &image, sizeof(image));
	return err ? error_set(error, -err, "the guest runtime's memory is not in the mirror") : 0;
}

int frozen_take(struct frozen *frozen, unsigned int cpus, struct error *error)
{
	int err;

	*frozen = (struct frozen){ 0 };
	bind_lazy_symbols();
	err = entry_reserve(&frozen->entry, cpus < R0_CPU_LIMIT ? cpus : R0_CPU_LIMIT, error);
	if (err)
		return err;
	err = mirror_it(frozen, error);
	if (!err)
		err = clean(frozen, error);
	if (err)
		frozen_finish(frozen);
	return err;
}

void frozen_finish(struct frozen *frozen)
{
	mirror_destroy(frozen->mirror);
	entry_release(&frozen->entry);
	*frozen = (struct frozen){ 0 };
}

void frozen_page(const struct frozen *frozen, uint64_t address, uint8_t *page)
{
	struct iovec local = { .iov_base = page, .iov_len = PAGE_SIZE };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = PAGE_SIZE };
	const struct mirror *mirror = frozen->mirror;
	const uint8_t *frame = NULL;
	r0_gpa physical;

	if (page_table_walk(&mirror->frames, mirror->root, gva(address), &physical, NULL))
		frame = frames_at(&mirror->frames, physical.value);
	if (frame)
		memcpy(page, frame, PAGE_SIZE);
	else if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)PAGE_SIZE)
		memset(page, 0, PAGE_SIZE); /* past the end of a file */
}
