/* SPDX-License-Identifier: MIT */
/* The handler of SIGBUS, and the ranges that it is about: a list that only grows, as a handler reads it without a lock. */
#include "base/bus_error.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/address.h"

struct range {
	_Atomic(uintptr_t) start, end; /* end is 0 while nobody has it */
	_Atomic(atomic_bool *) lost;
	struct range *next;
};

/* The process has one set of handlers, whoever maps files. */
static struct {
	pthread_mutex_t lock;
	_Atomic(struct range *) first;
	struct sigaction previous;
} process = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* `end` is read first, as it is set last. */
static struct range *range_of(uintptr_t address)
{
	struct range *range;

	for (range = atomic_load(&process.first); range; range = range->next)
		if (address < atomic_load(&range->end) && address >= atomic_load(&range->start))
			return range;
	return NULL;
}

/* Where this thread passes a signal on: whoever gets it may pass it on to this handler, which it found in its place. */
static _Thread_local struct {
	const siginfo_t *info;
	const void *frame;
} passing;

static void pass_on(int number, siginfo_t *info, void *context)
{
	const struct sigaction *previous = &process.previous;
	const void *frame = __builtin_frame_address(0);
	/* One that has left by siglongjmp() has no frame above this one. */
	const bool again = passing.info == info && frame < passing.frame;

	passing.info = info;
	passing.frame = frame;
	if (!again && (previous->sa_flags & SA_SIGINFO))
		previous->sa_sigaction(number, info, context);
	else if (!again && previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN)
		previous->sa_handler(number);
	else
		signal(number, SIG_DFL); /* The access is made again, and this is its end. */
	passing.info = NULL;
}

/* mmap() is a system call, and no more (signal-safety(7) does not list it; glibc's is). */
static void handle(int number, siginfo_t *info, void *context)
{
	struct range *range = range_of((uintptr_t)info->si_addr);
	void *page = (void *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE_SIZE - 1));
	const int before = errno;

	/* A page that the hardware has lost is another matter: BUS_MCEERR_AR. */
	if (range && info->si_code == BUS_ADRERR &&
	    mmap(page, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) == page) {
		atomic_store(atomic_load(&range->lost), true);
		errno = before;
		return;
	}
	errno = before;
	pass_on(number, info, context);
}

/* Also where another was set since: it gets what is about none of these ranges. */
static int set_handler(struct error *error)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction now;

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGBUS, NULL, &now) != 0)
		goto fail;
	if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == handle)
		return 0;
	process.previous = now;
	if (sigaction(SIGBUS, &action, NULL) != 0)
		goto fail;
	return 0;
fail:
	return error_set(error, errno, "handling SIGBUS failed: %s", strerror(errno));
}

static struct range *free_range(void)
{
	struct range *range = atomic_load(&process.first);

	while (range && atomic_load(&range->end))
		range = range->next;
	if (range)
		return range;
	range = calloc(1, sizeof(*range));
	if (!range)
		return NULL;
	range->next = atomic_load(&process.first);
	atomic_store(&process.first, range);
	return range;
}

int bus_error_watch(void *start, uint64_t size, atomic_bool *lost, struct error *error)
{
	struct range *range = NULL;
	int err;

	pthread_mutex_lock(&process.lock);
	err = set_handler(error);
	if (!err)
		range = free_range();
	if (range) {
		atomic_store(&range->start, (uintptr_t)start);
		atomic_store(&range->lost, lost);
		atomic_store(&range->end, (uintptr_t)start + size);
	} else if (!err) {
		err = error_set(error, ENOMEM, "no memory to keep track of a mapped file");
	}
	pthread_mutex_unlock(&process.lock);
	return err;
}

void bus_error_forget(const void *start)
{
	struct range *range;

	pthread_mutex_lock(&process.lock);
	for (range = atomic_load(&process.first); range; range = range->next)
		if (atomic_load(&range->end) && atomic_load(&range->start) == (uintptr_t)start)
			atomic_store(&range->end, 0);
	pthread_mutex_unlock(&process.lock);
}
