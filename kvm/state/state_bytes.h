/* SPDX-License-Identifier: MIT */
/*
 * The state of vCPUs and of a VM's interrupt controllers as bytes, for a file, and compared part by
 * part under the manuals' names. Knows no KVM but its structures.
 */
#ifndef KVM_STATE_STATE_BYTES_H
#define KVM_STATE_STATE_BYTES_H

#include "kvm/vcpu/vcpu.h"

struct vm_state;

/* The architecture that the bytes are of, by ELF's number. */
uint32_t state_architecture(void);

/* As bytes: how many, and them. */
size_t vcpu_state_size(const struct vcpu_state *state);
void vcpu_state_save(const struct vcpu_state *state, void *bytes);

/*
 * A state from bytes that may come from anywhere: -EBADMSG if they are none, -ENOMEM. What KVM takes
 * of it, vcpu_state_restore() says. vcpu_state_destroy() releases it.
 */
int vcpu_state_load(struct vcpu_state **state, const void *bytes, size_t size, struct error *error);

/* 0, or -EINVAL with a message if a vCPU of this KVM can't have a state for what it is. */
int vcpu_state_fits(const struct vcpu_state *state, const struct vcpu *vcpu, struct error *error);

/* Of a VM with so many CPUs, and with interrupt controllers in KVM or without. */
size_t vm_state_size(unsigned int cpus, bool irqchip);
void vm_state_save(const struct vm_state *state, void *bytes);
int vm_state_load(struct vm_state **state, const void *bytes, size_t size, struct error *error);

/* Where differences go, a line each: "RIP 0x1000 -> 0x1008". */
struct state_differences {
	void (*tell)(void *context, const char *line);
	void *context;
	const char *whose; /* put in front of each: "CPU 1: " */
	unsigned long count;
};

void state_difference(struct state_differences *to, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void vcpu_state_compare(const struct vcpu_state *a, const struct vcpu_state *b,
			struct state_differences *to);
void vm_state_compare(const struct vm_state *a, const struct vm_state *b,
		      struct state_differences *to);

/* Bytes of which nothing more is known than a name: tells where the first difference is. */
void state_compare_bytes(const char *name, const void *a, const void *b, size_t size,
			 struct state_differences *to);

#endif /* KVM_STATE_STATE_BYTES_H */
