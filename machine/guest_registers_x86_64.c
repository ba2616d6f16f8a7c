/* SPDX-License-Identifier: MIT */
/* MSRs as the guest sees them: finding, reading and comparing them. */
#include "machine/guest_registers.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/private/abi.h>
#include <ring0/x86/registers.h>
#include "kvm/kvm_x86_64.h"
#include "kvm/state/msrs_x86_64.h"
#include "kvm/vm/vm_x86_64.h"

/*
 * Where CPUs and KVM have MSRs: the architectural ones, hypervisors' own (Hyper-V's and KVM's), AMD's.
 * SDM vol. 4, chapter 2; APM vol. 2, appendix A; Documentation/virt/kvm/x86/msr.rst. The x2APIC's, at
 * 0x800, are the local APIC's registers, and are compared as such.
 */
static const struct {
	uint32_t first, count;
} ranges[] = {
	{ 0, 0x800 },	       { 0x900, 0xf00 },      { 0x40000000, 0x200 }, { 0x4b564d00, 0x10 },
	{ 0xc0000000, 0x400 }, { 0xc0010000, 0x400 }, { 0xc0011000, 0x100 },
};

/* How many r0_msrs_read reads. */
#define BATCH 8

#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

struct guest_register {
	uint32_t index;
	uint64_t guest; /* what RDMSR gives */
	uint64_t host;	/* what KVM gives, if it does: `host_has` */
	bool host_has;
};

struct guest_registers {
	size_t count;
	struct guest_register entries[];
};

/* Run the vCPU until the OUT behind the instruction. Returns 1, 0 if there is no such MSR, or -errno. */
static int run_to_out(struct vcpu *vcpu, struct error *error)
{
	struct kvm_run *run = vcpu->run;
	int err, there = 1;

	for (;;) {
		err = KVM_IOCTL_VALUE(vcpu->fd, KVM_RUN, 0, error);
		if (err < 0)
			return err;
		if (run->exit_reason == KVM_EXIT_IO)
			return there;
		if (run->exit_reason != KVM_EXIT_X86_RDMSR &&
		    run->exit_reason != KVM_EXIT_X86_WRMSR)
			return error_set(error, EIO, "looking at the guest's MSRs ended in exit %u",
					 run->exit_reason);
		/* Without #GP: it goes on with the next instruction. */
		there = 0;
		run->msr.error = 0;
		run->msr.data = 0;
	}
}

static int access_msr(struct vcpu *vcpu, bool write, uint32_t index, uint64_t *value,
		      struct error *error)
{
	struct kvm_regs *regs = &vcpu->run->s.regs.regs;
	int there;

	regs->rip = write ? (uint64_t)r0_msr_write : (uint64_t)r0_msr_read;
	regs->rflags = R0_RFLAGS_FIXED;
	regs->rcx = index;
	regs->rax = (uint32_t)*value;
	regs->rdx = *value >> 32;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	there = run_to_out(vcpu, error);
	if (there > 0 && !write)
		*value = (uint32_t)regs->rax | regs->rdx << 32;
	return there;
}

/* Have every access that the guest can't make leave the VM, instead of #GP, and no kick end one. */
static int begin(struct vcpu *vcpu, struct error *error)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	int err = vm_report_msrs(vcpu->vm, true, error);

	vcpu_clear_kick(vcpu);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_MP_STATE, &runnable, error);
	return err < 0 ? err : 0;
}

/* What was begun is undone whatever came of it; the first error counts. */
static int end(const struct vcpu *vcpu, int result, struct error *error)
{
	int err = vm_report_msrs(vcpu->vm, false, error);

	return result < 0 || err >= 0 ? result : err;
}

/*
 * Whether KVM has such an MSR: it lists it, or gives it when asked for that one. Trying the others in the
 * guest would take seconds where a VM exit takes long.
 */
static int is_known(const struct vcpu *vcpu, uint32_t index, struct error *error)
{
	const struct kvm_msr_list *list = vcpu->vm->kvm->own->msrs;
	struct kvm_msr_entry entry = { .index = index };
	uint32_t i;

	for (i = 0; i < list->nmsrs; i++)
		if (list->indices[i] == index)
			return 1;
	return msrs_read(vcpu, &entry, 1, error);
}

static int read_entry(struct guest_register *entry, struct vcpu *vcpu, struct error *error)
{
	struct kvm_msr_entry host = { .index = entry->index };
	int there = access_msr(vcpu, false, entry->index, &entry->guest, error), done;

	if (there <= 0)
		return there;
	done = msrs_read(vcpu, &host, 1, error);
	entry->host_has = done > 0;
	entry->host = host.data;
	return done < 0 ? done : 1;
}

/* Keep those that can be read. */
static int find_readable(struct guest_registers *msrs, struct vcpu *vcpu, struct error *error)
{
	uint32_t i, j;
	int there;

	for (i = 0; i < RANGES; i++) {
		for (j = 0; j < ranges[i].count; j++) {
			struct guest_register *entry = &msrs->entries[msrs->count];

			*entry = (struct guest_register){ .index = ranges[i].first + j };
			there = is_known(vcpu, entry->index, error);
			if (there > 0)
				there = read_entry(entry, vcpu, error);
			if (there < 0)
				return there;
			msrs->count += (size_t)there;
		}
	}
	return 0;
}

/* Whether it stands still, unlike a clock, and takes its own value by WRMSR. */
static int is_wanted(const struct guest_register *entry, struct vcpu *vcpu, struct error *error)
{
	struct guest_register again = *entry;
	int there = read_entry(&again, vcpu, error);

	if (there < 0 || !there || again.guest != entry->guest || again.host != entry->host)
		return there < 0 ? there : 0;
	return access_msr(vcpu, true, entry->index, &again.guest, error);
}

static int keep_wanted(struct guest_registers *msrs, struct vcpu *vcpu, struct error *error)
{
	size_t i, kept = 0;
	int wanted;

	for (i = 0; i < msrs->count; i++) {
		wanted = is_wanted(&msrs->entries[i], vcpu, error);
		if (wanted < 0)
			return wanted;
		if (wanted)
			msrs->entries[kept++] = msrs->entries[i];
	}
	msrs->count = kept;
	return 0;
}

static struct guest_registers *allocate(size_t count, struct error *error)
{
	struct guest_registers *msrs = calloc(1, sizeof(*msrs) + count * sizeof(msrs->entries[0]));

	if (!msrs)
		error_set(error, ENOMEM, "no memory for a list of MSRs");
	return msrs;
}

int guest_registers_find(struct guest_registers **result, struct machine_cpu *cpu,
			 struct error *error)
{
	struct vcpu *vcpu = &cpu->vcpu;
	struct guest_registers *msrs;
	size_t count = 0, i;
	int err;

	for (i = 0; i < RANGES; i++)
		count += ranges[i].count;
	msrs = allocate(count + 1, error);
	if (!msrs)
		return -ENOMEM;
	err = begin(vcpu, error);
	if (!err)
		err = find_readable(msrs, vcpu, error);
	if (!err)
		err = keep_wanted(msrs, vcpu, error);
	err = end(vcpu, err, error);
	if (err < 0) {
		free(msrs);
		return err;
	}
	*result = msrs;
	return 0;
}

void guest_registers_destroy(struct guest_registers *msrs)
{
	free(msrs);
}

/* Up to BATCH of them in the guest. */
static int read_batch(struct guest_register *entries, size_t count, struct vcpu *vcpu,
		      struct error *error)
{
	struct kvm_regs *regs = &vcpu->run->s.regs.regs;
	__u64 *const values[BATCH] = { &regs->r8,  &regs->r9,  &regs->r10, &regs->r11,
				       &regs->r12, &regs->r13, &regs->r14, &regs->r15 };
	size_t i;
	int there;

	for (i = 0; i < BATCH; i++)
		*values[i] = entries[i < count ? i : count - 1].index;
	regs->rip = (uint64_t)r0_msrs_read;
	regs->rflags = R0_RFLAGS_FIXED;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	there = run_to_out(vcpu, error);
	for (i = 0; i < count; i++)
		entries[i].guest = *values[i];
	return there;
}

/* And by KVM, as far as it gives them: each by itself only after one that it does not give. */
static int read_by_kvm(struct guest_registers *msrs, const struct vcpu *vcpu, struct error *error)
{
	struct kvm_msr_entry *list = calloc(msrs->count + 1, sizeof(*list));
	size_t i, at = 0;
	int done = 0;

	if (!list)
		return error_set(error, ENOMEM, "no memory for a list of MSRs");
	for (i = 0; i < msrs->count; i++)
		list[i].index = msrs->entries[i].index;
	while (at < msrs->count) {
		done = msrs_read(vcpu, list + at, msrs->count - at, error);
		if (done < 0)
			break;
		for (i = at; i < msrs->count; i++) {
			msrs->entries[i].host_has = i < at + (size_t)done;
			msrs->entries[i].host = msrs->entries[i].host_has ? list[i].data : 0;
		}
		at += (size_t)done + 1;
	}
	free(list);
	return done < 0 ? done : 0;
}

static int read_all(struct guest_registers *msrs, struct vcpu *vcpu, struct error *error)
{
	int err = begin(vcpu, error);
	size_t i;

	for (i = 0; i < msrs->count && err >= 0; i += BATCH)
		err = read_batch(&msrs->entries[i],
				 msrs->count - i < BATCH ? msrs->count - i : BATCH, vcpu, error);
	err = end(vcpu, err, error);
	return err < 0 ? err : read_by_kvm(msrs, vcpu, error);
}

int guest_registers_copy(struct guest_registers **result, const struct guest_registers *list,
			 struct machine_cpu *cpu, struct error *error)
{
	struct guest_registers *msrs = allocate(list->count, error);
	int err;

	if (!msrs)
		return -ENOMEM;
	msrs->count = list->count;
	memcpy(msrs->entries, list->entries, list->count * sizeof(list->entries[0]));
	err = read_all(msrs, &cpu->vcpu, error);
	if (err < 0) {
		free(msrs);
		return err;
	}
	*result = msrs;
	return 0;
}

int guest_registers_differ(const struct guest_registers *msrs, struct machine_cpu *cpu, char *what,
			   size_t size, struct error *error)
{
	struct guest_registers *now;
	int err = guest_registers_copy(&now, msrs, cpu, error);
	bool differs = false;
	size_t i;

	if (err)
		return err;
	for (i = 0; i < msrs->count && !differs; i++) {
		const struct guest_register *a = &now->entries[i], *b = &msrs->entries[i];

		differs = a->guest != b->guest || a->host_has != b->host_has || a->host != b->host;
		if (differs)
			snprintf(what, size,
				 "MSR %#x is %#llx by RDMSR and %#llx to KVM, it was %#llx and "
				 "%#llx",
				 b->index, (unsigned long long)a->guest,
				 (unsigned long long)a->host, (unsigned long long)b->guest,
				 (unsigned long long)b->host);
	}
	guest_registers_destroy(now);
	return differs;
}
