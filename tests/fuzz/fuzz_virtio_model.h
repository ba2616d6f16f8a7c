/* SPDX-License-Identifier: MIT */
/*
 * What a virtio device may do in one step, worked out from guest memory and its registers before, by
 * code that shares nothing with the device's: which bytes it may write, which chains it may give back,
 * in which order and with which lengths.
 */
#ifndef TESTS_FUZZ_FUZZ_VIRTIO_MODEL_H
#define TESTS_FUZZ_FUZZ_VIRTIO_MODEL_H

#include "devices/virtio/virtio.h"

/* Look before the step, and compare after it; fails by fuzz_fail(). */
void model_before(const struct virtio *virtio);
void model_after(const struct virtio *virtio);

#endif /* TESTS_FUZZ_FUZZ_VIRTIO_MODEL_H */
