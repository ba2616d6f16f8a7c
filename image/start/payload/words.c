/* SPDX-License-Identifier: MIT */
/* Words between blanks; quotes are no more than characters. */
#include "image/start/payload/words.h"
#include "guest/text/bytes.h"

struct words words = { .timeout_percent = 100, .repeat = 1 };

static char buffer[WORDS_LENGTH];
static size_t used;

int text_compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

char *text_find(const char *text, const char *part)
{
	const size_t length = length_of(part);

	for (;; text++) {
		if (common_length(text, part, length) == length)
			return (char *)text;
		if (!*text)
			return NULL;
	}
}

bool words_match(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	/* The last * takes as little as possible, and more each time that what follows does not match. */
	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool words_has(const char *list, const char *word)
{
	const size_t length = length_of(word);

	while (list && *list) {
		size_t item = 0;

		while (list[item] && list[item] != ',' && list[item] != ' ')
			item++;
		if (item && item == length && common_length(list, word, length) == length)
			return true;
		list += item + (list[item] != '\0');
	}
	return false;
}

static bool read_number(const char *text, uint64_t *number)
{
	unsigned int base = 10, digit;
	uint64_t value = 0;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	if (!*text)
		return false;
	for (; *text; text++) {
		digit = *text >= '0' && *text <= '9' ? (unsigned int)(*text - '0') :
			*text >= 'a' && *text <= 'f' ? (unsigned int)(*text - 'a' + 10) :
						       16;
		if (digit >= base || value > (UINT64_MAX >> 8))
			return false;
		value = value * base + digit;
	}
	*number = value;
	return true;
}

/* "2.5" as 250. */
static bool read_percent(const char *text, uint64_t *percent)
{
	uint64_t value = 0;
	unsigned int decimals = 0;
	bool point = false;

	for (; *text; text++) {
		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9' || value > 100000000)
			return false;
		if (decimals == 2)
			continue;
		value = value * 10 + (uint64_t)(*text - '0');
		decimals += point;
	}
	for (; decimals < 2; decimals++)
		value *= 10;
	*percent = value;
	return value;
}

static bool read_serial(const char *text)
{
	static const uint16_t ports[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };

	words.serial_given = true;
	words.serial = 0;
	if (!text)
		return true;
	if (!text_compare(text, "off")) {
		words.serial = WORDS_NO_SERIAL;
		return true;
	}
	if (text[0] == 'c' && text[1] == 'o' && text[2] == 'm' && text[3] >= '1' &&
	    text[3] <= '4' && !text[4]) {
		words.serial = ports[text[3] - '1'];
		return true;
	}
	return read_number(text, &words.serial) && words.serial > WORDS_NO_SERIAL;
}

static bool read_choice(const char *text, const char *const *names, unsigned int count,
			unsigned int *choice)
{
	for (*choice = 0; *choice < count; ++*choice)
		if (!text_compare(text, names[*choice]))
			return true;
	return false;
}

/* What follows the name of an option and an equals sign; NULL if that is not its name. */
static const char *value_of(const char *word, const char *name)
{
	const size_t length = length_of(name);

	if (common_length(word, name, length) != length || word[length] != '=')
		return NULL;
	return word + length + 1;
}

static bool take_flag(const char *word)
{
	if (!text_compare(word, "--all"))
		words.all = true;
	else if (!text_compare(word, "--verbose"))
		words.verbose = true;
	else if (!text_compare(word, "--list"))
		words.list = true;
	else if (!text_compare(word, "--serial"))
		return read_serial(NULL);
	else
		return false;
	return true;
}

static bool take_option(const char *word)
{
	static const char *const formats[] = { "sotest", "tap", "ktap" };
	static const char *const limits[] = { "any", "cpu", "hpet", "pit", "none", "init" };
	const char *value;
	unsigned int choice;

	if ((value = value_of(word, "--group")))
		words.group = value;
	else if ((value = value_of(word, "--disable-testcases")))
		words.disabled = value;
	else if ((value = value_of(word, "--serial")))
		return read_serial(value);
	else if ((value = value_of(word, "--baud")))
		return read_number(value, &words.baud) && words.baud;
	else if ((value = value_of(word, "--timeout")))
		return read_number(value, &words.timeout_ms) && words.timeout_ms;
	else if ((value = value_of(word, "--timeout-factor")))
		return read_percent(value, &words.timeout_percent);
	else if ((value = value_of(word, "--from")))
		return read_number(value, &words.from);
	else if ((value = value_of(word, "--init")))
		return words.init_given = read_number(value, &words.init);
	else if ((value = value_of(word, "--repeat")))
		return read_number(value, &words.repeat) && words.repeat;
	else if ((value = value_of(word, "--off")))
		words.off = value;
	else if ((value = value_of(word, "--format"))) {
		if (!read_choice(value, formats, 3, &choice))
			return false;
		words.format = (enum words_format)choice;
	} else if ((value = value_of(word, "--limit"))) {
		if (!read_choice(value, limits, 6, &choice))
			return false;
		words.limit = (enum words_limit)choice;
	} else {
		return take_flag(word);
	}
	return true;
}

static void take(const char *word)
{
	if (word[0] == '-' && word[1] == '-') {
		if (!take_option(word) && words.unknown_count < WORDS_PATTERNS)
			words.unknown[words.unknown_count++] = word;
		return;
	}
	if (words.pattern_count < WORDS_PATTERNS)
		words.patterns[words.pattern_count++] = word;
}

void words_read(const char *line, bool is_name, bool (*is_case)(const char *pattern))
{
	while (*line) {
		char *word = buffer + used;

		while (*line == ' ' || *line == '\t' || *line == '\n')
			line++;
		while (*line && *line != ' ' && *line != '\t' && *line != '\n') {
			if (used < sizeof(buffer) - 1)
				buffer[used++] = *line;
			line++;
		}
		if (word == buffer + used)
			break;
		buffer[used++] = '\0';
		if (used >= sizeof(buffer))
			break;
		if (!is_name || word[0] == '-' || is_case(word))
			take(word);
		is_name = false;
	}
}
