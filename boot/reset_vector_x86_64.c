/* SPDX-License-Identifier: MIT */
/* A ROM of one page: SDM vol. 3A, 9.1.4, has the vector at 0xfffffff0, a PC's chipset at 0xffff0, too. */
#include "boot/reset_vector.h"
#include <string.h>
#include "monitor/rest.h"

#define VECTOR	   16 /* bytes from the end, of the ROM and of the first MiB */
#define LOW_VECTOR 0xffff0ul

/* By the keyboard controller, command 0xfe, in any mode. */
static const uint8_t code[] = {
	0xb0, 0xfe, /* mov $0xfe, %al */
	0xe6, 0x64, /* out %al, $0x64 */
	0xf4,	    /* hlt */
	0xeb, 0xfd, /* jmp to the hlt */
};

int boot_add_reset_vector(struct r0_vm *vm, struct error *error)
{
	uint8_t rom[PAGE_SIZE];
	int err;

	memset(rom, 0xff, sizeof(rom));
	memcpy(rom + sizeof(rom) - VECTOR, code, sizeof(code));
	pthread_mutex_lock(&vm->control);
	err = monitor_need_rest(vm, "making a reset vector", error);
	if (!err)
		err = guest_memory_set_rom(&vm->memory, rom, sizeof(rom), error);
	pthread_mutex_unlock(&vm->control);
	if (err)
		return err;
	return r0_vm_write(vm, LOW_VECTOR, code, sizeof(code), (struct r0_error *)error);
}
