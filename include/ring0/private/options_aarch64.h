/* SPDX-License-Identifier: MIT */
/* arm64's part of <ring0/test.h>: what it has not is an error of the compiler's, in words. */
#ifndef RING0_PRIVATE_OPTIONS_AARCH64_H
#define RING0_PRIVATE_OPTIONS_AARCH64_H

#define R0_ABSENT_(text)                         \
	{                                        \
		0, sizeof(struct {               \
			_Static_assert(0, text); \
			int absent;              \
		})                               \
	}

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
