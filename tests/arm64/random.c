/* SPDX-License-Identifier: MIT */
/*
 * Programs of random instructions as tests: their end is anything, and leaves nothing behind (--check-reset). An
 * instruction that raises an exception is passed over, so that most programs come to their end and return: with
 * -DOTHER_REGISTERS they write to registers that only the host puts back, without it to the others, which the CPU
 * puts back by itself on its way to the next test. -DPROGRAMS=N and -DSEED=N make others: tests/arm64/fuzz.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "routine.h"

#ifndef PROGRAMS
#define PROGRAMS 300
#endif
#ifndef SEED
#define SEED 0
#endif

#define INSTRUCTIONS 48u
#define UDF	     0u

/* With an end that is undefined. */
static uint32_t (*code)[INSTRUCTIONS + 1];
static int numbers[PROGRAMS];
static uint8_t scratch[65536] __attribute__((aligned(4096)));

static uint64_t state;

static uint32_t random_below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 16) % limit);
}

static uint32_t random_word(void)
{
	return random_below(1u << 16) << 16 | random_below(1u << 16);
}

#define MSR(op0, op1, crn, crm, op2) \
	(0xd5100000u | ((op0)-2u) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)
#define IS_MSR(instruction) (((instruction) >> 20) == 0xd51)

/* Without which no program comes far. */
static const uint32_t fatal[] = {
	MSR(3, 0, 1, 0, 0u),  /* SCTLR_EL1 */
	MSR(3, 0, 2, 0, 0u),  /* TTBR0_EL1 */
	MSR(3, 0, 2, 0, 1u),  /* TTBR1_EL1 */
	MSR(3, 0, 2, 0, 2u),  /* TCR_EL1 */
	MSR(3, 0, 10, 2, 0u), /* MAIR_EL1 */
	MSR(3, 0, 12, 0, 0u), /* VBAR_EL1 */
};

static const uint32_t harmless[] = {
	MSR(3, 0, 1, 0, 2u),  /* CPACR_EL1 */
	MSR(3, 0, 1, 2, 0u),  /* ZCR_EL1 */
	MSR(3, 0, 4, 0, 0u),  /* SPSR_EL1 */
	MSR(3, 0, 4, 0, 1u),  /* ELR_EL1 */
	MSR(3, 0, 4, 1, 0u),  /* SP_EL0 */
	MSR(3, 0, 4, 2, 3u),  /* PAN */
	MSR(3, 0, 5, 1, 0u),  /* AFSR0_EL1 */
	MSR(3, 0, 5, 1, 1u),  /* AFSR1_EL1 */
	MSR(3, 0, 5, 2, 0u),  /* ESR_EL1 */
	MSR(3, 0, 6, 0, 0u),  /* FAR_EL1 */
	MSR(3, 0, 7, 4, 0u),  /* PAR_EL1 */
	MSR(3, 0, 10, 3, 0u), /* AMAIR_EL1 */
	MSR(3, 0, 13, 0, 1u), /* CONTEXTIDR_EL1 */
	MSR(3, 0, 13, 0, 4u), /* TPIDR_EL1 */
	MSR(3, 0, 14, 1, 0u), /* CNTKCTL_EL1 */
	MSR(3, 3, 4, 2, 0u),  /* NZCV */
	MSR(3, 3, 4, 2, 5u),  /* DIT */
	MSR(3, 3, 4, 2, 6u),  /* SSBS */
	MSR(3, 3, 4, 4, 0u),  /* FPCR */
	MSR(3, 3, 4, 4, 1u),  /* FPSR */
	MSR(3, 3, 13, 0, 2u), /* TPIDR_EL0 */
	MSR(3, 3, 14, 3, 1u), /* CNTV_CTL_EL0 */
	MSR(3, 3, 14, 3, 2u), /* CNTV_CVAL_EL0 */
};

#ifdef OTHER_REGISTERS
/* Debug registers, keys, the physical timer, and whatever there may be. */
static uint32_t other_register(void)
{
	switch (random_below(4)) {
	case 0:
		return MSR(2u, 0u, 0u, random_below(16), random_below(8));
	case 1:
		return MSR(3u, 0u, 2u, 1 + random_below(3), random_below(4));
	case 2:
		return MSR(3u, 3u, 14u, 2u, random_below(3));
	}
	return 0xd5100000u | random_below(1u << 15) << 5;
}
#endif

static uint32_t system_register(void)
{
	const uint32_t rt = random_below(32);

	if (random_below(200) == 0)
		return fatal[random_below(sizeof(fatal) / sizeof(fatal[0]))] | rt;
#ifdef OTHER_REGISTERS
	if (random_below(2))
		return other_register() | rt;
#endif
	return harmless[random_below(sizeof(harmless) / sizeof(harmless[0]))] | rt;
}

/* Mostly of the groups that are not reserved: C4.1. */
static uint32_t instruction(void)
{
	uint32_t word = random_word();

	if (random_below(6) == 0)
		return system_register();
	if (random_below(8))
		word = (word & ~(15u << 25)) | (8u + random_below(8)) << 25;
	/* Accesses of a few registers' memory. */
	if ((word >> 27 & 1) && !(word >> 25 & 1) && random_below(2))
		word = (word & ~(31u << 5)) | random_below(8) << 5;
	return IS_MSR(word) ? system_register() : word;
}

__attribute__((constructor)) static void make_programs(void)
{
	const size_t size = PROGRAMS * sizeof(*code);
	unsigned int i, j;

	state = 0x9e3779b97f4a7c15 + SEED;
	code = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED)
		abort();
	for (i = 0; i < PROGRAMS; i++) {
		numbers[i] = (int)i;
		for (j = 0; j < INSTRUCTIONS; j++)
			code[i][j] = instruction();
		code[i][INSTRUCTIONS] = UDF;
	}
	if (mprotect(code, size, PROT_READ | PROT_EXEC) < 0)
		abort();
	__builtin___clear_cache((char *)code, (char *)code + size);
}

/* X19 to X30 and SP, of who runs a program. */
uint64_t kept[13];
extern const char come_back[];
void run_program(const uint32_t *program, void *memory, void *tables);

/* X0 to X7 point to memory, X8 to X15 to numbers, and X16 to page tables. */
__asm__(".pushsection .text\n"
	".globl run_program, come_back\n"
	".type run_program, %function\n"
	"run_program:\n"
	"	adrp x9, kept\n"
	"	add x9, x9, :lo12:kept\n"
	"	stp x19, x20, [x9]\n"
	"	stp x21, x22, [x9, 16]\n"
	"	stp x23, x24, [x9, 32]\n"
	"	stp x25, x26, [x9, 48]\n"
	"	stp x27, x28, [x9, 64]\n"
	"	stp x29, x30, [x9, 80]\n"
	"	mov x10, sp\n"
	"	str x10, [x9, 96]\n"
	"	mov x17, x0\n"
	"	mov x16, x2\n"
	"	add x0, x1, 32768\n"
	"	add x1, x0, 256\n"
	"	add x2, x0, 512\n"
	"	add x3, x0, 768\n"
	"	add x4, x0, 1024\n"
	"	add x5, x0, 2048\n"
	"	add x6, x0, 4096\n"
	"	mov x7, sp\n"
	"	mov x8, 1\n"
	"	mov x11, -1\n"
	"	br x17\n"
	"come_back:\n"
	"	adrp x9, kept\n"
	"	add x9, x9, :lo12:kept\n"
	"	ldp x19, x20, [x9]\n"
	"	ldp x21, x22, [x9, 16]\n"
	"	ldp x23, x24, [x9, 32]\n"
	"	ldp x25, x26, [x9, 48]\n"
	"	ldp x27, x28, [x9, 64]\n"
	"	ldp x29, x30, [x9, 80]\n"
	"	ldr x10, [x9, 96]\n"
	"	mov sp, x10\n"
	"	ret\n"
	".size run_program, . - run_program\n"
	".popsection");

static unsigned int exceptions;

/* Pass over the instruction, or come to the end: by what can't go on, or has gone somewhere else. */
static void pass_over(struct r0_frame *frame)
{
	const uint64_t start = (uint64_t)code, size = PROGRAMS * sizeof(*code);
	const uint32_t *at = (const uint32_t *)frame->pc;

	if (frame->pc - start < size && frame->pc % 4 == 0 && *at != UDF && ++exceptions < 100) {
		frame->pc += frame->vector == R0_SVC || frame->vector == R0_HVC ? 0 : 4;
		return;
	}
	frame->pc = (uint64_t)come_back;
	frame->pstate = R0_PSTATE_EL1H | R0_PSTATE_DAIF;
	frame->sp = kept[12];
}

/* expect any: */
R0_TEST(random, program, .params = R0_PARAMS(numbers), .timeout_ms = 300)
{
	static const int classes[] = {
		R0_UNDEFINED,	 R0_FP_ACCESS,	  R0_BRANCH_TARGET, R0_ILLEGAL_STATE,
		R0_SVC,		 R0_SVE_ACCESS,	  R0_DATA_ABORT,    R0_INSTRUCTION_ABORT,
		R0_PC_ALIGNMENT, R0_SP_ALIGNMENT, R0_BRK,	    R0_SYSTEM_REGISTER,
		R0_STEP,	 R0_BREAKPOINT,	  R0_WATCHPOINT,
	};
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		r0_set_handler(classes[i], pass_over);
	run_program(code[R0_PARAM(int)], scratch,
		    r0_at_physical(r0_mrs(ttbr0_el1) & R0_DESCRIPTOR_ADDRESS));
}
