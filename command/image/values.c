/* SPDX-License-Identifier: MIT */
/* What a case of an image measured. */
#include "command/image/values.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/private/abi.h>
#include "base/json.h"
#include "verdict/outcome.h"

/* All numbers of a value have as many decimals. */
#define DECIMALS 3

/* A number, as JSON has them, at the start of a text. Returns what follows it, or NULL. */
static const char *take_number(const char *text, uint32_t decimals, int64_t *number)
{
	const char *end = text + strspn(text, "-.0123456789");
	uint32_t own;

	if (!json_number(json_of(text, (size_t)(end - text)), number, &own) || own > decimals)
		return NULL;
	for (; own < decimals; own++)
		if (__builtin_mul_overflow(*number, 10, number))
			return NULL;
	return end;
}

static const char *after(const char *text, const char *start)
{
	size_t length = strlen(start);

	return text && !strncmp(text, start, length) ? text + length : NULL;
}

/* What is known of a measurement besides. */
static bool take_samples(const char *text, struct r0_value *value)
{
	int64_t samples;

	text = after(text, " (minimum ");
	text = text ? take_number(text, DECIMALS, &value->minimum) : NULL;
	text = after(text, ", spread ");
	text = text ? take_number(text, DECIMALS, &value->spread) : NULL;
	text = after(text, ", ");
	text = text ? take_number(text, 0, &samples) : NULL;
	text = after(text, " samples)");
	if (!text || text[0] || samples <= 0 || samples > UINT32_MAX)
		return false;
	value->samples = (uint32_t)samples;
	return true;
}

int image_values_add(struct r0_result *result, const char *text)
{
	const char *colon = strstr(text, ": "), *unit, *bracket;
	struct r0_value value = { .decimals = DECIMALS };
	int err = -EINVAL;

	unit = colon ? take_number(colon + 2, DECIMALS, &value.number) : NULL;
	if (!unit || *unit++ != ' ' || result->value_count == R0_VALUE_LIMIT)
		return -EINVAL;
	bracket = strstr(unit, " (minimum ");
	if (bracket && !take_samples(bracket, &value))
		return -EINVAL;
	value.name = strndup(text, (size_t)(colon - text));
	value.unit = strndup(unit, bracket ? (size_t)(bracket - unit) : strlen(unit));
	err = value.name && value.unit ? outcome_add_value(result, &value) : -ENOMEM;
	free(value.name);
	free(value.unit);
	return err;
}
