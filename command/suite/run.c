/* SPDX-License-Identifier: MIT */
/* So many images at once, and their results in the order of the plan. Depends on suite.h and libc. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "command/suite/suite.h"
#include "report/formats.h"

/* From when on an image is shown as running, and how often: as test programs show their tests. */
#define LONG_NS	   1000000000ull
#define REFRESH_NS 250000000ull

struct run {
	const struct suite_options *options;
	const struct plan *plan; /* the images */
	struct suite_publication publication;
	bool live; /* a report is on a terminal, where it shows what runs */
	uint64_t shown_ns;
	struct suite_logs logs;
	struct suite_child **
		children; /* of each image that was started and is not published, by its place in the plan */
	size_t started, published;
	size_t running;
	int signal_fd;
	int signal; /* that ends it, or 0 */
	int err;    /* of the reports */
};

static const struct suite_image *image_of(const struct run *run, size_t index)
{
	const struct r0_test *test = run->plan->cases[index].test;

	return (const struct suite_image *)((const char *)test -
					    offsetof(struct suite_image, test));
}

/* The first one that ends it lets what runs come to its end by it, too. */
static int catch_signals(struct run *run)
{
	const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action;
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		sigaction(numbers[i], NULL, &action);
		if (action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	}
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->signal_fd < 0 ? -errno : 0;
}

static void reap(struct run *run)
{
	size_t i;

	for (i = run->published; i < run->started; i++) {
		struct suite_child *child = run->children[i];

		if (child->is_done)
			continue;
		suite_child_reap(child);
		run->running -= child->is_done;
	}
}

static void take_signals(struct run *run)
{
	struct signalfd_siginfo info;
	size_t i;

	while (read(run->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD || run->signal)
			continue;
		run->signal = (int)info.ssi_signo;
		for (i = run->published; i < run->started; i++)
			if (run->children[i]->pid)
				kill(run->children[i]->pid, run->signal);
	}
	reap(run);
}

/* The first of those whose results are not out yet. */
static void drop_first(struct run *run)
{
	struct suite_child *child = run->children[run->published];

	suite_child_finish(child);
	free(child);
	run->children[run->published++] = NULL;
}

static void publish(struct run *run)
{
	while (run->published < run->started && run->children[run->published]->is_done &&
	       !run->err && !run->signal) {
		run->err = suite_publish(&run->publication, run->children[run->published]);
		drop_first(run);
	}
}

static void start(struct run *run)
{
	while (run->running < run->options->jobs && run->started < run->plan->count &&
	       !run->signal && !run->err) {
		struct suite_child *child = calloc(1, sizeof(*child));

		if (!child) {
			run->err = -ENOMEM;
			break;
		}
		run->children[run->started] = child;
		suite_child_start(child, image_of(run, run->started), run->options, &run->logs);
		run->started++;
		run->running += !child->is_done;
		publish(run);
	}
}

/* Wait for something to happen, and see to it. */
static void attend(struct run *run)
{
	struct pollfd fds[1 + 2 * SUITE_JOBS_MAX] = { { .fd = run->signal_fd, .events = POLLIN } };
	int *places[1 + 2 * SUITE_JOBS_MAX] = { NULL };
	struct suite_child *owners[1 + 2 * SUITE_JOBS_MAX] = { NULL };
	uint64_t kill_ns = UINT64_MAX, now;
	nfds_t count = 1, n;
	size_t i;
	int wait = -1;

	for (i = run->published; i < run->started; i++) {
		struct suite_child *child = run->children[i];
		int *const own[] = { &child->out_fd, &child->err_fd };
		size_t k;

		for (k = 0; k < 2 && !child->is_done; k++) {
			if (*own[k] < 0)
				continue;
			fds[count] = (struct pollfd){ .fd = *own[k], .events = POLLIN };
			places[count] = own[k];
			owners[count++] = child;
		}
		if (!child->is_done && !child->was_killed && child->kill_ns < kill_ns)
			kill_ns = child->kill_ns;
	}
	now = clock_ns();
	if (kill_ns != UINT64_MAX)
		wait = kill_ns <= now ? 0 :
		       (kill_ns - now) / CLOCK_NS_PER_MS > 60000 ?
					60000 :
					(int)((kill_ns - now) / CLOCK_NS_PER_MS) + 1;
	if (run->live && (wait < 0 || wait > (int)(REFRESH_NS / CLOCK_NS_PER_MS)))
		wait = (int)(REFRESH_NS / CLOCK_NS_PER_MS);
	if (poll(fds, count, wait) > 0)
		for (n = 1; n < count; n++)
			if (fds[n].revents)
				suite_child_read(owners[n], places[n]);
	take_signals(run);
	now = clock_ns();
	for (i = run->published; i < run->started; i++)
		if (run->children[i]->pid && !run->children[i]->was_killed &&
		    run->children[i]->kill_ns <= now)
			suite_child_kill(run->children[i]);
}

/* The image that was started first of those that run, if that is a while ago. */
static void show_running(struct run *run)
{
	const struct tally so_far = { .total = (unsigned int)run->published };
	const uint64_t now = clock_ns();
	size_t i;

	if (now - run->shown_ns < REFRESH_NS)
		return;
	run->shown_ns = now;
	for (i = run->published; i < run->started && run->children[i]->is_done; i++)
		;
	if (i < run->started && now - run->children[i]->started_ns >= LONG_NS)
		report_set_waiting(&run->publication.reports, &run->plan->cases[i],
				   now - run->children[i]->started_ns, &so_far);
}

/* Whatever it was, an image that did not come to a result is not run. */
static void give_up(struct run *run)
{
	size_t i;

	while (run->published < run->started) {
		suite_publish_not_run(&run->publication, image_of(run, run->published));
		drop_first(run);
	}
	for (i = run->published; i < run->plan->count; i++)
		suite_publish_not_run(&run->publication, image_of(run, i));
}

/* Whether it shows what runs: not where a machine keeps what is on the terminal. */
static bool look_at_terminal(struct report *report)
{
	const char *terminal = getenv("TERM"), *ci = getenv("CI");
	int fd = report->out ? fileno(report->out) : -1;
	struct winsize size;

	if (fd < 0 || !isatty(fd) || (terminal && !strcmp(terminal, "dumb")))
		return false;
	report->colour = !getenv("NO_COLOR") || !*getenv("NO_COLOR");
	if (!ioctl(fd, TIOCGWINSZ, &size)) {
		report->columns = size.ws_col;
		report->rows = size.ws_row;
	}
	report->live = !ci || !*ci;
	return report->live;
}

static int open_reports(struct run *run)
{
	struct report_set *set = &run->publication.reports;
	const char *annotate = getenv("GITHUB_ACTIONS");
	struct report report = {
		.verbose = run->options->verbose,
		.program = "ring0 suite",
		.version = R0_VERSION,
		.host = &run->publication.host,
	};
	size_t i;

	host_describe(&run->publication.host);
	for (i = 0; i < run->options->report_count; i++) {
		report.ops = run->options->reports[i].ops;
		if (report_set_add(set, &report, run->options->reports[i].file))
			return -EIO;
		run->live |= look_at_terminal(&set->outputs[set->count - 1].report);
	}
	/* Where people look, and never into what a machine reads. */
	for (i = 0; i < run->options->report_count && annotate && !strcmp(annotate, "true"); i++) {
		if (run->options->reports[i].ops != &report_pretty_ops ||
		    run->options->reports[i].file)
			continue;
		report.ops = &report_github_ops;
		return report_set_add(set, &report, NULL) ? -EIO : 0;
	}
	return 0;
}

static int close_reports(struct run *run, int status)
{
	struct report_set *set = &run->publication.reports;
	size_t i;

	report_set_close(set);
	for (i = 0; i < set->count; i++) {
		if (!set->outputs[i].error)
			continue;
		suite_complain("writing the report to %s: %s", set->outputs[i].name,
			       strerror(set->outputs[i].error));
		status = EXIT_STATUS_ERROR;
	}
	return status;
}

static void run_images(struct run *run)
{
	while (run->published < run->plan->count && !run->signal && !run->err) {
		start(run);
		if (run->running)
			attend(run);
		publish(run);
		if (run->live && !run->signal && !run->err)
			show_running(run);
	}
}

static int report_all(struct run *run)
{
	struct suite_publication *publication = &run->publication;
	uint64_t begin = clock_ns();
	char broken[80] = "";
	int status;

	run_images(run);
	if (run->signal)
		snprintf(broken, sizeof(broken), "signal %d (%s)", run->signal,
			 strsignal(run->signal));
	else if (run->err)
		snprintf(broken, sizeof(broken), "%s", strerror(-run->err));
	give_up(run);
	publication->tally.duration_ns = clock_ns() - begin;
	report_set_end(&publication->reports, &publication->tally, broken,
		       broken[0] ? broken : NULL);
	status = tally_exit_status(&publication->tally);
	/* A log that is not there is one that somebody will look for. */
	if (run->logs.has_failed && status != EXIT_STATUS_FAILED)
		status = EXIT_STATUS_ERROR;
	if (run->err && status != EXIT_STATUS_FAILED)
		status = EXIT_STATUS_ERROR;
	return status;
}

int suite_run(const struct suite_options *options, const struct plan *plan)
{
	struct run run = { .options = options, .plan = plan, .signal_fd = -1 };
	struct error error = { "" };
	int status = EXIT_STATUS_ERROR, err;

	run.children = calloc(plan->count, sizeof(*run.children));
	err = run.children ? suite_publication_init(&run.publication, plan->count) : -ENOMEM;
	if (!err)
		err = suite_logs_open(&run.logs, options->log_directory, &error);
	if (!err)
		err = catch_signals(&run);
	if (err) {
		suite_complain("%s", error.text[0] ? error.text : strerror(-err));
	} else {
		if (!open_reports(&run))
			status = report_all(&run);
		status = close_reports(&run, status);
	}
	if (run.signal)
		status = EXIT_STATUS_SIGNAL + run.signal;
	suite_publication_finish(&run.publication);
	free(run.children);
	if (run.signal_fd >= 0)
		close(run.signal_fd);
	return status;
}
