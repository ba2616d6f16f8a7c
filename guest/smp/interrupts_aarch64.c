/* SPDX-License-Identifier: MIT */
/* The GIC's registers in words: IHI 0069, 12; IHI 0048, 4. */
#include "guest/smp/interrupts_aarch64.h"
#include <stdarg.h>
#include <ring0/arm64/gic.h>
#include "guest/text/format.h"

struct text {
	char *to;
	size_t size, length;
};

static __attribute__((format(printf, 2, 3))) void add(struct text *text, const char *format, ...)
{
	va_list arguments;
	size_t room = text->size - text->length, length;

	va_start(arguments, format);
	length = format_text(text->to + text->length, room, format, arguments);
	va_end(arguments);
	text->length += length < room ? length : room - 1;
}

static bool has(const uint32_t *bits, unsigned int intid)
{
	return bits[intid / 32] >> intid % 32 & 1;
}

static void add_list(struct text *text, const char *name, const uint32_t *bits)
{
	unsigned int intid;
	bool any = false;

	add(text, "%s:", name);
	for (intid = 0; intid < R0_GIC_INTIDS; intid++) {
		if (!has(bits, intid))
			continue;
		add(text, " %u", intid);
		any = true;
	}
	add(text, any ? "\n" : " none\n");
}

/* On its way through a GICv3: group 1 comes as an IRQ. */
static const char *obstacle_3(const struct interrupt_registers *registers, unsigned int intid)
{
	if (!has(registers->groups, intid))
		return "it is of group 0, which comes as an FIQ (IGROUPR)";
	if (!(registers->distributor & R0_GICD_CTLR_GRP1))
		return "the distributor has group 1 off (GICD_CTLR)";
	if (registers->has_interface && !(registers->group & 1))
		return "the CPU has group 1 off (ICC_IGRPEN1_EL1)";
	return NULL;
}

/* Through KVM's GICv2, whose distributor has one bit for both groups. */
static const char *obstacle_2(const struct interrupt_registers *registers, unsigned int intid)
{
	if (!(registers->distributor & R0_GICD_CTLR_GRP0))
		return "the distributor is off (GICD_CTLR)";
	if (!registers->has_interface)
		return NULL;
	if (has(registers->groups, intid))
		return registers->group & R0_GICC_CTLR_GRP1 ?
			       NULL :
			       "it is of group 1 (IGROUPR), which the CPU has off (GICC_CTLR)";
	return registers->group & R0_GICC_CTLR_GRP0 ? NULL : "the CPU has group 0 off (GICC_CTLR)";
}

/* Why an INTID does not come, in the order of its way. */
static const char *obstacle(const struct interrupt_registers *registers, unsigned int intid)
{
	const bool is_3 = registers->version == 3;
	const char *why;

	if (has(registers->active, intid))
		return is_3 ? "it is active: the one before was not ended (ICC_EOIR1_EL1)" :
			      "it is active: the one before was not ended (GICC_EOIR)";
	if (!has(registers->enabled, intid))
		return "it is not enabled (ISENABLER)";
	why = is_3 ? obstacle_3(registers, intid) : obstacle_2(registers, intid);
	if (why)
		return why;
	if (!has(registers->pending, intid))
		return "it is not pending: nobody raised it";
	if (registers->has_interface && !registers->priority_mask)
		return is_3 ? "the CPU takes no priority (ICC_PMR_EL1 is 0)" :
			      "the CPU takes no priority (GICC_PMR is 0)";
	return NULL;
}

size_t describe_interrupts(const struct interrupt_registers *registers, int vector, char *to,
			   size_t size)
{
	struct text text = { .to = to, .size = size };
	const unsigned int intid = (unsigned int)(vector - R0_INTID(0));
	const char *why =
		vector >= R0_INTID(0) && intid < R0_GIC_INTIDS ? obstacle(registers, intid) : NULL;

	if (why)
		add(&text, "INTID %u: %s\n", intid, why);
	add_list(&text, "pending", registers->pending);
	add_list(&text, "active", registers->active);
	add_list(&text, "enabled", registers->enabled);
	add(&text, "GICD_CTLR %#x", registers->distributor);
	if (registers->has_interface)
		add(&text,
		    registers->version == 3 ?
			    ", ICC_IGRPEN1_EL1 %#x, ICC_PMR_EL1 %#x, ICC_RPR_EL1 %#x" :
			    ", GICC_CTLR %#x, GICC_PMR %#x, GICC_RPR %#x",
		    registers->group, registers->priority_mask, registers->running);
	return text.length;
}
