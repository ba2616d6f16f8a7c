/* SPDX-License-Identifier: MIT */
/*
 * What `ring0 doctor` tries at EL1. Built with general registers only, as x86's. Each runs in a VM of its own, which is
 * thrown away. Arm ARM (DDI 0487). Depends on ring0's public headers alone.
 */
#include <ring0.h>
#include <ring0/arm64.h>
#include <ring0/arm64/gic.h>
#include "command/doctor/doctor.h"
#include "command/doctor/probes.h"

uint64_t doctor_cycles;
uint32_t doctor_cpuid_ecx;

/* Of probes: that the CPU has to have. */
enum feature { FEATURE_NONE, FEATURE_LSE, FEATURE_SVE, FEATURE_AUTHENTICATION, FEATURE_PAN };

static bool has(uint64_t feature)
{
	switch (feature) {
	case FEATURE_LSE:
		return R0_ID_FIELD(r0_mrs(id_aa64isar0_el1), R0_ID_ISAR0_ATOMIC) >= 2;
	case FEATURE_SVE:
		return R0_ID_FIELD(r0_mrs(id_aa64pfr0_el1), R0_ID_PFR0_SVE);
	case FEATURE_AUTHENTICATION:
		return R0_ID_FIELD(r0_mrs(id_aa64isar1_el1), R0_ID_ISAR1_APA) ||
		       R0_ID_FIELD(r0_mrs(id_aa64isar1_el1), R0_ID_ISAR1_API);
	case FEATURE_PAN:
		return R0_ID_FIELD(r0_mrs(id_aa64mmfr1_el1), R0_ID_MMFR1_PAN);
	default:
		return true;
	}
}

static void integer(void *arg)
{
	uint64_t count = DOCTOR_TIMED_ROUNDS, sum = 0;
	uint64_t start = r0_virtual_count();

	(void)arg;
	__asm__ volatile("1: add %1, %1, %0\n\t"
			 "subs %0, %0, #1\n\t"
			 "b.ne 1b"
			 : "+r"(count), "+r"(sum)
			 :
			 : "cc");
	doctor_cycles = r0_virtual_count() - start;
	if (sum != DOCTOR_TIMED_ROUNDS * (DOCTOR_TIMED_ROUNDS + 1) / 2)
		WRONG("the sum is %lu", sum);
	r0_publish(&doctor_cycles, sizeof(doctor_cycles));
}

static void system_register(void *arg)
{
	const uint64_t value = 0x123456789000;

	(void)arg;
	r0_msr(tpidr_el1, value);
	if (r0_mrs(tpidr_el1) != value)
		WRONG("TPIDR_EL1 reads as %#lx, not %#lx", r0_mrs(tpidr_el1), value);
}

static void read_null(void *arg)
{
	uint64_t address = 0x18;

	(void)arg;
	/* No compiler knows that nothing is there. */
	__asm__ volatile("" : "+r"(address));
	(void)*(volatile int *)address;
}

static void data_abort(void *arg)
{
	struct r0_fault fault = r0_try(read_null, arg);

	expect(R0_DATA_ABORT, fault);
	if (fault.far != 0x18)
		WRONG("FAR_EL1 is %#lx, not 0x18", fault.far);
}

static void execute_udf(void *arg)
{
	(void)arg;
	__asm__ volatile("udf #0");
}

static void undefined(void *arg)
{
	expect(R0_UNDEFINED, r0_try(execute_udf, arg));
}

static void execute_brk(void *arg)
{
	(void)arg;
	__asm__ volatile("brk #0x123");
}

static void breakpoint(void *arg)
{
	struct r0_fault fault = r0_try(execute_brk, arg);

	expect(R0_BRK, fault);
	if ((fault.esr & 0xffff) != 0x123)
		WRONG("ESR_EL1 is %#lx", fault.esr);
}

static long in_el0(void *arg)
{
	return *(const long *)arg;
}

static long call_from_el0(void *arg)
{
	(void)arg;
	__asm__ volatile("svc #7");
	return 0;
}

static void el0(void *arg)
{
	long value = 1234;
	struct r0_fault fault = r0_user_call(in_el0, &value);

	if (fault.vector >= 0 || fault.value != value)
		WRONG("EL0 gives %ld, not %ld", fault.value, value);
	expect(R0_SVC, r0_user_call(call_from_el0, arg));
}

static void atomic(void *arg)
{
	uint64_t word = 5, old;

	(void)arg;
	__asm__ volatile(".arch_extension lse\n\tldadd %2, %0, [%1]"
			 : "=&r"(old)
			 : "r"(&word), "r"(3ul)
			 : "memory");
	if (old != 5 || word != 8)
		WRONG("LDADD makes %lu of 5 and 3", word);
}

static void vector_length(void *arg)
{
	uint64_t bytes;

	(void)arg;
	__asm__ volatile(".arch_extension sve\n\trdvl %0, #1" : "=r"(bytes));
	r0_printf("%lu bits", bytes * 8);
}

/* SCTLR_EL1.EnIA is on: see docs/arm64.md. XPACI takes a signature off. */
static void authentication(void *arg)
{
	uint64_t address = (uint64_t)in_el0, signed_address = address, back;

	(void)arg;
	__asm__ volatile(".arch_extension pauth\n\tpacia %0, %1" : "+r"(signed_address) : "r"(7ul));
	back = signed_address;
	__asm__ volatile(".arch_extension pauth\n\tautia %0, %1" : "+r"(back) : "r"(7ul));
	if (back != address)
		WRONG("AUTIA makes %#lx of what PACIA made of %#lx", back, address);
}

static volatile long watched;

static void host_watchpoint(void *arg)
{
	(void)arg;
	watched = 1;
}

static volatile unsigned int interrupts;

static void count_interrupt(struct r0_frame *frame)
{
	(void)frame;
	r0_msr(cntv_ctl_el0, 0);
	interrupts++;
}

static void timer(void *arg)
{
	(void)arg;
	r0_set_handler(R0_INTID(R0_INTID_VIRTUAL_TIMER), count_interrupt);
	r0_gic_enable();
	r0_gic_enable_intid(R0_INTID_VIRTUAL_TIMER);
	r0_msr(cntv_cval_el0, r0_virtual_count() + r0_timer_counts(1000));
	r0_msr(cntv_ctl_el0, R0_TIMER_ENABLE);
	r0_wait_for_irq(R0_INTID(R0_INTID_VIRTUAL_TIMER), 5000);
	if (interrupts != 1)
		WRONG("%u interrupts come", interrupts);
}

static void set_it(void *arg)
{
	*(volatile int *)arg = 1;
}

static void other_cpu(void *arg)
{
	volatile int value = 0;

	(void)arg;
	r0_on_cpu(1, set_it, (void *)&value);
	if (!value)
		WRONG("nothing runs on it");
}

const struct doctor_probe doctor_probes[] = {
	{ "integer code", "add, subs, b.ne", 0, integer, .cpus = 0 },
	{ "system register", "msr, mrs tpidr_el1", 0, system_register, .cpus = 0 },
	{ "data abort", "read of 0x18", 0, data_abort, .cpus = 0 },
	{ "undefined instruction", "udf", 0, undefined, .cpus = 0 },
	{ "breakpoint instruction", "brk", 0, breakpoint, .cpus = 0 },
	{ "EL0 and back", "eret, svc", 0, el0, .cpus = 0 },
	{ "atomics", "ldadd", FEATURE_LSE, atomic, .cpus = 0 },
	{ "SVE", "rdvl", FEATURE_SVE, vector_length, .cpus = 0 },
	{ "pointer authentication", "pacia, autia", FEATURE_AUTHENTICATION, authentication,
	  .cpus = 0 },
	{ "the host's watchpoint", "R0_WATCH(), on a write", 0, host_watchpoint,
	  .watched = (const volatile uint32_t *)&watched },
	{ "timer interrupt", "the virtual timer, GIC", DOCTOR_WITH_GIC, timer, .cpus = 0 },
	{ "another CPU", "r0_on_cpu()", 0, other_cpu, .cpus = 2 },
};

const size_t doctor_probe_count = sizeof(doctor_probes) / sizeof(doctor_probes[0]);

void doctor_probe_run(void *arg)
{
	const struct doctor_probe *probe = arg;

	if (!has(probe->feature))
		R0_SKIP("the VM does not have it");
	probe->run(NULL);
}
