/* SPDX-License-Identifier: MIT */
/* What ends a run of completed instructions, each by itself; and what runs save libc's functions. Needs no KVM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <ring0.h>
#include <ring0/x86/registers.h>
#include "software_kvm.h"

#define PAGE 4096

static struct software_kvm kvm;
static uint8_t *code, device[PAGE] __attribute__((aligned(PAGE)));
static int number, failed, accesses;

static void report(const char *name, bool ok)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", ++number, name);
	failed |= !ok;
}

static uint8_t *own(void *context, r0_gpa address, size_t size, bool write)
{
	(void)context;
	(void)size;
	(void)write;
	if (address.value - (uint64_t)device < PAGE)
		return NULL;
	return (uint8_t *)(uintptr_t)address.value;
}

static size_t read_memory(void *context, r0_gpa address, void *to, size_t size)
{
	const uint8_t *from = own(context, address, size, false);

	if (!from)
		return 0;
	memcpy(to, from, size);
	return size;
}

static const struct assist_memory memory = { .own = own, .read = read_memory };

static enum bus_result device_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)dev;
	(void)offset;
	accesses++;
	memset(data, 0x5a, size);
	return BUS_DONE;
}

static const struct dev_ops device_ops = { .name = "device", .read = device_read };
static struct dev dev;

/* Registers, and code that one exit is to begin with. */
static struct kvm_regs *start(const char *bytes, size_t size)
{
	struct kvm_regs *regs = &kvm.run->s.regs.regs;
	static uint8_t stack[PAGE];

	memset(code, 0xf4, PAGE);
	memcpy(code, bytes, size);
	*regs = (struct kvm_regs){ .rip = (uint64_t)code,
				   .rflags = 2,
				   .rsp = (uint64_t)(stack + PAGE - 64) };
	kvm.debugregs.dr7 = 0x400;
	kvm.run->immediate_exit = 0;
	assist_set_batch(kvm.assist, true);
	return regs;
}

#define START(text) start(text, sizeof(text) - 1)

/* One exit. How far it came in the code, or -1. */
static long complete(void)
{
	struct error error = { 0 };
	const char *why;

	if (assist_complete(kvm.assist, &kvm.bus, &why, &error) != ASSIST_COMPLETED)
		return -1;
	return (long)(kvm.run->s.regs.regs.rip - (uint64_t)code);
}

/* paddd %xmm1, %xmm0: 4 bytes, which a software KVM does not know. */
#define PADDD "\x66\x0f\xfe\xc1"
/* nop and the like, which it does. */
#define NOP  "\x90"
#define NOPS NOP NOP NOP NOP NOP NOP NOP NOP

static void goes_through_jumps(void)
{
	START(PADDD "\xeb\x01\xf4" PADDD NOP "\xe8\0\0\0\0" PADDD);
	report("it goes on through jumps and calls", complete() == 4 + 3 + 4 + 1 + 5 + 4);
}

static void single_steps(void)
{
	static uint64_t idt[64] __attribute__((aligned(16))), gdt[4];
	struct kvm_sregs *sregs = &kvm.run->s.regs.sregs;
	const uint64_t handler = (uint64_t)(code + 1024);
	struct kvm_regs *regs = START(PADDD PADDD);

	gdt[1] = 0x00af9b000000ffff;
	idt[2] = (handler & 0xffff) | 8 << 16 | 0x8eull << 40 | (handler >> 16 & 0xffff) << 48;
	idt[3] = handler >> 32;
	sregs->gdt.base = (uint64_t)gdt;
	sregs->gdt.limit = sizeof(gdt) - 1;
	sregs->idt.base = (uint64_t)idt;
	sregs->idt.limit = sizeof(idt) - 1;
	regs->rflags |= R0_RFLAGS_TF;
	report("TF: a #DB after one instruction",
	       complete() == 1024 && *(uint64_t *)regs->rsp == (uint64_t)(code + 4) &&
		       kvm.debugregs.dr6 & 1u << 14);
}

static void breakpoints(void)
{
	START(PADDD PADDD);
	kvm.debugregs.dr7 |= 1;
	report("a breakpoint in DR7: one instruction an exit", complete() == 4);
}

static void a_kick(void)
{
	START(PADDD PADDD);
	kvm.run->immediate_exit = 1;
	report("a kick, as by the end of a test's time", complete() == 4);
}

static void a_debugger(void)
{
	START(PADDD PADDD);
	assist_set_batch(kvm.assist, false);
	report("a debugger: one instruction an exit", complete() == 4);
}

static void time_passes(void)
{
	/* 1: paddd; dec %ecx; jmp 1b */
	struct kvm_regs *regs = START(PADDD "\xff\xc9\xeb\xf8");

	regs->rcx = 100000;
	regs->rflags |= R0_RFLAGS_IF;
	complete();
	report("with interrupts on, after 128 instructions", 100000 - regs->rcx == (128 + 1) / 3);
	regs = START(PADDD "\xff\xc9\xeb\xf8");
	regs->rcx = 100000;
	complete();
	report("with interrupts off, after 1024", 100000 - regs->rcx == (1024 + 1) / 3);
}

static void nothing_more_to_complete(void)
{
	char bytes[4 + 300] = PADDD;
	bool gone = true;
	int i;

	memset(bytes + 4, 0x90, 300);
	for (i = 0; i < 5; i++) {
		start(bytes, sizeof(bytes));
		gone = gone && complete() == (i < 4 ? 4 + 256 : 4);
	}
	report("after 256 that KVM knows; and the fifth time at once", gone);
}

static void a_device(void)
{
	struct kvm_regs *regs = START("\x0f\x57\xc0" /* xorps %xmm0, %xmm0 */
				      "\x0f\x10\x00" /* movups (%rax), %xmm0 */
				      "\x0f\x57\xc9");

	regs->rax = (uint64_t)device;
	report("before what accesses a device", complete() == 3 && !accesses);
	report("which is the next exit's", complete() == 9 && accesses == 2);
}

static void other_instructions(void)
{
	START(PADDD "\xfb" PADDD); /* sti */
	report("before an instruction that is neither", complete() == 4);
	START(PADDD "\xcc");
	report("before a breakpoint in memory", complete() == 4);
}

/* In the process's memory, with the functions that libc has for this CPU; before there were runs, a block was one exit. */
static void saves_exits(void)
{
	const struct software_kvm_function *function;
	uint64_t exits[2], blocks = 0;
	int batch;

	for (function = software_kvm_functions; function->name; function++) {
		char name[100];

		for (batch = 0; batch < 2; batch++) {
			assist_set_batch(kvm.assist, batch);
			/* The first time symbols are bound. */
			software_kvm_call(&kvm, function->call);
			kvm.exits = kvm.blocks = 0;
			kvm.in_block = false;
			failed |= !software_kvm_call(&kvm, function->call);
			exits[batch] = kvm.exits;
			if (!batch)
				blocks = kvm.blocks;
		}
		printf("# %-24s %5llu exits one by one, %4llu by basic blocks, %3llu by runs\n",
		       function->name, (unsigned long long)exits[0], (unsigned long long)blocks,
		       (unsigned long long)exits[1]);
		snprintf(name, sizeof(name), "%s takes at most a quarter of the exits",
			 function->name);
		report(name, exits[1] * 4 <= exits[0]);
	}
}

int main(void)
{
	struct error error = { 0 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (code == MAP_FAILED || !software_kvm_create(&kvm, &memory)) {
		printf("1..0 # SKIP the CPU has no XSAVE, or Zydis is not there\n");
		return 77;
	}
	__asm__ volatile("xsave64 %0" : "+m"(kvm.area) : "a"(0xe7), "d"(0));
	dev = dev_of(&device_ops, NULL, 0);
	if (bus_add(&kvm.bus, BUS_MEMORY, (uint64_t)device, PAGE, &dev, &error) != 0)
		return 99;
	goes_through_jumps();
	single_steps();
	breakpoints();
	a_kick();
	a_debugger();
	time_passes();
	nothing_more_to_complete();
	a_device();
	other_instructions();
	saves_exits();
	software_kvm_destroy(&kvm);
	printf("1..%d\n", number);
	return failed;
}
