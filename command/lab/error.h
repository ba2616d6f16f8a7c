/* SPDX-License-Identifier: MIT */
/* What `ring0 lab` exits with, and what it says of that. */
#ifndef COMMAND_LAB_ERROR_H
#define COMMAND_LAB_ERROR_H

/* The lab's own exit statuses; any other is the program's. */
enum lab_status {
	LAB_OK = 0,
	LAB_USAGE = 80,	       /* the command line */
	LAB_MISSING = 81,      /* no such program, library or file */
	LAB_ARCHITECTURE = 82, /* a program or library for another architecture */
	LAB_NO_KERNEL = 83,    /* no kernel to boot, or none can be fetched */
	LAB_NO_KVM = 84,       /* the kernel has no KVM, or no virtio console */
	LAB_NO_QEMU = 85,      /* no QEMU, or one without the machine or CPU */
	LAB_NO_MEMORY = 86,    /* the machine's memory is too small */
	LAB_PANIC = 87,	       /* the machine's kernel panicked, or the machine ended by itself */
	LAB_TIMEOUT = 88,      /* a program, or the boot, took too long */
	LAB_DISK = 89,	       /* writing to the disk failed */
	LAB_INTERNAL = 90,     /* the host refused something else */
};

/*
 * Print one line that starts with "ring0 lab: ", and return `status`. Functions of the lab that return an int
 * return 0 or an enum lab_status, having said so what went wrong, unless they say otherwise.
 */
int lab_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif /* COMMAND_LAB_ERROR_H */
