/* SPDX-License-Identifier: MIT */
/* What this host's KVM makes of a few instructions: run in a VM of their own, to see. On x86. */
#ifndef MONITOR_WATCH_PROBE_X86_64_H
#define MONITOR_WATCH_PROBE_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kvm/vcpu/vcpu.h"

/* Where the code is, which is followed by HLT, and a page for its data, both mapped as they are. */
#define PROBE_CODE 0x8000
#define PROBE_DATA 0x9000

/*
 * Have `look` run a vCPU that is about to execute that code, at most a page of it, in long mode, on this
 * thread and within two seconds, after which KVM_RUN gives EINTR. False if there can't be such a VM.
 */
bool monitor_probe(const uint8_t *code, size_t size, void (*look)(struct vcpu *vcpu, void *context),
		   void *context);

/* Whether this host's CPU is QEMU's emulation. */
bool monitor_probe_is_qemu(void);

#endif /* MONITOR_WATCH_PROBE_X86_64_H */
