/* SPDX-License-Identifier: MIT */
/*
 * That a reset puts interrupt controllers and timers back, as KVM tells of them, and that the check of
 * the reset sees each that is not. Prints TAP. Built with general registers only; depends on
 * machine/machine.h and execution/execute.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "execution/execute.h"

#define CURRENT_COUNT 0x390 /* of the local APIC's timer, which runs */

/* All that KVM can tell. */
struct state {
	struct kvm_lapic_state lapic;
	uint64_t apic_base;
	struct kvm_irqchip pics[2], ioapic;
	struct kvm_pit_state2 pit;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
};

static struct machine machine;

static void capture(struct state *state)
{
	struct kvm_sregs sregs;
	int vm = machine.vm.fd, vcpu = machine.cpus[0].vcpu.fd, err = 0;
	size_t i;

	memset(state, 0, sizeof(*state));
	/* What is to be put back with the next KVM_RUN, is by this one. */
	vcpu_complete(&machine.cpus[0].vcpu);
	state->pics[0].chip_id = KVM_IRQCHIP_PIC_MASTER;
	state->pics[1].chip_id = KVM_IRQCHIP_PIC_SLAVE;
	state->ioapic.chip_id = KVM_IRQCHIP_IOAPIC;
	err |= ioctl(vcpu, KVM_GET_LAPIC, &state->lapic);
	err |= ioctl(vcpu, KVM_GET_SREGS, &sregs);
	err |= ioctl(vm, KVM_GET_IRQCHIP, &state->pics[0]);
	err |= ioctl(vm, KVM_GET_IRQCHIP, &state->pics[1]);
	err |= ioctl(vm, KVM_GET_IRQCHIP, &state->ioapic);
	err |= ioctl(vm, KVM_GET_PIT2, &state->pit);
	err |= ioctl(vcpu, KVM_GET_VCPU_EVENTS, &state->events);
	err |= ioctl(vcpu, KVM_GET_MP_STATE, &state->mp_state);
	if (err) {
		printf("Bail out! the state of the machine can't be read\n");
		exit(1);
	}
	state->apic_base = sregs.apic_base;
	memset(state->lapic.regs + CURRENT_COUNT, 0, sizeof(uint32_t));
	for (i = 0; i < 3; i++)
		state->pit.channels[i].count_load_time = 0;
}

enum part {
	LAPIC = 1 << 0,
	APIC_BASE = 1 << 1,
	PICS = 1 << 2,
	IOAPIC = 1 << 3,
	PIT = 1 << 4,
	EVENTS = 1 << 5,
	MP_STATE = 1 << 6,
};

static const char *const part_names[] = { "local APIC", "IA32_APIC_BASE", "PICs",     "IOAPIC",
					  "PIT",	"events",	  "run state" };

static unsigned int difference(const struct state *a, const struct state *b)
{
#define DIFFERS(member) (memcmp(&a->member, &b->member, sizeof(a->member)) != 0)
	return (DIFFERS(lapic) ? LAPIC : 0u) | (DIFFERS(apic_base) ? APIC_BASE : 0u) |
	       (DIFFERS(pics) ? PICS : 0u) | (DIFFERS(ioapic) ? IOAPIC : 0u) |
	       (DIFFERS(pit) ? PIT : 0u) | (DIFFERS(events) ? EVENTS : 0u) |
	       (DIFFERS(mp_state) ? MP_STATE : 0u);
#undef DIFFERS
}

/* What runs in ring 0. */

static void change_lapic(void *arg)
{
	(void)arg;
	r0_apic_enable(0xff);
	r0_apic_write(R0_APIC_TPR, 0x25);
	r0_apic_send_self_ipi(0x41);
}

static void change_mode(void *arg)
{
	(void)arg;
	if (!r0_cpu_has(R0_FEATURE_X2APIC))
		R0_SKIP("the VM's CPU has no x2APIC mode");
	r0_apic_set_mode(R0_APIC_MODE_X2APIC);
	change_lapic(arg);
}

static void disable(void *arg)
{
	(void)arg;
	r0_apic_set_mode(R0_APIC_MODE_DISABLED);
}

static void start_timer(void *arg)
{
	(void)arg;
	r0_apic_enable(0xff);
	r0_apic_start_timer(R0_APIC_TIMER_PERIODIC | 0x42, R0_APIC_DIVIDE_BY_1, 50000);
}

static void arm_deadline(void *arg)
{
	(void)arg;
	if (!r0_cpu_has(R0_FEATURE_TSC_DEADLINE))
		R0_SKIP("the VM's CPU has no TSC deadline");
	r0_apic_enable(0xff);
	r0_apic_set_tsc_deadline(r0_rdtsc() + (1ul << 40), 0x42);
}

static void change_ioapic(void *arg)
{
	(void)arg;
	r0_ioapic_set_redirection(3, R0_IOAPIC_LEVEL | 0x43);
}

static void change_pics(void *arg)
{
	(void)arg;
	r0_pic_init(0x20, 0x28);
	r0_pic_set_masks(0x1234);
}

static void change_pit(void *arg)
{
	(void)arg;
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, 100);
	r0_pit_start(2, R0_PIT_SQUARE_WAVE, 1000);
}

static void change_port_b(void *arg)
{
	(void)arg;
	r0_pit_set_gate_2(true);
}

static void send_nmi(void *arg)
{
	(void)arg;
	/* In an NMI's handler, or after one: the next one is held until IRET. */
	r0_apic_enable(0xff);
	r0_apic_send_ipi(0, R0_APIC_NMI | R0_APIC_ASSERT);
	r0_clock();
	R0_FAIL("no NMI came");
}

static void halt(void *arg)
{
	(void)arg;
	r0_hlt();
}

/* The HPET is the host's own: its registers, and the PIT, which it disconnects. */
static void start_hpet(void *arg)
{
	(void)arg;
	r0_hpet_write(R0_HPET_CONFIGURATION, R0_HPET_ENABLE | R0_HPET_ENABLE_LEGACY);
}

static const struct {
	const char *name;
	void (*fn)(void *arg);
	unsigned int parts; /* that it changes, at least */
} changes[] = {
	{ "local APIC", change_lapic, LAPIC },
	{ "x2APIC mode", change_mode, LAPIC | APIC_BASE },
	{ "local APIC disabled", disable, APIC_BASE },
	{ "timer", start_timer, LAPIC },
	{ "TSC deadline", arm_deadline, LAPIC },
	{ "IOAPIC", change_ioapic, IOAPIC },
	{ "PICs", change_pics, PICS },
	{ "PIT", change_pit, PIT },
	{ "port 0x61", change_port_b, PIT },
	{ "NMI", send_nmi, EVENTS },
	{ "HLT", halt, MP_STATE },
	{ "HPET", start_hpet, PIT },
};

#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static void report(bool ok, size_t number, const char *why)
{
	printf("%s %zu - %s\n", ok ? "ok" : "not ok", number + 1, changes[number].name);
	if (!ok)
		printf("# %s\n", why);
}

static void judge(size_t number, const struct state *pristine, const char *message)
{
	unsigned int wanted = changes[number].parts, changed, left;
	char what[256] = "", why[512];
	struct error error = { "" };
	struct state now;
	int noticed, remains;
	size_t i;

	capture(&now);
	changed = difference(pristine, &now);
	noticed = machine_differs(&machine, what, sizeof(what), &error);
	if (machine_reset(&machine, &error) != 0) {
		report(false, number, error.text);
		exit(1);
	}
	capture(&now);
	left = difference(pristine, &now);
	remains = machine_differs(&machine, what, sizeof(what), &error);
	if ((changed & wanted) != wanted)
		snprintf(why, sizeof(why), "it did not change what it should (%#x): %.200s",
			 changed, message);
	else if (noticed != 1)
		snprintf(why, sizeof(why), "the check of the reset does not see it");
	else
		snprintf(why, sizeof(why), "not as before: %#x %.200s %.200s", left, what,
			 error.text);
	report((changed & wanted) == wanted && noticed == 1 && !left && !remains, number, why);
	for (i = 0; i < sizeof(part_names) / sizeof(part_names[0]); i++)
		if (left & 1u << i)
			printf("# not as before: %s\n", part_names[i]);
}

static void try(size_t number, const struct state *pristine)
{
	static const struct r0_options options = { .irqchip = true, .cpus = 1 };
	const struct job job = {
		.fn = changes[number].fn,
		.options = &options,
		.limit_ns = 10000000000,
	};
	struct deadline deadline = { 0 };
	struct outcome outcome;
	bool usable = execute(&machine, &job, &deadline, &outcome);
	const char *message = outcome.result.message ? outcome.result.message : "";

	if (!usable) {
		report(false, number, "the machine is not usable");
		exit(1);
	}
	if (outcome.result.verdict == R0_VERDICT_SKIP) {
		printf("ok %zu - %s # SKIP %s\n", number + 1, changes[number].name, message);
		if (machine_reset(&machine, NULL) != 0)
			exit(1);
	} else {
		judge(number, pristine, message);
	}
	outcome_finish(&outcome);
}

int main(void)
{
	static struct state pristine;
	struct template *template;
	struct error error = { "" };
	int err = template_create(&template, &(struct template_needs){ .cpus = 1 }, &error);
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (err && template_error_is_no_kvm(err)) {
		printf("1..0 # SKIP %s\n", error.text);
		return 77;
	}
	vcpu_prepare_thread();
	if (err ||
	    machine_init(&machine, template,
			 &(struct machine_options){ .irqchip = true, .cpus = 1 }, &error) != 0) {
		printf("Bail out! %s\n", error.text);
		return 1;
	}
	printf("TAP version 14\n1..%zu\n", CHANGES);
	capture(&pristine);
	for (i = 0; i < CHANGES; i++)
		try(i, &pristine);
	machine_finish(&machine);
	template_destroy(template);
	return 0;
}
