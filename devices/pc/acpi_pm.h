/* SPDX-License-Identifier: MIT */
/*
 * ACPI's fixed hardware (ACPI 6.5, 4.8): the PM1a event and control blocks and the power management
 * timer, 12 ports in the order of Bochs's. The machine is always in ACPI mode: SCI_EN reads as 1. There are
 * no buttons: their enables can be written, their status never comes.
 *
 *	offset 0	PM1 status, 2 bytes: a 1 clears a bit (4.8.3.1.1)
 *	offset 2	PM1 enable, 2 bytes (4.8.3.1.2)
 *	offset 4	PM1 control, 2 bytes (4.8.3.2.1): SLP_EN with SLP_TYP 0 is S5, with 1 is S3
 *	offset 8	the timer, 4 bytes, read only (4.8.3.3): 32 bits at 3.579545 MHz
 *
 * The interrupt, the SCI, has a level: high while an enabled event's status is set. The real-time
 * clock's alarm comes by acpi_pm_alarm().
 *
 * A reset after S3 is the way back from it: what woke the machine stays in the status, with WAK_STS.
 */
#ifndef DEVICES_PC_ACPI_PM_H
#define DEVICES_PC_ACPI_PM_H

#include <stdint.h>
#include "devices/bus.h"

#define ACPI_PM_PORT	 0xb000
#define ACPI_PM_PORTS	 12
#define ACPI_PM_EVENT	 0 /* offsets in them */
#define ACPI_PM_CONTROL	 4
#define ACPI_PM_TIMER	 8
#define ACPI_PM_IRQ	 9
#define ACPI_PM_TIMER_HZ 3579545

/* SLP_TYP, as _S3 and _S5 give it to the system. */
#define ACPI_PM_TYPE_S5 0
#define ACPI_PM_TYPE_S3 1

struct acpi_pm_registers {
	uint16_t status, enable, control;
	uint8_t asleep;	     /* in S3, until the next reset */
	uint8_t level;	     /* of the interrupt line */
	uint64_t elapsed_ns; /* since the timer was 0, when copied */
	uint64_t seen;	     /* the timer, without end, up to which carries were looked for */
};

struct acpi_pm_options {
	uint64_t (*now)(
		void *context); /* a clock in ns that never goes back, the bus's deadlines' */
	void *now_context;
	struct irq_line irq;
};

struct acpi_pm {
	struct dev dev;
	struct acpi_pm_registers registers;
	struct acpi_pm_options options;
	uint64_t since; /* when the timer was 0, by the clock */
};

void acpi_pm_init(struct acpi_pm *pm, const struct acpi_pm_options *options);

/* The real-time clock's interrupt came: RTC_STS. */
void acpi_pm_alarm(struct acpi_pm *pm);

/* Whether something has come that the guest has enabled to wake it. */
bool acpi_pm_wakes(const struct acpi_pm *pm);

/* Whether the real-time clock's alarm would. */
bool acpi_pm_heeds_alarm(const struct acpi_pm *pm);

#endif /* DEVICES_PC_ACPI_PM_H */
