/* SPDX-License-Identifier: MIT */
/* Which way the writes of watched variables are found on this host. Of the architecture. */
#ifndef MONITOR_WATCH_WATCH_METHOD_H
#define MONITOR_WATCH_WATCH_METHOD_H

#include <stddef.h>
#include "kvm/watch/watch.h"

/*
 * Find out whether the watchpoints of this host's KVM work, by trying one in a VM of its own. Fills
 * `text` with what is to be used in a few words, and why.
 */
enum watch_method monitor_watch_method(char *text, size_t size);

#endif /* MONITOR_WATCH_WATCH_METHOD_H */
