/* SPDX-License-Identifier: MIT */
/*
 * Single steps, past all that would stop or show them. KVM steps by TF (SDM vol. 3B, 17.3.1.4), which on
 * hardware the test could see: here it does not, but in what an IDT or LSTAR of its own leads to.
 */
#include "run/stepping.h"
#include <errno.h>
#include <string.h>
#include <ring0/private/abi.h>
#include <ring0/x86/registers.h>
#include "run/run.h"

/* SDM vol. 3B, 17.2.3. */
#define DR6_BREAKPOINTS 0xfu

/* SDM vol. 2B, PUSHF. */
#define OPCODE_PUSHF  0x9c
#define PREFIX_16_BIT 0x66

/* SDM vol. 2A, HLT. */
#define OPCODE_HLT 0xf4

/* SDM vol. 2A, IRET; vol. 2B, SYSRET; both of 64 bits. */
static const uint8_t iretq[] = { 0x48, 0xcf }, sysretq[] = { 0x48, 0x0f, 0x07 };

static int set_guest_debug(const struct vcpu *vcpu, uint32_t control)
{
	struct kvm_guest_debug debug = { .control = control };

	return KVM_IOCTL(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug, NULL);
}

static int arm(const struct vcpu *vcpu)
{
	return set_guest_debug(vcpu, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP);
}

/*
 * Who debugs a guest is given its #DBs, too. A breakpoint that the test set can't be handed back: the
 * steps would clear RF, with which its handler returns (SDM vol. 3B, 17.3.1.1).
 */
static bool is_own_breakpoint(struct vcpu *vcpu)
{
	uint64_t hits = vcpu->run->debug.arch.dr6 & DR6_BREAKPOINTS;
	struct kvm_debugregs debugregs;
	unsigned int i;

	/* DR6 tells of those that are off as well (17.2.3). */
	if (!hits || KVM_IOCTL(vcpu->fd, KVM_GET_DEBUGREGS, &debugregs, NULL) < 0)
		return false;
	for (i = 0; i < 4; i++)
		if (hits >> i & 1 && debugregs.dr7 >> (2 * i) & 3)
			return true;
	return false;
}

static int tell_guest(struct run *run, bool stepped)
{
	struct stepping *stepping = run_stepping(run);
	uint64_t at = (uint64_t)&r0_guest.stepped;
	uint64_t value;

	run->steppers += (unsigned int)stepped - (unsigned int)stepping->on;
	stepping->on = stepped;
	value = run->steppers > 0;
	return memory_write(&run->machine->memory, gva(at), &value, sizeof(value)) ==
			       sizeof(value) ?
		       0 :
		       -EFAULT;
}

static bool is_in_ring_0(const struct stepping *stepping)
{
	return !(stepping->sregs.cs.selector & 3);
}

/* A PUSHF under a step pushes TF, which is not the test's. */
static void hide_pushed_flag(const struct stepping *stepping, struct memory *memory)
{
	r0_gva at = gva(stepping->regs.rsp);
	uint16_t flags;

	if (!stepping->after_push || stepping->regs.rip != stepping->after_push ||
	    memory_read(memory, at, &flags, sizeof(flags)) != sizeof(flags) ||
	    !(flags & R0_RFLAGS_TF))
		return;
	flags &= (uint16_t)~R0_RFLAGS_TF;
	memory_write(memory, at, &flags, sizeof(flags));
}

/*
 * A software KVM emulates ring 0 and knows itself that it steps; ring 3, which runs on the CPU, is
 * stepped only if its flags say so from the start. On hardware this changes nothing.
 */
static void iret_ahead(const struct stepping *stepping, struct memory *memory)
{
	struct {
		uint64_t rip, cs, rflags, rsp, ss;
	} frame;
	r0_gva at = gva(stepping->regs.rsp);

	if (memory_read(memory, at, &frame, sizeof(frame)) != sizeof(frame))
		return;
	if ((frame.cs & 3) != 3)
		return;
	frame.rflags |= R0_RFLAGS_TF;
	memory_write(memory, at, &frame, sizeof(frame));
}

/* The same for SYSRET, which takes the flags from R11. */
static void sysret_to_ring_3(struct vcpu *vcpu)
{
	vcpu->run->s.regs.regs.r11 |= R0_RFLAGS_TF;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	vcpu_complete(vcpu);
}

static void look_ahead(struct run *run)
{
	struct stepping *stepping = run_stepping(run);
	struct machine *machine = run->machine;
	uint64_t rip = stepping->regs.rip;
	uint8_t code[3] = { 0 };

	memory_read(&machine->memory, gva(rip), code, sizeof(code));
	stepping->after_push = 0;
	if (code[0] == OPCODE_PUSHF)
		stepping->after_push = rip + 1;
	else if (code[0] == PREFIX_16_BIT && code[1] == OPCODE_PUSHF)
		stepping->after_push = rip + 2;
	else if (is_in_ring_0(stepping) && memcmp(code, iretq, sizeof(iretq)) == 0)
		iret_ahead(stepping, &machine->memory);
	else if (is_in_ring_0(stepping) && memcmp(code, sysretq, sizeof(sysretq)) == 0)
		sysret_to_ring_3(&run->cpu->vcpu);
}

/*
 * A software KVM that steps over a HLT forgets to halt, until some later instruction that is not
 * stepped: a HLT is made by hand, with the next step after what ends it. What has no interrupt
 * controllers leaves the VM by it, and has no next step.
 */
static int halt(struct run *run)
{
	struct kvm_mp_state halted = { .mp_state = KVM_MP_STATE_HALTED };
	struct vcpu *vcpu = &run->cpu->vcpu;
	struct kvm_sync_regs *sync = &vcpu->run->s.regs;
	int err;

	if (!run->machine->vm.irqchip)
		return set_guest_debug(&run->cpu->vcpu, 0);
	sync->regs.rip++;
	sync->events.flags |= KVM_VCPUEVENT_VALID_SHADOW;
	sync->events.interrupt.shadow = 0;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS | KVM_SYNC_X86_EVENTS;
	vcpu_complete(vcpu);
	err = KVM_IOCTL(vcpu->fd, KVM_SET_MP_STATE, &halted, NULL);
	return err < 0 ? err : arm(&run->cpu->vcpu);
}

static bool is_at_halt(struct run *run)
{
	const struct stepping *stepping = run_stepping(run);
	uint8_t opcode = 0;

	memory_read(&run->machine->memory, gva(stepping->regs.rip), &opcode, 1);
	return opcode == OPCODE_HLT && is_in_ring_0(stepping);
}

static int take_step(struct run *run)
{
	look_ahead(run);
	return is_at_halt(run) ? halt(run) : arm(&run->cpu->vcpu);
}

static void note_registers(struct run *run)
{
	const struct kvm_sync_regs *sync = &run->cpu->vcpu.run->s.regs;
	struct stepping *stepping = run_stepping(run);

	stepping->regs = sync->regs;
	stepping->sregs = sync->sregs;
}

int stepping_begin(struct run *run)
{
	int err = tell_guest(run, true);

	note_registers(run);
	return err ? err : take_step(run);
}

int stepping_next(struct run *run)
{
	struct stepping *stepping = run_stepping(run);
	struct vcpu *vcpu = &run->cpu->vcpu;

	/* On the way back to ring 3, whose flags have TF. */
	if (stepping->user) {
		stepping->user = false;
		return set_guest_debug(&run->cpu->vcpu, 0);
	}
	if (vcpu->run->exit_reason == KVM_EXIT_DEBUG) {
		if (is_own_breakpoint(vcpu))
			return -EBUSY;
	} else {
		/* What is half-way, and sets no registers, goes on as it began. */
		if (!vcpu->run->kvm_dirty_regs)
			return 0;
		/* KVM steps from the RIP that it sees now: hand it the new registers first. */
		vcpu_complete(vcpu);
	}
	note_registers(run);
	hide_pushed_flag(stepping, &run->machine->memory);
	return take_step(run);
}

void stepping_end(struct run *run)
{
	if (!run_stepping(run)->on)
		return;
	tell_guest(run, false);
	set_guest_debug(&run->cpu->vcpu, 0);
}

struct kvm_regs stepping_frame_registers(const struct r0_frame *frame)
{
	return (struct kvm_regs){
		.rax = frame->rax,
		.rbx = frame->rbx,
		.rcx = frame->rcx,
		.rdx = frame->rdx,
		.rsi = frame->rsi,
		.rdi = frame->rdi,
		.rsp = frame->rsp,
		.rbp = frame->rbp,
		.r8 = frame->r8,
		.r9 = frame->r9,
		.r10 = frame->r10,
		.r11 = frame->r11,
		.r12 = frame->r12,
		.r13 = frame->r13,
		.r14 = frame->r14,
		.r15 = frame->r15,
		.rip = frame->rip,
		.rflags = frame->rflags,
	};
}

/* Whether the last #DB was a step and nothing else. The test is not to see it in DR6. */
static bool take_step_from_dr6(struct vcpu *vcpu)
{
	struct kvm_debugregs debugregs;

	if (KVM_IOCTL(vcpu->fd, KVM_GET_DEBUGREGS, &debugregs, NULL) < 0 ||
	    debugregs.dr6 & DR6_BREAKPOINTS || !(debugregs.dr6 & R0_DR6_BS))
		return false;
	debugregs.dr6 &= ~(uint64_t)R0_DR6_BS;
	KVM_IOCTL(vcpu->fd, KVM_SET_DEBUGREGS, &debugregs, NULL);
	return true;
}

bool stepping_exception(struct run *run, uint64_t address)
{
	struct stepping *stepping = run_stepping(run);
	struct memory *memory = &run->machine->memory;
	struct r0_frame frame;

	/* A test may say so for no reason, on a CPU that has no steps. */
	if ((run_cpu(run) && !run->other_steppings) || !stepping->on ||
	    memory_read(memory, gva(address), &frame, sizeof(frame)) != sizeof(frame))
		return false;
	stepping->user = frame.vector == R0_DB && frame.cs & 3 &&
			 take_step_from_dr6(&run->cpu->vcpu);
	if (stepping->user) {
		stepping->regs = stepping_frame_registers(&frame);
		stepping->regs.rflags &= ~(uint64_t)R0_RFLAGS_TF;
		stepping->sregs = run->cpu->vcpu.run->s.regs.sregs;
		stepping->sregs.cs.selector = (uint16_t)frame.cs;
		stepping->sregs.ss.selector = (uint16_t)frame.ss;
		hide_pushed_flag(stepping, memory);
		look_ahead(run);
		frame.rflags |= R0_RFLAGS_TF;
	} else {
		/* The handler is stepped next; TF in its frame is the steps', not the test's. */
		frame.rflags &= ~(uint64_t)R0_RFLAGS_TF;
	}
	memory_write(memory, gva(address), &frame, sizeof(frame));
	return stepping->user;
}
