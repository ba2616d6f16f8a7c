/* SPDX-License-Identifier: MIT */
/* The end of an image: how it is turned off, and what the outside gets to know of it. */
#ifndef IMAGE_START_HARDWARE_POWER_X86_64_H
#define IMAGE_START_HARDWARE_POWER_X86_64_H

enum power_off {
	POWER_AUTOMATIC, /* off in a virtual machine; on hardware, halted */
	POWER_ACPI,
	POWER_HALT,
	POWER_RESET,
};

/* What it is asked to end with. */
extern enum power_off power_off_by;

/* Turn the machine off; QEMU's isa-debug-exit gets that status. */
void power_off(unsigned int status) __attribute__((noreturn));

/* End with a line of why, and status 99. Before that SOTEST PANIC, if the report has begun. */
void power_give_up(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* The same without an end of the report: whoever reads it starts the machine again, from the next case on. */
void power_lose(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif /* IMAGE_START_HARDWARE_POWER_X86_64_H */
