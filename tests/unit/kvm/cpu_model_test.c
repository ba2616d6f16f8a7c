/* SPDX-License-Identifier: MIT */
/* What CPUs say of themselves, by a description. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/vcpu/hyperv_x86_64.h"
#include "kvm/vm/cpu_model_x86_64.h"

static struct kvm_cpuid2 *cpuid;
static struct cpu_model model;
static struct error error;

/* A KVM that supports SSE4.2, AVX, AVX2, SYSCALL, SVM and 48 bits. */
static int make(void **state)
{
	static const struct kvm_cpuid_entry2 entries[] = {
		{ .function = 0, .eax = 0xd, .ebx = 1, .ecx = 2, .edx = 3 },
		{ .function = 1, .ecx = 1u << 20 | 1u << 28, .edx = 1 },
		{ .function = 7, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX, .ebx = 1u << 5 },
		{ .function = 0x80000000, .eax = 0x80000008 },
		{ .function = 0x80000001, .ecx = 1u << 2, .edx = 1u << 11 },
		{ .function = 0x80000008, .eax = 0x3030 },
	};

	(void)state;
	error.text[0] = '\0';
	cpuid = calloc(1, sizeof(*cpuid) + sizeof(entries));
	cpuid->nent = sizeof(entries) / sizeof(entries[0]);
	memcpy(cpuid->entries, entries, sizeof(entries));
	return 0;
}

static int finish(void **state)
{
	(void)state;
	free(cpuid);
	return 0;
}

static void take(const char *text)
{
	assert_int_equal(cpu_model_parse(&model, cpuid, text, &error), 0);
	cpu_model_apply(&model, cpuid);
}

static void refuse(const char *text, const char *why)
{
	error.text[0] = '\0';
	assert_int_equal(cpu_model_parse(&model, cpuid, text, &error), -22);
	if (!strstr(error.text, why))
		fail_msg("%s", error.text);
}

static struct kvm_cpuid_entry2 *leaf(uint32_t number)
{
	return kvm_cpuid_leaf(cpuid, number, 0);
}

static void bases_are_what_kvm_supports(void **state)
{
	(void)state;
	take("max");
	assert_int_equal(leaf(1)->ecx, 1u << 31 | 1u << 28 | 1u << 20);
	assert_int_equal(leaf(1)->edx, 1);
	assert_int_equal(leaf(7)->ebx, 1u << 5);
	assert_int_equal(leaf(0x80000008)->eax, 0x3030);
	take("host,-hypervisor");
	assert_int_equal(leaf(1)->ecx, 1u << 28 | 1u << 20);
}

static void features_by_name(void **state)
{
	(void)state;
	take("max,-avx2,sse4.2=off,+avx,-svm,syscall=off");
	assert_int_equal(leaf(1)->ecx, 1u << 31 | 1u << 28);
	assert_int_equal(leaf(7)->ebx, 0);
	assert_int_equal(leaf(0x80000001)->ecx, 0);
	assert_int_equal(leaf(0x80000001)->edx, 0);
	/* The last word counts; - and _ and . are one. */
	free(cpuid);
	make(NULL);
	take("max,-sse4_2,+sse4-2,avx2=on");
	assert_int_equal(leaf(1)->ecx >> 20 & 1, 1);
	assert_int_equal(leaf(7)->ebx, 1u << 5);
	/* What is not there can be taken away, also of a leaf that is not. */
	take("max,-avx512f,-arat,-vnmi");
}

/* What only MSRs tell of is for the vCPU to find. */
static void a_feature_that_cpuid_does_not_know(void **state)
{
	(void)state;
	take("max,-avx2");
	assert_int_equal(model.mbec, CPU_MODEL_AS_SUPPORTED);
	take("max,-vmx-mbec");
	assert_int_equal(model.mbec, CPU_MODEL_OFF);
	take("max,vmx_mbec=off,+vmx-mbec");
	assert_int_equal(model.mbec, CPU_MODEL_ON);
	refuse("max,-vmx-mbecs", "'vmx-mbecs'");
}

/* As QEMU has it, but for what KVM does not support. */
static void a_model_of_qemu(void **state)
{
	static const struct kvm_cpuid_entry2 more[] = {
		{ .function = 0xa, .eax = 1 },
		{ .function = 0xd, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX, .eax = 7 },
		{ .function = 0x40000000, .ebx = 5 },
		{ .function = 0x8000001f, .eax = 1 },
	};

	(void)state;
	cpuid = realloc(cpuid, sizeof(*cpuid) + (cpuid->nent + 4) * sizeof(more[0]));
	memcpy(&cpuid->entries[cpuid->nent], more, sizeof(more));
	cpuid->nent += 4;
	leaf(0)->eax = 0x20;
	leaf(0x80000000)->eax = 0x80000021;
	leaf(1)->ecx = leaf(1)->edx = leaf(0x80000001)->edx = UINT32_MAX;
	take("qemu64,vendor=AuthenticAMD,+avx2,-cx16");
	assert_int_equal(leaf(0)->eax, 0xd);
	assert_memory_equal(&leaf(0)->ebx, "Auth", 4);
	assert_int_equal(leaf(1)->eax, 0x60fb1);
	/* pni, x2apic, hypervisor. */
	assert_int_equal(leaf(1)->ecx, 1u << 0 | 1u << 21 | 1u << 31);
	assert_int_equal(leaf(1)->edx, 0x78bfbfd);
	assert_int_equal(leaf(7)->ebx, 1u << 5);
	assert_int_equal(leaf(0x80000000)->eax, 0x8000000a);
	/* syscall, nx, lm, and what leaf 1 has. */
	assert_int_equal(leaf(0x80000001)->edx,
			 1u << 11 | 1u << 20 | 1u << 29 | (0x78bfbfd & 0x183f3ff));
	assert_int_equal(leaf(0x80000001)->ecx, 0);
	assert_int_equal(leaf(0x80000008)->eax, 0x3028);
	assert_null(leaf(0xa));
	assert_int_equal(leaf(0xd)->eax, 0);
	assert_null(leaf(0x8000001f));
	assert_int_equal(leaf(0x40000000)->ebx, 5);
	refuse("qemu64,+avx512f", "no CPU feature 'avx512f' here");
	take("Opteron_G1,vendor=GenuineIntel,phys-bits=36");
	assert_memory_equal(&leaf(0)->ebx, "Genu", 4);
	assert_int_equal(leaf(0)->eax, 5);
	assert_null(leaf(7));
	assert_int_equal(leaf(0x80000008)->eax, 0x3024);
}

/* Each has what the one before it has, and what its own features need. */
static void generations_of_models(void **state)
{
	static const struct kvm_cpuid_entry2 more[] = {
		{ .function = 0xd,
		  .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
		  .eax = 0x602e7,
		  .edx = 1 },
		{ .function = 0xd,
		  .index = 5,
		  .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
		  .eax = 64,
		  .ebx = 1088 },
		{ .function = 0xd,
		  .index = 2,
		  .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
		  .eax = 256,
		  .ebx = 576 },
	};

	(void)state;
	cpuid = realloc(cpuid, sizeof(*cpuid) + (cpuid->nent + 3) * sizeof(more[0]));
	memcpy(&cpuid->entries[cpuid->nent], more, sizeof(more));
	cpuid->nent += 3;
	leaf(0)->eax = 0x20;
	leaf(1)->ecx = leaf(1)->edx = leaf(7)->ebx = leaf(7)->ecx = UINT32_MAX;
	memcpy(&leaf(0)->ebx, "Genu", 4);
	take("IvyBridge,phys-bits=36");
	assert_int_equal(leaf(1)->eax, 0x306a9);
	assert_memory_equal(&leaf(0)->ebx, "Genu", 4);
	/* vme; avx, f16c and rdrand, but neither fma nor pcid; fsgsbase, smep, erms. */
	assert_true(leaf(1)->edx & 1u << 1);
	assert_int_equal(leaf(1)->ecx, 1u | 1u << 1 | 1u << 9 | 1u << 13 | 3u << 19 | 1u << 21 |
					       1u << 23 | 7u << 24 | 7u << 28 | 1u << 31);
	assert_int_equal(leaf(7)->ebx, 1u | 1u << 7 | 1u << 9);
	assert_int_equal(leaf(7)->ecx, 0);
	assert_int_equal(leaf(0xd)->eax, 7);
	assert_int_equal(leaf(0xd)->edx, 0);
	assert_int_equal(kvm_cpuid_leaf(cpuid, 0xd, 2)->eax, 256);
	assert_int_equal(kvm_cpuid_leaf(cpuid, 0xd, 5)->eax, 0);
	assert_int_equal(leaf(0x80000008)->eax & 0xff, 36);
}

static void a_server_has_avx512(void **state)
{
	(void)state;
	leaf(1)->ecx = leaf(7)->ebx = leaf(7)->ecx = UINT32_MAX;
	leaf(0)->eax = 0x20;
	take("Skylake-Server");
	assert_int_equal(leaf(1)->eax, 0x50654);
	/* fma, pcid, movbe, too; of the AVX-512 family f, dq, cd, bw, vl; pku alone. */
	assert_true((leaf(1)->ecx & (1u << 12 | 1u << 17 | 1u << 22)) ==
		    (1u << 12 | 1u << 17 | 1u << 22));
	assert_int_equal(leaf(7)->ebx & 0xf0230000, 0xd0030000);
	assert_int_equal(leaf(7)->ecx, 1u << 3);
}

static void numbers(void **state)
{
	(void)state;
	take("max,phys-bits=40,vendor=AuthenticAMD");
	assert_int_equal(leaf(0x80000008)->eax, 0x3028);
	assert_memory_equal(&leaf(0)->ebx, "Auth", 4);
	assert_memory_equal(&leaf(0)->edx, "enti", 4);
	assert_memory_equal(&leaf(0)->ecx, "cAMD", 4);
	assert_memory_equal(&leaf(0x80000000)->ebx, "Auth", 4);
	take("max,cpu-pm=on");
	refuse("max,cpu-pm=yes", "on or off is expected");
	refuse("max,phys-bits=31", "from 32 to 52");
	refuse("max,phys-bits=53", "from 32 to 52");
	refuse("max,phys-bits=4x", "from 32 to 52");
	refuse("max,phys-bits=", "from 32 to 52");
	refuse("max,vendor=Intel", "12 letters");
}

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	refuse("pentium", "no CPU 'pentium': there are max, host, qemu64, Opteron_G1, Nehalem, ");
	refuse("", "there are max, host, ");
	refuse("max,+nothing",
	       "no CPU feature 'nothing' here; there are fpu sse4.2 tsc-deadline avx");
	refuse("max,-nothing", "'nothing'");
	refuse("max,+avx512f", "no CPU feature 'avx512f' here");
	refuse("max,avx51", "'avx51'");
	refuse("max,", "empty");
	refuse("max,,+avx", "empty");
	refuse("max,+", "''");
	refuse("max,avx=perhaps", "on or off");
}

static void long_lists_are_cut(void **state)
{
	char text[8 * CPU_MODEL_CHANGES_MAX + 8] = "max";
	unsigned int i;

	(void)state;
	leaf(1)->ecx = leaf(1)->edx = leaf(7)->ebx = leaf(7)->ecx = leaf(7)->edx = UINT32_MAX;
	refuse("max,+nothing", " and more");
	for (i = 1; i < CPU_MODEL_CHANGES_MAX; i++)
		strcat(text, ",-avx");
	take(text);
	strcat(text, ",-avx");
	assert_int_equal(cpu_model_parse(&model, cpuid, text, &error), -7);
}

/* They take the place of KVM's, which then are 0x100 behind. */
static void hyperv_comes_before_kvm(void **state)
{
	struct kvm_cpuid2 *all = calloc(1, sizeof(*all) + 8 * sizeof(all->entries[0]));
	struct kvm_cpuid2 *leaves = calloc(1, sizeof(*leaves) + 2 * sizeof(leaves->entries[0]));

	(void)state;
	take("max,hv_passthrough");
	assert_true(model.hyperv);
	take("max");
	assert_false(model.hyperv);
	all->nent = 3;
	all->entries[0] = (struct kvm_cpuid_entry2){ .function = 1, .ecx = 7 };
	all->entries[1] = (struct kvm_cpuid_entry2){ .function = 0x40000000, .eax = 0x40000001 };
	all->entries[2] = (struct kvm_cpuid_entry2){ .function = 0x40000001, .eax = 9 };
	leaves->nent = 2;
	leaves->entries[0] = (struct kvm_cpuid_entry2){ .function = 0x40000000, .eax = 0x40000082 };
	leaves->entries[1] = (struct kvm_cpuid_entry2){ .function = 0x40000001, .eax = 0x31237648 };
	hyperv_add(all, leaves);
	assert_int_equal(all->nent, 5);
	assert_int_equal(kvm_cpuid_leaf(all, 1, 0)->ecx, 7);
	assert_int_equal(kvm_cpuid_leaf(all, 0x40000000, 0)->eax, 0x40000082);
	assert_int_equal(kvm_cpuid_leaf(all, 0x40000001, 0)->eax, 0x31237648);
	assert_int_equal(kvm_cpuid_leaf(all, 0x40000100, 0)->eax, 0x40000101);
	assert_int_equal(kvm_cpuid_leaf(all, 0x40000101, 0)->eax, 9);
	free(all);
	free(leaves);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bases_are_what_kvm_supports, make, finish),
		cmocka_unit_test_setup_teardown(features_by_name, make, finish),
		cmocka_unit_test_setup_teardown(a_feature_that_cpuid_does_not_know, make, finish),
		cmocka_unit_test_setup_teardown(a_model_of_qemu, make, finish),
		cmocka_unit_test_setup_teardown(generations_of_models, make, finish),
		cmocka_unit_test_setup_teardown(a_server_has_avx512, make, finish),
		cmocka_unit_test_setup_teardown(numbers, make, finish),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_named, make, finish),
		cmocka_unit_test_setup_teardown(long_lists_are_cut, make, finish),
		cmocka_unit_test_setup_teardown(hyperv_comes_before_kvm, make, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
