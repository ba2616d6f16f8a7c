/* SPDX-License-Identifier: MIT */
/* Split interrupt controllers are x86's. */
#include "monitor/irqchip.h"
#include <errno.h>

int irqchip_add(struct wiring *wiring, struct error *error)
{
	if (!wiring->options->split_irqchip)
		return 0;
	return error_set(error, ENOTSUP, "split interrupt controllers are for x86");
}

void irqchip_finish(struct wiring *wiring)
{
	(void)wiring;
}

void irqchip_set_line(struct irqchip *irqchip, unsigned int number, bool level)
{
	(void)irqchip;
	(void)number;
	(void)level;
}

void irqchip_replace_pit(struct irqchip *irqchip, bool on)
{
	(void)irqchip;
	(void)on;
}

void irqchip_entries(const struct irqchip *irqchip, uint64_t *entries)
{
	(void)irqchip;
	(void)entries;
}

int irqchip_arm(struct monitor_cpu *cpu, struct error *error)
{
	(void)cpu;
	(void)error;
	return 0;
}

bool irqchip_serve(struct monitor_cpu *cpu)
{
	(void)cpu;
	return false;
}
