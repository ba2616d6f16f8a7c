/* SPDX-License-Identifier: MIT */
/* The forms of instructions that the host completes. */
#ifndef TESTS_HOST_DIFFERENTIAL_FORMS_H
#define TESTS_HOST_DIFFERENTIAL_FORMS_H

#include "assist/x86_64/instruction_form.h"

#define DIFFERENTIAL_FORMS_MAX 16384
#define LONGEST		       15

struct template
{
	uint8_t bytes[LONGEST];
	uint8_t length;
	uint8_t modrm; /* where it is; 0 if there is none */
	uint64_t key;
	ZydisMnemonic mnemonic;
	uint64_t executed;
	enum { BY_NOBODY_KNOWN, BY_KVM, BY_THE_HOST } by; /* what this CPU lacks */
};

struct differential_forms {
	struct template items[DIFFERENTIAL_FORMS_MAX];
	size_t count;
};

/* Every opcode of every map, with every prefix, in registers and in memory. */
void differential_enumerate(struct differential_forms *forms);

/* Decode an instruction. Whether it is one that the host completes. */
bool differential_find(const uint8_t *bytes, size_t count, struct decoded *decoded,
		       struct form *form);

/* What makes two instructions the same form: the mnemonic, the encoding, the operands' kinds. */
uint64_t differential_key(const struct decoded *decoded);

#endif /* TESTS_HOST_DIFFERENTIAL_FORMS_H */
