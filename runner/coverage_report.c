/* SPDX-License-Identifier: MIT */
/* `ring0 which-tests` after the run, and what it wrote into the JSON reports: see coverage_report.h. */
#include "runner/coverage_report.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/command_path.h"
#include "base/command_run.h"
#include "report/formats.h"
#include "runner/fuzz/start_program.h"
#include "runner/session_complaint.h"
#include "runner/workers/folders.h"

/* As report/json.c writes the last line. */
#define SUMMARY "\n{\"type\":\"summary\""

/* One that can be read again: what was written to a pipe is with its reader. */
static bool is_json_file(const struct cli_report *report)
{
	struct stat status;

	return report->file && strcmp(report->ops->name, "json") == 0 &&
	       !cli_report_is_stream(report) &&
	       (stat(report->file, &status) != 0 || S_ISREG(status.st_mode));
}

bool coverage_report_is_wanted(const struct cli *cli)
{
	const char *lab = getenv("RING0_LAB");
	bool any = cli->coverage_lcov;
	size_t i;

	if (!cli->coverage_by_test || cli->list || cli->help || cli->version || cli->image ||
	    cli->fuzz || (lab && strcmp(lab, "inside") == 0))
		return false;
	for (i = 0; i < cli->report_count; i++)
		any |= is_json_file(&cli->reports[i]);
	return any;
}

static const char *command(void)
{
	if (command_chosen())
		return command_chosen();
	return access(r0_command_path, X_OK) == 0 ? r0_command_path : "ring0";
}

/* All of a file, NUL-terminated, for free(); or NULL, and errno. */
static char *read_whole(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (!file)
		return NULL;
	errno = 0;
	if (getdelim(&text, &room, '\0', file) < 0) {
		free(text);
		text = errno ? NULL : strdup("");
	}
	fclose(file);
	return text;
}

/* Before the summary, or at the end of a report that has none. Returns 0 or an errno. */
static int insert(const char *report, const char *lines)
{
	char *text = read_whole(report), *at, *next;
	FILE *out = text ? fopen(report, "r+e") : NULL;
	int err = out ? 0 : errno;

	if (out) {
		at = strstr(text, SUMMARY);
		while (at && (next = strstr(at + 1, SUMMARY)))
			at = next;
		at = at ? at + 1 : text + strlen(text);
		errno = 0;
		if (fseek(out, at - text, SEEK_SET) || fputs(lines, out) == EOF ||
		    fputs(at, out) == EOF)
			err = errno ? errno : EIO;
		if (fclose(out) && !err)
			err = errno;
	}
	free(text);
	return err;
}

static enum exit_status insert_into_all(const struct cli *cli, const char *file,
					enum exit_status status)
{
	char *lines = read_whole(file);
	size_t i;
	int err;

	if (!lines)
		return session_write_error(file, errno);
	for (i = 0; i < cli->report_count; i++) {
		err = is_json_file(&cli->reports[i]) ? insert(cli->reports[i].file, lines) : 0;
		if (err)
			status = session_write_error(cli->reports[i].file, err);
	}
	free(lines);
	return status;
}

enum exit_status coverage_report(const struct cli *cli, enum exit_status status)
{
	char *json = start_program_format("%s/.json", cli->coverage_by_test);
	const char *words[10] = { "ring0",  "which-tests", "--from", cli->coverage_by_test,
				  "--json", json };
	enum exit_status after = EXIT_STATUS_ERROR;

	/* Nothing has run: that has been told. */
	if (status >= EXIT_STATUS_ERROR || status == EXIT_STATUS_SKIPPED ||
	    access(cli->coverage_by_test, F_OK)) {
		free(json);
		return status;
	}
	if (cli->coverage_lcov) {
		words[6] = "--lcov";
		words[7] = cli->coverage_lcov;
	}
	if (json &&
	    start_program(&(struct start_program){ .path = command(), .words = words }) == 0)
		after = insert_into_all(cli, json, status);
	else
		session_complain("--coverage-by-test: `ring0 which-tests` could not put the counts "
				 "into the reports; the files are still there");
	if (json)
		unlink(json);
	if (cli->coverage_lcov && after != EXIT_STATUS_ERROR)
		folders_remove(cli->coverage_by_test);
	free(json);
	return after;
}
