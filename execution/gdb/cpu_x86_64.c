/* SPDX-License-Identifier: MIT */
/*
 * A test's CPU on x86, for gdb: Documentation/virt/kvm/api.rst, KVM_SET_GUEST_DEBUG and KVM_TRANSLATE; debug registers,
 * SDM vol. 3B, 17.2.
 */
#include "execution/gdb/cpu.h"
#include <errno.h>
#include <ring0/fault.h>
#include <ring0/private/traps.h>
#include <ring0/x86/registers.h>
#include "execution/gdb/debugger_own.h"
#include "execution/watch_probe.h"
#include "gdb/registers_x86_64.h"
#include "kvm/state/all_registers_x86_64.h"
#include "run/crash_view_own.h"

/* DR6 (17.2.3) and DR7 (17.2.4). */
#define DR6_SLOTS	 0xfu
#define DR7_FIXED	 (1u << 10 | 1u << 9 | 1u << 8)
#define DR7_ENABLE(slot) (3u << (2 * (slot)))
#define DR7_WRITES(slot) (1u << (16 + 4 * (slot)))
#define DR7_LEN(slot)	 (18 + 4 * (slot))

const bool gdb_cpu_is_there = true;

int gdb_cpu_registers_init(struct gdb_registers *registers)
{
	return gdb_registers_init(registers, true, true);
}

void gdb_cpu_registers_finish(struct gdb_registers *registers)
{
	gdb_registers_finish(registers);
}

int gdb_cpu_read(struct run *run, unsigned int number, bool noted,
		 const struct gdb_registers *registers, uint8_t *packed)
{
	struct all_registers all = { 0 };
	int err = all_registers_get(&run->machine->cpus[number].vcpu, &all, NULL);

	if (err)
		return err;
	if (noted && number == run_cpu(run)) {
		all.regs = run->regs;
		all.regs.rip = crash_view_own_place(run);
		all.sregs = run->sregs;
		all.sregs.cr2 = run->fault_address;
	}
	gdb_registers_pack(registers, &all, packed);
	return 0;
}

int gdb_cpu_write(struct run *run, unsigned int number, const struct gdb_registers *registers,
		  const uint8_t *packed)
{
	struct vcpu *vcpu = &run->machine->cpus[number].vcpu;
	struct all_registers all = { 0 };
	int err = all_registers_get(vcpu, &all, NULL);

	if (err)
		return err;
	gdb_registers_unpack(registers, packed, &all);
	run->machine->cpus[number].changed = true;
	return all_registers_set(vcpu, &all, NULL);
}

bool gdb_cpu_translate(const struct machine_cpu *cpu, uint64_t address, uint64_t *physical)
{
	struct kvm_translation translation = { .linear_address = address };
	const int64_t upper = (int64_t)address >> 47;

	/* KVM looks at no bits beyond those that the tables translate. */
	if ((upper != 0 && upper != -1) ||
	    KVM_IOCTL(cpu->vcpu.fd, KVM_TRANSLATE, &translation, NULL) < 0 || !translation.valid)
		return false;
	*physical = translation.physical_address;
	return true;
}

/* ---- what works here ---- */

/* The process's answers, and 1; 0 before they are known. */
static _Atomic(int) known_breakpoints;

static struct kvm_guest_debug one_breakpoint(uint64_t address)
{
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP };

	debug.arch.debugreg[0] = address;
	debug.arch.debugreg[7] = DR7_FIXED | DR7_ENABLE(0);
	return debug;
}

/* Emulators of CPUs whose KVM is another's guest do not have all of them fire. */
static int find_breakpoints(struct run *run, bool *fires)
{
	struct kvm_guest_debug debug = one_breakpoint((uint64_t)r0_trap_probe), none = { 0 };
	struct vcpu *vcpu = &run->machine->cpus[0].vcpu;
	int answer = atomic_load(&known_breakpoints) - 1, err;

	*fires = answer > 0;
	if (answer >= 0)
		return 0;
	vcpu->run->s.regs.regs.rip = (uint64_t)r0_trap_probe;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	vcpu_complete(vcpu);
	*fires = KVM_IOCTL(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug, NULL) >= 0 &&
		 vcpu_run(vcpu, NULL) == 0 && vcpu->run->exit_reason == KVM_EXIT_DEBUG &&
		 vcpu->run->debug.arch.dr6 & 1 &&
		 vcpu->run->debug.arch.pc == (uint64_t)r0_trap_probe;
	KVM_IOCTL(vcpu->fd, KVM_SET_GUEST_DEBUG, &none, NULL);
	vcpu_complete(vcpu);
	err = machine_reset(run->machine, &run->complaint);
	if (err)
		run->unusable = true;
	else
		atomic_store(&known_breakpoints, *fires + 1);
	return err;
}

int gdb_cpu_find_out(struct run *run, bool *breakpoints, bool *watchpoints)
{
	int answer = watch_probe_machine(run->machine, &run->complaint);

	*watchpoints = answer == WATCH_FIRES;
	if (answer < 0) {
		run->unusable = true;
		return answer;
	}
	return find_breakpoints(run, breakpoints);
}

/* ---- running up to points ---- */

static uint64_t length_field(unsigned int length)
{
	/* 17.2.4: 10 is for 8 bytes. */
	return length == 8 ? 2 : length - 1;
}

static void encode(const struct points *points, struct kvm_guest_debug *debug)
{
	uint64_t dr7 = DR7_FIXED;
	size_t i;

	for (i = 0; i < points->count; i++) {
		const struct point *point = &points->list[i];

		if (!point->has_slot)
			continue;
		debug->arch.debugreg[point->slot] = point->address;
		debug->control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
		dr7 |= DR7_ENABLE(point->slot);
		if (point->kind == GDB_WRITE_WATCHPOINT)
			dr7 |= DR7_WRITES(point->slot) | length_field(point->length)
								 << DR7_LEN(point->slot);
	}
	debug->arch.debugreg[7] = dr7;
}

/* What the CPU says of it in DR6 goes with it. */
static void put_in_dr6(struct vcpu *vcpu)
{
	struct kvm_debugregs debugregs;

	if (KVM_IOCTL(vcpu->fd, KVM_GET_DEBUGREGS, &debugregs, NULL) < 0)
		return;
	debugregs.dr6 |= vcpu->run->debug.arch.dr6 & R0_DR6_BS;
	KVM_IOCTL(vcpu->fd, KVM_SET_DEBUGREGS, &debugregs, NULL);
}

int gdb_cpu_arm(struct run *run, const struct points *points, bool hands_back)
{
	struct kvm_guest_debug debug = { 0 };
	int err;

	encode(points, &debug);
	if (hands_back) {
		put_in_dr6(&run->cpu->vcpu);
		debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_DB;
	}
	err = KVM_IOCTL(run->cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &debug, &run->complaint);
	return err < 0 ? err : 0;
}

unsigned int gdb_cpu_hits(const struct run *run)
{
	return (unsigned int)run->cpu->vcpu.run->debug.arch.dr6 & DR6_SLOTS;
}

uint64_t gdb_cpu_stepped_pc(struct run *run)
{
	return run_stepping(run)->regs.rip;
}

int gdb_cpu_signal_of(int vector)
{
	switch (vector) {
	case R0_DE:
	case R0_MF:
	case R0_XM:
		return SIGNAL_FPE;
	case R0_UD:
		return SIGNAL_ILL;
	case R0_DB:
	case R0_BP:
		return SIGNAL_TRAP;
	default:
		return SIGNAL_SEGV;
	}
}
