/* SPDX-License-Identifier: MIT */
/*
 * All devices of a machine on one bus, under one lock, with what they have outside: text that comes
 * out and goes in, files and sockets.
 */
#ifndef MONITOR_WIRING_H
#define MONITOR_WIRING_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <ring0/vm.h>
#include "devices/bus.h"
#include "devices/pc/debug_console.h"
#include "devices/pc/debug_exit.h"
#include "devices/pc/i8042.h"
#include "devices/ram.h"
#include "devices/serial_add.h"
#include "devices/virtio/virtio_block.h"
#include "devices/virtio/virtio_console.h"
#include "devices/virtio/virtio_net.h"
#include "kvm/vm.h"
#include "monitor/guest_memory.h"

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

/* A queue whose notifications KVM turns into an eventfd's: the worker serves it, not the vCPU. */
struct devices_queue {
	struct virtio *virtio;
	uint32_t number;
	int fd;
};

#define DEVICES_QUEUES_MAX 5

/* A virtio device behind its registers in memory. */
struct devices_window {
	uint64_t address;
	uint32_t size;
	unsigned int irq;
};

#define DEVICES_WINDOWS_MAX 3

struct devices {
	pthread_mutex_t lock; /* of the bus and everything below */
	struct bus bus;
	struct vm *vm;			     /* not owned */
	const struct r0_vm_options *options; /* likewise: where output goes */
	struct devices_console consoles[R0_VM_CONSOLES];
	struct serial serial[2];
	struct i8042 i8042;
	struct debug_exit debug_exit;
	struct debug_console debug_console;
	struct virtio_console virtio_console;
	struct virtio_block block;
	struct virtio_net *net;	     /* NULL if there is none: it is large */
	struct pc *pc;		     /* likewise: monitor/wiring_pc.h */
	struct irqchip *irqchip;     /* likewise: monitor/irqchip.h */
	void (*kick)(void *context); /* has the first CPU look at what it asks for, or NULL */
	void *kick_context;
	struct devices_queue queues[DEVICES_QUEUES_MAX];
	size_t queue_count;
	struct devices_window windows[DEVICES_WINDOWS_MAX];
	size_t window_count;
	int wake_evt; /* has the worker look anew at what to wait for; the bus's `wake`, too */
	atomic_bool paused;
};

/* Make them as the options say. Returns 0 or -errno. */
int devices_create(struct devices **devices, const struct r0_vm_options *options, struct vm *vm,
		   struct guest_memory *memory, struct error *error);
void devices_destroy(struct devices *devices);

/*
 * From now on nothing from outside begins to come to a device, or it does again. Takes no lock: who has
 * it may be stuck.
 */
void devices_pause(struct devices *devices, bool paused);

/*
 * While no vCPU runs: do what the guest asked for that is not done, and see the worker at rest if it is
 * to pause. Returns 0; -ETIMEDOUT if the worker or what is to be done does not come to an end within
 * `limit_ms`.
 */
int devices_settle(struct devices *devices, unsigned int limit_ms);

/* The worker's: what to wait for, up to DEVICES_POLL_MAX, and how many; and to serve what came. */
#define DEVICES_POLL_MAX (DEVICES_QUEUES_MAX + 2)
size_t devices_poll(struct devices *devices, struct pollfd *fds);
void devices_serve(struct devices *devices);

/* When the worker is to serve them even if nothing comes, by clock_ns(); UINT64_MAX for never. */
uint64_t devices_deadline(struct devices *devices);

/* As after a reset of the machine, or after what woke it; while no vCPU runs. */
void devices_reset(struct devices *devices);

/*
 * Of a machine that sleeps: have what is due happen, and whether any of it wakes it; if none does, when
 * to ask again, UINT64_MAX for never.
 */
bool devices_wake_up(struct devices *devices, uint64_t *deadline);

/* What r0_vm_console_type() and r0_vm_console_take() say. */
long devices_type(struct devices *devices, enum r0_vm_console number, const void *data, size_t size,
		  struct error *error);
int devices_take_output(struct devices *devices, enum r0_vm_console number, char **text,
			size_t *size, uint64_t *dropped, struct error *error);

/* All registers as bytes: bus_save() and its like, under the lock. */
size_t devices_state_size(struct devices *devices);
void devices_save(struct devices *devices, void *state);
void devices_restore(struct devices *devices, const void *state);

#endif /* MONITOR_WIRING_H */
