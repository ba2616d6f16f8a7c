/* SPDX-License-Identifier: MIT */
/* Virtual CPUs on KVM: making, running and interrupting them. Their state is in kvm/state/state_x86_64.c. */
#include "kvm/vcpu/vcpu.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "kvm/vcpu/vcpu_own.h"

/* A real-time signal near the end of the range: glibc and most programs take theirs elsewhere. */
#define KICK_SIGNAL (SIGRTMAX - 3)

/* More accesses than one instruction makes: FXRSTOR reads 512 bytes, 8 at a time. */
#define COMPLETION_LIMIT 1024

/* While KVM_RUN runs, the thread takes the kick's signal and no other. */
static int set_signal_mask(struct vcpu *vcpu, struct error *error)
{
	uint64_t blocked = ~(1ull << (KICK_SIGNAL - 1));
	union {
		struct kvm_signal_mask mask;
		uint8_t bytes[sizeof(struct kvm_signal_mask) + sizeof(blocked)];
	} set = { .mask = { .len = sizeof(blocked) } };

	memcpy(set.mask.sigset, &blocked, sizeof(blocked));
	return KVM_IOCTL_VALUE(vcpu->fd, KVM_SET_SIGNAL_MASK, &set, error);
}

int vcpu_init(struct vcpu *vcpu, struct vm *vm, uint32_t id, const struct vcpu_identity *identity,
	      struct error *error)
{
	int err;

	*vcpu = (struct vcpu){ .vm = vm };
	vcpu->fd = KVM_IOCTL_VALUE(vm->fd, KVM_CREATE_VCPU, id, error);
	if (vcpu->fd < 0)
		return vcpu->fd;
	vcpu->run = mmap(NULL, vm->kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		err = error_set(error, errno, "mapping a vCPU failed: %s", strerror(errno));
		goto close;
	}
	err = vcpu_own_init(vcpu, id, identity, error);
	if (err >= 0)
		err = set_signal_mask(vcpu, error);
	if (err >= 0)
		return 0;
	vcpu_own_finish(vcpu);
	munmap(vcpu->run, vm->kvm->run_size);
close:
	close(vcpu->fd);
	return err;
}

void vcpu_finish(struct vcpu *vcpu)
{
	if (vcpu->has_alarm)
		timer_delete(vcpu->alarm);
	vcpu_own_finish(vcpu);
	munmap(vcpu->run, vcpu->vm->kvm->run_size);
	close(vcpu->fd);
}

void vcpu_prepare_thread(void)
{
	sigset_t all;

	sigfillset(&all);
	/* Of mapped memory that can't be had: base/bus_error.h. */
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
}

static int enter(struct vcpu *vcpu, struct error *error)
{
	if (ioctl(vcpu->fd, KVM_RUN, 0) == 0)
		return 0;
	if (errno == EINTR || errno == EAGAIN)
		return -EINTR;
	return error_set(error, errno, "KVM's KVM_RUN failed: %s", strerror(errno));
}

int vcpu_run(struct vcpu *vcpu, struct error *error)
{
	if (!vcpu->thread)
		__atomic_store_n(&vcpu->thread, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	return enter(vcpu, error);
}

bool vcpu_complete(struct vcpu *vcpu)
{
	uint8_t before = __atomic_exchange_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	int left = COMPLETION_LIMIT, result;

	do
		result = ioctl(vcpu->fd, KVM_RUN, 0);
	while (result == 0 && --left);
	__atomic_store_n(&vcpu->run->immediate_exit, before, __ATOMIC_SEQ_CST);
	return result < 0 && errno == EINTR;
}

void vcpu_kick(struct vcpu *vcpu)
{
	pid_t thread = __atomic_load_n(&vcpu->thread, __ATOMIC_SEQ_CST);

	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	if (thread)
		syscall(SYS_tgkill, getpid(), thread, KICK_SIGNAL);
}

/* A signal to this thread, blocked but in KVM_RUN: one that comes before that ends it at once. */
static int make_alarm(struct vcpu *vcpu, struct error *error)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = KICK_SIGNAL };

	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &event, &vcpu->alarm) < 0)
		return error_set(error, errno, "making a vCPU's timer failed: %s", strerror(errno));
	vcpu->has_alarm = true;
	return 0;
}

int vcpu_set_alarm(struct vcpu *vcpu, uint64_t when_ns, struct error *error)
{
	const struct itimerspec when = { .it_value = clock_timespec(when_ns) };
	int err;

	if (!when_ns && !vcpu->alarm_is_set)
		return 0;
	if (!vcpu->has_alarm) {
		err = make_alarm(vcpu, error);
		if (err)
			return err;
	}
	vcpu->alarm_is_set = when_ns;
	if (timer_settime(vcpu->alarm, TIMER_ABSTIME, &when, NULL) < 0)
		return error_set(error, errno, "setting a vCPU's timer failed: %s",
				 strerror(errno));
	return 0;
}

static void take_signals(void)
{
	static const struct timespec now;
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	while (sigtimedwait(&kick, NULL, &now) > 0)
		;
}

/* With immediate_exit KVM would not look at it at all; a signal it sees after that, before the guest runs. */
int vcpu_settle(struct vcpu *vcpu, struct error *error)
{
	uint8_t before = __atomic_exchange_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	int err;

	syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), KICK_SIGNAL);
	err = enter(vcpu, error);
	take_signals();
	__atomic_store_n(&vcpu->run->immediate_exit, before, __ATOMIC_SEQ_CST);
	return err;
}

void vcpu_clear_kick(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	take_signals();
}
