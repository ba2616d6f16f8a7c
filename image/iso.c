/* SPDX-License-Identifier: MIT */
/*
 * Two ways into one medium, by El Torito's catalogue (1.0, 2.0; UEFI 2.10, 13.3.2.1): for BIOS, GRUB's core with the one
 * command that it is to execute; for UEFI, a FAT file system with the application. The first sectors have a boot record
 * and partitions besides, so that the same bytes start as a disk. Depends on file.h, base/ and libc.
 */
#include "image/iso.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/helper_process.h"
#include "image/file.h"

#define SECTOR 512

/* The catalogue counts sectors in 16 bits: El Torito, figure 3. */
#define FAT_MAX (65535u * SECTOR)

/* What a FAT file system takes besides, at most: two tables of 16 bits for clusters of one sector, and its folders. */
#define FAT_OVERHEAD(size) ((size) / 64 + 128 * 1024)

/* Idle or busy for so long, one of the commands is stuck. */
#define LIMIT_MS 60000

#define CORE_COMMANDS              \
	"multiboot2 /boot/image\n" \
	"boot\n"

/* Of GRUB's BIOS files, the boot record for a disk: where all distributions have it. */
#define DISK_RECORD "/usr/lib/grub/i386-pc/boot_hybrid.img"

#define NEEDED                                                                                 \
	"an .iso takes xorriso, mtools, and GRUB's grub-mkimage and files for BIOS (packages " \
	"xorriso, mtools, grub-common, grub-pc-bin)"

/* The time of all files, unless SOURCE_DATE_EPOCH has another: the first second of 2000. */
#define DATE 946684800

/* With the date for $0, in a time zone that is always the same; what a command has to say of a failure is its output. */
#define AS_ALWAYS                                                                   \
	"command -v \"$1\" >/dev/null || { echo \"$1 is not there\"; exit 127; }\n" \
	"export TZ=UTC LC_ALL=C SOURCE_DATE_EPOCH=\"$0\" MTOOLSRC=\nexec \"$@\" 2>&1"

/* The folder that all is made in, with room for the names in it. */
struct workshop {
	char folder[PATH_MAX - 64];
	char date[24]; /* seconds since 1970 */
};

static const char *const files[] = { "tree/boot/image", "tree/boot/core.img", "tree/boot/efi.img",
				     "application",	"commands",	      "iso" };
static const char *const folders[] = { "tree", "tree/boot" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *name_in(const struct workshop *workshop, const char *name, char *path)
{
	snprintf(path, PATH_MAX, "%s/%s", workshop->folder, name);
	return path;
}

static void close_workshop(const struct workshop *workshop)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < COUNT(files); i++)
		unlink(name_in(workshop, files[i], path));
	for (i = COUNT(folders); i-- > 0;)
		rmdir(name_in(workshop, folders[i], path));
	rmdir(workshop->folder);
}

static int open_workshop(struct workshop *workshop, struct error *error)
{
	const char *place = getenv("TMPDIR");
	const char *date = getenv("SOURCE_DATE_EPOCH");
	char path[PATH_MAX];
	size_t i;

	snprintf(workshop->date, sizeof(workshop->date), "%llu",
		 date && date[0] ? strtoull(date, NULL, 10) : DATE);
	snprintf(workshop->folder, sizeof(workshop->folder), "%s/ring0-iso-XXXXXX",
		 place && place[0] ? place : "/tmp");
	if (!mkdtemp(workshop->folder))
		return error_set(error, errno, "a folder %.300s: %s", workshop->folder,
				 strerror(errno));
	for (i = 0; i < COUNT(folders); i++)
		if (mkdir(name_in(workshop, folders[i], path), 0700)) {
			int err = error_set(error, errno, "a folder %.300s: %s", path,
					    strerror(errno));

			close_workshop(workshop);
			return err;
		}
	return 0;
}

static int put(const struct workshop *workshop, const char *name, const void *bytes, size_t size,
	       struct error *error)
{
	char path[PATH_MAX];

	return image_file_write(name_in(workshop, name, path), bytes, size, error);
}

/* Run a command, with up to 30 words. */
static int run(const struct workshop *workshop, const char *const *words, struct error *error)
{
	char shell[] = "sh", option[] = "-c", script[] = AS_ALWAYS, *output = NULL;
	char *argv[40] = { shell, option, script, (char *)(uintptr_t)workshop->date };
	struct error own = { "" };
	size_t count = 4;
	int err;

	while (*words && count + 1 < COUNT(argv))
		argv[count++] = (char *)(uintptr_t)*words++;
	err = helper_process_run(argv, STDIN_FILENO, LIMIT_MS, &output, &own);
	if (err && output && output[0])
		error_set(error, -err, "%.*s: " NEEDED, (int)strcspn(output, "\n"), output);
	else if (err)
		error_set(error, -err, "%s: %s", argv[4], own.text);
	free(output);
	return err;
}

#define RUN(workshop, error, ...) run(workshop, (const char *const[]){ __VA_ARGS__, NULL }, error)

static int make_core(const struct workshop *workshop, struct error *error)
{
	char commands[PATH_MAX], core[PATH_MAX];
	int err = put(workshop, "commands", CORE_COMMANDS, strlen(CORE_COMMANDS), error);

	if (err)
		return err;
	return RUN(workshop, error, "grub-mkimage", "-O", "i386-pc-eltorito", "-p", "/boot", "-c",
		   name_in(workshop, "commands", commands), "-o",
		   name_in(workshop, "tree/boot/core.img", core), "biosdisk", "iso9660",
		   "multiboot2", "boot");
}

static int make_fat(const struct workshop *workshop, const uint8_t *application, size_t size,
		    struct error *error)
{
	const size_t whole = size + FAT_OVERHEAD(size);
	char fat[PATH_MAX], file[PATH_MAX], sectors[32];
	int err;

	if (whole > FAT_MAX)
		return error_set(
			error, EFBIG,
			"the program has %zu MiB, and El Torito can describe no more than %u: write "
			"an ELF kernel or an .efi instead",
			size >> 20, FAT_MAX >> 20);
	snprintf(sectors, sizeof(sectors), "%zu", (whole + SECTOR - 1) / SECTOR);
	name_in(workshop, "tree/boot/efi.img", fat);
	name_in(workshop, "application", file);
	err = put(workshop, "application", application, size, error);
	if (!err)
		err = RUN(workshop, error, "mformat", "-C", "-i", fat, "-T", sectors, "-h", "16",
			  "-s", "63", "-N", "0", "::");
	if (!err)
		err = RUN(workshop, error, "mmd", "-i", fat, "::/EFI", "::/EFI/BOOT");
	if (!err)
		err = RUN(workshop, error, "mcopy", "-i", fat, file, "::/EFI/BOOT/BOOTX64.EFI");
	return err;
}

/* The file system has them, as they are. */
static void set_dates(const struct workshop *workshop)
{
	const struct timespec date = { .tv_sec = (time_t)strtoull(workshop->date, NULL, 10) };
	const struct timespec dates[] = { date, date };
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < COUNT(files); i++)
		utimensat(AT_FDCWD, name_in(workshop, files[i], path), dates, 0);
	for (i = COUNT(folders); i-- > 0;)
		utimensat(AT_FDCWD, name_in(workshop, folders[i], path), dates, 0);
}

static int make_iso(const struct workshop *workshop, struct error *error)
{
	char tree[PATH_MAX], iso[PATH_MAX];

	set_dates(workshop);
	return RUN(workshop, error, "xorriso", "-report_about", "FAILURE", "-as", "mkisofs", "-V",
		   "RING0", "-b", "boot/core.img", "-no-emul-boot", "-boot-load-size", "4",
		   "-boot-info-table", "--grub2-boot-info", "--grub2-mbr", DISK_RECORD,
		   "-eltorito-alt-boot", "-e", "boot/efi.img", "-no-emul-boot",
		   "-isohybrid-gpt-basdat", "-o", name_in(workshop, "iso", iso),
		   name_in(workshop, "tree", tree));
}

int image_iso_make(const uint8_t *image, size_t image_size, const uint8_t *application,
		   size_t application_size, uint8_t **iso, size_t *size, struct error *error)
{
	struct workshop workshop = { .date = "" };
	char path[PATH_MAX];
	int err = open_workshop(&workshop, error);

	if (err)
		return err;
	err = put(&workshop, "tree/boot/image", image, image_size, error);
	if (!err)
		err = make_core(&workshop, error);
	if (!err)
		err = make_fat(&workshop, application, application_size, error);
	if (!err)
		err = make_iso(&workshop, error);
	if (!err)
		err = image_file_read(name_in(&workshop, "iso", path), iso, size, error);
	close_workshop(&workshop);
	return err;
}
