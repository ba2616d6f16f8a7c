/* SPDX-License-Identifier: MIT */
/*
 * What `ring0 doctor` tries in ring 0. Built with general registers only, so that a probe executes
 * its own instruction and no other that a KVM may not know. Each runs in a VM of its own, which is
 * thrown away: registers that a probe changes, and no compiler uses here, are not put back.
 * Depends on ring0's public headers alone.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "command/doctor/doctor.h"
#include "command/doctor/probes.h"

uint64_t doctor_cycles;
uint32_t doctor_cpuid_ecx;

static void integer(void *arg)
{
	uint64_t count = DOCTOR_TIMED_ROUNDS, sum = 0;
	uint64_t start = r0_rdtsc();

	(void)arg;
	__asm__ volatile("1: add %0, %1\n\t"
			 "sub $1, %0\n\t"
			 "jnz 1b"
			 : "+r"(count), "+r"(sum)
			 :
			 : "cc");
	doctor_cycles = r0_rdtsc() - start;
	if (sum != DOCTOR_TIMED_ROUNDS * (DOCTOR_TIMED_ROUNDS + 1) / 2)
		WRONG("the sum is %lu", sum);
	r0_publish(&doctor_cycles, sizeof(doctor_cycles));
}

static void port_io(void *arg)
{
	uint32_t value;

	(void)arg;
	r0_out8(0x80, 0x5a);
	value = r0_in32(0x84);
	if (value != 0x12345678)
		WRONG("IN gives %#x, not 0x12345678", value);
}

static void msr(void *arg)
{
	const uint64_t address = 0x123456789000;

	(void)arg;
	r0_wrmsr(R0_MSR_KERNEL_GS_BASE, address);
	if (r0_rdmsr(R0_MSR_KERNEL_GS_BASE) != address)
		WRONG("IA32_KERNEL_GS_BASE reads as %#lx, not %#lx",
		      r0_rdmsr(R0_MSR_KERNEL_GS_BASE), address);
}

/* In ECX, OSXSAVE follows CR4 (SDM vol. 2A, CPUID). */
static void cpuid(void *arg)
{
	struct r0_cpuid_result result = r0_cpuid(1, 0);
	uint32_t ecx = result.ecx & ~(1u << 27);

	(void)arg;
	if (ecx != (doctor_cpuid_ecx & ~(1u << 27)))
		WRONG("leaf 1 has ECX %#x, but was given %#x", result.ecx, doctor_cpuid_ecx);
}

static void read_null(void *arg)
{
	(void)arg;
	__asm__ volatile("movb 8, %%al" : : : "rax", "memory");
}

static void page_fault(void *arg)
{
	struct r0_fault fault = r0_try(read_null, arg);

	expect(R0_PF, fault);
	if (fault.cr2 != 8)
		WRONG("CR2 is %#lx, not 0x8", fault.cr2);
}

static void ud2(void *arg)
{
	(void)arg;
	r0_ud2();
}

static void invalid_opcode(void *arg)
{
	expect(R0_UD, r0_try(ud2, arg));
}

static void sse(void *arg)
{
	uint64_t value[2] __attribute__((aligned(16))) = { 1, 2 };

	(void)arg;
	__asm__ volatile("movdqa %0, %%xmm0\n\t"
			 "paddq %%xmm0, %%xmm0\n\t"
			 "movdqa %%xmm0, %0"
			 : "+m"(value));
	if (value[0] != 2 || value[1] != 4)
		WRONG("1 + 1 and 2 + 2 are %lu and %lu", value[0], value[1]);
}

static void avx(void *arg)
{
	uint64_t value[4] = { 1, 2, 3, ~0ul };

	(void)arg;
	__asm__ volatile("vmovups %0, %%ymm0\n\t"
			 "vxorps %%ymm0, %%ymm0, %%ymm0\n\t"
			 "vmovups %%ymm0, %0"
			 : "+m"(value));
	if (value[0] | value[1] | value[2] | value[3])
		WRONG("a register xored with itself is not zero");
}

static void x87(void *arg)
{
	uint32_t value = 20;

	(void)arg;
	__asm__ volatile("fninit\n\t"
			 "fildl %0\n\t"
			 "fadd %%st(0), %%st(0)\n\t"
			 "fistpl %0"
			 : "+m"(value));
	if (value != 40)
		WRONG("20 + 20 is %u", value);
}

static void int3(void *arg)
{
	(void)arg;
	r0_int3();
}

static void breakpoint(void *arg)
{
	expect(R0_BP, r0_try(int3, arg));
}

static volatile unsigned int interrupts;

static void count_interrupt(struct r0_frame *frame)
{
	(void)frame;
	interrupts++;
}

static void software_interrupt(void *arg)
{
	(void)arg;
	r0_set_handler(0x40, count_interrupt);
	r0_int(0x40);
	if (interrupts != 1)
		WRONG("the handler was called %u times", interrupts);
}

static long add_one(void *arg)
{
	return *(long *)arg + 1;
}

static void ring3(void *arg)
{
	long number = 41;
	struct r0_fault fault = r0_user_call(add_one, &number);

	(void)arg;
	expect(-1, fault);
	if (fault.value != 42)
		WRONG("41 + 1 is %ld", fault.value);
}

static void syscall_here(void *arg)
{
	uint64_t rcx, rip;

	(void)arg;
	/* SDM vol. 2B, SYSCALL: RCX becomes the return address. */
	__asm__ volatile("lea 1f(%%rip), %%rax\n\t"
			 "mov %%rax, %%rdx\n\t"
			 "shr $32, %%rdx\n\t"
			 "mov %2, %%ecx\n\t"
			 "wrmsr\n\t"
			 "xor %%ecx, %%ecx\n\t"
			 "syscall\n"
			 "2: ud2\n"
			 "1: lea 2b(%%rip), %1"
			 : "=&c"(rcx), "=&r"(rip)
			 : "i"(R0_MSR_LSTAR)
			 : "rax", "rdx", "r11", "memory", "cc");
	if (rcx != rip)
		WRONG("RCX is %#lx, not the return address %#lx", rcx, rip);
}

/* write(1, "", 0): the runtime's own entry takes it, and returns by SYSRET. */
static long write_nothing(void *arg)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(1), "D"(1), "S"(arg), "d"(0)
			 : "rcx", "r11", "memory");
	return result;
}

static void sysret(void *arg)
{
	struct r0_fault fault = r0_user_call(write_nothing, arg);

	expect(-1, fault);
	if (fault.value != 0)
		WRONG("a system call from ring 3 returns %ld", fault.value);
}

static void stac_and_clac(void *arg)
{
	uint64_t set, clear;

	(void)arg;
	r0_stac();
	set = r0_read_rflags();
	r0_clac();
	clear = r0_read_rflags();
	if (!(set & R0_RFLAGS_AC) || clear & R0_RFLAGS_AC)
		WRONG("RFLAGS.AC is %d after STAC and %d after CLAC", !!(set & R0_RFLAGS_AC),
		      !!(clear & R0_RFLAGS_AC));
}

static void xgetbv(void *arg)
{
	uint64_t value = r0_xgetbv(0);

	(void)arg;
	if (!(value & R0_XCR0_X87))
		WRONG("XCR0 is %#lx, its lowest bit must be set", value);
}

static void rdtscp(void *arg)
{
	uint32_t aux = 0;

	(void)arg;
	r0_wrmsr(R0_MSR_TSC_AUX, 0x1234);
	r0_rdtscp(&aux);
	if (aux != 0x1234)
		WRONG("ECX is %#x, not IA32_TSC_AUX", aux);
}

static void popcnt(void *arg)
{
	uint64_t count = 0;

	(void)arg;
	__asm__ volatile("popcnt %1, %0" : "=r"(count) : "r"(0xff00ful) : "cc");
	if (count != 12)
		WRONG("0xff00f has %lu bits set", count);
}

static void cmpxchg16b(void *arg)
{
	uint64_t value[2] __attribute__((aligned(16))) = { 1, 2 };
	uint64_t low = 1, high = 2;
	bool same;

	(void)arg;
	__asm__ volatile("cmpxchg16b %1; setz %0"
			 : "=q"(same), "+m"(value), "+a"(low), "+d"(high)
			 : "b"(3ul), "c"(4ul)
			 : "cc", "memory");
	if (!same || value[0] != 3 || value[1] != 4)
		WRONG("memory is %lu and %lu, not 3 and 4", value[0], value[1]);
}

/* Hypercall 1000 is none: KVM answers -ENOSYS, Linux's KVM_ENOSYS (kvm_para.h), 1000. */
static void hypercall(void *arg)
{
	uint64_t answer = 1000;

	(void)arg;
	if (r0_cpu_is_amd())
		__asm__ volatile("vmmcall" : "+a"(answer) : "b"(0), "c"(0), "d"(0) : "memory");
	else
		__asm__ volatile("vmcall" : "+a"(answer) : "b"(0), "c"(0), "d"(0) : "memory");
	if (answer != (uint64_t)-1000)
		WRONG("an unknown hypercall gives %#lx, not -1000", answer);
}

static volatile uint32_t watched;

static void write_watched(void *arg)
{
	(void)arg;
	watched = 1;
}

static void host_watchpoint(void *arg)
{
	write_watched(arg);
}

static void data_watchpoint(void *arg)
{
	r0_write_dr0((uint64_t)&watched);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_L(0) | R0_DR7_RW(0, R0_DR7_RW_WRITE) |
		     R0_DR7_LEN(0, R0_DR7_LEN_4));
	expect(R0_DB, r0_try(write_watched, arg));
	if (!(r0_read_dr6() & R0_DR6_B(0)))
		WRONG("DR6 is %#lx, without B0", r0_read_dr6());
}

static __attribute__((noinline)) void stop_here(void *arg)
{
	__asm__ volatile("nop" : : "r"(arg) : "memory");
}

static void instruction_breakpoint(void *arg)
{
	struct r0_fault fault;

	r0_write_dr0((uint64_t)stop_here);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_L(0));
	fault = r0_try(stop_here, arg);
	expect(R0_DB, fault);
	if (fault.rip != (uint64_t)stop_here)
		WRONG("it stops at %#lx, not at %p", fault.rip, (void *)stop_here);
}

static void step(void *arg)
{
	(void)arg;
	r0_write_rflags(r0_read_rflags() | R0_RFLAGS_TF);
	__asm__ volatile("nop\n\tnop" : : : "memory");
}

static void single_step(void *arg)
{
	expect(R0_DB, r0_try(step, arg));
	if (!(r0_read_dr6() & R0_DR6_BS))
		WRONG("DR6 is %#lx, without BS", r0_read_dr6());
}

static volatile uint8_t pages[2][4096] __attribute__((aligned(4096)));

/* How often it is tried whether an old translation is used. */
#define TRIES 20

/* The entry of the first page with that page's address, or the second one's. */
static uint64_t entry_for(uint64_t entry, unsigned int page)
{
	return (entry & ~R0_PAGE_ADDRESS) | r0_physical((const void *)pages[page]);
}

static void tell_missing(unsigned int count)
{
	if (count)
		r0_printf("a missing one shows, in %u of %d tries", count, TRIES);
	else
		r0_printf("but a missing one does not show: changes are seen at once");
}

/* A CPU may remember a translation, and need not: SDM vol. 3A, 4.10.2. Tests that flush ask for it. */
static void translation(void *arg)
{
	volatile uint64_t *entry = r0_page_entry((uint64_t)pages[0], 1);
	uint64_t first = *entry, second = entry_for(first, 1);
	unsigned int count = 0, i;

	(void)arg;
	pages[0][0] = 1;
	pages[1][0] = 2;
	for (i = 0; i < TRIES; i++) {
		*entry = first;
		r0_invlpg((const void *)pages[0]);
		if (pages[0][0] != 1)
			WRONG("the old translation is still used after it");
		*entry = second;
		count += pages[0][0] == 1;
		r0_invlpg((const void *)pages[0]);
		if (pages[0][0] != 2)
			WRONG("the old translation is still used after it");
	}
	tell_missing(count);
}

static struct r0_barrier both;
static unsigned int old_ones;

/* On another CPU: read before the change and after it, without a flush. */
static void read_twice(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < TRIES; i++) {
		r0_barrier_wait(&both);
		r0_invlpg((const void *)pages[0]);
		if (pages[0][0] != 1)
			WRONG("the old translation is still used after it");
		r0_barrier_wait(&both);
		r0_barrier_wait(&both);
		old_ones += pages[0][0] == 1;
		r0_barrier_wait(&both);
	}
}

static void shootdown(void *arg)
{
	volatile uint64_t *entry = r0_page_entry((uint64_t)pages[0], 1);
	uint64_t first = *entry, second = entry_for(first, 1);
	unsigned int i;

	(void)arg;
	pages[0][0] = 1;
	pages[1][0] = 2;
	r0_on_cpu_async(1, read_twice, NULL);
	for (i = 0; i < TRIES; i++) {
		*entry = first;
		r0_barrier_wait(&both);
		r0_barrier_wait(&both);
		*entry = second;
		r0_barrier_wait(&both);
		r0_barrier_wait(&both);
	}
	r0_on_cpu_wait(1);
	tell_missing(old_ones);
}

void doctor_probe_run(void *arg)
{
	const struct doctor_probe *probe = arg;
	struct r0_fault fault;

	if (probe->feature && !r0_cpu_has(probe->feature))
		R0_SKIP("not in CPUID");
	fault = r0_try(probe->run, NULL);
	if (fault.vector >= 0)
		WRONG("raises %s", r0_vector_name(fault.vector));
}

const struct doctor_probe doctor_probes[] = {
	{ "integer", "add, sub, jnz", 0, integer, false, NULL, 0 },
	{ "port I/O", "out, in", 0, port_io, false, NULL, 0 },
	{ "MSR", "wrmsr, rdmsr", 0, msr, false, NULL, 0 },
	{ "CPUID", "as the VM was given it", 0, cpuid, true, NULL, 0 },
	{ "page fault", "#PF and CR2", 0, page_fault, false, NULL, 0 },
	{ "invalid opcode", "ud2, #UD", 0, invalid_opcode, false, NULL, 0 },
	{ "SSE", "paddq", R0_FEATURE_SSE2, sse, false, NULL, 0 },
	{ "AVX", "vxorps", R0_FEATURE_AVX, avx, false, NULL, 0 },
	{ "x87", "fadd", R0_FEATURE_FPU, x87, false, NULL, 0 },
	{ "INT3", "int3, #BP", 0, breakpoint, false, NULL, 0 },
	{ "INT n", "int 0x40", 0, software_interrupt, false, NULL, 0 },
	{ "ring 3", "iretq to it and back", 0, ring3, false, NULL, 0 },
	{ "SYSCALL", "in ring 0", R0_FEATURE_SYSCALL, syscall_here, false, NULL, 0 },
	{ "SYSRET", "syscall in ring 3 and back", R0_FEATURE_SYSCALL, sysret, false, NULL, 0 },
	{ "STAC, CLAC", "stac, clac", R0_FEATURE_SMAP, stac_and_clac, false, NULL, 0 },
	{ "XGETBV", "xgetbv", R0_FEATURE_OSXSAVE, xgetbv, false, NULL, 0 },
	{ "RDTSCP", "rdtscp", R0_FEATURE_RDTSCP, rdtscp, false, NULL, 0 },
	{ "POPCNT", "popcnt", R0_FEATURE_POPCNT, popcnt, false, NULL, 0 },
	{ "CMPXCHG16B", "lock-free 16 bytes", R0_FEATURE_CMPXCHG16B, cmpxchg16b, false, NULL, 0 },
	{ "hypercall", "vmcall or vmmcall", 0, hypercall, false, NULL, 0 },
	{ "INVLPG", "of a changed translation", 0, translation, false, NULL, 0 },
	{ "TLB shootdown", "of another CPU's", 0, shootdown, false, NULL, 2 },
	{ "data watchpoint", "DR7, on a write", 0, data_watchpoint, false, NULL, 0 },
	{ "the host's watchpoint", "R0_WATCH(), on a write", 0, host_watchpoint, false, &watched,
	  0 },
	{ "instruction breakpoint", "DR7, on execution", 0, instruction_breakpoint, false, NULL,
	  0 },
	{ "single step", "RFLAGS.TF", 0, single_step, false, NULL, 0 },
};

const size_t doctor_probe_count = sizeof(doctor_probes) / sizeof(doctor_probes[0]);
