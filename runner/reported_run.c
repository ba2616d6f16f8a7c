/* SPDX-License-Identifier: MIT */
/* The run of a plan, with its reports: see reported_run.h. */
#include "runner/reported_run.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "assist/assist_policy.h"
#include "base/clock.h"
#include "execution/gdb/debugger.h"
#include "machine/machine.h"
#include "report/baseline.h"
#include "report/doubts.h"
#include "report/set.h"
#include "runner/workers/end_signals.h"
#include "runner/last_words.h"
#include "runner/workers/pool.h"
#include "runner/session_complaint.h"

#ifndef R0_VERSION
#define R0_VERSION "of an unknown version"
#endif

struct session {
	const struct cli *cli;
	const struct plan *plan;
	struct host host;
	struct report_set reports;
	struct baseline *baseline; /* or NULL */
	struct tally tally;
	struct doubts doubts;
	struct fresh *fresh;
	struct gdb_debugger *debugger; /* or NULL */
	char **argv;
};

static bool is_stopped(void *context)
{
	const struct session *session = context;
	const bool stopped = end_signals_caught() || last_words();

	if (stopped && session->debugger)
		gdb_debugger_quit(session->debugger);
	return stopped || (session->debugger && gdb_debugger_has_killed(session->debugger));
}

/* What ended the run from outside, in words, or NULL. */
static const char *why_stopped(const struct session *session)
{
	const char *signal = end_signals_why();

	if (!signal && !last_words() && session->debugger &&
	    gdb_debugger_has_killed(session->debugger))
		return "gdb ended the run";
	return signal ? signal : last_words();
}

/* Why a case has no result. */
static const char *why_not_run(const char *broken)
{
	return broken ? broken : "the run stopped at the first failure";
}

static void on_running(void *context, size_t index, uint64_t elapsed_ns)
{
	struct session *session = context;

	report_set_running(&session->reports, index, elapsed_ns, &session->tally);
}

static int on_result(void *context, size_t index, struct outcome *outcome)
{
	struct session *session = context;
	const char *broken = why_stopped(session);
	int err;

	fresh_hold();
	report_set_mute(&session->reports, index < session->fresh->reported);
	tally_add(&session->tally, outcome->result.verdict);
	tally_add_values(&session->tally, &outcome->result);
	doubts_add(&session->doubts, session->plan->cases[index].name, outcome->result.verdict,
		   outcome->doubts);
	err = report_set_result(&session->reports, index, outcome, why_not_run(broken), broken);
	fresh_release(index, outcome);
	return err;
}

static enum exit_status run_cases(struct session *session)
{
	const struct pool_options options = {
		.timeout_ms = session->cli->timeout_ms,
		.timeout_factor = session->cli->timeout_factor,
		.workers = session->cli->workers,
		.fresh_vm = session->cli->fresh_vm,
		.fail_fast = session->cli->fail_fast,
		.check_reset = session->cli->check_reset,
		.coverage_by_test = session->cli->coverage_by_test,
		.debugger = session->debugger ? gdb_debugger_of_jobs(session->debugger) : NULL,
		.fresh = session->fresh,
	};
	const struct pool_events events = {
		.context = session,
		.running = on_running,
		.result = on_result,
		.stopped = is_stopped,
	};
	struct error error = { "" };
	const char *broken = NULL;
	char *names, *doubts;
	enum exit_status status;
	uint64_t start = clock_ns() - session->fresh->elapsed_ns;
	int err;

	if (session->cli->assist_given)
		assist_policy_set(session->cli->assist);
	fresh_offer(session->plan, session->argv, start);
	err = pool_run(session->plan, &options, &events, &error);
	fresh_withdraw();
	session->tally.duration_ns = clock_ns() - start;
	if (err && !error.text[0])
		error_set(&error, -err, "the tests could not be run: %s", strerror(-err));
	if (template_error_is_no_kvm(err) && !report_set_has_begun(&session->reports)) {
		char reason[sizeof(error.text) + 128];

		snprintf(reason, sizeof(reason),
			 "%s; or run it in the lab: `ring0 lab %.64s`, or with RING0_LAB=auto",
			 error.text, program_invocation_short_name);
		report_set_skipped(&session->reports, reason);
		return EXIT_STATUS_SKIPPED;
	}
	if (err)
		broken = error.text;
	else if (session->tally.total < session->plan->count)
		broken = why_stopped(session);
	session->tally.completed = assist_policy_count();
	names = session->tally.completed ? assist_policy_names() : NULL;
	session->tally.completed_names = names;
	doubts = doubts_take(&session->doubts);
	session->tally.doubts = doubts;
	report_set_end(&session->reports, &session->tally, why_not_run(broken), broken);
	session->tally.completed_names = NULL;
	session->tally.doubts = NULL;
	free(doubts);
	free(names);
	status = tally_exit_status(&session->tally);
	if (!err)
		return status;
	session_complain(error.text);
	return status == EXIT_STATUS_FAILED ? status : EXIT_STATUS_ERROR;
}

/* Decide on colours and the progress line, by where the report goes. */
static void look_at_terminal(const struct cli *cli, struct report *report)
{
	const char *terminal = getenv("TERM");
	int fd = fileno(report->out);
	bool capable = isatty(fd) && (!terminal || strcmp(terminal, "dumb"));
	struct winsize size;

	report->colour = cli->colour == CLI_COLOUR_ALWAYS ||
			 (cli->colour == CLI_COLOUR_AUTO && capable);
	report->live = capable;
	if (capable && !ioctl(fd, TIOCGWINSZ, &size)) {
		report->columns = size.ws_col;
		report->rows = size.ws_row;
	}
}

/* Open them all before the first test, so that a mistyped name costs no session. */
static int open_reports(struct session *session)
{
	const struct cli *cli = session->cli;
	struct report report = {
		.verbose = cli->verbose,
		.program = program_invocation_short_name,
		.version = R0_VERSION,
		.host = &session->host,
		.baseline = session->baseline,
	};
	size_t i;
	int err = 0;

	for (i = 0; i < cli->report_count && !err; i++) {
		report.ops = cli->reports[i].ops;
		err = report_set_add(&session->reports, &report, cli->reports[i].file);
		if (!err)
			look_at_terminal(cli, &session->reports.outputs[i].report);
	}
	/* Where people look, and never into what a machine reads. */
	for (i = 0; i < cli->report_count && !err && cli->annotate; i++) {
		if (cli->reports[i].ops != &report_pretty_ops || cli->reports[i].file)
			continue;
		report.ops = &report_github_ops;
		err = report_set_add(&session->reports, &report, NULL);
		break;
	}
	return err;
}

static enum exit_status close_reports(struct session *session, enum exit_status status)
{
	size_t i, j;

	report_set_close(&session->reports);
	for (i = 0; i < session->reports.count; i++) {
		const struct report_output *output = &session->reports.outputs[i];
		bool told = false;

		for (j = 0; j < i; j++)
			told |= !output->own_stream && !session->reports.outputs[j].own_stream &&
				session->reports.outputs[j].error;
		if (output->error && !told)
			status = session_write_error(output->name, output->error);
	}
	return status;
}

/* Before reports are opened: gdb may have standard output for itself. */
static int begin_debugging(struct session *session, struct error *error)
{
	const struct gdb_debugger_options options = {
		.where = session->cli->gdb,
		.at_start = session->cli->gdb_at_start,
		.program = session->argv[0],
	};

	return session->cli->gdb ? gdb_debugger_create(&session->debugger, &options, error) : 0;
}

/* Open the reports, run, and see that all of them were written. */
static enum exit_status run_and_report(struct session *session)
{
	const struct plan *plan = session->plan;
	struct end_signals signals;
	enum exit_status status = EXIT_STATUS_PASSED;
	struct error error = { "" };
	char text[80];

	if (session->cli->compare &&
	    baseline_read(&session->baseline, session->cli->compare, &error)) {
		session_complain(error.text);
		return EXIT_STATUS_ERROR;
	}
	if (begin_debugging(session, &error) || last_words_begin(&error)) {
		gdb_debugger_destroy(session->debugger, EXIT_STATUS_ERROR);
		baseline_destroy(session->baseline);
		session_complain(error.text);
		return EXIT_STATUS_ERROR;
	}
	end_signals_catch(&signals);
	host_describe(&session->host);
	session->reports.plan = plan;
	if (!open_reports(session)) {
		if (plan->count) {
			status = run_cases(session);
		} else {
			snprintf(text, sizeof(text), "no tests in this shard, %u of %u",
				 plan->shard, plan->shards);
			report_set_skipped(&session->reports, text);
		}
	}
	status = close_reports(session, status);
	/* What has not run did not pass. */
	if (session->debugger && gdb_debugger_has_killed(session->debugger) &&
	    status != EXIT_STATUS_FAILED)
		status = EXIT_STATUS_ERROR;
	gdb_debugger_destroy(session->debugger, status);
	baseline_destroy(session->baseline);
	last_words_end();
	end_signals_release(&signals);
	if (status == EXIT_STATUS_SKIPPED)
		status = (enum exit_status)session->cli->skip_status;
	else if (status == EXIT_STATUS_FAILED)
		status = (enum exit_status)session->cli->fail_status;
	return end_signals_caught() ?
		       (enum exit_status)(EXIT_STATUS_SIGNAL + end_signals_caught()) :
		       status;
}

enum exit_status reported_run(const struct cli *cli, const struct plan *plan, struct fresh *fresh,
			      char **argv)
{
	struct session session = { .cli = cli, .plan = plan, .fresh = fresh, .argv = argv };

	return run_and_report(&session);
}
