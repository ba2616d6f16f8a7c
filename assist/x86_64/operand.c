/* SPDX-License-Identifier: MIT */
/* Operands in memory, as the decoder describes them. */
#include "assist/x86_64/operand.h"
#include "assist/x86_64/run_natively.h"

enum done operand_address(struct cpu *cpu, const struct form *form,
			  const ZydisDecodedOperand *operand, size_t size, uint64_t *address)
{
	struct form place = *form;
	const ZydisDecodedOperandMem *mem = &operand->mem;

	place.memory = (struct form_memory){
		.base = (int8_t)decoder_gpr(mem->base),
		.index = (int8_t)decoder_gpr(mem->index),
		.scale = mem->scale,
		.displacement = mem->disp.has_displacement ? mem->disp.value : 0,
		.rip_relative = mem->base == ZYDIS_REGISTER_RIP || mem->base == ZYDIS_REGISTER_EIP,
		.write = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE,
		.segment = decoder_segment(mem->segment),
		.size = (uint16_t)size,
	};
	return run_natively_address(cpu, &place, address);
}
