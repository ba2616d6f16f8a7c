/* SPDX-License-Identifier: MIT */
/* A machine's virtio devices. Between the wiring's files. */
#ifndef MONITOR_WIRING_VIRTIO_H
#define MONITOR_WIRING_VIRTIO_H

#include "monitor/wiring.h"

/* Add the virtio devices that the options ask for. Returns 0 or -errno. */
int devices_add_virtio(struct devices *devices, const struct ram *ram, struct error *error);
void devices_finish_virtio(struct devices *devices);

/*
 * Serve the queues that were notified of since. With the lock held. Returns whether there is more to
 * do.
 */
bool devices_serve_queues(struct devices *devices);

/* Forget about notifications: the queues are not those any more. */
void devices_forget_notifications(struct devices *devices);

#endif /* MONITOR_WIRING_VIRTIO_H */
