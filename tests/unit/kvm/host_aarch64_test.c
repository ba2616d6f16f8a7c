/* SPDX-License-Identifier: MIT */
/*
 * Arm64 hosts that ring0 refuses, by name: those with larger pages, and those without a GIC; and which GIC it has KVM
 * make. The kernel's answers are this program's.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>
#include "kvm/kvm_own.h"
#include "kvm/vm/gic_own_aarch64.h"

#define VM  77
#define GIC 78

static long page_size;
/* The one interrupt controller that KVM could make, -1 if there is none, and how it refuses others. */
static int64_t device_type;
static int device_error;
/* Where that one is told to be: by KVM's type of the address. */
static uint64_t placed[8];

/* In place of libc's. */
long sysconf(int name)
{
	return name == _SC_PAGESIZE ? page_size : -1;
}

static int create_device(struct kvm_create_device *device)
{
	errno = device_error;
	if (device->type != device_type)
		return -1;
	device->fd = GIC;
	return 0;
}

static int set_attribute(const struct kvm_device_attr *attribute)
{
	if (attribute->group == KVM_DEV_ARM_VGIC_GRP_ADDR)
		placed[attribute->attr % 8] = *(const uint64_t *)(uintptr_t)attribute->addr;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	void *argument;
	va_list list;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (request == KVM_CREATE_DEVICE && fd == VM)
		return create_device(argument);
	if (request == KVM_SET_DEVICE_ATTR && fd == GIC)
		return set_attribute(argument);
	errno = ENOTTY;
	return -1;
}

static void refuses_pages(long size, const char *text)
{
	struct kvm kvm = { .fd = -1 };
	struct error error = { 0 };

	page_size = size;
	assert_int_equal(kvm_own_create(&kvm, &error), -ENODEV);
	assert_string_equal(error.text, text);
	assert_null(kvm.own);
}

static void larger_pages_are_refused(void **state)
{
	(void)state;
	refuses_pages(16384,
		      "this kernel has pages of 16 KiB, and ring0 needs pages of 4 KiB: boot "
		      "one that has them (Debian's linux-image-arm64)");
	refuses_pages(65536,
		      "this kernel has pages of 64 KiB, and ring0 needs pages of 4 KiB: boot "
		      "one that has them (Debian's linux-image-arm64)");
}

static void pages_of_4_kib_are_taken(void **state)
{
	struct kvm kvm = { .fd = -1 };
	struct error error = { 0 };

	(void)state;
	page_size = 4096;
	assert_int_equal(kvm_own_create(&kvm, &error), 0);
	assert_non_null(kvm.own);
	kvm_own_destroy(kvm.own);
}

static void takes_controller(int64_t type, unsigned int version)
{
	struct vm vm = { .fd = VM, .gic = -1 };
	struct error error = { 0 };

	memset(placed, 0, sizeof(placed));
	device_type = type;
	device_error = ENODEV;
	assert_int_equal(gic_create(&vm, &error), 0);
	assert_int_equal(vm.gic, GIC);
	assert_int_equal(vm.gic_version, version);
}

static void a_gicv3_is_taken(void **state)
{
	(void)state;
	takes_controller(KVM_DEV_TYPE_ARM_VGIC_V3, 3);
	assert_int_equal(placed[KVM_VGIC_V3_ADDR_TYPE_DIST], R0_GICD_ADDRESS);
	assert_int_equal(placed[KVM_VGIC_V3_ADDR_TYPE_REDIST], R0_GICR_ADDRESS);
}

static void a_gicv2_is_taken_where_it_is_all_there_is(void **state)
{
	(void)state;
	takes_controller(KVM_DEV_TYPE_ARM_VGIC_V2, 2);
	assert_int_equal(placed[KVM_VGIC_V2_ADDR_TYPE_DIST], R0_GICD_ADDRESS);
	assert_int_equal(placed[KVM_VGIC_V2_ADDR_TYPE_CPU], R0_GICC_ADDRESS);
}

static void refuses_controller(int number, int err, const char *text)
{
	struct vm vm = { .fd = VM, .gic = -1 };
	struct error error = { 0 };

	device_type = -1;
	device_error = number;
	assert_int_equal(gic_create(&vm, &error), -err);
	assert_string_equal(error.text, text);
	assert_int_equal(vm.gic, -1);
}

static void no_controller_is_told(void **state)
{
	(void)state;
	refuses_controller(ENODEV, ENOTSUP,
			   "this KVM has no interrupt controller, and .irqchip and several CPUs "
			   "need a GICv3 or a GICv2");
}

static void another_failure_is_told_as_it_is(void **state)
{
	(void)state;
	refuses_controller(ENOMEM, ENOMEM, "KVM makes no GIC: Cannot allocate memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(larger_pages_are_refused),
		cmocka_unit_test(pages_of_4_kib_are_taken),
		cmocka_unit_test(a_gicv3_is_taken),
		cmocka_unit_test(a_gicv2_is_taken_where_it_is_all_there_is),
		cmocka_unit_test(no_controller_is_told),
		cmocka_unit_test(another_failure_is_told_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
