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
#include "guest/smp/interrupts_x86_64.h"
#include "machine/cpu.h"
#include "machine/local_apic_x86_64.h"
#include "mock/hints.h"
#include "run/alarm.h"
#include "run/cpus.h"
#include "run/halt.h"
#include "run/interrupts.h"

/* HLT ends without an interrupt: it may, as an SMI would end it, too (SDM vol. 2A, HLT). */
static void wake(struct run *run)
{
	struct kvm_mp_state running = { .mp_state = KVM_MP_STATE_RUNNABLE };

	KVM_IOCTL(run->cpu->vcpu.fd, KVM_SET_MP_STATE, &running, NULL);
	run->cpu->wake.at = 0;
}

/* What a test declares must leave the machine's own alone. */
static int check_range(struct run *run, const char *attribute, enum bus_space space, uint64_t first,
		       uint64_t last)
{
	const struct r0_options *options = run->job->options;
	const char *device = hints_device(options, space, first, last);

	if (!device)
		return 0;
	return error_set(&run->complaint, EINVAL, "%s has %#llx to %#llx, where the %s of %s is",
			 attribute, (unsigned long long)first, (unsigned long long)last, device,
			 options->irqchip ? ".irqchip" : ".cpus");
}

int interrupts_check(struct run *run)
{
	const struct r0_options *options = run->job->options;
	size_t i;
	int err = 0;

	for (i = 0; i < options->ioports.count && !err; i++)
		err = check_range(run, ".ioports", BUS_PORT, options->ioports.entries[i].port,
				  options->ioports.entries[i].port);
	for (i = 0; i < options->io.count && !err; i++)
		err = check_range(run, ".io", BUS_PORT, options->io.entries[i].first,
				  options->io.entries[i].last);
	for (i = 0; i < options->mmio.count && !err; i++)
		err = check_range(run, ".mmio", BUS_MEMORY, options->mmio.entries[i].first,
				  options->mmio.entries[i].last);
	for (i = 0; i < options->ram.count && !err; i++)
		err = check_range(run, ".ram", BUS_MEMORY, options->ram.entries[i].from,
				  options->ram.entries[i].to - 1);
	return err;
}

int interrupts_begin(struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++)
		alarm_forget(&run->machine->cpus[i]);
	return alarm_begin(run);
}

void interrupts_end(struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++)
		vcpu_set_alarm(&run->machine->cpus[i].vcpu, 0, NULL);
}

bool interrupts_serve(struct run *run)
{
	const struct kvm_regs *regs = &run->cpu->vcpu.run->s.regs.regs;
	bool halted = halt_is_on(run->cpu), interruptible = cpu_takes_interrupts(run->cpu);
	uint64_t now = clock_ns();

	interrupt_devices_expire(run->machine->devices);
	if (halt_is_for_good(run->machine, run->cpu) && (!run->cpus || cpus_is_last(run)))
		return true;
	/* In want of work it may halt for as long as it likes. */
	if (halted && interruptible && run->cpus && cpus_is_idle(run, run_cpu(run)))
		run->cpu->look.at = 0;
	else if (now >= run->cpu->look.at)
		alarm_put_off(&run->cpu->look, now);
	if (run->cpu->wake.at && now >= run->cpu->wake.at) {
		/* If not, it may be on its way there, or the wait was over before its time. */
		if (halted && regs->rip == (uint64_t)r0_wait_halted)
			wake(run);
		else
			alarm_put_off(&run->cpu->wake, now);
	}
	alarm_set(run);
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

	if (KVM_IOCTL(cpu->vcpu.fd, KVM_GET_LAPIC, &lapic, NULL) < 0)
		return false;
	for (i = 0; i < APIC_REGISTERS; i++)
		registers->apic[i] = local_apic_register(&lapic, i * 0x10);
	registers->local_apic_alone = !machine->devices;
	if (!machine->devices)
		return true;
	if (KVM_IOCTL(machine->vm.fd, KVM_GET_IRQCHIP, &master, NULL) < 0 ||
	    KVM_IOCTL(machine->vm.fd, KVM_GET_IRQCHIP, &slave, NULL) < 0 ||
	    KVM_IOCTL(machine->vm.fd, KVM_GET_IRQCHIP, &ioapic, NULL) < 0)
		return false;
	for (i = 0; i < R0_IOAPIC_INPUTS; i++)
		registers->redirections[i] = ioapic.chip.ioapic.redirtbl[i].bits;
	registers->pic_requests = (uint16_t)(master.chip.pic.irr | slave.chip.pic.irr << 8);
	registers->pic_in_service = (uint16_t)(master.chip.pic.isr | slave.chip.pic.isr << 8);
	registers->pic_masks = (uint16_t)(master.chip.pic.imr | slave.chip.pic.imr << 8);
	return true;
}

void interrupts_describe(const struct run *run, FILE *out)
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
		halt_is_on(run->cpu) ? ", the CPU is in HLT" : "", text);
}

/* Whether a vector is requested or in service. */
static bool holds_any(const struct interrupt_registers *registers)
{
	uint32_t offset, any = 0;

	for (offset = 0; offset < 0x80; offset += 0x10)
		any |= registers->apic[(R0_APIC_ISR + offset) / 0x10] |
		       registers->apic[(R0_APIC_IRR + offset) / 0x10];
	return any;
}

void interrupts_describe_others(const struct run *run, FILE *out)
{
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++) {
		const struct machine_cpu *cpu = &run->machine->cpus[i];
		const struct kvm_sregs *sregs = &cpu->vcpu.run->s.regs.sregs;
		struct interrupt_registers registers = { .apic_base = sregs->apic_base };
		char text[1024];

		if (cpu == run->cpu || !read_controllers(run->machine, cpu, &registers) ||
		    !holds_any(&registers))
			continue;
		describe_local_apic(&registers, text, sizeof(text));
		fprintf(out, "CPU %u's%s%s\n", i, text[0] == '\n' ? " " : "",
			text[0] == '\n' ? text + 1 : text);
	}
}
