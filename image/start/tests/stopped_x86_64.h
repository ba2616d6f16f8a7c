/* SPDX-License-Identifier: MIT */
/*
 * Where a test was when it ended otherwise than by its return, and how the CPU stood then: what a crash report is made of
 * by who reads the log and has the program's symbols.
 */
#ifndef IMAGE_START_TESTS_STOPPED_X86_64_H
#define IMAGE_START_TESTS_STOPPED_X86_64_H

#include <ring0/fault.h>
#include <ring0/private/types.h>
#include <ring0/x86/descriptors.h>

struct stopped {
	bool is_known;
	struct r0_frame frame;
	uint64_t cr0, cr2, cr3, cr4, cr8, efer, fs_base, gs_base;
	struct r0_table_register gdt, idt;
	uint16_t tr, ds, es, fs, gs;
};

/* Of the case that runs, or ran last. */
extern struct stopped stopped;

/* A test begins: nothing is known. */
void stopped_begin(void);

/*
 * Keep that frame, with the CPU's other registers as they are, which are the test's but for CR3. Before anything is
 * put back.
 */
void stopped_take(const struct r0_frame *frame, uint64_t cr2, uint64_t cr3);

/*
 * Print it, as notes on the case: `how` it ended in a word, `text` of that in the message or "", registers, the stack,
 * and the page tables' entries for CR2. While the test's memory is still there.
 */
void stopped_print(const char *name, const char *how, const char *text);

#endif /* IMAGE_START_TESTS_STOPPED_X86_64_H */
