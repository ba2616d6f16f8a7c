/* SPDX-License-Identifier: MIT */
/*
 * Random access sequences on every device of the monitor, under AddressSanitizer and
 * UndefinedBehaviorSanitizer whatever the build's own options are. Not the absence of crashes alone
 * is checked: see the parts, fuzz_….c, for what must hold after each step.
 *
 *	device_fuzz [--seed N] [--count SEQUENCES] [--seconds LIMIT] [--only TARGET]
 *
 * A sequence has a seed of its own, which is told when it fails: --seed with that and --count 1
 * repeats it.
 */
#include "tests/fuzz/device_fuzz.h"
#include <inttypes.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Steps before the copy of the registers is taken, and after. */
#define STEPS_MAX 150

static const struct fuzz_target *const targets[] = { &fuzz_ports,   &fuzz_hpet,	   &fuzz_clocks,
						     &fuzz_irqchip, &fuzz_pc,	   &fuzz_pci,
						     &fuzz_block,   &fuzz_console, &fuzz_net };
#define TARGETS (sizeof(targets) / sizeof(*targets))

struct bus fuzz_bus;
struct ram fuzz_ram;
uint8_t *fuzz_memory;

static uint64_t random_state, noted, sequence_seed;
static const char *target_name;

static void tell_seed(void)
{
	fprintf(stderr, "device_fuzz: repeat it with --only %s --seed %" PRIu64 " --count 1\n",
		target_name, sequence_seed);
}

void fuzz_fail(const char *what, uint64_t got, uint64_t expected)
{
	fprintf(stderr, "device_fuzz: %s: %s: %#" PRIx64 ", expected %#" PRIx64 "\n", target_name,
		what, got, expected);
	tell_seed();
	abort();
}

/* splitmix64: any seed is as good as another. */
uint64_t fuzz_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t fuzz_below(uint64_t limit)
{
	return fuzz_random() % limit;
}

bool fuzz_one_in(unsigned int times)
{
	return fuzz_below(times) == 0;
}

uint64_t fuzz_value(void)
{
	switch (fuzz_below(6)) {
	case 0:
		return fuzz_below(4);
	case 1:
		return fuzz_below(256);
	case 2:
		return UINT64_MAX - fuzz_below(3);
	case 3:
		return 1ull << fuzz_below(64);
	case 4:
		return FUZZ_RAM_AT + fuzz_below(FUZZ_RAM_SIZE + 64);
	default:
		return fuzz_random();
	}
}

void fuzz_note(uint64_t value)
{
	noted = (noted ^ value) * 1099511628211u;
	noted ^= noted >> 29;
}

uint64_t fuzz_access(enum bus_space space, uint64_t address, size_t size, bool write,
		     uint64_t value)
{
	/* On the heap, so that the sanitizer sees what goes beyond. */
	uint8_t *data = malloc(size ? size : 1);
	enum bus_result result;

	if (!data)
		abort();
	dev_store(data, size, value);
	if (write) {
		result = bus_write(&fuzz_bus, space, address, data, size);
		fuzz_equal(dev_load(data, size < 8 ? size : 8),
			   size < 8 ? value & ((1ull << 8 * size) - 1) : value,
			   "a write changed its data");
	} else {
		result = bus_read(&fuzz_bus, space, address, data, size);
		fuzz_expect(result != BUS_SHUTDOWN, "a read shut down");
	}
	fuzz_expect(result <= BUS_SHUTDOWN, "an access has no result");
	value = dev_load(data, size);
	free(data);
	fuzz_note((uint64_t)result);
	fuzz_note(value);
	return value;
}

void fuzz_random_access(void)
{
	static const uint8_t sizes[] = { 1, 1, 1, 2, 4, 4, 4, 4, 8, 8, 0, 3, 5, 7, 16, 64 };
	const struct bus_range *range = &fuzz_bus.ranges[fuzz_below(fuzz_bus.range_count)];
	uint64_t offset = fuzz_below(range->size < 0x140 ? range->size : 0x140);
	size_t size = sizes[fuzz_below(sizeof(sizes))];
	bool write = fuzz_below(2);
	uint64_t value = fuzz_value();

	if (fuzz_below(2))
		offset &= ~3ull;
	if (fuzz_one_in(20))
		offset = fuzz_value();
	fuzz_access(range->space, range->first + offset, size, write, value);
}

/* Memory with nothing around it, and a page that can't be written. */
static void make_memory(void)
{
	const size_t size = FUZZ_RAM_SIZE + 2 * PAGE_SIZE;
	uint8_t *around = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *rom = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ram_region regions[] = {
		{ .address = gpa(FUZZ_RAM_AT), .size = FUZZ_RAM_SIZE },
		{ .address = gpa(FUZZ_ROM_AT), .size = PAGE_SIZE, .host = rom, .read_only = true },
	};

	if (around == MAP_FAILED || rom == MAP_FAILED ||
	    mprotect(around + PAGE_SIZE, FUZZ_RAM_SIZE, PROT_READ | PROT_WRITE))
		abort();
	fuzz_memory = regions[0].host = around + PAGE_SIZE;
	if (ram_add(&fuzz_ram, &regions[0], NULL) || ram_add(&fuzz_ram, &regions[1], NULL))
		abort();
}

static void run_steps(const struct fuzz_target *target, unsigned int steps)
{
	while (steps--)
		target->step();
}

/* What there is after a run, as one number. */
static uint64_t outcome(uint8_t *state, size_t size)
{
	size_t i;

	bus_save(&fuzz_bus, state);
	for (i = 0; i < size; i++)
		fuzz_note(state[i]);
	for (i = 0; i < FUZZ_RAM_SIZE; i += 8)
		fuzz_note(dev_load(fuzz_memory + i, 8));
	return noted;
}

/* Registers as a file could have them that somebody has damaged: nothing but a crash is wrong. */
static void run_damaged(uint8_t *state, size_t size)
{
	unsigned int flips = (unsigned int)fuzz_below(40), i;

	bus_save(&fuzz_bus, state);
	for (i = 0; size && i < flips; i++)
		state[fuzz_below(size)] = (uint8_t)fuzz_value();
	bus_restore(&fuzz_bus, state);
	for (i = 0; i < 30; i++)
		fuzz_random_access();
}

static void run_sequence(const struct fuzz_target *target, uint64_t seed)
{
	static uint8_t memory[FUZZ_RAM_SIZE];
	uint64_t first, start;
	uint8_t *state, *after;
	unsigned int steps;
	size_t size;

	sequence_seed = random_state = seed;
	bus_init(&fuzz_bus);
	memset(fuzz_memory, 0, FUZZ_RAM_SIZE);
	target->start();
	size = bus_state_size(&fuzz_bus);
	state = malloc(size + 1);
	after = malloc(size + 1);
	if (!state || !after)
		abort();
	run_steps(target, (unsigned int)fuzz_below(STEPS_MAX));

	bus_save(&fuzz_bus, state);
	memcpy(memory, fuzz_memory, sizeof(memory));
	if (target->save)
		target->save();
	steps = (unsigned int)fuzz_below(STEPS_MAX);
	start = random_state;
	noted = 0;
	run_steps(target, steps);
	first = outcome(after, size);

	if (target->before_restore)
		target->before_restore();
	bus_restore(&fuzz_bus, state);
	memcpy(fuzz_memory, memory, sizeof(memory));
	if (target->restore)
		target->restore();
	random_state = start;
	noted = 0;
	run_steps(target, steps);
	fuzz_equal(outcome(after, size), first, "run again from a copy, another outcome");

	run_damaged(state, size);
	free(state);
	free(after);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct arguments {
	uint64_t seed, count;
	double limit;
	const char *only;
};

/* The seeds of sequences follow each other, so that each can be given alone. */
static uint64_t fuzz(const struct fuzz_target *target, const struct arguments *arguments)
{
	double end = seconds() + arguments->limit;
	uint64_t i;

	target_name = target->name;
	for (i = 0; i < arguments->count && (i % 16 || seconds() < end); i++)
		run_sequence(target, arguments->seed + i);
	return i;
}

static int usage(void)
{
	fprintf(stderr, "usage: device_fuzz [--seed N] [--count SEQUENCES] [--seconds LIMIT] "
			"[--only TARGET]\n");
	return 2;
}

static bool parse(int argc, char **argv, struct arguments *arguments)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seed"))
			arguments->seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--count"))
			arguments->count = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seconds"))
			arguments->limit = strtod(argv[i + 1], NULL);
		else if (!strcmp(argv[i], "--only"))
			arguments->only = argv[i + 1];
		else
			return false;
	}
	return i == argc;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {
		.seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid(),
		.count = 1000,
		.limit = 3600,
	};
	size_t i, run = 0;

	if (!parse(argc, argv, &arguments))
		return usage();
	arguments.limit /= arguments.only ? 1 : TARGETS;
	__sanitizer_set_death_callback(tell_seed);
	make_memory();
	printf("# seed %" PRIu64 "\n", arguments.seed);
	for (i = 0; i < TARGETS; i++) {
		if (arguments.only && strcmp(arguments.only, targets[i]->name))
			continue;
		printf("ok %zu - %s: %" PRIu64 " sequences\n", ++run, targets[i]->name,
		       fuzz(targets[i], &arguments));
		fflush(stdout);
	}
	printf("1..%zu\n", run);
	return run ? 0 : usage();
}
