/* SPDX-License-Identifier: MIT */
/*
 * Whether the local APIC's timer interrupts a VM, for `ring0 doctor`. The VM is a few bytes of
 * 32-bit code on a flat address space: it needs KVM's interrupt controllers, which the machines that
 * tests run on don't have. Depends on kvm/.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "base/clock.h"
#include "command/doctor/doctor.h"
#include "kvm/vcpu/vcpu.h"

#define MEMORY_SIZE 0x10000
#define IDT	    0x1000
#define STACK	    0x7000
#define CODE	    0x8000
#define CS	    0x08
#define DS	    0x10
#define VECTOR	    0x40
#define PORT	    0x99

/* How long the interrupt may take, and then KVM_RUN to come back when it is told to. */
#define TIME_LIMIT_S 1

/* The local APIC's registers: SDM vol. 3A, 11.4.1, table 11-1; APM vol. 2, 16.3.2. */
__asm__(".pushsection .rodata\n"
	"doctor_timer_code:\n"
	".code32\n"
	"movl $0x1ff, 0xfee000f0\n" /* spurious vector 0xff, enabled */
	"movl $0xb, 0xfee003e0\n"   /* divide by 1 */
	"movl $0x40, 0xfee00320\n"  /* one shot, vector 0x40 */
	"movl $100000, 0xfee00380\n"
	"sti\n"
	"1: hlt\n"
	"jmp 1b\n"
	"doctor_timer_handler:\n"
	"outb %al, $0x99\n"
	"2: hlt\n"
	"jmp 2b\n"
	"doctor_timer_end:\n"
	".code64\n"
	".popsection\n");
extern const uint8_t doctor_timer_code[], doctor_timer_handler[], doctor_timer_end[];

struct trial {
	struct kvm *kvm;
	struct vm vm;
	struct vcpu vcpu;
	uint8_t *memory;
	bool has_vm, has_vcpu;

	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool done;
	int run_result;
	struct error error;
};

static int set_entry_state(struct trial *trial)
{
	const struct kvm_segment code = {
		.limit = 0xffffffff,
		.selector = CS,
		.type = 0xb, /* execute, read, accessed: SDM vol. 3A, 3.4.5.1 */
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
	struct kvm_regs regs = { .rip = CODE, .rsp = STACK, .rflags = 2 };
	struct kvm_segment data = code;
	struct kvm_sregs sregs;
	int err = KVM_IOCTL(trial->vcpu.fd, KVM_GET_SREGS, &sregs, &trial->error);

	if (err < 0)
		return err;
	data.selector = DS;
	data.type = 0x3; /* read, write, accessed */
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 = 1u << 0 | 1u << 4; /* PE, ET */
	sregs.gdt.limit = 3 * 8 - 1;
	sregs.idt.base = IDT;
	sregs.idt.limit = 256 * 8 - 1;
	err = KVM_IOCTL(trial->vcpu.fd, KVM_SET_SREGS, &sregs, &trial->error);
	if (err >= 0)
		err = KVM_IOCTL(trial->vcpu.fd, KVM_SET_REGS, &regs, &trial->error);
	return err < 0 ? err : 0;
}

/* An interrupt loads CS from the GDT, at address 0. */
static void fill_memory(uint8_t *memory)
{
	const uint64_t gdt[] = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff };
	uint64_t handler = CODE + ((uintptr_t)doctor_timer_handler - (uintptr_t)doctor_timer_code);
	/* A 32-bit interrupt gate: SDM vol. 3A, 6.11. */
	uint64_t gate = (handler & 0xffff) | CS << 16 | 0x8eull << 40 | handler >> 16 << 48;

	memcpy(memory, gdt, sizeof(gdt));
	memcpy(memory + IDT + VECTOR * sizeof(gate), &gate, sizeof(gate));
	memcpy(memory + CODE, doctor_timer_code,
	       (uintptr_t)doctor_timer_end - (uintptr_t)doctor_timer_code);
}

static int make_machine(struct trial *trial)
{
	const struct vm_options irqchip = { .irqchip = true };
	const struct vm_slot slot = { .size = MEMORY_SIZE };
	struct vm_slot memory;
	int err = kvm_create(&trial->kvm, &trial->error);

	if (err)
		return err;
	trial->memory =
		mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (trial->memory == MAP_FAILED)
		return error_set(&trial->error, ENOMEM, "no memory for a VM");
	fill_memory(trial->memory);
	err = vm_init(&trial->vm, trial->kvm, &irqchip, &trial->error);
	if (err)
		return err;
	trial->has_vm = true;
	memory = slot;
	memory.host = trial->memory;
	err = vm_set_slot(&trial->vm, &memory, &trial->error);
	/* Intel's without unrestricted guests want it: Documentation/virt/kvm/api.rst, 4.35. */
	if (err >= 0)
		err = KVM_IOCTL_VALUE(trial->vm.fd, KVM_SET_TSS_ADDR, 0xfffbd000, &trial->error);
	if (err >= 0)
		err = vcpu_init(&trial->vcpu, &trial->vm, 0, NULL, &trial->error);
	if (err < 0)
		return err;
	trial->has_vcpu = true;
	return set_entry_state(trial);
}

static void trial_destroy(struct trial *trial)
{
	if (trial->has_vcpu)
		vcpu_finish(&trial->vcpu);
	if (trial->has_vm)
		vm_finish(&trial->vm);
	if (trial->memory && trial->memory != MAP_FAILED)
		munmap(trial->memory, MEMORY_SIZE);
	kvm_destroy(trial->kvm);
	pthread_cond_destroy(&trial->changed);
	pthread_mutex_destroy(&trial->lock);
	free(trial);
}

static struct trial *trial_create(void)
{
	struct trial *trial = calloc(1, sizeof(*trial));
	pthread_condattr_t attributes;

	if (!trial)
		return NULL;
	pthread_mutex_init(&trial->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&trial->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return trial;
}

static void *trial_thread(void *context)
{
	struct trial *trial = context;
	int result;

	vcpu_prepare_thread();
	result = vcpu_run(&trial->vcpu, &trial->error);
	pthread_mutex_lock(&trial->lock);
	trial->run_result = result;
	trial->done = true;
	pthread_cond_signal(&trial->changed);
	pthread_mutex_unlock(&trial->lock);
	return NULL;
}

/* With the lock held. HLT waits within KVM_RUN: only a kick ends that. */
static void wait_until_done(struct trial *trial)
{
	const struct timespec until = clock_timespec(clock_ns() + TIME_LIMIT_S * CLOCK_NS_PER_S);

	while (!trial->done &&
	       pthread_cond_timedwait(&trial->changed, &trial->lock, &until) != ETIMEDOUT)
		;
}

static void judge(const struct trial *trial, struct doctor_finding *finding)
{
	const struct kvm_run *run = trial->vcpu.run;

	finding->result = DOCTOR_WRONG;
	if (trial->run_result == -EINTR)
		snprintf(finding->detail, sizeof(finding->detail), "no interrupt comes in %d s",
			 TIME_LIMIT_S);
	else if (trial->run_result)
		snprintf(finding->detail, sizeof(finding->detail), "%.200s", trial->error.text);
	else if (run->exit_reason == KVM_EXIT_IO && run->io.port == PORT)
		finding->result = DOCTOR_WORKS;
	else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR) {
		finding->result = DOCTOR_UNSUPPORTED;
		snprintf(finding->detail, sizeof(finding->detail), "suberror %u",
			 run->internal.suberror);
	} else
		snprintf(finding->detail, sizeof(finding->detail), "KVM's exit reason is %u",
			 run->exit_reason);
}

/* Returns whether the timer may be destroyed: its thread is gone. */
static bool try(struct trial *trial, struct doctor_finding *finding)
{
	bool gone;

	if (pthread_create(&trial->thread, NULL, trial_thread, trial) != 0) {
		snprintf(finding->detail, sizeof(finding->detail), "no thread can be started");
		return true;
	}
	pthread_mutex_lock(&trial->lock);
	wait_until_done(trial);
	if (!trial->done) {
		vcpu_kick(&trial->vcpu);
		wait_until_done(trial);
	}
	gone = trial->done;
	pthread_mutex_unlock(&trial->lock);
	if (gone) {
		pthread_join(trial->thread, NULL);
		judge(trial, finding);
	} else {
		finding->result = DOCTOR_HANGS;
		snprintf(finding->detail, sizeof(finding->detail), "KVM_RUN can't be interrupted");
	}
	return gone;
}

void doctor_timer_probe(struct doctor_finding *finding)
{
	struct trial *trial = trial_create();

	*finding = (struct doctor_finding){ .result = DOCTOR_FAILED };
	if (!trial) {
		snprintf(finding->detail, sizeof(finding->detail), "no memory");
		return;
	}
	if (make_machine(trial) != 0)
		snprintf(finding->detail, sizeof(finding->detail), "%.200s", trial->error.text);
	else if (!try(trial, finding))
		return; /* the thread keeps it */
	trial_destroy(trial);
}
