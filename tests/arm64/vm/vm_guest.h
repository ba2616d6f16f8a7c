/* SPDX-License-Identifier: MIT */
/* How guests of tests start on arm64: at EL1, with translation and caches on. */
#ifndef TESTS_ARM64_VM_VM_GUEST_H
#define TESTS_ARM64_VM_VM_GUEST_H

#include <ring0/vm.h>

/* Where guests have their tables, code, stack and data. */
#define TABLES (R0_VM_MEMORY + 0x1000)
#define CODE   (R0_VM_MEMORY + 0x10000)
#define STACK  (R0_VM_MEMORY + 0x18000)
#define DATA   (R0_VM_MEMORY + 0x20000)

/* Devices: docs/machine.md. */
#define SERIAL	   0x09000000ul
#define SERIAL_2   0x09001000ul
#define PL011	   0x09002000ul
#define DEBUG_EXIT 0x09003000ul
#define VIRTIO	   0x0a000000ul
#define NOTHING	   0x0b000000ul

/* As text, for the assembler. */
#define TEXT(value)  TEXT_(value)
#define TEXT_(value) #value

/* X<number> := an address. */
#define ADDRESS(number, upper, lower) \
	"movz x" #number ", #" #upper ", lsl #16\n movk x" #number ", #" #lower "\n"
#define DATA_IN(number)	      ADDRESS(number, 0x4002, 0)
#define SERIAL_IN(number)     ADDRESS(number, 0x0900, 0)
#define SERIAL_2_IN(number)   ADDRESS(number, 0x0900, 0x1000)
#define PL011_IN(number)      ADDRESS(number, 0x0900, 0x2000)
#define DEBUG_EXIT_IN(number) ADDRESS(number, 0x0900, 0x3000)
#define NOTHING_IN(number)    ADDRESS(number, 0x0b00, 0)

/* End with a status, in W1 or a number, by X2. */
#define EXIT_W1	   DEBUG_EXIT_IN(2) "str w1, [x2]\n b .\n"
#define EXIT(code) "mov w1, #" #code "\n" EXIT_W1

/* PSCI's functions, by HVC: DEN 0022, 5.1. */
#define PSCI(upper, lower) ADDRESS(0, upper, lower) "hvc #0\n"
#define PSCI_OFF	   PSCI(0x8400, 8)
#define PSCI_RESET	   PSCI(0x8400, 9)
#define PSCI_CPU_ON	   PSCI(0xc400, 3) /* X1: MPIDR, X2: where, X3: its X0 */

/*
 * The GIC, as <ring0/arm64/gic.h> has it, by the version that ID_AA64PFR0_EL1.GIC says: on, with a PPI enabled, or an SPI,
 * for the first CPU, that is edge-triggered or not by W<configuration>. X2 is then where the registers of the former begin,
 * and W3 has its bit. X4 is lost.
 */
#define IF_GICV3(number, yes, no)                                                           \
	"mrs x" #number ", id_aa64pfr0_el1\n tst x" #number ", #0xf000000\n b.eq 90f\n" yes \
	"b 91f\n 90:\n" no "91:\n"
#define GICV3_GROUP_1 \
	"mov x4, #0xff\n msr S3_0_C4_C6_0, x4\n mov x4, #1\n msr S3_0_C12_C12_7, x4\n isb\n"
#define GICV3_DISTRIBUTOR_ON                                \
	ADDRESS(2, 0x0800, 0)                               \
	"mov w3, #0x12\n str w3, [x2]\n" ADDRESS(2, 0x080a, \
						 0) "str wzr, [x2, #0x14]\n mov w3, #-1\n"
#define GICV2_ON                                                                  \
	ADDRESS(2, 0x0801, 0)                                                     \
	"mov w3, #0xff\n str w3, [x2, #4]\n mov w3, #1\n str w3, [x2]\n" ADDRESS( \
		2, 0x0800, 0) "str w3, [x2]\n"
#define GIC_WITH_PPI(intid)                                                                        \
	IF_GICV3(4,                                                                                \
		 GICV3_DISTRIBUTOR_ON ADDRESS(2, 0x080b, 0) "str w3, [x2, #0x80]\n" GICV3_GROUP_1, \
		 GICV2_ON)                                                                         \
	"mov w3, #1 << " #intid "\n str w3, [x2, #0x100]\n"
#define GIC_WITH_SPI(number, configuration)                                                        \
	IF_GICV3(4,                                                                                \
		 GICV3_DISTRIBUTOR_ON ADDRESS(2, 0x0800, 0) "str w3, [x2, #0x84]\n" GICV3_GROUP_1, \
		 GICV2_ON "strb w3, [x2, #0x820 + " #number "]\n")                                 \
	"str w" #configuration ", [x2, #0xc08]\n mov w3, #1 << " #number "\n str w3, [x2, #0x104]\n"

/* W<to> is the INTID, which is acknowledged; or is ended. X4 is lost. */
#define GIC_ACKNOWLEDGE(to)                           \
	IF_GICV3(4, "mrs x" #to ", S3_0_C12_C12_0\n", \
		 ADDRESS(4, 0x0801, 0) "ldr w" #to ", [x4, #0xc]\n")
#define GIC_END(from)                                   \
	IF_GICV3(4, "msr S3_0_C12_C12_1, x" #from "\n", \
		 ADDRESS(4, 0x0801, 0) "str w" #from ", [x4, #0x10]\n")

/* A position-independent guest, as an assembler's text: guest_NAME to guest_NAME_end. X0 is the CPU's number. */
#define GUEST(name, text)                                                                   \
	extern __attribute__((visibility("hidden"))) const char guest_##name[],             \
		guest_##name##_end[];                                                       \
	__asm__(".pushsection .rodata\n.balign 4\n.arch armv8.2-a\nguest_" #name ":\n" text \
		"guest_" #name "_end:\n.popsection\n")

static inline struct r0_vm_entry guest_entry(unsigned int cpu, uint64_t ip)
{
	return (struct r0_vm_entry){
		.mode = R0_VM_MODE_MAPPED,
		.ip = ip,
		.sp = STACK - cpu * 0x1000,
		.tables = TABLES,
		.argument = cpu,
	};
}

#endif /* TESTS_ARM64_VM_VM_GUEST_H */
