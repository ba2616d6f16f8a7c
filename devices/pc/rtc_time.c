/* SPDX-License-Identifier: MIT */
/* The time and its bytes. MC146818A data sheet, "Time, calendar, and alarm locations". */
#include "devices/pc/rtc_time.h"

#define SECONDS_OF_DAY 86400
#define DAYS_OF_ERA    146097 /* 400 years */

#define PM	  0x80 /* of the hour, with 12 hours */
#define ANY_VALUE 0xc0

/* Thursday was 1970-01-01, and Sunday is day 1. */
#define WEEKDAY_1970 4

bool rtc_time_is(uint8_t index)
{
	return index <= RTC_YEAR && index != RTC_SECONDS_ALARM && index != RTC_MINUTES_ALARM &&
	       index != RTC_HOURS_ALARM;
}

static uint8_t encode(const uint8_t *bytes, uint32_t value)
{
	if (bytes[RTC_B] & RTC_B_BINARY)
		return (uint8_t)value;
	return (uint8_t)(value / 10 % 10 << 4 | value % 10);
}

static uint32_t decode(const uint8_t *bytes, uint8_t value)
{
	if (bytes[RTC_B] & RTC_B_BINARY)
		return value;
	return (value >> 4) * 10u + (value & 0xf);
}

static uint8_t encode_hour(const uint8_t *bytes, uint32_t hour)
{
	if (bytes[RTC_B] & RTC_B_24_HOURS)
		return encode(bytes, hour);
	return encode(bytes, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? PM : 0);
}

static uint32_t decode_hour(const uint8_t *bytes, uint8_t value)
{
	if (bytes[RTC_B] & RTC_B_24_HOURS)
		return decode(bytes, value);
	return decode(bytes, value & (uint8_t)~PM) % 12 + (value & PM ? 12 : 0);
}

/* Rounded down, also for what is negative. */
static int64_t divide(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

/* Days since 1970-01-01 of a day in the Gregorian calendar, years beginning in March. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month > 2 ? month - 3 : month + 9;
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = divide(y, 400), of_era = y - era * 400;

	return era * DAYS_OF_ERA + of_era * 365 + of_era / 4 - of_era / 100 +
	       (shifted * 153 + 2) / 5 + day - 1 - 719468;
}

static void date_of(int64_t days, int64_t *year, uint32_t *month, uint32_t *day)
{
	int64_t z = days + 719468, era = divide(z, DAYS_OF_ERA), of_era = z - era * DAYS_OF_ERA;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / (DAYS_OF_ERA - 1)) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), shifted = (5 * of_year + 2) / 153;

	*day = (uint32_t)(of_year - (153 * shifted + 2) / 5 + 1);
	*month = (uint32_t)(shifted < 10 ? shifted + 3 : shifted - 9);
	*year = y + era * 400 + (*month <= 2);
}

void rtc_time_to_bytes(int64_t seconds, uint8_t *bytes, uint8_t century_index)
{
	int64_t days = divide(seconds, SECONDS_OF_DAY), year;
	uint32_t rest = (uint32_t)(seconds - days * SECONDS_OF_DAY), month, day;

	date_of(days, &year, &month, &day);
	bytes[RTC_SECONDS] = encode(bytes, rest % 60);
	bytes[RTC_MINUTES] = encode(bytes, rest / 60 % 60);
	bytes[RTC_HOURS] = encode_hour(bytes, rest / 3600);
	bytes[RTC_WEEKDAY] =
		(uint8_t)(days + WEEKDAY_1970 - divide(days + WEEKDAY_1970, 7) * 7 + 1);
	bytes[RTC_DAY] = encode(bytes, day);
	bytes[RTC_MONTH] = encode(bytes, month);
	bytes[RTC_YEAR] = encode(bytes, (uint32_t)(year - divide(year, 100) * 100));
	bytes[century_index] = encode(bytes, (uint32_t)(divide(year, 100) & 0x7f));
}

int64_t rtc_time_from_bytes(const uint8_t *bytes, uint8_t century_index)
{
	int64_t year =
		(int64_t)decode(bytes, bytes[century_index]) * 100 + decode(bytes, bytes[RTC_YEAR]);
	int64_t month = decode(bytes, bytes[RTC_MONTH]) % 100;

	return days_of(year, month, decode(bytes, bytes[RTC_DAY])) * SECONDS_OF_DAY +
	       (int64_t)decode_hour(bytes, bytes[RTC_HOURS]) * 3600 +
	       (int64_t)decode(bytes, bytes[RTC_MINUTES]) * 60 + decode(bytes, bytes[RTC_SECONDS]);
}

static bool matches(uint8_t alarm, uint8_t value)
{
	return alarm >= ANY_VALUE || alarm == value;
}

uint32_t rtc_time_next_alarm(const uint8_t *bytes, uint32_t second_of_day)
{
	uint32_t at = second_of_day + 1, of_day;

	while (at <= second_of_day + SECONDS_OF_DAY) {
		of_day = at % SECONDS_OF_DAY;
		if (!matches(bytes[RTC_HOURS_ALARM], encode_hour(bytes, of_day / 3600)))
			at += 3600 - of_day % 3600;
		else if (!matches(bytes[RTC_MINUTES_ALARM], encode(bytes, of_day / 60 % 60)))
			at += 60 - of_day % 60;
		else if (!matches(bytes[RTC_SECONDS_ALARM], encode(bytes, of_day % 60)))
			at++;
		else
			return at - second_of_day;
	}
	return 0;
}
