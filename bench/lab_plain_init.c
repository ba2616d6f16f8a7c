/* SPDX-License-Identifier: MIT */
/*
 * The first process of the plain recipe that bench/lab compares the lab with: loads the modules
 * that KVM needs and says that it is there, as a program would with its first line. Linked
 * statically; depends on libc alone.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	static const char *const modules[] = { "/irqbypass.ko", "/kvm.ko", "/kvm-amd.ko" };

	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	for (int i = 0; i < 3; i++) {
		int fd = open(modules[i], O_RDONLY);

		if (syscall(SYS_finit_module, fd, "", 0))
			perror(modules[i]);
		close(fd);
	}
	puts(access("/dev/kvm", F_OK) ? "no /dev/kvm" : "first line");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
