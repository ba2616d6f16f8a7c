/* SPDX-License-Identifier: MIT */
/* What the runtime has for the host's question whether KVM hands it INT3s: see exits/traps_x86_64.c. */
#ifndef RING0_PRIVATE_TRAPS_H
#define RING0_PRIVATE_TRAPS_H

/* Executes one. */
void r0_trap_probe(void *arg);

#endif /* RING0_PRIVATE_TRAPS_H */
