/* SPDX-License-Identifier: MIT */
/* KVM's list has every register of arm64 that a guest can write, and vcpu_state_differs() looks at each: there is none besides. */
#include "machine/guest_registers.h"
#include <errno.h>
#include <stdlib.h>

struct guest_registers {
	struct vcpu *vcpu; /* not owned */
};

int guest_registers_find(struct guest_registers **registers, struct vcpu *vcpu, struct error *error)
{
	*registers = calloc(1, sizeof(**registers));
	if (!*registers)
		return error_set(error, ENOMEM, "no memory");
	(*registers)->vcpu = vcpu;
	return 0;
}

void guest_registers_destroy(struct guest_registers *registers)
{
	free(registers);
}

int guest_registers_copy(struct guest_registers **registers, const struct guest_registers *list,
			 struct vcpu *vcpu, struct error *error)
{
	(void)list;
	return guest_registers_find(registers, vcpu, error);
}

int guest_registers_differ(const struct guest_registers *registers, struct vcpu *vcpu, char *what,
			   size_t size, struct error *error)
{
	(void)registers;
	(void)vcpu;
	(void)what;
	(void)size;
	(void)error;
	return 0;
}
