/* SPDX-License-Identifier: MIT */
/* What exits/exits.c leaves to the architecture. */
#ifndef EXITS_EXITS_OWN_H
#define EXITS_EXITS_OWN_H

#include "run/run.h"

/* Serve an exit that not every architecture has: whether it is one, and what that leads to. */
bool exits_serve_own(struct run *run, enum step *step);

/* KVM gave up over the delivery of an event. */
enum step exits_not_delivered(struct run *run);

#endif /* EXITS_EXITS_OWN_H */
