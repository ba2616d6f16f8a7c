/* SPDX-License-Identifier: MIT */
/* Freezing and thawing, as threads see it. */
#include "monitor/park.h"
#include "base/clock.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* The most that a wait sleeps before it looks again, and how long where nothing can wake it. */
#define LOOK_MS	      100
#define BLIND_LOOK_MS 10

static int make_event(int *fd, struct error *error)
{
	*fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (*fd >= 0)
		return 0;
	return error_set(error, errno, "making an eventfd failed: %s", strerror(errno));
}

/* A counter that is full is readable all the same: EAGAIN is harmless. */
static void signal_event(int fd)
{
	static const uint64_t one = 1;
	ssize_t written;

	if (fd < 0)
		return;
	do
		written = write(fd, &one, sizeof(one));
	while (written < 0 && errno == EINTR);
}

static void drain_event(int fd)
{
	uint64_t count;
	ssize_t got;

	do
		got = read(fd, &count, sizeof(count));
	while (got < 0 && errno == EINTR);
}

int park_control_init(struct park_control *control, struct error *error)
{
	int err;

	*control = (struct park_control){ .kill_evt = -1, .parked_evt = -1 };
	err = make_event(&control->kill_evt, error);
	if (!err)
		err = make_event(&control->parked_evt, error);
	if (err)
		park_control_finish(control);
	return err;
}

void park_control_finish(struct park_control *control)
{
	if (control->kill_evt >= 0)
		close(control->kill_evt);
	if (control->parked_evt >= 0)
		close(control->parked_evt);
}

void park_control_reset(struct park_control *control)
{
	/* Rounds go on: no seat was ever parked for one to come. */
	if (atomic_load(&control->round) & 1)
		atomic_fetch_add(&control->round, 1);
	atomic_store(&control->killed, false);
	atomic_store(&control->held, false);
	drain_event(control->kill_evt);
	drain_event(control->parked_evt);
}

int park_seat_init(struct park_seat *seat, struct park_control *control, struct error *error)
{
	int err;

	memset(seat, 0, sizeof(*seat));
	seat->control = control;
	err = make_event(&seat->thaw_evt, error);
	if (!err)
		pthread_mutex_init(&seat->lock, NULL);
	return err;
}

void park_seat_finish(struct park_seat *seat)
{
	pthread_mutex_destroy(&seat->lock);
	close(seat->thaw_evt);
}

static bool is_frozen_round(uint64_t round)
{
	return round & 1;
}

bool park_is_frozen(const struct park_control *control)
{
	return is_frozen_round(atomic_load(&control->round));
}

bool park_is_held(const struct park_seat *seat)
{
	return atomic_load(&seat->control->held) || atomic_load(&seat->held);
}

void park_hold(struct park_control *control, bool held)
{
	atomic_store(&control->held, held);
}

void park_hold_one(struct park_seat *seat, bool held)
{
	atomic_store(&seat->held, held);
}

bool park_is_killed(const struct park_control *control)
{
	return atomic_load(&control->killed);
}

bool park_kill(struct park_control *control)
{
	bool first = !atomic_exchange(&control->killed, true);

	if (first)
		signal_event(control->kill_evt);
	return first;
}

void park_sleep(struct park_seat *seat)
{
	struct pollfd fds[] = {
		{ .fd = seat->thaw_evt, .events = POLLIN },
		{ .fd = seat->control->kill_evt, .events = POLLIN },
	};

	if (seat->thaw_evt < 0) {
		poll(&fds[1], 1, BLIND_LOOK_MS);
		return;
	}
	/* What is not drained would wake every later wait. */
	if (poll(fds, 2, LOOK_MS) > 0 && fds[0].revents)
		drain_event(seat->thaw_evt);
}

void park_wake(struct park_seat *seat)
{
	signal_event(seat->thaw_evt);
}

void park(struct park_seat *seat, const struct register_snapshot *registers)
{
	struct park_control *control = seat->control;
	uint64_t round = atomic_load(&control->round);

	if (!is_frozen_round(round) || park_is_killed(control))
		return;
	pthread_mutex_lock(&seat->lock);
	seat->has_registers = registers != NULL;
	if (registers)
		seat->registers = *registers;
	pthread_mutex_unlock(&seat->lock);
	atomic_store_explicit(&seat->parked, round, memory_order_release);
	signal_event(control->parked_evt);
	while (atomic_load(&control->round) == round && !park_is_killed(control))
		park_sleep(seat);
	atomic_store(&seat->parked, 0);
}

void park_freeze(struct park_control *control)
{
	if (!park_is_frozen(control))
		atomic_fetch_add(&control->round, 1);
}

static uint64_t find_missing(const struct park_control *control, struct park_seat *const *seats,
			     size_t count)
{
	uint64_t round = atomic_load(&control->round), missing = 0;
	size_t i;

	for (i = 0; i < count; i++)
		if (atomic_load_explicit(&seats[i]->parked, memory_order_acquire) != round)
			missing |= 1ull << i;
	return missing;
}

int park_wait(struct park_control *control, struct park_seat *const *seats, size_t count,
	      unsigned int limit_ms, uint64_t *missing)
{
	struct pollfd fds[] = {
		{ .fd = control->parked_evt, .events = POLLIN },
		{ .fd = control->kill_evt, .events = POLLIN },
	};
	int64_t until = (int64_t)clock_ms() + limit_ms, left;

	for (;;) {
		if (control->parked_evt >= 0)
			drain_event(control->parked_evt);
		*missing = find_missing(control, seats, count);
		/* Kill wins: who parked has been let go by it, or will be. */
		if (park_is_killed(control))
			return -ESHUTDOWN;
		if (!*missing)
			return 0;
		left = until - (int64_t)clock_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (control->parked_evt < 0 && left > BLIND_LOOK_MS)
			left = BLIND_LOOK_MS;
		poll(fds, 2, (int)(left < LOOK_MS ? left : LOOK_MS));
	}
}

void park_thaw(struct park_control *control, struct park_seat *const *seats, size_t count)
{
	size_t i;

	if (park_is_frozen(control))
		atomic_fetch_add(&control->round, 1);
	for (i = 0; i < count; i++)
		park_wake(seats[i]);
}
