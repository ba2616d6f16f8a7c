/* SPDX-License-Identifier: MIT */
/* A vCPU on x86: its CPUID, and the registers that each exit brings. */
#include "kvm/vcpu/vcpu_x86_64.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "kvm/kvm_x86_64.h"
#include "kvm/vcpu/hyperv_x86_64.h"
#include "kvm/vcpu/vcpu_own.h"
#include "kvm/vcpu/vmx_features_x86_64.h"
#include "kvm/vm/cpu_model_x86_64.h"

#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)

#define SYNCED (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS)

bool vcpu_cpuid_has(const struct vcpu *vcpu, uint32_t leaf, enum cpuid_register from,
		    unsigned int bit)
{
	const struct kvm_cpuid_entry2 *entry = kvm_cpuid_leaf(&vcpu->own->cpuid, leaf, 0);
	const uint32_t values[] = { entry ? entry->eax : 0, entry ? entry->ebx : 0,
				    entry ? entry->ecx : 0, entry ? entry->edx : 0 };

	return values[from] >> bit & 1;
}

/*
 * KVM lists the APIC ID of the CPU that it was asked on, and leaves out what hangs on the VM's having
 * local APICs (api.rst, KVM_GET_SUPPORTED_CPUID). SDM vol. 2A, CPUID; APM vol. 3, appendix E.
 */
static void set_apic(struct kvm_cpuid2 *cpuid, const struct vm *vm, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		switch (entry->function) {
		case 1:
			entry->ebx = (entry->ebx & 0xffffff) | id << 24;
			if (vm->irqchip && vm->kvm->own->tsc_deadline)
				entry->ecx |= CPUID_1_ECX_TSC_DEADLINE;
			break;
		case 0xb:
		case 0x1f:
			entry->edx = id;
			break;
		case 0x8000001e:
			entry->eax = id;
			break;
		}
	}
}

/*
 * CPUID.1:ECX bit 31, which is 0 on hardware (APM vol. 3, E.3.2; Documentation/virt/kvm/x86/cpuid.rst). Older
 * kernels leave it out of what KVM supports, newer ones, such as Linux 7.2, do not.
 */
static void set_hypervisor(struct kvm_cpuid2 *cpuid, bool there_is_one)
{
	struct kvm_cpuid_entry2 *features = kvm_cpuid_leaf(cpuid, 1, 0);

	if (features)
		features->ecx = (features->ecx & ~(1u << 31)) | (uint32_t)there_is_one << 31;
}

static int add_hyperv(struct vcpu *vcpu, struct error *error)
{
	struct kvm_cpuid2 *leaves;
	int err = hyperv_supported(vcpu, &leaves, error);

	if (err)
		return err;
	hyperv_add(&vcpu->own->cpuid, leaves);
	free(leaves);
	return hyperv_enable(vcpu, error);
}

static int set_cpuid(struct vcpu *vcpu, uint32_t id, const struct vcpu_identity *changes,
		     struct error *error)
{
	const struct kvm_cpuid2 *supported = vcpu->vm->kvm->own->cpuid;
	const struct cpu_model *model = vcpu->vm->cpu_model;
	size_t extra = changes ? changes->count : 0;
	struct kvm_cpuid2 *cpuid;
	size_t i;
	int err;

	vcpu->own = calloc(1, sizeof(*vcpu->own) + (supported->nent + HYPERV_LEAVES_MAX + extra) *
							   sizeof(cpuid->entries[0]));
	if (!vcpu->own)
		return error_set(error, ENOMEM, "no memory for the list of CPUID leaves");
	cpuid = &vcpu->own->cpuid;
	cpuid->nent = supported->nent;
	memcpy(cpuid->entries, supported->entries, supported->nent * sizeof(cpuid->entries[0]));
	set_apic(cpuid, vcpu->vm, id);
	if (model)
		cpu_model_apply(model, cpuid);
	else
		set_hypervisor(cpuid, false);
	err = model && model->hyperv ? add_hyperv(vcpu, error) : 0;
	if (err)
		return err;
	for (i = 0; i < extra; i++) {
		const struct kvm_cpuid_entry2 *change = &changes->entries[i];
		struct kvm_cpuid_entry2 *entry =
			kvm_cpuid_leaf(cpuid, change->function, change->index);
		uint32_t flags = entry ? entry->flags : change->flags;

		if (!entry)
			entry = &cpuid->entries[cpuid->nent++];
		*entry = *change;
		entry->flags = flags;
	}
	if (changes && changes->hypervisor)
		set_hypervisor(cpuid, true);
	err = KVM_IOCTL_VALUE(vcpu->fd, KVM_SET_CPUID2, cpuid, error);
	return err < 0 || !model ? err : vmx_features_choose(vcpu, model->mbec, error);
}

int vcpu_own_init(struct vcpu *vcpu, uint32_t id, const struct vcpu_identity *identity,
		  struct error *error)
{
	vcpu->run->kvm_valid_regs = SYNCED;
	return set_cpuid(vcpu, id, identity, error);
}

void vcpu_own_finish(struct vcpu *vcpu)
{
	free(vcpu->own);
}
