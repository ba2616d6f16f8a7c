/* SPDX-License-Identifier: MIT */
/*
 * A signal's frame holds all registers of what it interrupted (sigreturn(2)): exchanging them has the thread go on as
 * the guest, and the signal that the guest's next instruction raises brings the thread's own back.
 */
#include "software_kvm.h"
#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <ring0.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>

/* In struct kvm_regs' order. */
static const int registers[] = { REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI,
				 REG_RSP, REG_RBP, REG_R8,  REG_R9,  REG_R10, REG_R11,
				 REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };

#define FLAGS (R0_RFLAGS_DF | 0x8d5)
#define FD    0x5afe

/* Of an XSAVE area: SDM vol. 1, 13.4.1. */
#define SOFTWARE_BYTES 464
#define LEGACY_SIZE    512

static struct {
	struct software_kvm *kvm;
	bool runs, steps;
	gregset_t host;
	uint8_t area[SOFTWARE_KVM_AREA];
	int vector;
	uint32_t code;
	uint64_t cr2;
} guest;

/* Of the test's own KVM; what the C library's would be asked otherwise fails. */
int ioctl(int fd, unsigned long request, ...)
{
	struct software_kvm *kvm = guest.kvm;
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!kvm || fd != FD)
		return (int)syscall(SYS_ioctl, fd, request, argument);
	kvm->ioctls++;
	switch (request) {
	case KVM_GET_XSAVE:
	case KVM_GET_XSAVE2:
		memcpy(argument, kvm->area, kvm->own.xsave_size);
		return 0;
	case KVM_SET_XSAVE:
		memcpy(kvm->area, argument, kvm->own.xsave_size);
		return 0;
	case KVM_GET_DEBUGREGS:
		memcpy(argument, &kvm->debugregs, sizeof(kvm->debugregs));
		return 0;
	case KVM_SET_DEBUGREGS:
		memcpy(&kvm->debugregs, argument, sizeof(kvm->debugregs));
		return 0;
	default:
		errno = EINVAL;
		return -1;
	}
}

/*
 * How much of a signal's frame is extended state, by what the kernel says in the software's bytes
 * (arch/x86/include/uapi/asm/sigcontext.h): AMX's is not there unless the process has asked for it (arch_prctl(2)), so
 * that it can be less than CPUID says. After it is a mark, without which sigreturn() takes x87 and SSE alone.
 */
static size_t state_size(const ucontext_t *context)
{
	struct _fpx_sw_bytes software;

	memcpy(&software, (const uint8_t *)context->uc_mcontext.fpregs + SOFTWARE_BYTES,
	       sizeof(software));
	if (software.magic1 != FP_XSTATE_MAGIC1)
		return LEGACY_SIZE;
	return software.xstate_size < guest.kvm->own.xsave_size ? software.xstate_size :
								  guest.kvm->own.xsave_size;
}

static void enter(ucontext_t *context)
{
	const size_t size = state_size(context);
	const __u64 *from = (const __u64 *)&guest.kvm->run->s.regs.regs;
	greg_t *to = context->uc_mcontext.gregs;
	size_t i;

	memcpy(guest.host, to, sizeof(guest.host));
	memcpy(guest.area, context->uc_mcontext.fpregs, size);
	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		to[registers[i]] = (greg_t)from[i];
	to[REG_EFL] = (greg_t)((guest.kvm->run->s.regs.regs.rflags & FLAGS) | R0_RFLAGS_IF | 2 |
			       (guest.steps ? R0_RFLAGS_TF : 0));
	/* All but the software's bytes. */
	memcpy((uint8_t *)context->uc_mcontext.fpregs, guest.kvm->area, SOFTWARE_BYTES);
	memcpy((uint8_t *)context->uc_mcontext.fpregs + LEGACY_SIZE, guest.kvm->area + LEGACY_SIZE,
	       size - LEGACY_SIZE);
}

static void leave(ucontext_t *context)
{
	struct kvm_regs *regs = &guest.kvm->run->s.regs.regs;
	const size_t size = state_size(context);
	__u64 *to = (__u64 *)regs;
	greg_t *from = context->uc_mcontext.gregs;
	uint64_t in_use;
	size_t i;

	guest.vector = (int)from[REG_TRAPNO];
	guest.code = (uint32_t)from[REG_ERR];
	guest.cr2 = (uint64_t)from[REG_CR2];
	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		to[i] = (__u64)from[registers[i]];
	regs->rflags = (regs->rflags & ~(uint64_t)FLAGS) | ((uint64_t)from[REG_EFL] & FLAGS);
	memcpy(guest.kvm->area, context->uc_mcontext.fpregs, SOFTWARE_BYTES);
	memcpy(guest.kvm->area + LEGACY_SIZE, (uint8_t *)context->uc_mcontext.fpregs + LEGACY_SIZE,
	       size - LEGACY_SIZE);
	/* As KVM_GET_XSAVE has it. */
	memcpy(&in_use, guest.kvm->area + 512, sizeof(in_use));
	in_use |= 3;
	memcpy(guest.kvm->area + 512, &in_use, sizeof(in_use));
	memcpy(from, guest.host, sizeof(guest.host));
	memcpy(context->uc_mcontext.fpregs, guest.area, size);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)info;
	if (number == SIGUSR1) {
		guest.runs = true;
		enter(context);
	} else if (guest.runs) {
		guest.runs = false;
		leave(context);
	} else {
		signal(number, SIG_DFL);
	}
}

static const int signals[] = { SIGUSR1, SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE };

/* Registers are in run->s.regs and area, before and after. */
static void execute(struct software_kvm *kvm, bool steps)
{
	(void)kvm;
	guest.steps = steps;
	raise(SIGUSR1);
}

static struct software_kvm_end raised(void)
{
	/* The process is in ring 3, the guest in ring 0. */
	return (struct software_kvm_end){ .vector = guest.vector,
					  .code = guest.vector == R0_PF ? guest.code & ~4u :
									  guest.code,
					  .cr2 = guest.vector == R0_PF ? guest.cr2 : 0 };
}

struct software_kvm_end software_kvm_run_natively(struct software_kvm *kvm, uint64_t last)
{
	struct software_kvm_end end;

	execute(kvm, false);
	end = raised();
	/* HLT is #GP in ring 3. */
	if (kvm->run->s.regs.regs.rip == last && end.vector == R0_GP)
		end.vector = -1;
	return end;
}

/* As a software KVM has it: base instructions it knows, and no more. */
static bool gives_up(struct software_kvm *kvm)
{
	struct cpu *cpu = &kvm->reader;
	struct form *form;
	bool gives_up;

	cpu_load(cpu);
	if (forms_find(&kvm->forms, cpu, &form) != DONE)
		return false;
	gives_up = form->is_beyond_kvm || form->kind == FORM_SYSTEM || form->kind == FORM_GATHER;
	kvm->blocks += gives_up && !kvm->in_block;
	kvm->in_block = form->kind == FORM_PLAIN ? kvm->in_block || gives_up :
						   kvm->in_block && form->kind == FORM_NOTHING;
	return gives_up;
}

/* What assist/ pushed on the stack of the exception's handler: SDM vol. 3A, 6.14. */
static struct software_kvm_end delivered(struct software_kvm *kvm)
{
	struct kvm_regs *regs = &kvm->run->s.regs.regs;
	struct software_kvm_end end = {
		.vector = (int)((regs->rip - kvm->handlers) / 16),
		.cr2 = kvm->run->s.regs.sregs.cr2,
		.by_assist = true,
	};
	const uint64_t *frame = (const uint64_t *)regs->rsp;

	if (end.vector != R0_PF)
		end.cr2 = 0;
	if (end.vector == R0_PF || end.vector == R0_GP || end.vector == R0_SS ||
	    end.vector == R0_AC)
		end.code = (uint32_t)*frame++;
	regs->rip = frame[0];
	regs->rflags = frame[2];
	regs->rsp = frame[3];
	return end;
}

struct software_kvm_end software_kvm_run(struct software_kvm *kvm, uint64_t last)
{
	struct kvm_regs *regs = &kvm->run->s.regs.regs;
	struct error error = { 0 };
	const char *why;

	while (regs->rip != last) {
		if (!gives_up(kvm)) {
			execute(kvm, true);
			kvm->steps++;
			if (guest.vector != R0_DB)
				return raised();
			continue;
		}
		kvm->exits++;
		guest.kvm = kvm;
		switch (assist_complete(kvm->assist, &kvm->bus, &why, &error)) {
		case ASSIST_COMPLETED:
			break;
		case ASSIST_CANNOT:
			return (struct software_kvm_end){ .vector = -1, .answer = ASSIST_CANNOT };
		default:
			return (struct software_kvm_end){ .vector = -1, .answer = ASSIST_FAILED };
		}
		if (kvm->handlers && regs->rip - kvm->handlers < 32 * 16)
			return delivered(kvm);
	}
	return (struct software_kvm_end){ .vector = -1 };
}

/* Before assist/ has its own, which passes on what is not of its making, and comes with a stack for them. */
static void take_signals(void)
{
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };
	size_t i;

	sigfillset(&action.sa_mask);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

bool software_kvm_create(struct software_kvm *kvm, const struct assist_memory *memory)
{
	static const struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1
	};
	struct kvm_sregs *sregs;
	struct error error = { 0 };
	unsigned int a, b, c, d;

	memset(kvm, 0, sizeof(*kvm));
	__cpuid(1, a, b, c, d);
	if (!(c & 1u << 27) || !decoder_load(&error))
		return false;
	__cpuid_count(0xd, 0, a, b, c, d);
	kvm->own.xsave_size = b;
	if (b > SOFTWARE_KVM_AREA || b > CODE_XSAVE_SIZE)
		return false;
	kvm->run = calloc(1, sizeof(*kvm->run));
	kvm->vcpu_own = calloc(1, sizeof(*kvm->vcpu_own));
	if (!kvm->run || !kvm->vcpu_own)
		return false;
	kvm->kvm.own = &kvm->own;
	kvm->vm.kvm = &kvm->kvm;
	kvm->vcpu =
		(struct vcpu){ .vm = &kvm->vm, .fd = FD, .run = kvm->run, .own = kvm->vcpu_own };
	sregs = &kvm->run->s.regs.sregs;
	sregs->cr0 = R0_CR0_PE | R0_CR0_WP | R0_CR0_NE | R0_CR0_MP;
	sregs->cr4 = R0_CR4_PAE | R0_CR4_OSFXSR | R0_CR4_OSXMMEXCPT;
	sregs->efer = R0_EFER_LME | R0_EFER_LMA | R0_EFER_NXE;
	sregs->ds = sregs->es = sregs->ss = sregs->fs = sregs->gs = sregs->cs = data;
	sregs->cs.selector = 8;
	sregs->cs.type = 11;
	sregs->cs.db = 0;
	sregs->cs.l = 1;
	syscall(SYS_arch_prctl, ARCH_GET_FS, &sregs->fs.base);
	guest.kvm = kvm;
	bus_init(&kvm->bus);
	take_signals();
	if (assist_create(&kvm->assist, &kvm->vcpu, memory, &error) != 0 ||
	    assist_begin(kvm->assist, &error) != 0)
		return false;
	kvm->reader = (struct cpu){ .vcpu = &kvm->vcpu,
				    .memory = memory,
				    .physical_bits = 36,
				    .text = calloc(1, sizeof(struct cpu_text)) };
	if (kvm->reader.text)
		kvm->reader.text->page = UINT64_MAX;
	return kvm->reader.text;
}

void software_kvm_destroy(struct software_kvm *kvm)
{
	if (kvm->assist)
		assist_end(kvm->assist);
	assist_destroy(kvm->assist);
	free(kvm->reader.text);
	free(kvm->vcpu_own);
	free(kvm->run);
}
