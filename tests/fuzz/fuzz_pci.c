/* SPDX-License-Identifier: MIT */
/*
 * The PCI bus with a function that interrupts and transfers, behind an IOMMU, and Hyper-V's test device. INTA# is what
 * the function's registers say; a message is the one that they hold; memory changes only where a transfer went, by
 * tables that the fuzzer reads for itself; an invalidation ends; a message that is posted is in its slot, or waits.
 */
#include <string.h>
#include "devices/pc/hyperv_testdev.h"
#include "devices/pci/edu.h"
#include "devices/pci/iommu.h"
#include "tests/fuzz/device_fuzz.h"

#define CONFIG 0x80000800u
#define AT     (PCI_MEMORY_FIRST + EDU_SIZE)
#define CPUS   3

/* Pages of memory, by number: what the IOMMU reads. */
enum { ROOT, CONTEXTS, LEVEL_3, LEVEL_2, LEVEL_1, QUEUE, INTERRUPTS, MESSAGES };

static struct pci pci;
static struct edu edu;
static struct iommu iommu;
static struct hyperv_testdev hyperv;
static bool line, saved_line;
static unsigned int interrupts;

static uint64_t page(unsigned int number)
{
	return FUZZ_RAM_AT + 0x1000ull * number;
}

static void put(uint64_t address, uint64_t value)
{
	dev_store(fuzz_memory + (address - FUZZ_RAM_AT), 8, value);
}

static void set_line(void *context, unsigned int number, bool level)
{
	(void)context;
	fuzz_equal(number, PCI_IRQ, "the line of PCI");
	fuzz_expect(line != level, "INTA# set to what it is");
	line = level;
}

static void send(void *context, uint16_t source, const struct interrupt_message *message)
{
	const struct pci_function_registers *r = &pci.registers.functions[1];
	struct interrupt_message remapped;

	(void)context;
	fuzz_equal(source, 8, "a message's source");
	fuzz_expect(r->message_control & 1 && r->command & 4, "a message that is turned off");
	fuzz_equal(message->address, r->message_address, "a message's address");
	fuzz_equal(message->data, r->message_data, "a message's data");
	fuzz_note(iommu_remap(&iommu, source, message, &remapped));
	fuzz_note(remapped.data);
}

static bool access_memory(void *context, uint16_t source, bool write, uint64_t address, void *data,
			  size_t size)
{
	uint64_t physical;
	void *at;

	(void)context;
	if (!iommu_translate(&iommu, source, write, address, &physical))
		return false;
	/* Within a page, for simplicity. */
	at = size <= 0x1000 - address % 0x1000 ? ram_at(&fuzz_ram, gpa(physical), size, write) :
						 NULL;
	if (at)
		memcpy(write ? at : data, write ? data : at, size);
	return at;
}

static void own_message(void *context, const struct interrupt_message *message)
{
	(void)context;
	fuzz_note(message->address);
}

static void interrupt(void *context, unsigned int cpu, unsigned int source)
{
	(void)context;
	fuzz_expect(cpu < CPUS && source < SYNIC_SOURCES, "a CPU's source");
	interrupts++;
}

static bool listen(void *context, unsigned int cpu, unsigned int source)
{
	(void)context;
	fuzz_expect(cpu < CPUS && source < SYNIC_SOURCES, "a CPU's source");
	return true;
}

static void good(int result)
{
	fuzz_equal((uint64_t)result, 0, "adding a device");
}

static void pci_start(void)
{
	const struct pci_outlets outlets = {
		.irq = { .set = set_line, .number = PCI_IRQ },
		.send = send,
		.access = access_memory,
	};
	const struct iommu_options options = { .ram = &fuzz_ram, .send = own_message };
	const struct hyperv_testdev_options hyperv_options = {
		.ram = &fuzz_ram,
		.cpus = CPUS,
		.interrupt = interrupt,
		.listen = listen,
	};

	line = false;
	interrupts = 0;
	pci_init(&pci);
	pci_connect(&pci, &outlets);
	good(pci_add(&pci, &fuzz_bus, NULL));
	edu_init(&edu);
	good(edu_add(&edu, &pci, NULL));
	iommu_init(&iommu, &options);
	good(bus_add(&fuzz_bus, BUS_MEMORY, IOMMU_BASE, IOMMU_SIZE, &iommu.dev, NULL));
	hyperv_testdev_init(&hyperv, &hyperv_options);
	good(bus_add(&fuzz_bus, BUS_PORT, HYPERV_TESTDEV_PORT, 4, &hyperv.dev, NULL));
}

static void set_config(uint32_t offset, uint32_t value)
{
	fuzz_access(BUS_PORT, PCI_PORT_ADDRESS, 4, true, CONFIG | offset);
	fuzz_access(BUS_PORT, PCI_PORT_DATA, 4, true, value);
}

static void configure(void)
{
	set_config(4, fuzz_one_in(4) ? (uint32_t)fuzz_random() : 6);
	set_config(0x10, AT);
	set_config(0x40, (uint32_t)fuzz_random());
	set_config(0x44, fuzz_one_in(2) ? (uint32_t)(page(MESSAGES) & ~3u) :
					  0xfee00000u | (uint32_t)fuzz_below(0x100000));
	set_config(0x4c, (uint32_t)fuzz_random());
}

static void raise(void)
{
	fuzz_access(BUS_MEMORY, AT + (fuzz_below(2) ? 0x60 : 0x64), 4, true, fuzz_value());
}

/* Which access goes where, by tables of one entry each. */
static void transfer(void)
{
	static uint8_t before[FUZZ_RAM_SIZE];
	uint64_t to = FUZZ_RAM_AT + fuzz_below(FUZZ_RAM_SIZE), size = fuzz_below(64);
	uint64_t inside = EDU_BUFFER_AT + fuzz_below(EDU_BUFFER_SIZE);
	uint32_t i, changed = 0;

	memcpy(before, fuzz_memory, sizeof(before));
	fuzz_access(BUS_MEMORY, AT + 0x80, 8, true, inside);
	fuzz_access(BUS_MEMORY, AT + 0x88, 8, true, to);
	fuzz_access(BUS_MEMORY, AT + 0x90, 8, true, fuzz_one_in(8) ? fuzz_value() : size);
	fuzz_access(BUS_MEMORY, AT + 0x98, 4, true, 3 | (uint32_t)fuzz_below(2) << 2);
	for (i = 0; i < FUZZ_RAM_SIZE; i++)
		changed += before[i] != fuzz_memory[i];
	/* A message to memory has four bytes. */
	fuzz_expect(changed <= EDU_BUFFER_SIZE + 4, "memory after a transfer");
	fuzz_note(changed);
}

static void set_up_iommu(void)
{
	const uint64_t at = FUZZ_RAM_AT + fuzz_below(FUZZ_RAM_SIZE);

	put(page(ROOT), page(CONTEXTS) | 1);
	put(page(CONTEXTS) + 8 * 16, page(LEVEL_3) | 1 | fuzz_below(4) << 1);
	put(page(CONTEXTS) + 8 * 16 + 8, fuzz_one_in(4) ? fuzz_value() : 1);
	put(page(LEVEL_3), page(LEVEL_2) | 3);
	put(page(LEVEL_2), page(LEVEL_1) | 3);
	put(page(LEVEL_1) + (at >> 12 & 0x1ff) * 8, page((unsigned int)fuzz_below(16)) | 3);
	put(page(INTERRUPTS) + fuzz_below(16) * 16, fuzz_random() & 0xff0000ff0007ull);
	fuzz_access(BUS_MEMORY, IOMMU_BASE + 0x20, 8, true,
		    fuzz_one_in(8) ? fuzz_value() : page(ROOT));
	fuzz_access(BUS_MEMORY, IOMMU_BASE + 0xb8, 8, true, page(INTERRUPTS) | fuzz_below(8));
	fuzz_access(BUS_MEMORY, IOMMU_BASE + 0x18, 4, true, fuzz_random());
}

static void invalidate(void)
{
	unsigned int i, count = (unsigned int)fuzz_below(20);

	for (i = 0; i < count; i++) {
		put(page(QUEUE) + i * 16,
		    fuzz_one_in(8) ? fuzz_value() : 1 + fuzz_below(5) + (fuzz_below(4) << 4));
		put(page(QUEUE) + i * 16 + 8, FUZZ_RAM_AT + fuzz_below(FUZZ_RAM_SIZE));
	}
	fuzz_access(BUS_MEMORY, IOMMU_BASE + 0x90, 8, true, page(QUEUE));
	fuzz_access(BUS_MEMORY, IOMMU_BASE + 0x88, 4, true,
		    fuzz_one_in(8) ? fuzz_value() : count * 16);
	fuzz_access(BUS_MEMORY, IOMMU_BASE + 0x34, 4, true, ~0u);
}

static void use_hyperv(void)
{
	const struct synic_cpu cpu = { 1, page(MESSAGES) | 1,
				       fuzz_one_in(4) ? fuzz_value() : page(MESSAGES) | 1 };
	const unsigned int source = (unsigned int)fuzz_below(17), number = fuzz_below(4) << 24;
	const uint64_t input = page(MESSAGES) + 0x100 * fuzz_below(16);
	enum hyperv_status status;

	hyperv_testdev_set_cpu(&hyperv, (unsigned int)fuzz_below(CPUS + 1), &cpu);
	fuzz_access(BUS_PORT, HYPERV_TESTDEV_PORT, 4, true,
		    source | fuzz_below(CPUS + 1) << 8 | fuzz_below(9) << 16 | number);
	put(input, fuzz_below(5));
	put(input + 8, fuzz_one_in(8) ? fuzz_value() : 1 | 8ull << 32);
	status = hyperv_testdev_call(&hyperv, 0x5c + fuzz_below(3) + fuzz_below(2) * 0x10000,
				     fuzz_one_in(2) ? input : fuzz_below(8));
	fuzz_note(status);
	hyperv_testdev_taken(&hyperv);
	fuzz_note(interrupts);
	interrupts = 0;
}

static void pci_step(void)
{
	const struct pci_function_registers *r = &pci.registers.functions[1];

	switch (fuzz_below(9)) {
	case 0:
		configure();
		break;
	case 1:
	case 2:
		raise();
		break;
	case 3:
		transfer();
		break;
	case 4:
		set_up_iommu();
		break;
	case 5:
		invalidate();
		break;
	case 6:
		use_hyperv();
		break;
	case 7:
		if (fuzz_one_in(20))
			bus_reset(&fuzz_bus);
		break;
	default:
		fuzz_random_access();
		break;
	}
	fuzz_equal(line, r->interrupts && !(r->command & 0x400) && !(r->message_control & 1),
		   "INTA#");
	fuzz_equal(r->interrupts, edu.registers.reasons != 0, "whether it interrupts");
}

static void pci_save(void)
{
	saved_line = line;
}

static void pci_restore(void)
{
	fuzz_equal(line, saved_line, "INTA# from a copy");
}

const struct fuzz_target fuzz_pci = {
	.name = "pci",
	.start = pci_start,
	.step = pci_step,
	.save = pci_save,
	.restore = pci_restore,
};
