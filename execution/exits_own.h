/* SPDX-License-Identifier: MIT */
/* What execution/exits.c leaves to the architecture. */
#ifndef EXECUTION_EXITS_OWN_H
#define EXECUTION_EXITS_OWN_H

#include "execution/execution.h"

/* Serve an exit that not every architecture has. */
enum step exits_serve_own(struct execution *run);

/* KVM gave up over the delivery of an event. */
enum step exits_not_delivered(struct execution *run);

#endif /* EXECUTION_EXITS_OWN_H */
