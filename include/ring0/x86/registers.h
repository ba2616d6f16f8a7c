/* SPDX-License-Identifier: MIT */
/*
 * Control registers, extended control registers, debug registers and RFLAGS: access and bits.
 * Depends on nothing.
 */
#ifndef RING0_X86_REGISTERS_H
#define RING0_X86_REGISTERS_H

#include <ring0/private/types.h>

/* CR0: SDM vol. 3A, 2.5; APM vol. 2, 3.1.1. */
#define R0_CR0_PE (1ul << 0)  /* protection enable */
#define R0_CR0_MP (1ul << 1)  /* monitor coprocessor: WAIT obeys TS */
#define R0_CR0_EM (1ul << 2)  /* emulation: no x87 */
#define R0_CR0_TS (1ul << 3)  /* task switched */
#define R0_CR0_ET (1ul << 4)  /* extension type: always 1 */
#define R0_CR0_NE (1ul << 5)  /* numeric error: #MF rather than an interrupt */
#define R0_CR0_WP (1ul << 16) /* write protect, in ring 0 too */
#define R0_CR0_AM (1ul << 18) /* alignment mask: RFLAGS.AC counts in ring 3 */
#define R0_CR0_NW (1ul << 29) /* not write-through */
#define R0_CR0_CD (1ul << 30) /* cache disable */
#define R0_CR0_PG (1ul << 31) /* paging */

/* CR3, with CR4.PCIDE clear and set: SDM vol. 3A, 4.5; APM vol. 2, 5.3.2. */
#define R0_CR3_PWT	(1ul << 3)
#define R0_CR3_PCD	(1ul << 4)
#define R0_CR3_ADDRESS	0x000ffffffffff000ul
#define R0_CR3_PCID	0xffful
#define R0_CR3_NO_FLUSH (1ul << 63) /* in a write: keep the PCID's translations */

/* CR4: SDM vol. 3A, 2.5; APM vol. 2, 3.1.3. */
#define R0_CR4_VME	  (1ul << 0)
#define R0_CR4_PVI	  (1ul << 1)
#define R0_CR4_TSD	  (1ul << 2) /* RDTSC in ring 0 only */
#define R0_CR4_DE	  (1ul << 3) /* debugging extensions: no DR4 and DR5 */
#define R0_CR4_PSE	  (1ul << 4)
#define R0_CR4_PAE	  (1ul << 5)
#define R0_CR4_MCE	  (1ul << 6)
#define R0_CR4_PGE	  (1ul << 7) /* global pages */
#define R0_CR4_PCE	  (1ul << 8) /* RDPMC in ring 3 */
#define R0_CR4_OSFXSR	  (1ul << 9)
#define R0_CR4_OSXMMEXCPT (1ul << 10)
#define R0_CR4_UMIP	  (1ul << 11)
#define R0_CR4_LA57	  (1ul << 12)
#define R0_CR4_VMXE	  (1ul << 13)
#define R0_CR4_SMXE	  (1ul << 14)
#define R0_CR4_FSGSBASE	  (1ul << 16)
#define R0_CR4_PCIDE	  (1ul << 17)
#define R0_CR4_OSXSAVE	  (1ul << 18)
#define R0_CR4_KL	  (1ul << 19)
#define R0_CR4_SMEP	  (1ul << 20)
#define R0_CR4_SMAP	  (1ul << 21)
#define R0_CR4_PKE	  (1ul << 22)
#define R0_CR4_CET	  (1ul << 23)
#define R0_CR4_PKS	  (1ul << 24)

/* XCR0: SDM vol. 1, 13.3; APM vol. 2, 11.5.2. */
#define R0_XCR0_X87	  (1ul << 0)
#define R0_XCR0_SSE	  (1ul << 1)
#define R0_XCR0_AVX	  (1ul << 2)
#define R0_XCR0_BNDREG	  (1ul << 3)
#define R0_XCR0_BNDCSR	  (1ul << 4)
#define R0_XCR0_OPMASK	  (1ul << 5)
#define R0_XCR0_ZMM_HI256 (1ul << 6)
#define R0_XCR0_HI16_ZMM  (1ul << 7)
#define R0_XCR0_PKRU	  (1ul << 9)
#define R0_XCR0_TILECFG	  (1ul << 17)
#define R0_XCR0_TILEDATA  (1ul << 18)

/* RFLAGS: SDM vol. 1, 3.4.3; APM vol. 2, 3.1.6. */
#define R0_RFLAGS_CF	   (1ul << 0)
#define R0_RFLAGS_FIXED	   (1ul << 1) /* reads as 1 */
#define R0_RFLAGS_PF	   (1ul << 2)
#define R0_RFLAGS_AF	   (1ul << 4)
#define R0_RFLAGS_ZF	   (1ul << 6)
#define R0_RFLAGS_SF	   (1ul << 7)
#define R0_RFLAGS_TF	   (1ul << 8)
#define R0_RFLAGS_IF	   (1ul << 9)
#define R0_RFLAGS_DF	   (1ul << 10)
#define R0_RFLAGS_OF	   (1ul << 11)
#define R0_RFLAGS_IOPL(n)  ((unsigned long)(n) << 12)
#define R0_RFLAGS_NT	   (1ul << 14)
#define R0_RFLAGS_RF	   (1ul << 16)
#define R0_RFLAGS_VM	   (1ul << 17)
#define R0_RFLAGS_AC	   (1ul << 18)
#define R0_RFLAGS_VIF	   (1ul << 19)
#define R0_RFLAGS_VIP	   (1ul << 20)
#define R0_RFLAGS_ID	   (1ul << 21)
#define R0_RFLAGS_RESERVED (~0x3f7fd7ul) /* read as 0 */

/* DR6 and DR7: SDM vol. 3B, 17.2; APM vol. 2, 13.1.1. */
#define R0_DR6_B(n)  (1ul << (n)) /* breakpoint n was met */
#define R0_DR6_BLD   (1ul << 11)  /* 0: bus lock */
#define R0_DR6_BD    (1ul << 13)  /* debug register access, by DR7.GD */
#define R0_DR6_BS    (1ul << 14)  /* single step */
#define R0_DR6_BT    (1ul << 15)  /* task switch */
#define R0_DR6_RTM   (1ul << 16)  /* 0: in a transaction */
#define R0_DR6_RESET 0xffff0ff0ul

#define R0_DR7_L(n)	    (1ul << 2 * (n))
#define R0_DR7_G(n)	    (2ul << 2 * (n))
#define R0_DR7_LE	    (1ul << 8)
#define R0_DR7_GE	    (1ul << 9)
#define R0_DR7_GD	    (1ul << 13) /* general detect */
#define R0_DR7_RW(n, rw)    ((unsigned long)(rw) << (16 + 4 * (n)))
#define R0_DR7_LEN(n, len)  ((unsigned long)(len) << (18 + 4 * (n)))
#define R0_DR7_RESET	    0x400ul
#define R0_DR7_RW_EXECUTE   0
#define R0_DR7_RW_WRITE	    1
#define R0_DR7_RW_IO	    2 /* with CR4.DE */
#define R0_DR7_RW_READWRITE 3
#define R0_DR7_LEN_1	    0
#define R0_DR7_LEN_2	    1
#define R0_DR7_LEN_8	    2
#define R0_DR7_LEN_4	    3

#define R0_DEFINE_REGISTER(name)                                                    \
	static inline uint64_t r0_read_##name(void)                                 \
	{                                                                           \
		uint64_t value;                                                     \
                                                                                    \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory"); \
		return value;                                                       \
	}                                                                           \
	static inline void r0_write_##name(uint64_t value)                          \
	{                                                                           \
		__asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");     \
	}

/* uint64_t r0_read_cr0(void), void r0_write_cr0(uint64_t value), and so on. */
R0_DEFINE_REGISTER(cr0)
R0_DEFINE_REGISTER(cr2)
R0_DEFINE_REGISTER(cr3)
R0_DEFINE_REGISTER(cr4)
R0_DEFINE_REGISTER(cr8)
R0_DEFINE_REGISTER(dr0)
R0_DEFINE_REGISTER(dr1)
R0_DEFINE_REGISTER(dr2)
R0_DEFINE_REGISTER(dr3)
R0_DEFINE_REGISTER(dr6)
R0_DEFINE_REGISTER(dr7)

/* DR0 to DR3 by number; another number reads as 0 and is not written. */
static inline uint64_t r0_read_dr(int number)
{
	switch (number) {
	case 0:
		return r0_read_dr0();
	case 1:
		return r0_read_dr1();
	case 2:
		return r0_read_dr2();
	case 3:
		return r0_read_dr3();
	}
	return 0;
}

static inline void r0_write_dr(int number, uint64_t value)
{
	switch (number) {
	case 0:
		r0_write_dr0(value);
		break;
	case 1:
		r0_write_dr1(value);
		break;
	case 2:
		r0_write_dr2(value);
		break;
	case 3:
		r0_write_dr3(value);
		break;
	}
}

static inline void r0_clts(void)
{
	__asm__ volatile("clts" : : : "memory");
}

/* The low half of CR0, at any privilege unless CR4.UMIP is set. */
static inline uint64_t r0_smsw(void)
{
	uint64_t value;

	__asm__ volatile("smsw %0" : "=r"(value) : : "memory");
	return value;
}

/* Write PE, MP, EM and TS of CR0; PE can't be cleared so. */
static inline void r0_lmsw(uint16_t value)
{
	__asm__ volatile("lmsw %0" : : "r"(value) : "memory");
}

static inline uint64_t r0_xgetbv(uint32_t index)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void r0_xsetbv(uint32_t index, uint64_t value)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

/* RFLAGS. The stack pointer is moved first: the code around may use the red zone. */

static inline uint64_t r0_read_rflags(void)
{
	uint64_t value;

	__asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; popq %0; lea 128(%%rsp), %%rsp"
			 : "=r"(value)
			 :
			 : "memory");
	return value;
}

static inline void r0_write_rflags(uint64_t value)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp; pushq %0; popfq; lea 128(%%rsp), %%rsp"
			 :
			 : "r"(value)
			 : "memory", "cc");
}

#endif /* RING0_X86_REGISTERS_H */
