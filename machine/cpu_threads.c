/* SPDX-License-Identifier: MIT */
/* A team of threads. Each has a condition of its own, so that none is woken for nothing. */
#include "machine/cpu_threads.h"
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "kvm/vcpu/vcpu.h"

struct member {
	struct cpu_threads *threads;
	pthread_t thread;
	unsigned int number;
	bool go; /* to run, or to end */
	pthread_cond_t wake;
	void (*run)(void *context, unsigned int number);
	void *context;
};

struct cpu_threads {
	pthread_mutex_t lock;
	pthread_cond_t done;
	unsigned int running;
	bool over;
	unsigned int size;
	struct member members[];
};

static void *member_thread(void *argument)
{
	struct member *member = argument;
	struct cpu_threads *threads = member->threads;

	vcpu_prepare_thread();
	pthread_mutex_lock(&threads->lock);
	for (;;) {
		while (!member->go)
			pthread_cond_wait(&member->wake, &threads->lock);
		member->go = false;
		if (threads->over)
			break;
		pthread_mutex_unlock(&threads->lock);
		member->run(member->context, member->number);
		pthread_mutex_lock(&threads->lock);
		if (--threads->running == 0)
			pthread_cond_signal(&threads->done);
	}
	pthread_mutex_unlock(&threads->lock);
	return NULL;
}

static void wake(struct member *member)
{
	member->go = true;
	pthread_cond_signal(&member->wake);
}

int cpu_threads_create(struct cpu_threads **result, unsigned int size, struct error *error)
{
	struct cpu_threads *threads =
		calloc(1, sizeof(*threads) + size * sizeof(threads->members[0]));
	int err = 0;

	if (!threads)
		return error_set(error, ENOMEM, "no memory");
	pthread_mutex_init(&threads->lock, NULL);
	pthread_cond_init(&threads->done, NULL);
	while (threads->size < size) {
		struct member *member = &threads->members[threads->size];

		*member = (struct member){ .threads = threads, .number = threads->size + 1 };
		pthread_cond_init(&member->wake, NULL);
		err = pthread_create(&member->thread, NULL, member_thread, member);
		if (err)
			break;
		threads->size++;
	}
	if (err) {
		pthread_cond_destroy(&threads->members[threads->size].wake);
		cpu_threads_destroy(threads);
		return error_set(error, err, "starting a thread for a CPU failed: %s",
				 strerror(err));
	}
	*result = threads;
	return 0;
}

void cpu_threads_destroy(struct cpu_threads *threads)
{
	unsigned int i;

	if (!threads)
		return;
	pthread_mutex_lock(&threads->lock);
	threads->over = true;
	for (i = 0; i < threads->size; i++)
		wake(&threads->members[i]);
	pthread_mutex_unlock(&threads->lock);
	for (i = 0; i < threads->size; i++) {
		pthread_join(threads->members[i].thread, NULL);
		pthread_cond_destroy(&threads->members[i].wake);
	}
	pthread_cond_destroy(&threads->done);
	pthread_mutex_destroy(&threads->lock);
	free(threads);
}

void cpu_threads_start(struct cpu_threads *threads, unsigned int number,
		       void (*run)(void *context, unsigned int number), void *context)
{
	struct member *member = &threads->members[number - 1];

	pthread_mutex_lock(&threads->lock);
	member->run = run;
	member->context = context;
	threads->running++;
	wake(member);
	pthread_mutex_unlock(&threads->lock);
}

void cpu_threads_wait(struct cpu_threads *threads)
{
	pthread_mutex_lock(&threads->lock);
	while (threads->running)
		pthread_cond_wait(&threads->done, &threads->lock);
	pthread_mutex_unlock(&threads->lock);
}
