/* SPDX-License-Identifier: MIT */
/* SYSENTER and SYSEXIT, as Intel's CPUs have them in 64-bit mode, and SYSRET. SDM vol. 2B. */
#include "assist/x86_64/sysenter.h"
#include <cpuid.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>

/* What SYSRET takes of R11. */
#define SYSRET_FLAGS 0x3c7fd7u

/* "Auth": AMD's have neither of them in long mode (APM vol. 3). */
#define AMD_EBX 0x68747541u

static bool is_amd(void)
{
	unsigned int a, b, c, d;

	__cpuid(0, a, b, c, d);
	return b == AMD_EBX;
}

static struct kvm_segment flat(uint16_t selector, bool code, bool wide)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = code ? 0xb : 0x3,
		.present = 1,
		.dpl = selector & 3,
		.db = !code || !wide,
		.s = 1,
		.l = code && wide,
		.g = 1,
	};
}

static void load(struct cpu *cpu, uint16_t code, uint16_t stack, bool wide)
{
	cpu->sregs->cs = flat(code, true, wide);
	cpu->sregs->ss = flat(stack, false, wide);
	cpu->sregs_changed = true;
}

enum done sysenter_execute(struct cpu *cpu)
{
	uint16_t selector;

	if (is_amd())
		return cpu_raise(cpu, R0_UD);
	selector = (uint16_t)cpu_read_msr(cpu, R0_MSR_SYSENTER_CS) & 0xfffc;
	if (!selector)
		return cpu_raise_code(cpu, R0_GP, 0);
	cpu->flags &= ~(uint64_t)(R0_RFLAGS_IF | R0_RFLAGS_VM);
	cpu->gpr[CPU_RSP] = cpu_read_msr(cpu, R0_MSR_SYSENTER_ESP);
	cpu->rip = cpu_read_msr(cpu, R0_MSR_SYSENTER_EIP);
	load(cpu, selector, (uint16_t)(selector + 8), true);
	return DONE;
}

enum done sysexit_execute(struct cpu *cpu, bool wide)
{
	uint64_t rip = cpu->gpr[CPU_RDX], rsp = cpu->gpr[CPU_RCX];
	uint16_t selector;

	if (is_amd())
		return cpu_raise(cpu, R0_UD);
	selector = (uint16_t)cpu_read_msr(cpu, R0_MSR_SYSENTER_CS) & 0xfffc;
	if (!selector || cpu_cpl(cpu) ||
	    (wide && (!cpu_is_canonical(cpu, rip) || !cpu_is_canonical(cpu, rsp))))
		return cpu_raise_code(cpu, R0_GP, 0);
	cpu->rip = wide ? rip : (uint32_t)rip;
	cpu->gpr[CPU_RSP] = wide ? rsp : (uint32_t)rsp;
	load(cpu, (uint16_t)((selector + (wide ? 32 : 16)) | 3),
	     (uint16_t)((selector + (wide ? 40 : 24)) | 3), wide);
	return DONE;
}

enum done sysret_execute(struct cpu *cpu, bool wide)
{
	uint16_t selector = (uint16_t)(cpu_read_msr(cpu, R0_MSR_STAR) >> 48);
	uint64_t rip = cpu->gpr[CPU_RCX];

	if (!(cpu->sregs->efer & R0_EFER_SCE))
		return cpu_raise(cpu, R0_UD);
	/* AMD's leave it to ring 3 to find that it is not canonical: APM vol. 3, SYSRET. */
	if (cpu_cpl(cpu) || (wide && !is_amd() && !cpu_is_canonical(cpu, rip)))
		return cpu_raise_code(cpu, R0_GP, 0);
	cpu->rip = wide ? rip : (uint32_t)rip;
	cpu->flags = (cpu->gpr[CPU_R11] & SYSRET_FLAGS) | R0_RFLAGS_FIXED;
	load(cpu, (uint16_t)((selector + (wide ? 16 : 0)) | 3), (uint16_t)((selector + 8) | 3),
	     wide);
	return DONE;
}
