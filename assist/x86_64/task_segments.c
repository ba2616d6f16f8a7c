/* SPDX-License-Identifier: MIT */
/* The segments of a task that begins, with the checks of SDM vol. 3A, table 7-1. */
#include "assist/x86_64/task_segments.h"
#include <ring0/x86/registers.h>
#include "assist/x86_64/descriptor.h"
#include "assist/x86_64/segment.h"

#define TYPE_LDT 2u

static enum done refuse(struct cpu *cpu, uint8_t vector, uint32_t selector, uint32_t external)
{
	return cpu_raise_code(cpu, vector, (selector & 0xfffc) + external);
}

static bool is_null(uint32_t selector)
{
	return !(selector & 0xfffc);
}

static struct kvm_segment null_segment(uint16_t selector)
{
	return (struct kvm_segment){ .selector = selector, .unusable = 1 };
}

static enum done load_ldt(struct cpu *cpu, uint16_t selector, uint32_t external)
{
	struct kvm_segment *ldt = &cpu->sregs->ldt;
	struct descriptor descriptor;
	enum done done;

	*ldt = null_segment(selector);
	if (is_null(selector))
		return DONE;
	done = descriptor_read(cpu, selector, &descriptor);
	if (done != DONE)
		return done;
	if (selector & 4 || !descriptor.present || DESCRIPTOR_S(&descriptor) ||
	    DESCRIPTOR_TYPE(&descriptor) != TYPE_LDT || !DESCRIPTOR_PRESENT(&descriptor))
		return refuse(cpu, R0_TS, selector, external);
	*ldt = descriptor_segment(&descriptor, selector);
	return DONE;
}

/* Whether the segment is one that may be loaded there at this privilege level; if it is present is another matter. */
static bool suits(const struct descriptor *descriptor, unsigned int number, unsigned int rpl,
		  unsigned int cpl)
{
	const unsigned int type = DESCRIPTOR_TYPE(descriptor), dpl = DESCRIPTOR_DPL(descriptor);
	const bool code = type & DESCRIPTOR_CODE;
	const bool conforming = code && type & DESCRIPTOR_CONFORMING;

	if (!descriptor->present || !DESCRIPTOR_S(descriptor))
		return false;
	switch (number) {
	case SEGMENT_CS:
		return code && (conforming ? dpl <= rpl : dpl == rpl);
	case SEGMENT_SS:
		return !code && type & DESCRIPTOR_WRITABLE && dpl == cpl && rpl == cpl;
	default:
		/* Of code, the same bit says that it can be read. */
		return (!code || type & DESCRIPTOR_WRITABLE) &&
		       (conforming || (dpl >= cpl && dpl >= rpl));
	}
}

static enum done load(struct cpu *cpu, unsigned int number, uint16_t selector, uint32_t external)
{
	static const uint8_t absent[TASK_SEGMENTS] = { R0_NP, R0_NP, R0_SS, R0_NP, R0_NP, R0_NP };
	struct kvm_segment *segment = segment_register(cpu, number);
	struct descriptor descriptor;
	enum done done;

	if (is_null(selector) && number != SEGMENT_CS && number != SEGMENT_SS) {
		*segment = null_segment(selector);
		return DONE;
	}
	done = descriptor_read(cpu, selector, &descriptor);
	if (done != DONE)
		return done;
	if (!suits(&descriptor, number, selector & 3u, cpu_cpl(cpu)))
		return refuse(cpu, R0_TS, selector, external);
	if (!DESCRIPTOR_PRESENT(&descriptor))
		return refuse(cpu, absent[number], selector, external);
	return descriptor_load(cpu, &descriptor, selector, segment);
}

enum done task_segments_load(struct cpu *cpu, const uint32_t *selectors, uint16_t ldt,
			     uint32_t external)
{
	static const unsigned int order[] = { SEGMENT_CS, SEGMENT_SS, SEGMENT_DS,
					      SEGMENT_ES, SEGMENT_FS, SEGMENT_GS };
	const bool is_8086 = cpu->flags & R0_RFLAGS_VM;
	enum done done;
	unsigned int i;

	for (i = 0; i < TASK_SEGMENTS; i++) {
		if (is_8086)
			*segment_register(cpu, i) = segment_of_8086((uint16_t)selectors[i]);
		else
			segment_register(cpu, i)->selector = (uint16_t)selectors[i];
	}
	/* The new task's privilege level holds for what is checked from here on, and for a handler of what that finds. */
	cpu->sregs->ss.dpl = is_8086 ? 3 : selectors[SEGMENT_CS] & 3;
	done = load_ldt(cpu, ldt, external);
	for (i = 0; i < TASK_SEGMENTS && done == DONE && !is_8086; i++)
		done = load(cpu, order[i], (uint16_t)selectors[order[i]], external);
	return done;
}
