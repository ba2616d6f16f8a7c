/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: a KVM that is not what it should be, as $FAKE_KVM says: "old" has no
 * KVM_CAP_X86_MSR_FILTER, "ancient" another API version, "stuck" a KVM_RUN that never comes back,
 * "silent" one that always does, by an exit of no known reason.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/kvm.h>

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int fd, unsigned long request, ...);
	const char *fake = getenv("FAKE_KVM");
	va_list arguments;
	void *argument;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "ioctl");
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!fake)
		fake = "";
	if (!strcmp(fake, "old") && request == KVM_CHECK_EXTENSION &&
	    (unsigned long)argument == KVM_CAP_X86_MSR_FILTER)
		return 0;
	if (!strcmp(fake, "ancient") && request == KVM_GET_API_VERSION)
		return 11;
	while (!strcmp(fake, "stuck") && request == KVM_RUN)
		pause();
	if (!strcmp(fake, "silent") && request == KVM_RUN)
		return 0;
	return next(fd, request, argument);
}
