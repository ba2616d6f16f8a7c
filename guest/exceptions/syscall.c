/* SPDX-License-Identifier: MIT */
/*
 * What a system call in code under test gets: libc's printf() needs write() and asks fstat() about its
 * file; malloc() asks for memory; exit() ends the test. Anything else is a test that reaches for an
 * operating system, and fails by the system call's name.
 */
#include "guest/entry/entry.h"
#include "guest/entry/state.h"
#include "guest/exceptions/syscall.h"
#include "guest/exceptions/syscall_own.h"
#include "guest/host/outside.h"
#include "guest/smp/smp.h"
#include "guest/text/bytes.h"

#define EAGAIN	11
#define ENOMEM	12
#define ENOTTY	25
#define EINVAL	22
#define IOV_MAX 1024

/* Each sanitizer's run-time library has it, and ring0 never calls it. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* libc's getpid() has a few instructions. */
#define GETPID_SIZE 32

uint64_t syscall_getpid;

struct linux_iovec {
	const char *base;
	uint64_t length;
};

static bool is_console(uint64_t fd)
{
	return fd <= 2;
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

/*
 * Anonymous memory wherever there is room, as malloc() asks for when its heap is used up; or where nothing is, as
 * AddressSanitizer's malloc() does for the first block of a size.
 */
static bool serve_mmap(uint64_t address, uint64_t size, uint64_t protection, uint64_t flags,
		       uint64_t *result)
{
	if (!(flags & MAP_ANONYMOUS) || flags & MAP_FIXED_NOREPLACE)
		return false;
	if (flags & MAP_FIXED) {
		*result = address && protection == (PROT_READ | PROT_WRITE) ?
				  r0_ask(R0_MESSAGE_MAP, size, address) :
				  0;
		return *result;
	}
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

uint64_t r0_syscall(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t pc)
{
	uint64_t result;

	switch (system_call_of(number)) {
	case CALL_WRITE:
		if (a != 1 && a != 2)
			break;
		outside->console((const char *)b, c);
		return c;
	case CALL_WRITEV:
		if (a != 1 && a != 2)
			break;
		return write_vector((const struct linux_iovec *)b, c);
	case CALL_FSTAT:
		if (!is_console(a))
			break;
		return fill_console_stat((void *)b);
	case CALL_NEWFSTATAT:
		/* glibc's fstat(): an empty path with AT_EMPTY_PATH. */
		if (!is_console(a) || (b && *(const char *)b))
			break;
		return fill_console_stat((void *)c);
	case CALL_IOCTL:
		if (!is_console(a))
			break;
		return (uint64_t)-ENOTTY;
	case CALL_MMAP:
		if (!serve_mmap(a, b, c, d, &result))
			break;
		return result;
	case CALL_MREMAP:
		return (uint64_t)-ENOMEM;
	case CALL_MUNMAP:
		r0_ask(R0_MESSAGE_UNMAP, a, b);
		return 0;
	case CALL_MADVISE:
		/* Advice may be ignored, but for that after which memory reads as zero. */
		return c == MADV_DONTNEED ? (uint64_t)-EINVAL : 0;
	case CALL_BRK:
		/* No break can be moved to where it was asked for: libc goes on to mmap(). */
		return 0;
	case CALL_FUTEX:
		if (!serve_futex((const uint32_t *)a, b, (uint32_t)c, &result))
			break;
		return result;
	case CALL_EXIT:
	case CALL_EXIT_GROUP:
		return r0_ask(R0_MESSAGE_EXIT, a & 0xff, 0);
	case CALL_GETPID:
		/*
		 * Sanitizers begin reports with it: what they found comes before whatever else they ask for. They make it themselves:
		 * what comes from libc's function is a test's.
		 */
		if (!__sanitizer_set_death_callback || pc - syscall_getpid < GETPID_SIZE)
			break;
		return 1;
	case CALL_OTHER:
		break;
	}
	return r0_ask(R0_MESSAGE_SYSCALL, number, pc);
}
