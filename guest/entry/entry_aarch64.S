/* SPDX-License-Identifier: MIT */
/*
 * The ways into EL1 and out of it: exceptions, EL0, and the doorbell that leaves the VM. What runs on the page
 * tables of EL0 is kept on pages of its own, which those map for EL1 only.
 *
 * It calls the runtime's functions through struct r0_guest, as they are above it.
 */
#include <ring0/private/abi.h>

#define DAIF	 0x3c0 /* of SPSR_EL1: Arm ARM, C5.2.19 */
#define MODE	 0xf   /* its M[3:0] */
#define EL0T	 0
#define EL1H	 5
#define SERROR	 0x2f /* R0_SERROR */
#define NO_CLASS 64   /* R0_IRQ; R0_FIQ is the next */

#define ZCR_EL1 s3_0_c1_c2_0 /* of SVE */
#define ZCR_LEN 15	     /* the longest vectors that there are: D19.2.161 */

	.hidden r0_guest

	.section .text.r0_entry, "ax", @progbits
	.balign 4096
	.globl r0_entry_start
	.hidden r0_entry_start
r0_entry_start:

/*
 * The vectors: Arm ARM, D1.4.1, 16 of 32 instructions each, by where the exception comes from and what it is. SP may
 * be anything, so that nothing goes by it until the registers are safe: X0 in TPIDRRO_EL0, which EL0 can't write and
 * libc does not use, the others with the CPU's state. To find that takes a register that is free, which MPIDR_EL1
 * would need another one for: each CPU has vectors of its own.
 */
	.balign 2048
	.globl r0_vectors
	.hidden r0_vectors
	.type r0_vectors, @function
r0_vectors:
	.set cpu, 0
	.rept R0_VECTORS
	/* See r0_cpu_at(). */
	.if cpu
	.set place, R0_GUEST_OTHERS + (cpu - 1) * R0_CPU_SIZE
	.else
	.set place, 0
	.endif
	.set number, 0
	.rept 16
	.balign 0x80
	msr	tpidrro_el0, x0
	adrp	x0, r0_guest + (place & ~4095)
	add	x0, x0, place & 4095
	stp	x1, x2, [x0, R0_CPU_SAVED]
	mov	x1, sp
	str	x1, [x0, R0_CPU_SAVED + 16]
	mov	x2, number
	b	exception
	.set number, number + 1
	.endr
	.set cpu, cpu + 1
	.endr
	.balign 0x80
	.size r0_vectors, . - r0_vectors

	.type exception, @function
exception:
	/* By column 33, ELR (AADWARF64, 4.1), which with SP is in the frame, as X30 is: all are the interrupted code's. */
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_return_column 33
	.cfi_def_cfa sp, R0_FRAME_SIZE
	.cfi_undefined 33
	ldr	x1, [x0, R0_CPU_EXCEPTION_STACK]
	sub	x1, x1, R0_FRAME_SIZE
	mov	sp, x1
	stp	x3, x4, [sp, 24]
	stp	x5, x6, [sp, 40]
	stp	x7, x8, [sp, 56]
	stp	x9, x10, [sp, 72]
	stp	x11, x12, [sp, 88]
	stp	x13, x14, [sp, 104]
	stp	x15, x16, [sp, 120]
	stp	x17, x18, [sp, 136]
	stp	x19, x20, [sp, 152]
	stp	x21, x22, [sp, 168]
	stp	x23, x24, [sp, 184]
	stp	x25, x26, [sp, 200]
	stp	x27, x28, [sp, 216]
	stp	x29, x30, [sp, 232]
	ldp	x3, x4, [x0, R0_CPU_SAVED]
	stp	x3, x4, [sp, 8]
	mrs	x3, tpidrro_el0
	str	x3, [sp]
	/* 1 while EL0 runs: see in_ring3(). */
	msr	tpidrro_el0, xzr

	/* From EL1t and from EL0, SP_EL0 was in use. */
	ldr	x3, [x0, R0_CPU_SAVED + 16]
	mrs	x4, sp_el0
	lsr	x5, x2, 2
	cmp	x5, 1
	csel	x4, x3, x4, eq
	str	x4, [sp, R0_FRAME_SP]
	str	x3, [sp, R0_FRAME_SP_EL1]
	mrs	x3, elr_el1
	mrs	x4, spsr_el1
	stp	x3, x4, [sp, R0_FRAME_PC]
	mrs	x3, esr_el1
	mrs	x4, far_el1
	stp	x3, x4, [sp, R0_FRAME_ESR]

	/* What it is: ESR_EL1.EC, or what has no class. */
	ubfx	x3, x3, 26, 6
	ands	x4, x2, 3
	b.eq	1f
	add	x3, x4, NO_CLASS - 1
	cmp	x4, 3
	mov	x4, SERROR
	csel	x3, x4, x3, eq
1:
	str	x3, [sp, R0_FRAME_VECTOR]

	/* EL0's page tables have not all that the runtime needs. */
	mrs	x3, ttbr0_el1
	str	x3, [sp, R0_FRAME_TTBR0]
	ldr	x4, [x0, R0_CPU_USER_ROOT]
	cmp	x3, x4
	b.ne	2f
	ldr	x3, [x0, R0_CPU_KERNEL_ROOT]
	msr	ttbr0_el1, x3
	isb
2:
	mov	x19, x0
	adrp	x1, r0_guest
	ldr	x1, [x1, R0_GUEST_EXCEPTION]
	mov	x0, sp
	.cfi_remember_state
	.irp	number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	.cfi_offset \number, 8 * \number - R0_FRAME_SIZE
	.endr
	.cfi_offset 31, R0_FRAME_SP - R0_FRAME_SIZE
	.cfi_offset 33, R0_FRAME_PC - R0_FRAME_SIZE
	mov	x29, xzr
	blr	x1
	.cfi_restore_state

	/* A handler may have left interrupts on, and one more would change ELR_EL1 and SPSR_EL1. */
	msr	daifset, 15
	mov	x0, sp
	ldr	x2, [x19, R0_CPU_USER_ROOT]
	ldr	x3, [x0, R0_FRAME_TTBR0]
	ldr	x4, [x0, R0_FRAME_PSTATE]
	cmp	x2, x3
	b.ne	3f
	msr	ttbr0_el1, x3
	isb
	tst	x4, MODE
	cset	x5, eq
	msr	tpidrro_el0, x5
3:
	ldr	x3, [x0, R0_FRAME_PC]
	msr	elr_el1, x3
	msr	spsr_el1, x4
	ldr	x2, [x0, R0_FRAME_SP]
	and	x4, x4, MODE
	cmp	x4, EL1H
	b.eq	4f
	msr	sp_el0, x2
	ldr	x2, [x0, R0_FRAME_SP_EL1]
4:
	mov	sp, x2
	ldp	x2, x3, [x0, 16]
	ldp	x4, x5, [x0, 32]
	ldp	x6, x7, [x0, 48]
	ldp	x8, x9, [x0, 64]
	ldp	x10, x11, [x0, 80]
	ldp	x12, x13, [x0, 96]
	ldp	x14, x15, [x0, 112]
	ldp	x16, x17, [x0, 128]
	ldp	x18, x19, [x0, 144]
	ldp	x20, x21, [x0, 160]
	ldp	x22, x23, [x0, 176]
	ldp	x24, x25, [x0, 192]
	ldp	x26, x27, [x0, 208]
	ldp	x28, x29, [x0, 224]
	ldr	x30, [x0, 240]
	ldp	x0, x1, [x0]
	eret
	.cfi_endproc
	.size exception, . - exception

/*
 * r0_enter_user(fn, arg, stack, cpu): continue at EL0 at user_start, on the page tables of EL0.
 */
	.balign 16
	.globl r0_enter_user
	.hidden r0_enter_user
	.type r0_enter_user, @function
r0_enter_user:
	.cfi_startproc
	/* An interrupt would change ELR_EL1 and SPSR_EL1, and not find all that it needs on these page tables. */
	msr	daifset, 15
	mrs	x4, ttbr0_el1
	str	x4, [x3, R0_CPU_KERNEL_ROOT]
	mov	x4, sp
	str	x4, [x3, R0_CPU_KERNEL_SP]
	msr	sp_el0, x2
	adrp	x4, user_start
	add	x4, x4, :lo12:user_start
	msr	elr_el1, x4
	mov	x4, DAIF | EL0T
	msr	spsr_el1, x4
	mov	x4, 1
	msr	tpidrro_el0, x4
	ldr	x4, [x3, R0_CPU_USER_ROOT]
	msr	ttbr0_el1, x4
	isb
	eret
	.cfi_endproc
	.size r0_enter_user, . - r0_enter_user

	.balign 4096
	.globl r0_entry_end
	.hidden r0_entry_end
r0_entry_end:

	.text

/* EL0 starts here: X0 is the function, X1 its argument. It ends at r0_user_return. */
	.type user_start, @function
user_start:
	.cfi_startproc
	.cfi_undefined x30
	mov	x2, x0
	mov	x0, x1
	mov	x29, xzr
	mov	x30, xzr
	blr	x2
	.globl r0_user_return
	.hidden r0_user_return
r0_user_return:
	udf	#0
	.cfi_endproc
	.size user_start, . - user_start

/*
 * uint64_t r0_ask(uint64_t message, uint64_t a, uint64_t b): EL1 rings the doorbell, with a struct r0_message on the
 * stack; EL0, which may not, has EL1 do it.
 */
	.balign 16
	.globl r0_ask
	.hidden r0_ask
	.type r0_ask, @function
r0_ask:
	.cfi_startproc
	mrs	x3, tpidrro_el0
	cbnz	x3, r0_user_ask
	cmp	x0, R0_MESSAGE_PASS
	b.eq	r0_test_return
	stp	x0, x1, [sp, -32]!
	.cfi_adjust_cfa_offset 32
	stp	x2, xzr, [sp, 16]
	mov	x0, sp
	mov	x16, R0_DOORBELL_ADDRESS
	.globl r0_doorbell
	.hidden r0_doorbell
r0_doorbell:
	str	x0, [x16]
	ldr	x0, [sp, 24]
	add	sp, sp, 32
	.cfi_adjust_cfa_offset -32
	ret
	.globl r0_user_ask
	.hidden r0_user_ask
r0_user_ask:
	udf	#0
	ret
	.cfi_endproc
	.size r0_ask, . - r0_ask

/*
 * A CPU starts here, by its struct r0_start, to which X0 points: when the host has put back its registers, and
 * when it comes from a test that returned. What a test may have left is made as it was, with what translations there
 * were forgotten.
 */
	.balign 16
	.globl r0_enter
	.hidden r0_enter
	.type r0_enter, @function
r0_enter:
	.cfi_startproc
	.cfi_undefined x30
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	spsel, 1
	mov	sp, x0
	ldp	x1, x2, [x0, R0_START_CPACR]
	msr	cpacr_el1, x1
	isb
	msr	tpidr_el0, x2
	msr	tpidr_el1, xzr
	msr	tpidrro_el0, xzr
	msr	contextidr_el1, xzr
	msr	amair_el1, xzr
	msr	afsr0_el1, xzr
	msr	afsr1_el1, xzr
	msr	par_el1, xzr
	msr	cntkctl_el1, xzr
	msr	cntv_ctl_el0, xzr
	msr	cntv_cval_el0, xzr
	msr	esr_el1, xzr
	msr	far_el1, xzr
	msr	sp_el0, xzr
	msr	fpcr, xzr
	msr	fpsr, xzr

	/* A V register is a Z register's lower part, and zero in all of it that ZCR_EL1.LEN lets one reach. */
	ldr	x1, [x0, R0_START_SVE]
	cbz	x1, 1f
	mov	x2, ZCR_LEN
	msr	ZCR_EL1, x2
	isb
1:
	.irp	number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	movi	v\number\().2d, 0
	.endr
	cbz	x1, 2f
	.arch_extension sve
	.irp	number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	pfalse	p\number\().b
	.endr
	wrffr	p0.b
	msr	ZCR_EL1, xzr
	isb
2:
	ldp	x3, x1, [x0]
	mov	x4, DAIF | EL1H
	msr	elr_el1, x3
	msr	spsr_el1, x4
	mov	x6, x0
	mov	x0, x1
	ldp	x1, x2, [x6, R0_START_ARGUMENTS + 8]
	ldp	x3, x4, [x6, R0_START_ARGUMENTS + 24]
	ldr	x5, [x6, R0_START_ARGUMENTS + 40]
	.irp	number, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	mov	x\number, xzr
	.endr
	adrp	x30, r0_test_return
	add	x30, x30, :lo12:r0_test_return
	eret
	.cfi_endproc
	.size r0_enter, . - r0_enter

/* Where the host looks at the registers: it goes on as from a test's end. */
	.balign 16
	.globl r0_ready
	.hidden r0_ready
	.type r0_ready, @function
r0_ready:
	.cfi_startproc
	.cfi_undefined x30
	mov	x17, sp
	mov	x16, R0_DOORBELL_ADDRESS
	.globl r0_ready_doorbell
	.hidden r0_ready_doorbell
r0_ready_doorbell:
	str	xzr, [x16]
	mov	x0, x17
	b	r0_enter
	.cfi_endproc
	.size r0_ready, . - r0_ready

/*
 * Where a test without setup, teardown, condition and parameter returns to, with this address in X30; others come here
 * by r0_ask(). The NOP has the return address lie inside the function, for backtraces.
 *
 * What r0_enter() needs to come through must be as it was: then the CPU says so by ringing the doorbell here,
 * and goes on with the next test when the host has put back the memory. Else it does by the other one.
 */
	.balign 16
	.type r0_test_end, @function
r0_test_end:
	.cfi_startproc
	.cfi_undefined x30
	nop
	.globl r0_test_return
	.hidden r0_test_return
r0_test_return:
	msr	daifset, 15
	adrp	x17, r0_guest
	ldr	x17, [x17, R0_CPU_AREA]
	mov	x1, R0_AREA_START & 0xffff
	movk	x1, R0_AREA_START >> 16, lsl 16
	add	x17, x17, x1
	ldr	x1, [x17, R0_START_LOOPS]
	eor	x1, x1, 1
	ldp	x2, x3, [x17, R0_START_SCTLR]
	mrs	x4, sctlr_el1
	mrs	x5, tcr_el1
	eor	x2, x2, x4
	eor	x3, x3, x5
	orr	x1, x1, x2
	orr	x1, x1, x3
	ldp	x2, x3, [x17, R0_START_TTBR0]
	mrs	x4, ttbr0_el1
	mrs	x5, ttbr1_el1
	eor	x2, x2, x4
	eor	x3, x3, x5
	orr	x1, x1, x2
	orr	x1, x1, x3
	ldp	x2, x3, [x17, R0_START_MAIR]
	mrs	x4, mair_el1
	mrs	x5, vbar_el1
	eor	x2, x2, x4
	eor	x3, x3, x5
	orr	x1, x1, x2
	orr	x1, x1, x3
	mov	x0, R0_MESSAGE_PASS
	mov	x16, R0_DOORBELL_ADDRESS
	cbnz	x1, r0_doorbell
	.globl r0_pass_doorbell
	.hidden r0_pass_doorbell
r0_pass_doorbell:
	str	x0, [x16]
	mov	x0, x17
	b	r0_enter
	.cfi_endproc
	.size r0_test_end, . - r0_test_end

/* Where the CPUs come to from r0_enter that have no test to run, until one of them gets work. */
	.balign 16
	.globl r0_cpu_start
	.hidden r0_cpu_start
	.type r0_cpu_start, @function
r0_cpu_start:
	.cfi_startproc
	.cfi_undefined x30
	adrp	x0, r0_guest
	ldr	x0, [x0, R0_GUEST_CPU_MAIN]
	blr	x0
	udf	#0
	.cfi_endproc
	.size r0_cpu_start, . - r0_cpu_start

/*
 * void r0_cpu_rest(void): wait until there is work, of which the host knows, or an interrupt. Where there is some by the
 * time of the store, the host has the CPU go on behind the WFI; if it comes later, the host ends the wait.
 */
	.balign 16
	.globl r0_cpu_rest
	.hidden r0_cpu_rest
	.type r0_cpu_rest, @function
r0_cpu_rest:
	.cfi_startproc
	mov	x0, R0_MESSAGE_IDLE
	mov	x16, R0_DOORBELL_ADDRESS
	.globl r0_idle_doorbell
	.hidden r0_idle_doorbell
r0_idle_doorbell:
	str	x0, [x16]
	wfi
	.globl r0_idle_waits
	.hidden r0_idle_waits
r0_idle_waits:
	msr	daifclr, 2
	isb
	msr	daifset, 2
	ret
	.cfi_endproc
	.size r0_cpu_rest, . - r0_cpu_rest

/*
 * void r0_wait_halt(void): WFI ends with an interrupt that is masked, too (Arm ARM, D1.6.2), so that none is lost that
 * comes before it.
 */
	.balign 16
	.globl r0_wait_halt
	.hidden r0_wait_halt
	.type r0_wait_halt, @function
r0_wait_halt:
	.cfi_startproc
	dsb	sy
	wfi
	.globl r0_wait_halted
	.hidden r0_wait_halted
r0_wait_halted:
	msr	daifclr, 2
	isb
	msr	daifset, 2
	ret
	.cfi_endproc
	.size r0_wait_halt, . - r0_wait_halt

/* void r0_leave_to(uint64_t stack, void (*fn)(void)): go on with fn, which does not return. */
	.balign 16
	.globl r0_leave_to
	.hidden r0_leave_to
	.type r0_leave_to, @function
r0_leave_to:
	.cfi_startproc
	.cfi_undefined x30
	mov	sp, x0
	mov	x29, xzr
	blr	x1
	udf	#0
	.cfi_endproc
	.size r0_leave_to, . - r0_leave_to

	.section .note.GNU-stack, "", @progbits
