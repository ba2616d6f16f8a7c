/* SPDX-License-Identifier: MIT */
/* The rest of a PC: its devices, and where their interrupts go. */
#include "monitor/wiring/wiring_pc.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "devices/pc/acpi_pm.h"
#include "devices/pc/fw_cfg.h"
#include "devices/pc/hpet.h"
#include "devices/pc/power_off.h"
#include "devices/pc/reset_control.h"
#include "devices/pc/rtc.h"
#include "devices/pc/test_device.h"
#include "devices/pci/edu.h"
#include "devices/pci/iommu.h"
#include "devices/pci/pci_testdev.h"
#include "kvm/vm/vm_x86_64.h"
#include "monitor/wiring/irqchip.h"
#include "monitor/wiring/outlets.h"
#include "monitor/wiring/platform.h"
#include "monitor/wiring/wiring_hyperv.h"

/* CMOS shutdown status of a machine that comes back from S3, as SeaBIOS looks for it. */
#define SHUTDOWN_RESUME 0xfe

/* An entry of QEMU's etc/e820: address, size, and type, of which 1 is memory. */
#define MAP_ENTRY_SIZE 20
#define MAP_MEMORY     1

struct pc {
	struct wiring *wiring;
	struct guest_memory *memory;
	struct rtc rtc;
	struct hpet hpet;
	struct acpi_pm pm;
	struct fw_cfg fw_cfg;
	uint8_t memory_map[2 * MAP_ENTRY_SIZE]; /* its file of that */
	struct pci pci;
	struct pci_testdev pci_testdev;
	struct edu edu;
	struct iommu iommu;
	struct reset_control reset_control;
	struct power_off power_off;
	struct test_device test_device;
	void *own_files[FW_CFG_FILES_MAX]; /* content of files that was copied */
	size_t own_file_count;
};

static uint64_t now_ns(void *context)
{
	(void)context;
	return clock_ns();
}

/* What makes the time since 1970 of clock_ns(). */
static int64_t epoch_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * (int64_t)CLOCK_NS_PER_S + now.tv_nsec - (int64_t)clock_ns();
}

/* Its interrupt is an event of power management, too. The HPET may have its line. */
static void set_rtc_line(void *context, unsigned int number, bool level)
{
	struct pc *pc = context;
	const struct irq_line line = outlets_line(pc->wiring, number);

	if (level)
		acpi_pm_alarm(&pc->pm);
	if (!pc->hpet.replaces)
		irq_line_set(&line, level);
}

/* Legacy replacement: the PIT and the RTC are off their lines (IA-PC HPET Specification 1.0a, 2.4.1). */
static void replace_timers(void *context, bool on)
{
	struct pc *pc = context;

	if (pc->wiring->irqchip)
		irqchip_replace_pit(pc->wiring->irqchip, on);
	else
		vm_replace_pit(pc->wiring->vm, on, NULL);
}

static int add_clocks(struct pc *pc, struct error *error)
{
	struct wiring *wiring = pc->wiring;
	const struct rtc_options rtc = {
		.now = now_ns,
		.epoch_ns = epoch_ns(),
		.irq = { set_rtc_line, pc, RTC_IRQ },
	};
	const struct hpet_options hpet = {
		.now = now_ns,
		.irq = outlets_line(wiring, 0),
		.replaces = replace_timers,
		.replaces_context = pc,
		.routes = HPET_ROUTES,
	};
	int err;

	rtc_init(&pc->rtc, &rtc);
	hpet_init(&pc->hpet, &hpet);
	err = bus_add(&wiring->bus, BUS_PORT, RTC_PORT, RTC_PORTS, &pc->rtc.dev, error);
	if (!err)
		err = bus_add(&wiring->bus, BUS_MEMORY, HPET_BASE, HPET_SIZE, &pc->hpet.dev, error);
	return err;
}

static int add_power(struct pc *pc, struct error *error)
{
	struct wiring *wiring = pc->wiring;
	const struct acpi_pm_options pm = {
		.now = now_ns,
		.irq = outlets_line(wiring, ACPI_PM_IRQ),
	};
	int err;

	acpi_pm_init(&pc->pm, &pm);
	reset_control_init(&pc->reset_control);
	power_off_init(&pc->power_off);
	err = bus_add(&wiring->bus, BUS_PORT, ACPI_PM_PORT, ACPI_PM_PORTS, &pc->pm.dev, error);
	if (!err)
		err = bus_add(&wiring->bus, BUS_PORT, RESET_CONTROL_PORT, 1, &pc->reset_control.dev,
			      error);
	return err ? err : power_off_add(&pc->power_off, &wiring->bus, error);
}

static void add_to_map(uint8_t *entry, uint64_t address, uint64_t size)
{
	dev_store(entry, 8, address);
	dev_store(entry + 8, 8, size);
	dev_store(entry + 16, 4, MAP_MEMORY);
}

/* For firmware, which else goes by the CMOS. */
static int add_memory_map(struct pc *pc, uint64_t low, uint64_t high, struct error *error)
{
	size_t size = high ? 2 * MAP_ENTRY_SIZE : MAP_ENTRY_SIZE;

	add_to_map(pc->memory_map, 0, low);
	add_to_map(pc->memory_map + MAP_ENTRY_SIZE, 1ull << 32, high);
	return fw_cfg_add_file(&pc->fw_cfg, "etc/e820", pc->memory_map, size, error);
}

static int add_configuration(struct pc *pc, struct error *error)
{
	const struct r0_vm_options *options = pc->wiring->options;
	const uint64_t low = options->memory < platform_map.memory_low_end ?
				     options->memory :
				     platform_map.memory_low_end;
	struct fw_cfg *fw_cfg = &pc->fw_cfg;
	size_t i;
	int err;

	rtc_set_memory(&pc->rtc, low, options->memory - low, options->cpus);
	fw_cfg_init(fw_cfg, &pc->memory->ram);
	err = fw_cfg_add_number(fw_cfg, FW_CFG_RAM_SIZE, options->memory, 8, error);
	if (!err)
		err = fw_cfg_add_number(fw_cfg, FW_CFG_NOGRAPHIC, 1, 2, error);
	if (!err)
		err = fw_cfg_add_number(fw_cfg, FW_CFG_CPUS, options->cpus, 2, error);
	if (!err)
		err = fw_cfg_add_number(fw_cfg, FW_CFG_CPUS_MAX, options->cpus, 2, error);
	for (i = 0; i < options->file_count && !err; i++)
		err = fw_cfg_add_file(fw_cfg, options->files[i].name, options->files[i].data,
				      options->files[i].size, error);
	if (!err)
		err = add_memory_map(pc, low, options->memory - low, error);
	return err ? err :
		     bus_add(&pc->wiring->bus, BUS_PORT, FW_CFG_PORT, FW_CFG_PORTS, &fw_cfg->dev,
			     error);
}

/* KVM refuses only what no local APIC can take. */
static void send(void *context, const struct interrupt_message *message)
{
	const struct pc *pc = context;
	const struct vm_message interrupt = { message->address, message->data };

	if (pc->wiring->vm->irqchip)
		vm_send_message(pc->wiring->vm, &interrupt, NULL);
}

static void send_from(void *context, uint16_t source, const struct interrupt_message *message)
{
	struct pc *pc = context;
	struct interrupt_message remapped = *message;

	if (!pc->wiring->iommu || iommu_remap(&pc->iommu, source, message, &remapped))
		send(pc, &remapped);
}

/* A page at a time, as the IOMMU has them. */
static bool access_memory(void *context, uint16_t source, bool write, uint64_t address, void *data,
			  size_t size)
{
	struct pc *pc = context;
	uint8_t *bytes = data, *at;
	uint64_t physical = address;
	size_t part;

	for (; size; address += part, bytes += part, size -= part) {
		part = PAGE_SIZE - address % PAGE_SIZE;
		part = part < size ? part : size;
		physical = address;
		if (pc->wiring->iommu &&
		    !iommu_translate(&pc->iommu, source, write, address, &physical))
			return false;
		at = ram_at(&pc->memory->ram, (r0_gpa){ physical }, part, write);
		if (!at)
			return false;
		memcpy(write ? at : bytes, write ? bytes : at, part);
	}
	return true;
}

static void remap_anew(void *context)
{
	const struct pc *pc = context;

	if (pc->wiring->irqchip)
		irqchip_remap(pc->wiring->irqchip);
}

static int add_pci(struct pc *pc, struct error *error)
{
	struct wiring *wiring = pc->wiring;
	const struct pci_outlets outlets = {
		.irq = outlets_line(wiring, PCI_IRQ),
		.send = send_from,
		.access = access_memory,
		.context = pc,
	};
	const struct iommu_options options = {
		.ram = &pc->memory->ram,
		.send = send,
		.changed = remap_anew,
		.context = pc,
	};
	int err;

	pci_init(&pc->pci);
	pci_connect(&pc->pci, &outlets);
	err = pci_add(&pc->pci, &wiring->bus, error);
	if (err || !wiring->options->iommu)
		return err;
	iommu_init(&pc->iommu, &options);
	wiring->iommu = &pc->iommu;
	return bus_add(&wiring->bus, BUS_MEMORY, IOMMU_BASE, IOMMU_SIZE, &pc->iommu.dev, error);
}

static int add_pc(struct pc *pc, struct error *error)
{
	int err = add_clocks(pc, error);

	if (!err)
		err = add_power(pc, error);
	if (!err)
		err = add_configuration(pc, error);
	return err ? err : add_pci(pc, error);
}

static void flush_page(void *context, uint64_t address)
{
	const struct pc *pc = context;

	guest_memory_remap(pc->memory, address, NULL);
}

static int add_test_devices(struct pc *pc, struct error *error)
{
	const struct test_device_options options = {
		.irq = outlets_line(pc->wiring, 0),
		.flush = flush_page,
		.flush_context = pc,
	};
	int err;

	test_device_init(&pc->test_device, &options);
	err = test_device_add(&pc->test_device, &pc->wiring->bus, error);
	if (!err)
		err = wiring_hyperv_add(pc->wiring, pc->memory, error);
	if (err || !pc->wiring->options->pc)
		return err;
	pci_testdev_init(&pc->pci_testdev);
	edu_init(&pc->edu);
	err = pci_testdev_add(&pc->pci_testdev, &pc->pci, error);
	return err ? err : edu_add(&pc->edu, &pc->pci, error);
}

int wiring_pc_add(struct wiring *wiring, struct guest_memory *memory, struct error *error)
{
	const struct r0_vm_options *options = wiring->options;
	int err = 0;

	if (options->file_count && !options->pc)
		return error_set(error, EINVAL, "files of fw_cfg are for a VM with .pc");
	if (options->iommu && (!options->pc || !options->split_irqchip))
		return error_set(error, EINVAL, "an IOMMU is for a VM with .pc and .split_irqchip");
	if (!options->pc && !options->test_devices)
		return 0;
	wiring->pc = calloc(1, sizeof(*wiring->pc));
	if (!wiring->pc)
		return error_set(error, ENOMEM, "no memory for a PC's devices");
	wiring->pc->wiring = wiring;
	wiring->pc->memory = memory;
	if (options->pc)
		err = add_pc(wiring->pc, error);
	if (!err && options->test_devices)
		err = add_test_devices(wiring->pc, error);
	return err;
}

static int add_own_file(struct pc *pc, const struct r0_vm_file *file, struct error *error)
{
	void *copy = malloc(file->size);
	int err;

	if (!copy)
		return error_set(error, ENOMEM, "no memory for a file of fw_cfg");
	memcpy(copy, file->data, file->size);
	err = fw_cfg_add_file(&pc->fw_cfg, file->name, copy, file->size, error);
	if (err)
		free(copy);
	else
		pc->own_files[pc->own_file_count++] = copy;
	return err;
}

int wiring_pc_add_files(struct pc *pc, const struct r0_vm_file *files, size_t count,
			struct error *error)
{
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err; i++)
		if (!fw_cfg_has_file(&pc->fw_cfg, files[i].name))
			err = add_own_file(pc, &files[i], error);
	return err;
}

void wiring_pc_finish(struct wiring *wiring)
{
	size_t i;

	for (i = 0; wiring->pc && i < wiring->pc->own_file_count; i++)
		free(wiring->pc->own_files[i]);
	wiring_hyperv_finish(wiring);
	free(wiring->pc);
}

bool wiring_pc_wakes(const struct pc *pc, uint64_t *deadline)
{
	*deadline = UINT64_MAX;
	if (!pc || acpi_pm_wakes(&pc->pm))
		return pc != NULL;
	if (acpi_pm_heeds_alarm(&pc->pm))
		*deadline = rtc_deadline(&pc->rtc);
	return false;
}

uint8_t wiring_pc_shutdown_status(const struct pc *pc)
{
	return pc ? rtc_byte(&pc->rtc, RTC_SHUTDOWN_STATUS) : 0;
}

void wiring_pc_tell_wake(struct pc *pc)
{
	rtc_set_byte(&pc->rtc, RTC_SHUTDOWN_STATUS, SHUTDOWN_RESUME);
}
