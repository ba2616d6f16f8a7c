/* SPDX-License-Identifier: MIT */
/*
 * Where r0_try() comes back to: the registers that a function keeps (AAPCS64, 6.1), with the lower halves of V8 to
 * V15 where SIMD and floating point are on (Arm ARM, D19.2.29, CPACR_EL1.FPEN).
 */
#define FPEN_SHIFT 20
#define VECTORS	   104 /* in struct r0_recovery */
#define PSTATE	   168

	.hidden r0_try_link

	.text

/* int r0_try_begin(struct r0_try *try) */
	.balign 16
	.globl r0_try_begin
	.type r0_try_begin, @function
r0_try_begin:
	.cfi_startproc
	stp	x19, x20, [x0]
	stp	x21, x22, [x0, 16]
	stp	x23, x24, [x0, 32]
	stp	x25, x26, [x0, 48]
	stp	x27, x28, [x0, 64]
	stp	x29, x30, [x0, 80]
	mov	x1, sp
	str	x1, [x0, 96]
	mrs	x1, cpacr_el1
	ubfx	x1, x1, FPEN_SHIFT, 2
	cmp	x1, 3
	b.ne	1f
	stp	d8, d9, [x0, VECTORS]
	stp	d10, d11, [x0, VECTORS + 16]
	stp	d12, d13, [x0, VECTORS + 32]
	stp	d14, d15, [x0, VECTORS + 48]
1:
	/* EL1, on the same stack pointer. */
	mrs	x1, daif
	mrs	x2, spsel
	orr	x1, x1, 4
	orr	x1, x1, x2
	str	x1, [x0, PSTATE]
	b	r0_try_link
	.cfi_endproc
	.size r0_try_begin, . - r0_try_begin

/* void r0_try_load_vectors(const struct r0_recovery *from): D8 to D15, if there is a use for them now. */
	.balign 16
	.globl r0_try_load_vectors
	.hidden r0_try_load_vectors
	.type r0_try_load_vectors, @function
r0_try_load_vectors:
	.cfi_startproc
	mrs	x1, cpacr_el1
	ubfx	x1, x1, FPEN_SHIFT, 2
	cmp	x1, 3
	b.ne	1f
	ldp	d8, d9, [x0, VECTORS]
	ldp	d10, d11, [x0, VECTORS + 16]
	ldp	d12, d13, [x0, VECTORS + 32]
	ldp	d14, d15, [x0, VECTORS + 48]
1:
	ret
	.cfi_endproc
	.size r0_try_load_vectors, . - r0_try_load_vectors

	.section .note.GNU-stack, "", @progbits
