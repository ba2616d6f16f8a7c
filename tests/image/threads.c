/* SPDX-License-Identifier: MIT */
/* A program that has another thread before its tests: no image can be made of it. */
#include <pthread.h>
#include <ring0.h>
#include <unistd.h>

static void *idle(void *argument)
{
	for (;;)
		pause();
	return argument;
}

__attribute__((constructor)) static void start(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, idle, NULL);
	pthread_setname_np(thread, "idler");
}

R0_TEST(any, test)
{
}
