/* SPDX-License-Identifier: MIT */
/* The host by MIDR_EL1, uname() and the lab's mark in the environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/host.h"

/* A KVM on arm64 has EL2 to itself, or it has no /dev/kvm. */
bool host_virtualizes(void)
{
	return true;
}

/* Implementers: Arm ARM, D19.2.103, MIDR_EL1. Linux answers the read: Documentation/arm64/cpu-feature-registers.rst. */
static void describe_cpu(char *name, size_t size)
{
	uint64_t midr = 0;

	if (getauxval(AT_HWCAP) & 1ul << 11) /* HWCAP_CPUID */
		__asm__("mrs %0, midr_el1" : "=r"(midr));
	snprintf(name, size, "arm64 CPU, implementer %#x, part %#x",
		 (unsigned int)(midr >> 24 & 0xff), (unsigned int)(midr >> 4 & 0xfff));
}

void host_describe(struct host *host)
{
	const char *lab = getenv("RING0_LAB");
	struct utsname system;

	host->virtualization = "EL2";
	host->kind = "hardware";
	if (lab && strcmp(lab, "inside") == 0)
		host->kind = "lab";
	host->is_without_kvm = access("/dev/kvm", F_OK) != 0;
	describe_cpu(host->cpu, sizeof(host->cpu));
	if (uname(&system))
		snprintf(host->kernel, sizeof(host->kernel), "Linux");
	else
		snprintf(host->kernel, sizeof(host->kernel), "%.7s %.63s", system.sysname,
			 system.release);
}

void host_text(const struct host *host, char *text, size_t size)
{
	if (host->is_without_kvm) {
		snprintf(text, size, "no KVM, %s, %s", host->cpu, host->kernel);
		return;
	}
	snprintf(text, size, "%s KVM by EL2, %s, %s",
		 strcmp(host->kind, "lab") ? host->kind : "the lab's", host->cpu, host->kernel);
}
