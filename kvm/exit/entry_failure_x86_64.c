/* SPDX-License-Identifier: MIT */
/* The checks of VM entry by VMX and SVM, made again after one failed. */
#include "kvm/exit/entry_failure_x86_64.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>

/* Exit reasons with bit 31, which says that the entry failed: SDM vol. 3C, 27.7 and appendix C. */
#define INVALID_STATE 0x80000021u
#define LOADING_MSRS  0x80000022u
#define MACHINE_CHECK 0x80000029u

/* VMEXIT_INVALID, in the widths that Linux has had it in: APM vol. 2, appendix C. */
#define SVM_INVALID_32 0xffffffffull
#define SVM_INVALID_64 0xffffffffffffffffull

/* No CPU has more physical address bits: SDM vol. 3A, 4.1.4. */
#define CR3_RESERVED (0xfffull << 52)

/* What the architectures define in CR4 up to FRED. */
#define CR4_DEFINED 0x11bff7fffull

/* kvm_vcpu_events.interrupt.shadow: api.rst, KVM_GET_VCPU_EVENTS. */
#define SHADOWS (KVM_X86_SHADOW_INT_MOV_SS | KVM_X86_SHADOW_INT_STI)

/* Segment types: SDM vol. 3A, 3.4.5.1 and 3.5. */
#define TYPE_ACCESSED	  0x1u
#define TYPE_READABLE	  0x2u
#define TYPE_CODE	  0x8u
#define TYPE_DATA_RW	  0x3u
#define TYPE_DATA_RW_DOWN 0x7u
#define TYPE_LDT	  0x2u
#define TYPE_BUSY_TSS_16  0x3u
#define TYPE_BUSY_TSS	  0xbu

#define SELECTOR_TI 0x4u

struct checks {
	const struct kvm_regs *regs;
	const struct kvm_sregs *sregs;
	bool long_mode, v86;
	char *why;
	size_t size;
};

static struct checks begin(const struct kvm_sync_regs *state, char *why, size_t size)
{
	if (size)
		why[0] = '\0';
	return (struct checks){
		.regs = &state->regs,
		.sregs = &state->sregs,
		.long_mode = state->sregs.efer & R0_EFER_LMA,
		.v86 = state->regs.rflags & R0_RFLAGS_VM,
		.why = why,
		.size = size,
	};
}

/* The check fails: always true. */
__attribute__((format(printf, 2, 3))) static bool fails(const struct checks *checks,
							const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(checks->why, checks->size, format, arguments);
	va_end(arguments);
	return true;
}

/* By the width of the CPU's linear addresses, which LA57 tells for sure one way only. */
static bool is_canonical(const struct checks *checks, uint64_t address)
{
	int64_t upper = (int64_t)address >> (checks->sregs->cr4 & R0_CR4_LA57 ? 56 : 47);

	return upper == 0 || upper == -1;
}

/* SDM vol. 3C, 27.3.1.1. CR0's fixed bits but NE, PE and PG are free: vol. 3D, A.7. */
static bool control_registers_fail(const struct checks *checks)
{
	const struct kvm_sregs *sregs = checks->sregs;
	uint64_t cr0 = sregs->cr0, cr4 = sregs->cr4, efer = sregs->efer;

	if (cr0 >> 32)
		return fails(checks, "CR0 has bits of its upper half set (%#" PRIx64 ")", cr0);
	if (cr0 & R0_CR0_PG && !(cr0 & R0_CR0_PE))
		return fails(checks, "CR0 has PG without PE (%#" PRIx64 ")", cr0);
	if (cr4 & ~CR4_DEFINED)
		return fails(checks, "CR4 has reserved bits set (%#" PRIx64 ")", cr4);
	if (cr4 & R0_CR4_CET && !(cr0 & R0_CR0_WP))
		return fails(checks, "CR4 has CET, and CR0 no WP");
	if (checks->long_mode && !(cr0 & R0_CR0_PG))
		return fails(checks, "EFER has LMA, and CR0 no PG");
	if (checks->long_mode && !(cr4 & R0_CR4_PAE))
		return fails(checks, "EFER has LMA, and CR4 no PAE");
	if (!checks->long_mode && cr4 & R0_CR4_PCIDE)
		return fails(checks, "CR4 has PCIDE outside long mode");
	if (sregs->cr3 & CR3_RESERVED)
		return fails(checks, "CR3 has reserved bits set (%#" PRIx64 ")",
			     (uint64_t)sregs->cr3);
	if (cr0 & R0_CR0_PG && !(efer & R0_EFER_LME) != !checks->long_mode)
		return fails(checks, "EFER's LME and LMA differ with paging on (%#" PRIx64 ")",
			     efer);
	return false;
}

static bool granularity_fails(const struct checks *checks, const char *name,
			      const struct kvm_segment *segment)
{
	if (segment->g && (segment->limit & 0xfff) != 0xfff)
		return fails(checks, "%s has G with a limit of %#x", name, segment->limit);
	if (!segment->g && segment->limit >> 20)
		return fails(checks, "%s has a limit of %#x without G", name, segment->limit);
	return false;
}

static bool presence_fails(const struct checks *checks, const char *name,
			   const struct kvm_segment *segment, bool system)
{
	if (!segment->s != system)
		return fails(checks, "%s is%s a system segment", name, system ? " not" : "");
	if (!segment->present)
		return fails(checks, "%s is not present", name);
	return granularity_fails(checks, name, segment);
}

/* SDM vol. 3C, 27.3.1.2, in virtual-8086 mode. */
static bool v86_segment_fails(const struct checks *checks, const char *name,
			      const struct kvm_segment *segment)
{
	if (segment->base != (uint64_t)segment->selector << 4)
		return fails(checks, "%s's base is not its selector times 16 with RFLAGS.VM set",
			     name);
	if (segment->limit != 0xffff)
		return fails(checks, "%s has a limit of %#x with RFLAGS.VM set", name,
			     segment->limit);
	if (segment->type != TYPE_DATA_RW || !segment->s || segment->dpl != 3 || !segment->present)
		return fails(checks, "%s is no present data segment of DPL 3 with RFLAGS.VM set",
			     name);
	return false;
}

static bool cs_fails(const struct checks *checks)
{
	const struct kvm_segment *cs = &checks->sregs->cs, *ss = &checks->sregs->ss;
	bool data = cs->type == TYPE_DATA_RW;

	if (cs->base >> 32)
		return fails(checks, "CS's base is beyond 4 GiB (%#" PRIx64 ")",
			     (uint64_t)cs->base);
	if (!data && (cs->type & (TYPE_CODE | TYPE_ACCESSED)) != (TYPE_CODE | TYPE_ACCESSED))
		return fails(checks, "CS has type %#x, no accessed code segment", cs->type);
	if (presence_fails(checks, "CS", cs, false))
		return true;
	if (data && cs->dpl)
		return fails(checks, "CS is a data segment with DPL %u", cs->dpl);
	/* Bit 2 of a code segment's type: it is conforming. */
	if (!data && !(cs->type & 4) && cs->dpl != ss->dpl)
		return fails(checks, "CS has DPL %u, SS %u", cs->dpl, ss->dpl);
	if (!data && cs->type & 4 && cs->dpl > ss->dpl)
		return fails(checks, "CS, which is conforming, has DPL %u, above SS's %u", cs->dpl,
			     ss->dpl);
	if (checks->long_mode && cs->l && cs->db)
		return fails(checks, "CS has both L and D set");
	return false;
}

static bool ss_fails(const struct checks *checks)
{
	const struct kvm_segment *ss = &checks->sregs->ss, *cs = &checks->sregs->cs;

	if ((cs->type == TYPE_DATA_RW || !(checks->sregs->cr0 & R0_CR0_PE)) && ss->dpl)
		return fails(checks, "SS has DPL %u in real mode", ss->dpl);
	if (ss->unusable)
		return false;
	if (ss->base >> 32)
		return fails(checks, "SS's base is beyond 4 GiB (%#" PRIx64 ")",
			     (uint64_t)ss->base);
	if (ss->type != TYPE_DATA_RW && ss->type != TYPE_DATA_RW_DOWN)
		return fails(checks, "SS has type %#x, no accessed writable data segment",
			     ss->type);
	return presence_fails(checks, "SS", ss, false);
}

static bool data_segment_fails(const struct checks *checks, const char *name,
			       const struct kvm_segment *segment)
{
	if (segment->unusable)
		return false;
	if (!(segment->type & TYPE_ACCESSED) ||
	    (segment->type & TYPE_CODE && !(segment->type & TYPE_READABLE)))
		return fails(checks, "%s has type %#x, no accessed readable segment", name,
			     segment->type);
	return presence_fails(checks, name, segment, false);
}

static bool system_segments_fail(const struct checks *checks)
{
	const struct kvm_segment *tr = &checks->sregs->tr, *ldt = &checks->sregs->ldt;

	if (tr->unusable)
		return fails(checks, "TR is unusable");
	if (tr->selector & SELECTOR_TI)
		return fails(checks, "TR's selector %#x is of the LDT", tr->selector);
	if (!is_canonical(checks, tr->base))
		return fails(checks, "TR's base is not canonical (%#" PRIx64 ")",
			     (uint64_t)tr->base);
	if (tr->type != TYPE_BUSY_TSS && (checks->long_mode || tr->type != TYPE_BUSY_TSS_16))
		return fails(checks, "TR has type %#x, no busy TSS", tr->type);
	if (presence_fails(checks, "TR", tr, true))
		return true;
	if (ldt->unusable)
		return false;
	if (ldt->selector & SELECTOR_TI)
		return fails(checks, "LDTR's selector %#x is of the LDT", ldt->selector);
	if (!is_canonical(checks, ldt->base))
		return fails(checks, "LDTR's base is not canonical (%#" PRIx64 ")",
			     (uint64_t)ldt->base);
	if (ldt->type != TYPE_LDT)
		return fails(checks, "LDTR has type %#x, no LDT", ldt->type);
	return presence_fails(checks, "LDTR", ldt, true);
}

static bool segments_fail(const struct checks *checks)
{
	const struct kvm_sregs *sregs = checks->sregs;
	const struct {
		const char *name;
		const struct kvm_segment *segment;
		bool far; /* its base has 64 bits */
	} data[] = {
		{ "DS", &sregs->ds, false },
		{ "ES", &sregs->es, false },
		{ "FS", &sregs->fs, true },
		{ "GS", &sregs->gs, true },
	};
	size_t i;

	if (checks->v86 && (v86_segment_fails(checks, "CS", &sregs->cs) ||
			    v86_segment_fails(checks, "SS", &sregs->ss)))
		return true;
	if (!checks->v86 && (cs_fails(checks) || ss_fails(checks)))
		return true;
	for (i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
		uint64_t base = data[i].segment->base;

		if (data[i].far && !is_canonical(checks, base))
			return fails(checks, "%s's base is not canonical (%#" PRIx64 ")",
				     data[i].name, base);
		if (!data[i].far && !data[i].segment->unusable && base >> 32)
			return fails(checks, "%s's base is beyond 4 GiB (%#" PRIx64 ")",
				     data[i].name, base);
		if (checks->v86 ? v86_segment_fails(checks, data[i].name, data[i].segment) :
				  data_segment_fails(checks, data[i].name, data[i].segment))
			return true;
	}
	return system_segments_fail(checks);
}

/* SDM vol. 3C, 27.3.1.3. */
static bool tables_fail(const struct checks *checks)
{
	const struct kvm_sregs *sregs = checks->sregs;

	if (!is_canonical(checks, sregs->gdt.base))
		return fails(checks, "the GDTR's base is not canonical (%#" PRIx64 ")",
			     (uint64_t)sregs->gdt.base);
	if (!is_canonical(checks, sregs->idt.base))
		return fails(checks, "the IDTR's base is not canonical (%#" PRIx64 ")",
			     (uint64_t)sregs->idt.base);
	return false;
}

/* SDM vol. 3C, 27.3.1.4. */
static bool rip_and_rflags_fail(const struct checks *checks)
{
	uint64_t rip = checks->regs->rip, rflags = checks->regs->rflags;

	if ((!checks->long_mode || !checks->sregs->cs.l) && rip >> 32)
		return fails(checks, "RIP is beyond 4 GiB outside 64-bit mode (%#" PRIx64 ")", rip);
	if (!is_canonical(checks, rip))
		return fails(checks, "RIP is not canonical (%#" PRIx64 ")", rip);
	if (rflags & R0_RFLAGS_RESERVED || !(rflags & R0_RFLAGS_FIXED))
		return fails(checks, "RFLAGS has reserved bits changed (%#" PRIx64 ")", rflags);
	if (checks->v86 && (checks->long_mode || !(checks->sregs->cr0 & R0_CR0_PE)))
		return fails(checks, "RFLAGS has VM in %s mode",
			     checks->long_mode ? "long" : "real");
	return false;
}

/* SDM vol. 3C, 27.3.1.5. */
static bool shadows_fail(const struct checks *checks, const struct kvm_vcpu_events *events)
{
	uint8_t shadow = events->interrupt.shadow;
	uint64_t rflags = checks->regs->rflags;

	if ((shadow & SHADOWS) == SHADOWS)
		return fails(checks, "STI and MOV SS shadow the same instruction");
	if (shadow & KVM_X86_SHADOW_INT_STI && !(rflags & R0_RFLAGS_IF))
		return fails(checks, "STI shadows an instruction with RFLAGS.IF clear");
	/* KVM does not tell what is pending; it may have forgotten that. */
	if (shadow & SHADOWS && rflags & R0_RFLAGS_TF)
		return fails(checks,
			     "RFLAGS.TF is set in the shadow of STI or MOV SS, and perhaps no "
			     "single step is pending");
	return false;
}

bool entry_failure_vmx(const struct kvm_sync_regs *state, char *why, size_t size)
{
	const struct checks checks = begin(state, why, size);

	return control_registers_fail(&checks) || segments_fail(&checks) || tables_fail(&checks) ||
	       rip_and_rflags_fail(&checks) || shadows_fail(&checks, &state->events);
}

bool entry_failure_svm(const struct kvm_sync_regs *state, char *why, size_t size)
{
	const struct checks checks = begin(state, why, size);
	const struct kvm_sregs *sregs = &state->sregs;
	uint64_t cr0 = sregs->cr0, efer = sregs->efer;
	bool long_paging = efer & R0_EFER_LME && cr0 & R0_CR0_PG;

	if (!(cr0 & R0_CR0_CD) && cr0 & R0_CR0_NW)
		return fails(&checks, "CR0 has NW without CD (%#" PRIx64 ")", cr0);
	if (cr0 >> 32)
		return fails(&checks, "CR0 has bits of its upper half set (%#" PRIx64 ")", cr0);
	if (sregs->cr3 & CR3_RESERVED)
		return fails(&checks, "CR3 has reserved bits set (%#" PRIx64 ")",
			     (uint64_t)sregs->cr3);
	if (sregs->cr4 & ~CR4_DEFINED)
		return fails(&checks, "CR4 has reserved bits set (%#" PRIx64 ")",
			     (uint64_t)sregs->cr4);
	if (long_paging && !(sregs->cr4 & R0_CR4_PAE))
		return fails(&checks, "EFER has LME and CR0 PG, and CR4 no PAE");
	if (long_paging && !(cr0 & R0_CR0_PE))
		return fails(&checks, "EFER has LME and CR0 PG, and no PE");
	if (long_paging && sregs->cs.l && sregs->cs.db)
		return fails(&checks, "CS has both L and D set");
	return false;
}

/* VM-instruction errors that VMLAUNCH and VMRESUME have: SDM vol. 3C, 31.4, table 31-1. */
static const char *instruction_error(uint64_t number)
{
	switch (number) {
	case 7:
		return "invalid control fields";
	case 8:
		return "invalid host-state fields";
	case 26:
		return "events blocked by MOV SS";
	default:
		return "";
	}
}

static void describe_state(bool svm, const struct kvm_sync_regs *state, char *text, size_t size)
{
	char why[160];
	bool found = svm ? entry_failure_svm(state, why, sizeof(why)) :
			   entry_failure_vmx(state, why, sizeof(why));

	snprintf(text, size, "%s; with %s the kernel's log has all of it",
		 found ? why : "which check it failed can't be told from its registers",
		 svm ? "kvm_amd.dump_invalid_vmcb=1" : "kvm_intel.dump_invalid_vmcs=1");
}

void entry_failure_describe(uint64_t reason, const struct kvm_sync_regs *state, char *text,
			    size_t size)
{
	bool svm = reason == SVM_INVALID_32 || reason == SVM_INVALID_64;
	char detail[320] = "";

	if (svm || reason == INVALID_STATE) {
		describe_state(svm, state, detail, sizeof(detail));
		snprintf(text, size, "the CPU refused the VM's state (%s): %s",
			 svm ? "VMEXIT_INVALID" :
			       "VM-entry failure 0x80000021, invalid guest state",
			 detail);
	} else if (reason == LOADING_MSRS) {
		snprintf(
			text, size,
			"the CPU refused the VM's MSRs (VM-entry failure 0x80000022, loading MSRs)");
	} else if (reason == MACHINE_CHECK) {
		snprintf(text, size,
			 "the CPU had a machine check while it entered the VM (VM-entry failure "
			 "0x80000029)");
	} else if (reason < 0x80000000) {
		const char *error = instruction_error(reason);

		snprintf(text, size,
			 "the CPU refused what KVM set up (VM-instruction error %" PRIu64
			 "%s%s): a "
			 "fault of KVM's, or of the machine that it runs in",
			 reason, error[0] ? ", " : "", error);
	} else {
		snprintf(text, size,
			 "the CPU refused the VM's state (hardware entry failure %#" PRIx64 ")",
			 reason);
	}
}
