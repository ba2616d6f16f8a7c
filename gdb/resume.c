/* SPDX-License-Identifier: MIT */
/* CPUs that go on: see resume.h. */
#include "gdb/resume.h"
#include <errno.h>
#include <string.h>
#include "gdb/answer.h"

static void resume(struct gdb_session *session, const struct gdb_resume *resume)
{
	const struct gdb_target *target = session->target;
	int err;

	session->state = GDB_RUNNING;
	err = target->ops->resume(target->context, resume);
	if (!err)
		return;
	session->state = GDB_STOPPED;
	gdb_answer_result(session, err);
}

/* The old ones: c and s, for the current CPU, with an address to go on at that gdb does not send. */
void gdb_resume_one(struct gdb_session *session, enum gdb_action action)
{
	struct gdb_resume all[GDB_CPUS_MAX] = { 0 };
	unsigned int i;

	for (i = 0; i < session->target->cpus; i++)
		all[i].action = GDB_RUN;
	all[session->cpu].action = action;
	resume(session, all);
}

/* One of vCont's: c, Csignal, s, Ssignal, rSTART,END. A kernel gets no signals. */
static bool take_action(const char *text, struct gdb_resume *action)
{
	*action = (struct gdb_resume){ 0 };
	switch (*text++) {
	case 'c':
	case 'C':
		action->action = GDB_RUN;
		return true;
	case 's':
	case 'S':
		action->action = GDB_STEP;
		return true;
	case 'r':
		action->action = GDB_STEP;
		return gdb_take_number(&text, ',', &action->start) &&
		       gdb_take_number(&text, '\0', &action->end);
	default:
		return false;
	}
}

/* vCont;ACTION[:THREAD]…: a CPU does what the first action that names it says, and stays if none does. */
void gdb_resume_each(struct gdb_session *session, char *text)
{
	struct gdb_resume all[GDB_CPUS_MAX] = { 0 };
	bool has[GDB_CPUS_MAX] = { false };
	char *part, *next = text;
	unsigned int i;

	while ((part = strsep(&next, ";"))) {
		char *thread = strchr(part, ':');
		struct gdb_resume action;
		unsigned int cpu = 0;
		bool every = !thread || !strcmp(thread, ":-1");

		if (thread)
			*thread++ = '\0';
		if (!take_action(part, &action) ||
		    (!every && !gdb_take_cpu(session, thread, &cpu))) {
			gdb_answer_result(session, -EINVAL);
			return;
		}
		for (i = 0; i < session->target->cpus; i++) {
			if (has[i] || (!every && i != cpu))
				continue;
			all[i] = action;
			has[i] = true;
		}
	}
	resume(session, all);
}
