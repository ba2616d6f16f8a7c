/* SPDX-License-Identifier: MIT */
/* Descriptors in the GDT and the LDT. SDM vol. 3A, 3.4.5 and 3.5. */
#include "assist/x86_64/descriptor.h"
#include "assist/x86_64/paging.h"

static const struct access system_read = { .implicit = true };

enum done descriptor_read(struct cpu *cpu, uint16_t selector, struct descriptor *descriptor)
{
	bool local = selector & 4;
	uint64_t base = local ? cpu->sregs->ldt.base : cpu->sregs->gdt.base;
	uint64_t limit = local ? cpu->sregs->ldt.limit : cpu->sregs->gdt.limit;
	uint64_t offset = selector & ~7u;
	enum done done;

	*descriptor = (struct descriptor){ .address = base + offset };
	if (!(selector & ~3u) ||
	    (local && (cpu->sregs->ldt.unusable || !cpu->sregs->ldt.present)) || offset + 7 > limit)
		return DONE;
	done = cpu_read(cpu, base + offset, &descriptor->low, sizeof(uint64_t), system_read);
	if (done != DONE)
		return done;
	descriptor->present = true;
	/* In long mode system segments' descriptors have 16 bytes: SDM vol. 3A, 3.5.2. */
	if (!cpu_is_long(cpu) || DESCRIPTOR_S(descriptor) || offset + 15 > limit)
		return DONE;
	return cpu_read(cpu, base + offset + 8, &descriptor->high, sizeof(uint64_t), system_read);
}

enum done descriptor_require(struct cpu *cpu, uint16_t selector, struct descriptor *descriptor)
{
	enum done done = descriptor_read(cpu, selector, descriptor);

	if (done != DONE || descriptor->present)
		return done;
	return cpu_raise_code(cpu, R0_GP, selector & ~3u);
}

struct kvm_segment descriptor_segment(const struct descriptor *descriptor, uint16_t selector)
{
	uint64_t low = descriptor->low;
	uint32_t limit = (uint32_t)((low & 0xffff) | (low >> 32 & 0xf0000));
	bool large = low >> 55 & 1;

	return (struct kvm_segment){
		.base = (low >> 16 & 0xffffff) | (low >> 32 & 0xff000000),
		.limit = large ? limit << 12 | 0xfff : limit,
		.selector = selector,
		.type = (uint8_t)DESCRIPTOR_TYPE(descriptor),
		.present = 1,
		.dpl = (uint8_t)DESCRIPTOR_DPL(descriptor),
		.db = low >> 54 & 1,
		.s = DESCRIPTOR_S(descriptor) & 1,
		.l = low >> 53 & 1,
		.g = large,
		.avl = low >> 52 & 1,
	};
}

enum done descriptor_load(struct cpu *cpu, const struct descriptor *descriptor, uint16_t selector,
			  struct kvm_segment *segment)
{
	uint64_t low = descriptor->low | (uint64_t)DESCRIPTOR_ACCESSED << 40;

	*segment = descriptor_segment(descriptor, selector);
	if (segment->type & DESCRIPTOR_ACCESSED)
		return DONE;
	segment->type |= DESCRIPTOR_ACCESSED;
	return cpu_write(cpu, descriptor->address, &low, sizeof(low), system_read);
}

void descriptor_drop_inner(struct cpu *cpu, unsigned int cpl)
{
	struct kvm_segment *const segments[] = { &cpu->sregs->ds, &cpu->sregs->es, &cpu->sregs->fs,
						 &cpu->sregs->gs };
	const unsigned int conforming = DESCRIPTOR_CODE | DESCRIPTOR_CONFORMING;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct kvm_segment *segment = segments[i];

		if (segment->unusable || (segment->type & conforming) == conforming ||
		    segment->dpl >= cpl)
			continue;
		segment->selector = 0;
		segment->unusable = 1;
		segment->present = 0;
	}
}
