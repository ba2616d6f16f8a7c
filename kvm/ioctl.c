/* SPDX-License-Identifier: MIT */
/* The one way to call KVM's ioctls. */
#include "kvm/ioctl.h"
#include <errno.h>
#include <string.h>

int kvm_ioctl(int fd, unsigned long request, const char *name, void *argument, struct error *error)
{
	int result = ioctl(fd, request, argument);
	int err = errno;

	if (result >= 0)
		return result;
	return error_set(error, err, "KVM's %s failed: %s", name, strerror(err));
}
