/* SPDX-License-Identifier: MIT */
/* The virtio block device. Section numbers are VIRTIO 1.2's. */
#include "devices/virtio/virtio_block.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/container_of.h"
#include "devices/virtio/virtio_mmio.h"

#define DEVICE_ID 2

/* Features (5.2.3). */
#define F_SEG_MAX  (1ull << 2)
#define F_RO	   (1ull << 5)
#define F_BLK_SIZE (1ull << 6)
#define F_FLUSH	   (1ull << 9)

/* Requests and their status (5.2.6). */
#define TYPE_IN	    0
#define TYPE_OUT    1
#define TYPE_FLUSH  4
#define TYPE_GET_ID 8

#define STATUS_OK     0
#define STATUS_IOERR  1
#define STATUS_UNSUPP 2

struct header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

/* A request's data: where it is in the chain, and in the file. */
struct transfer {
	const struct virtqueue_chain *chain;
	bool from_file;
	uint64_t chain_offset, file_offset, length;
};

static bool is_regular(int fd, uint64_t *size)
{
	struct stat stat;

	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode))
		return false;
	*size = (uint64_t)stat.st_size;
	return true;
}

/* All or nothing: a file that ends within the transfer, or an error of the host's, is a failure. */
static bool move(int fd, const struct transfer *transfer)
{
	struct iovec slice[VIRTQUEUE_SIZE_MAX];
	uint64_t done = 0, size;
	ssize_t part;
	int count;

	/* A write would lengthen a file that was cut short. */
	if (!transfer->from_file && is_regular(fd, &size) &&
	    !range_holds(0, size, transfer->file_offset, transfer->length))
		return false;
	while (done < transfer->length) {
		off_t at = (off_t)(transfer->file_offset + done);

		count = virtqueue_slice(transfer->chain, transfer->from_file,
					transfer->chain_offset + done, transfer->length - done,
					slice);
		part = transfer->from_file ? preadv(fd, slice, count, at) :
					     pwritev(fd, slice, count, at);
		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0)
			return false;
		done += (uint64_t)part;
	}
	return true;
}

/* Whether the data are whole sectors within the device (5.2.6.1, 5.2.6.2). */
static bool place(const struct virtio_block *block, uint64_t sector, struct transfer *transfer)
{
	uint64_t sectors = transfer->length / VIRTIO_BLOCK_SECTOR;

	if (transfer->length % VIRTIO_BLOCK_SECTOR ||
	    !range_holds(0, block->registers.config.capacity, sector, sectors) ||
	    !range_holds(0, INT64_MAX / VIRTIO_BLOCK_SECTOR, sector, sectors))
		return false;
	transfer->file_offset = sector * VIRTIO_BLOCK_SECTOR;
	return true;
}

static bool negotiated(const struct virtio_block *block, uint64_t feature)
{
	return block->registers.common.driver_features & feature;
}

static uint8_t block_read(const struct virtio_block *block, const struct header *header,
			  const struct virtqueue_chain *chain)
{
	struct transfer transfer = { .chain = chain,
				     .from_file = true,
				     .length = chain->writable_size - 1 };

	if (!place(block, header->sector, &transfer) || !move(block->fd, &transfer))
		return STATUS_IOERR;
	return STATUS_OK;
}

static uint8_t block_write(const struct virtio_block *block, const struct header *header,
			   const struct virtqueue_chain *chain)
{
	struct transfer transfer = { .chain = chain,
				     .chain_offset = sizeof(*header),
				     .length = chain->readable_size - sizeof(*header) };

	if (block->read_only || !place(block, header->sector, &transfer) ||
	    !move(block->fd, &transfer))
		return STATUS_IOERR;
	/* A driver that can't flush finds every write on the disk (5.2.6.2). */
	if (!negotiated(block, F_FLUSH) && fdatasync(block->fd))
		return STATUS_IOERR;
	return STATUS_OK;
}

/* Serve a request. Sets `written` to the data bytes that are good. */
static uint8_t serve_request(const struct virtio_block *block, const struct header *header,
			     const struct virtqueue_chain *chain, uint64_t *written)
{
	uint8_t status;

	*written = 0;
	switch (header->type) {
	case TYPE_IN:
		status = block_read(block, header, chain);
		if (status == STATUS_OK)
			*written = chain->writable_size - 1;
		return status;
	case TYPE_OUT:
		return block_write(block, header, chain);
	case TYPE_FLUSH:
		if (!negotiated(block, F_FLUSH))
			return STATUS_UNSUPP;
		return fdatasync(block->fd) ? STATUS_IOERR : STATUS_OK;
	case TYPE_GET_ID:
		if (chain->writable_size - 1 < sizeof(block->id))
			return STATUS_IOERR;
		*written = virtqueue_store(chain, 0, block->id, sizeof(block->id));
		return STATUS_OK;
	default:
		return STATUS_UNSUPP;
	}
}

static int64_t block_serve(struct virtio *virtio, unsigned int queue,
			   const struct virtqueue_chain *chain)
{
	const struct virtio_block *block = container_of(virtio, struct virtio_block, virtio);
	struct header header;
	uint64_t written;
	uint8_t status;

	(void)queue;
	if (virtqueue_load(chain, 0, &header, sizeof(header)) != sizeof(header) ||
	    !chain->writable_size)
		return -VIRTQUEUE_BAD_REQUEST;
	status = serve_request(block, &header, chain, &written);
	/* The last writable byte (5.2.6). */
	virtqueue_store(chain, chain->writable_size - 1, &status, 1);
	/* What is promised as written starts at the first byte (2.7.8.2): not beyond a hole. */
	return (int64_t)(written + 1 == chain->writable_size ? chain->writable_size : written);
}

static const struct virtio_ops block_virtio_ops = {
	.name = "virtio block",
	.device_id = DEVICE_ID,
	.queues = 1,
	.serve = block_serve,
};

static const struct dev_ops block_ops = {
	.name = "virtio block",
	.reset = virtio_mmio_reset,
	.read = virtio_mmio_read,
	.write = virtio_mmio_write,
	.restored = virtio_mmio_restored,
};

/* lseek() knows block devices' size, too; the position is of no use here. */
static int measure(struct virtio_block *block, struct error *error)
{
	off_t size = lseek(block->fd, 0, SEEK_END);

	if (size < 0)
		return error_set(error, errno, "asking for the size of a disk's file failed: %s",
				 strerror(errno));
	block->registers.config.capacity = (uint64_t)size / VIRTIO_BLOCK_SECTOR;
	return 0;
}

/* What the guest may do has to be what the file allows: else its every request would fail. */
static int check_access(const struct virtio_block *block, struct error *error)
{
	int mode = fcntl(block->fd, F_GETFL) & O_ACCMODE;

	if (mode == O_WRONLY)
		return error_set(
			error, EACCES,
			"a disk's file is open for writing only: open it for reading, too");
	if (mode == O_RDONLY && !block->read_only)
		return error_set(
			error, EACCES,
			"a disk's file is open for reading only: open it for writing, too, "
			"or attach the disk read-only");
	return 0;
}

int virtio_block_init(struct virtio_block *block, const struct virtio_options *options,
		      const struct virtio_block_options *file, struct error *error)
{
	uint64_t features = F_SEG_MAX | F_BLK_SIZE | F_FLUSH;
	int err;

	*block = (struct virtio_block){
		.virtio = { .dev.ops = &block_ops,
			    .config = &block->registers.config,
			    .config_size = sizeof(block->registers.config) },
		/* Beside the data, header and status. */
		.registers.config = { .seg_max = VIRTQUEUE_SIZE_MAX - 2,
				      .blk_size = VIRTIO_BLOCK_SECTOR },
		.fd = file->fd,
		.read_only = file->read_only,
	};
	if (file->id)
		memcpy(block->id, file->id, strnlen(file->id, sizeof(block->id)));
	virtio_init(&block->virtio, &block_virtio_ops, options, &block->registers,
		    sizeof(block->registers), file->read_only ? features | F_RO : features);
	virtio_reset(&block->virtio);
	err = measure(block, error);
	return err ? err : check_access(block, error);
}
