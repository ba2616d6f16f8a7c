/* SPDX-License-Identifier: MIT */
/* Several CPUs: what each has of its own, and exceptions, handlers and ring 3 on all of them at a time. */
#include <errno.h>
#include <stdio.h>
#include <ring0.h>
#include <ring0/x86.h>

#define CPUS 4

/* More than all. */
#define MOST R0_CPU_LIMIT

static volatile unsigned int runs[MOST];
static volatile uint64_t found[MOST];

/* What work starts with. */

static void look_around(void *arg)
{
	uint64_t rsp;

	__asm__("mov %%rsp, %0" : "=r"(rsp));
	found[r0_cpu_id()] = rsp;
	R0_ASSERT_EQ(arg, (void *)0x1234);
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_IF, 0);
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_DF, 0);
	R0_ASSERT_EQ(r0_read_cs(), 0x08);
	R0_ASSERT_EQ(rsp & 7, 0);
}

R0_TEST(smp, work_starts_as_a_test_does, .cpus = CPUS)
{
	unsigned int i;

	r0_on_cpus(look_around, (void *)0x1234);
	for (i = 1; i < CPUS; i++)
		R0_ASSERT_GT(found[i] > found[i - 1] ? found[i] - found[i - 1] :
						       found[i - 1] - found[i],
			     0x40000);
}

static void leave_interrupts_on(void *arg)
{
	(void)arg;
	r0_sti();
}

static void expect_them_off(void *arg)
{
	(void)arg;
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_IF, 0);
}

R0_TEST(smp, work_starts_so_after_other_work, .cpus = 2)
{
	r0_on_cpu_async(1, leave_interrupts_on, NULL);
	r0_on_cpu(1, expect_them_off, NULL);
}

/* What each CPU has of its own. */

static struct {
	uint64_t gdt, idt, tss, fs, cr3, lstar;
	uint16_t tr;
} own[MOST];

static void describe(void *arg)
{
	unsigned int self = r0_cpu_id();
	uint16_t tr = r0_str();

	(void)arg;
	own[self].gdt = r0_sgdt().base;
	own[self].idt = r0_sidt().base;
	own[self].tr = tr;
	own[self].tss = r0_system_segment_base(&r0_gdt()[tr / 8]);
	own[self].fs = r0_rdmsr(R0_MSR_FS_BASE);
	own[self].cr3 = r0_read_cr3();
	own[self].lstar = r0_rdmsr(R0_MSR_LSTAR);
}

R0_TEST(smp, tables_are_each_cpus_own, .cpus = CPUS)
{
	unsigned int i, j;

	r0_on_cpus(describe, NULL);
	for (i = 0; i < CPUS; i++)
		for (j = 0; j < i; j++) {
			R0_ASSERT_NE(own[i].gdt, own[j].gdt);
			R0_ASSERT_NE(own[i].idt, own[j].idt);
			R0_ASSERT_NE(own[i].tss, own[j].tss);
			R0_ASSERT_NE(own[i].fs, own[j].fs);
			R0_ASSERT_NE(own[i].lstar, own[j].lstar);
			R0_ASSERT_EQ(own[i].cr3, own[j].cr3);
		}
}

static void use_another_tss(void *arg)
{
	static struct r0_tss tss[MOST];
	unsigned int self = r0_cpu_id();
	uint64_t old = r0_system_segment_base(&r0_gdt()[r0_str() / 8]);
	uint64_t *gdt = r0_gdt();

	(void)arg;
	tss[self] = *(const struct r0_tss *)old;
	r0_make_system_segment(&gdt[0x40 / 8], (uint64_t)&tss[self], sizeof(tss[self]) - 1,
			       R0_TYPE_TSS);
	r0_ltr(0x40);
	R0_ASSERT_EQ(r0_cpu_id(), self);
	R0_ASSERT_FAULT(R0_UD, r0_ud2());
	R0_ASSERT_EQ(r0_cpu_id(), self);
}

R0_TEST(smp, a_cpu_is_known_by_whatever_tss, .cpus = CPUS)
{
	r0_on_cpus(use_another_tss, NULL);
}

static __thread int local = 7;
static struct r0_barrier all;

static void change_own(void *arg)
{
	int self = (int)r0_cpu_id();

	(void)arg;
	R0_ASSERT_EQ(local, 7);
	local = self;
	errno = 100 + self;
	r0_barrier_wait(&all);
	R0_ASSERT_EQ(local, self);
	R0_ASSERT_EQ(errno, 100 + self);
}

R0_TEST(smp, thread_local_variables_are_each_cpus_own, .cpus = CPUS)
{
	r0_on_cpus(change_own, NULL);
}

static void read_ids(void *arg)
{
	unsigned int self = r0_cpu_id(), count = r0_cpu_count();
	struct r0_cpuid_result leaf = r0_cpuid(1, 0);

	(void)arg;
	R0_ASSERT_EQ(leaf.ebx >> 24, self);
	R0_ASSERT_EQ(leaf.edx >> 28 & 1, 1);
	R0_ASSERT_GE(leaf.ebx >> 16 & 0xff, count);
	R0_ASSERT_EQ(r0_apic_id(), self);
	if (r0_cpuid(0, 0).eax < 0xb)
		return;
	R0_ASSERT_EQ(r0_cpuid(0xb, 0).edx, self);
	/* As an image, it may have more than the test asks for. */
	if (r0_is_image())
		R0_ASSERT_GE(r0_cpuid(0xb, 1).ebx & 0xffff, count);
	else
		R0_ASSERT_EQ(r0_cpuid(0xb, 1).ebx & 0xffff, count);
	R0_ASSERT_GE(1u << (r0_cpuid(0xb, 1).eax & 0x1f), count);
}

/* Where ring 0 sees the host's own CPUID, it says what the host's says. */
static bool cpuid_is_the_vms(void)
{
	return r0_cpuid(1, 0).ebx >> 24 == 0 && r0_cpuid(1, 0).edx >> 28 & 1 &&
	       (r0_cpuid(1, 0).ebx >> 16 & 0xff) == 4;
}

R0_TEST(smp, cpuid_tells_which_one_it_is, .cpus = 3, .when = cpuid_is_the_vms)
{
	r0_on_cpus(read_ids, NULL);
}

/* Exceptions, handlers and ring 3 on all at a time. */

static void fault_often(void *arg)
{
	unsigned int self = r0_cpu_id();
	volatile char *absent = (volatile char *)(0x10ul + self);
	unsigned int i;

	(void)arg;
	for (i = 0; i < 20; i++) {
		struct r0_fault fault;
		struct r0_try try;

		if (r0_try_begin(&try) == 0) {
			*absent = 1;
			r0_try_end(&try);
		}
		fault = try.fault;
		R0_ASSERT_EQ(fault.vector, R0_PF);
		R0_ASSERT_EQ(fault.cr2, 0x10ul + self);
		R0_ASSERT_FAULT(R0_UD, r0_ud2());
	}
}

R0_TEST(smp, exceptions_come_back_to_their_cpu, .cpus = CPUS)
{
	r0_on_cpus(fault_often, NULL);
}

static void skip_ud2(struct r0_frame *frame)
{
	runs[r0_cpu_id()]++;
	frame->rip += 2;
}

static void raise_ud(void *arg)
{
	(void)arg;
	r0_ud2();
}

R0_TEST(smp, handlers_are_for_all_cpus, .cpus = CPUS)
{
	unsigned int i;

	r0_set_handler(R0_UD, skip_ud2);
	r0_on_cpus(raise_ud, NULL);
	for (i = 0; i < CPUS; i++)
		R0_ASSERT_EQ(runs[i], 1);
}

static long in_ring_3(void *arg)
{
	unsigned int self = (unsigned int)(long)arg;

	R0_ASSERT_EQ(r0_cpu_id(), self);
	R0_ASSERT_EQ(r0_cpu_count(), CPUS);
	r0_barrier_wait(&all);
	r0_printf("CPU %u in ring 3\n", self);
	return 1000 + self;
}

static long fault_in_ring_3(void *arg)
{
	(void)arg;
	r0_cli();
	return 0;
}

/* write() */
static long system_call_in_ring_3(void *arg)
{
	static const char text[] = "written\n";
	long result;

	(void)arg;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(1), "D"(1), "S"(text), "d"(sizeof(text) - 1)
			 : "rcx", "r11", "memory");
	return result;
}

static void go_to_ring_3(void *arg)
{
	unsigned int self = r0_cpu_id();
	int i;

	(void)arg;
	for (i = 0; i < 3; i++) {
		struct r0_fault fault = r0_user_call(in_ring_3, (void *)(long)self);

		R0_ASSERT_EQ(fault.vector, -1);
		R0_ASSERT_EQ(fault.value, 1000 + self);
		R0_ASSERT_EQ(r0_user_call(fault_in_ring_3, NULL).vector, R0_GP);
	}
}

R0_TEST(smp, ring_3_on_all_cpus, .cpus = CPUS)
{
	r0_on_cpus(go_to_ring_3, NULL);
}

static void make_system_calls(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 3; i++)
		R0_ASSERT_EQ(r0_user_call(system_call_in_ring_3, NULL).value, 8);
}

/* Where ring 0 is emulated, SYSCALL of ring 3 does not come to ring 0's entry. */
static bool syscall_is_the_cpus(void)
{
	return r0_user_call(system_call_in_ring_3, NULL).vector == -1;
}

R0_TEST(smp, system_calls_from_ring_3_on_all_cpus, .cpus = CPUS, .when = syscall_is_the_cpus)
{
	r0_on_cpus(make_system_calls, NULL);
}

static void print(void *arg)
{
	int i;

	(void)arg;
	r0_barrier_wait(&all);
	for (i = 0; i < 5; i++) {
		printf("CPU %u by libc\n", r0_cpu_id());
		fflush(stdout);
		r0_printf("CPU %u by ring0\n", r0_cpu_id());
	}
}

R0_TEST(smp, all_may_print, .cpus = CPUS)
{
	r0_on_cpus(print, NULL);
}
