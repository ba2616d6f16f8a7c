/* SPDX-License-Identifier: MIT */
/* CPUID by names. Bits: SDM vol. 2A, CPUID; APM vol. 3, appendix E; KVM's own: virt/kvm/x86/cpuid.rst. */
#include "kvm/vm/cpu_model_x86_64.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PHYSICAL_BITS_LEAF 0x80000008u
#define PHYSICAL_BITS_MIN  32
#define PHYSICAL_BITS_MAX  52

/* A register of a leaf, and the names of its bits from bit 0 on; NULL for one that has none here. */
struct word {
	uint32_t leaf, subleaf;
	enum cpuid_register from;
	const char *names[32];
};

static const struct word words[] = {
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

#define WORDS (sizeof(words) / sizeof(words[0]))

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

#define EXTENDED_LEAF	 0x80000000u
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

static uint32_t *register_of(struct kvm_cpuid2 *cpuid, const struct word *word)
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

static bool supports(struct kvm_cpuid2 *supported, size_t word, unsigned int bit)
{
	const uint32_t *value = register_of(supported, &words[word]);

	/* KVM leaves these to whoever makes the VM. */
	if (words[word].names[bit] && (!strcmp(words[word].names[bit], "hypervisor") ||
				       !strcmp(words[word].names[bit], "tsc-deadline")))
		return true;
	return value && *value >> bit & 1;
}

/* In names, - and _ and . are the same. */
static bool same_name(const char *name, const char *text, size_t length)
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

static bool find(const char *text, size_t length, size_t *word, unsigned int *bit)
{
	for (*word = 0; *word < WORDS; ++*word)
		for (*bit = 0; *bit < 32; ++*bit)
			if (words[*word].names[*bit] &&
			    same_name(words[*word].names[*bit], text, length))
				return true;
	return false;
}

/* All that there are, as far as a message has room. */
static void list(struct kvm_cpuid2 *supported, char *text, size_t size)
{
	size_t length = 0, word;
	unsigned int bit;

	text[0] = '\0';
	for (word = 0; word < WORDS; word++)
		for (bit = 0; bit < 32; bit++) {
			const char *name = words[word].names[bit];

			if (!name || !supports(supported, word, bit))
				continue;
			if (length + strlen(name) + sizeof("  and more") > size) {
				snprintf(text + length, size - length, " and more");
				return;
			}
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   length ? " " : "", name);
		}
}

static int add_feature(struct cpu_model *model, struct kvm_cpuid2 *supported, const char *name,
		       size_t length, bool on, struct error *error)
{
	char all[400];
	unsigned int bit;
	size_t word;

	if (!find(name, length, &word, &bit) || (on && !supports(supported, word, bit))) {
		list(supported, all, sizeof(all));
		return error_set(error, EINVAL, "no CPU feature '%.*s' here; there are %s",
				 (int)length, name, all);
	}
	if (model->count == CPU_MODEL_CHANGES_MAX)
		return error_set(error, E2BIG, "more than %d features of a CPU",
				 CPU_MODEL_CHANGES_MAX);
	model->changes[model->count++] = (struct cpu_model_change){
		.word = (uint8_t)word,
		.bit = (uint8_t)bit,
		.on = on,
	};
	return 0;
}

static int set_physical_bits(struct cpu_model *model, const char *value, size_t length,
			     struct error *error)
{
	char *end;
	unsigned long bits = strtoul(value, &end, 10);

	if (end != value + length || bits < PHYSICAL_BITS_MIN || bits > PHYSICAL_BITS_MAX)
		return error_set(error, EINVAL,
				 "phys-bits=%.*s: a number from %d to %d is expected", (int)length,
				 value, PHYSICAL_BITS_MIN, PHYSICAL_BITS_MAX);
	model->physical_bits = (uint8_t)bits;
	return 0;
}

static bool is_text(const char *text, size_t length, const char *expected)
{
	return length == strlen(expected) && !memcmp(text, expected, length);
}

static int add_setting(struct cpu_model *model, struct kvm_cpuid2 *supported, const char *text,
		       size_t length, struct error *error)
{
	const char *equals = memchr(text, '=', length), *value;
	size_t name, value_length;

	if (same_name("hv-passthrough", text, length)) {
		model->hyperv = true;
		return 0;
	}
	if (*text == '+' || *text == '-')
		return add_feature(model, supported, text + 1, length - 1, *text == '+', error);
	if (!equals)
		return add_feature(model, supported, text, length, true, error);
	name = (size_t)(equals - text);
	value = equals + 1;
	value_length = length - name - 1;
	if (is_text(text, name, "phys-bits"))
		return set_physical_bits(model, value, value_length, error);
	if (is_text(text, name, "vendor")) {
		if (value_length != sizeof(model->vendor) - 1)
			return error_set(error, EINVAL, "vendor=%.*s: a vendor has 12 letters",
					 (int)value_length, value);
		memcpy(model->vendor, value, value_length);
		return 0;
	}
	if (is_text(text, name, "cpu-pm") && is_text(value, value_length, "on")) {
		model->waits_inside = true;
		return 0;
	}
	if (is_text(value, value_length, "on") || is_text(value, value_length, "off"))
		return add_feature(model, supported, text, name, value_length == 2, error);
	return error_set(error, EINVAL, "%.*s: on or off is expected", (int)length, text);
}

static const struct cpu_base *find_base(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		if (is_text(text, length, bases[i].name))
			return &bases[i];
	return NULL;
}

static int refuse_base(const char *text, size_t length, struct error *error)
{
	char names[300] = "max, host";
	size_t i, at = strlen(names);

	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, ", %s", bases[i].name);
	return error_set(error, EINVAL, "no CPU '%.*s': there are %s",
			 length < 100 ? (int)length : 100, text, names);
}

int cpu_model_parse(struct cpu_model *model, struct kvm_cpuid2 *supported, const char *text,
		    struct error *error)
{
	size_t length = strcspn(text, ",");
	int err;

	*model = (struct cpu_model){ .base = find_base(text, length) };
	if (!model->base && !is_text(text, length, "max") && !is_text(text, length, "host"))
		return refuse_base(text, length, error);
	err = add_feature(model, supported, "hypervisor", strlen("hypervisor"), true, error);
	while (!err && text[length]) {
		text += length + 1;
		length = strcspn(text, ",");
		err = length ? add_setting(model, supported, text, length, error) :
			       error_set(error, EINVAL, "an empty feature of a CPU");
	}
	return err;
}

/* Leaf 0 and leaf 0x80000000 (SDM vol. 2A, table 3-8): EBX, EDX, ECX. */
static void set_vendor(struct kvm_cpuid2 *cpuid, uint32_t leaf, const char *vendor)
{
	struct kvm_cpuid_entry2 *entry = kvm_cpuid_leaf(cpuid, leaf, 0);

	if (!entry)
		return;
	memcpy(&entry->ebx, vendor, 4);
	memcpy(&entry->edx, vendor + 4, 4);
	memcpy(&entry->ecx, vendor + 8, 4);
}

/* The bits of a base's own features that are in a word. */
static uint32_t own_bits_of(const struct cpu_base *base, size_t word)
{
	const char *name = base->features;
	uint32_t bits = 0;

	while (*name) {
		size_t length = strcspn(name, " "), in;
		unsigned int bit;

		if (find(name, length, &in, &bit) && in == word)
			bits |= 1u << bit;
		name += length;
		name += strspn(name, " ");
	}
	return bits;
}

static uint32_t bits_of(const struct cpu_base *base, size_t word)
{
	uint32_t bits = 0;

	for (; base; base = base->from ? find_base(base->from, strlen(base->from)) : NULL)
		bits |= own_bits_of(base, word);
	return bits;
}

static bool has(struct kvm_cpuid2 *cpuid, const char *feature)
{
	unsigned int bit;
	size_t word;

	return find(feature, strlen(feature), &word, &bit) && supports(cpuid, word, bit);
}

/* What the extended state has, of what the features are for. */
static void fit_components(struct kvm_cpuid2 *cpuid)
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

static void apply_base(const struct cpu_base *base, struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *entry;
	uint32_t kept = 0, aliases;
	size_t i;

	for (i = 0; i < cpuid->nent; i++)
		if (!is_beyond(base, cpuid->entries[i].function))
			cpuid->entries[kept++] = cpuid->entries[i];
	cpuid->nent = kept;
	aliases = is_amd(cpuid) ? bits_of(base, 0) & AMD_ALIASES : 0;
	for (i = 0; i < WORDS; i++) {
		uint32_t *value = register_of(cpuid, &words[i]);
		bool has_aliases = words[i].leaf == EXTENDED_LEAF + 1 && words[i].from == CPUID_EDX;

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

void cpu_model_apply(const struct cpu_model *model, struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *entry;
	size_t i;

	if (model->vendor[0]) {
		set_vendor(cpuid, 0, model->vendor);
		set_vendor(cpuid, EXTENDED_LEAF, model->vendor);
	}
	if (model->base)
		apply_base(model->base, cpuid);
	for (i = 0; i < model->count; i++) {
		const struct cpu_model_change *change = &model->changes[i];
		uint32_t *value = register_of(cpuid, &words[change->word]);

		if (value && change->on)
			*value |= 1u << change->bit;
		else if (value)
			*value &= ~(1u << change->bit);
	}
	entry = kvm_cpuid_leaf(cpuid, PHYSICAL_BITS_LEAF, 0);
	if (entry && model->physical_bits)
		entry->eax = (entry->eax & ~0xffu) | model->physical_bits;
	if (model->base)
		fit_components(cpuid);
}
