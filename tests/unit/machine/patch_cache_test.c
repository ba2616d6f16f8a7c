/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of assist/x86_64/patch_cache.c, by this program's own code: what is kept is what a search finds,
 * spares the search, and never takes the place of it where something is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "assist/patch_search.h"
#include "assist/x86_64/patch_cache.h"

static char root[] = "/tmp/patch_cache.XXXXXX", code[64];

static struct code_patches found;

static unsigned int reads;

/* Counted, in place of libc's. */
ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long local_count,
			 const struct iovec *remote, unsigned long remote_count,
			 unsigned long flags)
{
	reads++;
	return syscall(SYS_process_vm_readv, pid, local, local_count, remote, remote_count, flags);
}

static void find(struct code_patches *patches)
{
	struct patch_search mistaken = { 0 };
	struct error error = { "" };

	*patches = (struct code_patches){ 0 };
	assert_int_equal(patch_search_find(&mistaken, patches, &error), 0);
}

static bool is_same(const struct code_patch *a, const struct code_patch *b)
{
	return a->address == b->address && a->value == b->value;
}

/* Search anew, which finds what it always finds. */
static void search(void)
{
	struct code_patches patches;
	size_t i;

	find(&patches);
	assert_int_equal(patches.shown_count, found.shown_count);
	for (i = 0; i < found.shown_count; i++)
		assert_true(is_same(&patches.shown[i], &found.shown[i]));
	code_patches_finish(&patches);
}

/* Names of files in the directory, of the largest first; returns how many there are. */
static unsigned int files(char largest[NAME_MAX + 1])
{
	DIR *directory = opendir(code);
	unsigned int count = 0;
	struct dirent *entry;
	struct stat status;
	off_t size = -1;
	char path[512];

	if (!directory)
		return 0;
	while ((entry = readdir(directory))) {
		snprintf(path, sizeof(path), "%s/%s", code, entry->d_name);
		if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
			continue;
		count++;
		if (status.st_size > size && largest)
			strcpy(largest, entry->d_name);
		size = status.st_size > size ? status.st_size : size;
	}
	closedir(directory);
	return count;
}

static void path_of_largest(char path[512])
{
	char name[NAME_MAX + 1];

	assert_true(files(name) > 0);
	snprintf(path, 512, "%s/%s", code, name);
}

static size_t read_file(const char *path, uint8_t *bytes, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t got = read(fd, bytes, room);

	assert_true(fd >= 0 && got > 0);
	close(fd);
	return (size_t)got;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void remove_all(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/ring0", root);
	assert_int_equal(system(command), 0);
}

static bool has_decoder(void)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	bool has = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		has |= strstr(line, "libZydis") != NULL;
	fclose(maps);
	return has;
}

/* The program that comes after the one that searched needs no decoder. */
static void test_is_kept(void **state)
{
	struct code_patches kept, patches = { 0 };
	pid_t first = fork();
	size_t i, at, pages = 0;
	int status;

	(void)state;
	if (!first) {
		struct patch_search mistaken = { 0 };
		struct error error = { "" };

		_exit(patch_search_find(&mistaken, &patches, &error) == 0 && has_decoder() ? 0 : 1);
	}
	assert_int_equal(waitpid(first, &status, 0), first);
	assert_int_equal(status, 0);
	assert_true(files(NULL) > 1);
	reads = 0;
	find(&kept);
	assert_false(has_decoder());
	/* Not each place by a system call of its own: for a page with places two at most, if one of them is on its border. */
	for (i = 0; i < kept.shown_count; i++)
		pages += !i || kept.shown[i].address / 4096 != kept.shown[i - 1].address / 4096;
	assert_true(pages * 4 < kept.shown_count);
	assert_in_range(reads, 1, 2 * pages);
	/* Searched in this process, which has the decoder's own code then. */
	remove_all();
	find(&found);
	assert_true(has_decoder());
	/* The C library has some. */
	assert_true(kept.shown_count > 0);
	for (i = 0; i < kept.shown_count; i++) {
		for (at = 0; at < found.shown_count && !is_same(&kept.shown[i], &found.shown[at]);
		     at++)
			;
		assert_true(at < found.shown_count);
	}
	code_patches_finish(&kept);
	search();
}

static void test_damage(void **state)
{
	static uint8_t whole[0x10000], damaged[0x10000], again[0x10000];
	char path[512];
	size_t size, at;

	(void)state;
	path_of_largest(path);
	size = read_file(path, whole, sizeof(whole));
	for (at = 0; at < size; at += at < 40 ? 1 : 97) {
		memcpy(damaged, whole, size);
		damaged[at] ^= 0x11;
		write_file(path, damaged, size);
		search();
		assert_int_equal(read_file(path, again, sizeof(again)), size);
		assert_memory_equal(again, whole, size);
	}
	for (at = 1; at < size; at += 301) {
		write_file(path, whole, at);
		search();
		assert_int_equal(read_file(path, again, sizeof(again)), size);
	}
	memset(damaged, 0, sizeof(damaged));
	memcpy(damaged, whole, size);
	write_file(path, damaged, size + 4);
	search();
	assert_int_equal(read_file(path, again, sizeof(again)), size);
}

/* Whole, but of something else. */
static void test_wrong_places(void **state)
{
	static const uint32_t beyond[] = { 1, 0x7fffffff }, twice[] = { 5, 5 }, others[] = { 1, 2 };
	char path[512], *name;
	size_t count;

	(void)state;
	path_of_largest(path);
	name = strrchr(path, '/') + 1;
	patch_cache_write(name, beyond, 2);
	assert_null(patch_cache_read(name, 0x1000, &count));
	search();
	patch_cache_write(name, twice, 2);
	assert_null(patch_cache_read(name, 0x1000, &count));
	search();
	/* No patch is at both. */
	patch_cache_write(name, others, 2);
	search();
}

/* A link, or what can't be replaced. */
static void test_other_than_files(void **state)
{
	char path[512], target[128];

	(void)state;
	path_of_largest(path);
	snprintf(target, sizeof(target), "%s/elsewhere", root);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	search();
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	search();
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(unlink(target), 0);
}

static void test_directory_of_all(void **state)
{
	unsigned int count;

	(void)state;
	remove_all();
	search();
	count = files(NULL);
	assert_int_equal(chmod(code, 0777), 0);
	search();
	assert_int_equal(files(NULL), count);
	remove_all();
}

static void test_no_directory(void **state)
{
	(void)state;
	remove_all();
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	search();
	setenv("HOME", "nowhere", 1);
	setenv("XDG_CACHE_HOME", "relative", 1);
	search();
	assert_int_equal(access("relative", F_OK), -1);
	setenv("XDG_CACHE_HOME", "/proc/self/nowhere", 1);
	search();
	setenv("XDG_CACHE_HOME", root, 1);
	assert_int_equal(files(NULL), 0);
}

static void test_bounded(void **state)
{
	static const uint32_t place = 7;
	unsigned int i;
	char name[40];
	size_t count;
	uint32_t *kept;

	(void)state;
	for (i = 0; i < 2 * PATCH_CACHE_FILES; i++) {
		snprintf(name, sizeof(name), "%032u", i);
		patch_cache_write(name, &place, 1);
		assert_true(files(NULL) <= PATCH_CACHE_FILES);
	}
	assert_int_equal(files(NULL), PATCH_CACHE_FILES);
	kept = patch_cache_read(name, 0x1000, &count);
	assert_non_null(kept);
	assert_int_equal(count, 1);
	assert_int_equal(kept[0], place);
	free(kept);
	search();
}

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(code, sizeof(code), "%s/ring0/code", root);
	return setenv("XDG_CACHE_HOME", root, 1);
}

static int end(void **state)
{
	(void)state;
	remove_all();
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_kept),		 cmocka_unit_test(test_damage),
		cmocka_unit_test(test_wrong_places),	 cmocka_unit_test(test_other_than_files),
		cmocka_unit_test(test_directory_of_all), cmocka_unit_test(test_no_directory),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
