/* SPDX-License-Identifier: MIT */
/* Guarded calls: the signals' handler, the thread's memory for it, and the ways out. */
#include "mock/guard.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>
#include "guest/host/outside.h"
#include "mock/guard_own.h"

/* Beside the monitor's, which is SIGRTMAX - 3. Unblocked in threads that have made a guarded call. */
#define STOP_SIGNAL (SIGRTMAX - 4)

#define ALTERNATE_STACK 0x8000

/* A supervisor that is not heard of for so long, in seconds, is stuck: to describe a crash takes it some. */
#define PATIENCE_S 20

/* Of a harness that could not do its job: enum exit_status. */
#define ERROR_STATUS 99

/* What a crash raises; abort() and the sanitizers' traps are crashes. */
static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };

#define SIGNAL_COUNT (sizeof(crash_signals) / sizeof(crash_signals[0]))

/* A thread's own, made with its first guarded call. */
struct thread {
	pid_t process; /* not that of a child that the function has forked */
	struct guard_place place;
	uint8_t stack[ALTERNATE_STACK];
};

static _Thread_local struct guard *volatile current;
static _Thread_local struct thread *mine;

/* The process has one set of handlers, whoever makes guarded calls. */
static struct {
	pthread_mutex_t lock;
	unsigned int users;
	bool once; /* what is made once has been */
	pthread_key_t key;
	struct sigaction previous[SIGNAL_COUNT], previous_stop;
	_Atomic(bool (*)(const char *)) last_words;
	_Atomic(void (*)(const struct guard *)) fresh;
	_Atomic(unsigned int) pulse; /* of the supervisor */
	atomic_bool exited;
	_Atomic(int) status;
	sem_t exit;
} process = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct guard *guard_current(void)
{
	struct guard *guard = current;

	return guard && mine->process == getpid() ? guard : NULL;
}

/*
 * Copy the stack from SP to the guarded call. After an overflow the first pages are not there; a
 * system call copies what is.
 */
static void copy_stack(struct guard_place *place, const struct guard *guard)
{
	uint64_t from = place->sp, to = (uint64_t)(uintptr_t)guard;
	struct iovec target = { .iov_base = place->stack }, source;
	ssize_t got;

	place->stack_size = 0;
	if (from >= to)
		return;
	target.iov_len = to - from < GUARD_STACK_MAX ? to - from : GUARD_STACK_MAX;
	source = (struct iovec){ .iov_base = (void *)(uintptr_t)from, .iov_len = target.iov_len };
	got = process_vm_readv(getpid(), &target, 1, &source, 1, 0);
	if (got > 0)
		place->stack_size = (uint64_t)got;
}

/* `info` is a signal's, or NULL. */
static void note_place(struct guard *guard, const siginfo_t *info, const ucontext_t *context)
{
	int number = info ? info->si_signo : 0;
	struct guard_place *place = &mine->place;

	place->signal = number;
	place->address = 0;
	if (info && (number == SIGSEGV || number == SIGBUS))
		place->address = (uint64_t)info->si_addr;
	guard_own_registers(context, place);
	copy_stack(place, guard);
	guard->place = place;
}

void guard_note_place(struct guard *guard)
{
	ucontext_t here;

	if (getcontext(&here) == 0)
		note_place(guard, NULL, &here);
}

void guard_leave(struct guard *guard, enum guard_end end)
{
	guard->end = end;
	current = NULL;
	siglongjmp(guard->back, 1);
}

/* The linker's: the program's code. */
extern const char __executable_start[], etext[];

static bool is_in_program(uint64_t pc)
{
	return pc - (uint64_t)__executable_start < (uint64_t)etext - (uint64_t)__executable_start;
}

/* assert() has given back all memory that it asked for. */
static bool is_in_assert(uint64_t pc)
{
	return pc - (uint64_t)&__assert_fail < 0x100;
}

/* glibc has all of malloc.c in one place, its own functions before those that have names. */
static bool is_in_allocator(uint64_t pc)
{
	const uint64_t first = (uint64_t)&malloc - 0x4000, last = (uint64_t)&calloc + 0x400;

	return pc - first < last - first;
}

/*
 * Whether the thread may hold a lock of the allocator's, and must not be taken out of it: one of its
 * functions is on the stack. A word that looks so by chance costs a thread, no more. Code of the
 * program's holds none; in a static program nothing tells that from libc's.
 */
static bool is_in_the_middle(const struct guard_place *place)
{
	bool found = is_in_allocator(place->pc);
	uint64_t word, i;

	if (is_in_program(place->pc) && !is_in_program((uint64_t)&malloc))
		return false;
	for (i = 0; i + sizeof(word) <= place->stack_size; i += sizeof(word)) {
		memcpy(&word, place->stack + i, sizeof(word));
		if (is_in_assert(word))
			return false;
		found |= is_in_allocator(word);
	}
	return found;
}

/*
 * Sleep for ever, as long as whoever supervises goes on. One that needs the lock that this thread has never
 * will: then the process dies of what has happened here.
 */
static __attribute__((noreturn)) void watch_supervisor(void)
{
	static const char message[] = "ring0: a mock crashed within malloc() or free(), and the "
				      "program can't go on\n";
	unsigned int seen = 0, now, still = 0;

	for (;;) {
		sleep(1);
		now = atomic_load(&process.pulse);
		still = now == seen && process.users ? still + 1 : 0;
		seen = now;
		if (still < PATIENCE_S)
			continue;
		if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
			still = 0;
		signal(SIGABRT, SIG_DFL);
		kill(getpid(), SIGABRT);
	}
}

void guard_pulse(void)
{
	atomic_fetch_add(&process.pulse, 1);
}

/* Sleep for ever. */
static __attribute__((noreturn)) void lose(struct guard *guard, enum guard_end end)
{
	void (*fresh)(const struct guard *);

	guard->end = end;
	current = NULL;
	fresh = atomic_load(&process.fresh);
	if (fresh && end == GUARD_CRASHED)
		fresh(guard);
	guard->ops->lost(guard->context, guard);
	watch_supervisor();
}

static const char *death_by(int number)
{
	switch (number) {
	case SIGSEGV:
		return "a thread of the program crashed: SIGSEGV";
	case SIGBUS:
		return "a thread of the program crashed: SIGBUS";
	case SIGFPE:
		return "a thread of the program crashed: SIGFPE";
	case SIGILL:
		return "a thread of the program crashed: SIGILL";
	case SIGTRAP:
		return "a thread of the program crashed: SIGTRAP";
	case SIGSYS:
		return "a thread of the program crashed: SIGSYS";
	default:
		return "a thread of the program crashed: SIGABRT";
	}
}

/* Returns whether there was anyone to hear them. */
static bool say_last_words(const char *reason)
{
	bool (*fn)(const char *) = atomic_load(&process.last_words);

	return fn && fn(reason);
}

/* Not one of ours: do what would have been done without us. */
static void pass_on(int number, siginfo_t *info, void *context)
{
	const struct sigaction *previous = NULL;
	size_t i;

	for (i = 0; i < SIGNAL_COUNT; i++)
		if (crash_signals[i] == number)
			previous = &process.previous[i];
	if (previous->sa_flags & SA_SIGINFO) {
		previous->sa_sigaction(number, info, context);
		return;
	}
	if (previous->sa_handler == SIG_IGN && info->si_code <= 0)
		return;
	if (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN) {
		previous->sa_handler(number);
		return;
	}
	say_last_words(death_by(number));
	signal(number, SIG_DFL);
	/* An instruction that crashed does so again; what was sent has to be sent again. */
	if (info->si_code <= 0)
		raise(number);
}

static void on_crash(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	struct guard *guard = guard_current();

	if (!guard) {
		pass_on(number, info, context);
		errno = saved;
		return;
	}
	note_place(guard, info, context);
	if (is_in_the_middle(guard->place))
		lose(guard, GUARD_CRASHED);
	guard_leave(guard, GUARD_CRASHED);
}

/* In a library's code the thread may hold any lock of it: only its place is noted. */
static void on_stop(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	struct guard *guard = guard_current();

	(void)number;
	(void)info;
	if (guard && guard->ops->is_overdue(guard->context)) {
		note_place(guard, NULL, context);
		if (is_in_program(guard->place->pc) && !is_in_program((uint64_t)&malloc))
			guard_leave(guard, GUARD_OVERDUE);
	}
	errno = saved;
}

/* In exit(), before other functions that it calls, but for those that the program has added since. */
static void on_exit_called(int status, void *argument)
{
	struct guard *guard = guard_current();

	(void)argument;
	/* In a VM's copy of the program, which exits alone. */
	if (outside)
		return;
	/* A run that is cut off is no success. */
	if (!guard) {
		if (say_last_words("a thread of the program called exit()") && status == 0)
			exit(ERROR_STATUS);
		return;
	}
	guard_note_place(guard);
	guard->end = GUARD_EXITED;
	guard->result = status;
	current = NULL;
	atomic_store(&process.exited, true);
	guard->ops->lost(guard->context, guard);
	while (sem_wait(&process.exit))
		;
	exit(atomic_load(&process.status));
}

static void on_quick_exit_called(void)
{
	on_exit_called(EXIT_FAILURE, NULL);
}

bool guard_has_exited(void)
{
	return atomic_load(&process.exited);
}

void guard_exit(int status)
{
	atomic_store(&process.status, status);
	sem_post(&process.exit);
	for (;;)
		pause();
}

void guard_set_last_words(bool (*fn)(const char *reason))
{
	atomic_store(&process.last_words, fn);
}

void guard_set_fresh(void (*fn)(const struct guard *guard))
{
	atomic_store(&process.fresh, fn);
}

/* At the thread's end. */
static void release_thread(void *memory)
{
	const stack_t none = { .ss_flags = SS_DISABLE };
	struct thread *thread = memory;
	stack_t now;

	if (sigaltstack(NULL, &now) == 0 && now.ss_sp == thread->stack)
		sigaltstack(&none, NULL);
	mine = NULL;
	munmap(thread, sizeof(*thread));
}

static int make_once(void)
{
	int err;

	if (process.once)
		return 0;
	err = pthread_key_create(&process.key, release_thread);
	if (err)
		return -err;
	if (sem_init(&process.exit, 0, 0))
		return -errno;
	if (on_exit(on_exit_called, NULL) || at_quick_exit(on_quick_exit_called))
		return -ENOMEM;
	process.once = true;
	return 0;
}

int guard_init(struct error *error)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	size_t i;
	int err;

	pthread_mutex_lock(&process.lock);
	err = make_once();
	if (!err && !process.users++) {
		/* Not deferred: a handler that is left by a jump must find the signal open the next time. */
		action.sa_sigaction = on_crash;
		for (i = 0; i < SIGNAL_COUNT; i++)
			sigaction(crash_signals[i], &action, &process.previous[i]);
		action.sa_sigaction = on_stop;
		action.sa_flags |= SA_RESTART;
		sigaction(STOP_SIGNAL, &action, &process.previous_stop);
	}
	pthread_mutex_unlock(&process.lock);
	return err ? error_set(error, -err, "preparing for mocks that crash: %s", strerror(-err)) :
		     0;
}

/* A handler that the program has put in place of ours stays. */
static void put_back(int number, void (*ours)(int, siginfo_t *, void *),
		     const struct sigaction *previous)
{
	struct sigaction now;

	if (sigaction(number, NULL, &now) == 0 && now.sa_flags & SA_SIGINFO &&
	    now.sa_sigaction == ours)
		sigaction(number, previous, NULL);
}

void guard_finish(void)
{
	size_t i;

	pthread_mutex_lock(&process.lock);
	if (!--process.users) {
		for (i = 0; i < SIGNAL_COUNT; i++)
			put_back(crash_signals[i], on_crash, &process.previous[i]);
		put_back(STOP_SIGNAL, on_stop, &process.previous_stop);
	}
	pthread_mutex_unlock(&process.lock);
}

/* A blocked signal of a crash kills at once: these are open wherever guarded calls are made. */
static void open_signals(void)
{
	sigset_t open;
	size_t i;

	sigemptyset(&open);
	for (i = 0; i < SIGNAL_COUNT; i++)
		sigaddset(&open, crash_signals[i]);
	sigaddset(&open, STOP_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &open, NULL);
}

/* Without memory for it a crash is the end of the process, as it would be without us. */
static bool prepare_thread(void)
{
	struct thread *thread = mmap(NULL, sizeof(*thread), PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack;

	if (thread == MAP_FAILED)
		return false;
	thread->process = getpid();
	if (pthread_setspecific(process.key, thread)) {
		munmap(thread, sizeof(*thread));
		return false;
	}
	/* A sanitizer may have given it one, which is as good. */
	if (sigaltstack(NULL, &stack) == 0 && stack.ss_flags & SS_DISABLE) {
		stack = (stack_t){ .ss_sp = thread->stack, .ss_size = sizeof(thread->stack) };
		sigaltstack(&stack, NULL);
	}
	open_signals();
	mine = thread;
	return true;
}

enum guard_end guard_call(struct guard *guard, int (*fn)(void *argument), void *argument)
{
	if (!mine && !prepare_thread()) {
		guard->result = fn(argument);
		return guard->end = GUARD_RETURNED;
	}
	guard->place = NULL;
	guard->end = GUARD_RETURNED;
	if (sigsetjmp(guard->back, 0) == 0) {
		current = guard;
		guard->result = fn(argument);
		current = NULL;
	} else {
		/* Of what it may have blocked on its way. */
		open_signals();
	}
	return guard->end;
}

void guard_stop(pid_t thread)
{
	syscall(SYS_tgkill, getpid(), thread, STOP_SIGNAL);
}
