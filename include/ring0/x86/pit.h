/* SPDX-License-Identifier: MIT */
/*
 * The interval timer of a PC: channel 0 is IRQ 0, channel 2 the speaker's, whose gate and output are
 * in port 0x61. A test has it if it says .irqchip. Needs port I/O alone. Intel 8254 data sheet.
 */
#ifndef RING0_X86_PIT_H
#define RING0_X86_PIT_H

#include <ring0/private/types.h>
#include <ring0/x86/instructions.h>

/* What its channels count down with. */
#define R0_PIT_HZ 1193182u

#define R0_PIT_CHANNEL(n) (0x40 + (n))
#define R0_PIT_CONTROL	  0x43
#define R0_PIT_PORT_B	  0x61

/* Control word: channel, access, mode. Binary coded decimal has bit 0. */
#define R0_PIT_SELECT(channel) ((uint8_t)((channel) << 6))
#define R0_PIT_LATCH	       0x00 /* the count, to be read as a whole */
#define R0_PIT_LOW_BYTE	       0x10
#define R0_PIT_HIGH_BYTE       0x20
#define R0_PIT_LOW_THEN_HIGH   0x30
#define R0_PIT_MODE(n)	       ((uint8_t)((n) << 1))
#define R0_PIT_BCD	       0x01

/* Modes. In 1 and 5 a rising edge at the gate starts the channel. */
#define R0_PIT_ON_TERMINAL_COUNT 0 /* output rises once */
#define R0_PIT_ONE_SHOT		 1
#define R0_PIT_RATE_GENERATOR	 2 /* a pulse a period */
#define R0_PIT_SQUARE_WAVE	 3
#define R0_PIT_SOFTWARE_STROBE	 4
#define R0_PIT_HARDWARE_STROBE	 5

/* Read-back command: which channels, and what not to latch. */
#define R0_PIT_READ_BACK	    0xc0
#define R0_PIT_READ_BACK_NO_COUNT   0x20
#define R0_PIT_READ_BACK_NO_STATUS  0x10
#define R0_PIT_READ_BACK_CHANNEL(n) ((uint8_t)(2 << (n)))

/* Status as read back: the control word's low 6 bits, and these. */
#define R0_PIT_STATUS_OUTPUT 0x80
#define R0_PIT_STATUS_NULL   0x40 /* the new count is not loaded yet */

/* Port B: Intel ICH data sheets, "NMI Status and Control". */
#define R0_PIT_PORT_B_GATE_2   0x01
#define R0_PIT_PORT_B_SPEAKER  0x02
#define R0_PIT_PORT_B_REFRESH  0x10
#define R0_PIT_PORT_B_OUTPUT_2 0x20

/* Start a channel in a mode with a count; 0 is 65536. */
static inline void r0_pit_start(unsigned int channel, unsigned int mode, uint16_t count)
{
	r0_out8(R0_PIT_CONTROL, R0_PIT_SELECT(channel) | R0_PIT_LOW_THEN_HIGH | R0_PIT_MODE(mode));
	r0_out8((uint16_t)R0_PIT_CHANNEL(channel), (uint8_t)count);
	r0_out8((uint16_t)R0_PIT_CHANNEL(channel), (uint8_t)(count >> 8));
}

/*
 * Stop channel 0 or 1. Their gates are always on, so that in mode 5 no edge starts them; a control word
 * alone would do, but KVM goes on with the count that it has.
 */
static inline void r0_pit_stop(unsigned int channel)
{
	r0_pit_start(channel, R0_PIT_HARDWARE_STROBE, 0);
}

/* The present count of a channel that was started by r0_pit_start(). */
static inline uint16_t r0_pit_count(unsigned int channel)
{
	uint8_t low;

	r0_out8(R0_PIT_CONTROL, R0_PIT_SELECT(channel) | R0_PIT_LATCH);
	low = r0_in8((uint16_t)R0_PIT_CHANNEL(channel));
	return (uint16_t)(low | r0_in8((uint16_t)R0_PIT_CHANNEL(channel)) << 8);
}

static inline uint8_t r0_pit_status(unsigned int channel)
{
	r0_out8(R0_PIT_CONTROL,
		R0_PIT_READ_BACK | R0_PIT_READ_BACK_NO_COUNT | R0_PIT_READ_BACK_CHANNEL(channel));
	return r0_in8((uint16_t)R0_PIT_CHANNEL(channel));
}

/* By the data sheet, channel 2 counts in modes 0, 2, 3 and 4 only while its gate is on. */
static inline void r0_pit_set_gate_2(bool on)
{
	uint8_t others = r0_in8(R0_PIT_PORT_B) & R0_PIT_PORT_B_SPEAKER;

	r0_out8(R0_PIT_PORT_B, (uint8_t)(others | (on ? R0_PIT_PORT_B_GATE_2 : 0)));
}

static inline bool r0_pit_output_2(void)
{
	return r0_in8(R0_PIT_PORT_B) & R0_PIT_PORT_B_OUTPUT_2;
}

#endif /* RING0_X86_PIT_H */
