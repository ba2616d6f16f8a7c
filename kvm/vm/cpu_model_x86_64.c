/* SPDX-License-Identifier: MIT */
/* Descriptions of CPUs, read and carried out: see cpu_model_x86_64.h. */
#include "kvm/vm/cpu_model_x86_64.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "kvm/vm/cpu_base_x86_64.h"
#include "kvm/vm/feature_name_x86_64.h"

#define PHYSICAL_BITS_MIN 32
#define PHYSICAL_BITS_MAX 52

static int add_feature(struct cpu_model *model, struct kvm_cpuid2 *supported, const char *name,
		       size_t length, bool on, struct error *error)
{
	char all[400];
	unsigned int bit;
	size_t word;

	if (feature_name_is("vmx-mbec", name, length)) {
		model->mbec = on ? CPU_MODEL_ON : CPU_MODEL_OFF;
		return 0;
	}
	if (!feature_name_find(name, length, &word, &bit) ||
	    (on && !feature_name_supports(supported, word, bit))) {
		feature_name_list(supported, all, sizeof(all));
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

	if (feature_name_is("hv-passthrough", text, length)) {
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

int cpu_model_parse(struct cpu_model *model, struct kvm_cpuid2 *supported, const char *text,
		    struct error *error)
{
	size_t length = strcspn(text, ",");
	int err;

	*model = (struct cpu_model){ .base = cpu_base_find(text, length) };
	if (!model->base && !is_text(text, length, "max") && !is_text(text, length, "host"))
		return cpu_base_refuse(text, length, error);
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

void cpu_model_apply(const struct cpu_model *model, struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *entry;
	size_t i;

	if (model->vendor[0]) {
		set_vendor(cpuid, 0, model->vendor);
		set_vendor(cpuid, EXTENDED_LEAF, model->vendor);
	}
	if (model->base)
		cpu_base_apply(model->base, cpuid);
	for (i = 0; i < model->count; i++) {
		const struct cpu_model_change *change = &model->changes[i];
		uint32_t *value = feature_name_register(cpuid, &feature_words[change->word]);

		if (value && change->on)
			*value |= 1u << change->bit;
		else if (value)
			*value &= ~(1u << change->bit);
	}
	entry = kvm_cpuid_leaf(cpuid, PHYSICAL_BITS_LEAF, 0);
	if (entry && model->physical_bits)
		entry->eax = (entry->eax & ~0xffu) | model->physical_bits;
	if (model->base)
		cpu_base_fit_components(cpuid);
}
