/* SPDX-License-Identifier: MIT */
/* Opening /dev/kvm. Knows no virtual machine. */
#include "kvm/kvm.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kvm/kvm_own.h"

static int open_device(struct error *error)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int err = errno;

	if (fd >= 0)
		return fd;
	if (err == ENOENT || err == ENXIO || err == ENODEV)
		return error_set(error, err, "no /dev/kvm here: %s", kvm_own_way);
	if (err == EACCES || err == EPERM)
		return error_set(error, err,
				 "no permission to open /dev/kvm: add yourself to the group that "
				 "owns it (often kvm), or run as root");
	return error_set(error, err, "opening /dev/kvm failed: %s", strerror(err));
}

static int check_capabilities(const struct kvm *kvm, struct error *error)
{
	const struct kvm_capability *needed;

	for (needed = kvm_own_needs; needed->name; needed++)
		if (ioctl(kvm->fd, KVM_CHECK_EXTENSION, needed->number) <= 0)
			return kvm_lacks(needed, error);
	return 0;
}

int kvm_create(struct kvm **result, struct error *error)
{
	struct kvm *kvm = calloc(1, sizeof(*kvm));
	int err;

	if (!kvm)
		return error_set(error, ENOMEM, "no memory");
	kvm->fd = open_device(error);
	if (kvm->fd < 0) {
		err = kvm->fd;
		free(kvm);
		return err;
	}
	err = ioctl(kvm->fd, KVM_GET_API_VERSION, 0);
	if (err < 0) {
		err = error_set(error, errno == ENOTTY ? ENODEV : EIO,
				"/dev/kvm does not answer as KVM (KVM_GET_API_VERSION: %s): is it "
				"another device, or are its ioctls forbidden here?",
				strerror(errno));
		goto fail;
	}
	if (err != KVM_API_VERSION) {
		err = error_set(error, ENODEV, "/dev/kvm has API version %d, ring0 needs %d", err,
				KVM_API_VERSION);
		goto fail;
	}
	err = check_capabilities(kvm, error);
	if (err)
		goto fail;
	err = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (err < (int)sizeof(struct kvm_run)) {
		err = error_set(error, ENODEV, "KVM's KVM_GET_VCPU_MMAP_SIZE gave %d", err);
		goto fail;
	}
	kvm->run_size = (size_t)err;
	err = kvm_own_create(kvm, error);
	if (err < 0)
		goto fail;
	*result = kvm;
	return 0;
fail:
	kvm_destroy(kvm);
	return err;
}

void kvm_destroy(struct kvm *kvm)
{
	if (!kvm)
		return;
	kvm_own_destroy(kvm->own);
	close(kvm->fd);
	free(kvm);
}
