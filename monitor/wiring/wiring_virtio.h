/* SPDX-License-Identifier: MIT */
/* A machine's virtio devices. Between the wiring's files. */
#ifndef MONITOR_WIRING_WIRING_VIRTIO_H
#define MONITOR_WIRING_WIRING_VIRTIO_H

#include "monitor/wiring/wiring.h"

/* Add the virtio devices that the options ask for. Returns 0 or -errno. */
int wiring_virtio_add(struct wiring *wiring, const struct ram *ram, struct error *error);
void wiring_virtio_finish(struct wiring *wiring);

/*
 * Serve the queues that were notified of since. With the lock held. Returns whether there is more to
 * do.
 */
bool wiring_virtio_serve(struct wiring *wiring);

/* Forget about notifications: the queues are not those any more. */
void wiring_virtio_forget(struct wiring *wiring);

#endif /* MONITOR_WIRING_WIRING_VIRTIO_H */
