/* SPDX-License-Identifier: MIT */
/* Lists of MSRs, in as many calls as KVM needs. */
#include "kvm/state/msrs_x86_64.h"
#include <errno.h>
#include <string.h>

/* As many as KVM takes in one call. One that takes fewer says so, by E2BIG. */
#define BATCH_MAX 255

/* A list on its way to KVM, and back to `to` if that is not NULL. */
struct transfer {
	const struct vcpu *vcpu;
	unsigned long request;
	const char *name; /* of the request */
	const struct kvm_msr_entry *from;
	struct kvm_msr_entry *to;
	size_t most; /* that a call takes */
};

/* As many of the entries from `at` on as a call takes, at most `*count`, in one call. */
static int transfer_batch(struct transfer *transfer, size_t at, size_t *count, struct error *error)
{
	union {
		struct kvm_msrs msrs;
		uint8_t bytes[sizeof(struct kvm_msrs) + BATCH_MAX * sizeof(struct kvm_msr_entry)];
	} call = { .msrs = { 0 } };
	int done;

	for (;;) {
		*count = *count < transfer->most ? *count : transfer->most;
		call.msrs.nmsrs = (uint32_t)*count;
		memcpy(call.msrs.entries, transfer->from + at, *count * sizeof(*transfer->from));
		done = ioctl(transfer->vcpu->fd, transfer->request, &call);
		if (done >= 0)
			break;
		if (errno != E2BIG || *count == 1)
			return error_set(error, errno, "KVM's %s of %zu MSRs failed: %s",
					 transfer->name, *count, strerror(errno));
		transfer->most = *count / 2;
	}
	if (transfer->to)
		memcpy(transfer->to + at, call.msrs.entries, *count * sizeof(*transfer->to));
	return done;
}

static int transfer_all(struct transfer *transfer, size_t count, struct error *error)
{
	size_t at = 0;

	transfer->most = BATCH_MAX;
	while (at < count) {
		size_t batch = count - at;
		int done = transfer_batch(transfer, at, &batch, error);

		if (done < 0)
			return done;
		at += (size_t)done;
		if ((size_t)done < batch)
			break;
	}
	return (int)at;
}

int msrs_read(const struct vcpu *vcpu, struct kvm_msr_entry *entries, size_t count,
	      struct error *error)
{
	struct transfer transfer = {
		.vcpu = vcpu,
		.request = KVM_GET_MSRS,
		.name = "KVM_GET_MSRS",
		.from = entries,
		.to = entries,
	};

	return transfer_all(&transfer, count, error);
}

int msrs_write(const struct vcpu *vcpu, const struct kvm_msr_entry *entries, size_t count,
	       struct error *error)
{
	struct transfer transfer = {
		.vcpu = vcpu,
		.request = KVM_SET_MSRS,
		.name = "KVM_SET_MSRS",
		.from = entries,
	};

	return transfer_all(&transfer, count, error);
}
