/* SPDX-License-Identifier: MIT */
/* CPUID by names. Bits: SDM vol. 2A, CPUID; APM vol. 3, appendix E; KVM's own: virt/kvm/x86/cpuid.rst. */
#include "kvm/vm/feature_name_x86_64.h"
#include <stdio.h>
#include <string.h>

const struct feature_word feature_words[] = {
	{ 1, 0, CPUID_EDX, { "fpu",  "vme",   "de",   "pse",	 "tsc",	 "msr", "pae",	"mce",
			     "cx8",  "apic",  NULL,   "sep",	 "mtrr", "pge", "mca",	"cmov",
			     "pat",  "pse36", "pn",   "clflush", NULL,	 "ds",	"acpi", "mmx",
			     "fxsr", "sse",   "sse2", "ss",	 "ht",	 "tm",	"ia64", "pbe" } },
	{ 1, 0, CPUID_ECX, { "pni",	     "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx",
			     "smx",	     "est",	  "tm2",    "ssse3",   "cid",	 NULL,
			     "fma",	     "cx16",	  "xtpr",   "pdcm",    NULL,	 "pcid",
			     "dca",	     "sse4.1",	  "sse4.2", "x2apic",  "movbe",	 "popcnt",
			     "tsc-deadline", "aes",	  "xsave",  NULL,      "avx",	 "f16c",
			     "rdrand",	     "hypervisor" } },
	{ 7, 0, CPUID_EBX, { "fsgsbase", "tsc_adjust", "sgx",	   "bmi1",	 "hle",
			     "avx2",	 NULL,	       "smep",	   "bmi2",	 "erms",
			     "invpcid",	 "rtm",	       NULL,	   NULL,	 "mpx",
			     NULL,	 "avx512f",    "avx512dq", "rdseed",	 "adx",
			     "smap",	 "avx512ifma", NULL,	   "clflushopt", "clwb",
			     "intel-pt", "avx512pf",   "avx512er", "avx512cd",	 "sha-ni",
			     "avx512bw", "avx512vl" } },
	{ 7,
	  0,
	  CPUID_ECX,
	  { NULL,	  "avx512vbmi",	 "umip",	 "pku",	      NULL,
	    "waitpkg",	  "avx512vbmi2", "shstk",	 "gfni",      "vaes",
	    "vpclmulqdq", "avx512vnni",	 "avx512bitalg", NULL,	      "avx512-vpopcntdq",
	    NULL,	  "la57",	 NULL,		 NULL,	      NULL,
	    NULL,	  NULL,		 "rdpid",	 NULL,	      "bus-lock-detect",
	    "cldemote",	  NULL,		 "movdiri",	 "movdir64b", NULL,
	    "sgxlc",	  "pks" } },
	{ 7,
	  0,
	  CPUID_EDX,
	  { NULL,
	    NULL,
	    "avx512-4vnniw",
	    "avx512-4fmaps",
	    "fsrm",
	    NULL,
	    NULL,
	    NULL,
	    "avx512-vp2intersect",
	    NULL,
	    "md-clear",
	    NULL,
	    NULL,
	    NULL,
	    "serialize",
	    NULL,
	    "tsx-ldtrk",
	    NULL,
	    NULL,
	    "arch-lbr",
	    "ibt",
	    NULL,
	    "amx-bf16",
	    "avx512-fp16",
	    "amx-tile",
	    "amx-int8",
	    "spec-ctrl",
	    "stibp",
	    "flush-l1d",
	    "arch-capabilities",
	    "core-capability",
	    "ssbd" } },
	{ 7,
	  1,
	  CPUID_EAX,
	  { [4] = "avx-vnni",
	    [5] = "avx512-bf16",
	    [10] = "fzrm",
	    [11] = "fsrs",
	    [12] = "fsrc",
	    [17] = "fred",
	    [18] = "lkgs",
	    [19] = "wrmsrns",
	    [21] = "amx-fp16",
	    [23] = "avx-ifma",
	    [26] = "lam" } },
	{ 0xd, 1, CPUID_EAX, { "xsaveopt", "xsavec", "xgetbv1", "xsaves", "xfd" } },
	{ 0x80000001,
	  0,
	  CPUID_EDX,
	  { [11] = "syscall",
	    [20] = "nx",
	    [22] = "mmxext",
	    [25] = "fxsr_opt",
	    [26] = "pdpe1gb",
	    [27] = "rdtscp",
	    [29] = "lm",
	    [30] = "3dnowext",
	    [31] = "3dnow" } },
	{ 0x80000001, 0, CPUID_ECX, { "lahf_lm",   "cmp_legacy",  "svm",
				      "extapic",   "cr8legacy",	  "abm",
				      "sse4a",	   "misalignsse", "3dnowprefetch",
				      "osvw",	   "ibs",	  "xop",
				      "skinit",	   "wdt",	  NULL,
				      "lwp",	   "fma4",	  "tce",
				      NULL,	   "nodeid_msr",  NULL,
				      "tbm",	   "topoext",	  "perfctr_core",
				      "perfctr_nb" } },
	{ 0x80000007, 0, CPUID_EDX, { [8] = "invtsc" } },
	{ 0x80000008,
	  0,
	  CPUID_EBX,
	  { [0] = "clzero",
	    [2] = "xsaveerptr",
	    [4] = "rdpru",
	    [9] = "wbnoinvd",
	    [12] = "ibpb",
	    [14] = "ibrs",
	    [15] = "amd-stibp",
	    [24] = "amd-ssbd",
	    [25] = "virt-ssbd" } },
	{ 0x8000000a,
	  0,
	  CPUID_EDX,
	  { "npt", "lbrv", "svm-lock", "nrip-save", "tsc-scale", "vmcb-clean", "flushbyasid",
	    "decodeassists", NULL, NULL, "pause-filter", NULL, "pfthreshold", "avic", NULL,
	    "v-vmsave-vmload", "vgif", [25] = "vnmi" } },
	{ 6, 0, CPUID_EAX, { [2] = "arat" } },
};

const size_t feature_word_count = sizeof(feature_words) / sizeof(feature_words[0]);

uint32_t *feature_name_register(struct kvm_cpuid2 *cpuid, const struct feature_word *word)
{
	struct kvm_cpuid_entry2 *entry = kvm_cpuid_leaf(cpuid, word->leaf, word->subleaf);

	if (!entry)
		return NULL;
	switch (word->from) {
	case CPUID_EAX:
		return &entry->eax;
	case CPUID_EBX:
		return &entry->ebx;
	case CPUID_ECX:
		return &entry->ecx;
	case CPUID_EDX:
		return &entry->edx;
	}
	return NULL;
}

bool feature_name_supports(struct kvm_cpuid2 *supported, size_t word, unsigned int bit)
{
	const uint32_t *value = feature_name_register(supported, &feature_words[word]);

	/* KVM leaves these to whoever makes the VM. */
	if (feature_words[word].names[bit] &&
	    (!strcmp(feature_words[word].names[bit], "hypervisor") ||
	     !strcmp(feature_words[word].names[bit], "tsc-deadline")))
		return true;
	return value && *value >> bit & 1;
}

/* In names, - and _ and . are the same. */
bool feature_name_is(const char *name, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length && name[i]; i++) {
		char a = name[i] == '_' || name[i] == '.' ? '-' : name[i];
		char b = text[i] == '_' || text[i] == '.' ? '-' : text[i];

		if (a != b)
			return false;
	}
	return i == length && !name[i];
}

bool feature_name_find(const char *text, size_t length, size_t *word, unsigned int *bit)
{
	for (*word = 0; *word < feature_word_count; ++*word)
		for (*bit = 0; *bit < 32; ++*bit)
			if (feature_words[*word].names[*bit] &&
			    feature_name_is(feature_words[*word].names[*bit], text, length))
				return true;
	return false;
}

/* All that there are, as far as a message has room. */
void feature_name_list(struct kvm_cpuid2 *supported, char *text, size_t size)
{
	size_t length = 0, word;
	unsigned int bit;

	text[0] = '\0';
	for (word = 0; word < feature_word_count; word++)
		for (bit = 0; bit < 32; bit++) {
			const char *name = feature_words[word].names[bit];

			if (!name || !feature_name_supports(supported, word, bit))
				continue;
			if (length + strlen(name) + sizeof("  and more") > size) {
				snprintf(text + length, size - length, " and more");
				return;
			}
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   length ? " " : "", name);
		}
}
