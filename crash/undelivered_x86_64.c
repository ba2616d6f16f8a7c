/* SPDX-License-Identifier: MIT */
/*
 * After a triple fault: which exception could not be delivered, from the instruction at RIP, and
 * why, from the IDT to the handler's stack (SDM vol. 3A, 6.12 to 6.15; APM vol. 2, 8.9).
 * Depends on the files beside it: gate, undelivered_narrow, walk, exception and child.
 */
#include <string.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>
#include "crash/exception.h"
#include "crash/gate_x86_64.h"
#include "crash/undelivered_narrow_x86_64.h"
#include "crash/undelivered_x86_64.h"
#include "crash/walk_x86_64.h"

#define GATE_SIZE      16
#define GATE_INTERRUPT 0xe
#define GATE_TRAP      0xf

#define TSS_RSP0 4
#define TSS_IST1 36

static bool is_long(const struct crash_view *view)
{
	return view->sregs.efer & R0_EFER_LMA;
}

/* Why the stack that the handler starts on can't take its frame: SDM vol. 3A, 6.14.4. */
static bool refuses_stack(const struct crash_view *view, unsigned int ist, bool inner,
			  bool error_code, char *reason, size_t size)
{
	const struct kvm_segment *tss = &view->sregs.tr;
	unsigned int frame = error_code ? 48 : 40;
	uint64_t stack = view->regs.rsp;
	char name[48] = "RSP", why[256];

	if (ist || inner) {
		unsigned int offset = ist ? TSS_IST1 + (ist - 1) * 8 : TSS_RSP0;

		if (ist)
			snprintf(name, sizeof(name), "the TSS's IST%u", ist);
		else
			snprintf(name, sizeof(name), "the TSS's RSP0");
		if (offset + 7 > tss->limit) {
			snprintf(reason, size, "%s is beyond the TSS's limit, %#x", name,
				 tss->limit);
			return true;
		}
		if (crash_walk_read(view, tss->base + offset, &stack, 8) != 8) {
			snprintf(reason, size, "the TSS at %#llx is not mapped",
				 (unsigned long long)tss->base);
			return true;
		}
	}
	stack &= ~15ull;
	if (!crash_walk_refuses_range(view, stack - frame, frame,
				      (struct crash_access){ .write = true }, why, sizeof(why)))
		return false;
	snprintf(reason, size, "its frame can't be pushed at %s, %#llx: %s", name,
		 (unsigned long long)stack, why);
	return true;
}

bool crash_undelivered_reason(const struct crash_view *view, int vector, bool software,
			      char *reason, size_t size)
{
	const struct kvm_dtable *idt = &view->sregs.idt;
	const unsigned int cpl = crash_gate_privilege(view);
	uint64_t at = crash_gate_address(view, vector), gate[2], handler, code = 0;
	unsigned int type, dpl, target_privilege;
	char why[256];

	if (!is_long(view))
		return crash_undelivered_narrow_reason(view, vector, software, reason, size);

	reason[0] = '\0';
	if (vector * GATE_SIZE + GATE_SIZE - 1 > idt->limit) {
		snprintf(reason, size, "the IDT's limit is %s%x", idt->limit ? "0x" : "",
			 idt->limit);
		return true;
	}
	if (crash_walk_refuses_range(view, at, GATE_SIZE, (struct crash_access){ 0 }, why,
				     sizeof(why))) {
		snprintf(reason, size, "its gate in the IDT at %#llx can't be read: %s",
			 (unsigned long long)at, why);
		return true;
	}
	if (crash_walk_read(view, at, gate, sizeof(gate)) != sizeof(gate)) {
		snprintf(reason, size, "its gate in the IDT at %#llx is outside guest memory",
			 (unsigned long long)at);
		return true;
	}
	type = gate[0] >> 40 & 0x1f;
	dpl = gate[0] >> 45 & 3;
	if (type != GATE_INTERRUPT && type != GATE_TRAP) {
		snprintf(reason, size,
			 "its gate in the IDT is of type %#x, neither an interrupt nor "
			 "a trap gate",
			 type);
		return true;
	}
	if (software && dpl < cpl) {
		snprintf(reason, size, "its gate's DPL is %u, below CPL %u", dpl, cpl);
		return true;
	}
	if (!(gate[0] >> 47 & 1)) {
		snprintf(reason, size, "its gate in the IDT is not present");
		return true;
	}
	if (crash_gate_refuses_code(view, gate[0] >> 16 & 0xffff, &code, reason, size))
		return true;
	target_privilege = code >> 45 & 3;
	if (refuses_stack(view, gate[0] >> 32 & 7, target_privilege < cpl,
			  crash_exception_has_error_code(vector), reason, size))
		return true;
	handler = (gate[0] & 0xffff) | (gate[0] >> 48 << 16) | (gate[1] << 32);
	if (crash_walk_refuses_range(view, handler, 1,
				     (struct crash_access){ .fetch = true,
							    .user = target_privilege == 3 },
				     why, sizeof(why))) {
		snprintf(reason, size, "its handler at %#llx can't be fetched: %s",
			 (unsigned long long)handler, why);
		return true;
	}
	return false;
}

/* Whether the CPU may not even fetch the instruction. */
static bool fails_fetch(const struct crash_view *view, struct crash_undelivered *found)
{
	uint64_t rip = view->regs.rip;
	const struct kvm_segment *cs = &view->sregs.cs;
	struct crash_walk walk;
	char why[256];

	if (view->code_bits && (uint32_t)(rip - cs->base) > cs->limit) {
		found->vector = R0_GP;
		snprintf(found->cause, sizeof(found->cause),
			 "fetch from %#llx: beyond CS's limit, %#x",
			 (unsigned long long)(uint32_t)(rip - cs->base), cs->limit);
		return true;
	}
	crash_walk(view, rip, &walk);
	if (!crash_walk_refuses(view, &walk,
				(struct crash_access){ .fetch = true,
						       .user = crash_gate_privilege(view) == 3 },
				why, sizeof(why)))
		return false;
	found->vector = walk.canonical ? R0_PF : R0_GP;
	found->address = rip;
	snprintf(found->cause, sizeof(found->cause), "fetch from %#llx: %s",
		 (unsigned long long)rip, why);
	return true;
}

static const struct kvm_segment *segment_of(const struct crash_view *view, char letter)
{
	const struct kvm_sregs *s = &view->sregs;

	switch (letter) {
	case 'e':
		return &s->es;
	case 'c':
		return &s->cs;
	case 's':
		return &s->ss;
	case 'f':
		return &s->fs;
	case 'g':
		return &s->gs;
	default:
		return &s->ds;
	}
}

/* Code of 16 and 32 bits may access no more than its segment holds: SDM vol. 3A, 5.3. */
static bool refuses_segment(const struct crash_view *view, const struct crash_child_access *access,
			    char *reason, size_t size)
{
	const struct kvm_segment *segment = segment_of(view, access->segment);
	uint64_t first = (uint32_t)(access->address - segment->base);
	uint64_t last = first + (access->size ? access->size - 1 : 0);
	const char *name = access->segment == 's' ? "SS" : "its segment";
	bool expands_down = (segment->type & 0xc) == 4;

	if (!view->code_bits)
		return false;
	if (segment->unusable)
		snprintf(reason, size, "%s is null", name);
	else if (expands_down ?
			 first <= segment->limit || last > (segment->db ? UINT32_MAX : UINT16_MAX) :
			 last > segment->limit)
		snprintf(reason, size, "beyond the limit of %s, %#x", name, segment->limit);
	else
		return false;
	return true;
}

static bool fails_access(const struct crash_view *view, const struct crash_child_access *access,
			 struct crash_undelivered *found)
{
	struct crash_access how = { .write = access->write,
				    .user = crash_gate_privilege(view) == 3 };
	const uint8_t stack_vector = access->segment == 's' ? R0_SS : R0_GP;
	struct crash_walk first, last;
	char why[256], address[64];

	crash_walk(view, access->address, &first);
	crash_walk(view, access->address + (access->size ? access->size - 1 : 0), &last);
	crash_exception_address(access->address, address, sizeof(address));
	if (refuses_segment(view, access, why, sizeof(why))) {
		found->vector = stack_vector;
	} else if (!first.canonical || !last.canonical) {
		found->vector = stack_vector;
		snprintf(why, sizeof(why), "the address is not canonical");
	} else if (access->alignment > 1 && access->address % access->alignment) {
		found->vector = R0_GP;
		snprintf(why, sizeof(why), "it is not aligned to %u bytes", access->alignment);
	} else if (crash_walk_refuses_range(view, access->address, access->size, how, why,
					    sizeof(why))) {
		found->vector = R0_PF;
	} else {
		return false;
	}
	found->address = access->address;
	snprintf(found->cause, sizeof(found->cause), "%s %s: %s",
		 access->write ? "write to" : "read from", address, why);
	return true;
}

/* Whether the extension that the instruction belongs to is off: SDM vol. 3A, tables 2-2 and 13-1. */
static bool fails_extension(const struct crash_view *view, const char *extension,
			    struct crash_undelivered *found)
{
	uint64_t cr0 = view->sregs.cr0, cr4 = view->sregs.cr4;
	bool vex = !strncmp(extension, "AVX", 3) || !strncmp(extension, "FMA", 3);
	bool sse = !strncmp(extension, "SSE", 3) || !strncmp(extension, "SSSE", 4);
	bool x87 = !strcmp(extension, "X87");
	const char *why = NULL;

	if (!vex && !sse && !x87 && strcmp(extension, "MMX"))
		return false;
	found->vector = R0_UD;
	if (cr0 & R0_CR0_EM && !vex) {
		found->vector = x87 ? R0_NM : R0_UD;
		why = "CR0.EM is set";
	} else if (sse && !(cr4 & R0_CR4_OSFXSR)) {
		why = "CR4.OSFXSR is clear";
	} else if (vex && !(cr4 & R0_CR4_OSXSAVE)) {
		why = "CR4.OSXSAVE is clear";
	} else if (cr0 & R0_CR0_TS) {
		found->vector = R0_NM;
		why = "CR0.TS is set";
	}
	if (!why) {
		found->vector = -1;
		return false;
	}
	snprintf(found->cause, sizeof(found->cause), "an instruction of %s while %s", extension,
		 why);
	return true;
}

/* In the order in which the CPU checks: SDM vol. 3A, table 6-2. */
static void find_exception(const struct crash_view *view, const struct crash_child *child,
			   struct crash_undelivered *found)
{
	if (fails_fetch(view, found) || fails_extension(view, child->extension, found))
		return;
	if (child->raises == R0_UD) {
		found->vector = R0_UD;
		return;
	}
	if (child->privileged && crash_gate_privilege(view)) {
		found->vector = R0_GP;
		snprintf(found->cause, sizeof(found->cause), "only ring 0 may execute it");
		return;
	}
	for (unsigned int i = 0; i < child->access_count; i++)
		if (fails_access(view, &child->accesses[i], found))
			return;
	if (child->raises >= 0)
		found->vector = child->raises;
	else if (child->interrupt >= 0)
		found->vector = child->interrupt;
}

void crash_undelivered_find(const struct crash_view *view, const struct crash_child *child,
			    struct crash_undelivered *found)
{
	memset(found, 0, sizeof(*found));
	found->vector = -1;
	find_exception(view, child, found);
	if (found->vector >= 0)
		crash_undelivered_reason(view, found->vector, found->vector == child->interrupt,
					 found->reason, sizeof(found->reason));
	/* Whatever came first, it ended with #DF. */
	crash_undelivered_reason(view, R0_DF, false, found->double_fault,
				 sizeof(found->double_fault));
}
