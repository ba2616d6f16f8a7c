/* SPDX-License-Identifier: MIT */
/* From an emulation failure to the instruction after it, and on to the end of the basic block. */
#include "assist/assist.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/x86/registers.h>
#include "assist/x86_64/cpu.h"
#include "assist/x86_64/decoder.h"
#include "assist/x86_64/deliver.h"
#include "assist/x86_64/instruction_encoding.h"
#include "assist/x86_64/instruction_form.h"
#include "assist/x86_64/paging.h"
#include "assist/x86_64/run_natively.h"
#include "assist/x86_64/segment.h"
#include "assist/x86_64/system.h"
#include "assist/x86_64/task.h"
#include "assist/x86_64/vector.h"
#include "kvm/kvm_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"

/* Of one exit: an interrupt, or the end of the test's time, may be waiting. */
#define BATCH_LIMIT 4096

/* How many instructions are looked at ahead. */
#define LOOKAHEAD 32

#define FORMS	  1024 /* a power of two */
#define MNEMONICS 256

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
	struct form forms[FORMS];
	struct {
		ZydisMnemonic mnemonic;
		uint64_t count;
	} counts[MNEMONICS];
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

void assist_forget_counts(struct assist *assist)
{
	memset(assist->counts, 0, sizeof(assist->counts));
}

bool assist_count_of(const struct assist *assist, size_t index, const char **mnemonic,
		     uint64_t *count)
{
	if (index >= MNEMONICS || !assist->counts[index].count)
		return false;
	*mnemonic = assist->counts[index].mnemonic == ZYDIS_MNEMONIC_INVALID ?
			    "others" :
			    decoder_mnemonic(assist->counts[index].mnemonic);
	*count = assist->counts[index].count;
	return true;
}

const char *assist_refused_mnemonic(const struct assist *assist)
{
	return assist->mnemonic;
}

static void count(struct assist *assist, ZydisMnemonic mnemonic)
{
	size_t i = 0;

	while (i < MNEMONICS - 1 && assist->counts[i].count &&
	       assist->counts[i].mnemonic != mnemonic)
		i++;
	assist->counts[i].mnemonic = i < MNEMONICS - 1 ? mnemonic : ZYDIS_MNEMONIC_INVALID;
	assist->counts[i].count++;
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

/* The instruction goes on where no more of it could be fetched: why, the page's tables say. */
static enum done next_page(struct cpu *cpu, size_t count)
{
	struct access access = { .fetch = true, .user = cpu_cpl(cpu) == 3 };
	r0_gpa physical;
	uint64_t address;
	enum done done = segment_code_address(cpu, cpu->rip + count, &address);

	if (done == DONE)
		done = cpu_translate(cpu, address, access, &physical);
	cpu->why = "part of its code is not in memory";
	return done == DONE ? DONE_CANNOT : done;
}

/* Kept by address, but known by its bytes: code may change. */
static enum done find_form(struct assist *assist, struct cpu *cpu, struct form **result)
{
	struct form *form = &assist->forms[(cpu->rip ^ cpu->rip >> 10) & (FORMS - 1)];
	struct decoded decoded;
	uint8_t bytes[15];
	size_t count;
	enum done done = cpu_fetch(cpu, bytes, &count);

	*result = form;
	if (done != DONE)
		return done;
	if (form->length && form->rip == cpu->rip && form->bits == cpu->bits &&
	    form->length <= count && memcmp(form->bytes, bytes, form->length) == 0)
		return DONE;
	form->length = 0;
	switch (decoder_decode(cpu->bits, bytes, count, &decoded)) {
	case DECODER_INSTRUCTION:
		break;
	case DECODER_SHORT:
		if (count == 15)
			return cpu_raise_code(cpu, R0_GP, 0);
		return next_page(cpu, count);
	case DECODER_TOO_LONG:
		return cpu_raise_code(cpu, R0_GP, 0);
	case DECODER_UNDEFINED:
		return cpu_raise(cpu, R0_UD);
	case DECODER_UNKNOWN:
		cpu->why = "its decoder does not know it";
		return DONE_CANNOT;
	}
	instruction_form_find(form, cpu->bits, &decoded, bytes);
	form->rip = cpu->rip;
	/* SDM vol. 2A, 2.3.1. */
	if (cpu_is_real(cpu) && (decoded.instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX ||
				 decoded.instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX))
		return cpu_raise(cpu, R0_UD);
	return DONE;
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

static bool goes_on(const struct form *form)
{
	return form->kind == FORM_PLAIN || form->kind == FORM_NOTHING || form->kind == FORM_LEA;
}

static enum done one(struct assist *assist, struct cpu *cpu, bool first, bool *last)
{
	bool steps = cpu->flags & R0_RFLAGS_TF, interrupts = false, jumps = false;
	struct cpu before = *cpu;
	struct form *form;
	enum done done;

	*last = true;
	done = find_form(assist, cpu, &form);
	if (done == DONE && !first && !goes_on(form))
		return DONE;
	/* It holds for one instruction, and what that may load of it for the next one. */
	cpu->flags &= ~(uint64_t)R0_RFLAGS_RF;
	if (done == DONE)
		done = execute(assist, cpu, form, &interrupts, &jumps);
	if (done == DONE || done == DONE_FAULT)
		*last = done == DONE_FAULT || interrupts || steps || form->kind == FORM_SYSTEM;
	if (done == DONE_FAULT)
		return deliver(cpu, &cpu->fault, DELIVER_EXCEPTION, cpu->rip);
	if (done != DONE) {
		const char *why = cpu->why;

		/* A later one is tried by KVM first. */
		if (!first && done == DONE_CANNOT)
			return DONE;
		if (done == DONE_CANNOT && form->length)
			assist->mnemonic = decoder_mnemonic(form->mnemonic);
		cpu->flags = before.flags;
		cpu->rip = before.rip;
		memcpy(cpu->gpr, before.gpr, sizeof(cpu->gpr));
		cpu->why = why;
		return done;
	}
	count(assist, form->mnemonic);
	if (interrupts) {
		struct fault fault = cpu->fault;

		cpu->rip = segment_cut_rip(cpu, cpu->rip + form->length);
		return deliver(cpu, &fault,
			       form->mnemonic == ZYDIS_MNEMONIC_INT1 ? DELIVER_EXCEPTION :
								       DELIVER_SOFTWARE,
			       before.rip);
	}
	if (!jumps)
		cpu->rip = segment_cut_rip(cpu, cpu->rip + form->length);
	/* After an instruction that began with TF set: SDM vol. 3B, 17.3.1.4. */
	return steps ? trap(cpu, DR6_BS, 0) : DONE;
}

/* Breakpoints that the guest set are KVM's to find: then one instruction at a time. */
static bool has_breakpoints(const struct cpu *cpu)
{
	struct kvm_debugregs debugregs;

	return ioctl(cpu->vcpu->fd, KVM_GET_DEBUGREGS, &debugregs) < 0 || debugregs.dr7 & 0xff;
}

/*
 * Whether more of this basic block is beyond KVM: what is not, it does itself, for less than it
 * takes to ask for the guest's breakpoints.
 */
static bool is_worth_it(struct assist *assist, struct cpu *cpu)
{
	struct cpu ahead = *cpu;
	struct form *form;
	unsigned int i;

	for (i = 0; i < LOOKAHEAD; i++) {
		if (find_form(assist, &ahead, &form) != DONE || !goes_on(form))
			return false;
		if (form->is_beyond_kvm)
			return true;
		ahead.rip += form->length;
	}
	return false;
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
	bool last = false;
	unsigned int i;
	uint16_t task;

	*why = NULL;
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
	for (i = 0; i < BATCH_LIMIT && done == DONE && !last; i++) {
		/* The one that failed has no breakpoint, or it would have been hit. */
		if (i == 1 &&
		    (assist->one_by_one || !is_worth_it(assist, cpu) || has_breakpoints(cpu)))
			break;
		done = one(assist, cpu, i == 0, &last);
	}
	if (done == DONE && cpu->sregs->tr.selector != task)
		done = begin_task(cpu);
	cpu_store(cpu);
	if (done == DONE || i > 1)
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
