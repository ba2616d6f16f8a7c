/* SPDX-License-Identifier: MIT */
/* Where what comes out of a machine's devices goes: interrupts and text. Between the wiring's files. */
#ifndef MONITOR_WIRING_OUTLETS_H
#define MONITOR_WIRING_OUTLETS_H

#include "monitor/wiring/wiring.h"

/* Where a device's interrupt comes out: at the guest's controllers, if it has some. */
struct irq_line outlets_line(struct wiring *wiring, unsigned int number);

/* Make a console, and say where its output goes. Returns 0 or -errno. */
int outlets_open_console(struct wiring *wiring, enum r0_vm_console number, struct output *output,
			 struct error *error);

#endif /* MONITOR_WIRING_OUTLETS_H */
