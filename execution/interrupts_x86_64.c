/* SPDX-License-Identifier: MIT */
/*
 * What a test with interrupt controllers needs of the host while it runs. KVM serves them, and HLT with
 * them: it does not leave the VM, so that the host looks now and then whether the vCPU halts for good,
 * and ends a wait whose time is over.
 */
#include <errno.h>
#include <string.h>
#include <ring0/private/abi.h>
#include <ring0/x86/hpet.h>
#include <ring0/x86/ioapic.h>
#include "base/clock.h"
#include "execution/execution.h"
#include "execution/hints.h"
#include "guest/interrupts_x86_64.h"

#define RFLAGS_IF (1u << 9)

/* A test that should halt takes this long at least; each look costs an exit, so that they get rarer. */
#define FIRST_PERIOD_NS 1000000ull
#define LAST_PERIOD_NS	64000000ull

int interrupts_set_alarm(struct execution *run)
{
	uint64_t at = interrupt_devices_deadline(run->machine->devices);

	if (run->cpu->look.at && run->cpu->look.at < at)
		at = run->cpu->look.at;
	if (run->cpu->wake.at && run->cpu->wake.at < at)
		at = run->cpu->wake.at;
	return vcpu_set_alarm(&run->cpu->vcpu, at < UINT64_MAX ? at : 0, &run->complaint);
}

/* Again in twice as long as the last time, within reason. */
static void put_off(struct interrupts_poll *poll, uint64_t now)
{
	poll->at = now + poll->period;
	poll->period *= poll->period < LAST_PERIOD_NS ? 2 : 1;
}

/* Whether an IOAPIC's redirection or a local vector brings what IF does not hold back. */
static bool passes_if(uint32_t mode)
{
	uint32_t delivery = mode & R0_APIC_DELIVERY_MODE;

	return !(mode & R0_APIC_MASKED) &&
	       (delivery == R0_APIC_SMI || delivery == R0_APIC_NMI || delivery == R0_APIC_INIT);
}

static uint32_t apic_register(const struct kvm_lapic_state *lapic, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, lapic->regs + offset, sizeof(value));
	return value;
}

/* One that was sent, and that the CPU has not taken yet; in an NMI's handler it never does. */
static bool has_nmi(const struct machine_cpu *cpu)
{
	struct kvm_vcpu_events events = { 0 };

	return KVM_IOCTL(cpu->vcpu.fd, KVM_GET_VCPU_EVENTS, &events, NULL) < 0 ||
	       (events.nmi.pending && !events.nmi.masked) || events.nmi.injected;
}

/* Only an NMI and its like end a HLT with interrupts off: whether one can come. */
static bool may_be_woken(const struct machine *machine, const struct machine_cpu *cpu)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	struct kvm_lapic_state lapic = { 0 };
	size_t i;

	if (has_nmi(cpu) || KVM_IOCTL(machine->vm.fd, KVM_GET_IRQCHIP, &chip, NULL) < 0 ||
	    KVM_IOCTL(cpu->vcpu.fd, KVM_GET_LAPIC, &lapic, NULL) < 0)
		return true;
	for (i = 0; i < KVM_IOAPIC_NUM_PINS; i++)
		if (passes_if((uint32_t)chip.chip.ioapic.redirtbl[i].bits))
			return true;
	return passes_if(apic_register(&lapic, R0_APIC_LVT_LINT0));
}

bool interrupts_halted(const struct machine_cpu *cpu)
{
	struct kvm_mp_state state;

	return KVM_IOCTL(cpu->vcpu.fd, KVM_GET_MP_STATE, &state, NULL) >= 0 &&
	       state.mp_state == KVM_MP_STATE_HALTED;
}

bool interrupts_halted_for_good(const struct machine *machine, const struct machine_cpu *cpu)
{
	return interrupts_halted(cpu) && !(cpu->vcpu.run->s.regs.regs.rflags & RFLAGS_IF) &&
	       !may_be_woken(machine, cpu);
}

/* HLT ends without an interrupt: it may, as an SMI would end it, too (SDM vol. 2A, HLT). */
static void wake(struct execution *run)
{
	struct kvm_mp_state running = { .mp_state = KVM_MP_STATE_RUNNABLE };

	KVM_IOCTL(run->cpu->vcpu.fd, KVM_SET_MP_STATE, &running, NULL);
	run->cpu->wake.at = 0;
}

/* What a test declares must leave the machine's own alone. */
static int check_range(const char *attribute, uint64_t first, uint64_t last, struct error *error)
{
	const char *device = hints_device(attribute[1] == 'i', first, last);

	if (!device)
		return 0;
	return error_set(error, EINVAL, "%s has %#llx to %#llx, where the %s of .irqchip is",
			 attribute, (unsigned long long)first, (unsigned long long)last, device);
}

static int check_declarations(const struct r0_options *options, struct error *error)
{
	size_t i;
	int err = 0;

	for (i = 0; i < options->ioports.count && !err; i++)
		err = check_range(".ioports", options->ioports.entries[i].port,
				  options->ioports.entries[i].port, error);
	for (i = 0; i < options->io.count && !err; i++)
		err = check_range(".io", options->io.entries[i].first, options->io.entries[i].last,
				  error);
	for (i = 0; i < options->mmio.count && !err; i++)
		err = check_range(".mmio", options->mmio.entries[i].first,
				  options->mmio.entries[i].last, error);
	for (i = 0; i < options->ram.count && !err; i++)
		err = check_range(".ram", options->ram.entries[i].from,
				  options->ram.entries[i].to - 1, error);
	return err;
}

int interrupts_check(struct execution *run)
{
	return check_declarations(run->job->options, &run->complaint);
}

int interrupts_begin(struct execution *run)
{
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++) {
		run->machine->cpus[i].look = (struct interrupts_poll){ .period = FIRST_PERIOD_NS };
		run->machine->cpus[i].wake = (struct interrupts_poll){ 0 };
	}
	return interrupts_look(run);
}

int interrupts_look(struct execution *run)
{
	run->cpu->look.period = FIRST_PERIOD_NS;
	put_off(&run->cpu->look, clock_ns());
	return interrupts_set_alarm(run);
}

void interrupts_end(struct execution *run)
{
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++)
		vcpu_set_alarm(&run->machine->cpus[i].vcpu, 0, NULL);
}

void interrupts_wake_at(struct execution *run, uint64_t when_ns)
{
	run->cpu->wake = (struct interrupts_poll){ .at = when_ns, .period = FIRST_PERIOD_NS };
	interrupts_set_alarm(run);
}

bool interrupts_serve(struct execution *run)
{
	const struct kvm_regs *regs = &run->cpu->vcpu.run->s.regs.regs;
	bool halted = interrupts_halted(run->cpu), interruptible = regs->rflags & RFLAGS_IF;
	uint64_t now = clock_ns();

	interrupt_devices_expire(run->machine->devices);
	if (interrupts_halted_for_good(run->machine, run->cpu) &&
	    (!run->parallel || parallel_is_last(run)))
		return true;
	/* In want of work it may halt for as long as it likes. */
	if (halted && interruptible && run->parallel && parallel_is_idle(run, execution_cpu(run)))
		run->cpu->look.at = 0;
	else if (now >= run->cpu->look.at)
		put_off(&run->cpu->look, now);
	if (run->cpu->wake.at && now >= run->cpu->wake.at) {
		/* If not, it may be on its way there, or the wait was over before its time. */
		if (halted && regs->rip == (uint64_t)r0_wait_halted)
			wake(run);
		else
			put_off(&run->cpu->wake, now);
	}
	interrupts_set_alarm(run);
	return false;
}

static bool read_controllers(const struct machine *machine, const struct machine_cpu *cpu,
			     struct interrupt_registers *registers)
{
	struct kvm_irqchip master = { .chip_id = KVM_IRQCHIP_PIC_MASTER };
	struct kvm_irqchip slave = { .chip_id = KVM_IRQCHIP_PIC_SLAVE };
	struct kvm_irqchip ioapic = { .chip_id = KVM_IRQCHIP_IOAPIC };
	struct kvm_lapic_state lapic = { 0 };
	uint32_t i;

	if (KVM_IOCTL(machine->vm.fd, KVM_GET_IRQCHIP, &master, NULL) < 0 ||
	    KVM_IOCTL(machine->vm.fd, KVM_GET_IRQCHIP, &slave, NULL) < 0 ||
	    KVM_IOCTL(machine->vm.fd, KVM_GET_IRQCHIP, &ioapic, NULL) < 0 ||
	    KVM_IOCTL(cpu->vcpu.fd, KVM_GET_LAPIC, &lapic, NULL) < 0)
		return false;
	for (i = 0; i < APIC_REGISTERS; i++)
		registers->apic[i] = apic_register(&lapic, i * 0x10);
	for (i = 0; i < R0_IOAPIC_INPUTS; i++)
		registers->redirections[i] = ioapic.chip.ioapic.redirtbl[i].bits;
	registers->pic_requests = (uint16_t)(master.chip.pic.irr | slave.chip.pic.irr << 8);
	registers->pic_in_service = (uint16_t)(master.chip.pic.isr | slave.chip.pic.isr << 8);
	registers->pic_masks = (uint16_t)(master.chip.pic.imr | slave.chip.pic.imr << 8);
	return true;
}

void interrupts_describe(const struct execution *run, FILE *out)
{
	struct interrupt_registers registers = {
		.rflags = run->regs.rflags,
		.apic_base = run->sregs.apic_base,
	};
	char text[3072];

	if (!read_controllers(run->machine, run->cpu, &registers))
		return;
	describe_interrupts(&registers, -1, text, sizeof(text));
	fprintf(out, "interrupt controllers%s:\n%s\n",
		interrupts_halted(run->cpu) ? ", the CPU is in HLT" : "", text);
}
