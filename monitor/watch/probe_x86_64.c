/* SPDX-License-Identifier: MIT */
/* A VM of a few pages, for a look at what KVM does: see probe_x86_64.h. */
#include "monitor/watch/probe_x86_64.h"
#include <cpuid.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/paging.h>
#include <ring0/x86/registers.h>
#include "base/clock.h"

#define MEMORY	      0x10000
#define PML4	      0x1000
#define PDPT	      0x2000
#define DIRECTORY     0x3000
#define TIME_LIMIT_NS 2000000000ull

/* Segment types: SDM vol. 3A, 3.4.5.1. */
#define TYPE_CODE 0xb /* execute, read, accessed */
#define TYPE_DATA 0x3 /* read, write, accessed */

/* Leaf 0x40000000 has the hypervisor's name. */
bool monitor_probe_is_qemu(void)
{
	static const char name[] = "TCGTCGTCGTCG";
	unsigned int a, b[3];

	if (!__get_cpuid(1, &a, &b[0], &b[1], &b[2]) || !(b[1] >> 31))
		return false;
	__cpuid(0x40000000, a, b[0], b[1], b[2]);
	return !memcmp(b, name, sizeof(b));
}

/* The code, and page tables by which the first 2 MiB are at the same addresses. */
static void fill(uint8_t *memory, const uint8_t *code, size_t size)
{
	const uint64_t pml4 = PDPT | R0_PAGE_P | R0_PAGE_RW;
	const uint64_t pdpt = DIRECTORY | R0_PAGE_P | R0_PAGE_RW;
	const uint64_t directory = R0_PAGE_P | R0_PAGE_RW | R0_PAGE_PS;

	memcpy(memory + PML4, &pml4, sizeof(pml4));
	memcpy(memory + PDPT, &pdpt, sizeof(pdpt));
	memcpy(memory + DIRECTORY, &directory, sizeof(directory));
	memcpy(memory + PROBE_CODE, code, size);
	memory[PROBE_CODE + size] = 0xf4; /* HLT */
}

/* Long mode, SDM vol. 3A, 9.8.5. */
static int enter(struct vcpu *vcpu)
{
	const struct kvm_segment data = {
		.limit = 0xffffffff,
		.selector = 0x10,
		.type = TYPE_DATA,
		.present = 1,
		.s = 1,
		.g = 1,
		.db = 1,
	};
	struct kvm_regs regs = { .rip = PROBE_CODE, .rflags = R0_RFLAGS_FIXED };
	struct kvm_sregs sregs;
	int err = KVM_IOCTL(vcpu->fd, KVM_GET_SREGS, &sregs, NULL);

	if (err < 0)
		return err;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.cs = data;
	sregs.cs.selector = 0x8;
	sregs.cs.type = TYPE_CODE;
	sregs.cs.db = 0;
	sregs.cs.l = 1;
	sregs.cr0 = R0_CR0_PE | R0_CR0_ET | R0_CR0_NE | R0_CR0_PG;
	sregs.cr3 = PML4;
	sregs.cr4 = R0_CR4_PAE;
	sregs.efer = R0_EFER_LME | R0_EFER_LMA;
	err = KVM_IOCTL(vcpu->fd, KVM_SET_SREGS, &sregs, NULL);
	return err < 0 ? err : KVM_IOCTL(vcpu->fd, KVM_SET_REGS, &regs, NULL);
}

struct trial {
	const uint8_t *code;
	size_t size;
	void (*look)(struct vcpu *vcpu, void *context);
	void *context;
};

/* The alarm's signal must find this thread in KVM_RUN, or blocked. */
static bool look_within_limit(struct vcpu *vcpu, const struct trial *trial)
{
	sigset_t before;
	bool can;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	vcpu_prepare_thread();
	can = vcpu_set_alarm(vcpu, clock_ns() + TIME_LIMIT_NS, NULL) == 0;
	if (can)
		trial->look(vcpu, trial->context);
	vcpu_set_alarm(vcpu, 0, NULL);
	vcpu_clear_kick(vcpu);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return can;
}

static bool try_on(struct kvm *kvm, uint8_t *memory, const struct trial *trial)
{
	const struct vm_slot slot = { .size = MEMORY, .host = memory };
	struct vcpu vcpu;
	bool done = false;
	struct vm vm;

	if (vm_init(&vm, kvm, NULL, NULL) != 0)
		return false;
	if (vm_set_slot(&vm, &slot, NULL) >= 0 && vcpu_init(&vcpu, &vm, 0, NULL, NULL) >= 0) {
		fill(memory, trial->code, trial->size);
		if (enter(&vcpu) >= 0)
			done = look_within_limit(&vcpu, trial);
		vcpu_finish(&vcpu);
	}
	vm_finish(&vm);
	return done;
}

bool monitor_probe(const uint8_t *code, size_t size, void (*look)(struct vcpu *vcpu, void *context),
		   void *context)
{
	const struct trial trial = { code, size, look, context };
	uint8_t *memory =
		mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm *kvm;
	bool done = false;

	if (memory == MAP_FAILED)
		return false;
	if (kvm_create(&kvm, NULL) == 0) {
		done = try_on(kvm, memory, &trial);
		kvm_destroy(kvm);
	}
	munmap(memory, MEMORY);
	return done;
}
