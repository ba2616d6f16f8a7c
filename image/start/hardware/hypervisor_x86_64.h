/* SPDX-License-Identifier: MIT */
/* Whether this is a virtual machine, by what CPUID says. SDM vol. 2A, CPUID; the hypervisors' own leaves from 0x40000000 on. */
#ifndef IMAGE_START_HARDWARE_HYPERVISOR_X86_64_H
#define IMAGE_START_HARDWARE_HYPERVISOR_X86_64_H

#include <ring0/private/types.h>

struct hypervisor {
	bool is_there;
	char name[13]; /* "KVMKVMKVM", or empty */
	uint32_t last_leaf;
};

extern struct hypervisor hypervisor;

void hypervisor_look(void);

/* Whether port 0xE9 is a console: Bochs's and QEMU's read back 0xE9, Xen's does not. */
bool hypervisor_has_debug_port(void);

bool hypervisor_is_xen(void);

#endif /* IMAGE_START_HARDWARE_HYPERVISOR_X86_64_H */
