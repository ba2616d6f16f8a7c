/* SPDX-License-Identifier: MIT */
/* That a CPU has halted, in words: with interrupts off, and on. Of the architecture. */
#ifndef VERDICT_HALT_H
#define VERDICT_HALT_H

extern const char verdict_halted[];
extern const char verdict_halted_for_ever[];

#endif /* VERDICT_HALT_H */
