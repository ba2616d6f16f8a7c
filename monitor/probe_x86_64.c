/* SPDX-License-Identifier: MIT */
/* A guest that writes to a variable and halts: does the watchpoint fire? On x86. */
#include <cpuid.h>
#include <stdio.h>
#include <string.h>
#include "monitor/monitor.h"

#define MEMORY	      0x10000
#define TABLES	      0x1000
#define CODE	      0x8000
#define VARIABLE      0x9000
#define TIME_LIMIT_MS 2000

/* Leaf 0x40000000 has the hypervisor's name, QEMU's emulation being one. */
static bool is_emulated_by_qemu(void)
{
	static const char name[] = "TCGTCGTCGTCG";
	unsigned int a, b[3];

	if (!__get_cpuid(1, &a, &b[0], &b[1], &b[2]) || !(b[1] >> 31))
		return false;
	__cpuid(0x40000000, a, b[0], b[1], b[2]);
	return !memcmp(b, name, sizeof(b));
}

static bool run(struct r0_vm *vm)
{
	static const uint8_t code[] = {
		0xc7, 0x04, 0x25, 0x00, 0x90, 0x00, 0x00, 0x01, 0, 0, 0, /* movl $1, 0x9000 */
		0xf4,							 /* hlt */
	};
	const struct r0_vm_entry entry = { .mode = R0_VM_MODE_LONG, .ip = CODE, .tables = TABLES };
	struct r0_vm_hit hit = { 0 };
	size_t count = 0;

	vm->has_watch = true;
	vm->watch.method = WATCH_HARDWARE;
	if (r0_vm_write(vm, CODE, code, sizeof(code), NULL) == 0 &&
	    r0_vm_enter(vm, 0, &entry, NULL) == 0 &&
	    r0_vm_watch(vm, VARIABLE, 4, "probe", NULL) >= 0 && r0_vm_start(vm, NULL) == 0 &&
	    r0_vm_wait(vm, -1, NULL, NULL) == 0)
		count = r0_vm_hits(vm, &hit, 1);
	return count == 1 && hit.new_value == 1 && hit.ip == CODE + sizeof(code) - 1;
}

enum watch_method monitor_probe_watch(char *text, size_t size)
{
	const struct r0_vm_options options = {
		.memory = MEMORY,
		.no_legacy = true,
		.time_limit_ms = TIME_LIMIT_MS,
	};
	struct r0_vm *vm;
	bool works;

	if (is_emulated_by_qemu()) {
		snprintf(text, size,
			 "single steps, as QEMU's emulation, which this host is, crashes over "
			 "watchpoints of its guests' guests");
		return WATCH_SINGLE_STEP;
	}
	if (r0_vm_create(&vm, &options, NULL) != 0) {
		snprintf(text, size, "single steps, as watchpoints can't be tried");
		return WATCH_SINGLE_STEP;
	}
	works = run(vm);
	r0_vm_destroy(vm);
	snprintf(text, size, "%s",
		 works ? "hardware watchpoints" :
			 "single steps, as this KVM takes watchpoints that then never fire");
	return works ? WATCH_HARDWARE : WATCH_SINGLE_STEP;
}
