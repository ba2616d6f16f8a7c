/* SPDX-License-Identifier: MIT */
/* Gates of the IDT, and the segments that they lead to: SDM vol. 3A, 6.10 to 6.12. Depends on walk_x86_64.h. */
#include "crash/gate_x86_64.h"
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>
#include "crash/walk_x86_64.h"

/* A gate of long mode, of protected mode, and a vector of real mode. */
#define SIZE_LONG      16
#define SIZE_PROTECTED 8
#define SIZE_REAL      4

static bool is_long(const struct crash_view *view)
{
	return view->sregs.efer & R0_EFER_LMA;
}

unsigned int crash_gate_privilege(const struct crash_view *view)
{
	if (!is_long(view) && !(view->sregs.cr0 & R0_CR0_PE))
		return 0;
	return view->regs.rflags & R0_RFLAGS_VM ? 3 : view->sregs.cs.selector & 3;
}

uint64_t crash_gate_address(const struct crash_view *view, int vector)
{
	unsigned int size = is_long(view)		? SIZE_LONG :
			    view->sregs.cr0 & R0_CR0_PE ? SIZE_PROTECTED :
							  SIZE_REAL;

	return view->sregs.idt.base + (uint64_t)vector * size;
}

bool crash_gate_descriptor(const struct crash_view *view, const char *what, unsigned int selector,
			   uint64_t *descriptor, char *reason, size_t size)
{
	const struct kvm_dtable *gdt = &view->sregs.gdt;
	unsigned int offset = selector & 0xfff8;
	uint64_t base = gdt->base, limit = gdt->limit;
	const char *table = "GDT";

	if (!offset && !(selector & 4)) {
		snprintf(reason, size, "%s selector is null", what);
		return false;
	}
	if (selector & 4) {
		table = "LDT";
		base = view->sregs.ldt.base;
		limit = view->sregs.ldt.unusable ? 0 : view->sregs.ldt.limit;
	}
	if (offset + 7 > limit) {
		snprintf(reason, size, "%s selector %#x is beyond the %s's limit, %#llx", what,
			 selector, table, (unsigned long long)limit);
		return false;
	}
	base += offset;
	if (crash_walk_read(view, base, descriptor, 8) == 8)
		return true;
	snprintf(reason, size, "the %s at %#llx is not mapped", table, (unsigned long long)base);
	return false;
}

/* SDM vol. 3A, 6.12.1.3. */
bool crash_gate_refuses_code(const struct crash_view *view, unsigned int selector, uint64_t *result,
			     char *reason, size_t size)
{
	unsigned int cpl = crash_gate_privilege(view), dpl;
	uint64_t descriptor;

	if (!crash_gate_descriptor(view, "its gate's", selector, &descriptor, reason, size))
		return true;
	*result = descriptor;
	dpl = descriptor >> 45 & 3;
	if ((descriptor >> 43 & 3) != 3)
		snprintf(reason, size, "its gate's selector %#x is not of a code segment",
			 selector);
	else if (!(descriptor >> 47 & 1))
		snprintf(reason, size, "its gate's code segment %#x is not present", selector);
	else if (is_long(view) && (!(descriptor >> 53 & 1) || descriptor >> 54 & 1))
		snprintf(reason, size, "its gate's code segment %#x is not a 64-bit one", selector);
	else if (dpl > cpl)
		snprintf(reason, size, "its gate's code segment %#x has DPL %u, above CPL %u",
			 selector, dpl, cpl);
	else
		return false;
	return true;
}
