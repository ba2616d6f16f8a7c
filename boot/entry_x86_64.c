/* SPDX-License-Identifier: MIT */
/* Registers at a kernel's entry on x86. */
#include "boot/entry.h"

int boot_set_registers(struct r0_vm *vm, const struct r0_vm_registers *wanted,
		       struct r0_error *error)
{
	struct r0_vm_registers registers;
	int err = r0_vm_get_registers(vm, 0, &registers, error);

	if (err)
		return err;
	if (wanted->rax)
		registers.rax = wanted->rax;
	if (wanted->rbx)
		registers.rbx = wanted->rbx;
	if (wanted->rsi)
		registers.rsi = wanted->rsi;
	return r0_vm_set_registers(vm, 0, &registers, error);
}
