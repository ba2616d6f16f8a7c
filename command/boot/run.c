/* SPDX-License-Identifier: MIT */
/* A machine from its making to its end. Depends on boot.h, <ring0/boot.h> and libc. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "boot/halt.h"
#include "command/boot/own.h"
#include "command/boot/session.h"

/* While the guest takes no more of its input: when to offer it again. */
#define OFFER_AGAIN_MS 10

/* While the machine sleeps: how often to look at signals. */
#define SLEEP_MS 20

static void show_log(void *context, const char *line)
{
	(void)context;
	boot_error(0, "%s", line);
}

static int make_machine(struct session *session, struct r0_vm **vm,
			struct r0_vm_snapshot **snapshot)
{
	const struct boot_options *options = session->options;
	struct r0_vm_options vm_options = {
		.cpus = options->cpus,
		.memory = options->memory,
		.irqchip = options->irqchip != BOOT_IRQCHIP_NONE,
		.virtio_console = options->console == R0_VM_VIRTIO_CONSOLE,
		.block = session->devices.block,
		.net = session->devices.net,
		.output = boot_console_output,
		.log = show_log,
		.context = &session->console,
	};
	struct r0_error error = { "" };
	int err;

	boot_own_machine(options, &vm_options);
	err = options->from ? boot_snapshot_load(snapshot, options, &vm_options) : 0;
	if (err)
		return err;
	err = r0_vm_create(vm, &vm_options, &error);
	if (!err)
		return 0;
	/* All else that the command line may have was looked at before. */
	if (err == -EINVAL && options->cpu)
		return boot_error(BOOT_USAGE, "--cpu %s: %s", options->cpu, error.text);
	return boot_error(err == -EINVAL || err == -ENOMEM ? BOOT_INTERNAL : BOOT_NO_KVM, "%s",
			  error.text);
}

static int load(struct session *session, struct r0_vm *vm)
{
	const struct boot_options *options = session->options;
	const char *slash = options->kernel ? strrchr(options->kernel, '/') : NULL;
	const struct r0_boot_options boot_options = {
		.protocol = options->protocol,
		.command_line = options->command_line,
		.name = slash ? slash + 1 : options->kernel,
		.modules = session->modules,
		.module_count = session->module_count,
		.console = options->console,
	};
	enum r0_boot_protocol protocol = options->protocol;
	struct r0_error error = { "" };
	int err;

	if (!options->kernel)
		return boot_error(BOOT_LIMIT,
				  "--from %s: it reset the machine, and there is no KERNEL to be "
				  "booted again",
				  options->from);
	err = r0_boot_load(vm, session->kernel.data, session->kernel.size, &boot_options, &protocol,
			   &error);

	if (err)
		return boot_error(err == -ENOTSUP ? BOOT_UNSUPPORTED : BOOT_NO_KERNEL, "%s: %s",
				  options->kernel, error.text);
	if (options->verbose)
		boot_error(0, "%s: protocol %s, %u CPUs, %llu KiB of memory", options->kernel,
			   r0_boot_protocol_name(protocol), options->cpus,
			   (unsigned long long)options->memory >> 10);
	return 0;
}

/* To the guest as far as it takes it; the rest waits. */
static void offer_input(struct session *session, struct r0_vm *vm)
{
	long took = r0_vm_console_type(vm, session->console.number, session->typed,
				       session->typed_size, NULL);

	/* One that has no such console takes all, and does nothing with it. */
	if (took < 0)
		took = (long)session->typed_size;
	session->typed_size -= (size_t)took;
	memmove(session->typed, session->typed + took, session->typed_size);
}

/* What the command line has typed. */
static void offer_first(struct session *session, struct r0_vm *vm)
{
	long took = r0_vm_console_type(vm, session->console.number, session->first,
				       session->first_size, NULL);

	if (took < 0)
		took = (long)session->first_size;
	session->first += took;
	session->first_size -= (size_t)took;
}

static void read_input(struct session *session)
{
	ssize_t size = read(STDIN_FILENO, session->typed, sizeof(session->typed));

	if (size > 0)
		session->typed_size = (size_t)size;
	else if (size == 0 || (errno != EINTR && errno != EAGAIN))
		session->has_input = false;
}

/* Stop as Ctrl-Z would have it, by a signal from elsewhere: the terminal is the shell's meanwhile. */
static void stop(void)
{
	boot_terminal_restore();
	raise(SIGSTOP);
	boot_terminal_take();
}

static void take_signal(struct session *session, struct r0_vm *vm)
{
	struct signalfd_siginfo info;

	if (read(session->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGTSTP) {
		stop();
	} else if (info.ssi_signo == SIGCONT) {
		boot_terminal_take();
	} else {
		session->signal = (int)info.ssi_signo;
		r0_vm_kill(vm);
	}
}

static int until_ms(uint64_t at_ns)
{
	uint64_t now = clock_ns(), left_ms;

	if (now >= at_ns)
		return 0;
	left_ms = (at_ns - now) / CLOCK_NS_PER_MS + 1;
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static bool is_stopped(const struct session *session)
{
	return session->debugger && boot_debugger_is_stopped(session->debugger);
}

static bool looks_for_halt(const struct session *session)
{
	return boot_halts_unseen(session->options->irqchip != BOOT_IRQCHIP_NONE);
}

/* When attend() has to look at something else than what poll() tells. */
static int wait_ms(const struct session *session, const struct boot_halt *halt)
{
	int wait = looks_for_halt(session) ? boot_halt_wait_ms(halt) : -1;

	if (is_stopped(session))
		return -1;
	if (session->typed_size || session->first_size)
		wait = sooner(wait, OFFER_AGAIN_MS);
	if (session->deadline_ns != UINT64_MAX)
		wait = sooner(wait, until_ms(session->deadline_ns));
	return wait;
}

/* It said what was waited for: the machine is saved, and has done its part. */
static void save(struct session *session, struct r0_vm *vm)
{
	session->is_saved = true;
	session->save_status = boot_snapshot_save(vm, session->options);
	r0_vm_kill(vm);
}

/* What gdb wants. The time that it has the machine stand still is not the machine's. */
static void debug(struct session *session, struct r0_vm *vm, const struct pollfd *fds)
{
	if (!boot_debugger_attend(session->debugger, fds)) {
		session->is_debugged_to_end = true;
		r0_vm_kill(vm);
	}
	if (session->deadline_ns != UINT64_MAX)
		session->deadline_ns += boot_debugger_take_stopped_ns(session->debugger);
}

/* What the machine may have come to by itself, unless it stands still. */
static void look_for_end(struct session *session, struct r0_vm *vm, struct boot_halt *halt)
{
	if (is_stopped(session))
		return;
	if (looks_for_halt(session) && boot_halt_look(halt, vm))
		session->is_halted = true;
	session->is_late = clock_ns() >= session->deadline_ns;
	if (session->is_halted || session->is_late)
		r0_vm_kill(vm);
}

/* Pass on what comes from outside until the machine ends. */
static void attend(struct session *session, struct r0_vm *vm)
{
	enum { END, SIGNAL, INPUT, SAID, DEBUGGER };
	struct pollfd fds[DEBUGGER + BOOT_DEBUGGER_FDS] = {
		[END] = { .fd = r0_vm_kill_fd(vm), .events = POLLIN },
		[SIGNAL] = { .fd = session->signal_fd, .events = POLLIN },
		[INPUT] = { .fd = STDIN_FILENO, .events = POLLIN },
		[SAID] = { .fd = session->console.until.text ? session->console.until.said_evt : -1,
			   .events = POLLIN },
	};
	const nfds_t count = session->debugger ? DEBUGGER + BOOT_DEBUGGER_FDS : DEBUGGER;
	struct boot_halt halt;

	boot_halt_begin(&halt);
	while (!(fds[END].revents & POLLIN)) {
		bool reads = session->has_input && !session->typed_size && !session->first_size &&
			     boot_terminal_is_input();

		fds[INPUT].fd = reads ? STDIN_FILENO : -1;
		if (session->first_size)
			offer_first(session, vm);
		if (session->debugger)
			boot_debugger_fill(session->debugger, &fds[DEBUGGER]);
		if (poll(fds, count, wait_ms(session, &halt)) < 0)
			continue;
		if (fds[SAID].revents & POLLIN) {
			save(session, vm);
			break;
		}
		if (fds[SIGNAL].revents & POLLIN)
			take_signal(session, vm);
		if (fds[INPUT].revents)
			read_input(session);
		if (session->typed_size)
			offer_input(session, vm);
		if (session->debugger)
			debug(session, vm, &fds[DEBUGGER]);
		look_for_end(session, vm, &halt);
		if (__atomic_load_n(&session->console.failed, __ATOMIC_RELAXED))
			r0_vm_kill(vm);
	}
}

/* Until the end. Returns BOOT_OK, with the outcome, or a status, having said why. */
static int run(struct session *session, struct r0_vm *vm, struct r0_vm_outcome *outcome)
{
	static const uint64_t one = 1;
	struct r0_error error = { "" };
	uint64_t times;
	int err = r0_vm_start(vm, &error);

	if (err)
		return boot_error(BOOT_INTERNAL, "%s", error.text);
	if (session->debugger) {
		err = boot_debugger_hold_start(session->debugger);
		if (err) {
			r0_vm_kill(vm);
			return err;
		}
	}
	attend(session, vm);
	/* Nobody waits any more for whoever should read the guest's text. */
	(void)!write(session->console.end_evt, &one, sizeof(one));
	err = r0_vm_wait(vm, -1, outcome, &error);
	(void)!read(session->console.end_evt, &times, sizeof(times));
	return err ? boot_error(BOOT_INTERNAL, "%s", error.text) : 0;
}

/* What ended it, if it was not the guest. */
static int own_end(const struct session *session)
{
	if (session->signal)
		return boot_error(BOOT_INTERNAL, "%s: ended by signal %d (%s)",
				  session_name(session), session->signal,
				  strsignal(session->signal));
	if (session->is_debugged_to_end)
		return boot_error(BOOT_INTERNAL, "%s: ended by gdb", session_name(session));
	if (session->console.failed)
		return boot_error(BOOT_INTERNAL, "standard output: %s",
				  strerror(session->console.failed));
	return 0;
}

/*
 * A machine with KVM's own interrupt controllers takes KVM 14 ms to close, and 22 ms with a timer, as
 * each waits for what the kernel calls a grace period. Nobody has to wait for that: a child holds it,
 * and is gone when it is closed. Without one, the end of the process closes it.
 */
static void leave_closing_to_a_child(void)
{
	pid_t child = fork();

	if (child)
		return;
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	_exit(0);
}

/* Reset the machine, once it is woken if it sleeps. */
static int reset(struct session *session, struct r0_vm *vm, struct r0_vm_entry *entry)
{
	struct pollfd signals = { .fd = session->signal_fd, .events = POLLIN };
	struct r0_error error = { "" };
	int err;

	while ((err = r0_vm_reset(vm, SLEEP_MS, entry, &error)) == -ETIMEDOUT) {
		error.text[0] = '\0';
		if (clock_ns() >= session->deadline_ns)
			return boot_error(BOOT_LIMIT,
					  "%s: it sleeps: the time limit of %u ms is over",
					  session_name(session), session->options->time_limit_ms);
		if (poll(&signals, 1, 0) > 0)
			take_signal(session, vm);
		if (own_end(session))
			return BOOT_INTERNAL;
	}
	if (!err)
		return 0;
	return boot_error(err == -EDEADLK ? BOOT_HALTED : BOOT_INTERNAL, "%s: %s",
			  session_name(session), error.text);
}

/* Have it go on after a reset or a sleep, where the guest said, or by booting it again. */
static int go_on(struct session *session, struct r0_vm *vm)
{
	struct r0_error error = { "" };
	struct r0_vm_entry entry;
	int status = reset(session, vm, &entry);

	if (status)
		return status;
	if (session->options->verbose)
		boot_error(0, "%s: reset: it %s", session_name(session),
			   entry.mode == R0_VM_MODE_RESET ? "is booted again" : "goes on");
	if (entry.mode == R0_VM_MODE_RESET)
		return load(session, vm);
	if (r0_vm_enter(vm, 0, &entry, &error) != 0)
		return boot_error(BOOT_INTERNAL, "%s", error.text);
	return 0;
}

/* From one reset to the next. */
static int run_to_the_end(struct session *session, struct r0_vm *vm, struct r0_vm_outcome *outcome)
{
	unsigned int resets = 0;
	int status = session->options->from ? 0 : load(session, vm);

	while (!status) {
		status = run(session, vm, outcome);
		if (!status)
			status = own_end(session);
		if (status || session->is_saved ||
		    (outcome->end != R0_VM_RESET && outcome->end != R0_VM_SLEEP))
			break;
		resets += outcome->end == R0_VM_RESET;
		if (resets == BOOT_RESETS_MAX)
			break;
		status = go_on(session, vm);
	}
	return status;
}

/* What the host ended, and why. */
static void name_end(const struct session *session, struct r0_vm_outcome *outcome)
{
	if (outcome->end != R0_VM_KILLED)
		return;
	if (session->is_halted) {
		outcome->end = R0_VM_HALTED;
		snprintf(outcome->reason, sizeof(outcome->reason), "%s", boot_halt_reason);
	} else if (session->is_late) {
		outcome->end = R0_VM_TIME_LIMIT;
		snprintf(outcome->reason, sizeof(outcome->reason),
			 "the time limit of %u ms is over", session->options->time_limit_ms);
	}
}

/* The file that has the kernel's symbols. */
static const struct boot_file *symbols(const struct session *session)
{
	return session->options->symbols ? &session->symbols : &session->kernel;
}

static int begin_debugging(struct session *session, struct r0_vm *vm)
{
	const char *path = session->options->symbols;

	if (!session->options->gdb)
		return 0;
	if (!path)
		path = session->options->kernel ? session->options->kernel : "";
	return boot_debugger_create(&session->debugger, session->options, symbols(session), path,
				    vm);
}

static void end_debugging(struct session *session, struct r0_vm *vm, int status)
{
	if (!session->debugger)
		return;
	/* Where it couldn't go on the machine may run still, or has never run. */
	r0_vm_kill(vm);
	r0_vm_wait(vm, -1, NULL, NULL);
	boot_debugger_tell_end(session->debugger, status);
	boot_debugger_destroy(session->debugger);
	session->debugger = NULL;
}

static int boot(struct session *session, struct boot_result *result)
{
	struct r0_vm_snapshot *snapshot = NULL;
	struct r0_vm_outcome outcome = { 0 };
	struct r0_vm *vm = NULL;
	int status = make_machine(session, &vm, &snapshot);

	session->console.vm = vm;
	if (!status && snapshot)
		status = boot_snapshot_restore(snapshot, vm, session->options);
	r0_vm_snapshot_destroy(snapshot);
	if (!status)
		status = begin_debugging(session, vm);
	if (!status) {
		boot_terminal_take();
		status = run_to_the_end(session, vm, &outcome);
	}
	if (!status && session->is_saved) {
		boot_terminal_restore();
		leave_closing_to_a_child();
		return session->save_status;
	}
	if (status) {
		end_debugging(session, vm, status);
		r0_vm_destroy(vm);
		boot_terminal_restore();
		return status;
	}
	name_end(session, &outcome);
	result->is_ended = true;
	result->end = outcome.end;
	result->guest_status = outcome.status;
	status = boot_outcome_tell(session->options, vm, &outcome, symbols(session));
	end_debugging(session, vm, status);
	boot_terminal_restore();
	leave_closing_to_a_child();
	return status;
}

int boot_run(const struct boot_options *options, struct boot_result *result)
{
	struct session session = { .options = options };
	int status = session_prepare(&session);

	*result = (struct boot_result){ 0 };
	if (!status)
		status = boot(&session, result);
	session_finish(&session);
	result->signal = session.signal;
	return status;
}
