/* SPDX-License-Identifier: MIT */
/* The rest of a PC, for options.pc, and kvm-unit-tests' devices: of architectures that have such. */
#ifndef MONITOR_WIRING_WIRING_PC_H
#define MONITOR_WIRING_WIRING_PC_H

#include "monitor/wiring/wiring.h"

/* What the options ask for of it. Returns 0; -ENOTSUP on another architecture; another -errno. */
int wiring_pc_add(struct wiring *wiring, struct guest_memory *memory, struct error *error);
void wiring_pc_finish(struct wiring *wiring);

/*
 * With the devices' lock: whether something woke it from its sleep, and if not, when that may be, by
 * clock_ns(); UINT64_MAX for never. `pc` may be NULL: there nothing wakes.
 */
bool wiring_pc_wakes(const struct pc *pc, uint64_t *deadline);

/* Likewise: the CMOS's shutdown status, 0 if there is none. */
uint8_t wiring_pc_shutdown_status(const struct pc *pc);

/* Before the reset that wakes it: firmware finds that in the CMOS. */
void wiring_pc_tell_wake(struct pc *pc);

struct r0_vm_file;

/*
 * More files of fw_cfg, whose content is copied; those of a name that there is already are passed over. Returns 0, -ENOMEM
 * or what fw_cfg_add_file() says. With the devices' lock.
 */
int wiring_pc_add_files(struct pc *pc, const struct r0_vm_file *files, size_t count,
			struct error *error);

#endif /* MONITOR_WIRING_WIRING_PC_H */
