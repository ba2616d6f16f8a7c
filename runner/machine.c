/* SPDX-License-Identifier: MIT */
/* Snapshots of the program, and machines made from them. */
#include "runner/machine.h"
#include <errno.h>
#include <stdlib.h>
#include <ring0/abi.h>
#include "assist/assist.h"
#include "mirror/bind.h"
#include "runner/stdio.h"

static const struct kvm_cpuid_entry2 *find_leaf(const struct kvm *kvm, uint32_t leaf)
{
	uint32_t i;

	for (i = 0; i < kvm->cpuid->nent; i++)
		if (kvm->cpuid->entries[i].function == leaf)
			return &kvm->cpuid->entries[i];
	return NULL;
}

static int take_mirror(struct snapshot *snapshot, const struct mirror_range *reserved, size_t count,
		       struct error *error)
{
	const struct kvm_cpuid_entry2 *sizes = find_leaf(snapshot->kvm, 0x80000008);
	const struct kvm_cpuid_entry2 *features = find_leaf(snapshot->kvm, 0x80000001);
	struct mirror_range supervisor[ENTRY_SUPERVISOR_RANGES];
	struct mirror_config config = {
		.reserved = reserved,
		.reserved_count = count,
		.supervisor = supervisor,
		.supervisor_count = entry_supervisor_ranges(&snapshot->entry, supervisor),
		/* SDM vol. 2A, CPUID: 36 where the leaf is absent; PDPE1GB is EDX bit 26. */
		.physical_bits = sizes ? sizes->eax & 0xff : 36,
		.gigabyte_pages = features && features->edx & 1u << 26,
		.direct_map = R0_DIRECT_MAP,
	};
	int err;

	stdio_prepare();
	err = mirror_create(&snapshot->mirror, &config, error);
	if (!err)
		err = entry_prepare(&snapshot->entry, snapshot->mirror, error);
	return err;
}

int snapshot_create(struct snapshot **result, const struct mirror_range *reserved, size_t count,
		    struct error *error)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	int err;

	if (!snapshot)
		return error_set(error, ENOMEM, "no memory");
	err = kvm_create(&snapshot->kvm, error);
	if (err)
		goto free;
	bind_lazy_symbols();
	err = entry_reserve(&snapshot->entry, error);
	if (err)
		goto kvm;
	err = take_mirror(snapshot, reserved, count, error);
	/* A host that refuses something else, by seccomp say, does not lack KVM. */
	if (snapshot_error_is_no_kvm(err))
		err = -EIO;
	if (err)
		goto release;
	*result = snapshot;
	return 0;
release:
	mirror_destroy(snapshot->mirror);
	entry_release(&snapshot->entry);
kvm:
	kvm_destroy(snapshot->kvm);
free:
	free(snapshot);
	return err;
}

void snapshot_destroy(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	mirror_destroy(snapshot->mirror);
	entry_release(&snapshot->entry);
	kvm_destroy(snapshot->kvm);
	free(snapshot);
}

bool snapshot_error_is_no_kvm(int err)
{
	return err == -ENODEV || err == -ENOENT || err == -ENXIO || err == -EACCES || err == -EPERM;
}

int machine_init(struct machine *machine, const struct snapshot *snapshot,
		 const struct vcpu_cpuid *cpuid, struct error *error)
{
	int err;

	*machine = (struct machine){ .snapshot = snapshot };
	err = vm_init(&machine->vm, snapshot->kvm, NULL, error);
	if (err)
		return err;
	err = memory_init(&machine->memory, snapshot->mirror, &machine->vm, error);
	if (err)
		goto vm;
	err = vcpu_init(&machine->vcpu, &machine->vm, 0, cpuid, error);
	if (err)
		goto memory;
	err = entry_apply(&snapshot->entry, snapshot->mirror, &machine->vcpu, error);
	if (!err)
		err = vcpu_state_create(&machine->state, &machine->vcpu, error);
	if (!err)
		err = vcpu_state_restore(machine->state, &machine->vcpu, error);
	if (!err)
		return 0;
	vcpu_state_destroy(machine->state);
	vcpu_finish(&machine->vcpu);
memory:
	memory_finish(&machine->memory);
vm:
	vm_finish(&machine->vm);
	return err;
}

void machine_finish(struct machine *machine)
{
	assist_destroy(machine->assist);
	vcpu_state_destroy(machine->state);
	vcpu_finish(&machine->vcpu);
	memory_finish(&machine->memory);
	vm_finish(&machine->vm);
}

int machine_reset(struct machine *machine, struct error *error)
{
	int err = memory_reset(&machine->memory, error);

	if (machine->assist)
		assist_reset(machine->assist);
	return err ? err : vcpu_state_restore(machine->state, &machine->vcpu, error);
}
