/* SPDX-License-Identifier: MIT */
/* x86's part of <ring0/test.h>: lists for attributes that only it has, and what it has not. */
#ifndef RING0_PRIVATE_OPTIONS_X86_64_H
#define RING0_PRIVATE_OPTIONS_X86_64_H

#define R0_IOPORTS(...) R0_LIST(struct r0_ioport, __VA_ARGS__)
#define R0_IO(...)	R0_LIST(struct r0_mock, __VA_ARGS__)
#define R0_MSRS(...)	R0_LIST(struct r0_msr, __VA_ARGS__)
#define R0_CPUID(...)	R0_LIST(struct r0_cpuid, __VA_ARGS__)

#define R0_HYPERCALLS(...) R0_ABSENT_("x86 has no SMC calling convention: .hypercalls is arm64's")
#define R0_ID_REGISTERS(...) \
	R0_ABSENT_("x86 has no ID registers: .id_registers is arm64's, .cpuid is x86's")

/* Of an array; 0 of a pointer, by which nothing is known. */
#define R0_ROOM_OF_(area_)                                                    \
	_Generic((__typeof__(area_) *)0, __typeof__(&*(area_)) * : 0, default \
		 : sizeof(__typeof__(area_)) > sizeof(void *) ? sizeof(__typeof__(area_)) : 0)

/* Further members may follow: R0_GS(areas, sizeof(areas[0]), .variables = …). */
#define R0_GS(area_, ...)                                                        \
	{                                                                        \
		.area = (area_), .room = R0_ROOM_OF_(area_), .size = __VA_ARGS__ \
	}

#endif /* RING0_PRIVATE_OPTIONS_X86_64_H */
