/* SPDX-License-Identifier: MIT */
/* The host by CPUID, uname() and the lab's mark in the environment. */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/host.h"

/* SDM vol. 2A, CPUID leaf 1, ECX bit 5; APM vol. 3, leaf 8000_0001h, ECX bit 2. */
static const char *virtualization(void)
{
	unsigned int a, b, c, d;

	if (__get_cpuid(1, &a, &b, &c, &d) && c & 1u << 5)
		return "VMX";
	return __get_cpuid(0x80000001, &a, &b, &c, &d) && c & 1u << 2 ? "SVM" : NULL;
}

bool host_virtualizes(void)
{
	return virtualization();
}

/* The processor brand string: SDM vol. 2A, CPUID, leaves 80000002H to 80000004H. */
static void describe_cpu(char *name, size_t size)
{
	unsigned int words[13] = { 0 }, leaf;
	const char *text = (const char *)words;
	size_t length;

	for (leaf = 0; leaf < 3; leaf++)
		if (!__get_cpuid(0x80000002 + leaf, &words[4 * leaf], &words[4 * leaf + 1],
				 &words[4 * leaf + 2], &words[4 * leaf + 3]))
			break;
	text += strspn(text, " ");
	length = strlen(text);
	while (length && text[length - 1] == ' ')
		length--;
	snprintf(name, size, "%.*s", length ? (int)length : 7, length ? text : "unknown");
}

void host_describe(struct host *host)
{
	const char *lab = getenv("RING0_LAB");
	struct utsname system;

	host->virtualization = virtualization();
	host->kind = host->virtualization ? "hardware" : "software";
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
	snprintf(text, size, "%s KVM%s%s, %s, %s",
		 strcmp(host->kind, "lab") ? host->kind : "the lab's",
		 host->virtualization ? " by " : "",
		 host->virtualization ? host->virtualization : "", host->cpu, host->kernel);
}
