/* SPDX-License-Identifier: MIT */
/*
 * What SYSCALL in code under test gets: libc's printf() needs write() and asks fstat() about its
 * file; malloc() asks for memory; exit() ends the test. Anything else is a test that reaches for an
 * operating system, and fails by the system call's name.
 */
#include "guest/bytes.h"
#include "guest/entry.h"
#include "guest/outside.h"
#include "guest/smp.h"
#include "guest/state.h"
#include "guest/syscall_x86_64.h"

/* Linux's numbers: arch/x86/entry/syscalls/syscall_64.tbl. */
enum {
	SYS_WRITE = 1,
	SYS_FSTAT = 5,
	SYS_MMAP = 9,
	SYS_MUNMAP = 11,
	SYS_BRK = 12,
	SYS_IOCTL = 16,
	SYS_WRITEV = 20,
	SYS_MREMAP = 25,
	SYS_MADVISE = 28,
	SYS_EXIT = 60,
	SYS_FUTEX = 202,
	SYS_EXIT_GROUP = 231,
	SYS_NEWFSTATAT = 262,
};

#define EAGAIN	11
#define ENOMEM	12
#define ENOTTY	25
#define EINVAL	22
#define IOV_MAX 1024

/* struct stat of x86-64, as far as libc looks at it for a stream. */
struct linux_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, padding;
	uint64_t rdev, size, blksize, blocks;
	uint64_t times[6], unused[3];
};

struct linux_iovec {
	const char *base;
	uint64_t length;
};

#define S_IFIFO 0010000

static bool is_console(uint64_t fd)
{
	return fd <= 2;
}

/* What libc asks when it first writes to a stream: a pipe, so that it doesn't ask for a terminal. */
static uint64_t stat_console(struct linux_stat *stat)
{
	fill_bytes(stat, 0, sizeof(*stat));
	stat->mode = S_IFIFO | 0600;
	stat->nlink = 1;
	stat->blksize = 4096;
	return 0;
}

static uint64_t write_vector(const struct linux_iovec *vector, uint64_t count)
{
	uint64_t total = 0, i;

	if (count > IOV_MAX)
		return (uint64_t)-EINVAL;
	for (i = 0; i < count; i++) {
		outside->console(vector[i].base, vector[i].length);
		total += vector[i].length;
	}
	return total;
}

/* include/uapi/asm-generic/mman-common.h. */
enum {
	PROT_NONE = 0,
	PROT_READ = 1,
	PROT_WRITE = 2,
	MAP_FIXED = 0x10,
	MAP_ANONYMOUS = 0x20,
	MAP_FIXED_NOREPLACE = 0x100000,
	MADV_DONTNEED = 4,
};

/* Anonymous memory wherever there is room, as malloc() asks for when its heap is used up. */
static bool serve_mmap(uint64_t size, uint64_t protection, uint64_t flags, uint64_t *result)
{
	if (!(flags & MAP_ANONYMOUS) || flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
		return false;
	*result = (uint64_t)-ENOMEM;
	/* Room for a thread's own heap, in glibc: all CPUs share the first. */
	if (protection == PROT_NONE)
		return true;
	if (protection != (PROT_READ | PROT_WRITE))
		return false;
	*result = r0_ask(R0_MESSAGE_MAP, size, 0);
	if (!*result)
		*result = (uint64_t)-ENOMEM;
	return true;
}

/* Operations of futex(), and the bits for flags: include/uapi/linux/futex.h. */
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_OPERATION = 0x7f };

/*
 * libc's locks, of standard output above all, when several CPUs want one: those that wait are woken at
 * once, as futex() may, and look again. On one CPU nobody would ever give it back. To wake is always well:
 * nobody waits for good; pthread_once() does so even where nobody ever waited.
 */
static bool serve_futex(const uint32_t *word, uint64_t operation, uint32_t value, uint64_t *result)
{
	switch (operation & FUTEX_OPERATION) {
	case FUTEX_WAIT:
		if (cpu_count() <= 1)
			return false;
		*result = (uint64_t)-EAGAIN;
		if (__atomic_load_n(word, __ATOMIC_RELAXED) != value)
			return true;
		if (r0_ask(R0_MESSAGE_REST, 0, 0))
			panic_alone();
		*result = 0;
		return true;
	case FUTEX_WAKE:
		*result = 0;
		return true;
	}
	return false;
}

uint64_t r0_syscall(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t rip)
{
	uint64_t result;

	switch (number) {
	case SYS_WRITE:
		if (a != 1 && a != 2)
			break;
		outside->console((const char *)b, c);
		return c;
	case SYS_WRITEV:
		if (a != 1 && a != 2)
			break;
		return write_vector((const struct linux_iovec *)b, c);
	case SYS_FSTAT:
		if (!is_console(a))
			break;
		return stat_console((struct linux_stat *)b);
	case SYS_NEWFSTATAT:
		/* glibc's fstat(): an empty path with AT_EMPTY_PATH. */
		if (!is_console(a) || (b && *(const char *)b))
			break;
		return stat_console((struct linux_stat *)c);
	case SYS_IOCTL:
		if (!is_console(a))
			break;
		return (uint64_t)-ENOTTY;
	case SYS_MMAP:
		if (!serve_mmap(b, c, d, &result))
			break;
		return result;
	case SYS_MREMAP:
		return (uint64_t)-ENOMEM;
	case SYS_MUNMAP:
		r0_ask(R0_MESSAGE_UNMAP, a, b);
		return 0;
	case SYS_MADVISE:
		/* Advice may be ignored, but for that after which memory reads as zero. */
		return c == MADV_DONTNEED ? (uint64_t)-EINVAL : 0;
	case SYS_BRK:
		/* No break can be moved to where it was asked for: libc goes on to mmap(). */
		return 0;
	case SYS_FUTEX:
		if (!serve_futex((const uint32_t *)a, b, (uint32_t)c, &result))
			break;
		return result;
	case SYS_EXIT:
	case SYS_EXIT_GROUP:
		return r0_ask(R0_MESSAGE_EXIT, a & 0xff, 0);
	}
	return r0_ask(R0_MESSAGE_SYSCALL, number, rip);
}
