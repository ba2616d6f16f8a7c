/* SPDX-License-Identifier: MIT */
/* Whether the watchpoints of this host's KVM work, found out by running one. */
#ifndef VMM_WATCH_PROBE_H
#define VMM_WATCH_PROBE_H

#include <stddef.h>
#include "vmm/watch.h"

/* Try one in a VM of its own. Fills `text` with what is used in a few words, and why. */
enum watch_method watch_probe(char *text, size_t size);

#endif /* VMM_WATCH_PROBE_H */
