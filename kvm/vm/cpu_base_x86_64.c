/* SPDX-License-Identifier: MIT */
/* CPUs that a description may begin with: see cpu_base_x86_64.h. */
#include "kvm/vm/cpu_base_x86_64.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "kvm/vm/feature_name_x86_64.h"

/* A CPU of which others know what it is. Features that KVM does not support are not there. */
struct cpu_base {
	const char *name;
	const char *from;   /* another one, all of whose features it has, or NULL */
	uint32_t signature; /* CPUID leaf 1, EAX */
	uint32_t leaf_max, extended_max;
	const char *features; /* by name, with blanks between */
};

/* QEMU's target/i386/cpu.c, and what it adds or takes away for KVM; the vendor is KVM's there, too. */
static const struct cpu_base bases[] = {
	{ "qemu64", NULL, 0x60fb1, 0xd, 0x8000000a,
	  "fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 "
	  "pni cx16 x2apic syscall nx lm lahf_lm" },
	{ "Opteron_G1", NULL, 0xf61, 5, 0x80000008,
	  "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 "
	  "pni x2apic syscall nx lm" },
	{ "Nehalem", "Opteron_G1", 0x106a3, 0xb, 0x80000008,
	  "ssse3 cx16 sse4.1 sse4.2 popcnt lahf_lm" },
	{ "Westmere", "Nehalem", 0x206c1, 0xb, 0x80000008, "pclmulqdq aes arat" },
	{ "SandyBridge", "Westmere", 0x206a1, 0xd, 0x80000008,
	  "tsc-deadline xsave avx xsaveopt rdtscp" },
	{ "IvyBridge", "SandyBridge", 0x306a9, 0xd, 0x80000008, "f16c rdrand fsgsbase smep erms" },
	{ "Haswell", "IvyBridge", 0x306c4, 0xd, 0x80000008,
	  "fma pcid movbe bmi1 hle avx2 bmi2 invpcid rtm abm" },
	{ "Broadwell", "Haswell", 0x306d2, 0xd, 0x80000008, "rdseed adx smap 3dnowprefetch" },
	{ "Skylake-Client", "Broadwell", 0x506e3, 0xd, 0x80000008, "xsavec xgetbv1" },
	{ "Skylake-Server", "Skylake-Client", 0x50654, 0xd, 0x80000008,
	  "avx512f avx512dq avx512cd avx512bw avx512vl clflushopt clwb pku pdpe1gb" },
	{ "Cascadelake-Server", "Skylake-Server", 0x50656, 0xd, 0x80000008,
	  "avx512vnni spec-ctrl ssbd" },
	{ "Icelake-Server", "Cascadelake-Server", 0x80660, 0xd, 0x80000008,
	  "avx512vbmi avx512vbmi2 avx512bitalg avx512-vpopcntdq umip gfni vaes vpclmulqdq la57 "
	  "wbnoinvd" },
	{ "EPYC", "Opteron_G1", 0x800f12, 0xd, 0x8000001e,
	  "pclmulqdq ssse3 fma cx16 sse4.1 sse4.2 movbe popcnt aes xsave avx f16c rdrand fsgsbase bmi1 "
	  "avx2 smep bmi2 rdseed adx smap clflushopt sha-ni xsaveopt xsavec xgetbv1 mmxext fxsr_opt "
	  "pdpe1gb rdtscp lahf_lm cr8legacy abm sse4a misalignsse 3dnowprefetch osvw topoext arat" },
	{ "EPYC-Rome", "EPYC", 0x830f10, 0xd, 0x8000001e,
	  "clwb umip rdpid xsaves perfctr_core clzero xsaveerptr wbnoinvd ibpb amd-stibp" },
	{ "EPYC-Milan", "EPYC-Rome", 0xa00f11, 0xd, 0x8000001e,
	  "pcid erms invpcid pku fsrm ibrs amd-ssbd" },
};

/* How wide their physical addresses are. */
#define BASE_PHYSICAL_BITS 40

/* AMD has these of leaf 1, EDX in leaf 0x80000001, EDX, too: APM vol. 3, appendix E.4.2. */
#define AMD_ALIASES 0x0183f3ffu

#define HYPERVISOR_LEAF	 0x40000000u
#define PERFORMANCE_LEAF 0xa
#define XSAVE_LEAF	 0xd

/* "AuthenticAMD" in leaf 0, EBX: the first four letters. */
#define AMD_EBX 0x68747541u

/* Components of the extended state, in leaf 0xd, subleaf 0, EAX (SDM vol. 1, 13.1), and what each is for. */
static const struct {
	uint32_t bits;
	const char *feature;
} components[] = {
	{ 0x3, "xsave" },
	{ 0x4, "avx" },
	{ 0xe0, "avx512f" },
	{ 0x200, "pku" },
};

const struct cpu_base *cpu_base_find(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		if (length == strlen(bases[i].name) && !memcmp(text, bases[i].name, length))
			return &bases[i];
	return NULL;
}

int cpu_base_refuse(const char *text, size_t length, struct error *error)
{
	char names[300] = "max, host";
	size_t i, at = strlen(names);

	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, ", %s", bases[i].name);
	return error_set(error, EINVAL, "no CPU '%.*s': there are %s",
			 length < 100 ? (int)length : 100, text, names);
}

/* The bits of a base's own features that are in a word. */
static uint32_t own_bits_of(const struct cpu_base *base, size_t word)
{
	const char *name = base->features;
	uint32_t bits = 0;

	while (*name) {
		size_t length = strcspn(name, " "), in;
		unsigned int bit;

		if (feature_name_find(name, length, &in, &bit) && in == word)
			bits |= 1u << bit;
		name += length;
		name += strspn(name, " ");
	}
	return bits;
}

static uint32_t bits_of(const struct cpu_base *base, size_t word)
{
	uint32_t bits = 0;

	for (; base; base = base->from ? cpu_base_find(base->from, strlen(base->from)) : NULL)
		bits |= own_bits_of(base, word);
	return bits;
}

static bool has(struct kvm_cpuid2 *cpuid, const char *feature)
{
	unsigned int bit;
	size_t word;

	return feature_name_find(feature, strlen(feature), &word, &bit) &&
	       feature_name_supports(cpuid, word, bit);
}

/* What the extended state has, of what the features are for. */
void cpu_base_fit_components(struct kvm_cpuid2 *cpuid)
{
	uint32_t known = 0;
	size_t i;

	for (i = 0; i < sizeof(components) / sizeof(components[0]); i++)
		known |= has(cpuid, "xsave") && has(cpuid, components[i].feature) ?
				 components[i].bits :
				 0;
	for (i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function != XSAVE_LEAF)
			continue;
		if (!entry->index) {
			entry->eax &= known;
			entry->edx = 0;
		} else if (!known || (entry->index > 1 &&
				      (entry->index > 31 || !(known >> entry->index & 1)))) {
			entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
		}
	}
}

/* Whether a base has nothing of that leaf. */
static bool is_beyond(const struct cpu_base *base, uint32_t leaf)
{
	if (leaf >= EXTENDED_LEAF)
		return leaf > base->extended_max;
	if (leaf >= HYPERVISOR_LEAF)
		return false;
	/* They have no performance counters. */
	return leaf > base->leaf_max || leaf == PERFORMANCE_LEAF;
}

static bool is_amd(struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *entry = kvm_cpuid_leaf(cpuid, 0, 0);

	return entry && entry->ebx == AMD_EBX;
}

void cpu_base_apply(const struct cpu_base *base, struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *entry;
	uint32_t kept = 0, aliases;
	size_t i;

	for (i = 0; i < cpuid->nent; i++)
		if (!is_beyond(base, cpuid->entries[i].function))
			cpuid->entries[kept++] = cpuid->entries[i];
	cpuid->nent = kept;
	aliases = is_amd(cpuid) ? bits_of(base, 0) & AMD_ALIASES : 0;
	for (i = 0; i < feature_word_count; i++) {
		uint32_t *value = feature_name_register(cpuid, &feature_words[i]);
		bool has_aliases = feature_words[i].leaf == EXTENDED_LEAF + 1 &&
				   feature_words[i].from == CPUID_EDX;

		if (value)
			*value &= bits_of(base, i) | (has_aliases ? aliases : 0);
	}
	entry = kvm_cpuid_leaf(cpuid, 0, 0);
	if (entry && entry->eax > base->leaf_max)
		entry->eax = base->leaf_max;
	entry = kvm_cpuid_leaf(cpuid, EXTENDED_LEAF, 0);
	if (entry && entry->eax > base->extended_max)
		entry->eax = base->extended_max;
	entry = kvm_cpuid_leaf(cpuid, 1, 0);
	if (entry)
		entry->eax = base->signature;
	entry = kvm_cpuid_leaf(cpuid, PHYSICAL_BITS_LEAF, 0);
	if (entry && (entry->eax & 0xff) > BASE_PHYSICAL_BITS)
		entry->eax = (entry->eax & ~0xffu) | BASE_PHYSICAL_BITS;
}
