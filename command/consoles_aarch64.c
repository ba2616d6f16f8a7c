/* SPDX-License-Identifier: MIT */
/* The consoles of arm64's machine. Depends on consoles.h alone. */
#include "command/consoles.h"
#include <stddef.h>

const struct console_name console_names[] = {
	{ "com1", R0_VM_COM1 },
	{ "pl011", R0_VM_PL011 },
	{ "virtio", R0_VM_VIRTIO_CONSOLE },
	{ NULL, R0_VM_CONSOLES },
};
