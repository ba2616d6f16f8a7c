/* SPDX-License-Identifier: MIT */
/*
 * Guest memory as the guest's own page tables show it, with the CPU's faults. Depends on
 * assist/x86_64/cpu.h.
 */
#ifndef ASSIST_X86_64_PAGING_H
#define ASSIST_X86_64_PAGING_H

#include "assist/x86_64/cpu.h"

/* An access to memory as the CPU makes it. */
struct access {
	bool write, fetch;
	bool user;     /* with the rights of ring 3 */
	bool implicit; /* to a system table: SMAP holds whatever RFLAGS.AC is */
};

/* The rights of the code that runs now. */
struct access cpu_access(const struct cpu *cpu, bool write);

/* Translate; sets accessed and dirty bits. DONE or DONE_FAULT, with #PF raised. */
enum done cpu_translate(struct cpu *cpu, uint64_t address, struct access access, r0_gpa *physical);

/*
 * Translate all of [address, address + size), which is canonical, and touch nothing else. Without a bus, DONE_CANNOT
 * where it can't be written.
 */
enum done cpu_probe(struct cpu *cpu, uint64_t address, size_t size, struct access access);

/*
 * Read or write guest memory by linear address. All of it is translated before anything is moved;
 * what is not memory goes over the bus, or where there is none is DONE_CANNOT, and nothing was written.
 */
enum done cpu_read(struct cpu *cpu, uint64_t address, void *to, size_t size, struct access access);
enum done cpu_write(struct cpu *cpu, uint64_t address, const void *from, size_t size,
		    struct access access);

/* What is in memory there now, without faults and without the bus: 0 where there is none. */
void cpu_peek(struct cpu *cpu, uint64_t address, uint8_t *to, size_t size);

/* Fetch up to 15 bytes at RIP; *count is how many there are, at least 1 if it returns DONE. */
enum done cpu_fetch(struct cpu *cpu, uint8_t *bytes, size_t *count);

#endif /* ASSIST_X86_64_PAGING_H */
