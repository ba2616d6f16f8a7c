/* SPDX-License-Identifier: MIT */
/* Registers as the lines of a report, PSTATE's fields by name (Arm ARM, C5.2.19). Depends on crash.h alone. */
#include "crash/registers.h"
#include "crash/view_aarch64.h"

#define MODE	 0xfu
#define USES_SP0 0x1u /* clear: SP_EL0 is in use */
#define EL0	 0x0u

static void print_state(uint64_t pstate, FILE *out)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} flags[] = {
		{ 31, "N" },	{ 30, "Z" },   { 29, "C" },   { 28, "V" },  { 25, "TCO" },
		{ 24, "DIT" },	{ 23, "UAO" }, { 22, "PAN" }, { 21, "SS" }, { 20, "IL" },
		{ 12, "SSBS" }, { 9, "D" },    { 8, "A" },    { 7, "I" },   { 6, "F" },
	};
	size_t i;

	fprintf(out, "  PSTATE 0x%llx EL%u%s", (unsigned long long)pstate,
		(unsigned int)(pstate >> 2 & 3), pstate & USES_SP0 ? "h" : "t");
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (pstate >> flags[i].bit & 1)
			fprintf(out, " %s", flags[i].name);
	if (pstate >> 10 & 3)
		fprintf(out, " BTYPE %u", (unsigned int)(pstate >> 10 & 3));
	fprintf(out, "\n");
}

void crash_registers_print(const struct crash_view *view, FILE *out)
{
	static const char *const names[CRASH_SYSTEM_REGISTERS] = {
		[CRASH_SCTLR_EL1] = "SCTLR_EL1", [CRASH_TCR_EL1] = "TCR_EL1",
		[CRASH_TTBR0_EL1] = "TTBR0_EL1", [CRASH_TTBR1_EL1] = "TTBR1_EL1",
		[CRASH_MAIR_EL1] = "MAIR_EL1",	 [CRASH_VBAR_EL1] = "VBAR_EL1",
		[CRASH_ESR_EL1] = "ESR_EL1",	 [CRASH_CPACR_EL1] = "CPACR_EL1",
	};
	const struct user_pt_regs *regs = &view->regs.regs;
	unsigned int i;

	fprintf(out, "registers:\n");
	for (i = 0; i < 31; i++)
		fprintf(out, "%sX%-2u 0x%016llx%s", i % 4 ? "   " : "  ", i,
			(unsigned long long)regs->regs[i], i % 4 == 3 ? "\n" : "");
	fprintf(out, "   SP  0x%016llx\n", (unsigned long long)crash_registers_sp(view));
	fprintf(out, "  PC  0x%016llx   SP_EL0 0x%016llx   SP_EL1 0x%016llx\n",
		(unsigned long long)regs->pc, (unsigned long long)regs->sp,
		(unsigned long long)view->regs.sp_el1);
	print_state(regs->pstate, out);
	for (i = 0; i < CRASH_SYSTEM_REGISTERS; i++)
		fprintf(out, "%s%-9s 0x%016llx%s", i % 2 ? "   " : "  ", names[i],
			(unsigned long long)view->system[i], i % 2 ? "\n" : "");
	fprintf(out, "  FAR_EL1   0x%016llx   TPIDR_EL0 0x%016llx\n",
		(unsigned long long)view->fault_address, (unsigned long long)view->fs_base);
}

uint64_t crash_registers_pc(const struct crash_view *view)
{
	return view->regs.regs.pc;
}

uint64_t crash_registers_sp(const struct crash_view *view)
{
	bool sp_el0 = (view->regs.regs.pstate & MODE) == EL0 ||
		      !(view->regs.regs.pstate & USES_SP0);

	return sp_el0 ? view->regs.regs.sp : view->regs.sp_el1;
}

void crash_registers_set_pc(struct crash_view *view, uint64_t pc)
{
	view->regs.regs.pc = pc;
}

/* It has none. */
void crash_registers_tell_bases(const struct crash_view *view,
				char text[CRASH_REGISTERS_BASES_SIZE])
{
	(void)view;
	text[0] = '\0';
}
