/* SPDX-License-Identifier: MIT */
/* JSON lines: one of the environment, then one for each case. Depends on image.h, base/text.h and libc. */
#include <errno.h>
#include <string.h>
#include "base/text.h"
#include "command/image/image.h"

static void put(FILE *out, const char *text)
{
	text_put_json(out, text, strlen(text));
}

static void put_environment(FILE *out, const char *environment, const struct image_log *log)
{
	size_t i;

	fputs("{\"ring0-results\":1,\"name\":", out);
	put(out, environment ? environment : "");
	fputs(",\"environment\":{", out);
	for (i = 0; i < log->key_count; i++) {
		fputs(i ? "," : "", out);
		put(out, log->keys[i].name);
		putc(':', out);
		put(out, log->keys[i].value);
	}
	fputs("}}\n", out);
}

static void put_case(FILE *out, const struct image_log_case *c)
{
	fputs("{\"case\":", out);
	put(out, c->name);
	fprintf(out, ",\"verdict\":\"%s\",\"message\":",
		c->is_lost ? "lost" : r0_verdict_name(c->verdict));
	put(out, c->message.length ? c->message.text : "");
	fputs(",\"file\":", out);
	put(out, c->file ? c->file : "");
	fprintf(out, ",\"line\":%d,\"us\":%llu}\n", c->line,
		(unsigned long long)c->duration_ns / 1000);
}

int image_results_write(const char *file, const char *environment, const struct image_log *log,
			struct error *error)
{
	FILE *out = fopen(file, "we");
	size_t i;
	int err = 0;

	if (!out)
		return error_set(error, errno, "%.300s: %s", file, strerror(errno));
	put_environment(out, environment, log);
	for (i = 0; i < log->count; i++)
		put_case(out, &log->cases[i]);
	errno = 0;
	if (fflush(out) || ferror(out))
		err = errno ? errno : EIO;
	if (fclose(out) && !err)
		err = errno;
	return err ? error_set(error, err, "writing %.300s: %s", file, strerror(err)) : 0;
}
