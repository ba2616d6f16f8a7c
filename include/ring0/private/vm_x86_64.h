/* SPDX-License-Identifier: MIT */
/* What <ring0/vm.h> has of x86: how a CPU starts, and its registers. */
#ifndef RING0_PRIVATE_VM_X86_64_H
#define RING0_PRIVATE_VM_X86_64_H

#include <stdint.h>

/* Where a VM's memory starts, guest-physical. */
#define R0_VM_MEMORY 0x0ul

/* How a CPU starts. */
enum r0_vm_mode {
	/* As after a reset: x86's at 0xfffffff0. */
	R0_VM_MODE_RESET,
	/* Real mode; `ip` is up to 0xfffff, and `sp`, up to 0xffff, in segment 0. */
	R0_VM_MODE_REAL,
	/* Protected mode, flat segments, no paging. Needs a page at `tables`. */
	R0_VM_MODE_PROTECTED,
	/*
	 * Long mode, the first 4 GiB of guest-physical memory mapped at the same addresses, for ring 0,
	 * writable and executable. Needs seven pages at `tables`. SSE is on.
	 */
	R0_VM_MODE_LONG,
};

#define R0_VM_TABLES_SIZE 0x7000

struct r0_vm_entry {
	enum r0_vm_mode mode;
	uint64_t ip;
	uint64_t sp; /* 0 is fine for code without a stack */
	/* Guest-physical, a multiple of 4096, for the GDT and page tables; CPUs may share them. */
	uint64_t tables;
	uint64_t argument; /* the first one of a C function: RDI in long mode; else EAX */
	/* For real mode, CS, with `ip` in the 64 KiB from there on; 0 is `ip`'s upper four bits. */
	uint16_t cs;
};

/* The registers that a debugger shows. */
struct r0_vm_registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rflags;
	uint64_t cr0, cr2, cr3, cr4, efer;
};

#endif /* RING0_PRIVATE_VM_X86_64_H */
