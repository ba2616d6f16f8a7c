/* SPDX-License-Identifier: MIT */
/* What `ring0 boot` leaves to the architecture of its command line and its machine. */
#ifndef COMMAND_BOOT_OWN_H
#define COMMAND_BOOT_OWN_H

#include "command/boot/boot.h"

/* The protocols, in a sentence; the help between that of --append and the devices', and behind those. */
extern const char boot_own_protocols[], boot_own_help[], boot_own_more_help[];

/*
 * Take --machine, --irqchip, --cpu, --gdb or --test-devices; `value` is NULL for none. Returns 0 or a status, having
 * said why it means nothing here.
 */
int boot_own_option(const char *name, const char *value, struct boot_options *options);

/* Once all options are known: those that say nothing, and what does not go together. Returns 0 or a status, as above. */
int boot_own_settle(struct boot_options *options);

/* Of a machine's options, those that not every architecture has. */
void boot_own_machine(const struct boot_options *options, struct r0_vm_options *vm_options);

#endif /* COMMAND_BOOT_OWN_H */
