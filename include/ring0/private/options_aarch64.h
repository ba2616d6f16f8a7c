/* SPDX-License-Identifier: MIT */
/* arm64's part of <ring0/test.h>: lists for attributes that only it has, and what it has not. */
#ifndef RING0_PRIVATE_OPTIONS_AARCH64_H
#define RING0_PRIVATE_OPTIONS_AARCH64_H

#define R0_HYPERCALLS(...)   R0_LIST(struct r0_hypercall_mock, __VA_ARGS__)
#define R0_ID_REGISTERS(...) R0_LIST(struct r0_id_register, __VA_ARGS__)

/* For R0_ID_REGISTERS(), by Op0, Op1, CRn, CRm and Op2, and a field of four bits: Arm ARM, D19.2. */
#define R0_ID_REGISTER(crm, op2) (3u << 14 | (crm) << 3 | (op2))
#define R0_ID_AA64PFR0_EL1	 R0_ID_REGISTER(4, 0)
#define R0_ID_AA64PFR1_EL1	 R0_ID_REGISTER(4, 1)
#define R0_ID_AA64ZFR0_EL1	 R0_ID_REGISTER(4, 4)
#define R0_ID_AA64DFR0_EL1	 R0_ID_REGISTER(5, 0)
#define R0_ID_AA64DFR1_EL1	 R0_ID_REGISTER(5, 1)
#define R0_ID_AA64ISAR0_EL1	 R0_ID_REGISTER(6, 0)
#define R0_ID_AA64ISAR1_EL1	 R0_ID_REGISTER(6, 1)
#define R0_ID_AA64ISAR2_EL1	 R0_ID_REGISTER(6, 2)
#define R0_ID_AA64MMFR0_EL1	 R0_ID_REGISTER(7, 0)
#define R0_ID_AA64MMFR1_EL1	 R0_ID_REGISTER(7, 1)
#define R0_ID_AA64MMFR2_EL1	 R0_ID_REGISTER(7, 2)
#define R0_ID_MASK(first)	 (0xful << (first))

#define R0_IOPORTS(...) R0_ABSENT_("arm64 has no I/O ports: .ioports is x86's")
#define R0_IO(...)	R0_ABSENT_("arm64 has no I/O ports: .io is x86's, .mmio is for both")
#define R0_MSRS(...)	R0_ABSENT_("arm64 has no MSRs: .msrs is x86's")
#define R0_CPUID(...)	R0_ABSENT_("arm64 has no CPUID: .cpuid is x86's")
#define R0_GS(...)	R0_ABSENT_("arm64 has no GS: .gs is x86's")

/* Of <ring0/smp.h>. */
#define R0_NO_NMI_ __attribute__((error("arm64 has no NMI: r0_send_ipi() sends an SGI")))
void r0_send_nmi(unsigned int cpu) R0_NO_NMI_;
void r0_send_nmi_to_others(void) R0_NO_NMI_;

#endif /* RING0_PRIVATE_OPTIONS_AARCH64_H */
