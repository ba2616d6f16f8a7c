/* SPDX-License-Identifier: MIT */
/*
 * The guest's CPU while the host works in its place: its registers, what it has raised, and its
 * memory as its own page tables show it. Between the files of assist/. Depends on kvm/.
 */
#ifndef ASSIST_X86_64_CPU_H
#define ASSIST_X86_64_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ring0/fault.h>
#include <ring0/test.h>
#include "assist/assist.h"
#include "assist/x86_64/trampoline.h"
#include "kvm/vcpu/vcpu_x86_64.h"

/* How a step of the work went. */
enum done {
	DONE,
	DONE_FAULT,    /* cpu->fault was raised */
	DONE_REFUSED,  /* the bus refuses an access, and has said why */
	DONE_CANNOT,   /* it is not known how; cpu->why may say more */
	DONE_SHUTDOWN, /* an exception could not be delivered, and a double fault neither */
	DONE_ERROR,    /* of the host: cpu->error */
};

struct cpu_text {
	uint64_t page; /* guest-physical; UINT64_MAX for none */
	uint8_t bytes[PAGE_SIZE];
};

struct fault {
	uint8_t vector;
	bool has_code;
	bool trap; /* RIP is past the instruction, and RF is not set in the pushed flags */
	uint32_t code;
	uint64_t cr2; /* of a page fault */
};

#define CPU_COMPONENTS 10

struct cpu {
	struct vcpu *vcpu;
	const struct assist_memory *memory;
	struct bus *bus; /* NULL: what is not memory is not to be accessed */
	struct code *code;
	struct error *error;
	const char *why;

	uint64_t gpr[16]; /* by the CPU's number: RAX, RCX, RDX, RBX, RSP … */
	uint64_t rip, flags;
	struct kvm_sregs *sregs; /* in vcpu->run */
	bool sregs_changed;
	unsigned int bits; /* of the code that runs: 16, 32 or 64 */
	uint32_t pkru;	   /* with CR4.PKE */
	uint64_t xcr0;
	bool xcr0_is_ours; /* KVM gives this guest no XCR0: see cpu_has_osxsave() */

	/* A page of code that is not the VM's own, which takes a system call to read. */
	struct cpu_text *text;

	bool vector_loaded, vector_changed; /* code->xsave */

	/* What does not change: CPUID is slow inside a VM. */
	unsigned int physical_bits;
	uint32_t host_cpuid[3][4]; /* leaves 1, 7 and 0x80000001 */
	uint32_t xsave_features;   /* leaf 0xd, subleaf 1, EAX */
	uint32_t component_at[CPU_COMPONENTS], component_size[CPU_COMPONENTS];
	struct fault fault;
};

/* Find out what does not change. */
void cpu_init(struct cpu *cpu);

/* Registers of which KVM_CAP_SYNC_REGS brings a copy with each exit. */
void cpu_load(struct cpu *cpu);
void cpu_store(struct cpu *cpu);

/* Have the guest's extended state in cpu->code->xsave. */
enum done cpu_load_vector(struct cpu *cpu);

#define CPU_RAX 0
#define CPU_RCX 1
#define CPU_RDX 2
#define CPU_RBX 3
#define CPU_RSP 4
#define CPU_RBP 5
#define CPU_RSI 6
#define CPU_RDI 7
#define CPU_R11 11

#define CPU_FLAGS_STATUS 0x8d5u

/* In cpu->xsave_features. */
#define CPU_HAS_XSAVEOPT (1u << 0)
#define CPU_HAS_XSAVEC	 (1u << 1)
#define CPU_HAS_XGETBV1	 (1u << 2)
#define CPU_HAS_XSAVES	 (1u << 3)

static inline unsigned int cpu_cpl(const struct cpu *cpu)
{
	return cpu->sregs->ss.dpl & 3;
}

/* Raise it, for return. Here, so that the compiler knows that it is never DONE. */
static inline enum done cpu_raise(struct cpu *cpu, uint8_t vector)
{
	cpu->fault = (struct fault){ .vector = vector };
	return DONE_FAULT;
}

static inline enum done cpu_raise_code(struct cpu *cpu, uint8_t vector, uint32_t code)
{
	cpu->fault = (struct fault){ .vector = vector, .has_code = true, .code = code };
	return DONE_FAULT;
}

/*
 * Whether a feature is the guest's to use: in the CPUID that the vCPU was given, or, where ring 0
 * sees the host's own CPUID whatever it was given, in the host's.
 */
bool cpu_has(const struct cpu *cpu, uint32_t leaf, enum cpuid_register from, unsigned int bit);

/* Whether CR4.OSXSAVE holds, as set or for want of a KVM that lets it be set. */
bool cpu_has_osxsave(const struct cpu *cpu);

/* Of 48 bits, or of 57 with CR4.LA57. */
bool cpu_is_canonical(const struct cpu *cpu, uint64_t address);

/* Whether it is in real mode; in long mode, be it in code of 64 bits or fewer. */
bool cpu_is_real(const struct cpu *cpu);
bool cpu_is_long(const struct cpu *cpu);

/* An MSR as KVM has it, 0 if it has none. */
uint64_t cpu_read_msr(const struct cpu *cpu, uint32_t index);

#endif /* ASSIST_X86_64_CPU_H */
