/* SPDX-License-Identifier: MIT */
/*
 * Full snapshots in files. A head; the text that describes the CPUs; for each CPU whether it is halted and has an
 * entry, the size of its state and that; likewise the interrupt controllers' state and the devices' registers; a bit
 * for each page, whether it has content; zeros up to a whole page; and all of memory, with holes for the pages
 * without. All of it little-endian words. What comes before memory is under one checksum, which is looked at when the
 * file is read: nothing of it is believed that was not checked, as a file may be anything. Memory is mapped, not read;
 * its checksum is for r0_vm_snapshot_check().
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/bitmap.h"
#include "base/checksum.h"
#include "kvm/state/state_bytes.h"
#include "monitor/whole/snapshot_memory.h"

#define MAGIC "ring0 VM snapshot\n"
/* 2: with the state of hypervisors in the guest; 3: with time, features and form; 4: with memory to be mapped */
#define VERSION 4

/* No part but memory is as large as that. */
#define PART_MAX (64u << 20)

/* A page at a time is too little for the kernel to be asked for. */
#define BUFFER_SIZE (1u << 20)

struct file_head {
	char magic[24];
	uint32_t version;
	uint32_t architecture;
	uint64_t size;	   /* of the file */
	uint64_t checksum; /* of the head, with 0 here, and of all up to memory */
	struct snapshot_shape shape;
	uint64_t memory_at;	  /* where in the file it begins: a whole page */
	uint64_t memory_checksum; /* of the pages with content, in ascending order */
};

struct cpu_head {
	uint32_t halted, has_entry;
	uint64_t size;
};

static struct file_head make_head(const struct snapshot_shape *shape)
{
	struct file_head head = {
		.magic = MAGIC,
		.version = VERSION,
		.architecture = state_architecture(),
		.shape = *shape,
	};

	return head;
}

/* Writing: first only summed up, then in earnest. */
struct writer {
	FILE *file; /* NULL to sum up */
	uint64_t size, checksum;
	int err;
};

static void put(struct writer *writer, const void *data, size_t size)
{
	writer->size += size;
	writer->checksum = checksum(writer->checksum, data, size);
	if (writer->file && !writer->err && size && fwrite(data, size, 1, writer->file) != 1)
		writer->err = errno ? -errno : -EIO;
}

static void put_state(struct writer *writer, size_t size,
		      void (*save)(const void *state, void *bytes), const void *state)
{
	void *bytes = malloc(size + 1);

	if (!bytes) {
		writer->err = -ENOMEM;
		return;
	}
	save(state, bytes);
	put(writer, bytes, size);
	free(bytes);
}

static void save_cpu(const void *state, void *bytes)
{
	vcpu_state_save(state, bytes);
}

static void save_chips(const void *state, void *bytes)
{
	vm_state_save(state, bytes);
}

static void put_body(struct writer *writer, const struct r0_vm_snapshot *snapshot,
		     const uint64_t *present)
{
	uint32_t i;

	put(writer, snapshot->cpu_text, snapshot->shape.cpu_size);
	for (i = 0; i < snapshot->shape.cpus; i++) {
		const struct cpu_head head = {
			.halted = snapshot->halted[i],
			.has_entry = snapshot->has_entry[i],
			.size = vcpu_state_size(snapshot->cpus[i]),
		};

		put(writer, &head, sizeof(head));
		put_state(writer, head.size, save_cpu, snapshot->cpus[i]);
	}
	put_state(writer, vm_state_size(snapshot->shape.cpus, snapshot->shape.irqchip), save_chips,
		  snapshot->chips);
	put(writer, snapshot->devices, snapshot->shape.devices_size);
	put(writer, present, snapshot_words(snapshot) * sizeof(uint64_t));
}

/* Of the pages with a bit in `present`. */
static uint64_t sum_pages(const struct r0_vm_snapshot *snapshot, const uint64_t *present)
{
	const uint64_t pages = snapshot->shape.memory / PAGE_SIZE;
	uint64_t sum = CHECKSUM_START, page;

	for (page = 0; page < pages; page++)
		if (bitmap_has(present, page))
			sum = checksum(sum, snapshot_page(snapshot, page), PAGE_SIZE);
	return sum;
}

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, PAGE_SIZE - 1);
}

/* The pages that are not zero: a bit each. NULL if there is no memory. */
static uint64_t *find_content(const struct r0_vm_snapshot *snapshot)
{
	uint64_t *present = calloc(snapshot_words(snapshot), sizeof(uint64_t)), page;

	for (page = 0; present && page < snapshot->shape.memory / PAGE_SIZE; page++)
		if (snapshot_has_page(snapshot, page) && !is_zero(snapshot_page(snapshot, page)))
			bitmap_set(present, page);
	return present;
}

/* In runs; what is between them stays a hole. */
static int write_pages(const struct r0_vm_snapshot *snapshot, const uint64_t *present, int fd,
		       uint64_t at)
{
	const uint64_t pages = snapshot->shape.memory / PAGE_SIZE;
	uint64_t first, end;

	for (first = 0; first < pages; first = end) {
		uint64_t done = first * PAGE_SIZE;

		end = first + 1;
		if (!bitmap_has(present, first))
			continue;
		while (end < pages && bitmap_has(present, end))
			end++;
		while (done < end * PAGE_SIZE) {
			ssize_t put = pwrite(fd, snapshot->memory + done, end * PAGE_SIZE - done,
					     (off_t)(at + done));

			if (put < 0 && errno != EINTR)
				return -errno;
			done += put > 0 ? (uint64_t)put : 0;
		}
	}
	return ftruncate(fd, (off_t)(at + snapshot->shape.memory)) != 0 ? -errno : 0;
}

static int write_all(const struct r0_vm_snapshot *snapshot, const uint64_t *present, FILE *file)
{
	struct file_head head = make_head(&snapshot->shape);
	struct writer sums = { .checksum = CHECKSUM_START }, writer = { .file = file };

	/* The size is under the checksum, too. */
	put_body(&sums, snapshot, present);
	head.memory_at = page_ceiling(sizeof(head) + sums.size);
	head.memory_checksum = sum_pages(snapshot, present);
	head.size = head.memory_at + snapshot->shape.memory;
	sums.checksum = checksum(CHECKSUM_START, &head, sizeof(head));
	put_body(&sums, snapshot, present);
	head.checksum = sums.checksum;
	errno = 0;
	put(&writer, &head, sizeof(head));
	put_body(&writer, snapshot, present);
	if (sums.err)
		return sums.err;
	if (!writer.err && fflush(file) != 0)
		writer.err = -errno;
	if (!writer.err)
		writer.err = write_pages(snapshot, present, fileno(file), head.memory_at);
	if (!writer.err && fdatasync(fileno(file)) != 0)
		writer.err = -errno;
	return writer.err;
}

int r0_vm_snapshot_save(const struct r0_vm_snapshot *snapshot, const char *path,
			struct r0_error *error)
{
	size_t size = strlen(path) + sizeof(".XXXXXX");
	char *temporary = malloc(size);
	uint64_t *present = find_content(snapshot);
	FILE *file = NULL;
	int fd = -1, err = -ENOMEM;

	if (!temporary || !present)
		goto out;
	snprintf(temporary, size, "%s.XXXXXX", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		err = -errno;
		if (fd >= 0)
			unlink(temporary);
		goto out;
	}
	setvbuf(file, NULL, _IOFBF, BUFFER_SIZE);
	err = write_all(snapshot, present, file);
	if (!err)
		err = memory_base_lost(snapshot->base, monitor_error(error));
	if (fclose(file) != 0 && !err)
		err = -errno;
	fd = -1;
	if (!err && rename(temporary, path) != 0)
		err = -errno;
	if (err)
		unlink(temporary);
out:
	if (fd >= 0)
		close(fd);
	free(temporary);
	free(present);
	if (err)
		return error_set(monitor_error(error), -err,
				 "writing the snapshot to %s failed: %s", path, strerror(-err));
	return 0;
}

struct reader {
	FILE *file;
	uint64_t left; /* bytes */
	uint64_t checksum;
	struct error *error;
};

static int damaged(struct reader *reader, const char *what)
{
	return error_set(reader->error, EBADMSG, "the snapshot is damaged: %s", what);
}

static int get(struct reader *reader, void *data, uint64_t size)
{
	if (size > reader->left)
		return damaged(reader, "it ends before its last part");
	if (size && fread(data, size, 1, reader->file) != 1)
		return damaged(reader, "it can't be read to its end");
	reader->left -= size;
	reader->checksum = checksum(reader->checksum, data, size);
	return 0;
}

/* A part of a size that the file gave; freed by the caller. */
static int get_part(struct reader *reader, uint64_t size, void **data)
{
	int err;

	if (size > PART_MAX)
		return damaged(reader, "a part is larger than any");
	*data = malloc(size + 1);
	if (!*data)
		return error_set(reader->error, ENOMEM, "no memory for a snapshot");
	err = get(reader, *data, size);
	if (err)
		free(*data);
	return err;
}

static int check_head(const struct file_head *head, uint64_t file_size, struct error *error)
{
	const struct snapshot_shape *shape = &head->shape;

	if (memcmp(head->magic, MAGIC, sizeof(MAGIC)) != 0)
		return error_set(error, EBADMSG, "it is no snapshot");
	if (head->version != VERSION)
		return error_set(error, EPROTONOSUPPORT,
				 "the snapshot is of version %u; this is version %d", head->version,
				 VERSION);
	if (head->architecture != state_architecture())
		return error_set(error, EPROTONOSUPPORT,
				 "the snapshot is of another architecture (ELF machine %u)",
				 head->architecture);
	if (head->size != file_size)
		return error_set(error, EBADMSG,
				 "the snapshot is damaged: it has %" PRIu64 " bytes, not %" PRIu64,
				 file_size, head->size);
	if (!shape->cpus || shape->cpus > R0_VM_CPUS_MAX || shape->irqchip > 2 || shape->pit > 1 ||
	    !shape->memory || shape->memory % PAGE_SIZE || shape->memory > GUEST_MEMORY_MAX ||
	    shape->devices_size > PART_MAX || shape->cpu_size > CPU_TEXT_MAX ||
	    head->memory_at % PAGE_SIZE || head->memory_at > file_size ||
	    file_size - head->memory_at != shape->memory)
		return error_set(error, EBADMSG,
				 "the snapshot is damaged: it describes an impossible machine");
	return 0;
}

static int read_cpus(struct reader *reader, struct r0_vm_snapshot *snapshot)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < snapshot->shape.cpus && !err; i++) {
		struct cpu_head head = { 0 };
		void *bytes = NULL;

		err = get(reader, &head, sizeof(head));
		if (!err)
			err = get_part(reader, head.size, &bytes);
		if (err)
			break;
		snapshot->halted[i] = head.halted;
		snapshot->has_entry[i] = head.has_entry;
		err = vcpu_state_load(&snapshot->cpus[i], bytes, head.size, reader->error);
		free(bytes);
	}
	return err;
}

static int read_chips(struct reader *reader, struct r0_vm_snapshot *snapshot)
{
	const size_t size = vm_state_size(snapshot->shape.cpus, snapshot->shape.irqchip);
	void *bytes = NULL;
	int err = get_part(reader, size, &bytes);

	if (err)
		return err;
	err = vm_state_load(&snapshot->chips, bytes, size, reader->error);
	free(bytes);
	return err;
}

/* Which pages there are; what follows up to memory is nothing. */
static int read_present(struct reader *reader, uint64_t *present, uint64_t pages)
{
	static const uint8_t zeros[PAGE_SIZE];
	uint8_t rest[PAGE_SIZE];
	const uint64_t size = bitmap_words(pages) * sizeof(uint64_t), left = reader->left - size;
	int err = get(reader, present, size);

	if (err)
		return err;
	if (pages % 64 && present[pages / 64] >> pages % 64)
		return damaged(reader, "a page is where none can be");
	if (left >= PAGE_SIZE || (left && fread(rest, left, 1, reader->file) != 1) ||
	    memcmp(rest, zeros, left) != 0)
		return damaged(reader, "its memory does not follow");
	reader->left = 0;
	return 0;
}

/* Memory, which is mapped where it is. */
static int take_memory(struct reader *reader, struct r0_vm_snapshot *snapshot,
		       const struct file_head *head)
{
	int fd = fcntl(fileno(reader->file), F_DUPFD_CLOEXEC, 0), err;
	struct memory_base *base;

	if (fd < 0)
		return error_set(reader->error, errno, "%s", strerror(errno));
	base = memory_base_create(fd, head->memory_at, snapshot->shape.memory, true, reader->error);
	if (!base)
		return -ENOMEM;
	err = read_present(reader, memory_base_present(base), snapshot->shape.memory / PAGE_SIZE);
	if (!err)
		err = snapshot_set_base(snapshot, base, reader->error);
	memory_base_release(base);
	snapshot->has_checksum = true;
	snapshot->memory_checksum = head->memory_checksum;
	return err;
}

static int read_all(struct reader *reader, struct r0_vm_snapshot **result)
{
	struct file_head head = { 0 };
	struct r0_vm_snapshot *snapshot;
	uint64_t size = reader->left, sum;
	int err;

	if (size < sizeof(head))
		return error_set(reader->error, EBADMSG, "it is no snapshot: %" PRIu64 " bytes",
				 size);
	err = get(reader, &head, sizeof(head));
	if (!err)
		err = check_head(&head, size, reader->error);
	if (err)
		return err;
	sum = head.checksum;
	head.checksum = 0;
	reader->checksum = checksum(CHECKSUM_START, &head, sizeof(head));
	if (head.memory_at < sizeof(head))
		return damaged(reader, "its memory is where its head is");
	reader->left = head.memory_at - sizeof(head);
	snapshot = snapshot_allocate(&head.shape, reader->error);
	if (!snapshot)
		return -ENOMEM;
	err = get(reader, snapshot->cpu_text, head.shape.cpu_size);
	if (!err)
		err = read_cpus(reader, snapshot);
	if (!err)
		err = read_chips(reader, snapshot);
	if (!err)
		err = get(reader, snapshot->devices, head.shape.devices_size);
	if (!err)
		err = take_memory(reader, snapshot, &head);
	if (!err && reader->checksum != sum)
		err = damaged(reader, "its checksum does not match");
	if (err)
		r0_vm_snapshot_destroy(snapshot);
	else
		*result = snapshot;
	return err;
}

int r0_vm_snapshot_load(struct r0_vm_snapshot **snapshot, const char *path, struct r0_error *error)
{
	struct error why = { "" };
	struct reader reader = { .error = &why, .file = fopen(path, "re") };
	struct stat status;
	int err;

	if (!reader.file || fstat(fileno(reader.file), &status) != 0) {
		err = -errno;
		error_set(&why, -err, "%s", strerror(-err));
	} else if (!S_ISREG(status.st_mode)) {
		err = error_set(&why, EBADMSG, "it is no file");
	} else {
		reader.left = (uint64_t)status.st_size;
		setvbuf(reader.file, NULL, _IOFBF, BUFFER_SIZE);
		err = read_all(&reader, snapshot);
	}
	if (reader.file)
		fclose(reader.file);
	if (err)
		return error_set(monitor_error(error), -err,
				 "reading the snapshot %s failed: %.400s", path, why.text);
	return 0;
}

/* Whether there is something where there should be nothing. `data` has a bit for each page that the file has. */
static bool has_more(const struct r0_vm_snapshot *snapshot, const uint64_t *data)
{
	uint64_t page;

	for (page = 0; page < snapshot->shape.memory / PAGE_SIZE; page++)
		if (bitmap_has(data, page) && !snapshot_has_page(snapshot, page) &&
		    !is_zero(snapshot->memory + page * PAGE_SIZE))
			return true;
	return false;
}

int r0_vm_snapshot_check(const struct r0_vm_snapshot *snapshot, struct r0_error *error)
{
	uint64_t *data;
	bool damaged;
	int err;

	if (!snapshot->has_checksum)
		return 0;
	data = calloc(snapshot_words(snapshot), sizeof(uint64_t));
	if (!data)
		return error_set(monitor_error(error), ENOMEM, "no memory to check a snapshot");
	err = memory_base_find_data(snapshot->base, data, monitor_error(error));
	damaged = !err && (sum_pages(snapshot, snapshot->present) != snapshot->memory_checksum ||
			   has_more(snapshot, data));
	free(data);
	if (!err)
		err = memory_base_lost(snapshot->base, monitor_error(error));
	if (!err && damaged)
		err = error_set(monitor_error(error), EBADMSG,
				"the snapshot is damaged: its memory is not what was saved");
	return err;
}
