/* SPDX-License-Identifier: MIT */
/* What a vCPU sees: guest-virtual memory, and its registers for those who look. */
#include "monitor/virtual.h"
#include <errno.h>
#include <string.h>
#include "monitor/translate.h"

int monitor_read_virtual(struct monitor_cpu *cpu, uint64_t address, void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t room = PAGE_SIZE - ((address + done) & (PAGE_SIZE - 1));
		size_t part = size - done < room ? size - done : room;
		uint64_t physical;
		const void *at;

		if (monitor_translate(cpu, address + done, &physical) != 0)
			return -EFAULT;
		at = ram_at(&cpu->machine->memory.ram, gpa(physical), part, false);
		if (!at)
			return -EFAULT;
		memcpy((uint8_t *)data + done, at, part);
		done += part;
	}
	return 0;
}

void monitor_recapture(struct monitor_cpu *cpu)
{
	struct register_snapshot registers;
	bool captured = registers_take(&registers, &monitor_registers_ops, cpu, NULL) == 0;

	pthread_mutex_lock(&cpu->seat.lock);
	cpu->seat.has_registers = captured;
	if (captured)
		cpu->seat.registers = registers;
	pthread_mutex_unlock(&cpu->seat.lock);
}
