/* SPDX-License-Identifier: MIT */
/* Registers as the lines of a report, flags by name. Depends on crash.h alone. */
#include "crash/registers.h"
#include <ring0/private/register_bits_x86_64.h>

static void print_flags(FILE *out, const char *name, uint64_t value,
			const struct r0_register_bit *flags)
{
	fprintf(out, "  %-6s 0x%llx", name, (unsigned long long)value);
	for (; flags->name[0]; flags++)
		if (value >> flags->bit & 1)
			fprintf(out, " %s", flags->name);
	fprintf(out, "\n");
}

void crash_registers_print(const struct crash_view *view, FILE *out)
{
	const struct kvm_regs *r = view->own_regs ? view->own_regs : &view->regs;
	const struct kvm_sregs *s = &view->sregs;
	const struct {
		const char *name;
		uint64_t value;
	} general[] = {
		{ "RAX", r->rax }, { "RBX", r->rbx }, { "RCX", r->rcx },
		{ "RDX", r->rdx }, { "RSI", r->rsi }, { "RDI", r->rdi },
		{ "RBP", r->rbp }, { "RSP", r->rsp }, { "R8", r->r8 },
		{ "R9", r->r9 },   { "R10", r->r10 }, { "R11", r->r11 },
		{ "R12", r->r12 }, { "R13", r->r13 }, { "R14", r->r14 },
		{ "R15", r->r15 }, { "RIP", r->rip }, { "CR2", view->fault_address },
	};

	fprintf(out, "registers:\n");
	for (size_t i = 0; i < sizeof(general) / sizeof(general[0]); i++)
		fprintf(out, "%s%-3s 0x%016llx%s", i % 3 ? "   " : "  ", general[i].name,
			(unsigned long long)general[i].value, i % 3 == 2 ? "\n" : "");
	print_flags(out, "RFLAGS", r->rflags, r0_rflags_bits);
	fprintf(out, "  CS 0x%04x, ring %u   SS 0x%04x   DS 0x%04x   ES 0x%04x\n", s->cs.selector,
		s->cs.selector & 3, s->ss.selector, s->ds.selector, s->es.selector);
	fprintf(out, "  FS 0x%04x at 0x%llx   GS 0x%04x at 0x%llx\n", s->fs.selector,
		(unsigned long long)view->fs_base, s->gs.selector, (unsigned long long)s->gs.base);
	fprintf(out, "  GDT at 0x%llx, limit 0x%x   IDT at 0x%llx, limit 0x%x\n",
		(unsigned long long)s->gdt.base, s->gdt.limit, (unsigned long long)s->idt.base,
		s->idt.limit);
	fprintf(out, "  TR 0x%04x at 0x%llx, limit 0x%x   CR3 0x%llx   CR8 0x%llx\n",
		s->tr.selector, (unsigned long long)s->tr.base, s->tr.limit,
		(unsigned long long)s->cr3, (unsigned long long)s->cr8);
	print_flags(out, "CR0", s->cr0, r0_cr0_bits);
	print_flags(out, "CR4", s->cr4, r0_cr4_bits);
	print_flags(out, "EFER", s->efer, r0_efer_bits);
}

uint64_t crash_registers_pc(const struct crash_view *view)
{
	return view->regs.rip;
}

uint64_t crash_registers_sp(const struct crash_view *view)
{
	return view->regs.rsp;
}

void crash_registers_set_pc(struct crash_view *view, uint64_t pc)
{
	view->regs.rip = pc;
}

void crash_registers_tell_bases(const struct crash_view *view,
				char text[CRASH_REGISTERS_BASES_SIZE])
{
	const struct kvm_sregs *s = &view->sregs;

	snprintf(text, CRASH_REGISTERS_BASES_SIZE, "0x%llx,0x%llx,0x%llx,0x%llx,0x%llx,0x%llx",
		 (unsigned long long)s->es.base, (unsigned long long)s->cs.base,
		 (unsigned long long)s->ss.base, (unsigned long long)s->ds.base,
		 (unsigned long long)s->fs.base, (unsigned long long)s->gs.base);
}
