/* SPDX-License-Identifier: MIT */
/*
 * Taking arm64's registers, one KVM_GET_ONE_REG each. A register's id (api.rst, 4.68) is its
 * architecture and size and, for core registers, the place in struct kvm_regs in 32-bit units; for
 * system registers, the op0, op1, CRn, CRm and op2 of the MRS that reads it (Arm ARM, D17.2).
 */
#include <stddef.h>
#include <string.h>
#include "kvm/state/registers.h"

#define CORE_ID(name) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

#define PC_ID	  CORE_ID(regs.pc)
#define SP_EL1_ID CORE_ID(sp_el1) /* not regs.sp, which is SP_EL0 */
#define TTBR0_ID  ARM64_SYS_REG(3, 0, 2, 0, 0)
#define TTBR1_ID  ARM64_SYS_REG(3, 0, 2, 0, 1)
#define TCR_ID	  ARM64_SYS_REG(3, 0, 2, 0, 2)

static int get_required(const struct registers_ops *ops, void *context, uint64_t id,
			const char *name, uint64_t *value, struct error *error)
{
	int err = ops->get_one_reg(context, id, value);

	if (err < 0)
		return error_set(error, -err, "reading a vCPU's %s failed: %s", name,
				 strerror(-err));
	return 0;
}

/* Whether there is such a register; 0 if not. */
static bool get_optional(const struct registers_ops *ops, void *context, uint64_t id,
			 uint64_t *value)
{
	if (ops->get_one_reg(context, id, value) == 0)
		return true;
	*value = 0;
	return false;
}

int registers_take(struct register_snapshot *snapshot, const struct registers_ops *ops,
		   void *context, struct error *error)
{
	struct register_snapshot taken = { 0 };
	int err;

	err = get_required(ops, context, PC_ID, "PC", &taken.instruction_pointer, error);
	if (err < 0)
		return err;
	err = get_required(ops, context, SP_EL1_ID, "SP_EL1", &taken.stack_pointer, error);
	if (err < 0)
		return err;
	get_optional(ops, context, TTBR1_ID, &taken.page_table_root);
	taken.has_user_page_table_root =
		get_optional(ops, context, TTBR0_ID, &taken.user_page_table_root);
	taken.has_tcr_el1 = get_optional(ops, context, TCR_ID, &taken.tcr_el1);
	*snapshot = taken;
	return 0;
}
