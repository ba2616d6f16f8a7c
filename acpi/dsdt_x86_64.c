/* SPDX-License-Identifier: MIT */
/* A PC's devices as AML. Section numbers are the ACPI Specification's, 6.5. */
#include <stdio.h>
#include "acpi/acpi.h"
#include "acpi/aml.h"
#include "devices/pc/acpi_pm.h"
#include "devices/pc/fw_cfg.h"
#include "devices/pc/hpet.h"
#include "devices/pc/rtc.h"
#include "devices/pci/pci.h"
#include "devices/serial.h"

#define FW_CFG_PRESENT 0x0b /* _STA: present, enabled, working, not to be shown (6.3.7) */

static void add_id(struct aml *aml, const char *hid, unsigned int uid)
{
	aml_name(aml, "_HID");
	aml_eisa_id(aml, hid);
	aml_name(aml, "_UID");
	aml_integer(aml, uid);
}

static void add_cpus(struct aml *aml, unsigned int count)
{
	char name[8];
	unsigned int i;

	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "C%03X", i & 0xfff);
		aml_device(aml, name);
		aml_name(aml, "_HID");
		aml_string(aml, "ACPI0007");
		aml_name(aml, "_UID");
		aml_integer(aml, i);
		aml_end(aml);
	}
}

/* Every INTA# is at one input of the I/O APIC (6.2.13): a device's address, its pin, no link, the input. */
static void add_pci_routes(struct aml *aml)
{
	unsigned int device;

	aml_name(aml, "_PRT");
	aml_package(aml, PCI_FUNCTIONS);
	for (device = 0; device < PCI_FUNCTIONS; device++) {
		aml_package(aml, 4);
		aml_integer(aml, device << 16 | 0xffff);
		aml_integer(aml, 0);
		aml_integer(aml, 0);
		aml_integer(aml, PCI_IRQ);
		aml_end(aml);
	}
	aml_end(aml);
}

static void add_pci(struct aml *aml, const struct acpi_machine *machine)
{
	aml_device(aml, "PCI0");
	add_id(aml, "PNP0A03", 0);
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_bridge_buses(aml, 0, 1);
	aml_ports(aml, PCI_PORT_ADDRESS, 8);
	aml_bridge_ports(aml, PCI_PORTS_FIRST, PCI_PORTS_SIZE);
	aml_bridge_memory(aml, PCI_MEMORY_FIRST, PCI_MEMORY_SIZE);
	aml_resources_end(aml);
	if (machine->pci_interrupts)
		add_pci_routes(aml);
	aml_end(aml);
}

static void add_serial(struct aml *aml, const char *name, unsigned int uid, uint16_t port,
		       unsigned int irq)
{
	aml_device(aml, name);
	add_id(aml, "PNP0501", uid);
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_ports(aml, port, SERIAL_PORTS);
	aml_irq(aml, irq);
	aml_resources_end(aml);
	aml_end(aml);
}

static void add_clocks(struct aml *aml)
{
	aml_device(aml, "RTC");
	add_id(aml, "PNP0B00", 0);
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_ports(aml, RTC_PORT, RTC_PORTS);
	aml_irq(aml, RTC_IRQ);
	aml_resources_end(aml);
	aml_end(aml);

	aml_device(aml, "HPET");
	add_id(aml, "PNP0103", 0);
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_memory(aml, HPET_BASE, HPET_SIZE);
	aml_resources_end(aml);
	aml_end(aml);
}

static void add_fw_cfg(struct aml *aml)
{
	aml_device(aml, "FWCF");
	aml_name(aml, "_HID");
	aml_string(aml, "QEMU0002");
	aml_name(aml, "_STA");
	aml_integer(aml, FW_CFG_PRESENT);
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_ports(aml, FW_CFG_PORT, FW_CFG_PORTS);
	aml_resources_end(aml);
	aml_end(aml);
}

/* LNRO0005, as Linux knows virtio by MMIO; coherent, as all is here (_CCA, 6.2.17). */
static void add_virtio(struct aml *aml, const struct acpi_virtio *virtio, unsigned int number)
{
	char name[8];

	snprintf(name, sizeof(name), "VR%02X", number & 0xff);
	aml_device(aml, name);
	aml_name(aml, "_HID");
	aml_string(aml, "LNRO0005");
	aml_name(aml, "_UID");
	aml_integer(aml, number);
	aml_name(aml, "_CCA");
	aml_integer(aml, 1);
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_memory(aml, (uint32_t)virtio->address, virtio->size);
	aml_interrupt(aml, virtio->irq);
	aml_resources_end(aml);
	aml_end(aml);
}

/* A sleeping state (7.4.2): what SLP_TYP is for PM1a and PM1b. */
static void add_state(struct aml *aml, const char *name, unsigned int type)
{
	aml_name(aml, name);
	aml_package(aml, 4);
	aml_integer(aml, type);
	aml_integer(aml, type);
	aml_integer(aml, 0);
	aml_integer(aml, 0);
	aml_end(aml);
}

size_t acpi_dsdt(const struct acpi_machine *machine, uint8_t *bytes, size_t capacity)
{
	struct aml aml;
	unsigned int i;

	aml_init(&aml, bytes, capacity);
	aml_scope(&aml, "\\_SB");
	add_cpus(&aml, machine->cpus);
	add_pci(&aml, machine);
	if (machine->legacy) {
		add_serial(&aml, "COM1", 1, SERIAL_COM1, 4);
		add_serial(&aml, "COM2", 2, SERIAL_COM2, 3);
	}
	add_clocks(&aml);
	if (machine->fw_cfg)
		add_fw_cfg(&aml);
	for (i = 0; i < machine->virtio_count; i++)
		add_virtio(&aml, &machine->virtio[i], i);
	aml_end(&aml);
	add_state(&aml, "\\_S3", ACPI_PM_TYPE_S3);
	add_state(&aml, "\\_S5", ACPI_PM_TYPE_S5);
	return aml.overflows ? 0 : aml.length;
}
