/* SPDX-License-Identifier: MIT */
/* The instruction at RIP: fetched, decoded, and what is known of it. */
#include "assist/x86_64/forms.h"
#include <string.h>
#include "assist/x86_64/paging.h"
#include "assist/x86_64/segment.h"

/* The instruction goes on where no more of it could be fetched: why, the page's tables say. */
static enum done next_page(struct cpu *cpu, size_t count)
{
	struct access access = { .fetch = true, .user = cpu_cpl(cpu) == 3 };
	r0_gpa physical;
	uint64_t address;
	enum done done = segment_code_address(cpu, cpu->rip + count, &address);

	if (done == DONE)
		done = cpu_translate(cpu, address, access, &physical);
	cpu->why = "part of its code is not in memory";
	return done == DONE ? DONE_CANNOT : done;
}

/* What is met in one mode may be kept from another. SDM vol. 2A, 2.3.1. */
static enum done check_mode(struct cpu *cpu, const struct form *form)
{
	return form->is_vex && cpu_is_real(cpu) ? cpu_raise(cpu, R0_UD) : DONE;
}

/* Kept by address, but known by its bytes: code may change. */
enum done forms_find(struct forms *forms, struct cpu *cpu, struct form **result)
{
	struct form *form = &forms->items[(cpu->rip ^ cpu->rip >> 10) & (FORMS - 1)];
	struct decoded decoded;
	uint8_t bytes[15];
	size_t count;
	enum done done = cpu_fetch(cpu, bytes, &count);

	*result = form;
	if (done != DONE)
		return done;
	if (form->length && form->rip == cpu->rip && form->bits == cpu->bits &&
	    form->length <= count && memcmp(form->bytes, bytes, form->length) == 0)
		return check_mode(cpu, form);
	form->length = 0;
	switch (decoder_decode(cpu->bits, bytes, count, &decoded)) {
	case DECODER_INSTRUCTION:
		break;
	case DECODER_SHORT:
		if (count == 15)
			return cpu_raise_code(cpu, R0_GP, 0);
		return next_page(cpu, count);
	case DECODER_TOO_LONG:
		return cpu_raise_code(cpu, R0_GP, 0);
	case DECODER_UNDEFINED:
		return cpu_raise(cpu, R0_UD);
	case DECODER_UNKNOWN:
		cpu->why = "its decoder does not know it";
		return DONE_CANNOT;
	}
	instruction_form_find(form, cpu->bits, &decoded, bytes);
	form->rip = cpu->rip;
	return check_mode(cpu, form);
}
