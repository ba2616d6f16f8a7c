/* SPDX-License-Identifier: MIT */
/* What the guest runtime asks of the host, by the messages of <ring0/private/abi.h>. */
#ifndef EXITS_DOORBELL_H
#define EXITS_DOORBELL_H

#include "run/run.h"

/* Serve the message that run->cpu left the VM for: cpu_is_at_doorbell(). */
enum step doorbell_serve(struct run *run);

/* Whether an exception of that vector has someone in the guest to go to. */
bool doorbell_expects(const struct run *run, int vector);

#endif /* EXITS_DOORBELL_H */
