/* SPDX-License-Identifier: MIT */
/*
 * Why an exception could not be delivered where there is no long mode: by gates of 8 bytes (SDM vol. 3A, 6.11 and 6.12),
 * in real mode by vectors (vol. 3B, 21.1.4). Depends on gate_x86_64.h,
 * walk_x86_64.h and exception.h.
 */
#include "crash/undelivered_narrow_x86_64.h"
#include <ring0/x86/registers.h>
#include "crash/exception.h"
#include "crash/gate_x86_64.h"
#include "crash/walk_x86_64.h"

#define GATE_SIZE   8
#define VECTOR_SIZE 4

/* Types of gates: bit 3 says 32 bits, bit 0 trap. */
#define TYPE_TASK_GATE	    5
#define TYPE_INTERRUPT_GATE 6
#define TYPE_IS_32	    8
#define TYPE_IS_TRAP	    1

/* Types of TSSs, busy or not. */
#define TYPE_TSS_32 9

/* A stack to push a frame to. */
struct stack {
	const char *name;
	uint64_t base, limit, top;
	bool wide, expands_down;
};

static bool is_real(const struct crash_view *view)
{
	return !(view->sregs.cr0 & R0_CR0_PE);
}

static uint64_t limit_of(uint64_t descriptor)
{
	uint64_t limit = (descriptor & 0xffff) | (descriptor >> 32 & 0xf0000);

	return descriptor >> 55 & 1 ? limit << 12 | 0xfff : limit;
}

static uint64_t base_of(uint64_t descriptor)
{
	return (descriptor >> 16 & 0xffffff) | (descriptor >> 32 & 0xff000000);
}

/* The stack of code that has not changed its ring. RSP is linear in the view, if it is of such code. */
static struct stack present_stack(const struct crash_view *view)
{
	const struct kvm_segment *ss = &view->sregs.ss;
	uint64_t top = view->code_bits ? view->regs.rsp - ss->base : view->regs.rsp;

	return (struct stack){
		.name = ss->db ? "ESP" : "SP",
		.base = ss->base,
		.limit = ss->limit,
		.top = ss->db ? (uint32_t)top : (uint16_t)top,
		.wide = ss->db,
		.expands_down = (ss->type & 0xc) == 4,
	};
}

/* That of an inner ring, of the TSS: SDM vol. 3A, 8.2.1 and 8.2.6. False, with a reason, if there is none. */
static bool find_inner_stack(const struct crash_view *view, unsigned int ring, struct stack *stack,
			     char *reason, size_t size)
{
	static const char *const names[] = { "the TSS's ESP0", "the TSS's ESP1", "the TSS's ESP2" };
	const struct kvm_segment *tss = &view->sregs.tr;
	unsigned int width = (tss->type & TYPE_TSS_32) == TYPE_TSS_32 ? 4 : 2;
	unsigned int offset = width == 4 ? 4 + 8 * ring : 2 + 4 * ring;
	uint64_t descriptor, top = 0;
	uint16_t selector;

	*stack = (struct stack){ .name = names[ring] };
	if (offset + width + 1 > tss->limit) {
		snprintf(reason, size, "%s is beyond the TSS's limit, %#x", stack->name,
			 tss->limit);
		return false;
	}
	if (crash_walk_read(view, tss->base + offset, &top, width) != width ||
	    crash_walk_read(view, tss->base + offset + width, &selector, 2) != 2) {
		snprintf(reason, size, "the TSS at %#llx is not mapped",
			 (unsigned long long)tss->base);
		return false;
	}
	if (!crash_gate_descriptor(view, "its stack's", selector, &descriptor, reason, size))
		return false;
	if ((descriptor >> 43 & 3) != 2 || !(descriptor >> 41 & 1) ||
	    (descriptor >> 45 & 3) != ring || (selector & 3u) != ring || !(descriptor >> 47 & 1)) {
		snprintf(reason, size,
			 "its stack's selector %#x is not of a writable data segment of ring %u "
			 "that is present",
			 selector, ring);
		return false;
	}
	stack->base = base_of(descriptor);
	stack->limit = limit_of(descriptor);
	stack->top = top;
	stack->wide = descriptor >> 54 & 1;
	stack->expands_down = (descriptor >> 40 & 0xc) == 4;
	return true;
}

/* Pushes wrap, one by one: SDM vol. 2B, PUSH. */
static bool refuses_word(const struct crash_view *view, const struct stack *stack, uint64_t first,
			 unsigned int width, bool user, char *reason, size_t size)
{
	const uint64_t most = stack->wide ? UINT32_MAX : UINT16_MAX, last = first + width - 1;

	if (last > most || (stack->expands_down ? first <= stack->limit : last > stack->limit)) {
		snprintf(reason, size, "beyond its segment's limit, %#llx",
			 (unsigned long long)stack->limit);
		return true;
	}
	return crash_walk_refuses_range(view, (uint32_t)(stack->base + first), width,
					(struct crash_access){ .write = true, .user = user },
					reason, size);
}

static bool refuses_frame(const struct crash_view *view, const struct stack *stack,
			  unsigned int words, unsigned int width, bool user, char *reason,
			  size_t size)
{
	uint64_t at = stack->top;
	char why[256] = "";
	unsigned int i;

	for (i = 0; i < words && !why[0]; i++) {
		at = (at - width) & (stack->wide ? UINT32_MAX : UINT16_MAX);
		refuses_word(view, stack, at, width, user, why, sizeof(why));
	}
	if (!why[0])
		return false;
	snprintf(reason, size, "its frame can't be pushed at %s, %#llx: %s", stack->name,
		 (unsigned long long)stack->top, why);
	return true;
}

static bool refuses_handler(const struct crash_view *view, uint64_t code, uint64_t offset,
			    unsigned int ring, char *reason, size_t size)
{
	const struct crash_access fetch = { .fetch = true, .user = ring == 3 };
	const uint64_t at = (uint32_t)(base_of(code) + offset);
	char why[256];

	if (offset > limit_of(code))
		snprintf(why, sizeof(why), "beyond its segment's limit, %#llx",
			 (unsigned long long)limit_of(code));
	else if (!crash_walk_refuses_range(view, at, 1, fetch, why, sizeof(why)))
		return false;
	snprintf(reason, size, "its handler at %#llx can't be fetched: %s",
		 (unsigned long long)offset, why);
	return true;
}

static bool refuses_gate(uint64_t gate, bool software, unsigned int cpl, char *reason, size_t size)
{
	unsigned int type = gate >> 40 & 0x1f, dpl = gate >> 45 & 3;

	if ((type & ~(unsigned int)(TYPE_IS_32 | TYPE_IS_TRAP)) != TYPE_INTERRUPT_GATE &&
	    type != TYPE_TASK_GATE)
		snprintf(reason, size,
			 "its gate in the IDT is of type %#x, neither an interrupt nor "
			 "a trap gate",
			 type);
	else if (software && dpl < cpl)
		snprintf(reason, size, "its gate's DPL is %u, below CPL %u", dpl, cpl);
	else if (!(gate >> 47 & 1))
		snprintf(reason, size, "its gate in the IDT is not present");
	else if (type == TYPE_TASK_GATE)
		snprintf(reason, size, "its gate leads to a task, which is not looked at here");
	else
		return false;
	return true;
}

/*
 * The frame's words: the return address and flags, the stack where the ring changes, and what virtual-8086 mode leaves.
 * INT n pushes no error code, whatever the vector: SDM vol. 3A, 6.13.
 */
static unsigned int frame_words(const struct crash_view *view, int vector, bool software,
				bool inner)
{
	return 3 + (crash_exception_has_error_code(vector) && !software) + (inner ? 2 : 0) +
	       (view->regs.rflags & R0_RFLAGS_VM ? 4 : 0);
}

static bool refuses_delivery(const struct crash_view *view, int vector, bool software,
			     uint64_t gate, char *reason, size_t size)
{
	const unsigned int cpl = crash_gate_privilege(view);
	const unsigned int width = gate >> 40 & TYPE_IS_32 ? 4 : 2;
	struct stack stack = present_stack(view);
	uint64_t code = 0, offset;
	unsigned int ring;

	if (crash_gate_refuses_code(view, gate >> 16 & 0xffff, &code, reason, size))
		return true;
	/* Conforming code runs in the ring that it interrupts. */
	ring = code >> 42 & 1 ? cpl : code >> 45 & 3;
	/* SDM vol. 2A, INT n, "inter-privilege-level interrupt". */
	if (view->regs.rflags & R0_RFLAGS_VM && ring) {
		snprintf(reason, size,
			 "its gate's code segment %#x does not lead to ring 0, as it must from "
			 "virtual-8086 mode",
			 (unsigned int)(gate >> 16 & 0xffff));
		return true;
	}
	if (ring < cpl && !find_inner_stack(view, ring, &stack, reason, size))
		return true;
	if (refuses_frame(view, &stack, frame_words(view, vector, software, ring < cpl), width,
			  ring == 3, reason, size))
		return true;
	offset = (gate & 0xffff) | (width == 4 ? gate >> 32 & 0xffff0000 : 0);
	return refuses_handler(view, code, offset, ring, reason, size);
}

/* Whatever the vector has is a handler. */
static bool refuses_in_real_mode(const struct crash_view *view, char *reason, size_t size)
{
	const struct stack stack = present_stack(view);

	return refuses_frame(view, &stack, 3, 2, false, reason, size);
}

bool crash_undelivered_narrow_reason(const struct crash_view *view, int vector, bool software,
				     char *reason, size_t size)
{
	const struct kvm_dtable *idt = &view->sregs.idt;
	const unsigned int width = is_real(view) ? VECTOR_SIZE : GATE_SIZE;
	const uint64_t at = crash_gate_address(view, vector);
	uint64_t gate = 0;
	char why[256];

	reason[0] = '\0';
	if (vector * width + width - 1 > idt->limit) {
		snprintf(reason, size, "the IDT's limit is %s%x", idt->limit ? "0x" : "",
			 idt->limit);
		return true;
	}
	if (crash_walk_refuses_range(view, at, width, (struct crash_access){ 0 }, why,
				     sizeof(why))) {
		snprintf(reason, size, "its gate in the IDT at %#llx can't be read: %s",
			 (unsigned long long)at, why);
		return true;
	}
	if (crash_walk_read(view, at, &gate, width) != width) {
		snprintf(reason, size, "its gate in the IDT at %#llx is outside guest memory",
			 (unsigned long long)at);
		return true;
	}
	if (is_real(view))
		return refuses_in_real_mode(view, reason, size);
	return refuses_gate(gate, software, crash_gate_privilege(view), reason, size) ||
	       refuses_delivery(view, vector, software, gate, reason, size);
}
