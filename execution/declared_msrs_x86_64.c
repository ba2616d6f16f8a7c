/* SPDX-License-Identifier: MIT */
/* MSRs that a test declares. */
#include <errno.h>
#include <stdlib.h>
#include "execution/declared_msrs.h"
#include "kvm/vm/vm_x86_64.h"

/* MSRs that KVM knows by itself must leave the VM, too, where a test declares them. */
static int filter(struct run *run, bool on)
{
	const struct r0_msrs *msrs = &run->job->options->msrs;
	const bool strict = run->job->options->strict_msrs;
	uint32_t *indices;
	size_t i;
	int err;

	if (!msrs->count && !strict)
		return 0;
	for (i = 0; i < msrs->count; i++)
		/* Documentation/virt/kvm/api.rst, KVM_X86_SET_MSR_FILTER: x2APIC's are exempt. */
		if (msrs->entries[i].index >= 0x800 && msrs->entries[i].index <= 0x8ff)
			return error_set(
				&run->complaint, EINVAL,
				".msrs has %#x, but KVM keeps the MSRs of the x2APIC, 0x800 "
				"to 0x8ff, to itself",
				msrs->entries[i].index);
	/* The runtime reads IA32_APIC_BASE, to tell why an interrupt did not come. */
	if (strict && on)
		return vm_filter_all_msrs(&run->machine->vm, run->machine->vm.irqchip,
					  &run->complaint);
	indices = calloc(msrs->count + 1, sizeof(*indices));
	if (!indices)
		return error_set(&run->complaint, ENOMEM, "no memory for the list of MSRs");
	for (i = 0; i < msrs->count; i++)
		indices[i] = msrs->entries[i].index;
	err = vm_filter_msrs(&run->machine->vm, indices, on ? msrs->count : 0, &run->complaint);
	free(indices);
	return err;
}

int declared_msrs_begin(struct run *run)
{
	return filter(run, true);
}

void declared_msrs_end(struct run *run)
{
	if (filter(run, false) != 0)
		run->unusable = true;
}
