/* SPDX-License-Identifier: MIT */
/*
 * QEMU saves neither of EL2's timers, one of which an arm64 kernel with KVM goes by: what it was to bring when
 * the state was saved never comes after a restore, and what is due later does not program it, since it is to
 * come first. A timer that was due before all others when it is set does: hrtimer_reprogram() in Linux's
 * kernel/time/hrtimer.c. From 7.2 on most timers that a program sets are not put in the queue if they are over
 * (hrtimer_check_user_timer() there), but those of io_uring are (io_timeout() in io_uring/timeout.c). Depends on
 * libc.
 */
#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "command/lab/init/timers.h"

#define MILLISECOND 1000000LL
/*
 * A timer of 1 ms comes within a few. But QEMU's timers have a thread of their own, which a loaded host may let
 * wait while it lets the CPU run.
 */
#define GIVE_UP (5000 * MILLISECOND)
#define AGAIN	(100 * MILLISECOND)

/* An io_uring for one entry. Never closed: the kernel would clean it up behind the machine's first programs. */
struct ring {
	int fd; /* -1: none */
	struct io_uring_params params;
	struct io_uring_sqe *entry;
	uint8_t *memory;
};

static uint32_t *in_ring(const struct ring *ring, uint32_t offset)
{
	return (uint32_t *)(void *)(ring->memory + offset);
}

static void *map(const struct ring *ring, size_t size, off_t offset)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			    offset);

	return memory == MAP_FAILED ? NULL : memory;
}

/* A kernel may have none, or one older than 5.4, when what programs set was programmed. */
static void ring_open(struct ring *ring)
{
	const struct io_uring_params *params = &ring->params;
	size_t submissions, completions;

	ring->fd = (int)syscall(__NR_io_uring_setup, 1, &ring->params);
	if (ring->fd < 0)
		return;
	submissions = params->sq_off.array + params->sq_entries * sizeof(uint32_t);
	completions = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
	if (params->features & IORING_FEAT_SINGLE_MMAP)
		ring->memory = map(ring, submissions > completions ? submissions : completions,
				   IORING_OFF_SQ_RING);
	if (ring->memory)
		ring->entry = map(ring, params->sq_entries * sizeof(*ring->entry), IORING_OFF_SQES);
	if (!ring->entry) {
		close(ring->fd);
		ring->fd = -1;
	}
}

/* Set a timer that is over. What it brings is not waited for, but made room for. */
static void ring_set_timer(const struct ring *ring)
{
	static const struct __kernel_timespec long_over = { .tv_nsec = 1 };
	const struct io_sqring_offsets *submissions = &ring->params.sq_off;
	const struct io_cqring_offsets *completions = &ring->params.cq_off;
	uint32_t *tail;

	if (ring->fd < 0)
		return;
	__atomic_store_n(in_ring(ring, completions->head),
			 __atomic_load_n(in_ring(ring, completions->tail), __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
	*ring->entry = (struct io_uring_sqe){ .opcode = IORING_OP_TIMEOUT,
					      .addr = (uintptr_t)&long_over,
					      .len = 1,
					      .timeout_flags = IORING_TIMEOUT_ABS };
	*in_ring(ring, submissions->array) = 0;
	tail = in_ring(ring, submissions->tail);
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	syscall(__NR_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0);
}

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 * MILLISECOND + time.tv_nsec;
}

/* On this CPU. Does not sleep, from which only a timer might wake it. */
static bool revive(const struct ring *ring)
{
	const struct itimerspec long_over = { .it_value.tv_nsec = 1 },
				soon = { .it_value.tv_nsec = MILLISECOND };
	int old_way = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int proof = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	long long from = now(), next = from;
	uint64_t count;
	bool comes = false;

	while (!comes && now() < from + GIVE_UP) {
		if (now() >= next) {
			timerfd_settime(old_way, TFD_TIMER_ABSTIME, &long_over, NULL);
			ring_set_timer(ring);
			timerfd_settime(proof, 0, &soon, NULL);
			next += AGAIN;
		}
		comes = read(proof, &count, sizeof(count)) == sizeof(count);
	}
	close(proof);
	close(old_way);
	return comes;
}

bool timers_revive(void)
{
	static struct ring ring;
	cpu_set_t all, one;
	bool come = true;

	ring_open(&ring);
	sched_getaffinity(0, sizeof(all), &all);
	for (int cpu = 0; cpu < CPU_SETSIZE && come; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		come = revive(&ring);
	}
	sched_setaffinity(0, sizeof(all), &all);
	return come;
}
