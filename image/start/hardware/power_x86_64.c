/* SPDX-License-Identifier: MIT */
/* Turning off: each way that a virtual machine monitor, or ACPI, has for it, one after the other. */
#include "image/start/hardware/power_x86_64.h"
#include <stdarg.h>
#include <ring0/x86.h>
#include "guest/text/format.h"
#include "image/start/hardware/acpi_x86_64.h"
#include "image/start/hardware/console_x86_64.h"
#include "image/start/hardware/hypervisor_x86_64.h"

#define STATUS_ERROR 99

/* QEMU's isa-debug-exit where its users have it; the process ends with (status << 1) | 1. */
#define DEBUG_EXIT 0xf4

/* ACPI 6.5, table 4.16 and 4.19: the sleep enable bits, and where SLP_TYP goes. */
#define PM1_SLP_EN	  (1u << 13)
#define PM1_SLP_TYP(type) ((type) << 10)
#define SLEEP_ENABLE	  (1u << 5)
#define SLEEP_TYPE(type)  ((type) << 2)

/* What virtual machine monitors turn off by where the guest knows no ACPI. */
#define QEMU_PORT	0x604
#define QEMU_OFF	0x2000
#define VIRTUALBOX_PORT 0x4004
#define VIRTUALBOX_OFF	0x3400
#define CLOUD_PORT	0x600 /* Cloud Hypervisor */
#define CLOUD_OFF	0x34

/* A PC's reset control register (Intel ICH data sheets), and its keyboard controller's pulse of the reset line. */
#define RESET_PORT     0xcf9
#define RESET_SYSTEM   0x02
#define RESET_CPU      0x06
#define KEYBOARD_PORT  0x64
#define KEYBOARD_RESET 0xfe

enum power_off power_off_by;

static void soft_off(void)
{
	const unsigned int value = PM1_SLP_EN | PM1_SLP_TYP((unsigned int)acpi.soft_off);

	if (!acpi.has_soft_off)
		return;
	acpi_write(&acpi.sleep_control,
		   (uint8_t)(SLEEP_ENABLE | SLEEP_TYPE((unsigned int)acpi.soft_off)));
	if (acpi.pm1a_control)
		r0_out16(acpi.pm1a_control, (uint16_t)value);
	if (acpi.pm1b_control)
		r0_out16(acpi.pm1b_control, (uint16_t)value);
}

static void monitor_off(unsigned int status)
{
	r0_out8(DEBUG_EXIT, (uint8_t)status);
	r0_out32(DEBUG_EXIT, status);
	soft_off();
	r0_out16(QEMU_PORT, QEMU_OFF);
	r0_out16(VIRTUALBOX_PORT, VIRTUALBOX_OFF);
	r0_out8(CLOUD_PORT, CLOUD_OFF);
}

static void reset(void)
{
	acpi_write(&acpi.reset, acpi.reset_value);
	r0_out8(RESET_PORT, RESET_SYSTEM);
	r0_out8(RESET_PORT, RESET_CPU);
	r0_out8(KEYBOARD_PORT, KEYBOARD_RESET);
}

void power_off(unsigned int status)
{
	console_finish();
	if (power_off_by == POWER_AUTOMATIC && hypervisor.is_there) {
		monitor_off(status);
		/* Firecracker knows nothing else. */
		r0_out8(KEYBOARD_PORT, KEYBOARD_RESET);
	}
	if (power_off_by == POWER_ACPI)
		soft_off();
	if (power_off_by == POWER_RESET)
		reset();
	for (;;) {
		r0_cli();
		r0_hlt();
	}
}

void power_lose(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	format_text(text, sizeof(text), format, arguments);
	va_end(arguments);
	console_print("# the machine is lost: %s\n", text);
	power_off(STATUS_ERROR);
}

void power_give_up(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	format_text(text, sizeof(text), format, arguments);
	va_end(arguments);
	console_print("# the image gives up: %s\nSOTEST PANIC\n", text);
	power_off(STATUS_ERROR);
}
