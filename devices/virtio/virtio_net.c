/* SPDX-License-Identifier: MIT */
/* The virtio network device. Section numbers are VIRTIO 1.2's. */
#include "devices/virtio/virtio_net.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/container_of.h"
#include "devices/virtio/virtio_mmio.h"

#define DEVICE_ID 1

/* Features (5.1.3). */
#define F_MAC	 (1ull << 5)
#define F_STATUS (1ull << 16)

#define STATUS_LINK_UP 1

/* Queues (5.1.2). */
enum { RECEIVE, TRANSMIT, QUEUES };

/* Before each frame (5.1.6); since VERSION_1 always with num_buffers. */
struct header {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};

/* Frames taken in one go. */
#define RECEIVED_MAX VIRTQUEUE_SIZE_MAX

static ssize_t send_frame(const struct virtio_net *net, struct iovec *slice, int count)
{
	struct msghdr message = { .msg_iov = slice, .msg_iovlen = (size_t)count };

	/* A peer that is gone is no reason for a signal. */
	if (net->is_socket)
		return sendmsg(net->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	return writev(net->fd, slice, count);
}

/* What the header asks for are offloads, none of which is offered. */
static int64_t net_serve(struct virtio *virtio, unsigned int queue,
			 const struct virtqueue_chain *chain)
{
	struct virtio_net *net = container_of(virtio, struct virtio_net, virtio);
	struct iovec slice[VIRTQUEUE_SIZE_MAX];
	uint64_t length;

	(void)queue;
	if (chain->readable_size < sizeof(struct header))
		return -VIRTQUEUE_BAD_REQUEST;
	length = chain->readable_size - sizeof(struct header);
	if (!length || length > VIRTIO_NET_FRAME_MAX ||
	    send_frame(net, slice,
		       virtqueue_slice(chain, false, sizeof(struct header), length, slice)) < 0)
		net->registers.dropped++;
	return 0;
}

static void net_refilled(struct virtio *virtio, unsigned int queue)
{
	struct virtio_net *net = container_of(virtio, struct virtio_net, virtio);

	(void)queue;
	if (!net->registers.starved)
		return;
	net->registers.starved = 0;
	dev_wake(&virtio->dev);
}

static const struct virtio_ops net_virtio_ops = {
	.name = "virtio net",
	.device_id = DEVICE_ID,
	.queues = QUEUES,
	.filled = 1u << RECEIVE,
	.serve = net_serve,
	.refilled = net_refilled,
};

static const struct dev_ops net_ops = {
	.name = "virtio net",
	.reset = virtio_mmio_reset,
	.read = virtio_mmio_read,
	.write = virtio_mmio_write,
	.restored = virtio_mmio_restored,
};

static int look_at(struct virtio_net *net, struct error *error)
{
	int flags = fcntl(net->fd, F_GETFL), type;
	socklen_t size = sizeof(type);
	struct stat stat;

	if (flags < 0 || fcntl(net->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_set(error, errno, "a network's file descriptor can't be used: %s",
				 strerror(errno));
	net->is_socket = getsockopt(net->fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
	if (net->is_socket && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return error_set(error, EINVAL,
				 "a network needs a socket that keeps frames apart: SOCK_DGRAM or "
				 "SOCK_SEQPACKET");
	/* A tap device is a character device; a file would be read as frames, a pipe mixes them. */
	if (!net->is_socket && (fstat(net->fd, &stat) || !S_ISCHR(stat.st_mode)))
		return error_set(
			error, EINVAL,
			"a network needs a tap device or a socket: this is a file or a pipe");
	return 0;
}

int virtio_net_init(struct virtio_net *net, const struct virtio_options *options, int fd,
		    const uint8_t mac[6], struct error *error)
{
	*net = (struct virtio_net){
		.virtio = { .dev.ops = &net_ops,
			    .config = &net->registers.config,
			    .config_size = sizeof(net->registers.config) },
		.registers.config = { .status = STATUS_LINK_UP },
		.fd = fd,
	};
	memcpy(net->registers.config.mac, mac, sizeof(net->registers.config.mac));
	virtio_init(&net->virtio, &net_virtio_ops, options, &net->registers, sizeof(net->registers),
		    F_MAC | F_STATUS);
	virtio_reset(&net->virtio);
	return look_at(net, error);
}

/*
 * Nothing will ever come: the socket's peer or the tap device is gone. Errors that are told only once,
 * as of a datagram that nobody took, are told by now.
 */
static bool is_gone(const struct virtio_net *net)
{
	struct pollfd fd = { .fd = net->fd };

	return poll(&fd, 1, 0) == 1 && fd.revents & (POLLHUP | POLLERR | POLLNVAL);
}

/* The other end is gone: to the guest, its cable is out. */
static void lose_link(struct virtio_net *net)
{
	net->registers.config.status = 0;
	virtio_config_changed(&net->virtio);
	/* Whoever waits for the descriptor waits no more. */
	dev_wake(&net->virtio.dev);
}

/* Returns whether a frame came, which the guest then has, or which is lost. */
static bool receive_frame(struct virtio_net *net, const struct virtqueue_chain *chain)
{
	const struct header header = { .num_buffers = 1 };
	ssize_t size = read(net->fd, net->frame, sizeof(net->frame));

	if (size <= 0) {
		virtio_leave(&net->virtio, RECEIVE);
		/* Such a descriptor is always ready: whoever waits for it would wait no more. */
		if (is_gone(net))
			lose_link(net);
		return false;
	}
	if (sizeof(header) + (uint64_t)size > chain->writable_size) {
		net->registers.dropped++;
		virtio_leave(&net->virtio, RECEIVE);
		return true;
	}
	virtqueue_store(chain, 0, &header, sizeof(header));
	virtqueue_store(chain, sizeof(header), net->frame, (size_t)size);
	virtio_give(&net->virtio, RECEIVE, chain, (uint32_t)(sizeof(header) + (size_t)size));
	return true;
}

void virtio_net_receive(struct virtio_net *net)
{
	struct virtqueue_chain chain;
	unsigned int left = RECEIVED_MAX;

	while (left-- && virtio_take(&net->virtio, RECEIVE, &chain) && receive_frame(net, &chain))
		;
	virtio_filled(&net->virtio, RECEIVE);
}

bool virtio_net_has_room(struct virtio_net *net)
{
	struct virtqueue_chain chain;
	bool room = net->registers.config.status & STATUS_LINK_UP &&
		    virtio_take(&net->virtio, RECEIVE, &chain);

	if (room)
		virtio_leave(&net->virtio, RECEIVE);
	net->registers.starved = !room;
	return room;
}
