/* SPDX-License-Identifier: MIT */
/* Unit tests of kvm/state/msrs_x86_64.c, on a KVM of our own: an ioctl() that takes the place of libc's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "kvm/state/msrs_x86_64.h"

#define COUNT 600
#define NONE  UINT32_MAX

/* What this KVM is like, and what it was asked. */
static struct {
	uint32_t most;	  /* entries a call; more are E2BIG */
	uint32_t refused; /* the index of an MSR that it has not */
	int error;	  /* of every call, or 0 */
	unsigned int calls;
	uint32_t longest; /* list that it took */
	uint64_t values[COUNT];
} kvm;

static struct kvm_msr_entry entries[COUNT];
static const struct vcpu vcpu = { .fd = 7 };
static struct error error;

int ioctl(int fd, unsigned long request, ...)
{
	struct kvm_msrs *msrs;
	va_list arguments;
	uint32_t i;

	va_start(arguments, request);
	msrs = va_arg(arguments, struct kvm_msrs *);
	va_end(arguments);
	assert_int_equal(fd, vcpu.fd);
	assert_true(request == KVM_GET_MSRS || request == KVM_SET_MSRS);
	kvm.calls++;
	errno = kvm.error ? kvm.error : msrs->nmsrs > kvm.most ? E2BIG : 0;
	if (errno)
		return -1;
	if (msrs->nmsrs > kvm.longest)
		kvm.longest = msrs->nmsrs;
	for (i = 0; i < msrs->nmsrs; i++) {
		struct kvm_msr_entry *entry = &msrs->entries[i];

		if (entry->index == kvm.refused)
			break;
		if (request == KVM_GET_MSRS)
			entry->data = kvm.values[entry->index];
		else
			kvm.values[entry->index] = entry->data;
	}
	return (int)i;
}

static int set_up(void **state)
{
	uint32_t i;

	(void)state;
	memset(&kvm, 0, sizeof(kvm));
	kvm.most = 255;
	kvm.refused = NONE;
	error.text[0] = '\0';
	for (i = 0; i < COUNT; i++) {
		kvm.values[i] = 0x1000 + i;
		entries[i] = (struct kvm_msr_entry){ .index = i, .data = 0x5000 + i };
	}
	return 0;
}

static void lists_of_any_length_are_read(void **state)
{
	static const size_t lengths[] = { 1, 254, 255, 256, 257, 262, 510, 511, COUNT };
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		set_up(NULL);
		assert_int_equal(msrs_read(&vcpu, entries, lengths[i], &error), lengths[i]);
		for (j = 0; j < COUNT; j++)
			assert_int_equal(entries[j].data, j < lengths[i] ? 0x1000 + j : 0x5000 + j);
		assert_int_equal(kvm.calls, (lengths[i] + 254) / 255);
	}
}

static void lists_of_any_length_are_written(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(msrs_write(&vcpu, entries, COUNT - 1, &error), COUNT - 1);
	for (i = 0; i < COUNT; i++)
		assert_int_equal(kvm.values[i], i < COUNT - 1 ? 0x5000 + i : 0x1000 + i);
}

static void empty_list_needs_no_call(void **state)
{
	(void)state;
	assert_int_equal(msrs_read(&vcpu, entries, 0, &error), 0);
	assert_int_equal(kvm.calls, 0);
}

static void kvm_may_take_fewer_in_a_call(void **state)
{
	static const uint32_t mosts[] = { 1, 2, 16, 100, 254 };
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(mosts) / sizeof(mosts[0]); i++) {
		set_up(NULL);
		kvm.most = mosts[i];
		assert_int_equal(msrs_read(&vcpu, entries, COUNT, &error), COUNT);
		assert_true(kvm.longest <= mosts[i]);
		for (j = 0; j < COUNT; j++)
			assert_int_equal(entries[j].data, 0x1000 + j);
	}
}

static void refused_msr_ends_the_list(void **state)
{
	static const uint32_t refused[] = { 0, 1, 15, 16, 17, 254, 255, 256, 599 };
	size_t i, j;

	(void)state;
	for (i = 0; i < 2 * sizeof(refused) / sizeof(refused[0]); i++) {
		set_up(NULL);
		kvm.most = i % 2 ? 16 : 255;
		kvm.refused = refused[i / 2];
		assert_int_equal(msrs_read(&vcpu, entries, COUNT, &error), kvm.refused);
		for (j = 0; j < kvm.refused; j++)
			assert_int_equal(entries[j].data, 0x1000 + j);
		assert_int_equal(msrs_write(&vcpu, entries, COUNT, &error), kvm.refused);
		assert_string_equal(error.text, "");
	}
}

static void refused_call_is_an_error(void **state)
{
	(void)state;
	kvm.error = EFAULT;
	assert_int_equal(msrs_read(&vcpu, entries, 300, &error), -EFAULT);
	assert_string_equal(error.text, "KVM's KVM_GET_MSRS of 255 MSRs failed: Bad address");
	assert_int_equal(kvm.calls, 1);
	assert_int_equal(msrs_write(&vcpu, entries, 3, &error), -EFAULT);
	assert_int_equal(kvm.calls, 2);
}

static void one_that_is_too_many_is_an_error(void **state)
{
	(void)state;
	kvm.most = 0;
	assert_int_equal(msrs_read(&vcpu, entries, COUNT, &error), -E2BIG);
	assert_string_equal(error.text,
			    "KVM's KVM_GET_MSRS of 1 MSRs failed: Argument list too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lists_of_any_length_are_read, set_up),
		cmocka_unit_test_setup(lists_of_any_length_are_written, set_up),
		cmocka_unit_test_setup(empty_list_needs_no_call, set_up),
		cmocka_unit_test_setup(kvm_may_take_fewer_in_a_call, set_up),
		cmocka_unit_test_setup(refused_msr_ends_the_list, set_up),
		cmocka_unit_test_setup(refused_call_is_an_error, set_up),
		cmocka_unit_test_setup(one_that_is_too_many_is_an_error, set_up),
	};

	return cmocka_run_group_tests_name("msrs", tests, NULL, NULL);
}
