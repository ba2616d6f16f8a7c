/* SPDX-License-Identifier: MIT */
/* A team of threads. Each has a condition of its own, so that none is woken for nothing. */
#include "machine/cpu_threads.h"
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "kvm/vcpu.h"

struct member {
	struct team *team;
	pthread_t thread;
	unsigned int number;
	bool go; /* to run, or to end */
	pthread_cond_t wake;
};

struct team {
	pthread_mutex_t lock;
	pthread_cond_t done;
	unsigned int running;
	bool over;
	void (*run)(void *context, unsigned int number);
	void *context;
	unsigned int size;
	struct member members[];
};

static void *member_thread(void *argument)
{
	struct member *member = argument;
	struct team *team = member->team;

	vcpu_prepare_thread();
	pthread_mutex_lock(&team->lock);
	for (;;) {
		while (!member->go)
			pthread_cond_wait(&member->wake, &team->lock);
		member->go = false;
		if (team->over)
			break;
		pthread_mutex_unlock(&team->lock);
		team->run(team->context, member->number);
		pthread_mutex_lock(&team->lock);
		if (--team->running == 0)
			pthread_cond_signal(&team->done);
	}
	pthread_mutex_unlock(&team->lock);
	return NULL;
}

static void wake_all(struct team *team)
{
	unsigned int i;

	for (i = 0; i < team->size; i++) {
		team->members[i].go = true;
		pthread_cond_signal(&team->members[i].wake);
	}
}

int team_create(struct team **result, unsigned int size, struct error *error)
{
	struct team *team = calloc(1, sizeof(*team) + size * sizeof(team->members[0]));
	int err = 0;

	if (!team)
		return error_set(error, ENOMEM, "no memory");
	pthread_mutex_init(&team->lock, NULL);
	pthread_cond_init(&team->done, NULL);
	while (team->size < size) {
		struct member *member = &team->members[team->size];

		*member = (struct member){ .team = team, .number = team->size + 1 };
		pthread_cond_init(&member->wake, NULL);
		err = pthread_create(&member->thread, NULL, member_thread, member);
		if (err)
			break;
		team->size++;
	}
	if (err) {
		pthread_cond_destroy(&team->members[team->size].wake);
		team_destroy(team);
		return error_set(error, err, "starting a thread for a CPU failed: %s",
				 strerror(err));
	}
	*result = team;
	return 0;
}

void team_destroy(struct team *team)
{
	unsigned int i;

	if (!team)
		return;
	pthread_mutex_lock(&team->lock);
	team->over = true;
	wake_all(team);
	pthread_mutex_unlock(&team->lock);
	for (i = 0; i < team->size; i++) {
		pthread_join(team->members[i].thread, NULL);
		pthread_cond_destroy(&team->members[i].wake);
	}
	pthread_cond_destroy(&team->done);
	pthread_mutex_destroy(&team->lock);
	free(team);
}

void team_start(struct team *team, void (*run)(void *context, unsigned int number), void *context)
{
	pthread_mutex_lock(&team->lock);
	team->run = run;
	team->context = context;
	team->running = team->size;
	wake_all(team);
	pthread_mutex_unlock(&team->lock);
}

void team_wait(struct team *team)
{
	pthread_mutex_lock(&team->lock);
	while (team->running)
		pthread_cond_wait(&team->done, &team->lock);
	pthread_mutex_unlock(&team->lock);
}
