/* SPDX-License-Identifier: MIT */
/* An instruction that KVM could not execute, completed by assist/ in a run. */
#ifndef EXITS_ASSISTANCE_H
#define EXITS_ASSISTANCE_H

#include "run/run.h"

enum assistance {
	ASSISTANCE_COMPLETED, /* the test goes on */
	ASSISTANCE_REFUSED,   /* an access was refused; run->complaint says why */
	ASSISTANCE_SHUTDOWN,  /* a triple fault */
	ASSISTANCE_NONE,      /* the instruction stays undone; run->why may say more */
};

/* KVM could not execute the instruction at RIP. */
enum assistance assistance_complete(struct run *run);

#endif /* EXITS_ASSISTANCE_H */
