/* SPDX-License-Identifier: MIT */
/* The machine's own interrupt controllers, and KVM's local APICs. */
#include "monitor/wiring/irqchip.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "devices/pc/ioapic.h"
#include "devices/pc/pic.h"
#include "devices/pc/pit.h"
#include "devices/pci/iommu.h"
#include "kvm/vm/vm_x86_64.h"

/* What the PIT's line is called, and the PICs' cascade; the I/O APIC's input of the former. */
#define PIT_LINE	 0
#define CASCADE_LINE	 2
#define IOAPIC_PIT_INPUT 2

struct irqchip {
	struct wiring *wiring;
	struct ioapic ioapic;
	struct pic pic;
	struct pit pit;
	struct vm_message told[VM_MESSAGES_MAX]; /* as KVM has them */
	size_t told_count;
	atomic_bool raised; /* the PICs ask for an interrupt */
};

static void send(void *context, const struct interrupt_message *message)
{
	const struct irqchip *irqchip = context;
	struct interrupt_message sent = *message;

	if (irqchip->wiring->iommu &&
	    !iommu_remap(irqchip->wiring->iommu, IOMMU_NO_SOURCE, message, &sent))
		return;
	/* KVM refuses only what no local APIC can take. */
	vm_send_message(irqchip->wiring->vm, &(struct vm_message){ sent.address, sent.data }, NULL);
}

/* KVM waits for all CPUs with this: not for what it knows. */
static void tell_ends(void *context)
{
	struct irqchip *irqchip = context;
	struct vm_message messages[VM_MESSAGES_MAX];
	const struct iommu *iommu = irqchip->wiring->iommu;
	struct interrupt_message message;
	size_t count = 0;
	unsigned int i;

	for (i = 0; i < IOAPIC_INPUTS; i++)
		if (ioapic_needs_end(&irqchip->ioapic, i, &message) &&
		    (!iommu || iommu_would_remap(iommu, IOMMU_NO_SOURCE, &message, &message)))
			messages[count++] = (struct vm_message){ message.address, message.data };
	if (count == irqchip->told_count &&
	    !memcmp(messages, irqchip->told, count * sizeof(messages[0])))
		return;
	memcpy(irqchip->told, messages, count * sizeof(messages[0]));
	irqchip->told_count = count;
	vm_tell_ends(irqchip->wiring->vm, messages, count, NULL);
}

/* The PICs' output is the first CPU's LINT0. It is interrupted to take what it asks for. */
static void set_output(void *context, bool level)
{
	struct irqchip *irqchip = context;

	atomic_store(&irqchip->raised, level);
	if (level && irqchip->wiring->kick)
		irqchip->wiring->kick(irqchip->wiring->kick_context);
}

static uint64_t now_ns(void *context)
{
	(void)context;
	return clock_ns();
}

static void set_pit_line(void *context, unsigned int number, bool level)
{
	irqchip_set_line(context, number, level);
}

static int add_pit(struct irqchip *irqchip, struct error *error)
{
	struct wiring *wiring = irqchip->wiring;
	const struct pit_options options = {
		.now = now_ns,
		.irq = { set_pit_line, irqchip, PIT_LINE },
	};

	pit_init(&irqchip->pit, &options);
	return wiring->options->pit ? pit_add(&irqchip->pit, &wiring->bus, error) : 0;
}

int irqchip_add(struct wiring *wiring, struct error *error)
{
	struct ioapic_options ioapic = { .send = send, .changed = tell_ends };
	struct irqchip *irqchip;
	int err;

	if (!wiring->options->split_irqchip)
		return 0;
	if (!wiring->options->irqchip)
		return error_set(error, EINVAL, "split_irqchip is for a VM with irqchip");
	irqchip = calloc(1, sizeof(*irqchip));
	if (!irqchip)
		return error_set(error, ENOMEM, "no memory for interrupt controllers");
	wiring->irqchip = irqchip;
	irqchip->wiring = wiring;
	ioapic.context = irqchip;
	ioapic.remapped = wiring->iommu != NULL;
	err = add_pit(irqchip, error);
	if (err)
		return err;
	pic_init(&irqchip->pic, set_output, irqchip);
	ioapic_init(&irqchip->ioapic, &ioapic);
	err = pic_add(&irqchip->pic, &wiring->bus, error);
	return err ? err :
		     bus_add(&wiring->bus, BUS_MEMORY, IOAPIC_BASE, IOAPIC_SIZE,
			     &irqchip->ioapic.dev, error);
}

void irqchip_finish(struct wiring *wiring)
{
	free(wiring->irqchip);
}

void irqchip_set_line(struct irqchip *irqchip, unsigned int number, bool level)
{
	if (number == CASCADE_LINE)
		return;
	pic_set_line(&irqchip->pic, number, level);
	ioapic_set_line(&irqchip->ioapic, number == PIT_LINE ? IOAPIC_PIT_INPUT : number, level);
}

void irqchip_remap(struct irqchip *irqchip)
{
	tell_ends(irqchip);
}

void irqchip_replace_pit(struct irqchip *irqchip, bool on)
{
	if (irqchip->wiring->options->pit)
		pit_replace(&irqchip->pit, on);
}

void irqchip_entries(const struct irqchip *irqchip, uint64_t *entries)
{
	memcpy(entries, irqchip->ioapic.registers.entries,
	       sizeof(irqchip->ioapic.registers.entries));
}

/* A CPU in HLT goes on when it is interrupted; KVM does not see this interrupt coming. */
static int end_halt(const struct vcpu *vcpu, struct error *error)
{
	struct kvm_mp_state state;
	int err = KVM_IOCTL(vcpu->fd, KVM_GET_MP_STATE, &state, error);

	if (err < 0 || state.mp_state != KVM_MP_STATE_HALTED)
		return err;
	state.mp_state = KVM_MP_STATE_RUNNABLE;
	return KVM_IOCTL(vcpu->fd, KVM_SET_MP_STATE, &state, error);
}

/*
 * It goes in as an event that is being injected, which is part of the vCPU's state whether it has got there
 * or not. KVM_INTERRUPT's would be lost to who looks at the vCPU before it runs. What is pending from other
 * CPUs (NMI, INIT) is left as it is.
 */
static int inject(const struct vcpu *vcpu, uint8_t vector, struct error *error)
{
	struct kvm_run *run = vcpu->run;

	run->s.regs.events.flags = 0;
	run->s.regs.events.interrupt.injected = 1;
	run->s.regs.events.interrupt.nr = vector;
	run->s.regs.events.interrupt.soft = 0;
	run->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
	return end_halt(vcpu, error);
}

int irqchip_arm(struct wiring *wiring, struct vcpu *vcpu, bool half_way, struct error *error)
{
	struct kvm_run *run = vcpu->run;
	int err = 0;

	if (!wiring->irqchip)
		return 0;
	run->request_interrupt_window = 0;
	if (!atomic_load(&wiring->irqchip->raised))
		return 0;
	/* What KVM said last may be of another state: one that was put back since, or before a HLT. */
	if (!half_way)
		vcpu_complete(vcpu);
	if (half_way || !run->ready_for_interrupt_injection ||
	    run->s.regs.events.interrupt.injected) {
		run->request_interrupt_window = 1;
		return 0;
	}
	pthread_mutex_lock(&wiring->lock);
	if (atomic_load(&wiring->irqchip->raised)) {
		err = inject(vcpu, pic_acknowledge(&wiring->irqchip->pic), error);
		run->request_interrupt_window = atomic_load(&wiring->irqchip->raised);
	}
	pthread_mutex_unlock(&wiring->lock);
	return err < 0 ? err : 0;
}

bool irqchip_serve(struct wiring *wiring, const struct vcpu *vcpu)
{
	if (vcpu->run->exit_reason != KVM_EXIT_IOAPIC_EOI || !wiring->irqchip)
		return false;
	pthread_mutex_lock(&wiring->lock);
	ioapic_end_of_interrupt(&wiring->irqchip->ioapic, vcpu->run->eoi.vector);
	pthread_mutex_unlock(&wiring->lock);
	return true;
}

/*
 * An EOI for this I/O APIC is a request to the vCPU within KVM (KVM_REQ_IOAPIC_EOI_EXIT), which becomes an exit at
 * the next entry, and is in nothing that KVM lets be read. If the vCPU stops between the two, a snapshot would have
 * an I/O APIC that waits for the end of an interrupt that no local APIC knows of.
 */
int irqchip_settle(struct wiring *wiring, struct vcpu *vcpu, struct error *error)
{
	if (!wiring->irqchip)
		return -EINTR;
	/* Else KVM says each time that the window is open; irqchip_arm() sets it anew. */
	vcpu->run->request_interrupt_window = 0;
	return vcpu_settle(vcpu, error);
}
