/* SPDX-License-Identifier: MIT */
/* Telling them, by the page fault of their first access. */
#include <stdio.h>
#include <stdlib.h>
#include "exits/unset_read.h"
#include "machine/unset.h"
#include "run/cpus.h"
#include "run/crash_view.h"

/* The page fault's error code: SDM vol. 3A, 4.7. */
#define FAULT_WRITE (1u << 1)

void unset_read_tell(struct run *run, uint64_t address, uint64_t at)
{
	const char *name = unset_name(address);
	struct kvm_regs regs;
	struct kvm_sregs sregs = run->cpu->vcpu.run->s.regs.sregs;
	struct r0_frame frame;
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (!name || run->replays ||
	    memory_read(&run->machine->memory, gva(at), &frame, sizeof(frame)) != sizeof(frame) ||
	    frame.error_code & FAULT_WRITE)
		return;
	regs = stepping_frame_registers(&frame);
	sregs.cs.selector = (uint16_t)frame.cs;
	sregs.ss.selector = (uint16_t)frame.ss;
	out = open_memstream(&text, &size);
	if (!out)
		return;
	fprintf(out, "read of %s, which nobody set:\n", name);
	crash_view_backtrace(run, &regs, &sregs, false, out);
	fclose(out);
	cpus_print(run, text, size);
	free(text);
}
