/* SPDX-License-Identifier: MIT */
/* The program and the state in which its tests start, taken once for all machines. */
#include "machine/template.h"
#include <errno.h>
#include <stdlib.h>
#include <ring0/private/abi.h>
#include <ring0/private/fuzz.h>
#include "assist/assist_policy.h"
#include "base/host.h"
#include "machine/guest_stdio.h"
#include "machine/machine_own.h"
#include "machine/sanitizers.h"
#include "machine/unset.h"
#include "mirror/bind.h"
#include "mirror/code_patches.h"

static int take_mirror(struct template *template, const struct template_needs *needs,
		       struct error *error)
{
	struct mirror_range supervisor[ENTRY_SUPERVISOR_RANGES], always[ENTRY_ALWAYS_RANGES];
	struct code_patches patches = { 0 };
	struct mirror_config config = {
		.reserved = needs->reserved,
		.reserved_count = needs->reserved_count,
		.supervisor = supervisor,
		.supervisor_count = entry_supervisor_ranges(&template->entry, supervisor),
		.direct_map = R0_DIRECT_MAP,
		.counters = &template->counters,
		.hidden = unset_range(),
		.code = &patches,
		.always_written = always,
		.always_written_count = entry_always_written(&template->entry, always),
	};
	int err;

	machine_own_configure(template->kvm, template->entry.cpus, &config);
	guest_stdio_prepare(template->entry.cpus > 1);
	err = assist_policy_add_patches(&patches, error);
	/* Where both want something, a sanitizer's function is not executed at all. */
	if (!err)
		err = sanitizers_add_patches(&patches, error);
	if (!err)
		err = replace_add_patches(template->replace, &patches, error);
	if (!err)
		err = mirror_create(&template->mirror, &config, error);
	code_patches_finish(&patches);
	if (!err)
		replace_fill(template->replace, template->mirror);
	if (!err)
		err = entry_prepare(&template->entry, template->kvm, template->mirror, error);
	return err;
}

int template_create(struct template **result, const struct template_needs *needs,
		    struct error *error)
{
	const unsigned int cpus = needs->cpus < R0_CPU_LIMIT ? needs->cpus : R0_CPU_LIMIT;
	struct template *template = calloc(1, sizeof(*template));
	size_t i;
	int err;

	if (!template)
		return error_set(error, ENOMEM, "no memory");
	err = kvm_create(&template->kvm, error);
	if (err)
		goto free;
	template->software = !host_virtualizes();
	bind_lazy_symbols();
	err = counters_find(&template->counters, error);
	if (!err && r0_compares_wanted)
		err = counters_add_range(&template->counters, (uint64_t)&r0_compares,
					 (uint64_t)(&r0_compares + 1), COUNTER_LAST);
	for (i = 0; i < needs->counted_count && !err; i++)
		err = counters_add_range(&template->counters, needs->counted[i].start,
					 needs->counted[i].end, COUNTER_LAST);
	if (!err)
		counters_sort(&template->counters);
	if (err)
		goto kvm;
	err = entry_reserve(&template->entry, cpus, error);
	if (err)
		goto counters;
	err = replace_create(&template->replace, needs->options, needs->count, error);
	if (err)
		goto release;
	err = take_mirror(template, needs, error);
	/* A host that refuses something else, by seccomp say, does not lack KVM. */
	if (template_error_is_no_kvm(err))
		err = -EIO;
	if (err)
		goto release;
	*result = template;
	return 0;
release:
	mirror_destroy(template->mirror);
	replace_destroy(template->replace);
	entry_release(&template->entry);
counters:
	counters_finish(&template->counters);
kvm:
	kvm_destroy(template->kvm);
free:
	free(template);
	return err;
}

void template_destroy(struct template *template)
{
	if (!template)
		return;
	mirror_destroy(template->mirror);
	replace_destroy(template->replace);
	entry_release(&template->entry);
	counters_finish(&template->counters);
	kvm_destroy(template->kvm);
	free(template);
}

bool template_error_is_no_kvm(int err)
{
	return err == -ENODEV || err == -ENOENT || err == -ENXIO || err == -EACCES || err == -EPERM;
}
