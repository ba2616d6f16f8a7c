/* SPDX-License-Identifier: MIT */
/* Processes. */
#include "small.h"

struct process processes[PROCESSES];

void sleep(void *channel)
{
	current->channel = channel;
	current->state = SLEEPS;
	schedule();
	current->channel = 0;
}

void wakeup(void *channel)
{
	int i;

	for (i = 0; i < PROCESSES; i++)
		if (processes[i].state == SLEEPS && processes[i].channel == channel)
			processes[i].state = RUNS;
}

void exit(int status)
{
	if (!current->parent)
		panic("init exits");
	current->status = status;
	current->state = GONE;
	wakeup(current->parent);
	schedule();
}

int wait(void)
{
	int i;

	for (;;) {
		for (i = 0; i < PROCESSES; i++)
			if (processes[i].parent == current && processes[i].state == GONE) {
				processes[i].parent = 0;
				return processes[i].status;
			}
		sleep(current);
	}
}
