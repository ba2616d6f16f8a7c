/* SPDX-License-Identifier: MIT */
/* From a program to a file, by way of another process. */
#include "image/image.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "image/cpu_demands.h"
#include "image/elf.h"
#include "image/file.h"
#include "image/fresh_process.h"
#include "image/frozen.h"
#include "image/iso.h"
#include "image/noise.h"
#include "image/pack.h"
#include "image/payload.h"
#include "image/pe.h"

/* What ends up next to the file until it is whole. */
#define UNFINISHED ".%d.unfinished"

bool image_is_wanted(void)
{
	return getenv(FRESH_PROCESS_VARIABLE);
}

static unsigned int most_cpus(const struct plan *plan)
{
	unsigned int cpus = 1;
	size_t i;

	for (i = 0; i < plan->count; i++)
		if (plan->cases[i].test->options.cpus > cpus)
			cpus = plan->cases[i].test->options.cpus;
	return cpus;
}

int image_hand_over(const struct plan *plan, struct error *error)
{
	const char *fd = getenv(FRESH_PROCESS_VARIABLE), *words = getenv(FRESH_PROCESS_WORDS);
	struct noise_ranges ranges;
	struct frozen frozen;
	uint8_t *payload;
	size_t size;
	int err = frozen_take(&frozen, most_cpus(plan), error);

	if (err)
		return err;
	err = payload_make(&frozen, plan, words ? words : "", &payload, &size, error);
	if (!err) {
		int out = fd ? (int)strtol(fd, NULL, 10) : -1;

		noise_find(&ranges);
		err = image_file_put(out, &ranges, sizeof(ranges));
		if (!err)
			err = image_file_put(out, payload, size);
		free(payload);
		if (err)
			error_set(error, -err, "handing the image over: %s", strerror(-err));
	}
	frozen_finish(&frozen);
	return err;
}

/* What a program has handed over. */
struct handed {
	struct noise_ranges *ranges;
	uint8_t *payload; /* behind them */
	size_t size;
};

static int read_back(int fd, struct handed *handed, struct error *error)
{
	uint8_t *bytes;
	size_t size;
	int err = image_file_take(fd, "the image that was handed over", &bytes, &size, error);

	if (err)
		return err;
	if (size <= sizeof(struct noise_ranges)) {
		free(bytes);
		return error_set(
			error, EPROTO,
			"the program ended without an image: does its main() call r0_main()?");
	}
	*handed = (struct handed){
		.ranges = (struct noise_ranges *)bytes,
		.payload = bytes + sizeof(struct noise_ranges),
		.size = size - sizeof(struct noise_ranges),
	};
	return 0;
}

/* Start the program, and take what it hands over; handed->ranges is for free(). */
static int take(struct handed *handed, const char *words, const char **varies, struct error *error)
{
	int fd = memfd_create("ring0-image", MFD_CLOEXEC), err;

	if (fd < 0)
		return error_set(error, errno, "a memfd for the image: %s", strerror(errno));
	err = fresh_process_run(fd, words, varies, error);
	if (!err)
		err = read_back(fd, handed, error);
	close(fd);
	return err;
}

/*
 * As a whole or not at all: two that write the same file at once leave one of both. But a device or a pipe is written to:
 * a file in its place is not what anybody wants, least of all root.
 */
static int put_file(const char *file, const uint8_t *bytes, size_t size, struct error *error)
{
	struct stat there;
	char *unfinished;
	int err;

	if (!stat(file, &there) && !S_ISREG(there.st_mode))
		return image_file_write(file, bytes, size, error);
	if (asprintf(&unfinished, "%s" UNFINISHED, file, (int)getpid()) < 0)
		return error_set(error, ENOMEM, "no memory for a file's name");
	err = image_file_write(unfinished, bytes, size, error);
	if (!err && rename(unfinished, file))
		err = error_set(error, errno, "writing %.300s: %s", file, strerror(errno));
	if (err)
		unlink(unfinished);
	free(unfinished);
	return err;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && !strcmp(text + length - end_length, end);
}

/* What the file's name says that it is to be. */
static int make_file(const char *file, const struct handed *handed, uint8_t **bytes, size_t *size,
		     struct error *error)
{
	uint8_t *image, *application;
	size_t image_size, application_size;
	int err = image_elf_make(handed->payload, handed->size, &image, &image_size, error);

	if (err)
		return err;
	if (!ends_in(file, ".efi") && !ends_in(file, ".iso")) {
		*bytes = image;
		*size = image_size;
		return 0;
	}
	err = image_pe_make(image, image_size, &application, &application_size, error);
	if (err)
		goto free;
	if (ends_in(file, ".efi")) {
		*bytes = application;
		*size = application_size;
		goto free;
	}
	err = image_iso_make(image, image_size, application, application_size, bytes, size, error);
	free(application);
free:
	free(image);
	return err;
}

int image_write(const char *file, const struct image_wish *wish, struct error *error)
{
	struct handed first = { 0 }, second = { 0 };
	const char *varies = NULL;
	char *chosen = NULL;
	uint8_t *image = NULL, *packed = NULL;
	size_t size;
	long differ = 0;
	int err = take(&first, wish->words, &varies, error);

	if (!err)
		err = take(&second, wish->words, &varies, error);
	if (!err)
		differ = noise_remove(first.payload, first.size, second.payload, second.size,
				      first.ranges);
	if (!err && wish->packed)
		err = pack_payload(first.payload, &packed, &first.size, error);
	if (packed)
		first.payload = packed;
	if (!err)
		err = make_file(file, &first, &image, &size, error);
	if (!err)
		err = put_file(file, image, size, error);
	if (!err && differ)
		fprintf(stderr,
			"%s: the image will differ next time: the program has other memory each time it "
			"starts%s%s\n",
			program_invocation_short_name, varies ? "; and " : "",
			varies ? varies : "");
	if (!err && (chosen = cpu_demands_chosen()))
		fprintf(stderr,
			"%s: the image may need this host's CPU: %s has functions that are chosen by it "
			"(IFUNC)\n",
			program_invocation_short_name, chosen);
	free(chosen);
	free(image);
	free(packed);
	free(first.ranges);
	free(second.ranges);
	return err;
}
