/* SPDX-License-Identifier: MIT */
/*
 * All devices of a machine on one bus, under one lock, with what they have outside: text that comes
 * out and goes in, files and sockets.
 */
#ifndef VMM_DEVICES_H
#define VMM_DEVICES_H

#include <poll.h>
#include <pthread.h>
#include <ring0/vm.h>
#include "vmm/bus.h"
#include "vmm/dev/i8042.h"
#include "vmm/dev/output.h"
#include "vmm/dev/serial.h"
#include "vmm/ram.h"
#include "vmm/vm.h"

/* What was typed and not read yet. */
#define DEVICES_INPUT_MAX 4096

struct devices_console {
	struct devices *devices;
	enum r0_vm_console number;
	bool present;
	struct capture capture;
	uint64_t taken; /* of what was captured */
	uint8_t input[DEVICES_INPUT_MAX];
	size_t input_size;
};

struct devices {
	pthread_mutex_t lock; /* of the bus and everything below */
	struct bus bus;
	struct vm *vm;				     /* not owned */
	const struct r0_vm_options *options;	     /* likewise: where output goes */
	struct devices_console consoles[R0_VM_CONSOLES];
	struct serial serial[2];
	struct i8042 i8042;
	int wake_evt; /* has the worker look anew at what to wait for; the bus's `wake`, too */
	bool paused;
};

/* Make them as the options say. Returns 0 or -errno. */
int devices_create(struct devices **devices, const struct r0_vm_options *options, struct vm *vm,
		   struct ram *ram, struct error *error);
void devices_destroy(struct devices *devices);

/* From now on nothing from outside comes to a device, or it does again. */
void devices_pause(struct devices *devices, bool paused);

/* While paused: do what the guest asked for that is not done. */
void devices_settle(struct devices *devices);

/*
 * The worker's: what to wait for, of which there are up to DEVICES_POLL_MAX, and to serve what came.
 * Returns how many.
 */
#define DEVICES_POLL_MAX 8
size_t devices_poll(struct devices *devices, struct pollfd *fds);
void devices_serve(struct devices *devices, const struct pollfd *fds, size_t count);

/* What r0_vm_console_type() and r0_vm_console_take() say. */
long devices_type(struct devices *devices, enum r0_vm_console number, const void *data, size_t size,
		  struct error *error);
int devices_take_output(struct devices *devices, enum r0_vm_console number, char **text,
			size_t *size, uint64_t *dropped, struct error *error);

/* All registers as bytes: bus_save() and its like, under the lock. */
size_t devices_state_size(struct devices *devices);
void devices_save(struct devices *devices, void *state);
void devices_restore(struct devices *devices, const void *state);

#endif /* VMM_DEVICES_H */
