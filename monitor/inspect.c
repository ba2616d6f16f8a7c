/* SPDX-License-Identifier: MIT */
/* Looking into a machine: memory, the registers' snapshots, consoles, accesses that nothing took. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "monitor/rest.h"
#include "monitor/translate.h"

/*
 * Guest memory for one access, or NULL with a message. Takes the bus's lock, which is that of the pages
 * marked as written, too, and is given back by done().
 */
static void *begin(struct r0_vm *vm, uint64_t address, size_t size, bool write, struct error *error)
{
	void *at;

	pthread_mutex_lock(&vm->devices->lock);
	at = ram_at(&vm->memory.ram, gpa(address), size, write);
	if (!at && size)
		error_set(error, EFAULT, "guest-physical %#llx, %#zx bytes, is not all memory",
			  (unsigned long long)address, size);
	return at;
}

static int done(struct r0_vm *vm, const void *at, size_t size, struct error *error)
{
	pthread_mutex_unlock(&vm->devices->lock);
	if (!size)
		return 0;
	return at ? memory_base_lost(vm->memory.base, error) : -EFAULT;
}

int r0_vm_write(struct r0_vm *vm, uint64_t address, const void *data, size_t size,
		struct r0_error *error)
{
	char *at = begin(vm, address, size, true, monitor_error(error));

	if (at && size) {
		memcpy(at, data, size);
		/* It may be code. */
		__builtin___clear_cache(at, at + size);
	}
	return done(vm, at, size, monitor_error(error));
}

int monitor_zero(struct r0_vm *vm, uint64_t address, uint64_t size, struct error *error)
{
	void *at = begin(vm, address, size, true, error);

	if (at && size)
		guest_memory_zero(&vm->memory, at, size);
	return done(vm, at, size, error);
}

int r0_vm_read(struct r0_vm *vm, uint64_t address, void *data, size_t size, struct r0_error *error)
{
	const void *at = begin(vm, address, size, false, monitor_error(error));

	if (at && size)
		memcpy(data, at, size);
	return done(vm, at, size, monitor_error(error));
}

int r0_vm_translate(struct r0_vm *vm, unsigned int cpu, uint64_t address, uint64_t *physical,
		    struct r0_error *error)
{
	int err = monitor_need_cpu(vm, cpu, monitor_error(error));

	if (err)
		return err;
	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "translating an address", monitor_error(error));
	if (!err && monitor_translate(&vm->cpus[cpu], address, physical) != 0)
		err = error_set(monitor_error(error), EFAULT,
				"CPU %u's page tables do not map %#llx", cpu,
				(unsigned long long)address);
	pthread_mutex_unlock(&vm->control);
	return err;
}

/* A frozen vCPU's are as its own thread read them, until someone sets them. */
static int get_snapshot(struct monitor_cpu *cpu, struct register_snapshot *snapshot,
			struct error *error)
{
	bool has = false;

	pthread_mutex_lock(&cpu->seat.lock);
	if (cpu->machine->state == MONITOR_FROZEN && cpu->seat.has_registers) {
		*snapshot = cpu->seat.registers;
		has = true;
	}
	pthread_mutex_unlock(&cpu->seat.lock);
	return has ? 0 : registers_take(snapshot, &monitor_registers_ops, cpu, error);
}

static int registers_as(struct r0_vm *vm, unsigned int cpu,
			void (*format)(const struct register_snapshot *, char *, size_t),
			char *text, size_t size, struct error *error)
{
	struct register_snapshot snapshot;
	char whole[REGISTERS_TEXT_SIZE];
	int err = monitor_need_cpu(vm, cpu, error);

	if (err)
		return err;
	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "reading registers", error);
	if (!err)
		err = get_snapshot(&vm->cpus[cpu], &snapshot, error);
	pthread_mutex_unlock(&vm->control);
	if (err)
		return err;
	format(&snapshot, whole, sizeof(whole));
	if (strlen(whole) >= size)
		return error_set(error, ENOSPC, "%zu bytes are too few for a CPU's registers",
				 size);
	memcpy(text, whole, strlen(whole) + 1);
	return 0;
}

_Static_assert(R0_VM_REGISTERS_TEXT >= REGISTERS_TEXT_SIZE, "as the header says");

int r0_vm_registers_text(struct r0_vm *vm, unsigned int cpu, char *text, size_t size,
			 struct r0_error *error)
{
	return registers_as(vm, cpu, registers_text, text, size, monitor_error(error));
}

int r0_vm_registers_json(struct r0_vm *vm, unsigned int cpu, char *text, size_t size,
			 struct r0_error *error)
{
	return registers_as(vm, cpu, registers_json, text, size, monitor_error(error));
}

int r0_vm_console_take(struct r0_vm *vm, enum r0_vm_console console, char **text, size_t *size,
		       uint64_t *dropped, struct r0_error *error)
{
	return wiring_take_output(vm->devices, console, text, size, dropped, monitor_error(error));
}

long r0_vm_console_type(struct r0_vm *vm, enum r0_vm_console console, const void *data, size_t size,
			struct r0_error *error)
{
	return wiring_type(vm->devices, console, data, size, monitor_error(error));
}

uint64_t r0_vm_unmapped(struct r0_vm *vm, struct r0_vm_access *accesses, size_t size, size_t *count)
{
	const struct bus *bus = &vm->devices->bus;
	uint64_t total, kept, i;

	pthread_mutex_lock(&vm->devices->lock);
	total = bus->unhandled_count;
	kept = total < BUS_UNHANDLED_KEPT ? total : BUS_UNHANDLED_KEPT;
	kept = kept < size ? kept : size;
	for (i = 0; i < kept; i++) {
		const struct bus_access *from =
			&bus->unhandled[(total - kept + i) % BUS_UNHANDLED_KEPT];

		accesses[i] = (struct r0_vm_access){
			.port = from->space == BUS_PORT,
			.write = from->write,
			.width = from->size,
			.address = from->address,
			.value = from->value,
		};
	}
	pthread_mutex_unlock(&vm->devices->lock);
	*count = kept;
	return total;
}
