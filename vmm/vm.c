/* SPDX-License-Identifier: MIT */
/* Virtual machines and their memory, on KVM. */
#include "vmm/vm.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "vmm/msr_filter.h"

/*
 * Differences from hardware that KVM keeps for old guests (Documentation/virt/kvm/api.rst,
 * KVM_CAP_DISABLE_QUIRKS2). Away with those that a test can see:
 *
 * FIX_HYPERCALL_INSN patches a foreign hypercall instruction in the guest's text, which is read-only
 * here: without hardware support it retries for ever. Hardware raises #UD.
 * MWAIT_NEVER_UD_FAULTS has MONITOR and MWAIT do nothing where CPUID lacks them. Hardware raises #UD.
 * OUT_7E_INC_RIP moves RIP on before an OUT to port 0x7e is served: a report would name the next
 * instruction.
 *
 * The others stay as they are. LINT0_REENABLED and LAPIC_MMIO_HOLE are about an interrupt controller
 * in KVM, which there is none of. With CD_NW_CLEARED off, a test that sets CR0.CD would run uncached,
 * and see no other difference; with MISC_ENABLE_NO_MWAIT off, CPUID would no longer say what .cpuid
 * declares. SLOT_ZAP_ALL changes nothing that a guest sees. With STUFF_FEATURE_MSRS off, MSRs that
 * describe the CPU would read as 0. IGNORE_GUEST_PAT is about memory that devices share, and
 * VMCS12_ALLOW_FREEZE_IN_SMM about hypervisors in the guest.
 */
#define UNWANTED_QUIRKS                                                           \
	(KVM_X86_QUIRK_FIX_HYPERCALL_INSN | KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS | \
	 KVM_X86_QUIRK_OUT_7E_INC_RIP)

static int disable_quirks(struct vm *vm, struct error *error)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_DISABLE_QUIRKS2,
		.args = { vm->kvm->quirks & UNWANTED_QUIRKS },
	};

	if (!cap.args[0])
		return 0;
	return KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, error);
}

static int exit_on_msrs(struct vm *vm, struct error *error)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_USER_SPACE_MSR,
		.args = { KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER },
	};

	return KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, error);
}

int vm_init(struct vm *vm, struct kvm *kvm, struct error *error)
{
	int err;

	vm->kvm = kvm;
	vm->fd = KVM_IOCTL_VALUE(kvm->fd, KVM_CREATE_VM, 0, error);
	if (vm->fd < 0)
		return vm->fd;
	err = disable_quirks(vm, error);
	if (err >= 0)
		err = exit_on_msrs(vm, error);
	if (err < 0) {
		close(vm->fd);
		return err;
	}
	return 0;
}

void vm_finish(struct vm *vm)
{
	close(vm->fd);
}

int vm_set_slot(struct vm *vm, const struct vm_slot *slot, struct error *error)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot->number,
		.flags = (slot->read_only ? KVM_MEM_READONLY : 0u) |
			 (slot->log_dirty ? KVM_MEM_LOG_DIRTY_PAGES : 0u),
		.guest_phys_addr = slot->address.value,
		.memory_size = slot->size,
		.userspace_addr = (uintptr_t)slot->host,
	};

	return KVM_IOCTL(vm->fd, KVM_SET_USER_MEMORY_REGION, &region, error);
}

int vm_dirty_log(struct vm *vm, uint32_t slot, uint64_t *bitmap, struct error *error)
{
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

	return KVM_IOCTL(vm->fd, KVM_GET_DIRTY_LOG, &log, error);
}

int vm_filter_msrs(struct vm *vm, uint32_t *indices, size_t count, struct error *error)
{
	struct msr_filter filter;
	int err = msr_filter_init(&filter, indices, count, error);

	return err ? err : KVM_IOCTL(vm->fd, KVM_X86_SET_MSR_FILTER, &filter.filter, error);
}
