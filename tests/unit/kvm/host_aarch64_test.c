/* SPDX-License-Identifier: MIT */
/*
 * Arm64 hosts that ring0 refuses, by name: those with larger pages, and those without a GICv3. The kernel's answers are
 * this program's.
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

#define VM 77

static long page_size;
/* The one interrupt controller that KVM could make, -1 if there is none, and how it refuses others. */
static int64_t device_type;
static int device_error;

/* In place of libc's. */
long sysconf(int name)
{
	return name == _SC_PAGESIZE ? page_size : -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	struct kvm_create_device *device;
	va_list list;

	va_start(list, request);
	device = va_arg(list, struct kvm_create_device *);
	va_end(list);
	errno = ENOTTY;
	if (request != KVM_CREATE_DEVICE || fd != VM)
		return -1;
	errno = device_error;
	return device->flags == KVM_CREATE_DEVICE_TEST && device->type == device_type ? 0 : -1;
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

static void refuses_controller(int64_t type, int number, int err, const char *text)
{
	struct vm vm = { .fd = VM };
	struct error error = { 0 };

	device_type = type;
	device_error = number;
	assert_int_equal(gic_create(&vm, &error), -err);
	assert_string_equal(error.text, text);
}

static void a_gicv2_is_named(void **state)
{
	(void)state;
	refuses_controller(KVM_DEV_TYPE_ARM_VGIC_V2, ENODEV, ENOTSUP,
			   "this host's interrupt controller is a GICv2, and .irqchip and several "
			   "CPUs need a GICv3");
}

static void no_controller_is_told(void **state)
{
	(void)state;
	refuses_controller(-1, ENODEV, ENOTSUP,
			   "this KVM has no interrupt controller, and .irqchip and several CPUs "
			   "need a GICv3");
}

static void another_failure_is_told_as_it_is(void **state)
{
	(void)state;
	refuses_controller(KVM_DEV_TYPE_ARM_VGIC_V2, ENOMEM, ENOMEM,
			   "KVM makes no GICv3: Cannot allocate memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(larger_pages_are_refused),
		cmocka_unit_test(pages_of_4_kib_are_taken),
		cmocka_unit_test(a_gicv2_is_named),
		cmocka_unit_test(no_controller_is_told),
		cmocka_unit_test(another_failure_is_told_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
