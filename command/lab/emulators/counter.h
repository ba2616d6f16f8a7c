/* SPDX-License-Identifier: MIT */
/* The counter that the kernel in the emulated machine is told the rate of. Of the architecture. */
#ifndef COMMAND_LAB_EMULATORS_COUNTER_H
#define COMMAND_LAB_EMULATORS_COUNTER_H

/* How fast it counts on this host, in kHz: measured at each call, which takes 2 ms. */
unsigned long lab_counter_khz(void);

#endif /* COMMAND_LAB_EMULATORS_COUNTER_H */
