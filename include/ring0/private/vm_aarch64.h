/* SPDX-License-Identifier: MIT */
/* What <ring0/vm.h> has of arm64: how a CPU starts, and its registers. Arm ARM (DDI 0487). */
#ifndef RING0_PRIVATE_VM_AARCH64_H
#define RING0_PRIVATE_VM_AARCH64_H

#include <stdint.h>

/* Where a VM's memory starts, guest-physical: below are devices. */
#define R0_VM_MEMORY 0x40000000ul

/* How a CPU starts: at EL1 with SP_EL1, debug exceptions, SErrors, IRQs and FIQs masked (PSTATE.DAIF). */
enum r0_vm_mode {
	/* As after a reset, without translation, at guest-physical 0, where nothing is. */
	R0_VM_MODE_RESET,
	/* Without translation and data caches: what boot loaders start kernels with. */
	R0_VM_MODE_PHYSICAL,
	/*
	 * With translation and caches, the first 512 GiB mapped at the same addresses for EL1, by TTBR0_EL1: the
	 * first GiB as Device-nGnRE, from R0_VM_MEMORY on as normal memory, writable and executable. Needs a page
	 * at `tables`. SIMD and floating point are on.
	 */
	R0_VM_MODE_MAPPED,
};

#define R0_VM_TABLES_SIZE 0x1000

struct r0_vm_entry {
	enum r0_vm_mode mode;
	uint64_t ip;
	uint64_t sp; /* SP_EL1; 0 is fine for code without a stack */
	uint64_t tables; /* guest-physical, a multiple of 4096, for translation tables; CPUs may share them */
	uint64_t argument; /* X0: the first one of a C function */
};

/* The registers that a debugger shows. */
struct r0_vm_registers {
	uint64_t x[31];
	uint64_t sp_el0, sp_el1, pc, pstate;
	uint64_t elr_el1, spsr_el1, esr_el1, far_el1;
	uint64_t sctlr_el1, tcr_el1, ttbr0_el1, ttbr1_el1, mair_el1, vbar_el1, cpacr_el1;
	uint64_t tpidr_el0, tpidrro_el0, tpidr_el1;
};

#endif /* RING0_PRIVATE_VM_AARCH64_H */
