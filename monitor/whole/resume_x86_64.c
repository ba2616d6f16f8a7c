/* SPDX-License-Identifier: MIT */
/* Where a PC's firmware goes on after a reset: where the guest has left an address for it. */
#include "monitor/whole/resume.h"
#include <string.h>
#include "monitor/wiring/wiring_pc.h"

/*
 * Where firmware goes on by the CMOS's shutdown status (IBM PC AT Technical Reference, BIOS listing
 * "TEST1", and 40:67): 5 and 10 jump to the far pointer there.
 */
#define JUMP_VECTOR	  0x467
#define SHUTDOWN_JUMP_EOI 0x05
#define SHUTDOWN_JUMP	  0x0a

/* The FACS (ACPI 6.5, 5.2.10): its signature and the waking vector. */
#define FACS_SIZE	   64
#define FACS_WAKING_VECTOR 12

/* Read memory, without locks that the caller has. Returns whether there is any. */
static bool read_memory(struct r0_vm *vm, uint64_t address, void *data, size_t size)
{
	const void *from;

	pthread_mutex_lock(&vm->devices->lock);
	from = ram_at(&vm->memory.ram, gpa(address), size, false);
	if (from)
		memcpy(data, from, size);
	pthread_mutex_unlock(&vm->devices->lock);
	return from != NULL;
}

/* ACPI 6.5, 5.2.10: in real mode, CS is the vector's upper bits, IP the lower four. */
static bool waking_vector(struct r0_vm *vm, struct r0_vm_entry *entry)
{
	uint8_t facs[FACS_SIZE];
	uint64_t vector;

	if (!vm->facs || !read_memory(vm, vm->facs, facs, sizeof(facs)) ||
	    memcmp(facs, "FACS", 4) != 0)
		return false;
	vector = dev_load(facs + FACS_WAKING_VECTOR, 4);
	if (!vector || vector > 0xfffff)
		return false;
	*entry = (struct r0_vm_entry){
		.mode = R0_VM_MODE_REAL,
		.ip = vector,
		.cs = (uint16_t)(vector >> 4),
	};
	return true;
}

static bool jump_vector(struct r0_vm *vm, struct r0_vm_entry *entry)
{
	const uint8_t status = wiring_pc_shutdown_status(vm->devices->pc);
	uint8_t vector[4];
	uint16_t cs;

	if ((status != SHUTDOWN_JUMP && status != SHUTDOWN_JUMP_EOI) ||
	    !read_memory(vm, JUMP_VECTOR, vector, sizeof(vector)))
		return false;
	cs = (uint16_t)dev_load(vector + 2, 2);
	*entry = (struct r0_vm_entry){
		.mode = R0_VM_MODE_REAL,
		.ip = ((uint64_t)cs << 4) + dev_load(vector, 2),
		.cs = cs,
	};
	return true;
}

void monitor_resume(struct r0_vm *vm, bool slept, struct r0_vm_entry *entry)
{
	*entry = (struct r0_vm_entry){ .mode = R0_VM_MODE_RESET };
	if (!(slept && waking_vector(vm, entry)))
		jump_vector(vm, entry);
}
