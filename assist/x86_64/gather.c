/* SPDX-License-Identifier: MIT */
/* Gathers and scatters, an element at a time. SDM vol. 2C, VPGATHERDD and its relatives. */
#include <string.h>
#include "assist/x86_64/paging.h"
#include "assist/x86_64/run_natively.h"
#include "assist/x86_64/vector.h"

/* In leaf 7's EBX. */
#define AVX512PF 26

struct gather {
	bool scatter, opmask;
	unsigned int data, mask, index; /* register numbers */
	unsigned int index_size, element_size, count, data_size;
	const ZydisDecodedOperand *memory;
};

static bool has_short_index(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_VGATHERDPD:
	case ZYDIS_MNEMONIC_VGATHERDPS:
	case ZYDIS_MNEMONIC_VPGATHERDD:
	case ZYDIS_MNEMONIC_VPGATHERDQ:
	case ZYDIS_MNEMONIC_VSCATTERDPD:
	case ZYDIS_MNEMONIC_VSCATTERDPS:
	case ZYDIS_MNEMONIC_VPSCATTERDD:
	case ZYDIS_MNEMONIC_VPSCATTERDQ:
		return true;
	default:
		return false;
	}
}

static bool has_long_index(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_VGATHERQPD:
	case ZYDIS_MNEMONIC_VGATHERQPS:
	case ZYDIS_MNEMONIC_VPGATHERQD:
	case ZYDIS_MNEMONIC_VPGATHERQQ:
	case ZYDIS_MNEMONIC_VSCATTERQPD:
	case ZYDIS_MNEMONIC_VSCATTERQPS:
	case ZYDIS_MNEMONIC_VPSCATTERQD:
	case ZYDIS_MNEMONIC_VPSCATTERQQ:
		return true;
	default:
		return false;
	}
}

/* Hints, of CPUs that have long been out of production; on others undefined. */
static bool is_prefetch(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_VGATHERPF0DPD:
	case ZYDIS_MNEMONIC_VGATHERPF0DPS:
	case ZYDIS_MNEMONIC_VGATHERPF0QPD:
	case ZYDIS_MNEMONIC_VGATHERPF0QPS:
	case ZYDIS_MNEMONIC_VGATHERPF1DPD:
	case ZYDIS_MNEMONIC_VGATHERPF1DPS:
	case ZYDIS_MNEMONIC_VGATHERPF1QPD:
	case ZYDIS_MNEMONIC_VGATHERPF1QPS:
	case ZYDIS_MNEMONIC_VSCATTERPF0DPD:
	case ZYDIS_MNEMONIC_VSCATTERPF0DPS:
	case ZYDIS_MNEMONIC_VSCATTERPF0QPD:
	case ZYDIS_MNEMONIC_VSCATTERPF0QPS:
	case ZYDIS_MNEMONIC_VSCATTERPF1DPD:
	case ZYDIS_MNEMONIC_VSCATTERPF1DPS:
	case ZYDIS_MNEMONIC_VSCATTERPF1QPD:
	case ZYDIS_MNEMONIC_VSCATTERPF1QPS:
		return true;
	default:
		return false;
	}
}

static unsigned int size_of(ZydisRegister name)
{
	switch (decoder_class(name)) {
	case ZYDIS_REGCLASS_YMM:
		return 32;
	case ZYDIS_REGCLASS_ZMM:
		return 64;
	default:
		return 16;
	}
}

/* Whether its data elements are of 8 bytes: the opcode's W bit. */
static bool has_long_elements(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_VGATHERDPD:
	case ZYDIS_MNEMONIC_VGATHERQPD:
	case ZYDIS_MNEMONIC_VPGATHERDQ:
	case ZYDIS_MNEMONIC_VPGATHERQQ:
	case ZYDIS_MNEMONIC_VSCATTERDPD:
	case ZYDIS_MNEMONIC_VSCATTERQPD:
	case ZYDIS_MNEMONIC_VPSCATTERDQ:
	case ZYDIS_MNEMONIC_VPSCATTERQQ:
		return true;
	default:
		return false;
	}
}

static bool understand(const struct decoded *decoded, struct gather *gather)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;
	unsigned int data_limit, index_limit;
	int i, registers = 0;

	*gather = (struct gather){
		.opmask = instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX,
		.scatter = decoded->operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY,
		.index_size = has_short_index(instruction->mnemonic) ? 4 : 8,
		.element_size = has_long_elements(instruction->mnemonic) ? 8 : 4,
	};
	if (!has_short_index(instruction->mnemonic) && !has_long_index(instruction->mnemonic))
		return false;
	for (i = 0; i < instruction->operand_count; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
			gather->memory = operand;
		} else if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
			unsigned int number = (unsigned int)decoder_number(operand->reg.value);

			if (decoder_class(operand->reg.value) == ZYDIS_REGCLASS_MASK) {
				gather->mask = number;
			} else if (registers++ == 0) {
				gather->data = number;
				gather->data_size = size_of(operand->reg.value);
			} else {
				gather->mask = number;
			}
		}
	}
	if (!gather->memory || !registers)
		return false;
	gather->index = (unsigned int)decoder_number(gather->memory->mem.index);
	data_limit = gather->data_size / gather->element_size;
	index_limit = size_of(gather->memory->mem.index) / gather->index_size;
	gather->count = data_limit < index_limit ? data_limit : index_limit;
	return true;
}

static enum done element_address(struct cpu *cpu, const struct form *form,
				 const struct gather *gather, const uint8_t *indices,
				 unsigned int number, uint64_t *address)
{
	const ZydisDecodedOperandMem *mem = &gather->memory->mem;
	struct form place = *form;
	int64_t index;

	if (gather->index_size == 4) {
		int32_t value;

		memcpy(&value, indices + 4 * number, sizeof(value));
		index = value;
	} else {
		memcpy(&index, indices + 8 * number, sizeof(index));
	}
	place.memory = (struct form_memory){
		.base = (int8_t)decoder_gpr(mem->base),
		.index = -1,
		.displacement =
			(int64_t)((uint64_t)index * mem->scale +
				  (mem->disp.has_displacement ? (uint64_t)mem->disp.value : 0)),
		.write = gather->scatter,
		.segment = decoder_segment(mem->segment),
		.size = (uint16_t)gather->element_size,
	};
	return run_natively_address(cpu, &place, address);
}

static bool is_wanted(const struct gather *gather, const uint8_t *mask, uint64_t bits,
		      unsigned int number)
{
	return gather->opmask ? bits >> number & 1 :
				mask[(number + 1) * gather->element_size - 1] >> 7;
}

/*
 * What was done before an element faults stays done, and its bits are clear in the mask: the
 * instruction then goes on from there.
 */
enum done gather_execute(struct cpu *cpu, const struct form *form, const struct decoded *decoded)
{
	uint8_t data[64] = { 0 }, mask[64] = { 0 }, indices[64];
	struct gather gather;
	uint64_t bits = 0, address;
	unsigned int i;
	enum done done;

	done = run_natively_check_state(cpu, form->state, true);
	if (done != DONE)
		return done;
	if (is_prefetch(form->mnemonic))
		return cpu_has(cpu, 7, CPUID_EBX, AVX512PF) ? DONE : cpu_raise(cpu, R0_UD);
	if (!understand(decoded, &gather))
		return DONE_CANNOT;
	done = cpu_load_vector(cpu);
	if (done != DONE)
		return done;
	vector_get(cpu, gather.index, indices, sizeof(indices));
	vector_get(cpu, gather.data, data, gather.data_size);
	if (gather.opmask)
		bits = vector_get_mask(cpu, gather.mask);
	else
		vector_get(cpu, gather.mask, mask, gather.data_size);
	for (i = 0; i < gather.count && done == DONE; i++) {
		uint8_t *element = data + i * gather.element_size;

		if (!is_wanted(&gather, mask, bits, i))
			continue;
		done = element_address(cpu, form, &gather, indices, i, &address);
		if (done == DONE && gather.scatter)
			done = cpu_write(cpu, address, element, gather.element_size,
					 cpu_access(cpu, true));
		else if (done == DONE)
			done = cpu_read(cpu, address, element, gather.element_size,
					cpu_access(cpu, false));
		if (done != DONE)
			break;
		bits &= ~(1ull << i);
		memset(mask + i * gather.element_size, 0, gather.element_size);
	}
	if (done == DONE) {
		bits = 0;
		memset(mask, 0, sizeof(mask));
		/* What is above the elements becomes 0. */
		memset(data + gather.count * gather.element_size, 0,
		       sizeof(data) - gather.count * gather.element_size);
	}
	if (gather.opmask)
		vector_set_mask(cpu, gather.mask, bits);
	else
		vector_set(cpu, gather.mask, mask, done == DONE ? 64 : gather.data_size);
	if (!gather.scatter)
		vector_set(cpu, gather.data, data, done == DONE ? 64 : gather.data_size);
	return done;
}
