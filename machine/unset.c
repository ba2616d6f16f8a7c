/* SPDX-License-Identifier: MIT */
/* The two sections of `ring0 stubs` in the program. */
#include "machine/unset.h"
#include <ring0/private/stubs.h>
#include "base/address.h"

/* Weak, as most programs have none; hidden, so that they are this program's own. */
extern char __start_r0_unset[] __attribute__((weak, visibility("hidden")));
extern char __stop_r0_unset[] __attribute__((weak, visibility("hidden")));
extern const struct r0_unset *const __start_r0_unset_names[]
	__attribute__((weak, visibility("hidden")));
extern const struct r0_unset *const __stop_r0_unset_names[]
	__attribute__((weak, visibility("hidden")));

struct mirror_range unset_range(void)
{
	return (struct mirror_range){
		.start = (uint64_t)__start_r0_unset,
		.end = page_ceiling((uint64_t)__stop_r0_unset),
	};
}

const char *unset_name(uint64_t address)
{
	/* As numbers: the compiler takes two arrays for distinct objects. */
	uintptr_t size = (uintptr_t)__stop_r0_unset_names - (uintptr_t)__start_r0_unset_names, i;

	for (i = 0; i < size / sizeof(__start_r0_unset_names[0]); i++) {
		const struct r0_unset *unset = __start_r0_unset_names[i];

		/* To the end of its last page, as an array may be longer than is known. */
		if (unset &&
		    range_holds((uint64_t)unset->at, page_ceiling(unset->size), address, 1))
			return unset->name;
	}
	return NULL;
}
