/* SPDX-License-Identifier: MIT */
/*
 * What is known of a test that crashed, hung or left by a door that it may not use, as text: the
 * exception decoded, the page walk, registers, the instruction, and a backtrace by function, file
 * and line. Reads a stopped guest through a view; knows neither KVM's file descriptors nor the
 * mirror.
 */
#ifndef CRASH_CRASH_H
#define CRASH_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/kvm.h>
#include <ring0/private/abi.h>

/* A part of the address space that the guest mirrors. */
struct crash_region {
	uint64_t start, end; /* guest-virtual, page-aligned, end exclusive */
	uint64_t file_offset;
	const char *path; /* of the mapped file, or NULL */
	int prot;	  /* PROT_READ | PROT_WRITE | PROT_EXEC */
	bool own;	  /* the guest has a private copy: its content may differ from the file's */
};

/*
 * System registers of an architecture for which KVM has them one by one, in the order of a header of its name:
 * view_aarch64.h.
 */
#define CRASH_SYSTEM_REGISTERS 8

/* A stopped guest. Registers are those of the interrupted code, not of the guest runtime. */
struct crash_view {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	uint64_t system[CRASH_SYSTEM_REGISTERS]; /* where KVM has no structure for them */
	uint64_t fault_address;			 /* of its last page fault: CR2, FAR_EL1 */
	uint64_t fs_base;
	/* What the CPU makes of page tables, by its CPUID. */
	unsigned int physical_bits; /* MAXPHYADDR; 0 is not known */
	bool no_gigabyte_pages;
	bool amd; /* has more reserved bits */
	/*
	 * Of x86: its code at the registers has 16 or 32 bits; 0 is 64 bits. RIP, RSP and RBP are then linear
	 * addresses here, and in own_regs as the CPU has them.
	 */
	unsigned int code_bits;
	const struct kvm_regs *own_regs;
	uint64_t entry; /* the program's first instruction, if it is not the program that asks; or 0 */
	uint64_t area; /* address of the CPU's own memory (R0_AREA_…), or 0: knows the guard pages */
	const struct crash_region *regions; /* by address; do not overlap */
	size_t region_count;
	/*
	 * Read guest memory as the mirror maps it (whatever CR3 is now), or guest-physical memory.
	 * Return how many bytes could be read, from the start on.
	 */
	size_t (*read)(void *context, uint64_t gva, void *to, size_t size);
	size_t (*read_physical)(void *context, uint64_t gpa, void *to, size_t size);
	void *context;
};

enum crash_kind {
	CRASH_EXCEPTION,    /* vector and error_code say which */
	CRASH_TRIPLE_FAULT, /* registers may be those of a reset CPU: see lost_registers */
	CRASH_UNDELIVERED,  /* KVM gave up on the delivery of `vector`, or -1: it did not say */
	CRASH_TIMEOUT,
	CRASH_INTERNAL,	   /* KVM could not execute the instruction at RIP: `bytes` */
	CRASH_PLACE,	   /* nothing to explain but where it is */
	CRASH_SYSTEM_CALL, /* one that a test can't make: `refusal` */
};

struct crash {
	enum crash_kind kind;
	int vector;
	uint64_t error_code;
	bool lost_registers;  /* the CPU was reset by its triple fault (AMD): RIP says nothing */
	const char *why_lost; /* and why they were not found again, and what may help */
	uint8_t bytes[15];    /* CRASH_INTERNAL: the instruction as KVM gave it */
	size_t byte_count;
	const char *refusal; /* CRASH_SYSTEM_CALL: it in words */
	const char *output;  /* and what the test had written before, or NULL */
};

/*
 * Write the one-line message ("#PF: write to 0x10, not present, in f (a.c:12)") to message,
 * and the whole report to out. Never fails: what can't be found out is said to be unknown. Starts
 * the command ring0 and waits for it, a few seconds at most.
 */
void crash_describe(const struct crash_view *view, const struct crash *crash, char *message,
		    size_t message_size, FILE *out);

/*
 * Write the call chain of the code at the view's registers, a line a function; with `after`, RIP is
 * that of the instruction after the one meant. Never fails, and is as slow as crash_describe().
 */
void crash_backtrace(const struct crash_view *view, bool after, FILE *out);

/*
 * Write the code at the view's registers, disassembled, and its call chain, as crash_describe() does. Never fails, and is
 * as slow.
 */
void crash_code(const struct crash_view *view, FILE *out);

/*
 * "function (file:line)", "module+0x12" or "0x…" for a code address, into buffer. Slow (runs the
 * command ring0 for what needs debugging information): for failures only.
 */
void crash_place(const struct crash_view *view, uint64_t rip, char *buffer, size_t size);

#endif /* CRASH_CRASH_H */
