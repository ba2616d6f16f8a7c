/* SPDX-License-Identifier: MIT */
/*
 * What a hypervisor puts into memory for Hyper-V's synthetic interrupt controller: messages and event flags (Hypervisor
 * Top-Level Functional Specification 6.0b, chapter 11). Each CPU has a page of either, with a slot for each of its 16
 * sources of interrupts, where its registers say. Interrupting the CPU is the caller's.
 */
#ifndef DEVICES_PC_SYNIC_H
#define DEVICES_PC_SYNIC_H

#include "devices/ram.h"

#define SYNIC_SOURCES 16
#define SYNIC_PAYLOAD 240
#define SYNIC_FLAGS   2048u /* of a source */

/* A CPU's registers: SCONTROL, SIEFP, SIMP. */
struct synic_cpu {
	uint64_t control, flags_page, message_page;
};

struct synic_message {
	uint32_t type; /* not 0 */
	uint32_t size; /* of the payload, SYNIC_PAYLOAD at most */
	uint8_t payload[SYNIC_PAYLOAD];
};

enum synic_result {
	SYNIC_DONE, /* and the CPU is to be interrupted */
	SYNIC_BUSY, /* there is a message that was not taken yet: marked so that the guest tells when it has */
	SYNIC_IS_SET, /* the flag */
	SYNIC_OFF,    /* the CPU takes none */
};

enum synic_result synic_post(const struct ram *ram, const struct synic_cpu *cpu,
			     unsigned int source, const struct synic_message *message);
enum synic_result synic_signal(const struct ram *ram, const struct synic_cpu *cpu,
			       unsigned int source, unsigned int flag);

#endif /* DEVICES_PC_SYNIC_H */
