/* SPDX-License-Identifier: MIT */
/* A virtual machine on x86: quirks, MSRs that leave it, and a PC's interrupt controllers. */
#include "kvm/vm/vm_x86_64.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "kvm/kvm_x86_64.h"
#include "kvm/vm/cpu_model_x86_64.h"
#include "kvm/vm/msr_filter_x86_64.h"
#include "kvm/vm/vm_own.h"

/*
 * Differences from hardware that KVM keeps for old guests (Documentation/virt/kvm/api.rst,
 * KVM_CAP_DISABLE_QUIRKS2). Away with those that a test can see:
 *
 * FIX_HYPERCALL_INSN patches a foreign hypercall instruction in the guest's text, which is read-only
 * here: without hardware support it retries for ever. Hardware raises #UD.
 * MWAIT_NEVER_UD_FAULTS has MONITOR and MWAIT do nothing where CPUID lacks them. Hardware raises #UD.
 * OUT_7E_INC_RIP moves RIP on before an OUT to port 0x7e is served: a report would name the next
 * instruction.
 * LINT0_REENABLED has the first CPU's local APIC start with LINT0 unmasked, as if firmware had passed
 * by. After a reset of hardware it is masked (SDM vol. 3A, 10.4.7.1), and a test starts after a reset.
 * LAPIC_MMIO_HOLE has the local APIC's addresses read as all ones and ignore writes while it is in
 * x2APIC mode or disabled. Hardware sends these accesses on to memory (10.4.3), where nothing is: they
 * leave the VM like every access to nothing.
 *
 * The others stay as they are. With CD_NW_CLEARED off, a test that sets CR0.CD would run uncached,
 * and see no other difference; with MISC_ENABLE_NO_MWAIT off, CPUID would no longer say what .cpuid
 * declares. SLOT_ZAP_ALL changes nothing that a guest sees. With STUFF_FEATURE_MSRS off, MSRs that
 * describe the CPU would read as 0. IGNORE_GUEST_PAT is about memory that devices share, and
 * VMCS12_ALLOW_FREEZE_IN_SMM about hypervisors in the guest.
 */
#define UNWANTED_QUIRKS                                                           \
	(KVM_X86_QUIRK_FIX_HYPERCALL_INSN | KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS | \
	 KVM_X86_QUIRK_OUT_7E_INC_RIP | KVM_X86_QUIRK_LINT0_REENABLED |           \
	 KVM_X86_QUIRK_LAPIC_MMIO_HOLE)

#define PIC_INPUTS    16
#define IOAPIC_INPUTS KVM_IOAPIC_NUM_PINS

unsigned long vm_own_type(const struct kvm *kvm)
{
	(void)kvm;
	return 0;
}

static int disable_quirks(struct vm *vm, struct error *error)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_DISABLE_QUIRKS2,
		.args = { vm->kvm->own->quirks & UNWANTED_QUIRKS },
	};

	if (!cap.args[0])
		return 0;
	return KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, error);
}

/*
 * What kvm-intel keeps to itself on CPUs without "unrestricted guest", for real mode: a page table, and
 * behind it a TSS of three pages.
 */
#define IDENTITY_MAP 0xfffbc000ul
#define TSS	     0xfffbd000ul

const struct vm_kept vm_kept = { .address = IDENTITY_MAP, .size = 0x4000 };

/*
 * api.rst, KVM_SET_TSS_ADDR and KVM_SET_IDENTITY_MAP_ADDR: both are required on Intel, before there are
 * vCPUs. Without them KVM would put its TSS at guest-physical 0.
 */
static int give_own_pages(struct vm *vm, struct error *error)
{
	uint64_t identity_map = IDENTITY_MAP;
	int err = 0;

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_SET_IDENTITY_MAP_ADDR) > 0)
		err = KVM_IOCTL(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map, error);
	if (err >= 0 && ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_SET_TSS_ADDR) > 0)
		err = KVM_IOCTL_VALUE(vm->fd, KVM_SET_TSS_ADDR, TSS, error);
	return err;
}

int vm_report_msrs(struct vm *vm, bool all, struct error *error)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_USER_SPACE_MSR,
		.args = { KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER |
			  (all ? KVM_MSR_EXIT_REASON_INVAL : 0) },
	};

	return KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, error);
}

bool vm_tell_triple_faults(struct vm *vm)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_TRIPLE_FAULT_EVENT, .args = { 1 } };

	return ioctl(vm->fd, KVM_ENABLE_CAP, &cap) == 0;
}

/* KVM's own wiring has the PIT at the IOAPIC's input 0, where a PC has the PICs' output. */
static void add_pc_routes(struct kvm_irq_routing *routing)
{
	uint32_t gsi;

	for (gsi = 0; gsi < IOAPIC_INPUTS; gsi++) {
		/* The second PIC is at the first one's input 2. */
		if (gsi == 2)
			continue;
		if (gsi < PIC_INPUTS)
			routing->entries[routing->nr++] = (struct kvm_irq_routing_entry){
				.gsi = gsi,
				.type = KVM_IRQ_ROUTING_IRQCHIP,
				.u.irqchip = { .irqchip = gsi < 8 ? KVM_IRQCHIP_PIC_MASTER :
								    KVM_IRQCHIP_PIC_SLAVE,
					       .pin = gsi % 8 },
			};
		routing->entries[routing->nr++] = (struct kvm_irq_routing_entry){
			.gsi = gsi,
			.type = KVM_IRQ_ROUTING_IRQCHIP,
			.u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC, .pin = gsi ? gsi : 2 },
		};
	}
}

static void add_source_routes(struct kvm_irq_routing *routing, unsigned int cpus)
{
	uint32_t i;

	for (i = 0; i < cpus * VM_SOURCES; i++)
		routing->entries[routing->nr++] = (struct kvm_irq_routing_entry){
			.gsi = IOAPIC_INPUTS + i,
			.type = KVM_IRQ_ROUTING_HV_SINT,
			.u.hv_sint = { .vcpu = i / VM_SOURCES, .sint = i % VM_SOURCES },
		};
}

int vm_route_sources(struct vm *vm, unsigned int cpus, struct error *error)
{
	const size_t count = PIC_INPUTS + IOAPIC_INPUTS + cpus * VM_SOURCES;
	struct kvm_irq_routing *routing =
		calloc(1, sizeof(*routing) + count * sizeof(routing->entries[0]));
	int err;

	if (!routing)
		return error_set(error, ENOMEM, "no memory for the routes of interrupts");
	add_pc_routes(routing);
	add_source_routes(routing, cpus);
	err = KVM_IOCTL_VALUE(vm->fd, KVM_SET_GSI_ROUTING, routing, error);
	free(routing);
	return err;
}

int vm_interrupt_source(struct vm *vm, unsigned int cpu, unsigned int source, struct error *error)
{
	struct kvm_irq_level line = {
		.irq = IOAPIC_INPUTS + cpu * VM_SOURCES + source,
		.level = 1,
	};

	return KVM_IOCTL(vm->fd, KVM_IRQ_LINE, &line, error);
}

int vm_listen_source(struct vm *vm, unsigned int cpu, unsigned int source, int line, int ended,
		     struct error *error)
{
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)line,
		.gsi = IOAPIC_INPUTS + cpu * VM_SOURCES + source,
		.flags = KVM_IRQFD_FLAG_RESAMPLE,
		.resamplefd = (uint32_t)ended,
	};

	return KVM_IOCTL(vm->fd, KVM_IRQFD, &irqfd, error);
}

/* Documentation/virt/kvm/api.rst, 7.5: as many GSIs are an IOAPIC's whose ends of interrupts leave the VM. */
static int split_irqchip(struct vm *vm, struct error *error)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_SPLIT_IRQCHIP,
		.args = { VM_MESSAGES_MAX },
	};

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_SPLIT_IRQCHIP) <= 0)
		return error_set(error, ENOTSUP,
				 "this KVM has no split interrupt controllers "
				 "(KVM_CAP_SPLIT_IRQCHIP)");
	return KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, error);
}

static int make_irqchip(struct vm *vm, const struct vm_options *options, struct error *error)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	int err;

	if (!options->irqchip)
		return options->pit ? error_set(error, EINVAL,
						"a VM's PIT needs its interrupt controllers") :
				      0;
	vm->irqchip = true;
	vm->split = options->split;
	if (options->split)
		return split_irqchip(vm, error);
	err = KVM_IOCTL_VALUE(vm->fd, KVM_CREATE_IRQCHIP, 0, error);
	if (err >= 0)
		err = vm_route_sources(vm, 0, error);
	if (err >= 0 && options->pit)
		err = KVM_IOCTL(vm->fd, KVM_CREATE_PIT2, &pit, error);
	vm->pit = options->pit;
	return err;
}

static int make_cpu_model(struct vm *vm, const char *text, struct error *error)
{
	if (!text)
		return 0;
	vm->cpu_model = calloc(1, sizeof(*vm->cpu_model));
	if (!vm->cpu_model)
		return error_set(error, ENOMEM, "no memory for the model of a CPU");
	return cpu_model_parse(vm->cpu_model, vm->kvm->own->cpuid, text, error);
}

/* api.rst, KVM_CAP_X86_DISABLE_EXITS: before there are vCPUs. */
static int keep_waits_inside(struct vm *vm, struct error *error)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_DISABLE_EXITS };
	int exits = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_DISABLE_EXITS);

	if (!vm->cpu_model || !vm->cpu_model->waits_inside)
		return 0;
	if (exits <= 0)
		return error_set(error, EINVAL,
				 "cpu-pm=on: this KVM can't do that (KVM_CAP_X86_DISABLE_EXITS)");
	cap.args[0] = (uint64_t)exits & (KVM_X86_DISABLE_EXITS_MWAIT | KVM_X86_DISABLE_EXITS_HLT |
					 KVM_X86_DISABLE_EXITS_PAUSE);
	return KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, error);
}

int vm_own_init(struct vm *vm, const struct vm_options *options, struct error *error)
{
	int err = disable_quirks(vm, error);

	if (err >= 0)
		err = vm_report_msrs(vm, false, error);
	if (err >= 0)
		err = give_own_pages(vm, error);
	if (err >= 0 && options)
		err = make_cpu_model(vm, options->cpu, error);
	if (err >= 0)
		err = keep_waits_inside(vm, error);
	if (err >= 0 && options)
		err = make_irqchip(vm, options, error);
	return err;
}

int vm_replace_pit(struct vm *vm, bool on, struct error *error)
{
	struct kvm_pit_state2 pit;
	int err;

	if (!vm->pit)
		return 0;
	err = KVM_IOCTL(vm->fd, KVM_GET_PIT2, &pit, error);
	if (err < 0)
		return err;
	pit.flags &= ~(uint32_t)KVM_PIT_FLAGS_HPET_LEGACY;
	if (on)
		pit.flags |= KVM_PIT_FLAGS_HPET_LEGACY;
	err = KVM_IOCTL(vm->fd, KVM_SET_PIT2, &pit, error);
	return err < 0 ? err : 0;
}

int vm_send_message(struct vm *vm, const struct vm_message *message, struct error *error)
{
	struct kvm_msi msi = { .address_lo = message->address, .data = message->data };

	/* Positive if it went somewhere. */
	int err = KVM_IOCTL(vm->fd, KVM_SIGNAL_MSI, &msi, error);

	return err < 0 ? err : 0;
}

int vm_tell_ends(struct vm *vm, const struct vm_message *messages, size_t count,
		 struct error *error)
{
	union {
		struct kvm_irq_routing routing;
		uint8_t bytes[sizeof(struct kvm_irq_routing) +
			      VM_MESSAGES_MAX * sizeof(struct kvm_irq_routing_entry)];
	} table = { .routing = { .nr = (uint32_t)count } };
	uint32_t i;

	for (i = 0; i < count; i++)
		table.routing.entries[i] = (struct kvm_irq_routing_entry){
			.gsi = i,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = { .address_lo = messages[i].address, .data = messages[i].data },
		};
	return KVM_IOCTL_VALUE(vm->fd, KVM_SET_GSI_ROUTING, &table.routing, error);
}

int vm_start(struct vm *vm, struct error *error)
{
	(void)vm;
	(void)error;
	return 0;
}

uint32_t vm_own_irq(struct vm *vm, uint32_t line, bool level)
{
	(void)vm;
	(void)level;
	return line;
}

int vm_filter_msrs(struct vm *vm, uint32_t *indices, size_t count, struct error *error)
{
	struct msr_filter filter;
	int err = msr_filter_init(&filter, indices, count, error);

	return err ? err : KVM_IOCTL(vm->fd, KVM_X86_SET_MSR_FILTER, &filter.filter, error);
}

int vm_filter_all_msrs(struct vm *vm, bool apic_base, struct error *error)
{
	struct msr_filter filter;

	msr_filter_init_strict(&filter, apic_base);
	return KVM_IOCTL(vm->fd, KVM_X86_SET_MSR_FILTER, &filter.filter, error);
}
