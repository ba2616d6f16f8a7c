/* SPDX-License-Identifier: MIT */
/*
 * Where a test was when it ended, by the lines that image/start/tests/stopped_x86_64.c prints. Depends on libc and KVM's
 * structures of registers.
 */
#ifndef COMMAND_IMAGE_STOP_H
#define COMMAND_IMAGE_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

/* An image prints no more of either. */
#define IMAGE_STOP_STACK   4096
#define IMAGE_STOP_ENTRIES 5

struct image_stop {
	char how[16]; /* "exception", "timeout", "halt", "system call" */
	char *text;   /* what the message says of it, or NULL */
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	uint64_t fault_address, fs_base;
	int vector;
	uint64_t error_code;
	/* Of the stack, what is there from its address on. */
	uint64_t stack_at;
	size_t stack_size;
	uint8_t stack[IMAGE_STOP_STACK];
	/* Entries of page tables, by their physical addresses. */
	struct {
		uint64_t address, value;
	} entries[IMAGE_STOP_ENTRIES];
	size_t entry_count;
};

/*
 * Take a note, "key: text", if it is one of these lines. The first, "end: …", makes *stop, which image_stop_free()
 * releases. Returns whether it was; without memory it is as if it were not.
 */
bool image_stop_take(struct image_stop **stop, const char *note);
void image_stop_free(struct image_stop *stop);

#endif /* COMMAND_IMAGE_STOP_H */
