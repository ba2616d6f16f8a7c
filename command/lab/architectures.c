/* SPDX-License-Identifier: MIT */
/* What the lab knows of each architecture. */
#include <elf.h>
#include "command/lab/architectures.h"
#include "command/lab/emulators/emulator.h"

/* From init.S: the programs are part of the command. */
extern const unsigned char lab_init_x86_64[], lab_init_x86_64_end[];
extern const unsigned char lab_init_aarch64[], lab_init_aarch64_end[];

const struct lab_architecture lab_architectures[2] = {
	{
		.name = "x86_64",
		.elf_machine = EM_X86_64,
		.qemu = "qemu-system-x86_64",
		.debian = "amd64",
		.kvms =
			(const struct lab_kvm[]){
				{ "amd", "kvm-amd", &lab_qemu },
				{ "intel", "kvm-intel", &lab_bochs },
			},
		.kvm_count = 2,
		.library_dirs = "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:"
				"/usr/lib64:/lib:/usr/lib",
		.sysroot = "/usr/x86_64-linux-gnu",
		.init = lab_init_x86_64,
		.init_end = lab_init_x86_64_end,
	},
	{
		.name = "aarch64",
		.elf_machine = EM_AARCH64,
		.qemu = "qemu-system-aarch64",
		.debian = "arm64",
		/* Built in, as a rule. */
		.kvms = (const struct lab_kvm[]){ { "arm64", "kvm", &lab_qemu } },
		.kvm_count = 1,
		.library_dirs = "/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu:/lib64:"
				"/usr/lib64:/lib:/usr/lib",
		.sysroot = "/usr/aarch64-linux-gnu",
		.init = lab_init_aarch64,
		.init_end = lab_init_aarch64_end,
	},
};
