/* SPDX-License-Identifier: MIT */
/*
 * All devices of a machine on one bus, under one lock, with what they have outside: text that comes
 * out and goes in, files and sockets.
 */
#ifndef MONITOR_WIRING_WIRING_H
#define MONITOR_WIRING_WIRING_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <ring0/vm.h>
#include "devices/bus.h"
#include "devices/ram.h"
#include "devices/serial_add.h"
#include "devices/virtio/virtio_block.h"
#include "devices/virtio/virtio_console.h"
#include "devices/virtio/virtio_net.h"
#include "kvm/vm/vm.h"
#include "monitor/wiring/guest_memory.h"

/* What was typed and not read yet. */
#define WIRING_INPUT_MAX 4096

struct wiring_console {
	struct wiring *wiring;
	enum r0_vm_console number;
	bool present;
	struct capture capture;
	uint64_t taken; /* of what was captured */
	uint8_t input[WIRING_INPUT_MAX];
	size_t input_size;
};

/* A queue whose notifications KVM turns into an eventfd's: the worker serves it, not the vCPU. */
struct wiring_queue {
	struct virtio *virtio;
	uint32_t number;
	int fd;
};

#define WIRING_QUEUES_MAX 5

/* A virtio device behind its registers in memory, or what looks like one. */
struct wiring_window {
	uint64_t address;
	uint32_t size;
	unsigned int irq;
};

#define WIRING_WINDOWS_MAX 4

struct wiring {
	pthread_mutex_t lock; /* of the bus and everything below */
	struct bus bus;
	struct vm *vm;			     /* not owned */
	const struct r0_vm_options *options; /* likewise: where output goes */
	struct wiring_console consoles[R0_VM_CONSOLES];
	struct serial serial[2];
	struct virtio_console virtio_console;
	struct virtio_block block;
	struct virtio_net *net;	     /* NULL if there is none: it is large */
	struct platform *platform;   /* likewise: monitor/wiring/platform.h */
	struct pc *pc;		     /* likewise: monitor/wiring/wiring_pc.h */
	struct irqchip *irqchip;     /* likewise: monitor/wiring/irqchip.h */
	struct iommu *iommu;	     /* likewise, not owned: the PC's */
	struct hyperv *hyperv;	     /* likewise: monitor/wiring/wiring_hyperv.h */
	void (*kick)(void *context); /* has the first CPU look at what it asks for, or NULL */
	void *kick_context;
	struct wiring_queue queues[WIRING_QUEUES_MAX];
	size_t queue_count;
	struct wiring_window windows[WIRING_WINDOWS_MAX];
	size_t window_count;
	/* What else the worker waits for, or -1, and what it does then with the lock. */
	int event;
	void (*serve_event)(struct wiring *wiring);
	int wake_evt; /* has the worker look anew at what to wait for; the bus's `wake`, too */
	atomic_bool paused;
};

/* Make them as the options say. Returns 0 or -errno. */
int wiring_create(struct wiring **wiring, const struct r0_vm_options *options, struct vm *vm,
		  struct guest_memory *memory, struct error *error);
void wiring_destroy(struct wiring *wiring);

/*
 * From now on nothing from outside begins to come to a device, or it does again. Takes no lock: who has
 * it may be stuck.
 */
void wiring_pause(struct wiring *wiring, bool paused);

/*
 * While no vCPU runs: do what the guest asked for that is not done, and see the worker at rest if it is
 * to pause. Returns 0; -ETIMEDOUT if the worker or what is to be done does not come to an end within
 * `limit_ms`.
 */
int wiring_settle(struct wiring *wiring, unsigned int limit_ms);

/* The worker's: what to wait for, up to WIRING_POLL_MAX, and how many; and to serve what came. */
#define WIRING_POLL_MAX (WIRING_QUEUES_MAX + 3)
size_t wiring_poll(struct wiring *wiring, struct pollfd *fds);
void wiring_serve(struct wiring *wiring);

/* When the worker is to serve them even if nothing comes, by clock_ns(); UINT64_MAX for never. */
uint64_t wiring_deadline(struct wiring *wiring);

/* As after a reset of the machine, or after what woke it; while no vCPU runs. */
void wiring_reset(struct wiring *wiring);

/*
 * Of a machine that sleeps: have what is due happen, and whether any of it wakes it; if none does, when
 * to ask again, UINT64_MAX for never.
 */
bool wiring_wake_up(struct wiring *wiring, uint64_t *deadline);

/* What r0_vm_console_type() and r0_vm_console_take() say. */
long wiring_type(struct wiring *wiring, enum r0_vm_console number, const void *data, size_t size,
		 struct error *error);
int wiring_take_output(struct wiring *wiring, enum r0_vm_console number, char **text, size_t *size,
		       uint64_t *dropped, struct error *error);

/* All registers as bytes: bus_save() and its like, under the lock. */
size_t wiring_state_size(struct wiring *wiring);
void wiring_save(struct wiring *wiring, void *state);
void wiring_restore(struct wiring *wiring, const void *state);

#endif /* MONITOR_WIRING_WIRING_H */
