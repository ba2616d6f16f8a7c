/* SPDX-License-Identifier: MIT */
/*
 * The monitor as a library: a guest with two CPUs is frozen, looked at and thawed, a variable of its
 * is watched, and it is put back to how it was.
 *
 *	cc -o freeze freeze.c $(pkg-config --cflags --libs ring0)
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <ring0/vm.h>

/* Where the guest has its code, its variables, and room for its tables. */
#define TABLES	 0x1000
#define CODE	 0x10000
#define PROGRESS 0x20000
#define TICKS	 0x20008
#define STOP	 0x20010
#define MEMORY	 (16 << 20)

/* Both run in 64-bit mode; what follows is position-independent, as it is copied to CODE. */
extern const char guest_start[], guest_boot[], guest_second[], guest_end[];
__asm__(".pushsection .rodata\n"
	"guest_start:\n"
	"guest_boot:\n" /* counts until it is told to stop, then ends the machine with status 42 */
	"1:	addl $1, 0x20000\n"
	"	cmpl $0, 0x20010\n"
	"	je 1b\n"
	"	mov $42, %eax\n"
	"	out %eax, $0xf4\n"
	"guest_second:\n" /* adds to its variable now and then */
	"	mov $1000, %ecx\n"
	"2:	dec %ecx\n"
	"	jnz 2b\n"
	"	addl $1, 0x20008\n"
	"	jmp guest_second\n"
	"guest_end:\n"
	".popsection\n");

static void check(int result, const struct r0_error *error)
{
	if (result >= 0)
		return;
	fprintf(stderr, "freeze: %s\n", error->text);
	exit(1);
}

static uint32_t variable(struct r0_vm *vm, uint64_t address)
{
	struct r0_error error = { "" };
	uint32_t value;

	check(r0_vm_read(vm, address, &value, sizeof(value), &error), &error);
	return value;
}

static void start_guest(struct r0_vm *vm)
{
	const struct r0_vm_entry boot = { .mode = R0_VM_MODE_LONG, .ip = CODE, .tables = TABLES };
	struct r0_vm_entry second = boot;
	struct r0_error error = { "" };

	second.ip += (uint64_t)(guest_second - guest_start);
	check(r0_vm_write(vm, CODE, guest_start, (size_t)(guest_end - guest_start), &error),
	      &error);
	check(r0_vm_enter(vm, 0, &boot, &error), &error);
	check(r0_vm_enter(vm, 1, &second, &error), &error);
	check(r0_vm_start(vm, &error), &error);
}

/* Sleep until the guest has made some progress. */
static void wait_for_progress(struct r0_vm *vm)
{
	uint32_t before = variable(vm, PROGRESS);

	while (variable(vm, PROGRESS) - before < 1000)
		poll(NULL, 0, 1);
}

static void print_registers(struct r0_vm *vm)
{
	struct r0_error error = { "" };
	char text[R0_VM_REGISTERS_TEXT];
	unsigned int cpu;

	for (cpu = 0; cpu < 2; cpu++) {
		check(r0_vm_registers_text(vm, cpu, text, sizeof(text), &error), &error);
		printf("CPU %u: %s\n", cpu, text);
	}
	check(r0_vm_registers_json(vm, 1, text, sizeof(text), &error), &error);
	printf("CPU 1 as JSON: %s\n", text);
}

static void watch(struct r0_vm *vm)
{
	struct pollfd hit = { .fd = r0_vm_hit_fd(vm), .events = POLLIN };
	struct r0_error error = { "" };
	struct r0_vm_hit first;
	int number = r0_vm_watch(vm, TICKS, 4, "ticks", &error);

	check(number, &error);
	printf("watching ticks by %s\n", r0_vm_watch_method(vm));
	check(r0_vm_thaw(vm, &error), &error);
	while (r0_vm_hits(vm, &first, 1) == 0)
		poll(&hit, 1, -1);
	check(r0_vm_unwatch(vm, number, &error), &error);
	printf("%s: CPU %u wrote 0x%" PRIx64 " over 0x%" PRIx64 " before 0x%" PRIx64 "\n",
	       first.tag, first.cpu, first.new_value, first.old_value, first.ip);
}

int main(void)
{
	const struct r0_vm_options options = { .cpus = 2, .memory = MEMORY };
	const uint32_t one = 1;
	struct r0_vm_snapshot *snapshot;
	struct r0_vm_outcome outcome;
	struct r0_error error = { "" };
	struct r0_vm *vm;
	uint32_t progress;

	check(r0_vm_create(&vm, &options, &error), &error);
	start_guest(vm);
	wait_for_progress(vm);

	check(r0_vm_freeze(vm, &error), &error);
	print_registers(vm);
	progress = variable(vm, PROGRESS);
	check(r0_vm_snapshot_take(&snapshot, vm, &error), &error);
	watch(vm);

	wait_for_progress(vm);
	check(r0_vm_freeze(vm, &error), &error);
	printf("progress since the snapshot: %s\n",
	       variable(vm, PROGRESS) > progress ? "some" : "none");
	check(r0_vm_snapshot_restore(snapshot, vm, &error), &error);
	printf("and after it is restored: %s\n",
	       variable(vm, PROGRESS) > progress ? "some" : "none");
	check(r0_vm_write(vm, STOP, &one, sizeof(one), &error), &error);
	check(r0_vm_thaw(vm, &error), &error);

	check(r0_vm_wait(vm, -1, &outcome, &error), &error);
	printf("CPU %u ended it: %s\n", outcome.cpu, outcome.reason);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
	return 0;
}
