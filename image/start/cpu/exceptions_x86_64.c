/* SPDX-License-Identifier: MIT */
#include "image/start/cpu/exceptions_x86_64.h"
#include <ring0/fault.h>
#include <ring0/private/abi.h>
#include <ring0/x86.h>
#include "image/start/cpu/enter_x86_64.h"
#include "image/start/hardware/power_x86_64.h"

#define VECTOR_SIZE 16 /* of enter_vectors */

bool exceptions_drain;
void (*exceptions_nmi)(void);

extern const char exceptions_rdmsr_at[], exceptions_wrmsr_at[], exceptions_vmxoff_at[],
	exceptions_failed[];

static void serve(struct exception_frame *frame)
{
	if ((frame->vector == R0_GP || frame->vector == R0_UD) &&
	    (frame->rip == (uint64_t)exceptions_rdmsr_at ||
	     frame->rip == (uint64_t)exceptions_wrmsr_at ||
	     frame->rip == (uint64_t)exceptions_vmxoff_at)) {
		frame->rip = (uint64_t)exceptions_failed;
		return;
	}
	if (frame->vector == R0_NMI) {
		if (exceptions_nmi)
			exceptions_nmi();
		return;
	}
	if (frame->vector >= 32) {
		/* A spurious one wants no EOI; there is none in service then, and EOI does nothing. */
		r0_apic_eoi();
		if (exceptions_drain)
			return;
	}
	power_give_up(
		"%s (vector %llu) in the start-up code, at %#llx, error code %#llx, CR2 %#llx, RSP %#llx",
		r0_vector_name((int)frame->vector), (unsigned long long)frame->vector,
		(unsigned long long)frame->rip, (unsigned long long)frame->error_code,
		(unsigned long long)r0_read_cr2(), (unsigned long long)frame->rsp);
}

void exceptions_init(void)
{
	unsigned int vector;

	for (vector = 0; vector < 256; vector++)
		enter_idt[vector] = r0_make_gate(enter_vectors + VECTOR_SIZE * vector, R0_KERNEL_CS,
						 R0_TYPE_INTERRUPT_GATE, 0, 0);
	enter_serve_exception = serve;
	r0_lidt(enter_idtr);
}
