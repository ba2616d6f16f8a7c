/* SPDX-License-Identifier: MIT */
/* Processes that close a descriptor each, made by clone(2) with CLONE_VM, and the places for them. */
#include "base/closer.h"
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* For functions of a few lines, also with what sanitizers add to them. */
#define STACK_SIZE 0x4000

struct place {
	/* Not 0 while the closer is there: the kernel sets it to 0 at its end, however that comes. */
	volatile pid_t closer;
	char nothing; /* what it reads */
	int fd;	      /* to close */
	int gate[2];
	uint8_t starter_stack[STACK_SIZE] __attribute__((aligned(16)));
	uint8_t closer_stack[STACK_SIZE] __attribute__((aligned(16)));
};

/* The process's, under the lock. Not in its data, which every machine would have a copy of. */
static struct {
	pthread_mutex_t lock;
	struct place *places; /* CLOSER_LIMIT of them, mapped when the first one is needed */
	pid_t owner;	      /* the process that they are of: a child has a copy, and no closers */
} process = { .lock = PTHREAD_MUTEX_INITIALIZER };

/*
 * Who closes a descriptor last waits for it: the caller has to be first, and says by the gate that it was.
 * If it was killed before it could, its end of the gate is closed.
 *
 * Runs beside the process, on the thread-local variables of the thread that made it: it may call what can't
 * fail, as that would set errno, and nothing that a sanitizer looks at.
 */
static int close_it(void *argument)
{
	struct place *place = argument;

	syscall(SYS_read, place->gate[0], &place->nothing, 1);
	syscall(SYS_close, place->fd);
	return 0;
}

/* Without it (before Linux 5.9), what is open stays so until the closer ends. */
static void close_between(int first, int end)
{
	if (first < end)
		syscall(SYS_close_range, (unsigned int)first, (unsigned int)end - 1, 0u);
}

/* Runs while the thread that made it stands still. Descriptors are a copy here, and those of the closer. */
static int start_closer(void *argument)
{
	struct place *place = argument;
	const int low = place->fd < place->gate[0] ? place->fd : place->gate[0];
	const int high = place->fd < place->gate[0] ? place->gate[0] : place->fd;

	close(place->gate[1]);
	close_between(0, low);
	close_between(low + 1, high);
	close_between(high + 1, INT_MAX);
	clone(close_it, place->closer_stack + STACK_SIZE,
	      CLONE_VM | CLONE_FILES | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, place,
	      &place->closer, NULL, &place->closer);
	return 0;
}

/*
 * A closer's parent is the starter, which has ended: init reaps it. A signal's handler would run on its small
 * stack: it gets none.
 */
static void start(struct place *place)
{
	sigset_t all, before;
	pid_t starter;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* Without a signal to its parent: the program's own waiting is for its own children. */
	starter = clone(start_closer, place->starter_stack + STACK_SIZE, CLONE_VM | CLONE_VFORK,
			place);
	if (starter > 0)
		waitpid(starter, NULL, __WCLONE);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* One that is free, or NULL. */
static struct place *find_place(void)
{
	void *memory;
	unsigned int i;

	if (!process.places) {
		memory = mmap(NULL, CLOSER_LIMIT * sizeof(struct place), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory == MAP_FAILED)
			return NULL;
		process.places = memory;
	}
	if (process.owner != getpid()) {
		process.owner = getpid();
		for (i = 0; i < CLOSER_LIMIT; i++)
			process.places[i].closer = 0;
	}
	for (i = 0; i < CLOSER_LIMIT; i++)
		if (!process.places[i].closer)
			return &process.places[i];
	return NULL;
}

void closer_close(int fd)
{
	struct place *place;

	/* Another thread's: of this process, or of its parent when it forked, and then for good. */
	if (pthread_mutex_trylock(&process.lock) != 0) {
		close(fd);
		return;
	}
	place = find_place();
	if (place && pipe2(place->gate, O_CLOEXEC) == 0) {
		place->fd = fd;
		start(place);
		close(fd);
		/* That can't fail: this process is a reader, too. */
		(void)!write(place->gate[1], "", 1);
		close(place->gate[0]);
		close(place->gate[1]);
	} else {
		close(fd);
	}
	pthread_mutex_unlock(&process.lock);
}
