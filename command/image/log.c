/* SPDX-License-Identifier: MIT */
#include "command/image/log.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "command/image/values.h"
#include "verdict/outcome.h"

/* Longer lines are none of an image's. */
#define LINE_MAX 65536

static struct image_log_case *current(struct image_log *log)
{
	return log->is_running ? &log->cases[log->count - 1] : NULL;
}

static void finish_case(struct image_log_case *c)
{
	free(c->name);
	free(c->xfail);
	free(c->file);
	free(c->message.text);
	free(c->output.text);
	free(c->report.text);
	outcome_finish_values(&c->values);
	image_stop_free(c->stop);
}

void image_log_finish(struct image_log *log)
{
	size_t i;

	for (i = 0; i < log->count; i++)
		finish_case(&log->cases[i]);
	for (i = 0; i < log->key_count; i++) {
		free(log->keys[i].name);
		free(log->keys[i].value);
	}
	image_modules_finish(&log->modules);
	free(log->cases);
	free(log->panic);
	free(log->line.text);
	*log = (struct image_log){ 0 };
}

const char *image_log_value(const struct image_log *log, const char *name)
{
	size_t i;

	for (i = 0; i < log->key_count; i++)
		if (!strcmp(log->keys[i].name, name))
			return log->keys[i].value;
	return NULL;
}

/* What follows a word at the start of a line, or NULL. */
static const char *after(const char *line, const char *start)
{
	size_t length = strlen(start);

	return strncmp(line, start, length) ? NULL : line + length;
}

static struct image_log_case *last_case(struct image_log *log)
{
	return log->count ? &log->cases[log->count - 1] : NULL;
}

static void start_case(struct image_log *log, const char *text)
{
	struct image_log_case *c = last_case(log);
	char *end;
	uint64_t number = strtoull(text, &end, 10);

	if (end == text || *end != ' ' || log->count == IMAGE_LOG_CASES || number < log->known_to)
		return;
	if (c && c->is_lost && c->number == number) {
		finish_case(c);
		log->count--;
	}
	if (log->count == log->capacity) {
		size_t capacity = 2 * log->capacity + 64;
		struct image_log_case *cases =
			reallocarray(log->cases, capacity, sizeof(*log->cases));

		if (!cases) {
			log->has_failed = true;
			return;
		}
		log->cases = cases;
		log->capacity = capacity;
	}
	c = &log->cases[log->count];
	*c = (struct image_log_case){ .name = strdup(end + 1), .number = number };
	if (!c->name) {
		log->has_failed = true;
		return;
	}
	log->count++;
	log->is_running = true;
	/* From here on it goes on: a later round's cases are new. */
	log->known_to = 0;
}

static void end_case(struct image_log *log, enum r0_verdict verdict)
{
	struct image_log_case *c = current(log);

	if (!c)
		return;
	/* What the image said before is more exact. */
	if (!c->is_done)
		c->verdict = verdict;
	c->is_done = true;
	log->is_running = false;
}

static void add_line(struct buffer *buffer, const char *text)
{
	buffer_print(buffer, "%s%s", buffer->length ? "\n" : "", text);
}

static void take_place(struct image_log_case *c, const char *text)
{
	const char *colon = strrchr(text, ':');

	if (!colon || c->file)
		return;
	c->file = strndup(text, (size_t)(colon - text));
	c->line = (int)strtol(colon + 1, NULL, 10);
}

static void take_verdict(struct image_log_case *c, const char *name)
{
	enum r0_verdict verdict;

	for (verdict = R0_VERDICT_PASS; verdict <= R0_VERDICT_ERROR; verdict++)
		if (!strcmp(r0_verdict_name(verdict), name)) {
			c->verdict = verdict;
			c->is_done = true;
		}
}

/* "key: text" of the case that runs. */
static void take_note(struct image_log *log, struct image_log_case *c, const char *note)
{
	const char *text;

	if ((text = after(note, "message: ")) || (text = after(note, "skipped: "))) {
		add_line(&c->message, text);
	} else if ((text = after(note, "failed as expected: "))) {
		free(c->xfail);
		c->xfail = strdup(text);
	} else if ((text = after(note, "verdict: "))) {
		take_verdict(c, text);
	} else if ((text = after(note, "at: "))) {
		take_place(c, text);
	} else if ((text = after(note, "duration: "))) {
		c->duration_ns = strtoull(text, NULL, 10) * 1000;
	} else if ((text = after(note, "value: "))) {
		log->has_failed |= image_values_add(&c->values, text) == -ENOMEM;
	} else if (image_stop_take(&c->stop, note)) {
		add_line(&c->report, note);
	}
}

static void add_key(struct image_log *log, const char *text)
{
	const char *colon = strstr(text, ": ");
	struct image_log_key *key = &log->keys[log->key_count];

	/* Of the first boot: the others say the same, but for where they begin. */
	if (!colon || log->has_begun || log->key_count == IMAGE_LOG_KEYS)
		return;
	if (after(text, "module: ")) {
		image_modules_take(&log->modules, colon + 2);
		return;
	}
	key->name = strndup(text, (size_t)(colon - text));
	key->value = strdup(colon + 2);
	if (key->name && key->value) {
		log->key_count++;
		return;
	}
	free(key->name);
	free(key->value);
	log->has_failed = true;
}

static void take_comment(struct image_log *log, const char *text)
{
	struct image_log_case *c = current(log);
	const char *rest;
	size_t length;

	/* What a test prints has "| " in front. */
	if (after(text, "ring0 image: ") && log->is_told && !log->has_ended) {
		log->has_reset = true;
	} else if ((rest = after(text, "> "))) {
		start_case(log, rest);
	} else if ((rest = after(text, "the image gives up: "))) {
		free(log->panic);
		log->panic = strdup(rest);
	} else if (c && ((rest = after(text, "| ")) || !strcmp(text, "|"))) {
		buffer_print(&c->output, "%s\n", rest ? rest : "");
	} else if (c) {
		length = strlen(c->name);
		if (!strncmp(text, c->name, length) && !strncmp(text + length, ": ", 2))
			take_note(log, c, text + length + 2);
	} else if (!strcmp(text, "end")) {
		log->has_ended = true;
	} else {
		log->is_told |= after(text, "ring0 image: ") != NULL;
		add_key(log, text);
	}
}

/* TAP's and KTAP's. */
static bool take_tap(struct image_log *log, const char *line)
{
	const char *rest = after(line, "not ok ");

	if (rest) {
		end_case(log, strstr(rest, " # TODO ") ? R0_VERDICT_XFAIL : R0_VERDICT_FAIL);
		return true;
	}
	rest = after(line, "ok ");
	if (!rest)
		return false;
	end_case(log, strstr(rest, " # SKIP")  ? R0_VERDICT_SKIP :
		      strstr(rest, " # XFAIL") ? R0_VERDICT_XFAIL :
						 R0_VERDICT_PASS);
	return true;
}

static void take_line(struct image_log *log, const char *line)
{
	const char *rest;

	/* conserver can have the time before each line (conserver.cf(5), timestamp), as ser2net can. */
	if (*line == '[' && (rest = strchr(line, ']')))
		line = rest[1] == ' ' ? rest + 2 : rest + 1;
	/* Xen's console names the domain. */
	if (after(line, "(d") && (rest = strstr(line, ") ")))
		line = rest + 2;
	if ((rest = after(line, "# ")))
		take_comment(log, rest);
	else if (after(line, "SOTEST SUCCESS "))
		end_case(log, R0_VERDICT_PASS);
	else if (after(line, "SOTEST FAIL "))
		end_case(log, R0_VERDICT_FAIL);
	else if (after(line, "SOTEST SKIP"))
		end_case(log, R0_VERDICT_SKIP);
	else if (after(line, "SOTEST END"))
		log->has_ended = true;
	else if (after(line, "SOTEST VERSION 1 BEGIN ") || after(line, "TAP version 14") ||
		 after(line, "KTAP version 1"))
		log->has_begun = true;
	else
		take_tap(log, line);
}

size_t image_log_add(struct image_log *log, const char *text, size_t size)
{
	const size_t all = size;

	while (size && !log->has_reset) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;

		if (log->line.length + length <= LINE_MAX)
			buffer_add(&log->line, text, length);
		if (!end)
			return all;
		/* A program that lengthens lines itself, such as conserver, may have made two of one. */
		while (log->line.length && log->line.text[log->line.length - 1] == '\r')
			log->line.text[--log->line.length] = '\0';
		take_line(log, log->line.length ? log->line.text : "");
		log->line.length = 0;
		if (log->line.text)
			log->line.text[0] = '\0';
		text += length + 1;
		size -= length + 1;
	}
	return all - size;
}

void image_log_boot(struct image_log *log)
{
	log->is_told = false;
	log->has_reset = false;
}

void image_log_add_all(struct image_log *log, const char *text, size_t size)
{
	const struct image_log_case *c;
	uint64_t from = 0;
	size_t taken;

	for (; size; text += taken, size -= taken) {
		taken = image_log_add(log, text, size);
		if (!log->has_reset)
			continue;
		image_log_lose(log, "the machine was lost: it reset, and booted again", &from);
		c = last_case(log);
		log->known_to = c && c->is_lost ? c->number : from;
		/* That was its first line. */
		image_log_boot(log);
		log->is_told = true;
	}
}

bool image_log_lose(struct image_log *log, const char *why, uint64_t *from)
{
	struct image_log_case *c = current(log);
	bool was_running = c;

	log->line.length = 0;
	if (!log->count)
		return false;
	*from = log->cases[log->count - 1].number + 1;
	if (was_running) {
		c->is_lost = true;
		c->is_done = true;
		c->verdict = R0_VERDICT_CRASH;
		add_line(&c->message, why);
	}
	log->is_running = false;
	return !log->has_ended && !log->panic;
}
