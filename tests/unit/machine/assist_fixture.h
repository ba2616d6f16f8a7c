/* SPDX-License-Identifier: MIT */
/* For tests of assist/: a CPU in 32-bit code of ring 0, without paging, in a memory of the test's own. */
#ifndef TESTS_UNIT_MACHINE_ASSIST_FIXTURE_H
#define TESTS_UNIT_MACHINE_ASSIST_FIXTURE_H

#include <string.h>
#include <ring0/x86/registers.h>
#include "assist/x86_64/cpu.h"

#define SIZE 0x20000u

/* Where things are in it. */
#define GDT   0x1000u
#define IDT   0x2000u
#define TSS   0x3000u
#define STACK 0x5000u
#define TABLE 0x10000u

#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_CODE   0x1b
#define USER_DATA   0x23
#define CODE16	    0x28

static uint8_t memory[SIZE];

static uint8_t *own(void *context, r0_gpa address, size_t size, bool write)
{
	(void)context;
	(void)write;
	return address.value <= SIZE && size <= SIZE - address.value ? memory + address.value :
								       NULL;
}

static size_t read_memory(void *context, r0_gpa address, void *to, size_t size)
{
	const uint8_t *from = own(context, address, size, false);

	if (!from)
		return 0;
	memcpy(to, from, size);
	return size;
}

static const struct assist_memory all = { .own = own, .read = read_memory };

static struct kvm_run run;
static struct vcpu vcpu = { .run = &run };
static struct kvm_sregs sregs;
static struct cpu cpu;

static void put(uint32_t at, size_t size, uint64_t value)
{
	memcpy(memory + at, &value, size);
}

static uint64_t get(uint32_t at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, memory + at, size);
	return value;
}

static const struct kvm_segment flat_data = { .limit = 0xffffffff,
					      .selector = KERNEL_DATA,
					      .type = 3,
					      .present = 1,
					      .db = 1,
					      .s = 1,
					      .g = 1 };

/* 32-bit code of ring 0 in flat segments, without paging. */
static int set_up(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	memset(&run, 0, sizeof(run));
	sregs = (struct kvm_sregs){
		.cr0 = R0_CR0_PE,
		.cs = flat_data,
		.ds = flat_data,
		.es = flat_data,
		.ss = flat_data,
		.fs = flat_data,
		.gs = { .unusable = 1 },
		.gdt = { .base = GDT, .limit = 0x2f },
		.idt = { .base = IDT, .limit = 0x1ff },
		.tr = { .base = TSS, .limit = 0x67, .type = 0xb, .selector = 0x30 },
	};
	sregs.cs.selector = KERNEL_CODE;
	sregs.cs.type = 0xb;
	put(GDT + 0x08, 8, 0x00cf9b000000ffff);
	put(GDT + 0x10, 8, 0x00cf93000000ffff);
	put(GDT + 0x18, 8, 0x00cffb000000ffff);
	put(GDT + 0x20, 8, 0x00cff3000000ffff);
	put(GDT + 0x28, 8, 0x00009b000000ffff);
	put(TSS + 4, 4, STACK);
	put(TSS + 8, 2, KERNEL_DATA);
	cpu = (struct cpu){ .vcpu = &vcpu,
			    .memory = &all,
			    .sregs = &sregs,
			    .physical_bits = 40,
			    .bits = 32,
			    .rip = 0x1234,
			    .flags = R0_RFLAGS_FIXED | R0_RFLAGS_IF | R0_RFLAGS_TF };
	cpu.gpr[CPU_RSP] = STACK - 0x100;
	return 0;
}

static void be_user(void)
{
	sregs.cs.selector = USER_CODE;
	sregs.cs.dpl = 3;
	sregs.ss.selector = USER_DATA;
	sregs.ss.dpl = 3;
}

static void check_frame(uint32_t at, size_t size, const uint32_t *words, unsigned int count)
{
	unsigned int i;

	assert_int_equal(cpu.gpr[CPU_RSP], at);
	for (i = 0; i < count; i++)
		assert_int_equal(get(at + i * (uint32_t)size, size), words[i]);
}

#endif /* TESTS_UNIT_MACHINE_ASSIST_FIXTURE_H */
