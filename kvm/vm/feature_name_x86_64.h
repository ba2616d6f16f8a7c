/* SPDX-License-Identifier: MIT */
/* The features of a CPU by the names that Linux and QEMU have for them, and their bits in CPUID. */
#ifndef KVM_VM_FEATURE_NAME_X86_64_H
#define KVM_VM_FEATURE_NAME_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kvm/kvm_x86_64.h"

/* A register of a leaf, and the names of its bits from bit 0 on; NULL for one that has none here. */
struct feature_word {
	uint32_t leaf, subleaf;
	enum cpuid_register from;
	const char *names[32];
};

/* The first is leaf 1, EDX. */
extern const struct feature_word feature_words[];
extern const size_t feature_word_count;

/* That register in a list, or NULL if the list lacks its leaf. */
uint32_t *feature_name_register(struct kvm_cpuid2 *cpuid, const struct feature_word *word);

/* Whether a list of what KVM supports has the bit, or it is one that KVM leaves to whoever makes the VM. */
bool feature_name_supports(struct kvm_cpuid2 *supported, size_t word, unsigned int bit);

/* Whether the first `length` bytes of the text are the name; - and _ and . are the same. */
bool feature_name_is(const char *name, const char *text, size_t length);

/* The bit that has the name; false if there is none. */
bool feature_name_find(const char *text, size_t length, size_t *word, unsigned int *bit);

/* The names of all that is supported, with blanks between, as far as `size` bytes have room. */
void feature_name_list(struct kvm_cpuid2 *supported, char *text, size_t size);

#endif /* KVM_VM_FEATURE_NAME_X86_64_H */
