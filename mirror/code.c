/* SPDX-License-Identifier: MIT */
/* Reading and changing code, page by page. */
#include "mirror/code.h"
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static uint64_t root_of(const struct mirror *mirror, enum code_of whose)
{
	return whose == CODE_OF_RING_0 ? mirror->root : mirror->user_root;
}

static size_t left_in_page(uint64_t address, size_t size)
{
	size_t left = PAGE_SIZE - (address & (PAGE_SIZE - 1));

	return size < left ? size : left;
}

/* Code of a mapping that is shown as it is: the process's own. */
static bool read_process(uint64_t address, void *to, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

size_t code_read(const struct mirror *mirror, enum code_of whose, uint64_t address, void *to,
		 size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t step = left_in_page(address + done, size - done);
		const uint8_t *frame;
		r0_gpa physical;

		if (!page_table_walk(&mirror->frames, root_of(mirror, whose), gva(address + done),
				     &physical, NULL))
			break;
		frame = frames_at(&mirror->frames, physical.value);
		if (frame)
			memcpy((uint8_t *)to + done, frame + (physical.value & (PAGE_SIZE - 1)),
			       step);
		else if (!read_process(address + done, (uint8_t *)to + done, step))
			break;
		done += step;
	}
	return done;
}

/* Into one view of it, where the pages are in these frames; `touch` if a reset is to undo it. */
static int write_to(const struct frames *frames, uint64_t root, bool touch, uint64_t address,
		    const void *from, size_t size)
{
	size_t done, step;

	for (done = 0; done < size; done += step) {
		r0_gpa physical;
		uint8_t *frame;

		step = left_in_page(address + done, size - done);
		if (!page_table_walk(frames, root, gva(address + done), &physical, NULL))
			return -EFAULT;
		frame = frames_at(frames, physical.value);
		if (!frame)
			return -EFAULT;
		memcpy(frame + (physical.value & (PAGE_SIZE - 1)), (const uint8_t *)from + done,
		       step);
		/* Of instructions that were executed there before. */
		__builtin___clear_cache((char *)frame, (char *)frame + PAGE_SIZE);
		if (touch)
			frames_touch(frames, physical.value, step);
	}
	return 0;
}

int code_write(struct mirror *mirror, enum code_of whose, uint64_t address, const void *from,
	       size_t size)
{
	return write_to(&mirror->frames, root_of(mirror, whose), false, address, from, size);
}

int code_change(struct memory *memory, uint64_t address, const void *from, size_t size)
{
	const struct mirror *mirror = memory->mirror;
	int err = write_to(&memory->frames, mirror->root, true, address, from, size);

	if (!err)
		err = write_to(&memory->frames, mirror->user_root, true, address, from, size);
	return err;
}
