/* SPDX-License-Identifier: MIT */
/*
 * INT3s in place of functions that have no room for a jump: followed by the host, before the test's IDT is asked,
 * which may be one of its own. Of the architecture.
 */
#ifndef EXITS_TRAPS_H
#define EXITS_TRAPS_H

#include "run/run.h"

/*
 * If the test replaces such functions, have KVM hand over each INT3. Where it does not, or a debugger arms KVM for
 * itself, the runtime's handler follows them. On a pristine machine, which may be reset on the way. Returns 0;
 * -errno with the run's complaint.
 */
int traps_begin(struct run *run);
void traps_end(struct run *run);

/*
 * After an exit by an INT3: go on in the replacement, or hand one of the test's own back to it. Returns false if it
 * is not for here.
 */
bool traps_serve(struct run *run, enum step *step);

#endif /* EXITS_TRAPS_H */
