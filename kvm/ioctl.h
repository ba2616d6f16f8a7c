/* SPDX-License-Identifier: MIT */
/* The one way to call KVM's ioctls. */
#ifndef KVM_IOCTL_H
#define KVM_IOCTL_H

#include <stdint.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>
#include "base/error.h"

/*
 * KVM's ioctls return -1 and set errno. The wrapper checks at compile time that the argument has
 * the size that the request's number encodes, names the request in its error, and returns what
 * the ioctl returned or -errno.
 */
#define KVM_IOCTL(fd, request, argument, error)                                  \
	({                                                                       \
		_Static_assert(_IOC_SIZE(request) == sizeof(*(argument)),        \
			       "the argument of " #request " has another size"); \
		kvm_ioctl(fd, request, #request, argument, error);               \
	})

/* For requests whose argument is a number, and for those with a flexible array behind a header. */
#define KVM_IOCTL_VALUE(fd, request, value, error) \
	kvm_ioctl(fd, request, #request, (void *)(uintptr_t)(value), error)

int kvm_ioctl(int fd, unsigned long request, const char *name, void *argument, struct error *error);

#endif /* KVM_IOCTL_H */
