/* SPDX-License-Identifier: MIT */
/*
 * Small guests for tests of the monitor on a real KVM. Depends on <ring0/vm.h> and cmocka. A host
 * without KVM skips each test.
 */
#ifndef TESTS_VM_VM_FIXTURE_H
#define TESTS_VM_VM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <ring0/vm.h>
/* Of the architecture: where guests are, GUEST() and guest_entry(). */
#include "vm_guest.h"

#define BOOT(options, name) boot(options, guest_##name, guest_##name##_end)

/* A VM with the code at CODE, where its first CPU starts as guest_entry() says. Does not return without one. */
struct r0_vm *boot(const struct r0_vm_options *options, const char *start, const char *end);

/* Set a CPU's start by guest_entry(). */
void enter(struct r0_vm *vm, unsigned int cpu, uint64_t ip);

/* These fail the test, with the message, if the function does. */
void start(struct r0_vm *vm);
void freeze(struct r0_vm *vm);
void thaw(struct r0_vm *vm);
void write32(struct r0_vm *vm, uint64_t address, uint32_t value);
uint32_t read32(struct r0_vm *vm, uint64_t address);
struct r0_vm_snapshot *take(struct r0_vm *vm);
void restore(struct r0_vm_snapshot *snapshot, struct r0_vm *vm);
void check(long result, const struct r0_error *error);

/* Wait for the end, 30 s at most, which fails the test. */
struct r0_vm_outcome wait_for_end(struct r0_vm *vm);

/* Start it and wait for its end. */
struct r0_vm_outcome run(struct r0_vm *vm);

/* Wait until a 32-bit variable has another value than that, 30 s at most; returns it. */
uint32_t wait_for_change(struct r0_vm *vm, uint64_t address, uint32_t from);

/* What a console printed, to be freed. */
char *printed(struct r0_vm *vm, enum r0_vm_console console);

/* That a function fails with an error and a message that has this text in it. */
void assert_fails(long result, int err, struct r0_error *error, const char *text);

#endif /* TESTS_VM_VM_FIXTURE_H */
