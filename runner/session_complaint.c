/* SPDX-License-Identifier: MIT */
/* What goes wrong with a session as a whole: see session_complaint.h. */
#include "runner/session_complaint.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "base/text.h"

void session_complain(const char *text)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	text_put(stderr, text, strlen(text), "");
	putc('\n', stderr);
}

enum exit_status session_write_error(const char *name, int err)
{
	struct error error = { "" };

	error_set(&error, err, "writing the report to %.200s: %s", name, strerror(err));
	session_complain(error.text);
	return EXIT_STATUS_ERROR;
}
