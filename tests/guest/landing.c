/* SPDX-License-Identifier: MIT */
/* Code that ends in an exception, and where it lands. Runs in ring 0; depends on mapping.h. */
#include <string.h>
#include "landing.h"
#include "tests/guest/mapping.h"

#define EXCEPTIONS 32

/* The stack pointer to come back with: written by landing_start(). */
extern uint64_t landing_rsp;
uint64_t landing_rsp;

void landing_start(void (*start)(void *arg), void *arg);
extern const char landing_place[];

__asm__(".pushsection .text\n"
	".hidden landing_rsp, landing_start, landing_place\n"
	".globl landing_start, landing_place\n"
	"landing_start:\n"
	"	pushq %rbx\n"
	"	pushq %rbp\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	subq $8, %rsp\n"
	"	movq %rsp, landing_rsp(%rip)\n"
	"	movq %rdi, %rax\n"
	"	movq %rsi, %rdi\n"
	"	call *%rax\n"
	"landing_place:\n"
	"	addq $8, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbp\n"
	"	popq %rbx\n"
	"	ret\n"

	".globl iret_to, iret_to_iretq\n"
	".hidden iret_to, iret_to_iretq\n"
	"iret_to:\n"
	"	pushq 32(%rdi)\n"
	"	pushq 24(%rdi)\n"
	"	pushq 16(%rdi)\n"
	"	pushq 8(%rdi)\n"
	"	pushq 0(%rdi)\n"
	"	movq 48(%rdi), %rsi\n"
	"	movq 40(%rdi), %rdi\n"
	"iret_to_iretq:\n"
	"	iretq\n"

	".globl far_jump_to, far_jump_to_ljmp\n"
	".hidden far_jump_to, far_jump_to_ljmp\n"
	"far_jump_to:\n"
	"far_jump_to_ljmp:\n"
	"	ljmpl *(%rdi)\n"
	".popsection");

static struct landing landed;
static bool has_landed;

static void handle(struct r0_frame *frame)
{
	memcpy(&landed.frame, frame, sizeof(*frame));
	landed.top = (uint64_t)(frame + 1);
	landed.cr2 = r0_read_cr2();
	landed.dr6 = r0_read_dr6();
	landed.rflags = r0_read_rflags();
	landed.cs = r0_read_cs();
	landed.ss = r0_read_ss();
	landed.ds = r0_read_ds();
	landed.es = r0_read_es();
	has_landed = true;
	frame->rip = (uint64_t)landing_place;
	frame->cs = R0_KERNEL_CS;
	frame->rflags = R0_RFLAGS_FIXED;
	frame->rsp = landing_rsp;
	frame->ss = R0_KERNEL_DS;
}

const struct landing *land(void (*start)(void *arg), void *arg)
{
	has_landed = false;
	for (int vector = 0; vector < EXCEPTIONS; vector++)
		r0_set_handler(vector, handle);
	landing_start(start, arg);
	for (int vector = 0; vector < EXCEPTIONS; vector++)
		r0_set_handler(vector, NULL);
	if (!has_landed)
		R0_FAIL("no exception ended the code that was to end in one");
	return &landed;
}

static uint8_t ring3_code[4096] __attribute__((aligned(4096)));
static uint8_t ring3_stack[4096] __attribute__((aligned(4096)));

const struct landing *run_in_ring3(const char *code, const char *end, uint64_t rdi, uint64_t rsi)
{
	struct iret_image image = {
		.rip = MAPPING_CODE,
		.cs = R0_USER_CS | 3,
		.rflags = R0_RFLAGS_FIXED,
		.rsp = MAPPING_STACK + sizeof(ring3_stack),
		.ss = R0_USER_DS | 3,
		.rdi = rdi,
		.rsi = rsi,
	};

	memcpy(ring3_code, code, (size_t)(end - code));
	map(MAPPING_CODE, 1, r0_physical(ring3_code) | R0_PAGE_P | R0_PAGE_US);
	map(MAPPING_STACK, 1,
	    r0_physical(ring3_stack) | R0_PAGE_P | R0_PAGE_RW | R0_PAGE_US | R0_PAGE_NX);
	return land(iret_to, &image);
}
