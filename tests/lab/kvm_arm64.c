/* SPDX-License-Identifier: MIT */
/*
 * On arm64: makes a VM, runs a few instructions of guest code, and checks each exit. Run by
 * lab_test in the aarch64 lab. Prints TAP; depends on libc and <linux/kvm.h> alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY	     0x40000000ull
#define MEMORY_SIZE  0x10000ull
#define DEVICE	     0x09000000ull /* nothing is there: an access leaves the VM */
#define CORE_REG(at) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | (at) / sizeof(uint32_t))

/*
 * The guest: x0 is a device's address. Adds up 1 to 10 in memory, writes the sum to the device,
 * reads a value back, writes that plus the exception level, and turns the machine off by PSCI's
 * SYSTEM_OFF (Arm DEN0022, 5.10).
 */
extern const unsigned char guest_code[], guest_code_end[];
__asm__(".pushsection .rodata\n"
	".balign 4\n"
	".globl guest_code, guest_code_end\n" /* a local symbol gets no place in the GOT of its own */
	"guest_code:\n"
	"	adr	x3, guest_code\n"
	"	add	x3, x3, #0x800\n"
	"	mov	x1, #0\n"
	"	mov	x2, #10\n"
	"1:	add	x1, x1, x2\n"
	"	subs	x2, x2, #1\n"
	"	b.ne	1b\n"
	"	str	x1, [x3]\n"
	"	ldr	x4, [x3]\n"
	"	str	w4, [x0]\n"
	"	ldr	w5, [x0, #4]\n"
	"	mrs	x6, CurrentEL\n"
	"	add	w5, w5, w6\n"
	"	str	w5, [x0, #8]\n"
	"	movz	x0, #0x8, lsl #0\n"
	"	movk	x0, #0x8400, lsl #16\n"
	"	hvc	#0\n"
	"	b	.\n"
	"guest_code_end:\n"
	".popsection\n");

static int failures, checks;

static void check(int good, const char *what)
{
	checks++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", checks, what);
}

static int must(int result, const char *what)
{
	if (result < 0) {
		printf("Bail out! %s: %s\n", what, strerror(errno));
		exit(99);
	}
	return result;
}

static void set_register(int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	must(ioctl(vcpu, KVM_SET_ONE_REG, &reg), "KVM_SET_ONE_REG");
}

static uint32_t written(const struct kvm_run *run)
{
	uint32_t value;

	memcpy(&value, run->mmio.data, sizeof(value));
	return value;
}

static int is_access(const struct kvm_run *run, uint64_t address, int write)
{
	return run->exit_reason == KVM_EXIT_MMIO && run->mmio.phys_addr == address &&
	       run->mmio.is_write == write && run->mmio.len == 4;
}

int main(void)
{
	int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "opening /dev/kvm"), vm, vcpu;
	struct kvm_userspace_memory_region region = { .guest_phys_addr = MEMORY,
						      .memory_size = MEMORY_SIZE };
	struct kvm_vcpu_init init;
	const uint32_t answer = 0x1000;
	struct kvm_run *run;
	void *memory;

	setvbuf(stdout, NULL, _IOLBF, 0);
	check(ioctl(kvm, KVM_GET_API_VERSION, 0) == KVM_API_VERSION, "KVM's version");
	vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	memory =
		mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(memory == MAP_FAILED ? -1 : 0, "mmap");
	memcpy(memory, guest_code, (size_t)(guest_code_end - guest_code));
	region.userspace_addr = (uintptr_t)memory;
	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	must(ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	must(ioctl(vcpu, KVM_ARM_VCPU_INIT, &init), "KVM_ARM_VCPU_INIT");
	run = mmap(NULL,
		   (size_t)must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE"),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	must(run == MAP_FAILED ? -1 : 0, "mmap of the vCPU");
	set_register(vcpu, CORE_REG(offsetof(struct kvm_regs, regs.pc)), MEMORY);
	set_register(vcpu, CORE_REG(offsetof(struct kvm_regs, regs.regs[0])), DEVICE);

	must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	check(is_access(run, DEVICE, 1) && written(run) == 55, "the sum that the guest wrote");
	must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	check(is_access(run, DEVICE + 4, 0), "the guest reads");
	memcpy(run->mmio.data, &answer, sizeof(answer));
	must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	/* CurrentEL has the level in bits 3:2. */
	check(is_access(run, DEVICE + 8, 1) && written(run) == answer + (1u << 2),
	      "the guest got the answer, and runs at EL1");
	must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	check(run->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
		      run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN,
	      "the guest turned its machine off");
	printf("1..%d\n", checks);
	return failures ? 1 : 0;
}
