/* SPDX-License-Identifier: MIT */
/* What the first process does before anything else: see start.h. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command/lab/init/start.h"

static void mount_all(void)
{
	static const struct {
		const char *type, *where;
		unsigned long flags;
	} mounts[] = {
		{ "devtmpfs", "/dev", MS_NOSUID },
		{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV },
		{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i].where, 0755);
		mount(mounts[i].type, mounts[i].where, mounts[i].type, mounts[i].flags, NULL);
	}
	mkdir("/tmp", 01777);
	chmod("/tmp", 01777);
	mkdir("/var", 0755);
	mkdir("/var/tmp", 01777);
	chmod("/dev/shm", 01777);
	if (symlink("/proc/self/fd", "/dev/fd") || symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") || symlink("/proc/self/fd/2", "/dev/stderr"))
		dprintf(2, "ring0-lab-init: /dev/fd: %s\n", strerror(errno));
}

/* In /modules/order is one a line, with its parameters, each after those that it needs. */
static void load_modules(void)
{
	FILE *order = fopen("/modules/order", "re");
	char name[1024], path[1100];

	if (!order)
		return;
	while (fgets(name, sizeof(name), order)) {
		char *parameters = name + strcspn(name, " \n");
		int fd;

		name[strcspn(name, "\n")] = '\0';
		if (*parameters)
			*parameters++ = '\0';
		snprintf(path, sizeof(path), "/modules/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, parameters, 0) && errno != EEXIST))
			dprintf(2, "ring0-lab-init: module %s: %s\n", name, strerror(errno));
		close(fd);
		unlink(path);
	}
	fclose(order);
	unlink("/modules/order");
	rmdir("/modules");
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		ioctl(fd, SIOCSIFFLAGS, &request);
		close(fd);
	}
}

bool start_cpu_cannot(void)
{
	FILE *info = fopen("/proc/cpuinfo", "re");
	bool x86 = false, can = false;
	char line[8192];

	while (info && fgets(line, sizeof(line), info)) {
		if (strncmp(line, "flags", 5))
			continue;
		x86 = true;
		can = can || strstr(line, " svm") || strstr(line, " vmx");
	}
	if (info)
		fclose(info);
	return x86 && !can;
}

void start_system(void)
{
	mount_all();
	load_modules();
	raise_loopback();
	sethostname("ring0-lab", 9);
}
