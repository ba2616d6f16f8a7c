/* SPDX-License-Identifier: MIT */
/* What the files of the tests' kernel share. */
#ifndef TESTS_BOOT_KERNEL_H
#define TESTS_BOOT_KERNEL_H

#include <stdint.h>

void out8(uint16_t port, uint8_t value);
uint8_t in8(uint16_t port);
void print(const char *text);

/* interrupts.c: take some, of each kind, and tell of them. */
void take_interrupts(void);

#endif /* TESTS_BOOT_KERNEL_H */
