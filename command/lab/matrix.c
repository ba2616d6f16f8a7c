/* SPDX-License-Identifier: MIT */
/*
 * `ring0 lab --matrix`: a program on this host's KVM and on each that the lab has, and one table of what
 * its cases came to. What they came to is read from TAP, in which every program of ring0's and many
 * others say it. Depends on emulator.h and libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/lab/architectures.h"
#include "command/lab/error.h"
#include "command/lab/matrix.h"
#include "command/lab/options.h"
#include "command/lab/program.h"
#include "command/lab/signals.h"
#include "command/lab/strings.h"

#define COLUMNS_MAX 32

/* As the programs that ring0 builds say that all was skipped, for want of a KVM, too. */
#define STATUS_SKIP 77

/* A run of the program. */
struct column {
	char *name;
	const struct lab_kvm *kvm; /* NULL: this host's */
	const char *kernel;	   /* or NULL */
	int status;
	size_t cases;
};

/* A case of it, and its verdict in each column; "-" where it was not run. */
struct row {
	char *name;
	char *verdicts[COLUMNS_MAX];
};

struct table {
	struct column columns[COLUMNS_MAX];
	size_t column_count;
	struct row *rows;
	size_t row_count;
};

static struct row *row_of(struct table *table, const char *name, size_t length)
{
	struct row *rows;

	for (size_t i = 0; i < table->row_count; i++)
		if (strlen(table->rows[i].name) == length &&
		    !memcmp(table->rows[i].name, name, length))
			return &table->rows[i];
	rows = realloc(table->rows, (table->row_count + 1) * sizeof(*rows));
	if (!rows)
		exit(lab_error(LAB_INTERNAL, "no memory for a table"));
	table->rows = rows;
	rows[table->row_count] = (struct row){ .name = lab_format("%.*s", (int)length, name) };
	return &rows[table->row_count++];
}

static void set_verdict(struct row *row, size_t column, const char *verdict, size_t length)
{
	free(row->verdicts[column]);
	row->verdicts[column] = lab_format("%.*s", (int)length, verdict);
}

/* "ok 1 - name # SKIP why", "not ok 2 - name": true, with the row, if the line is one of these. */
static bool read_case(struct table *table, size_t column, const char *line, struct row **row)
{
	const bool failed = !strncmp(line, "not ok ", 7);
	const char *at = line + (failed ? 7 : 3), *directive;
	size_t length, number;

	if (!failed && strncmp(line, "ok ", 3))
		return false;
	number = strspn(at, "0123456789");
	at += number;
	at += strspn(at, " -");
	directive = strstr(at, " # ");
	length = directive ? (size_t)(directive - at) : strlen(at);
	if (!number || !length)
		return false;
	*row = row_of(table, at, length);
	if (directive && !strncasecmp(directive, " # SKIP", 7))
		set_verdict(*row, column, "skip", 4);
	else if (directive && !strncasecmp(directive, " # TODO", 7))
		set_verdict(*row, column, failed ? "xfail" : "xpass", 5);
	else
		set_verdict(*row, column, failed ? "fail" : "pass", 4);
	table->columns[column].cases++;
	return true;
}

/* What a program printed. "verdict:" in the block after a case says more than "not ok". */
static void read_tap(struct table *table, size_t column, FILE *output)
{
	struct row *row = NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	while ((length = getline(&line, &room, output)) >= 0) {
		while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
			line[--length] = '\0';
		if (read_case(table, column, line, &row))
			continue;
		if (row && !strncmp(line, "  verdict: ", 11))
			set_verdict(row, column, line + 11, strlen(line + 11));
	}
	free(line);
}

/* In the child: never returns. */
static void __attribute__((noreturn))
run_column(const struct column *column, struct lab_options *options, int output)
{
	char **argv;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(output, 1);
	lab_strings_add(&options->arguments, "--format");
	lab_strings_add(&options->arguments, "tap");
	if (column->kvm) {
		options->kvm = column->kvm;
		options->kernel = column->kernel;
		exit(lab_run_program(options));
	}
	argv = lab_allocate((options->arguments.count + 2) * sizeof(*argv));
	argv[0] = options->programs.items[0];
	memcpy(argv + 1, options->arguments.items, options->arguments.count * sizeof(*argv));
	setenv("RING0_LAB", "none", 1);
	lab_unblock_signals();
	execvp(argv[0], argv);
	lab_error(0, "%s: %s", argv[0], strerror(errno));
	_exit(LAB_MISSING);
}

/* Wait for it, or for a signal that ends the lab: then that run, too. */
static int wait_for(pid_t pid)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0), status = 0;
	struct pollfd fds[] = { { .fd = process, .events = POLLIN },
				{ .fd = lab_signals, .events = POLLIN } };

	while (process >= 0 && poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (process >= 0 && fds[1].revents & POLLIN && (lab_signal = lab_take_signal()))
		kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (process >= 0)
		close(process);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Run the program for a column, and read what it printed. 0 or an enum lab_status. */
static int fill_column(struct table *table, size_t index, struct lab_options *options)
{
	struct column *column = &table->columns[index];
	int output = memfd_create("output", MFD_CLOEXEC);
	FILE *file = output < 0 ? NULL : fdopen(output, "r+");
	pid_t pid;

	if (!file)
		return lab_error(LAB_INTERNAL, "a file in memory: %s", strerror(errno));
	lab_error(0, "%s: %s", column->name, options->programs.items[0]);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_column(column, options, output);
	if (pid < 0) {
		fclose(file);
		return lab_error(LAB_INTERNAL, "fork: %s", strerror(errno));
	}
	column->status = wait_for(pid);
	rewind(file);
	read_tap(table, index, file);
	fclose(file);
	return lab_signal ? 128 + lab_signal : 0;
}

static const char *verdict(const struct row *row, size_t column)
{
	return row->verdicts[column] ? row->verdicts[column] : "-";
}

static bool differs(const struct table *table, const struct row *row)
{
	for (size_t i = 1; i < table->column_count; i++)
		if (strcmp(verdict(row, i), verdict(row, 0)))
			return true;
	return false;
}

static bool is_good(const char *text)
{
	return !strcmp(text, "pass") || !strcmp(text, "skip") || !strcmp(text, "xfail");
}

/* 0: what differs, 1: what is bad everywhere, 2: what is as it should be. */
static int group_of(const struct table *table, const struct row *row)
{
	if (differs(table, row))
		return 0;
	return is_good(verdict(row, 0)) ? 2 : 1;
}

static void print_table(const struct table *table)
{
	int width = 4;

	for (size_t i = 0; i < table->row_count; i++)
		if ((int)strlen(table->rows[i].name) > width)
			width = (int)strlen(table->rows[i].name);
	printf("%-*s", width, "case");
	for (size_t j = 0; j < table->column_count; j++)
		printf("  %-8s", table->columns[j].name);
	putchar('\n');
	for (int group = 0; group < 3; group++) {
		for (size_t i = 0; i < table->row_count; i++) {
			const struct row *row = &table->rows[i];

			if (group_of(table, row) != group)
				continue;
			printf("%-*s", width, row->name);
			for (size_t j = 0; j < table->column_count; j++)
				printf("  %-*s",
				       (int)strlen(table->columns[j].name) > 8 ?
					       (int)strlen(table->columns[j].name) :
					       8,
				       verdict(row, j));
			putchar('\n');
		}
	}
}

/* The table, a line that sums it up, and the status to exit with. */
static int conclude(const struct table *table)
{
	size_t counts[3] = { 0 };
	int status = 0;

	for (size_t i = 0; i < table->row_count; i++)
		counts[group_of(table, &table->rows[i])]++;
	print_table(table);
	printf("%zu cases on %zu KVMs: %zu differ, %zu fail on all, %zu are well on all\n",
	       table->row_count, table->column_count, counts[0], counts[1], counts[2]);
	for (size_t i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];

		if (column->cases)
			continue;
		/* The reason was said on standard error. */
		lab_error(0, "%s: no case was run (exit status %d)", column->name, column->status);
		if (!status)
			status = column->status >= LAB_USAGE && column->status <= LAB_INTERNAL ?
					 column->status :
					 1;
	}
	if (fflush(stdout) && !status)
		status = LAB_DISK;
	return status ? status : counts[0] || counts[1];
}

static void add_column(struct table *table, const struct lab_kvm *kvm, const char *kernel)
{
	const char *base = kernel ? strrchr(kernel, '/') : NULL;
	struct column *column = &table->columns[table->column_count++];

	if (kernel)
		base = base ? base + 1 : kernel;
	if (base && !strncmp(base, "vmlinuz-", 8))
		base += 8;
	*column = (struct column){ .kvm = kvm, .kernel = kernel };
	column->name = !kvm  ? lab_format("host") :
		       !base ? lab_format("%s", kvm->name) :
			       lab_format("%s/%.*s", kvm->name, (int)strcspn(base, "-"), base);
}

static void plan(struct table *table, const struct lab_options *options)
{
	const struct lab_architecture *architecture = options->architecture;
	struct utsname host;

	uname(&host);
	if (!strcmp(host.machine, architecture->name))
		add_column(table, NULL, NULL);
	for (size_t k = 0; k < (options->kernels.count ? options->kernels.count : 1); k++)
		for (size_t i = 0; i < architecture->kvm_count; i++)
			if (table->column_count < COLUMNS_MAX)
				add_column(table, &architecture->kvms[i],
					   options->kernels.count ? options->kernels.items[k] :
								    NULL);
}

static void finish(struct table *table)
{
	for (size_t i = 0; i < table->row_count; i++) {
		for (size_t j = 0; j < COLUMNS_MAX; j++)
			free(table->rows[i].verdicts[j]);
		free(table->rows[i].name);
	}
	free(table->rows);
	for (size_t i = 0; i < table->column_count; i++)
		free(table->columns[i].name);
}

int lab_matrix(struct lab_options *options)
{
	struct table table = { 0 };
	int status = 0;

	plan(&table, options);
	for (size_t i = 0; i < table.column_count && !status; i++) {
		status = fill_column(&table, i, options);
		/* A host without a KVM is no column: the program has said so. */
		if (!status && !table.columns[i].kvm && table.columns[i].status == STATUS_SKIP &&
		    table.columns[i].cases == 0) {
			lab_error(0, "this host has no usable KVM: it is left out");
			free(table.columns[i].name);
			memmove(&table.columns[i], &table.columns[i + 1],
				(--table.column_count - i) * sizeof(*table.columns));
			i--;
		}
	}
	if (!status)
		status = conclude(&table);
	finish(&table);
	return status;
}
