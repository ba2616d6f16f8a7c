/* SPDX-License-Identifier: MIT */
/* What is known of the instructions that were met. Depends on assist/x86_64/cpu.h and assist/x86_64/instruction_form.h. */
#ifndef ASSIST_X86_64_FORMS_H
#define ASSIST_X86_64_FORMS_H

#include "assist/x86_64/cpu.h"
#include "assist/x86_64/instruction_form.h"

#define FORMS 1024 /* a power of two */

/* Zeroed at first. */
struct forms {
	struct form items[FORMS];
};

/* The instruction at RIP; DONE_FAULT where there is none. *form is good until the next call. */
enum done forms_find(struct forms *forms, struct cpu *cpu, struct form **form);

#endif /* ASSIST_X86_64_FORMS_H */
