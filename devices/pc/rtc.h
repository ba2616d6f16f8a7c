/* SPDX-License-Identifier: MIT */
/*
 * A PC's real-time clock with its CMOS memory (Motorola MC146818A data sheet; IBM PC AT Technical
 * Reference, "Real-time clock/CMOS RAM information"): an index at port 0x70, whose bit 7 masks NMIs and
 * is dropped, and the byte at 0x71. 128 bytes, of which the first 14 are the clock's; the century is
 * byte 0x32, as the FADT says.
 *
 * The time is the host's, by a clock that the device is given, plus what the guest made of it by
 * setting it: the registers hold that difference. While a bit or divider holds the clock, its bytes are
 * memory. The update cycle ends as the second does; "update in progress" is seen 2228 us before that
 * (the data sheet's table 5: 244 us and 1984 us). Alarm, periodic and update-ended interrupts come by
 * the bus's deadlines; a flag that is set already calls for no further one. After a copy of the
 * registers was put back, the time is the present one, and what was due meanwhile is left out.
 *
 * A reset clears what the RESET pin does; the bytes and the time stay.
 */
#ifndef DEVICES_PC_RTC_H
#define DEVICES_PC_RTC_H

#include <stdint.h>
#include "devices/bus.h"

#define RTC_PORT  0x70
#define RTC_PORTS 2
#define RTC_IRQ	  8
#define RTC_BYTES 128

/* Bytes of the CMOS that others fill in or ask for. */
#define RTC_SHUTDOWN_STATUS 0x0f
#define RTC_CENTURY	    0x32

struct rtc_registers {
	uint8_t bytes[RTC_BYTES]; /* those of the time only while the clock is held */
	uint8_t index;
	uint8_t level; /* of the interrupt line */
	uint8_t reserved[2];
	uint32_t phase_ns; /* below a second: what the guest's seconds begin earlier than the host's */
	int64_t offset_s; /* what the guest's time is ahead of the host's by, apart from that */
	int64_t seen_ns;  /* the time, without the offset, up to which events were looked for */
};

struct rtc_options {
	uint64_t (*now)(
		void *context); /* a clock in ns that never goes back, the bus's deadlines' */
	void *now_context;
	int64_t epoch_ns; /* what makes the time of it, in ns since 1970 */
	struct irq_line irq;
};

struct rtc {
	struct dev dev;
	struct rtc_registers registers;
	struct rtc_options options;
};

/* A clock that shows the host's time, 24 hours, in BCD; CMOS bytes are 0. */
void rtc_init(struct rtc *rtc, const struct rtc_options *options);

/* When the next interrupt is due, by the clock, in ns; UINT64_MAX if none is. */
uint64_t rtc_deadline(const struct rtc *rtc);

/* A byte of the CMOS, other than the clock's own. */
void rtc_set_byte(struct rtc *rtc, uint8_t index, uint8_t value);
uint8_t rtc_byte(const struct rtc *rtc, uint8_t index);

/*
 * The bytes by which firmware finds out how much memory there is, below and above 4 GiB, in bytes, and
 * how many CPUs: 0x15 to 0x18, 0x30 and 0x31 in KiB, 0x34 and 0x35 in units of 64 KiB above 16 MiB, 0x5b to
 * 0x5d above 4 GiB likewise, 0x5f one less than the CPUs.
 */
void rtc_set_memory(struct rtc *rtc, uint64_t low, uint64_t high, unsigned int cpus);

#endif /* DEVICES_PC_RTC_H */
