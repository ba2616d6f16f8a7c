/* SPDX-License-Identifier: MIT */
/* Executing what computes on the host's CPU, its memory operand being a checked copy. */
#include "assist/x86_64/run_natively.h"
#include <stdlib.h>
#include <string.h>
#include <ring0/x86/registers.h>
#include "assist/x86_64/paging.h"
#include "assist/x86_64/segment.h"
#include "assist/x86_64/vector.h"
#include "kvm/kvm_x86_64.h"

#define XCR0_AVX512 \
	(R0_XCR0_SSE | R0_XCR0_AVX | R0_XCR0_OPMASK | R0_XCR0_ZMM_HI256 | R0_XCR0_HI16_ZMM)

enum done run_natively_check_state(struct cpu *cpu, enum form_state state, bool xmm)
{
	uint64_t cr0 = cpu->sregs->cr0, cr4 = cpu->sregs->cr4;
	uint64_t wanted = state == STATE_AVX512 ? XCR0_AVX512 : (R0_XCR0_SSE | R0_XCR0_AVX);

	switch (state) {
	case STATE_NONE:
		return DONE;
	case STATE_WAIT:
		return cr0 & R0_CR0_MP && cr0 & R0_CR0_TS ? cpu_raise(cpu, R0_NM) : DONE;
	case STATE_X87:
		return cr0 & (R0_CR0_EM | R0_CR0_TS) ? cpu_raise(cpu, R0_NM) : DONE;
	case STATE_MMX:
	case STATE_SSE:
		if (cr0 & R0_CR0_EM)
			return cpu_raise(cpu, R0_UD);
		if ((state == STATE_SSE || xmm) && !(cr4 & R0_CR4_OSFXSR))
			return cpu_raise(cpu, R0_UD);
		break;
	case STATE_AVX:
	case STATE_AVX512:
		if (!cpu_has_osxsave(cpu) || (cpu->xcr0 & wanted) != wanted)
			return cpu_raise(cpu, R0_UD);
		break;
	}
	return cr0 & R0_CR0_TS ? cpu_raise(cpu, R0_NM) : DONE;
}

enum done run_natively_address(struct cpu *cpu, const struct form *form, uint64_t *result)
{
	const struct form_memory *memory = &form->memory;
	uint64_t address = (uint64_t)memory->displacement;

	if (memory->rip_relative)
		address += cpu->rip + form->length;
	if (memory->base >= 0)
		address += cpu->gpr[memory->base];
	if (memory->index >= 0)
		address += cpu->gpr[memory->index] * memory->scale;
	if (form->address_width < 64)
		address &= (1ull << form->address_width) - 1;
	return segment_address(cpu, memory->segment, address, memory->size, memory->write, result);
}

/* MM registers are at their place by TOP in the area, which is in the order of the stack. */
static void get_mmx(const struct cpu *cpu, unsigned int number, uint8_t *to)
{
	const uint8_t *area = cpu->code->xsave;
	unsigned int top = area[3] >> 3 & 7;

	memcpy(to, area + 32 + 16 * ((number - top) & 7), 8);
}

/* A bit for each byte of the operand that is accessed; all of them if there are more than 64. */
static uint64_t active_bytes(const struct cpu *cpu, const struct form_memory *memory)
{
	uint64_t all = memory->size >= 64 ? UINT64_MAX : (1ull << memory->size) - 1;
	uint64_t element = memory->element_size >= 8 ? 0xff : (1ull << memory->element_size) - 1;
	unsigned int count = memory->element_size ? memory->size / memory->element_size : 0, i;
	uint64_t bits = 0, active = 0;
	uint8_t vector[64];

	switch (memory->masking) {
	case MASK_NONE:
		return all;
	case MASK_BITS:
		bits = vector_get_mask(cpu, memory->mask);
		break;
	case MASK_COPIES:
		for (i = 0; count && i < memory->element_count; i++)
			bits |= (vector_get_mask(cpu, memory->mask) >> i & 1) << i % count;
		break;
	case MASK_COUNT:
		bits = vector_get_mask(cpu, memory->mask);
		if (memory->element_count < 64)
			bits &= (1ull << memory->element_count) - 1;
		bits = (unsigned int)__builtin_popcountll(bits) >= 64 ?
			       UINT64_MAX :
			       (1ull << __builtin_popcountll(bits)) - 1;
		break;
	case MASK_SIGNS:
	case MASK_MMX_SIGNS:
		if (memory->masking == MASK_SIGNS)
			vector_get(cpu, memory->mask, vector, memory->size);
		else
			get_mmx(cpu, memory->mask, vector);
		for (i = 0; i < count; i++)
			bits |= (uint64_t)(vector[(i + 1) * memory->element_size - 1] >> 7) << i;
		break;
	}
	for (i = 0; i < count; i++)
		if (bits >> i & 1)
			active |= element << (i * memory->element_size);
	return active;
}

enum pass { PASS_PROBE, PASS_READ, PASS_WRITE };

static enum done one_run(struct cpu *cpu, uint64_t address, uint8_t *bytes, size_t size,
			 struct access access, enum pass pass)
{
	if (pass == PASS_PROBE)
		return cpu_probe(cpu, address, size, access);
	return pass == PASS_READ ? cpu_read(cpu, address, bytes, size, access) :
				   cpu_write(cpu, address, bytes, size, access);
}

/* Each run of adjacent bytes that are accessed. */
static enum done each_run(struct cpu *cpu, const struct form_memory *memory, uint64_t address,
			  uint64_t active, uint8_t *bytes, struct access access, enum pass pass)
{
	size_t at = 0, end, size = memory->size;
	enum done done = DONE;

	if (size > 64 || memory->masking == MASK_NONE)
		return one_run(cpu, address, bytes, size, access, pass);
	while (at < size && done == DONE) {
		if (!(active >> at & 1)) {
			at++;
			continue;
		}
		for (end = at; end < size && active >> end & 1; end++)
			;
		done = one_run(cpu, address + at, bytes + at, end - at, access, pass);
		at = end;
	}
	return done;
}

static bool run(struct cpu *cpu, const struct form *form, const uint8_t *copy)
{
	struct code_registers *registers = cpu->code->registers;
	const struct form_memory *memory = &form->memory;
	bool vector = form->state != STATE_NONE;

	memcpy(registers->gpr, cpu->gpr, sizeof(cpu->gpr));
	/* IF, which ring 3 can't change, and bit 1 are always set. */
	registers->flags = (cpu->flags & CPU_FLAGS_STATUS) | R0_RFLAGS_IF | 2;
	if (memory->present)
		registers->gpr[memory->scratch] = (uint64_t)copy;
	trampoline_run(cpu->code, form->code, vector);
	if (memory->present)
		registers->gpr[memory->scratch] = cpu->gpr[memory->scratch];
	return registers->trap == CODE_NO_TRAP;
}

/* The x87 notes where its last instruction and operand are: those were ours. SDM vol. 1, 8.1.8. */
static void correct_x87_pointers(struct cpu *cpu, const struct form *form, uint64_t address)
{
	const struct code *code = cpu->code;
	uint64_t pointers[2];

	memcpy(pointers, code->xsave + 8, sizeof(pointers));
	if (pointers[0] - (uint64_t)code->base < 1u << 20) {
		pointers[0] = cpu->rip;
		/* The opcode, where it is noted, with the ModRM byte. */
		if (form->memory.present && (code->xsave[6] | code->xsave[7]))
			code->xsave[6] = form->modrm;
	}
	if (pointers[1] - (uint64_t)code->base < 1u << 20)
		pointers[1] = address;
	memcpy(code->xsave + 8, pointers, sizeof(pointers));
}

static enum done trapped(struct cpu *cpu)
{
	switch (cpu->code->registers->trap) {
	case R0_DE:
	case R0_UD:
	case R0_MF:
		return cpu_raise(cpu, (uint8_t)cpu->code->registers->trap);
	case R0_XM:
		return cpu_raise(cpu, cpu->sregs->cr4 & R0_CR4_OSXMMEXCPT ? R0_XM : R0_UD);
	case R0_GP:
		return cpu_raise_code(cpu, R0_GP, 0);
	}
	cpu->why = "executed on the host, it did what is not expected of it";
	return DONE_CANNOT;
}

/*
 * A misaligned operand is #GP, and an instruction that the CPU lacks is #UD, even where memory is absent (SDM vol. 3A,
 * table 6-2): whether this instruction is one of these, the host's CPU knows.
 */
static enum done prefer_sooner(struct cpu *cpu, const struct form *form, uint8_t *copy)
{
	struct fault fault = cpu->fault;
	size_t size = cpu->vcpu->vm->kvm->own->xsave_size;
	uint64_t trap = CODE_NO_TRAP;
	void *saved = malloc(size);

	if (!saved)
		return DONE_FAULT;
	memcpy(saved, cpu->code->xsave, size);
	memset(copy, 0, form->memory.size);
	if (!run(cpu, form, copy))
		trap = cpu->code->registers->trap;
	memcpy(cpu->code->xsave, saved, size);
	free(saved);
	if (trap == R0_UD)
		return cpu_raise(cpu, R0_UD);
	if (trap == R0_GP)
		return cpu_raise_code(cpu, R0_GP, 0);
	cpu->fault = fault;
	return DONE_FAULT;
}

/*
 * A locked instruction works on the memory itself, so that it is atomic for what other CPUs do there
 * meanwhile. NULL if that is not one piece of the VM's own.
 */
static uint8_t *find_in_place(struct cpu *cpu, const struct form *form, uint64_t address)
{
	size_t size = form->memory.size;
	r0_gpa physical;

	if (!form->locked || (address & (PAGE_SIZE - 1)) + size > PAGE_SIZE ||
	    cpu_translate(cpu, address, cpu_access(cpu, true), &physical) != DONE)
		return NULL;
	return assist_memory_own(cpu->memory, physical, size, true);
}

enum done run_natively_execute(struct cpu *cpu, const struct form *form)
{
	const struct form_memory *memory = &form->memory;
	bool vector = form->state != STATE_NONE;
	struct access access = cpu_access(cpu, memory->write);
	uint8_t *copy = cpu->code->operand, *in_place = NULL;
	uint64_t address = 0, active = 0;
	enum done done = run_natively_check_state(cpu, form->state, form->xmm);

	if (done == DONE && vector)
		done = cpu_load_vector(cpu);
	if (done == DONE && memory->present)
		done = run_natively_address(cpu, form, &address);
	if (done != DONE)
		return done;
	if (memory->present) {
		/* Aligned as the guest's: what minds raises #GP by itself. */
		copy += address & 63;
		active = active_bytes(cpu, memory);
		if (memory->write || !memory->read)
			done = each_run(cpu, memory, address, memory->whole ? UINT64_MAX : active,
					copy, access, PASS_PROBE);
		/* With an exception that is not masked, the x87 stores nothing. */
		if (done == DONE && !memory->read && form->state == STATE_X87)
			cpu_peek(cpu, address, copy, memory->size);
		if (done == DONE)
			in_place = find_in_place(cpu, form, address);
		/* Another way would be the last resort: see first what KVM does. */
		if (done == DONE && form->locked && !in_place && !cpu->bus)
			done = DONE_CANNOT;
		if (done == DONE && memory->read && !in_place)
			done = each_run(cpu, memory, address, active, copy, access, PASS_READ);
		if (done == DONE_FAULT && cpu->fault.vector == R0_PF)
			return prefer_sooner(cpu, form, copy);
		if (done != DONE)
			return done;
	}
	done = run(cpu, form, in_place ? in_place : copy) ? DONE : trapped(cpu);
	if (vector) {
		cpu->vector_changed = true;
		if (form->state == STATE_X87)
			correct_x87_pointers(cpu, form, address);
	}
	if (done != DONE)
		return done;
	if (memory->present && memory->write && !in_place) {
		done = each_run(cpu, memory, address, active, copy, access, PASS_WRITE);
		if (done != DONE)
			return done;
	}
	memcpy(cpu->gpr, cpu->code->registers->gpr, sizeof(cpu->gpr));
	cpu->flags = (cpu->flags & ~(uint64_t)CPU_FLAGS_STATUS) |
		     (cpu->code->registers->flags & CPU_FLAGS_STATUS);
	return DONE;
}
