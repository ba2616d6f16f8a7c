/* SPDX-License-Identifier: MIT */
/* One line on standard error for what goes wrong with a session as a whole. */
#ifndef RUNNER_SESSION_COMPLAINT_H
#define RUNNER_SESSION_COMPLAINT_H

#include "report/report.h"

/* The program's name and the text, behind what is on standard output so far. */
void session_complain(const char *text);

/* The file of that name could not be written, by that errno: says so, and returns EXIT_STATUS_ERROR. */
enum exit_status session_write_error(const char *name, int err);

#endif /* RUNNER_SESSION_COMPLAINT_H */
