/* SPDX-License-Identifier: MIT */
/* Split interrupt controllers are x86's. */
#include "monitor/wiring/irqchip.h"
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

int irqchip_arm(struct wiring *wiring, struct vcpu *vcpu, bool half_way, struct error *error)
{
	(void)wiring;
	(void)vcpu;
	(void)half_way;
	(void)error;
	return 0;
}

bool irqchip_serve(struct wiring *wiring, const struct vcpu *vcpu)
{
	(void)wiring;
	(void)vcpu;
	return false;
}

int irqchip_settle(struct wiring *wiring, struct vcpu *vcpu, struct error *error)
{
	(void)wiring;
	(void)vcpu;
	(void)error;
	return -EINTR;
}
