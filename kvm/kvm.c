/* SPDX-License-Identifier: MIT */
/* Opening /dev/kvm. Knows no virtual machine. */
#include "kvm/kvm.h"
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What ring0 can't do without, with the Linux that brought it. */
static const struct {
	int capability;
	const char *name;
	const char *since;
} needed[] = {
	{ KVM_CAP_SYNC_REGS, "KVM_CAP_SYNC_REGS", "4.17" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "4.13" },
	{ KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM", "3.7" },
	{ KVM_CAP_X86_USER_SPACE_MSR, "KVM_CAP_X86_USER_SPACE_MSR", "5.10" },
	{ KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER", "5.10" },
	{ KVM_CAP_XSAVE, "KVM_CAP_XSAVE", "2.6.36" },
	{ KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS", "2.6.35" },
	{ KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS", "2.6.33" },
};

int kvm_ioctl(int fd, unsigned long request, const char *name, void *argument, struct error *error)
{
	int result = ioctl(fd, request, argument);
	int err = errno;

	if (result >= 0)
		return result;
	return error_set(error, err, "KVM's %s failed: %s", name, strerror(err));
}

/* A list whose right size KVM tells only by E2BIG and the count that it leaves behind. */
static int get_cpuid(struct kvm *kvm, struct error *error)
{
	int count = 128, err;

	for (;;) {
		struct kvm_cpuid2 *cpuid =
			calloc(1, sizeof(*cpuid) + (size_t)count * sizeof(cpuid->entries[0]));

		if (!cpuid)
			return error_set(error, ENOMEM, "no memory for the list of CPUID leaves");
		cpuid->nent = (uint32_t)count;
		if (ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, cpuid) == 0) {
			kvm->cpuid = cpuid;
			return 0;
		}
		err = errno;
		free(cpuid);
		if (err != E2BIG || count > 4096)
			return error_set(error, err, "KVM's KVM_GET_SUPPORTED_CPUID failed: %s",
					 strerror(err));
		count *= 2;
	}
}

static int get_msrs(struct kvm *kvm, struct error *error)
{
	struct kvm_msr_list head = { 0 };

	if (ioctl(kvm->fd, KVM_GET_MSR_INDEX_LIST, &head) < 0 && errno != E2BIG)
		return error_set(error, errno, "KVM's KVM_GET_MSR_INDEX_LIST failed: %s",
				 strerror(errno));
	kvm->msrs = calloc(1, sizeof(head) + head.nmsrs * sizeof(head.indices[0]));
	if (!kvm->msrs)
		return error_set(error, ENOMEM, "no memory for the list of MSRs");
	kvm->msrs->nmsrs = head.nmsrs;
	return KVM_IOCTL_VALUE(kvm->fd, KVM_GET_MSR_INDEX_LIST, kvm->msrs, error);
}

/* SDM vol. 2A, CPUID, leaf 1. */
static bool cpuid_has_xsave(const struct kvm *kvm)
{
	uint32_t i;

	for (i = 0; i < kvm->cpuid->nent; i++)
		if (kvm->cpuid->entries[i].function == 1)
			return kvm->cpuid->entries[i].ecx & bit_XSAVE;
	return false;
}

static bool cpu_has_vmx(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && c & 1u << 5;
}

static int lacks(const char *name, const char *since, struct error *error)
{
	return error_set(error, ENODEV,
			 "this KVM is too old: it lacks %s; ring0 needs Linux 5.10 or later "
			 "(that came with %s)",
			 name, since);
}

static int open_device(struct error *error)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int err = errno;

	if (fd >= 0)
		return fd;
	if (err == ENOENT || err == ENXIO || err == ENODEV)
		return error_set(
			error, err,
			"no /dev/kvm here: load the module kvm_intel or kvm_amd, or enable "
			"virtualization in the firmware");
	if (err == EACCES || err == EPERM)
		return error_set(error, err,
				 "no permission to open /dev/kvm: add yourself to the group that "
				 "owns it (often kvm), or run as root");
	return error_set(error, err, "opening /dev/kvm failed: %s", strerror(err));
}

int kvm_create(struct kvm **result, struct error *error)
{
	struct kvm *kvm = calloc(1, sizeof(*kvm));
	size_t i;
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
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (ioctl(kvm->fd, KVM_CHECK_EXTENSION, needed[i].capability) > 0)
			continue;
		err = lacks(needed[i].name, needed[i].since, error);
		goto fail;
	}
	err = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (err < (int)sizeof(struct kvm_run)) {
		err = error_set(error, ENODEV, "KVM's KVM_GET_VCPU_MMAP_SIZE gave %d", err);
		goto fail;
	}
	kvm->run_size = (size_t)err;
	err = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);
	kvm->xsave_size = err > (int)sizeof(struct kvm_xsave) ? (size_t)err :
								sizeof(struct kvm_xsave);
	err = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_NESTED_STATE);
	kvm->nested_size = err > (int)sizeof(struct kvm_nested_state) ? (size_t)err : 0;
	err = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_DISABLE_QUIRKS2);
	kvm->quirks = err > 0 ? (uint64_t)err : 0;
	kvm->tsc_deadline = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
	err = get_cpuid(kvm, error);
	if (err >= 0)
		err = get_msrs(kvm, error);
	if (err < 0)
		goto fail;
	/* KVM has no XCRs where its CPU has no XSAVE, and is not too old for that. */
	kvm->has_xcrs = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XCRS) > 0;
	if (!kvm->has_xcrs && cpuid_has_xsave(kvm)) {
		err = lacks("KVM_CAP_XCRS", "2.6.36", error);
		goto fail;
	}
	kvm->is_vmx = cpu_has_vmx();
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
	free(kvm->cpuid);
	free(kvm->msrs);
	close(kvm->fd);
	free(kvm);
}
