/* SPDX-License-Identifier: MIT */
/*
 * The system's KVM: opening /dev/kvm, checking that it has what is needed, and the one way to
 * call its ioctls.
 */
#ifndef KVM_KVM_H
#define KVM_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>
#include "base/error.h"

struct kvm {
	int fd;
	size_t run_size;	   /* of a vCPU's struct kvm_run, in bytes */
	size_t xsave_size;	   /* of its XSAVE area, in bytes */
	size_t nested_size;	   /* of a hypervisor's state in a guest, at most; or 0 */
	uint64_t quirks;	   /* that can be disabled, for KVM_CAP_DISABLE_QUIRKS2 */
	bool has_xcrs;		   /* it has XCR0, as its CPU has XSAVE */
	bool is_vmx;		   /* the host's CPU has VMX */
	bool tsc_deadline;	   /* local APICs in KVM have the timer mode of that name */
	struct kvm_cpuid2 *cpuid;  /* what this KVM supports */
	struct kvm_msr_list *msrs; /* that it saves and restores */
};

/*
 * Open /dev/kvm. Returns 0; -ENOENT, -EACCES or what open() says, or -ENODEV for a KVM that is
 * too old, each with a message that says what to do; -ENOMEM. kvm_destroy() releases it.
 */
int kvm_create(struct kvm **kvm, struct error *error);
void kvm_destroy(struct kvm *kvm);

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

#endif /* KVM_KVM_H */
