/* SPDX-License-Identifier: MIT */
/* System calls: include/uapi/asm-generic/unistd.h. */
#include "guest/exceptions/syscall_own.h"
#include "guest/text/bytes.h"

enum system_call system_call_of(uint64_t number)
{
	switch (number) {
	case 29:
		return CALL_IOCTL;
	case 64:
		return CALL_WRITE;
	case 66:
		return CALL_WRITEV;
	case 79:
		return CALL_NEWFSTATAT;
	case 80:
		return CALL_FSTAT;
	case 93:
		return CALL_EXIT;
	case 94:
		return CALL_EXIT_GROUP;
	case 98:
		return CALL_FUTEX;
	case 172:
		return CALL_GETPID;
	case 214:
		return CALL_BRK;
	case 215:
		return CALL_MUNMAP;
	case 216:
		return CALL_MREMAP;
	case 222:
		return CALL_MMAP;
	case 233:
		return CALL_MADVISE;
	}
	return CALL_OTHER;
}

/* struct stat of include/uapi/asm-generic/stat.h, as far as libc looks at it for a stream. */
struct linux_stat {
	uint64_t dev, ino;
	uint32_t mode, nlink, uid, gid;
	uint64_t rdev, padding;
	int64_t size;
	int32_t blksize, padding_too;
	int64_t blocks;
	uint64_t times[6];
	uint32_t unused[2];
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
