/* SPDX-License-Identifier: MIT */
/* The guest's text to standard output, as it comes. Depends on libc and <ring0/vm.h>. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>
#include "command/boot/boot.h"

/* Until some bytes can be written without waiting, or the end: returns whether they can. */
static bool wait_for_room(const struct boot_console *console)
{
	struct pollfd fds[] = {
		{ .fd = console->fd, .events = POLLOUT },
		{ .fd = console->end_evt, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return true; /* write() says why */
	return fds[0].revents;
}

void boot_console_output(void *context, enum r0_vm_console number, const void *data, size_t size)
{
	struct boot_console *console = context;
	const char *text = data;

	if (number != console->number)
		return;
	if (console->until.text && boot_until_look(&console->until, text, size))
		r0_vm_hold(console->vm, true);
	while (size && !__atomic_load_n(&console->failed, __ATOMIC_RELAXED)) {
		ssize_t written = -1;

		if (!wait_for_room(console))
			return;
		/* As much as fits where there is room at all: pipe(7). */
		written = write(console->fd, text, size < PIPE_BUF ? size : PIPE_BUF);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			__atomic_store_n(&console->failed, errno, __ATOMIC_RELAXED);
		if (written <= 0)
			continue;
		text += written;
		size -= (size_t)written;
	}
}
