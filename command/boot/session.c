/* SPDX-License-Identifier: MIT */
/* Opening what a boot needs. Depends on session.h and libc. */
#include "command/boot/session.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"

static int map_modules(struct session *session)
{
	const struct boot_options *options = session->options;
	const char *paths[BOOT_MODULES_MAX];
	size_t count = 0, i;
	int status = 0;

	if (options->environment)
		paths[count++] = options->environment;
	for (i = 0; i < options->module_count; i++)
		paths[count++] = options->modules[i];
	for (i = 0; i < count && !status; i++) {
		status = boot_file_map(&session->files[i], paths[i]);
		session->modules[i] = (struct r0_boot_module){ session->files[i].data,
							       session->files[i].size, paths[i] };
	}
	session->module_count = count;
	return status;
}

static int open_disk(struct session *session)
{
	const struct boot_options *options = session->options;
	struct stat status;

	if (!options->disk)
		return 0;
	/* Looked at first: opening one of another kind may wait, or do something. */
	if (stat(options->disk, &status) == 0 && !S_ISREG(status.st_mode) &&
	    !S_ISBLK(status.st_mode))
		return boot_error(BOOT_NO_DEVICE,
				  "--disk %s: it is neither a file nor a block device",
				  options->disk);
	session->disk.read_only = options->disk_read_only;
	session->disk.fd =
		open(options->disk, (options->disk_read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (session->disk.fd < 0)
		return boot_error(BOOT_NO_DEVICE, "--disk %s: %s", options->disk, strerror(errno));
	return 0;
}

/* Documentation/networking/tuntap.rst, 3. */
static int open_network(struct session *session)
{
	const char *name = session->options->network;
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	if (!name)
		return 0;
	if (!*name || strlen(name) >= sizeof(request.ifr_name))
		return boot_error(BOOT_NO_DEVICE, "--net %s: that is no interface's name", name);
	memcpy(request.ifr_name, name, strlen(name) + 1);
	/* Locally administered, and not a group's. */
	memcpy(session->network.address, (const uint8_t[]){ 0x52, 0x30, 0, 0, 0, 1 }, 6);
	session->network.fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (session->network.fd < 0)
		return boot_error(BOOT_NO_DEVICE, "--net %s: /dev/net/tun: %s", name,
				  strerror(errno));
	if (ioctl(session->network.fd, TUNSETIFF, &request) != 0)
		return boot_error(BOOT_NO_DEVICE, "--net %s: %s", name, strerror(errno));
	return 0;
}

/* Before there is any thread, so that all have them blocked. */
static int catch_signals(struct session *session)
{
	const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct sigaction action;

		/* What was ignored, as by nohup(1), stays so. */
		sigaction(numbers[i], NULL, &action);
		if (action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	session->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (session->signal_fd < 0)
		return boot_error(BOOT_INTERNAL, "signalfd: %s", strerror(errno));
	return 0;
}

int session_prepare(struct session *session)
{
	int status = session->options->kernel ?
			     boot_file_map(&session->kernel, session->options->kernel) :
			     0;

	if (!status && session->options->symbols)
		status = boot_file_map(&session->symbols, session->options->symbols);
	if (!status)
		status = map_modules(session);
	if (!status)
		status = open_disk(session);
	if (!status)
		status = open_network(session);
	if (!status)
		status = catch_signals(session);
	if (status)
		return status;
	session->console = (struct boot_console){
		.number = session->options->console,
		.fd = STDOUT_FILENO,
		.end_evt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	if (session->options->typed) {
		session->first = session->options->typed;
		session->first_size = strlen(session->first);
	}
	if (session->options->until)
		status = boot_until_init(&session->console.until, session->options->until);
	if (status)
		return status;
	if (session->console.end_evt < 0)
		return boot_error(BOOT_INTERNAL, "eventfd: %s", strerror(errno));
	session->deadline_ns = UINT64_MAX;
	if (session->options->time_limit_ms)
		session->deadline_ns =
			clock_ns() + session->options->time_limit_ms * CLOCK_NS_PER_MS;
	session->has_input = session->console.number != R0_VM_DEBUG_CONSOLE;
	return 0;
}

void session_finish(struct session *session)
{
	size_t i;

	boot_until_finish(&session->console.until);
	boot_file_unmap(&session->kernel);
	boot_file_unmap(&session->symbols);
	for (i = 0; i < session->module_count; i++)
		boot_file_unmap(&session->files[i]);
}
