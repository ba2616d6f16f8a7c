/* SPDX-License-Identifier: MIT */
/* How a machine's vCPUs start on x86, and their registers as <ring0/vm.h> has them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/paging.h>
#include <ring0/x86/registers.h>
#include "monitor/threads/enter.h"

/* CR0, CR4, EFER: SDM vol. 3A, 2.5 and 2.2.1. */

/* Page-table entries: SDM vol. 3A, 4.5. */
#define PAGE_TABLE_SIZE 512
#define LARGE_PAGE	(2ul << 20)

/* In the pages that an entry has for tables. */
#define GDT		0x0000
#define PML4		0x1000
#define PDPT		0x2000
#define DIRECTORY	0x3000
#define DIRECTORY_COUNT 4

/* Those of Linux's boot protocol, which suit all others: Documentation/arch/x86/boot.rst. */
#define SELECTOR_CODE 0x10
#define SELECTOR_DATA 0x18

/* Segment types: SDM vol. 3A, 3.4.5.1. */
#define TYPE_CODE 0xb /* execute, read, accessed */
#define TYPE_DATA 0x3 /* read, write, accessed */

static struct kvm_segment flat(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.selector = selector,
		.limit = 0xffffffff,
		.type = type,
		.present = 1,
		.s = 1,
		.g = 1,
		.db = 1,
	};
}

static void set_segments(struct kvm_sregs *sregs, uint64_t gdt)
{
	sregs->cs = flat(SELECTOR_CODE, TYPE_CODE);
	sregs->ds = flat(SELECTOR_DATA, TYPE_DATA);
	sregs->es = sregs->fs = sregs->gs = sregs->ss = sregs->ds;
	sregs->gdt.base = gdt;
	sregs->gdt.limit = 4 * sizeof(uint64_t) - 1;
}

/* In real mode a segment's base is its selector times 16 (SDM vol. 3B, 20.1.1). */
static void set_real(const struct r0_vm_entry *entry, struct kvm_sregs *sregs,
		     struct kvm_regs *regs)
{
	struct kvm_segment data = sregs->ds;

	data.selector = 0;
	data.base = 0;
	sregs->cs.selector = entry->cs ? entry->cs : (uint16_t)((entry->ip >> 4) & 0xf000);
	sregs->cs.base = (uint64_t)sregs->cs.selector << 4;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	regs->rip = entry->ip - sregs->cs.base;
}

static void set_long(const struct r0_vm_entry *entry, struct kvm_sregs *sregs)
{
	set_segments(sregs, entry->tables + GDT);
	sregs->cs.db = 0;
	sregs->cs.l = 1;
	sregs->cr0 = R0_CR0_PE | R0_CR0_MP | R0_CR0_ET | R0_CR0_NE | R0_CR0_WP | R0_CR0_PG;
	sregs->cr3 = entry->tables + PML4;
	sregs->cr4 = R0_CR4_PAE | R0_CR4_OSFXSR | R0_CR4_OSXMMEXCPT;
	sregs->efer = R0_EFER_LME | R0_EFER_LMA;
}

/* The GDT, and page tables that map 4 GiB at the same addresses. */
static void fill_tables(uint8_t *tables, const struct r0_vm_entry *entry)
{
	const uint64_t code = entry->mode == R0_VM_MODE_LONG ? 0x00af9b000000ffff :
							       0x00cf9b000000ffff;
	const uint64_t gdt[] = { 0, 0, code, 0x00cf93000000ffff };
	uint64_t *table;
	size_t i;

	memset(tables + GDT, 0, PAGE_SIZE);
	memcpy(tables + GDT, gdt, sizeof(gdt));
	if (entry->mode != R0_VM_MODE_LONG)
		return;
	memset(tables + PML4, 0, PDPT + PAGE_SIZE - PML4);
	table = (uint64_t *)(tables + PML4);
	table[0] = (entry->tables + PDPT) | R0_PAGE_P | R0_PAGE_RW;
	table = (uint64_t *)(tables + PDPT);
	for (i = 0; i < DIRECTORY_COUNT; i++)
		table[i] = (entry->tables + DIRECTORY + i * PAGE_SIZE) | R0_PAGE_P | R0_PAGE_RW;
	table = (uint64_t *)(tables + DIRECTORY);
	for (i = 0; i < (size_t)DIRECTORY_COUNT * PAGE_TABLE_SIZE; i++)
		table[i] = i * LARGE_PAGE | R0_PAGE_P | R0_PAGE_RW | R0_PAGE_PS;
}

static int make_tables(struct r0_vm *vm, const struct r0_vm_entry *entry, struct error *error)
{
	uint64_t size = entry->mode == R0_VM_MODE_LONG ? R0_VM_TABLES_SIZE : PAGE_SIZE;
	uint8_t *tables;

	if (entry->tables % PAGE_SIZE || entry->tables >> 32)
		return error_set(error, EINVAL,
				 "tables at %#llx: not a multiple of 4096 below 4 GiB",
				 (unsigned long long)entry->tables);
	pthread_mutex_lock(&vm->devices->lock);
	tables = ram_at(&vm->memory.ram, gpa(entry->tables), size, true);
	if (tables)
		fill_tables(tables, entry);
	pthread_mutex_unlock(&vm->devices->lock);
	if (tables)
		return 0;
	return error_set(error, EFAULT, "no memory at %#llx for %#llx bytes of tables",
			 (unsigned long long)entry->tables, (unsigned long long)size);
}

/* Of real mode: whether the IP is in the segment. */
static bool segment_holds(const struct r0_vm_entry *entry)
{
	return !entry->cs || range_holds((uint64_t)entry->cs << 4, 0x10000, entry->ip, 1);
}

int monitor_check_entry(const struct r0_vm_entry *entry, struct error *error)
{
	switch (entry->mode) {
	case R0_VM_MODE_RESET:
	case R0_VM_MODE_LONG:
		return 0;
	case R0_VM_MODE_REAL:
		if (entry->ip <= 0xfffff && entry->sp <= 0xffff && segment_holds(entry))
			return 0;
		break;
	case R0_VM_MODE_PROTECTED:
		if (!(entry->ip >> 32) && !(entry->sp >> 32))
			return 0;
		break;
	}
	return error_set(error, EINVAL, "there is no entry of mode %d with IP %#llx and SP %#llx",
			 (int)entry->mode, (unsigned long long)entry->ip,
			 (unsigned long long)entry->sp);
}

/* What a CPU has after a reset: SDM vol. 3A, 9.1.1, table 9-1; what is not named is 0. */
static void set_reset(struct kvm_sregs *sregs, struct kvm_regs *regs)
{
	const struct kvm_segment data = {
		.limit = 0xffff,
		.type = TYPE_DATA,
		.present = 1,
		.s = 1,
	};
	struct kvm_segment table = { .limit = 0xffff, .present = 1, .type = 0xb };
	uint64_t apic_base = sregs->apic_base;

	*regs = (struct kvm_regs){ .rip = 0xfff0, .rflags = R0_RFLAGS_FIXED };
	*sregs = (struct kvm_sregs){
		.cr0 = 0x60000010, /* CD, NW, ET */
		.gdt.limit = 0xffff,
		.idt.limit = 0xffff,
		.apic_base = apic_base,
	};
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	sregs->cs = data;
	sregs->cs.type = TYPE_CODE;
	sregs->cs.selector = 0xf000;
	sregs->cs.base = 0xffff0000;
	sregs->tr = table;
	table.type = 0x2;
	sregs->ldt = table;
}

/* Whatever was pending is not the new code's affair. */
static int set_state(struct monitor_cpu *cpu, struct kvm_regs *regs, struct kvm_sregs *sregs,
		     struct error *error)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_vcpu_events events = {
		.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW,
	};
	int fd = cpu->vcpu.fd, err;

	err = KVM_IOCTL(fd, KVM_SET_VCPU_EVENTS, &events, error);
	if (err >= 0)
		err = KVM_IOCTL(fd, KVM_SET_SREGS, sregs, error);
	if (err >= 0)
		err = KVM_IOCTL(fd, KVM_SET_REGS, regs, error);
	if (err >= 0)
		err = KVM_IOCTL(fd, KVM_SET_MP_STATE, &runnable, error);
	cpu->vcpu.run->s.regs.regs = *regs;
	cpu->vcpu.run->s.regs.sregs = *sregs;
	return err < 0 ? err : 0;
}

int monitor_enter(struct monitor_cpu *cpu, const struct r0_vm_entry *entry, struct error *error)
{
	struct kvm_sregs sregs = { 0 };
	struct kvm_regs regs = { 0 };
	int err = KVM_IOCTL(cpu->vcpu.fd, KVM_GET_SREGS, &sregs, error);

	if (err < 0)
		return err;
	set_reset(&sregs, &regs);
	if (entry->mode != R0_VM_MODE_RESET) {
		regs.rip = entry->ip;
		regs.rsp = entry->sp;
	}
	if (entry->mode == R0_VM_MODE_PROTECTED || entry->mode == R0_VM_MODE_LONG)
		err = make_tables(cpu->machine, entry, error);
	if (err)
		return err;
	if (entry->mode == R0_VM_MODE_PROTECTED) {
		set_segments(&sregs, entry->tables + GDT);
		sregs.cr0 = R0_CR0_PE | R0_CR0_ET;
		regs.rax = entry->argument;
	} else if (entry->mode == R0_VM_MODE_REAL) {
		set_real(entry, &sregs, &regs);
		regs.rax = entry->argument;
	} else if (entry->mode == R0_VM_MODE_LONG) {
		set_long(entry, &sregs);
		regs.rdi = entry->argument;
	}
	err = vcpu_state_clear(&cpu->vcpu, cpu->machine->has_watch, error);
	if (!err)
		err = set_state(cpu, &regs, &sregs, error);
	return err;
}

/* The general registers, by their names in both structures. */
#define EACH_GENERAL(do)                                                                        \
	do                                                                                      \
	(rax) do(rbx) do(rcx) do(rdx) do(rsi) do(rdi) do(rsp) do(rbp) do(r8) do(r9) do(r10) do( \
		r11) do(r12) do(r13) do(r14) do(r15) do(rip) do(rflags)
#define EACH_SYSTEM(do) \
	do              \
	(cr0) do(cr2) do(cr3) do(cr4) do(efer)

int monitor_get_registers(struct monitor_cpu *cpu, struct r0_vm_registers *to, struct error *error)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	int err = KVM_IOCTL(cpu->vcpu.fd, KVM_GET_REGS, &regs, error);

	if (err >= 0)
		err = KVM_IOCTL(cpu->vcpu.fd, KVM_GET_SREGS, &sregs, error);
	if (err < 0)
		return err;
#define GET_GENERAL(name) to->name = regs.name;
#define GET_SYSTEM(name)  to->name = sregs.name;
	EACH_GENERAL(GET_GENERAL)
	EACH_SYSTEM(GET_SYSTEM)
	return 0;
}

int monitor_set_registers(struct monitor_cpu *cpu, const struct r0_vm_registers *from,
			  struct error *error)
{
	struct kvm_sregs sregs = { 0 };
	struct kvm_regs regs;
	bool differs = false;
	int err = KVM_IOCTL(cpu->vcpu.fd, KVM_GET_SREGS, &sregs, error);

#define SET_GENERAL(name) regs.name = from->name;
#define SET_SYSTEM(name)                     \
	differs |= sregs.name != from->name; \
	sregs.name = from->name;
	EACH_GENERAL(SET_GENERAL)
	EACH_SYSTEM(SET_SYSTEM)
	if (err >= 0 && differs)
		err = KVM_IOCTL(cpu->vcpu.fd, KVM_SET_SREGS, &sregs, error);
	if (err >= 0)
		err = KVM_IOCTL(cpu->vcpu.fd, KVM_SET_REGS, &regs, error);
	return err < 0 ? err : 0;
}
