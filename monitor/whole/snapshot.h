/* SPDX-License-Identifier: MIT */
/*
 * Full snapshots: what struct r0_vm_snapshot is made of. A snapshot that belongs to a machine knows
 * which pages may differ between the two, so that restoring it costs by what was written since.
 */
#ifndef MONITOR_WHOLE_SNAPSHOT_H
#define MONITOR_WHOLE_SNAPSHOT_H

#include "base/bitmap.h"
#include "kvm/vm/vm_state.h"
#include "monitor/state.h"

/* What a machine and its snapshot have to have in common. */
struct snapshot_shape {
	uint32_t cpus;
	uint32_t irqchip; /* 2 if it is split */
	uint32_t pit;
	uint32_t devices_size; /* bytes of registers */
	uint64_t devices;      /* which they are, in which order: a checksum of their names */
	uint64_t memory;       /* bytes */
	uint32_t form;	       /* what a machine for it is made with: FORM_… */
	uint32_t cpu_size;     /* bytes of the text that describes its CPUs, 0 for none */
};

/* r0_vm_options that say which devices there are. */
enum {
	FORM_PC = 1,
	FORM_NO_LEGACY = 2,
	FORM_TEST_DEVICES = 4,
	FORM_VIRTIO_CONSOLE = 8,
	FORM_BLOCK = 16,
	FORM_NET = 32,
	FORM_IOMMU = 64,
};

#define CPU_TEXT_MAX 4096

struct r0_vm_snapshot {
	struct snapshot_shape shape;
	char *cpu_text;		  /* options.cpu, of shape.cpu_size bytes and a zero */
	struct vcpu_state **cpus; /* shape.cpus of them, like the next two */
	bool *halted;
	bool *has_entry;
	struct vm_state *chips;
	void *devices;
	struct memory_base *base; /* most of its memory; NULL until snapshot_set_base() */
	uint8_t *memory; /* shape.memory bytes: a mapping of `base`, with pages of its own */
	uint64_t *own;	 /* a bit for each page that is not as in `base` */
	uint64_t *present; /* likewise: one without is zero, and is not to be looked at: snapshot_page() */

	bool has_checksum; /* it is from a file, which says what its memory's should be */
	uint64_t memory_checksum;

	struct r0_vm *vm;  /* that it is tracked for, or NULL; under that machine's control */
	uint64_t *differs; /* pages that may be different there */
	struct r0_vm_snapshot *next; /* that is */
};

/*
 * Room for a snapshot of a shape, or NULL with a message if there is no memory.
 * r0_vm_snapshot_destroy() releases it.
 */
struct r0_vm_snapshot *snapshot_allocate(const struct snapshot_shape *shape, struct error *error);

/* Of a machine's options, while they have their files. */
uint32_t snapshot_form(const struct r0_vm_options *options);

/* Words of 64 pages in a snapshot's bitmaps. */
static inline size_t snapshot_words(const struct r0_vm_snapshot *snapshot)
{
	return bitmap_words(snapshot->shape.memory / PAGE_SIZE);
}

static inline bool snapshot_has_page(const struct r0_vm_snapshot *snapshot, uint64_t page)
{
	return bitmap_has(snapshot->present, page);
}

/* The machine goes: its snapshots stay, tracked no longer. */
void snapshot_forget_all(struct r0_vm *vm);

#endif /* MONITOR_WHOLE_SNAPSHOT_H */
