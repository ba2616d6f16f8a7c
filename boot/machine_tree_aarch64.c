/* SPDX-License-Identifier: MIT */
/*
 * The nodes and properties are those of the bindings in Linux's Documentation/devicetree/bindings: arm/cpus.yaml,
 * arm/psci.yaml, interrupt-controller/arm,gic.yaml and arm,gic-v3.yaml, timer/arm,arch_timer.yaml, serial/8250.yaml, serial/pl011.yaml,
 * virtio/mmio.yaml.
 */
#include "boot/machine_tree_aarch64.h"
#include <stdio.h>
#include <ring0/arm64/gic.h>
#include "boot/device_tree.h"
#include "devices/pl011.h"
#include "devices/serial_add.h"
#include "monitor/wiring/platform_aarch64.h"

#define GICD_SIZE   0x10000ul
#define GICD_SIZE_2 0x1000ul

/* What nodes are called by others. */
#define PHANDLE_GIC   1
#define PHANDLE_CLOCK 2

/* Cells of an interrupt: its kind, its number there, and that it has a level, which is high. */
#define KIND_SPI   0
#define KIND_PPI   1
#define LEVEL_HIGH 4

/* And of a GICv2's PPI for which CPUs it is, a bit each. */
#define PPI_CPUS(cpus) (((1u << (cpus)) - 1) << 8)

/* PPIs of the timers: secure and not, virtual, hypervisor's. Arm BSA, 4.1.5. */
#define PPI_SECURE_TIMER     13
#define PPI_PHYSICAL_TIMER   14
#define PPI_VIRTUAL_TIMER    11
#define PPI_HYPERVISOR_TIMER 10

/* Nothing has a speed: what drivers make of these does not matter. */
#define SERIAL_CLOCK 1843200
#define PL011_CLOCK  24000000

/* A node's path; none for a console that is no serial line. */
static void name_console(enum r0_vm_console console, char *path, size_t size)
{
	uint64_t address = 0;

	if (console == R0_VM_COM1 || console == R0_VM_COM2)
		address = serial_base(console - R0_VM_COM1);
	else if (console == R0_VM_PL011)
		address = PLATFORM_PL011;
	*path = '\0';
	if (address)
		snprintf(path, size, "/serial@%llx", (unsigned long long)address);
}

static void add_chosen(struct device_tree *tree, const struct boot_machine *machine,
		       const char *command_line, const struct machine_tree_disk *disk)
{
	char path[32];

	name_console(machine->console, path, sizeof(path));
	device_tree_begin(tree, "chosen");
	device_tree_text(tree, "bootargs", command_line);
	if (machine->serial && path[0])
		device_tree_text(tree, "stdout-path", path);
	if (disk->size) {
		DEVICE_TREE_CELLS(tree, "linux,initrd-start", DEVICE_TREE_64(disk->address));
		DEVICE_TREE_CELLS(tree, "linux,initrd-end",
				  DEVICE_TREE_64(disk->address + disk->size));
	}
	device_tree_end(tree);
}

static void add_memory(struct device_tree *tree, const struct boot_machine *machine)
{
	device_tree_begin(tree, "memory@40000000");
	device_tree_text(tree, "device_type", "memory");
	DEVICE_TREE_CELLS(tree, "reg", DEVICE_TREE_64(R0_VM_MEMORY),
			  DEVICE_TREE_64(machine->memory));
	device_tree_end(tree);
}

/* Their affinity is KVM's: sixteen to a cluster. */
static void add_cpus(struct device_tree *tree, const struct boot_machine *machine)
{
	char name[32];
	unsigned int i;

	device_tree_begin(tree, "cpus");
	DEVICE_TREE_CELLS(tree, "#address-cells", 1);
	DEVICE_TREE_CELLS(tree, "#size-cells", 0);
	for (i = 0; i < machine->cpus; i++) {
		const uint32_t affinity = i % 16 | i / 16 << 8;

		snprintf(name, sizeof(name), "cpu@%x", affinity);
		device_tree_begin(tree, name);
		device_tree_text(tree, "device_type", "cpu");
		device_tree_text(tree, "compatible", "arm,armv8");
		DEVICE_TREE_CELLS(tree, "reg", affinity);
		device_tree_text(tree, "enable-method", "psci");
		device_tree_end(tree);
	}
	device_tree_end(tree);
}

static void add_psci(struct device_tree *tree)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	device_tree_begin(tree, "psci");
	device_tree_bytes(tree, "compatible", compatible, sizeof(compatible));
	device_tree_text(tree, "method", "hvc");
	device_tree_end(tree);
}

static void add_gic(struct device_tree *tree, const struct boot_machine *machine)
{
	const bool is_3 = machine->gic_version == 3;
	const uint32_t timers = is_3 ? LEVEL_HIGH : LEVEL_HIGH | PPI_CPUS(machine->cpus);

	device_tree_begin(tree, "intc@8000000");
	device_tree_text(tree, "compatible", is_3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
	DEVICE_TREE_CELLS(tree, "#interrupt-cells", 3);
	device_tree_bytes(tree, "interrupt-controller", NULL, 0);
	if (is_3)
		DEVICE_TREE_CELLS(tree, "reg", DEVICE_TREE_64(R0_GICD_ADDRESS),
				  DEVICE_TREE_64(GICD_SIZE), DEVICE_TREE_64(R0_GICR_ADDRESS),
				  DEVICE_TREE_64(machine->cpus * R0_GICR_SIZE));
	else
		DEVICE_TREE_CELLS(tree, "reg", DEVICE_TREE_64(R0_GICD_ADDRESS),
				  DEVICE_TREE_64(GICD_SIZE_2), DEVICE_TREE_64(R0_GICC_ADDRESS),
				  DEVICE_TREE_64(R0_GICC_SIZE));
	DEVICE_TREE_CELLS(tree, "phandle", PHANDLE_GIC);
	device_tree_end(tree);
	device_tree_begin(tree, "timer");
	device_tree_text(tree, "compatible", "arm,armv8-timer");
	DEVICE_TREE_CELLS(tree, "interrupts", KIND_PPI, PPI_SECURE_TIMER, timers, KIND_PPI,
			  PPI_PHYSICAL_TIMER, timers, KIND_PPI, PPI_VIRTUAL_TIMER, timers, KIND_PPI,
			  PPI_HYPERVISOR_TIMER, timers);
	device_tree_bytes(tree, "always-on", NULL, 0);
	device_tree_end(tree);
}

/* A node's registers and interrupt. */
static void add_place(struct device_tree *tree, const struct boot_machine *machine,
		      uint64_t address, uint64_t size, unsigned int irq)
{
	DEVICE_TREE_CELLS(tree, "reg", DEVICE_TREE_64(address), DEVICE_TREE_64(size));
	if (machine->irqchip)
		DEVICE_TREE_CELLS(tree, "interrupts", KIND_SPI, irq, LEVEL_HIGH);
}

static void add_serial(struct device_tree *tree, const struct boot_machine *machine)
{
	static const char compatible[] = "arm,pl011\0arm,primecell";
	static const char clocks[] = "uartclk\0apb_pclk";
	char name[32];
	unsigned int i;

	for (i = 0; i < SERIAL_LINES; i++) {
		snprintf(name, sizeof(name), "serial@%llx", (unsigned long long)serial_base(i));
		device_tree_begin(tree, name);
		device_tree_text(tree, "compatible", "ns16550a");
		add_place(tree, machine, serial_base(i), 8, PLATFORM_SERIAL_IRQ + i);
		DEVICE_TREE_CELLS(tree, "clock-frequency", SERIAL_CLOCK);
		device_tree_end(tree);
	}
	device_tree_begin(tree, "clock");
	device_tree_text(tree, "compatible", "fixed-clock");
	DEVICE_TREE_CELLS(tree, "#clock-cells", 0);
	DEVICE_TREE_CELLS(tree, "clock-frequency", PL011_CLOCK);
	DEVICE_TREE_CELLS(tree, "phandle", PHANDLE_CLOCK);
	device_tree_end(tree);
	snprintf(name, sizeof(name), "serial@%x", PLATFORM_PL011);
	device_tree_begin(tree, name);
	device_tree_bytes(tree, "compatible", compatible, sizeof(compatible));
	add_place(tree, machine, PLATFORM_PL011, PL011_SIZE, PLATFORM_PL011_IRQ);
	DEVICE_TREE_CELLS(tree, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	device_tree_bytes(tree, "clock-names", clocks, sizeof(clocks));
	device_tree_end(tree);
}

static void add_virtio(struct device_tree *tree, const struct boot_machine *machine)
{
	char name[48];
	size_t i;

	for (i = 0; i < machine->virtio_count; i++) {
		const struct boot_window *window = &machine->virtio[i];

		snprintf(name, sizeof(name), "virtio_mmio@%llx",
			 (unsigned long long)window->address);
		device_tree_begin(tree, name);
		device_tree_text(tree, "compatible", "virtio,mmio");
		device_tree_bytes(tree, "dma-coherent", NULL, 0);
		add_place(tree, machine, window->address, window->size, window->irq);
		device_tree_end(tree);
	}
}

int machine_tree_make(const struct boot_machine *machine, const char *command_line,
		      const struct machine_tree_disk *disk, uint8_t **bytes, size_t *size,
		      struct error *error)
{
	struct device_tree tree = { 0 };
	int err;

	device_tree_begin(&tree, "");
	DEVICE_TREE_CELLS(&tree, "#address-cells", 2);
	DEVICE_TREE_CELLS(&tree, "#size-cells", 2);
	device_tree_text(&tree, "compatible", "linux,dummy-virt");
	device_tree_text(&tree, "model", "ring0");
	if (machine->irqchip)
		DEVICE_TREE_CELLS(&tree, "interrupt-parent", PHANDLE_GIC);
	add_chosen(&tree, machine, command_line, disk);
	add_memory(&tree, machine);
	add_cpus(&tree, machine);
	add_psci(&tree);
	if (machine->irqchip)
		add_gic(&tree, machine);
	if (machine->serial)
		add_serial(&tree, machine);
	add_virtio(&tree, machine);
	device_tree_end(&tree);
	err = device_tree_take(&tree, bytes, size, error);
	device_tree_finish(&tree);
	return err;
}
