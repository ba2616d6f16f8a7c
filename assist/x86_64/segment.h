/* SPDX-License-Identifier: MIT */
/* From an address in a segment to a linear one. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_SEGMENT_H
#define ASSIST_X86_64_SEGMENT_H

#include "assist/x86_64/cpu.h"

/* Segment registers by their numbers in instructions: SDM vol. 2A, table B-8. */
#define SEGMENT_ES 0
#define SEGMENT_CS 1
#define SEGMENT_SS 2
#define SEGMENT_DS 3
#define SEGMENT_FS 4
#define SEGMENT_GS 5

/* A segment register by its number. */
struct kvm_segment *segment_register(const struct cpu *cpu, unsigned int number);

/* What it holds in virtual-8086 mode: SDM vol. 3B, 20.2.1. */
struct kvm_segment segment_of_8086(uint16_t selector);

/*
 * Where `size` bytes at an offset are, which the code that runs may read, or write. DONE; or DONE_FAULT, with #GP,
 * or of the stack's segment #SS: beyond the limit, of a kind that can't be accessed so, not canonical.
 */
enum done segment_address(struct cpu *cpu, unsigned int number, uint64_t offset, size_t size,
			  bool write, uint64_t *address);

/* The same for pushes in a stack segment, which need not be the one that is loaded. Whether they may be there. */
bool segment_holds(const struct cpu *cpu, const struct kvm_segment *segment, uint64_t offset,
		   size_t size);

/* Where RIP points. DONE; or DONE_FAULT, with #GP: beyond the limit or not canonical. */
enum done segment_code_address(struct cpu *cpu, uint64_t rip, uint64_t *address);

/* RIP and RSP are as wide as the code, or as the stack's segment: what is cut off of them. */
uint64_t segment_cut_rip(const struct cpu *cpu, uint64_t rip);
uint64_t segment_cut_rsp(const struct kvm_segment *stack, const struct cpu *cpu, uint64_t rsp);

/* Have RSP, whose upper half stays with a stack of 16 bits. */
void segment_set_rsp(struct cpu *cpu, uint64_t rsp);

#endif /* ASSIST_X86_64_SEGMENT_H */
