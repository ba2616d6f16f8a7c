/* SPDX-License-Identifier: MIT */
/* System calls: arch/x86/entry/syscalls/syscall_64.tbl. */
#include "guest/exceptions/syscall_own.h"
#include "guest/text/bytes.h"

enum system_call system_call_of(uint64_t number)
{
	switch (number) {
	case 1:
		return CALL_WRITE;
	case 5:
		return CALL_FSTAT;
	case 9:
		return CALL_MMAP;
	case 11:
		return CALL_MUNMAP;
	case 12:
		return CALL_BRK;
	case 16:
		return CALL_IOCTL;
	case 20:
		return CALL_WRITEV;
	case 25:
		return CALL_MREMAP;
	case 28:
		return CALL_MADVISE;
	case 39:
		return CALL_GETPID;
	case 60:
		return CALL_EXIT;
	case 202:
		return CALL_FUTEX;
	case 231:
		return CALL_EXIT_GROUP;
	case 262:
		return CALL_NEWFSTATAT;
	}
	return CALL_OTHER;
}

/* struct stat of x86-64, as far as libc looks at it for a stream. */
struct linux_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, padding;
	uint64_t rdev, size, blksize, blocks;
	uint64_t times[6], unused[3];
};

#define S_IFIFO 0010000

uint64_t fill_console_stat(void *to)
{
	struct linux_stat *stat = to;

	fill_bytes(stat, 0, sizeof(*stat));
	stat->mode = S_IFIFO | 0600;
	stat->nlink = 1;
	stat->blksize = 4096;
	return 0;
}
