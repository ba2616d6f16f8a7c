/* SPDX-License-Identifier: MIT */
/* A message-signalled interrupt: a write of that data to that address (SDM vol. 3A, 10.11). */
#ifndef DEVICES_INTERRUPT_MESSAGE_H
#define DEVICES_INTERRUPT_MESSAGE_H

#include <stdint.h>

/* Where the local APICs take such writes. */
#define INTERRUPT_MESSAGE_AT   0xfee00000u
#define INTERRUPT_MESSAGE_MASK 0xfff00000u

struct interrupt_message {
	uint32_t address, data;
};

#endif /* DEVICES_INTERRUPT_MESSAGE_H */
