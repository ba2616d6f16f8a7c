/* SPDX-License-Identifier: MIT */
/*
 * The virtio network device (VIRTIO 1.2, 5.1): one pair of queues, no offloads, on a tap device or a
 * socket that keeps the frames apart (a pair of SOCK_DGRAM or SOCK_SEQPACKET, in tests).
 */
#ifndef DEVICES_VIRTIO_VIRTIO_NET_H
#define DEVICES_VIRTIO_VIRTIO_NET_H

#include "devices/virtio/virtio.h"

#define VIRTIO_NET_FRAME_MAX 65536

/* Configuration space (5.1.4), as far as features that are offered have fields there. */
struct virtio_net_config {
	uint8_t mac[6];
	uint16_t status; /* bit 0: the link is up */
	uint16_t pairs;	 /* not offered: 0 */
	uint16_t mtu;	 /* likewise */
};

struct virtio_net_registers {
	struct virtio_registers common;
	struct virtio_net_config config;
	uint32_t starved; /* frames may wait that there was no buffer for */
	uint64_t dropped; /* frames that were lost: too long for the buffer, or the host's side is full */
};

struct virtio_net {
	struct virtio virtio;
	struct virtio_net_registers registers;
	int fd;
	bool is_socket;
	uint8_t frame[VIRTIO_NET_FRAME_MAX]; /* on its way to the guest */
};

/*
 * A device after reset, its link up. `fd` stays the caller's and is made non-blocking: a tap device
 * with IFF_NO_PI and without IFF_VNET_HDR, or a socket. Returns 0; -EINVAL for a socket that is a
 * stream, a file or a pipe; or another -errno.
 */
int virtio_net_init(struct virtio_net *net, const struct virtio_options *options, int fd,
		    const uint8_t mac[6], struct error *error);

/*
 * Give the guest the frames that wait at `fd`, as far as it has buffers. To be called when `fd` is
 * readable and virtio_net_has_room(). If its other end is gone for good, the cable is plugged out.
 */
void virtio_net_receive(struct virtio_net *net);

/*
 * Whether the cable is in and the guest has a buffer for a frame: else there is no use in waiting for
 * `fd`. The bus's `wake` is told when it has one again.
 */
bool virtio_net_has_room(struct virtio_net *net);

#endif /* DEVICES_VIRTIO_VIRTIO_NET_H */
