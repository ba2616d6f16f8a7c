/* SPDX-License-Identifier: MIT */
/* Messages and event flags of Hyper-V's synthetic interrupt controller. Sections are those of its specification, 6.0b. */
#include "devices/pc/synic.h"
#include <string.h>

/* SCONTROL, SIEFP and SIMP (11.8). */
#define ENABLED	  1u
#define PAGE_MASK 0xfffffffffffff000ull

#define SLOT_SIZE 256u

/* A message's slot (11.10.1). */
#define SLOT_TYPE    0
#define SLOT_LENGTH  4
#define SLOT_STATE   5
#define SLOT_SENDER  8
#define SLOT_PAYLOAD 16

#define STATE_PENDING 1u

static uint8_t *slot_of(const struct ram *ram, const struct synic_cpu *cpu, uint64_t page,
			unsigned int source)
{
	if (!(cpu->control & ENABLED) || !(page & ENABLED))
		return NULL;
	return ram_at(ram, (r0_gpa){ (page & PAGE_MASK) + source * SLOT_SIZE }, SLOT_SIZE, true);
}

/* The type is what makes it a message, and 0 is what the guest writes when it has taken it (11.10.2). */
enum synic_result synic_post(const struct ram *ram, const struct synic_cpu *cpu,
			     unsigned int source, const struct synic_message *message)
{
	uint8_t *slot = slot_of(ram, cpu, cpu->message_page, source);
	uint32_t *type = (uint32_t *)(void *)slot;

	if (!slot)
		return SYNIC_OFF;
	if (__atomic_load_n(type, __ATOMIC_SEQ_CST)) {
		__atomic_fetch_or(slot + SLOT_STATE, STATE_PENDING, __ATOMIC_SEQ_CST);
		/* Who takes a message looks at that afterwards: unless it did just before. */
		if (__atomic_load_n(type, __ATOMIC_SEQ_CST))
			return SYNIC_BUSY;
	}
	slot[SLOT_LENGTH] = (uint8_t)message->size;
	memset(slot + SLOT_STATE, 0, SLOT_PAYLOAD - SLOT_STATE);
	memcpy(slot + SLOT_PAYLOAD, message->payload, sizeof(message->payload));
	__atomic_store_n(type, message->type, __ATOMIC_SEQ_CST);
	return SYNIC_DONE;
}

/* 11.9: it interrupts when the flag was clear. */
enum synic_result synic_signal(const struct ram *ram, const struct synic_cpu *cpu,
			       unsigned int source, unsigned int flag)
{
	uint8_t *slot = slot_of(ram, cpu, cpu->flags_page, source);
	const uint8_t bit = (uint8_t)(1u << flag % 8);

	if (!slot)
		return SYNIC_OFF;
	return __atomic_fetch_or(slot + flag / 8, bit, __ATOMIC_SEQ_CST) & bit ? SYNIC_IS_SET :
										 SYNIC_DONE;
}
