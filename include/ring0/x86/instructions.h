/* SPDX-License-Identifier: MIT */
/*
 * Instructions that belong to no register or table of their own: I/O, caches, the time-stamp
 * counter, interrupts. Depends on nothing. SDM vol. 2; APM vol. 3.
 */
#ifndef RING0_X86_INSTRUCTIONS_H
#define RING0_X86_INSTRUCTIONS_H

#include <ring0/private/types.h>

/* Port I/O: SDM vol. 1, 19.3; APM vol. 2, 1.2.3. */

static inline uint8_t r0_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint16_t r0_in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t r0_in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void r0_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void r0_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void r0_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

/* Interrupts: SDM vol. 3A, 6.8; APM vol. 2, 8.1. */

static inline void r0_cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void r0_sti(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void r0_hlt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

/* Wait for an interrupt: STI's shadow keeps one from coming before the HLT. */
static inline void r0_sti_hlt(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

static inline void r0_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void r0_ud2(void)
{
	__asm__ volatile("ud2" : : : "memory");
}

static inline void r0_int3(void)
{
	__asm__ volatile("int3" : : : "memory");
}

/* INT1, also called ICEBP: a #DB. */
static inline void r0_int1(void)
{
	__asm__ volatile(".byte 0xf1" : : : "memory");
}

/* INT n, with a constant n. */
#define r0_int(n) __asm__ volatile("int %0" : : "i"(n) : "memory")

/* The time-stamp counter: SDM vol. 3B, 18.17; APM vol. 2, 13.2.4. */

static inline uint64_t r0_rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* Also stores IA32_TSC_AUX, if `aux` is not NULL. */
static inline uint64_t r0_rdtscp(uint32_t *aux)
{
	uint32_t low, high, id;

	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(id) : : "memory");
	if (aux)
		*aux = id;
	return (uint64_t)high << 32 | low;
}

static inline uint64_t r0_rdpmc(uint32_t counter)
{
	uint32_t low, high;

	__asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(counter) : "memory");
	return (uint64_t)high << 32 | low;
}

/* Caches and translations: SDM vol. 3A, 11.5.5 and 4.10.4; APM vol. 2, 7.6 and 5.5.3. */

static inline void r0_wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

static inline void r0_invd(void)
{
	__asm__ volatile("invd" : : : "memory");
}

static inline void r0_clflush(const void *address)
{
	__asm__ volatile("clflush (%0)" : : "r"(address) : "memory");
}

static inline void r0_invlpg(const volatile void *address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* The types of INVPCID: SDM vol. 2A, INVPCID. */
#define R0_INVPCID_ADDRESS	  0
#define R0_INVPCID_CONTEXT	  1
#define R0_INVPCID_ALL_AND_GLOBAL 2
#define R0_INVPCID_ALL_BUT_GLOBAL 3

static inline void r0_invpcid(uint64_t type, uint64_t pcid, uint64_t address)
{
	struct {
		uint64_t pcid, address;
	} descriptor = { pcid, address };

	__asm__ volatile("invpcid %1, %0" : : "r"(type), "m"(descriptor) : "memory");
}

/* Supervisor-mode access prevention, RFLAGS.AC: SDM vol. 3A, 4.6; APM vol. 2, 5.6.6. */

static inline void r0_clac(void)
{
	__asm__ volatile(".byte 0x0f, 0x01, 0xca" : : : "memory", "cc");
}

static inline void r0_stac(void)
{
	__asm__ volatile(".byte 0x0f, 0x01, 0xcb" : : : "memory", "cc");
}

/* Exchange the GS base with IA32_KERNEL_GS_BASE. */
static inline void r0_swapgs(void)
{
	__asm__ volatile("swapgs" : : : "memory");
}

#endif /* RING0_X86_INSTRUCTIONS_H */
