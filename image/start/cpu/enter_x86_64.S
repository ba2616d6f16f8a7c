/* SPDX-License-Identifier: MIT */
/*
 * From the start-up code into a test, and back out of it, from wherever it is: by a message that ends it, or by
 * the time limit. And the vectors of the start-up code's own IDT.
 */
#include <ring0/private/abi.h>

#define CODE64 0x08
#define DATA   0x10

#define RFLAGS_FIXED 2

	.text
/*
 * enum enter_end enter_test(const struct enter_state *state): the six arguments of r0_guest_run(), RSP, RIP,
 * CR3, the address of the pad's pad_enter, and of the register for IDTR.
 */
	.globl enter_test
enter_test:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, enter_stack(%rip)
	/* The last message of a test does not return. */
	movq	$ask_stack_end, enter_ask_stacks(%rip)
	.globl enter_cpu
enter_cpu:
	movq	%rdi, %rbx
	movq	0(%rbx), %rdi
	movq	8(%rbx), %rsi
	movq	16(%rbx), %rdx
	movq	24(%rbx), %rcx
	movq	32(%rbx), %r8
	movq	40(%rbx), %r9
	movq	56(%rbx), %r11
	movq	64(%rbx), %rax
	movq	72(%rbx), %r12
	movq	80(%rbx), %r10
	movq	48(%rbx), %rsp
	pushq	$RFLAGS_FIXED
	popfq
	movq	%r12, %rbx
	xorl	%ebp, %ebp
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	jmp	*%rbx

/* enum enter_end enter_call(void (*function)(void)): a function that ends by enter_leave(), too. */
	.globl enter_call
enter_call:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, enter_stack(%rip)
	subq	$8, %rsp
	call	*%rdi
	ud2

/* void enter_leave(enum enter_end end): the test is over. On the start-up code's page tables. */
	.globl enter_leave
enter_leave:
	cli
	cld
	movq	%rdi, %rbx
	/* A debug breakpoint of the test's, on what follows, would be an exception here. */
	movl	$0x400, %eax
	movq	%rax, %dr7
	lgdt	enter_gdtr(%rip)
	lidt	enter_idtr(%rip)
	movl	$DATA, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	movq	enter_stack(%rip), %rsp
	movq	%rsp, %rcx
	/* IRET: without it, NMIs stay blocked behind one that did not return (SDM vol. 3A, 6.7.1). */
	pushq	$DATA
	pushq	%rcx
	pushq	$RFLAGS_FIXED
	pushq	$CODE64
	leaq	1f(%rip), %rdx
	pushq	%rdx
	iretq
1:
	movq	%rbx, %rax
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

/*
 * Where the pad comes with a message: RDI, RSI and RCX have it, RDX the test's CR3. On a stack of its own, since
 * the test's may be anything. An NMI's handler may ask while another message is served: below it.
 */
	.globl enter_ask
enter_ask:
	movq	%rsp, %r10
	xorl	%r11d, %r11d
	cmpl	$0, enter_many(%rip)
	jne	enter_ask_of_many
1:
	/* The pad's caller called the doorbell: flags, then its return address. */
	leaq	8(%r10), %rax
	movq	%rax, enter_asker(%rip)
	movq	%rdx, enter_asker + 8(%rip)
	movq	%rbx, enter_asker + 16(%rip)
	movq	%rbp, enter_asker + 24(%rip)
	movq	%r12, enter_asker + 32(%rip)
	movq	%r13, enter_asker + 40(%rip)
	movq	%r14, enter_asker + 48(%rip)
	movq	%r15, enter_asker + 56(%rip)
	leaq	enter_ask_stacks(, %r11, 8), %r11
	movq	(%r11), %rsp
	subq	$0x1000, (%r11)
	pushq	%r10
	pushq	%rdx
	pushq	%r11
	pushq	%r11
	movq	%rcx, %rdx
	cld
	call	*enter_serve_request(%rip)
	popq	%r11
	popq	%r11
	popq	%rdx
	popq	%r10
	addq	$0x1000, (%r11)
	movq	%r10, %rsp
	cmpl	$0, enter_many(%rip)
	je	2f
	decl	enter_depth(%rip)
	jne	2f
	movl	$0, enter_owner(%rip)
2:
	jmp	*enter_return(%rip)

/* R11: this CPU's number, by its APIC's ID, whatever the test did. Then one after the other. */
enter_ask_of_many:
	movq	%rcx, %r8
	movq	%rdx, %r9
	movq	%rbx, %r11
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	movzbl	enter_numbers(%rbx), %ebx
	xchgq	%rbx, %r11
	movq	%r8, %rcx
	movq	%r9, %rdx
	leal	1(%r11), %r8d
	cmpl	%r8d, enter_owner(%rip)
	je	4f
3:
	xorl	%eax, %eax
	lock cmpxchgl %r8d, enter_owner(%rip)
	je	4f
	pause
	jmp	3b
4:
	incl	enter_depth(%rip)
	jmp	1b

/* Exceptions of the start-up code's own: vector, error code, the CPU's frame. */
	.set vector, 0
	.balign 16
	.globl enter_vectors
enter_vectors:
	.rept 256
	.balign 16, 0xcc
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	pushq	$0
	.endif
	pushq	$vector
	jmp	1f
	.set vector, vector + 1
	.endr
1:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	movq	%rsp, %rdi
	cld
	call	*enter_serve_exception(%rip)
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

/*
 * bool exceptions_rdmsr(uint32_t index, uint64_t *value), bool exceptions_wrmsr(uint32_t index, uint64_t value):
 * false if that is a #GP. exceptions_serve() knows the instructions.
 */
	.globl exceptions_vmxoff, exceptions_vmxoff_at
	.globl exceptions_rdmsr, exceptions_rdmsr_at, exceptions_wrmsr, exceptions_wrmsr_at, exceptions_failed
exceptions_rdmsr:
	movl	%edi, %ecx
exceptions_rdmsr_at:
	rdmsr
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rax, (%rsi)
	movl	$1, %eax
	ret
exceptions_wrmsr:
	movl	%edi, %ecx
	movl	%esi, %eax
	movq	%rsi, %rdx
	shrq	$32, %rdx
exceptions_wrmsr_at:
	wrmsr
	movl	$1, %eax
	ret
/* bool exceptions_vmxoff(void): false if that is a #UD, since the CPU is not in VMX operation. */
exceptions_vmxoff:
exceptions_vmxoff_at:
	vmxoff
	movl	$1, %eax
	ret
exceptions_failed:
	xorl	%eax, %eax
	ret

	.data
	.balign 8
	.globl enter_return, enter_serve_request, enter_serve_exception, enter_idtr, enter_gdtr
	.globl enter_ask_stacks, enter_many, enter_owner, enter_depth, enter_numbers
enter_ask_stacks:
	.quad	ask_stack_end
	.skip	31 * 8
enter_numbers:
	.skip	256
enter_many:
	.long	0
enter_owner:
	.long	0
enter_depth:
	.long	0, 0
enter_return:
	.quad	0
enter_serve_request:
	.quad	0
enter_serve_exception:
	.quad	0
	.short	0, 0, 0
enter_gdtr:
	.short	31
	.quad	start_gdt
	.short	0, 0, 0
enter_idtr:
	.short	0xfff
	.quad	enter_idt

	.bss
	.balign 4096
	.skip	0x4000
ask_stack_end:
	.globl enter_idt
enter_idt:
	.skip	4096
enter_stack:
	.skip	8
	.globl enter_asker
enter_asker:
	.skip	64

	.section .note.GNU-stack, "", @progbits
