/* SPDX-License-Identifier: MIT */
/* Nested paging, as the modules of KVM tell of it. */
#include <fcntl.h>
#include <unistd.h>
#include "monitor/wiring/guest_memory.h"

static bool is_yes(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char value = 'N';

	if (fd < 0)
		return false;
	if (read(fd, &value, 1) != 1)
		value = 'N';
	close(fd);
	return value == 'Y' || value == '1';
}

/* Intel's EPT, AMD's NPT. A KVM of another kind is not asked: it may walk them. */
bool guest_memory_cpu_walks(void)
{
	return is_yes("/sys/module/kvm_intel/parameters/ept") ||
	       is_yes("/sys/module/kvm_amd/parameters/npt");
}

/* By KVM_SET_SREGS. */
bool guest_memory_root_flushes(void)
{
	return true;
}
