/* SPDX-License-Identifier: MIT */
/* Opening what a boot needs. Depends on session.h, boot/elf_file.h and libc. */
#include "command/boot/session.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "boot/elf_file.h"

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

static int open_devices(struct session *session)
{
	const char *const *values = session->options->devices;
	int status = 0;
	size_t i;

	for (i = 0; i < BOOT_DEVICES && !status; i++)
		if (values[i])
			status = boot_devices[i]->open(values[i], &session->devices);
	return status;
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

static int map_symbols(struct session *session)
{
	const char *path = session->options->symbols;
	int status = boot_file_map(&session->symbols, path);
	const struct boot_image image = { session->symbols.data, session->symbols.size };
	struct error error = { "" };
	struct elf_file file;

	if (status || !elf_file_open(&file, &image, &error))
		return status;
	return boot_error(BOOT_NO_KERNEL, "--symbols %s: %s", path, error.text);
}

int session_prepare(struct session *session)
{
	int status = session->options->kernel ?
			     boot_file_map(&session->kernel, session->options->kernel) :
			     0;

	if (!status && session->options->symbols)
		status = map_symbols(session);
	if (!status)
		status = map_modules(session);
	if (!status)
		status = open_devices(session);
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
	/* Those are gdb's. */
	if (session->options->gdb && !strcmp(session->options->gdb, "-")) {
		session->console.fd = STDERR_FILENO;
		session->has_input = false;
	}
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
	for (i = 0; i < BOOT_DEVICES; i++)
		boot_devices[i]->close(&session->devices);
}
