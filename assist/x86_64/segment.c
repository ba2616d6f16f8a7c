/* SPDX-License-Identifier: MIT */
/* Segmentation: SDM vol. 3A, 3.2.4, 3.4 and 5.3; real mode: vol. 3A, 21.1.1. */
#include "assist/x86_64/segment.h"
#include <ring0/x86/registers.h>

struct kvm_segment *segment_register(const struct cpu *cpu, unsigned int number)
{
	struct kvm_sregs *sregs = cpu->sregs;
	struct kvm_segment *const segments[] = { &sregs->es, &sregs->cs, &sregs->ss,
						 &sregs->ds, &sregs->fs, &sregs->gs };

	return segments[number];
}

struct kvm_segment segment_of_8086(uint16_t selector)
{
	return (struct kvm_segment){
		.base = (uint32_t)selector << 4,
		.limit = 0xffff,
		.selector = selector,
		.type = 3,
		.present = 1,
		.dpl = 3,
		.s = 1,
	};
}

/* Types of segments: bits 3 (code), 2 (expand-down, of data) and 1 (writable data, readable code). */
static bool is_expand_down(const struct cpu *cpu, const struct kvm_segment *segment)
{
	return !cpu_is_real(cpu) && (segment->type & 0xc) == 4;
}

bool segment_holds(const struct cpu *cpu, const struct kvm_segment *segment, uint64_t offset,
		   size_t size)
{
	uint64_t last = offset + size - 1;

	if (is_expand_down(cpu, segment))
		return offset > segment->limit && last <= (segment->db ? 0xffffffff : 0xffff);
	return last <= segment->limit;
}

static bool allows(const struct cpu *cpu, const struct kvm_segment *segment, bool write)
{
	if (cpu_is_real(cpu))
		return true;
	if (segment->unusable || !segment->present)
		return false;
	return write ? (segment->type & 0xa) == 2 : (segment->type & 0xa) != 8;
}

enum done segment_address(struct cpu *cpu, unsigned int number, uint64_t offset, size_t size,
			  bool write, uint64_t *address)
{
	const struct kvm_segment *segment = segment_register(cpu, number);
	const uint8_t vector = number == SEGMENT_SS ? R0_SS : R0_GP;

	if (cpu->bits == 64) {
		*address = offset + (number >= SEGMENT_FS ? segment->base : 0);
		return !size || (cpu_is_canonical(cpu, *address) &&
				 cpu_is_canonical(cpu, *address + size - 1)) ?
			       DONE :
			       cpu_raise_code(cpu, vector, 0);
	}
	*address = (uint32_t)(segment->base + offset);
	return !size || (allows(cpu, segment, write) && segment_holds(cpu, segment, offset, size)) ?
		       DONE :
		       cpu_raise_code(cpu, vector, 0);
}

enum done segment_code_address(struct cpu *cpu, uint64_t rip, uint64_t *address)
{
	if (cpu->bits == 64) {
		*address = rip;
		return cpu_is_canonical(cpu, rip) ? DONE : cpu_raise_code(cpu, R0_GP, 0);
	}
	*address = (uint32_t)(cpu->sregs->cs.base + rip);
	return rip <= cpu->sregs->cs.limit ? DONE : cpu_raise_code(cpu, R0_GP, 0);
}

uint64_t segment_cut_rip(const struct cpu *cpu, uint64_t rip)
{
	return cpu->bits == 64 ? rip : cpu->bits == 32 ? (uint32_t)rip : (uint16_t)rip;
}

uint64_t segment_cut_rsp(const struct kvm_segment *stack, const struct cpu *cpu, uint64_t rsp)
{
	return cpu->bits == 64 ? rsp : stack->db ? (uint32_t)rsp : (uint16_t)rsp;
}

void segment_set_rsp(struct cpu *cpu, uint64_t rsp)
{
	uint64_t kept = cpu->bits == 64 || cpu->sregs->ss.db ? 0 : 0xffff0000;

	rsp = segment_cut_rsp(&cpu->sregs->ss, cpu, rsp);
	cpu->gpr[CPU_RSP] = rsp | (cpu->gpr[CPU_RSP] & kept);
}
