/* SPDX-License-Identifier: MIT */
/*
 * The monitor's parts for arm64 on a real KVM: exits, the register snapshot and watchpoints, with
 * guest code that runs at EL1 without translation. Run in the aarch64 lab. Prints TAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "devices/serial_add.h"
#include "kvm/exit/exit.h"
#include "kvm/state/registers.h"
#include "kvm/watch/watch.h"
#include "tests/unit/kvm/watch_hit.h"

#define MEMORY	    0x40000000ull
#define MEMORY_SIZE 0x10000ull
#define DATA_OFFSET 0x1000
#define DATA	    (MEMORY + DATA_OFFSET)

/* More exits than any guest here has: one that traps for ever is found out. */
#define EXITS_MAX 1000

static struct {
	int kvm, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *memory;
	struct bus bus;
	struct serial serial;
	struct capture capture;
	uint8_t sent[16];
	struct watch watch;
	struct watch_cpu cpu;
	unsigned int hits[32]; /* of each debug exit that had some, in their order */
	unsigned int hit_count, debug_count;
	struct exit last;
	struct error error;
} guest;

/*
 * Guest code: x0 is the serial line, x1 DATA. OFF turns the machine off, by PSCI's SYSTEM_OFF or,
 * with 9, SYSTEM_RESET (Arm DEN0022, 5.10 and 5.11). MARK sends a byte, for the host to look.
 */
#define CODE(name, text)                                                   \
	extern const uint8_t name[];                                       \
	__asm__(".pushsection .rodata\n"                                   \
		".balign 256\n"                                            \
		".globl " #name "\n" #name ":\n" text "b .\n.balign 256\n" \
		".popsection\n");
#define OFF(function) "movz x0, #" function "\nmovk x0, #0x8400, lsl #16\nhvc #0\n"
#define MARK(letter)  "mov w9, #'" letter "'\nstrb w9, [x0]\n"
#define CODE_SIZE     256

static int one_reg(unsigned long request, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return ioctl(guest.vcpu, request, &reg) < 0 ? -errno : 0;
}

static int get_one_reg(void *context, uint64_t id, uint64_t *value)
{
	(void)context;
	return one_reg(KVM_GET_ONE_REG, id, value);
}

static void set_core(size_t offset, uint64_t value)
{
	uint64_t id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
		      offset / sizeof(uint32_t);

	assert_int_equal(one_reg(KVM_SET_ONE_REG, id, &value), 0);
}

static int set_guest_debug(void *context, const struct kvm_guest_debug *debug)
{
	struct kvm_guest_debug copy = *debug;

	(void)context;
	return ioctl(guest.vcpu, KVM_SET_GUEST_DEBUG, &copy) < 0 ? -errno : 0;
}

static void print_log(void *context, const char *text)
{
	(void)context;
	printf("# %s\n", text);
}

static const struct watch_ops watch_ops = { .set_guest_debug = set_guest_debug, .log = print_log };

static void make_machine(void)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = MEMORY,
		.memory_size = MEMORY_SIZE,
	};
	struct kvm_vcpu_init init;

	guest.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	assert_true(guest.kvm >= 0);
	guest.vm = ioctl(guest.kvm, KVM_CREATE_VM, 0);
	assert_true(guest.vm >= 0);
	guest.memory =
		mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(guest.memory != MAP_FAILED);
	region.userspace_addr = (uintptr_t)guest.memory;
	assert_int_equal(ioctl(guest.vm, KVM_SET_USER_MEMORY_REGION, &region), 0);
	assert_int_equal(ioctl(guest.vm, KVM_ARM_PREFERRED_TARGET, &init), 0);
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	guest.vcpu = ioctl(guest.vm, KVM_CREATE_VCPU, 0);
	assert_true(guest.vcpu >= 0);
	assert_int_equal(ioctl(guest.vcpu, KVM_ARM_VCPU_INIT, &init), 0);
	guest.run_size = (size_t)ioctl(guest.kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	guest.run = mmap(NULL, guest.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, guest.vcpu, 0);
	assert_true(guest.run != MAP_FAILED);
}

static int set_up(void **state)
{
	static const struct irq_line no_irq;
	struct output output;

	(void)state;
	memset(&guest, 0, sizeof(guest));
	make_machine();
	bus_init(&guest.bus);
	capture_init(&guest.capture, guest.sent, sizeof(guest.sent));
	output = capture_output(&guest.capture);
	serial_init(&guest.serial, &no_irq, &output);
	assert_int_equal(serial_add(&guest.serial, &guest.bus, serial_base(0), NULL), 0);
	assert_int_equal(watch_init(&guest.watch, WATCH_HARDWARE, NULL), 0);
	watch_cpu_init(&guest.cpu, &guest.watch, &watch_ops, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	watch_finish(&guest.watch);
	munmap(guest.run, guest.run_size);
	munmap(guest.memory, MEMORY_SIZE);
	close(guest.vcpu);
	close(guest.vm);
	close(guest.kvm);
	return 0;
}

static void load(const uint8_t *code)
{
	memcpy(guest.memory, code, CODE_SIZE);
	set_core(offsetof(struct kvm_regs, regs.pc), MEMORY);
	set_core(offsetof(struct kvm_regs, regs.regs[0]), serial_base(0));
	set_core(offsetof(struct kvm_regs, regs.regs[1]), DATA);
}

static void serve_debug_exit(void)
{
	unsigned int hits = watch_dispatch(&guest.cpu, &guest.run->debug.arch);

	guest.debug_count++;
	if (hits && guest.hit_count < sizeof(guest.hits) / sizeof(guest.hits[0]))
		guest.hits[guest.hit_count++] = hits;
}

/* Until the guest sends a mark or ends. */
static void run(void)
{
	uint64_t sent = guest.capture.total;
	unsigned int i;

	for (i = 0; i < EXITS_MAX; i++) {
		if (watch_arm(&guest.cpu, &guest.error))
			fail_msg("%s", guest.error.text);
		assert_int_equal(ioctl(guest.vcpu, KVM_RUN, 0), 0);
		guest.last = exit_classify(guest.run, guest.run_size, &guest.bus);
		if (guest.last.outcome == EXIT_DEBUG)
			serve_debug_exit();
		else if (guest.last.outcome != EXIT_CONTINUE || guest.capture.total != sent)
			return;
	}
	fail_msg("%d exits and no end, the last one %u", EXITS_MAX, guest.run->exit_reason);
}

static void run_to_end(void)
{
	run();
	assert_int_equal(guest.last.outcome, EXIT_SHUTDOWN);
}

static void watch(unsigned int slot, uint64_t address, uint32_t length)
{
	const struct watch_request request = { .point = { address, length } };

	assert_int_equal(watch_request(&guest.watch, slot, &request, &guest.error), 0);
}

static uint64_t word(size_t offset)
{
	uint32_t value;

	memcpy(&value, guest.memory + DATA_OFFSET + offset, sizeof(value));
	return value;
}

CODE(io_code, "mov w2, #'A'\n"
	      "strb w2, [x0]\n"
	      "ldrb w2, [x0, #5]\n"
	      "str w2, [x1]\n"
	      "ldrb w2, [x0, #0x100]\n"
	      "str w2, [x1, #4]\n"
	      "movz x3, #0x0b00, lsl #16\n"
	      "ldr x2, [x3]\n"
	      "str x2, [x1, #8]\n"
	      "str w2, [x3]\n" OFF("8"))

static void serial_and_unmapped_accesses(void **state)
{
	(void)state;
	load(io_code);
	run();
	assert_int_equal(guest.last.outcome, EXIT_CONTINUE);
	assert_int_equal(guest.sent[0], 'A');
	run_to_end();
	assert_int_equal(guest.last.reason, KVM_SYSTEM_EVENT_SHUTDOWN);
	assert_int_equal(word(0), 0x60);
	assert_int_equal(word(4), 0xff);
	assert_int_equal(word(8), UINT32_MAX);
	assert_int_equal(word(12), UINT32_MAX);
	assert_int_equal(guest.bus.unhandled_count, 3);
	assert_int_equal(guest.bus.unhandled[2].address, 0x0b000000);
}

CODE(reset_code, OFF("9"))

static void reset_is_a_shutdown(void **state)
{
	(void)state;
	load(reset_code);
	run_to_end();
	assert_int_equal(guest.last.reason, KVM_SYSTEM_EVENT_RESET);
}

CODE(register_code, "movz x2, #0x1111, lsl #16\n"
		    "msr ttbr0_el1, x2\n"
		    "movz x2, #0x2222, lsl #16\n"
		    "msr ttbr1_el1, x2\n"
		    "movz x2, #0x19\n"
		    "msr tcr_el1, x2\n"
		    "movz x2, #0x3330\n"
		    "mov sp, x2\n"
		    "movz x2, #0x4440\n"
		    "msr sp_el0, x2\n" MARK("r") OFF("8"))

static void register_snapshot(void **state)
{
	static const struct registers_ops ops = { .get_one_reg = get_one_reg };
	struct register_snapshot taken;

	(void)state;
	load(register_code);
	run();
	assert_int_equal(registers_take(&taken, &ops, NULL, &guest.error), 0);
	/* The store that left the VM, which is not completed yet. */
	assert_int_equal(taken.instruction_pointer, MEMORY + 11 * 4);
	assert_int_equal(taken.stack_pointer, 0x3330);
	assert_int_equal(taken.page_table_root, 0x22220000);
	assert_true(taken.has_user_page_table_root);
	assert_int_equal(taken.user_page_table_root, 0x11110000);
	assert_true(taken.has_tcr_el1);
	assert_int_equal(taken.tcr_el1, 0x19);
	run_to_end();
}

CODE(word_code, "mov w2, #1\n"
		"str w2, [x1, #4]\n"
		"str w2, [x1, #8]\n"
		"mov w2, #2\n"
		"str w2, [x1]\n"
		"ldr w3, [x1]\n"
		"ldr w3, [x1, #4]\n"
		"str w2, [x1, #8]\n" OFF("8"))

static void words_at_both_offsets(void **state)
{
	(void)state;
	load(word_code);
	watch(1, DATA, 0);
	watch(2, DATA + 4, 0);
	run_to_end();
	assert_int_equal(guest.hit_count, 2);
	assert_int_equal(guest.hits[0], 1 << 2);
	assert_int_equal(guest.hits[1], 1 << 1);
	/* A trap and a step for each. */
	assert_int_equal(guest.debug_count, 4);
	assert_true(is_hit(&guest.watch, 1));
	assert_true(is_hit(&guest.watch, 2));
	assert_int_equal(word(0), 2);
	assert_int_equal(word(4), 1);
}

CODE(loop_code, "mov w2, #10\n"
		"1: str w2, [x1, #4]\n"
		"subs w2, w2, #1\n"
		"b.ne 1b\n" OFF("8"))

static void every_write_of_a_loop_hits(void **state)
{
	(void)state;
	load(loop_code);
	watch(3, DATA + 4, 0);
	run_to_end();
	assert_int_equal(guest.hit_count, 10);
	assert_int_equal(guest.debug_count, 20);
	assert_int_equal(word(4), 1);
}

CODE(gate_code, "mov w2, #1023\n"
		"str w2, [x1, #64]\n" MARK("1") "mov w2, #1024\n"
						"str w2, [x1, #64]\n" MARK("2") OFF("8"))

static void gate_sees_what_the_store_stored(void **state)
{
	const struct watch_request request = {
		.point = { DATA + 64, 4 },
		.gate = (const uint32_t *)(const void *)(guest.memory + DATA_OFFSET + 64),
		.threshold = 1024,
	};

	(void)state;
	load(gate_code);
	assert_int_equal(watch_request(&guest.watch, WATCH_GATED, &request, &guest.error), 0);
	run();
	assert_int_equal(guest.hit_count, 1);
	assert_int_equal(word(64), 1023);
	assert_false(is_hit(&guest.watch, WATCH_GATED));
	run();
	assert_int_equal(guest.hit_count, 2);
	assert_int_equal(word(64), 1024);
	assert_true(is_hit(&guest.watch, WATCH_GATED));
	run_to_end();
}

CODE(wide_code, "mov x2, #-1\n"
		"str x2, [x1, #16]\n" MARK("1") "stp x2, x2, [x1, #32]\n" OFF("8"))

static void wide_stores_from_below(void **state)
{
	(void)state;
	load(wide_code);
	watch(1, DATA + 20, 4);
	watch(2, DATA + 44, 4);
	run();
	assert_int_equal(guest.hit_count, 1);
	assert_int_equal(guest.hits[0], 1 << 1);
	assert_int_equal(word(20), UINT32_MAX);
	run_to_end();
	assert_int_equal(guest.hit_count, 2);
	assert_int_equal(guest.hits[1], 1 << 2);
	assert_int_equal(word(44), UINT32_MAX);
}

CODE(pair_code, "mov w2, #7\n"
		"stp w2, w2, [x1, #96]\n" OFF("8"))

static void store_over_two_slots(void **state)
{
	(void)state;
	load(pair_code);
	watch(1, DATA + 96, 4);
	watch(2, DATA + 100, 4);
	run_to_end();
	assert_true(is_hit(&guest.watch, 1));
	assert_true(is_hit(&guest.watch, 2));
	assert_int_equal(word(96), 7);
	assert_int_equal(word(100), 7);
}

CODE(byte_code, "mov w2, #7\n"
		"strb w2, [x1, #6]\n"
		"strb w2, [x1, #7]\n"
		"strh w2, [x1, #8]\n"
		"strh w2, [x1, #10]\n"
		"strb w2, [x1, #11]\n"
		"str w2, [x1, #16]\n"
		"strb w2, [x1, #23]\n"
		"strb w2, [x1, #24]\n" OFF("8"))

static void other_lengths(void **state)
{
	static const unsigned int expected[] = { 1 << 1, 1 << 2, 1 << 2, 1 << 3, 1 << 3 };

	(void)state;
	load(byte_code);
	watch(1, DATA + 7, 1);
	watch(2, DATA + 10, 2);
	watch(3, DATA + 16, 8);
	run_to_end();
	assert_int_equal(guest.hit_count, 5);
	assert_memory_equal(guest.hits, expected, sizeof(expected));
}

static void withdrawn_watchpoint_stays_silent(void **state)
{
	(void)state;
	load(gate_code);
	watch(1, DATA + 64, 4);
	run();
	assert_int_equal(guest.hit_count, 1);
	watch_withdraw(&guest.watch, 1);
	run();
	assert_int_equal(guest.hit_count, 1);
	run_to_end();
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(serial_and_unmapped_accesses),
		CASE(reset_is_a_shutdown),
		CASE(register_snapshot),
		CASE(words_at_both_offsets),
		CASE(every_write_of_a_loop_hits),
		CASE(gate_sees_what_the_store_stored),
		CASE(wide_stores_from_below),
		CASE(store_over_two_slots),
		CASE(other_lengths),
		CASE(withdrawn_watchpoint_stays_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
