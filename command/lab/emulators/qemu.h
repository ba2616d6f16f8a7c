/* SPDX-License-Identifier: MIT */
/*
 * What the files on QEMU share: its command line and ends (qemu.c), and saving and restoring a machine
 * over its monitor (qemu_state.c).
 */
#ifndef COMMAND_LAB_EMULATORS_QEMU_H
#define COMMAND_LAB_EMULATORS_QEMU_H

struct lab_machine;
struct lab_options;

/* What is QEMU's own in a machine: descriptors, or -1. */
struct lab_qemu {
	int monitor; /* QMP */
	int memory;  /* a memory file of its RAM, if its state is to be saved */
	int devices; /* the saved file of its devices' state, if that is to be restored */
};

/* As emulator.h has them. */
int lab_qemu_save(struct lab_machine *machine, const struct lab_options *options,
		  const char *directory);
int lab_qemu_resume(struct lab_machine *machine);
int lab_qemu_restore(struct lab_machine *machine);

#endif /* COMMAND_LAB_EMULATORS_QEMU_H */
