/* SPDX-License-Identifier: MIT */
/*
 * What is in place of functions that have no room for a jump: followed by the host, before the test's IDT is asked,
 * which may be one of its own. Of the architecture.
 */
#ifndef EXITS_TRAPS_H
#define EXITS_TRAPS_H

#include "run/run.h"

/*
 * If the test replaces such functions, choose what is in place of them: INT3s, and have KVM hand over each; or,
 * where it does not, or a debugger arms KVM for itself, OUTs. On a pristine machine, which may be reset on the way.
 * Returns 0; -EINVAL with the run's complaint where neither will do; another -errno likewise.
 */
int traps_begin(struct run *run);
void traps_end(struct run *run);

/*
 * After an exit by one of these: go on in the replacement; an INT3 of the test's own is handed back to it. Returns
 * false if it is not for here.
 */
bool traps_serve(struct run *run, enum step *step);

#endif /* EXITS_TRAPS_H */
