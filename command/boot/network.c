/* SPDX-License-Identifier: MIT */
/* --net: a virtio network card on a tap device. Documentation/networking/tuntap.rst, 3. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "command/boot/boot.h"
#include "command/boot/device.h"

/* Locally administered, and not a group's. */
static const uint8_t address[6] = { 0x52, 0x30, 0, 0, 0, 1 };

static int open_tap(const char *name, int *fd)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	if (!*name || strlen(name) >= sizeof(request.ifr_name))
		return boot_error(BOOT_NO_DEVICE, "--net %s: that is no interface's name", name);
	memcpy(request.ifr_name, name, strlen(name) + 1);
	*fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return boot_error(BOOT_NO_DEVICE, "--net %s: /dev/net/tun: %s", name,
				  strerror(errno));
	if (ioctl(*fd, TUNSETIFF, &request) == 0)
		return 0;
	boot_error(BOOT_NO_DEVICE, "--net %s: %s", name, strerror(errno));
	close(*fd);
	return BOOT_NO_DEVICE;
}

static int open_network(const char *value, struct r0_vm_options *options)
{
	struct r0_vm_net *net = calloc(1, sizeof(*net));
	int status;

	if (!net)
		return boot_error(BOOT_INTERNAL, "no memory for --net");
	memcpy(net->address, address, sizeof(net->address));
	status = open_tap(value, &net->fd);
	if (!status)
		options->net = net;
	else
		free(net);
	return status;
}

static void close_network(struct r0_vm_options *options)
{
	if (!options->net)
		return;
	close(options->net->fd);
	free((void *)(uintptr_t)options->net);
	options->net = NULL;
}

static bool is_in(const struct r0_vm_snapshot *snapshot)
{
	struct r0_vm_options options = { 0 };
	bool block, net;

	r0_vm_snapshot_options(snapshot, &options, &block, &net);
	return net;
}

const struct boot_device boot_network = {
	.option = "net",
	.help = "  --net TAP         a virtio network device on a tap device of that name\n",
	.open = open_network,
	.close = close_network,
	.is_in = is_in,
};
