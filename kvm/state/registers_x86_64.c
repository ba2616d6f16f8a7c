/* SPDX-License-Identifier: MIT */
/* Taking x86's registers. Both reads are required: half a snapshot would mislead. */
#include <string.h>
#include "kvm/state/registers.h"

int registers_take(struct register_snapshot *snapshot, const struct registers_ops *ops,
		   void *context, struct error *error)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	int err;

	err = ops->get_regs(context, &regs);
	if (err < 0)
		return error_set(error, -err, "reading a vCPU's general registers failed: %s",
				 strerror(-err));
	err = ops->get_sregs(context, &sregs);
	if (err < 0)
		return error_set(error, -err, "reading a vCPU's system registers failed: %s",
				 strerror(-err));
	*snapshot = (struct register_snapshot){
		.instruction_pointer = regs.rip,
		.stack_pointer = regs.rsp,
		.page_table_root = sregs.cr3,
	};
	return 0;
}
