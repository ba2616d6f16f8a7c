/* SPDX-License-Identifier: MIT */
/*
 * VMware's backdoor port, with the one command that kernels find it by, for guests that are to be tested with it: it
 * answers in registers, and so is no device of the bus. VMware KB 1009458, "Mechanisms to determine if software is
 * running in a VMware virtual machine".
 */
#include <string.h>
#include "base/address.h"
#include "monitor/vmport.h"

#define PORT	    0x5658
#define MAGIC	    0x564d5868u
#define GET_VERSION 10

/* What QEMU's says: version 6 of the interface, and the product "Server" (2). */
#define VERSION 6
#define PRODUCT 2

bool vmport_serve(struct monitor_cpu *cpu)
{
	struct kvm_run *run = cpu->vcpu.run;
	struct kvm_regs *regs = &run->s.regs.regs;
	uint32_t value = (uint32_t)regs->rax;

	if (!cpu->machine->options.test_devices || run->exit_reason != KVM_EXIT_IO ||
	    run->io.port != PORT || run->io.direction != KVM_EXIT_IO_IN || run->io.size != 4 ||
	    run->io.count != 1 || value != MAGIC ||
	    !range_holds(0, cpu->machine->kvm->run_size, run->io.data_offset, sizeof(value)))
		return false;
	if ((uint16_t)regs->rcx == GET_VERSION) {
		value = VERSION;
		/*
		 * The destination, too: an IN that KVM's emulator executes is lost if registers are set before its end
		 * (emulator_invalidate_register_cache() in arch/x86/kvm/x86.c).
		 */
		regs->rax = VERSION;
		regs->rbx = MAGIC;
		regs->rcx = PRODUCT;
		run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	} else {
		value = UINT32_MAX;
	}
	memcpy((uint8_t *)run + run->io.data_offset, &value, sizeof(value));
	return true;
}
