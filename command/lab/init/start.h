/* SPDX-License-Identifier: MIT */
/* The machine's kernel and file system, as programs need them. */
#ifndef COMMAND_LAB_INIT_START_H
#define COMMAND_LAB_INIT_START_H

#include <stdbool.h>

/* Mount what is not on a disk, load the modules of /modules, raise the loopback interface. */
void start_system(void);

/* Whether the CPU lacks what KVM needs: on x86 a flag says so, elsewhere only KVM knows. */
bool start_cpu_cannot(void);

#endif /* COMMAND_LAB_INIT_START_H */
