/* SPDX-License-Identifier: MIT */
/* What this host is: what a result was got on. */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the CPU runs VMs itself, by VMX or SVM. Asks CPUID, which is slow inside a VM. */
bool host_virtualizes(void);

struct host {
	const char *kind;	    /* "hardware", "software" or "lab": of its KVM */
	const char *virtualization; /* "VMX" or "SVM", NULL for a software KVM */
	bool is_without_kvm;	    /* there is no /dev/kvm at all */
	char cpu[64];		    /* its name */
	char kernel[72];	    /* "Linux 6.1.0-13-amd64" */
};

void host_describe(struct host *host);

/* "software KVM, Intel(R) Xeon(R) Processor, Linux 6.1.0-13-amd64", or "no KVM, …", into text. */
void host_text(const struct host *host, char *text, size_t size);

#endif /* BASE_HOST_H */
