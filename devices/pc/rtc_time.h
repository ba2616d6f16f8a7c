/* SPDX-License-Identifier: MIT */
/*
 * The real-time clock's time as its bytes have it: binary or BCD, 12 or 24 hours, and back. Pure.
 */
#ifndef DEVICES_PC_RTC_TIME_H
#define DEVICES_PC_RTC_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* The clock's bytes (MC146818A, figure 12), and the century's. */
#define RTC_SECONDS	  0x00
#define RTC_SECONDS_ALARM 0x01
#define RTC_MINUTES	  0x02
#define RTC_MINUTES_ALARM 0x03
#define RTC_HOURS	  0x04
#define RTC_HOURS_ALARM	  0x05
#define RTC_WEEKDAY	  0x06
#define RTC_DAY		  0x07
#define RTC_MONTH	  0x08
#define RTC_YEAR	  0x09
#define RTC_A		  0x0a
#define RTC_B		  0x0b
#define RTC_C		  0x0c
#define RTC_D		  0x0d

#define RTC_B_24_HOURS 0x02
#define RTC_B_BINARY   0x04

/* Whether a byte is one of the time, not the alarm's. */
bool rtc_time_is(uint8_t index);

/* Seconds since 1970 to the bytes of the time, by register B. `bytes` is the whole CMOS. */
void rtc_time_to_bytes(int64_t seconds, uint8_t *bytes, uint8_t century_index);

/*
 * The reverse. Bytes that are no time (a 31st of February) count on from what they are, as a day is
 * added to the month's first.
 */
int64_t rtc_time_from_bytes(const uint8_t *bytes, uint8_t century_index);

/*
 * How many seconds after that second of a day the alarm comes, 1 to 86400; 0 if its bytes are those of
 * no time of day. From 0xc0 on, a byte matches any.
 */
uint32_t rtc_time_next_alarm(const uint8_t *bytes, uint32_t second_of_day);

#endif /* DEVICES_PC_RTC_TIME_H */
