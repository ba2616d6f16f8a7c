/* SPDX-License-Identifier: MIT */
/* Instructions that KVM gives up on, completed in its place: by assist/, or on arm64 by kvm/exit/. */
#ifndef MONITOR_THREADS_ASSISTANCE_H
#define MONITOR_THREADS_ASSISTANCE_H

#include "kvm/exit/exit.h"
#include "monitor/state.h"

/*
 * In a vCPU's thread: serve an exit that says so. Returns whether it was one and is served, with what it leads to
 * in *exit; else *why, which is not changed otherwise, says in a few words why not, if there was something to be
 * completed.
 */
bool assistance_serve(struct monitor_cpu *cpu, struct exit *exit, struct error *why);

/* The vCPU's thread ends, or the machine: with no thread. */
void assistance_end(struct monitor_cpu *cpu);
void assistance_finish(struct monitor_cpu *cpu);

#endif /* MONITOR_THREADS_ASSISTANCE_H */
