/* SPDX-License-Identifier: MIT */
/*
 * A VM that does nothing but leave: the least that KVM_RUN costs. Depends on kvm/ and program.h.
 */
#ifndef BENCH_LEAVER_H
#define BENCH_LEAVER_H

#include "kvm/vcpu/vcpu.h"

struct leaver {
	struct kvm *kvm;
	struct vm vm;
	struct vcpu vcpu;
};

/* Both end the benchmark if they fail. */
void leaver_init(struct leaver *leaver);
double leaver_time(struct leaver *leaver, int exits); /* of one exit, in microseconds */

#endif /* BENCH_LEAVER_H */
