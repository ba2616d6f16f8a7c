/* SPDX-License-Identifier: MIT */
/* A CPU's features, kept and compared. SDM vol. 2A, CPUID; APM vol. 3, appendix E. */
#include "kvm/vcpu/cpu_features_x86_64.h"
#include <errno.h>
#include "kvm/kvm_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"

/* Leaves that tell of the one CPU (APIC IDs, caches, frequencies) are none of these. */
static const struct {
	uint32_t leaf, subleaf;
	enum cpuid_register from;
} words[CPU_FEATURE_WORDS] = {
	{ 0, 0, CPUID_EBX },	      { 0, 0, CPUID_ECX },	    { 0, 0, CPUID_EDX },
	{ 1, 0, CPUID_ECX },	      { 1, 0, CPUID_EDX },	    { 6, 0, CPUID_EAX },
	{ 7, 0, CPUID_EBX },	      { 7, 0, CPUID_ECX },	    { 7, 0, CPUID_EDX },
	{ 7, 1, CPUID_EAX },	      { 7, 1, CPUID_EDX },	    { 0xd, 0, CPUID_EAX },
	{ 0xd, 0, CPUID_EDX },	      { 0xd, 1, CPUID_EAX },	    { 0x40000001, 0, CPUID_EAX },
	{ 0x80000001, 0, CPUID_ECX }, { 0x80000001, 0, CPUID_EDX }, { 0x80000008, 0, CPUID_EAX },
	{ 0x80000008, 0, CPUID_EBX }, { 0x80000021, 0, CPUID_EAX },
};

static uint32_t word(const struct vcpu *vcpu, unsigned int n)
{
	const struct kvm_cpuid_entry2 *entry =
		kvm_cpuid_leaf(&vcpu->own->cpuid, words[n].leaf, words[n].subleaf);
	const uint32_t values[] = { entry ? entry->eax : 0, entry ? entry->ebx : 0,
				    entry ? entry->ecx : 0, entry ? entry->edx : 0 };

	return values[words[n].from];
}

void cpu_features_read(uint32_t features[CPU_FEATURE_WORDS], const struct vcpu *vcpu)
{
	unsigned int i;

	for (i = 0; i < CPU_FEATURE_WORDS; i++)
		features[i] = word(vcpu, i);
}

int cpu_features_match(const uint32_t features[CPU_FEATURE_WORDS], const struct vcpu *vcpu,
		       struct error *error)
{
	static const char *const names[] = { "EAX", "EBX", "ECX", "EDX" };
	unsigned int i;

	for (i = 0; i < CPU_FEATURE_WORDS; i++)
		if (features[i] != word(vcpu, i))
			return error_set(
				error, EINVAL,
				"has other features than this KVM's: CPUID leaf %#x, %s, is %#x, "
				"here %#x",
				words[i].leaf, names[words[i].from], features[i], word(vcpu, i));
	return 0;
}
