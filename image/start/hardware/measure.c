/* SPDX-License-Identifier: MIT */
/* Each counter is read when the other is, as nearly as may be: a virtual machine may lose its CPU at any time. */
#include "image/start/hardware/measure.h"

/* Readings of the known counter: one that has not counted by the first of these is none. */
#define READINGS       10000000u
#define FIRST_READINGS 1000u

#define LOOKS	     8
#define MEASUREMENTS 3

/* What both counters say at one time: the narrowest of some looks tells when the known one was read. */
static struct measured look(const struct measure *measure)
{
	struct measured moment = { 0 };
	uint64_t narrowest = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < LOOKS; i++) {
		uint64_t before = measure->unknown(), known = measure->known();
		uint64_t width = measure->unknown() - before;

		if (width < narrowest) {
			narrowest = width;
			moment = (struct measured){ known, before + width / 2 };
		}
	}
	return moment;
}

struct measured measure_once(const struct measure *measure)
{
	const struct measured first = look(measure);
	struct measured last;
	uint64_t passed = 0;
	unsigned int readings;

	for (readings = 0; readings < READINGS && passed < measure->wanted; readings++) {
		passed = (measure->known() - first.known) & measure->mask;
		if (readings == FIRST_READINGS && !passed)
			break;
	}
	if (passed < measure->wanted)
		return (struct measured){ 0 };
	last = look(measure);
	return (struct measured){
		(last.known - first.known) & measure->mask,
		last.unknown - first.unknown,
	};
}

struct measured measure_slowest(const struct measure *measure)
{
	struct measured slowest = { 0 };
	unsigned int i;

	for (i = 0; i < MEASUREMENTS; i++) {
		const struct measured one = measure_once(measure);

		if (!one.known)
			return one;
		/* Of few bits each: no product overflows. */
		if (!slowest.known || one.unknown * slowest.known < slowest.unknown * one.known)
			slowest = one;
	}
	return slowest;
}
