/* SPDX-License-Identifier: MIT */
/* The GIC's registers in words: IHI 0069, 12. */
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

/* Why an INTID does not come, in the order of its way. */
static const char *obstacle(const struct interrupt_registers *registers, unsigned int intid)
{
	if (has(registers->active, intid))
		return "it is active: the one before was not ended (ICC_EOIR1_EL1)";
	if (!has(registers->enabled, intid))
		return "it is not enabled (ISENABLER)";
	if (!has(registers->groups, intid))
		return "it is of group 0, which comes as an FIQ (IGROUPR)";
	if (!(registers->distributor & R0_GICD_CTLR_GRP1))
		return "the distributor has group 1 off (GICD_CTLR)";
	if (registers->has_interface && !(registers->group & 1))
		return "the CPU has group 1 off (ICC_IGRPEN1_EL1)";
	if (!has(registers->pending, intid))
		return "it is not pending: nobody raised it";
	if (registers->has_interface && !registers->priority_mask)
		return "the CPU takes no priority (ICC_PMR_EL1 is 0)";
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
		add(&text, ", ICC_IGRPEN1_EL1 %#x, ICC_PMR_EL1 %#x, ICC_RPR_EL1 %#x",
		    registers->group, registers->priority_mask, registers->running);
	return text.length;
}
