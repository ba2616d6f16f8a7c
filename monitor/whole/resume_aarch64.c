/* SPDX-License-Identifier: MIT */
/* There is no firmware's memory to go by. */
#include "monitor/whole/resume.h"

void monitor_resume(struct r0_vm *vm, bool slept, struct r0_vm_entry *entry)
{
	(void)vm;
	(void)slept;
	*entry = (struct r0_vm_entry){ .mode = R0_VM_MODE_RESET };
}
