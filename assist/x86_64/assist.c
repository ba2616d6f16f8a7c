/* SPDX-License-Identifier: MIT */
/*
 * From an emulation failure to the instruction after it, and on through those that follow: docs/hosts.md, "What ring0
 * completes", has where such a run ends.
 */
#include "assist/assist.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/x86/registers.h>
#include "assist/x86_64/counts.h"
#include "assist/x86_64/cpu.h"
#include "assist/x86_64/decoder.h"
#include "assist/x86_64/deliver.h"
#include "assist/x86_64/forms.h"
#include "assist/x86_64/instruction_encoding.h"
#include "assist/x86_64/near.h"
#include "assist/x86_64/run_natively.h"
#include "assist/x86_64/segment.h"
#include "assist/x86_64/system.h"
#include "assist/x86_64/task.h"
#include "assist/x86_64/vector.h"
#include "kvm/kvm_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"

/*
 * Of one exit, with interrupts off and on: KVM looks for interrupts when it gets the guest back, and other CPUs may be
 * waiting for the lock under which an exit is served.
 */
#define RUN_LIMIT	      1024
#define RUN_LIMIT_INTERRUPTED 128

/*
 * In a row, of those that KVM knows, which take 0.1 us each here (bench/assist.c) and more in KVM, where the CPU does
 * not execute them itself. Where it does, a first one is mostly alone: then it is tried again now and then only.
 */
#define KNOWN_LIMIT 256
#define ALONE_LIMIT 4
#define ALONE_AGAIN 16

/* In XSAVE's header: components x87 and SSE, whose contents count only if they are "in use". */
#define XSTATE_BV     512
#define XSTATE_LEGACY 3u

/* DR6's BS and BT, and DR7's L0 to L3 and LE: SDM vol. 3B, 17.2.3 and 17.2.4. */
#define DR6_BS	  (1u << 14)
#define DR6_BT	  (1u << 15)
#define DR7_LOCAL 0x155u

struct assist {
	struct vcpu *vcpu;
	struct assist_memory memory;
	struct code code;
	struct code_thread *thread;
	struct cpu cpu; /* what does not change of it, and XCR0 */
	uint64_t initial_xcr0;
	bool one_by_one;
	struct cpu_text text;
	const char *mnemonic; /* of the instruction that can't be completed, or NULL */
	struct forms forms;
	uint64_t exits;
	struct counts counts;
};

bool assist_load(struct error *error)
{
	return decoder_load(error);
}

int assist_create(struct assist **result, struct vcpu *vcpu, const struct assist_memory *memory,
		  struct error *error)
{
	struct assist *assist;
	uint64_t components = 0;
	unsigned int i;
	int err;

	if (!decoder_load(error))
		return -ENOENT;
	assist = calloc(1, sizeof(*assist));
	if (!assist)
		return error_set(error, ENOMEM, "no memory");
	err = trampoline_init(&assist->code, error);
	if (err) {
		free(assist);
		return err;
	}
	assist->vcpu = vcpu;
	assist->memory = *memory;
	assist->cpu = (struct cpu){ .vcpu = vcpu,
				    .memory = &assist->memory,
				    .code = &assist->code,
				    .text = &assist->text };
	cpu_init(&assist->cpu);
	assist->cpu.xcr0_is_ours = !vcpu_cpuid_has(vcpu, 1, CPUID_ECX, 26) &&
				   assist->code.has_xsave;
	for (i = 2; i < CPU_COMPONENTS; i++)
		components |= assist->cpu.component_size[i] ? 1ull << i : 0;
	assist->initial_xcr0 = 3 | (components & assist->code.registers->mask);
	assist_reset(assist);
	*result = assist;
	return 0;
}

void assist_destroy(struct assist *assist)
{
	if (!assist)
		return;
	trampoline_finish(&assist->code);
	free(assist);
}

void assist_reset(struct assist *assist)
{
	assist->cpu.xcr0 = assist->initial_xcr0;
}

int assist_begin(struct assist *assist, struct error *error)
{
	return assist->thread ? 0 : trampoline_enter_thread(&assist->thread, error);
}

void assist_end(struct assist *assist)
{
	trampoline_leave_thread(assist->thread);
	assist->thread = NULL;
}

void assist_set_batch(struct assist *assist, bool batch)
{
	assist->one_by_one = !batch;
}

uint64_t assist_exits(const struct assist *assist)
{
	return assist->exits;
}

void assist_forget_counts(struct assist *assist)
{
	assist->exits = 0;
	assist->counts = (struct counts){ 0 };
}

bool assist_count_of(const struct assist *assist, size_t index, const char **mnemonic,
		     uint64_t *count)
{
	return counts_get(&assist->counts, index, mnemonic, count);
}

const char *assist_refused_mnemonic(const struct assist *assist)
{
	return assist->mnemonic;
}

/* Modes that nothing here knows: what they are, or NULL. */
static const char *unknown_mode(const struct cpu *cpu)
{
	if (cpu->flags & R0_RFLAGS_VM && !cpu_is_real(cpu))
		return "it is in virtual-8086 mode, which is not known here";
	if (cpu->sregs->cr4 & R0_CR4_PKS)
		return "it has protection keys for supervisor pages (CR4.PKS), which are not known here";
	if (cpu->sregs->cr4 & R0_CR4_CET)
		return "it has control-flow enforcement (CR4.CET), which is not known here";
	return NULL;
}

/* What else is to be known of the CPU than its general registers. */
static enum done load_rest(struct cpu *cpu)
{
	struct kvm_xcrs xcrs;
	enum done done;

	if (!cpu->xcr0_is_ours && cpu->vcpu->vm->kvm->own->has_xcrs) {
		if (KVM_IOCTL(cpu->vcpu->fd, KVM_GET_XCRS, &xcrs, cpu->error) < 0)
			return DONE_ERROR;
		cpu->xcr0 = xcrs.xcrs[0].value;
	}
	if (!(cpu->sregs->cr4 & R0_CR4_PKE))
		return DONE;
	done = cpu_load_vector(cpu);
	if (done == DONE)
		cpu->pkru = vector_get_pkru(cpu);
	return done;
}

static enum done make_code(struct assist *assist, struct form *form)
{
	struct decoded decoded;
	uint8_t encoded[32];
	size_t length;

	if (form->code && form->generation == assist->code.generation)
		return DONE;
	decoder_decode(form->bits, form->bytes, form->length, &decoded);
	length = instruction_encoding_make(form, &decoded, encoded);
	if (!length)
		return DONE_CANNOT;
	form->code = trampoline_make(&assist->code, encoded, length, form->state != STATE_NONE);
	form->generation = assist->code.generation;
	return DONE;
}

static enum done execute(struct assist *assist, struct cpu *cpu, struct form *form,
			 bool *interrupts, bool *jumps)
{
	struct decoded decoded;
	uint64_t address;
	enum done done;

	switch (form->kind) {
	case FORM_PLAIN:
		done = make_code(assist, form);
		return done == DONE ? run_natively_execute(cpu, form) : done;
	case FORM_NOTHING:
		return DONE;
	case FORM_LEA:
		address = cpu->rip + form->length + (uint64_t)form->memory.displacement;
		if (form->address_width == 32)
			address = (uint32_t)address;
		if (form->operand_width == 16)
			address = (cpu->gpr[form->destination] & ~0xffffull) | (uint16_t)address;
		cpu->gpr[form->destination] = form->operand_width == 32 ? (uint32_t)address :
									  address;
		return DONE;
	case FORM_SYSTEM:
		decoder_decode(form->bits, form->bytes, form->length, &decoded);
		return system_execute(cpu, form, &decoded, interrupts, jumps);
	case FORM_GATHER:
		decoder_decode(form->bits, form->bytes, form->length, &decoded);
		return gather_execute(cpu, form, &decoded);
	case FORM_NEAR:
		*jumps = true;
		return near_execute(cpu, form);
	case FORM_UNKNOWN:
		if (form->bits != 64)
			cpu->why = "in code of 16 and 32 bits it is not known here";
		break;
	}
	return DONE_CANNOT;
}

/* #DB, for what is set in DR6 then, if anything is; what is cleared in DR7 is so in any case. */
static enum done trap(struct cpu *cpu, uint32_t dr6, uint32_t dr7)
{
	struct kvm_debugregs debugregs;
	struct fault fault = { .vector = R0_DB, .trap = true };

	if (KVM_IOCTL(cpu->vcpu->fd, KVM_GET_DEBUGREGS, &debugregs, cpu->error) < 0)
		return DONE_ERROR;
	debugregs.dr6 |= dr6;
	debugregs.dr7 &= ~(uint64_t)dr7;
	if (KVM_IOCTL(cpu->vcpu->fd, KVM_SET_DEBUGREGS, &debugregs, cpu->error) < 0)
		return DONE_ERROR;
	return dr6 ? deliver(cpu, &fault, DELIVER_EXCEPTION, cpu->rip) : DONE;
}

/* A new task has no local breakpoints, and may want a #DB: SDM vol. 3B, 17.2.4 and 17.3.1.5. */
static enum done begin_task(struct cpu *cpu)
{
	bool traps;
	enum done done = task_traps(cpu, &traps);

	if (done == DONE_FAULT)
		return deliver(cpu, &cpu->fault, DELIVER_EXCEPTION, cpu->rip);
	return done == DONE ? trap(cpu, traps ? DR6_BT : 0, DR7_LOCAL) : done;
}

/* What may come after another one in the same exit. */
static bool goes_on(const struct form *form)
{
	return form->kind == FORM_PLAIN || form->kind == FORM_NOTHING || form->kind == FORM_LEA ||
	       form->kind == FORM_NEAR;
}

/* The registers that an instruction of a run changes, but for those that only a system instruction does. */
struct kept {
	uint64_t gpr[16], rip, flags;
};

static void keep(struct kept *kept, const struct cpu *cpu)
{
	memcpy(kept->gpr, cpu->gpr, sizeof(kept->gpr));
	kept->rip = cpu->rip;
	kept->flags = cpu->flags;
}

static void put_back(struct cpu *cpu, const struct kept *kept)
{
	memcpy(cpu->gpr, kept->gpr, sizeof(kept->gpr));
	cpu->rip = kept->rip;
	cpu->flags = kept->flags;
}

/* It is executed, but for what interrupts and TF bring. */
static enum done finish(struct cpu *cpu, const struct form *form, const struct kept *before,
			bool interrupts, bool jumps)
{
	if (interrupts) {
		struct fault fault = cpu->fault;

		cpu->rip = segment_cut_rip(cpu, cpu->rip + form->length);
		return deliver(cpu, &fault,
			       form->mnemonic == ZYDIS_MNEMONIC_INT1 ? DELIVER_EXCEPTION :
								       DELIVER_SOFTWARE,
			       before->rip);
	}
	if (!jumps)
		cpu->rip = segment_cut_rip(cpu, cpu->rip + form->length);
	/* After an instruction that began with TF set: SDM vol. 3B, 17.3.1.4. */
	return before->flags & R0_RFLAGS_TF ? trap(cpu, DR6_BS, 0) : DONE;
}

/* The one on which KVM gave up. */
static enum done first_one(struct assist *assist, struct cpu *cpu, struct form **result, bool *last)
{
	bool interrupts = false, jumps = false;
	struct kept before;
	struct form *form;
	const char *why;
	enum done done;

	keep(&before, cpu);
	done = forms_find(&assist->forms, cpu, &form);
	*result = form;
	/* It holds for one instruction, and what that may load of it for the next one. */
	cpu->flags &= ~(uint64_t)R0_RFLAGS_RF;
	if (done == DONE)
		done = execute(assist, cpu, form, &interrupts, &jumps);
	*last = done != DONE || interrupts || before.flags & R0_RFLAGS_TF || !goes_on(form);
	if (done == DONE_FAULT)
		return deliver(cpu, &cpu->fault, DELIVER_EXCEPTION, cpu->rip);
	if (done == DONE) {
		counts_add(&assist->counts, form->mnemonic);
		return finish(cpu, form, &before, interrupts, jumps);
	}
	why = cpu->why;
	if (done == DONE_CANNOT && form->length)
		assist->mnemonic = decoder_mnemonic(form->mnemonic);
	put_back(cpu, &before);
	cpu->why = why;
	return done;
}

/*
 * One that comes after it: a computation or a near transfer, in memory of the guest's own. Anything else about it ends
 * the run before it, for KVM to look at; so does a fault, unless KVM would give up on it before it sees that.
 */
static enum done further_one(struct assist *assist, struct cpu *cpu, unsigned int *known,
			     bool *last)
{
	struct bus *bus = cpu->bus;
	bool interrupts, jumps = false;
	struct kept before;
	struct form *form;
	enum done done;

	*last = true;
	if (forms_find(&assist->forms, cpu, &form) != DONE || !goes_on(form))
		return DONE;
	keep(&before, cpu);
	cpu->bus = NULL;
	done = execute(assist, cpu, form, &interrupts, &jumps);
	cpu->bus = bus;
	if (done == DONE_FAULT && form->is_beyond_kvm)
		return deliver(cpu, &cpu->fault, DELIVER_EXCEPTION, cpu->rip);
	if (done != DONE) {
		put_back(cpu, &before);
		return done == DONE_ERROR ? done : DONE;
	}
	*last = false;
	*known = form->is_beyond_kvm ? 0 : *known + 1;
	if (form->is_beyond_kvm)
		counts_add(&assist->counts, form->mnemonic);
	return finish(cpu, form, &before, false, jumps);
}

/* Breakpoints that the guest set are KVM's to find: then one instruction at a time. */
static bool has_breakpoints(const struct cpu *cpu)
{
	struct kvm_debugregs debugregs;

	return ioctl(cpu->vcpu->fd, KVM_GET_DEBUGREGS, &debugregs) < 0 || debugregs.dr7 & 0xff;
}

/* Whether to look at what comes after a first one, which has no breakpoint, or that would have been hit. */
static bool may_go_on(struct assist *assist, struct form *first)
{
	if (assist->one_by_one)
		return false;
	if (first->tries >= ALONE_LIMIT && first->tries++ % ALONE_AGAIN)
		return false;
	return !has_breakpoints(&assist->cpu);
}

static enum done go_on(struct assist *assist, struct form *first)
{
	struct cpu *cpu = &assist->cpu;
	const unsigned int limit = cpu->flags & R0_RFLAGS_IF ? RUN_LIMIT_INTERRUPTED : RUN_LIMIT;
	const volatile __u8 *kicked = &cpu->vcpu->run->immediate_exit;
	const uint64_t rip = first->rip;
	unsigned int known = 0, i;
	enum done done = DONE;
	bool last = false, alone = true;

	for (i = 1; i < limit && done == DONE && !last && known < KNOWN_LIMIT && !*kicked; i++) {
		done = further_one(assist, cpu, &known, &last);
		alone &= last || known;
	}
	if (first->rip == rip)
		first->tries = alone ? first->tries + 1 : 0;
	return done;
}

/* KVM queues #UD when it gives up (arch/x86/kvm/x86.c), and shadows interrupts as before. */
static void clear_events(struct vcpu *vcpu)
{
	struct kvm_vcpu_events *events = &vcpu->run->s.regs.events;

	events->exception.injected = 0;
	events->exception.pending = 0;
	events->exception.has_error_code = 0;
	events->exception_has_payload = 0;
	events->interrupt.shadow = 0;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
}

static enum done store_vector(struct cpu *cpu)
{
	uint64_t in_use;

	if (!cpu->vector_changed)
		return DONE;
	memcpy(&in_use, cpu->code->xsave + XSTATE_BV, sizeof(in_use));
	in_use |= XSTATE_LEGACY;
	memcpy(cpu->code->xsave + XSTATE_BV, &in_use, sizeof(in_use));
	if (memcmp(cpu->code->xsave, cpu->code->loaded, cpu->vcpu->vm->kvm->own->xsave_size) == 0)
		return DONE;
	return KVM_IOCTL(cpu->vcpu->fd, KVM_SET_XSAVE, (struct kvm_xsave *)cpu->code->xsave,
			 cpu->error) < 0 ?
		       DONE_ERROR :
		       DONE;
}

enum assist_answer assist_complete(struct assist *assist, struct bus *bus, const char **why,
				   struct error *error)
{
	struct cpu *cpu = &assist->cpu;
	enum done done = DONE;
	struct form *first;
	bool last, events;
	uint16_t task;

	*why = NULL;
	assist->exits++;
	cpu->bus = bus;
	cpu->error = error;
	cpu->why = NULL;
	assist->text.page = UINT64_MAX;
	cpu->sregs_changed = cpu->vector_loaded = cpu->vector_changed = false;
	assist->mnemonic = NULL;
	cpu_load(cpu);
	task = cpu->sregs->tr.selector;
	*why = unknown_mode(cpu);
	if (*why)
		return ASSIST_CANNOT;
	done = load_rest(cpu);
	if (done != DONE) {
		*why = cpu->why;
		return done == DONE_CANNOT ? ASSIST_CANNOT : ASSIST_FAILED;
	}
	done = first_one(assist, cpu, &first, &last);
	events = done == DONE;
	if (done == DONE && !last && may_go_on(assist, first))
		done = go_on(assist, first);
	if (done == DONE && cpu->sregs->tr.selector != task)
		done = begin_task(cpu);
	cpu_store(cpu);
	if (events)
		clear_events(assist->vcpu);
	if (store_vector(cpu) != DONE)
		return ASSIST_FAILED;
	*why = cpu->why;
	switch (done) {
	case DONE:
	case DONE_FAULT:
		return ASSIST_COMPLETED;
	case DONE_REFUSED:
		return ASSIST_REFUSED;
	case DONE_SHUTDOWN:
		return ASSIST_SHUTDOWN;
	case DONE_CANNOT:
		return ASSIST_CANNOT;
	case DONE_ERROR:
		break;
	}
	return ASSIST_FAILED;
}
