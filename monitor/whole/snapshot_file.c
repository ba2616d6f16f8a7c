/* SPDX-License-Identifier: MIT */
/*
 * Full snapshots in files. A head; the text that describes the CPUs; for each CPU whether it is halted and has an entry, the size of its
 * state and that; likewise the interrupt controllers' state and the devices' registers; and pages with
 * their numbers, in ascending order. All of it little-endian words, under one checksum. Nothing is
 * believed that was not checked: a file may be anything.
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
#include "monitor/whole/snapshot.h"

#define MAGIC "ring0 VM snapshot\n"
#define VERSION \
	3 /* 2: with the state of hypervisors in the guest; 3: with time, features and form */

/* No part but memory is as large as that. */
#define PART_MAX (64u << 20)

/* A page at a time is too little for the kernel to be asked for. */
#define BUFFER_SIZE (1u << 20)

struct file_head {
	char magic[24];
	uint32_t version;
	uint32_t architecture;
	uint64_t size;	   /* of the file */
	uint64_t checksum; /* of the head, with 0 here, and of all that follows */
	struct snapshot_shape shape;
	uint64_t page_count;
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

static void put_body(struct writer *writer, const struct r0_vm_snapshot *snapshot)
{
	uint64_t pages = snapshot->shape.memory / PAGE_SIZE, page;
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
	put_state(writer, vm_state_size(), save_chips, snapshot->chips);
	put(writer, snapshot->devices, snapshot->shape.devices_size);
	for (page = 0; page < pages; page++) {
		if (!snapshot_has_page(snapshot, page))
			continue;
		put(writer, &page, sizeof(page));
		put(writer, snapshot->memory + page * PAGE_SIZE, PAGE_SIZE);
	}
}

static uint64_t count_pages(const struct r0_vm_snapshot *snapshot)
{
	size_t words = snapshot_words(snapshot), i;
	uint64_t count = 0;

	for (i = 0; i < words; i++)
		count += (uint64_t)__builtin_popcountll(snapshot->present[i]);
	return count;
}

static int write_all(const struct r0_vm_snapshot *snapshot, FILE *file)
{
	struct file_head head = make_head(&snapshot->shape);
	struct writer sums = { .checksum = CHECKSUM_START }, writer = { .file = file };

	head.page_count = count_pages(snapshot);
	/* The size is under the checksum, too. */
	put_body(&sums, snapshot);
	head.size = sizeof(head) + sums.size;
	sums.checksum = checksum(CHECKSUM_START, &head, sizeof(head));
	put_body(&sums, snapshot);
	head.checksum = sums.checksum;
	errno = 0;
	put(&writer, &head, sizeof(head));
	put_body(&writer, snapshot);
	if (sums.err)
		return sums.err;
	if (!writer.err && (fflush(file) != 0 || fdatasync(fileno(file)) != 0))
		writer.err = -errno;
	return writer.err;
}

int r0_vm_snapshot_save(const struct r0_vm_snapshot *snapshot, const char *path,
			struct r0_error *error)
{
	size_t size = strlen(path) + sizeof(".XXXXXX");
	char *temporary = malloc(size);
	FILE *file = NULL;
	int fd = -1, err = -ENOMEM;

	if (!temporary)
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
	err = write_all(snapshot, file);
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
	    head->page_count > shape->memory / PAGE_SIZE)
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
	void *bytes = NULL;
	int err = get_part(reader, vm_state_size(), &bytes);

	if (err)
		return err;
	err = vm_state_load(&snapshot->chips, bytes, vm_state_size(), reader->error);
	free(bytes);
	return err;
}

static int read_pages(struct reader *reader, struct r0_vm_snapshot *snapshot, uint64_t count)
{
	uint64_t pages = snapshot->shape.memory / PAGE_SIZE, next = 0, number = 0;
	int err;

	for (; count; count--, next = number + 1) {
		err = get(reader, &number, sizeof(number));
		if (err)
			return err;
		if (number < next || number >= pages)
			return damaged(reader, "a page is where none can be");
		err = get(reader, snapshot->memory + number * PAGE_SIZE, PAGE_SIZE);
		if (err)
			return err;
		bitmap_set(snapshot->present, number);
	}
	return 0;
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
		err = read_pages(reader, snapshot, head.page_count);
	if (!err && (reader->left || reader->checksum != sum))
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
