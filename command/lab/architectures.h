/* SPDX-License-Identifier: MIT */
/* Whose machines the lab has, and by which KVMs. */
#ifndef COMMAND_LAB_ARCHITECTURES_H
#define COMMAND_LAB_ARCHITECTURES_H

#include <stddef.h>
#include <stdint.h>

struct lab_emulator;

/* A KVM, and what emulates a CPU that it works on. */
struct lab_kvm {
	const char *name;   /* as in --kvm */
	const char *module; /* the last of the modules that make it */
	const struct lab_emulator *emulator;
};

struct lab_architecture {
	const char *name;	    /* as in --arch and uname(1) */
	uint16_t elf_machine;	    /* EM_… */
	const char *qemu;	    /* the command */
	const char *debian;	    /* the architecture of its packages */
	const struct lab_kvm *kvms; /* the one that is had unless another is asked for is first */
	size_t kvm_count;
	const char *library_dirs; /* where the dynamic linker looks, separated by colons */
	const char *sysroot;	  /* where cross-built programs' libraries are */
	const unsigned char *init, *init_end; /* the init program; empty where it was not built */
};

extern const struct lab_architecture lab_architectures[2];

#endif /* COMMAND_LAB_ARCHITECTURES_H */
