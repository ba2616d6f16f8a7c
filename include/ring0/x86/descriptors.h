/* SPDX-License-Identifier: MIT */
/*
 * Segmentation: selectors, segment and system descriptors, gates, the task-state segment, and the
 * registers that point to them. Depends on nothing. SDM vol. 3A, chapters 3, 6 and 7; APM vol. 2,
 * chapters 4, 8 and 12.
 */
#ifndef RING0_X86_DESCRIPTORS_H
#define RING0_X86_DESCRIPTORS_H

#include <ring0/private/types.h>

/* Segment selectors: SDM vol. 3A, 3.4.2; APM vol. 2, 4.5.1. */
#define R0_SELECTOR_RPL 0x3
#define R0_SELECTOR_TI	0x4 /* in the LDT */

/* The error code that names a descriptor: SDM vol. 3A, 6.13; APM vol. 2, 8.4.1. */
#define R0_ERROR_EXT	   0x1 /* by an event that the program did not ask for */
#define R0_ERROR_IDT	   0x2 /* the index is a vector */
#define R0_ERROR_TI	   0x4 /* the index is into the LDT */
#define R0_ERROR_VECTOR(n) ((n) << 3 | R0_ERROR_IDT)

/* Segment descriptors: SDM vol. 3A, 3.4.5; APM vol. 2, 4.7. */
#define R0_SEGMENT_TYPE(n) ((uint64_t)(n) << 40)
#define R0_SEGMENT_A	   (1ul << 40) /* accessed */
#define R0_SEGMENT_RW	   (1ul << 41) /* data: writable; code: readable */
#define R0_SEGMENT_EC	   (1ul << 42) /* data: expand-down; code: conforming */
#define R0_SEGMENT_CODE	   (1ul << 43)
#define R0_SEGMENT_S	   (1ul << 44) /* code or data, not a system segment */
#define R0_SEGMENT_DPL(n)  ((uint64_t)(n) << 45)
#define R0_SEGMENT_P	   (1ul << 47) /* present */
#define R0_SEGMENT_AVL	   (1ul << 52)
#define R0_SEGMENT_L	   (1ul << 53) /* 64-bit code */
#define R0_SEGMENT_DB	   (1ul << 54) /* 32-bit code, stack or upper bound */
#define R0_SEGMENT_G	   (1ul << 55) /* the limit counts pages */

/* What segments usually are, the privilege level to be added. */
#define R0_SEGMENT_DATA	  (R0_SEGMENT_P | R0_SEGMENT_S | R0_SEGMENT_RW | R0_SEGMENT_A)
#define R0_SEGMENT_CODE64 (R0_SEGMENT_DATA | R0_SEGMENT_CODE | R0_SEGMENT_L)
#define R0_SEGMENT_CODE32 (R0_SEGMENT_DATA | R0_SEGMENT_CODE | R0_SEGMENT_DB)

/* System descriptor types in long mode: SDM vol. 3A, 3.5, table 3-2; APM vol. 2, 4.8.3. */
#define R0_TYPE_LDT	       0x2
#define R0_TYPE_TSS	       0x9
#define R0_TYPE_TSS_BUSY       0xb
#define R0_TYPE_CALL_GATE      0xc
#define R0_TYPE_INTERRUPT_GATE 0xe
#define R0_TYPE_TRAP_GATE      0xf

/* A code or data segment, or the first half of a system segment. `flags` are R0_SEGMENT_…. */
static inline uint64_t r0_make_segment(uint32_t base, uint32_t limit, uint64_t flags)
{
	return (limit & 0xffff) | (uint64_t)(limit >> 16 & 0xf) << 48 |
	       (uint64_t)(base & 0xffffff) << 16 | (uint64_t)(base >> 24) << 56 | flags;
}

/* An LDT or TSS, in two entries of the GDT. */
static inline void r0_make_system_segment(uint64_t entries[2], uint64_t base, uint32_t limit,
					  unsigned int type)
{
	entries[0] = r0_make_segment((uint32_t)base, limit, R0_SEGMENT_P | R0_SEGMENT_TYPE(type));
	entries[1] = base >> 32;
}

/* A gate in the IDT; a call gate in the GDT has no IST. SDM vol. 3A, 6.14.1; APM vol. 2, 4.8.4. */
struct r0_gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type_dpl_p; /* type in bits 3 to 0, DPL in 6 and 5, P in 7 */
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

#define R0_GATE_DPL(n) ((n) << 5)
#define R0_GATE_P      0x80

static inline struct r0_gate r0_make_gate(const void *handler, uint16_t selector, uint8_t type,
					  uint8_t dpl, uint8_t ist)
{
	uint64_t offset = (uint64_t)(uintptr_t)handler;

	return (struct r0_gate){
		.offset_low = (uint16_t)offset,
		.selector = selector,
		.ist = ist,
		.type_dpl_p = (uint8_t)(type | R0_GATE_DPL(dpl) | R0_GATE_P),
		.offset_middle = (uint16_t)(offset >> 16),
		.offset_high = (uint32_t)(offset >> 32),
	};
}

/* The 64-bit task-state segment: SDM vol. 3A, 7.7; APM vol. 2, 12.2.5. */
struct r0_tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7]; /* IST n is ist[n - 1] */
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map_base;
} __attribute__((packed));

/* What LGDT, LIDT, SGDT and SIDT load and store. */
struct r0_table_register {
	uint16_t limit; /* the last byte's offset */
	uint64_t base;
} __attribute__((packed));

static inline struct r0_table_register r0_sgdt(void)
{
	struct r0_table_register gdtr;

	__asm__ volatile("sgdt %0" : "=m"(gdtr) : : "memory");
	return gdtr;
}

static inline void r0_lgdt(struct r0_table_register gdtr)
{
	__asm__ volatile("lgdt %0" : : "m"(gdtr) : "memory");
}

static inline struct r0_table_register r0_sidt(void)
{
	struct r0_table_register idtr;

	__asm__ volatile("sidt %0" : "=m"(idtr) : : "memory");
	return idtr;
}

static inline void r0_lidt(struct r0_table_register idtr)
{
	__asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

static inline uint16_t r0_sldt(void)
{
	uint64_t selector;

	__asm__ volatile("sldt %0" : "=r"(selector) : : "memory");
	return (uint16_t)selector;
}

static inline void r0_lldt(uint16_t selector)
{
	__asm__ volatile("lldt %0" : : "r"(selector) : "memory");
}

static inline uint16_t r0_str(void)
{
	uint64_t selector;

	__asm__ volatile("str %0" : "=r"(selector) : : "memory");
	return (uint16_t)selector;
}

static inline void r0_ltr(uint16_t selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

/* The tables in use, where they are now. */

static inline uint64_t *r0_gdt(void)
{
	return (uint64_t *)(uintptr_t)r0_sgdt().base;
}

static inline struct r0_gate *r0_idt(void)
{
	return (struct r0_gate *)(uintptr_t)r0_sidt().base;
}

/* The base address in a system descriptor, such as that of the TSS which STR names. */
static inline uint64_t r0_system_segment_base(const uint64_t entries[2])
{
	return (entries[0] >> 16 & 0xffffff) | (entries[0] >> 56) << 24 | entries[1] << 32;
}

/* Segment registers. */

#define R0_DEFINE_SEGMENT(name)                                                        \
	static inline uint16_t r0_read_##name(void)                                    \
	{                                                                              \
		uint64_t selector;                                                     \
                                                                                       \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(selector) : : "memory"); \
		return (uint16_t)selector;                                             \
	}

#define R0_DEFINE_LOADABLE_SEGMENT(name)                                                     \
	R0_DEFINE_SEGMENT(name)                                                              \
	static inline void r0_write_##name(uint16_t selector)                                \
	{                                                                                    \
		__asm__ volatile("mov %0, %%" #name : : "r"((uint64_t)selector) : "memory"); \
	}

/* uint16_t r0_read_ds(void), void r0_write_ds(uint16_t selector), and so on. */
R0_DEFINE_SEGMENT(cs)
R0_DEFINE_LOADABLE_SEGMENT(ss)
R0_DEFINE_LOADABLE_SEGMENT(ds)
R0_DEFINE_LOADABLE_SEGMENT(es)
R0_DEFINE_LOADABLE_SEGMENT(fs)
R0_DEFINE_LOADABLE_SEGMENT(gs)

/* Load CS by a far return. The stack pointer is moved first: the code around may use the red zone. */
static inline void r0_write_cs(uint16_t selector)
{
	uint64_t scratch;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "pushq %1\n\t"
			 "lea 1f(%%rip), %0\n\t"
			 "pushq %0\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "=&r"(scratch)
			 : "r"((uint64_t)selector)
			 : "memory");
}

/* FS and GS bases, with CR4.FSGSBASE: SDM vol. 3A, 3.4.4.1; APM vol. 2, 4.5.3. */

#define R0_DEFINE_BASE(name)                                                  \
	static inline uint64_t r0_rd##name(void)                              \
	{                                                                     \
		uint64_t base;                                                \
                                                                              \
		__asm__ volatile("rd" #name " %0" : "=r"(base) : : "memory"); \
		return base;                                                  \
	}                                                                     \
	static inline void r0_wr##name(uint64_t base)                         \
	{                                                                     \
		__asm__ volatile("wr" #name " %0" : : "r"(base) : "memory");  \
	}

/* uint64_t r0_rdfsbase(void), void r0_wrfsbase(uint64_t base), and the same for GS. */
R0_DEFINE_BASE(fsbase)
R0_DEFINE_BASE(gsbase)

/*
 * What the CPU says of a selector: SDM vol. 2A, LAR and LSL; vol. 2D, VERR and VERW. False where
 * it may not be used so; then the access rights or the limit are not stored.
 */

static inline bool r0_lar(uint16_t selector, uint32_t *rights)
{
	uint64_t value = *rights;
	bool valid;

	__asm__ volatile("lar %2, %1; setz %0"
			 : "=q"(valid), "+r"(value)
			 : "r"((uint64_t)selector)
			 : "cc", "memory");
	*rights = (uint32_t)value;
	return valid;
}

static inline bool r0_lsl(uint16_t selector, uint32_t *limit)
{
	uint64_t value = *limit;
	bool valid;

	__asm__ volatile("lsl %2, %1; setz %0"
			 : "=q"(valid), "+r"(value)
			 : "r"((uint64_t)selector)
			 : "cc", "memory");
	*limit = (uint32_t)value;
	return valid;
}

static inline bool r0_verr(uint16_t selector)
{
	bool readable;

	__asm__ volatile("verr %1; setz %0" : "=q"(readable) : "r"(selector) : "cc", "memory");
	return readable;
}

static inline bool r0_verw(uint16_t selector)
{
	bool writable;

	__asm__ volatile("verw %1; setz %0" : "=q"(writable) : "r"(selector) : "cc", "memory");
	return writable;
}

#endif /* RING0_X86_DESCRIPTORS_H */
