/* SPDX-License-Identifier: MIT */
/* Which file a function is in. */
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/address.h"
#include "mirror/upper_half.h"
#include "replace/function.h"

/* The file that an address is in, by the linker's list, and by that of mappings. */
struct search {
	uint64_t address, bias;
	bool found, is_vdso;
};

static int look_at_object(struct dl_phdr_info *info, size_t size, void *context)
{
	struct search *search = context;
	size_t i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type != PT_LOAD ||
		    !range_holds(info->dlpi_addr + segment->p_vaddr, segment->p_memsz,
				 search->address, 1))
			continue;
		search->found = true;
		search->bias = info->dlpi_addr;
		search->is_vdso = strncmp(info->dlpi_name, "linux-vdso", 10) == 0;
		return 1;
	}
	return 0;
}

static const char *path_of(const struct maps *maps, uint64_t address)
{
	size_t i;

	for (i = 0; i < maps->count; i++)
		if (address >= maps->entries[i].start && address < maps->entries[i].end)
			return maps->entries[i].path;
	return "";
}

struct module *module_find(struct module *modules, size_t *count, const struct maps *maps,
			   struct function *function)
{
	struct search search = { .address = function->at };
	const struct r0_upper_half *segment = upper_half_find(function->at);
	const char *path = path_of(maps, upper_half_source(function->at));
	struct module *module;
	size_t i;

	dl_iterate_phdr(look_at_object, &search);
	if (search.is_vdso || strcmp(path, "[vdso]") == 0) {
		error_set(&function->refusal, EINVAL, "it is the vDSO's, the kernel's own code");
		return NULL;
	}
	if ((!search.found && !segment) || path[0] != '/') {
		error_set(&function->refusal, EINVAL,
			  "%#llx is in none of the program's files, and no function begins there",
			  (unsigned long long)function->at);
		return NULL;
	}
	if (access(path, R_OK)) {
		error_set(&function->refusal, errno, "its file %s can't be read: %s", path,
			  strerror(errno));
		return NULL;
	}
	for (i = 0; i < *count; i++)
		if (strcmp(modules[i].path, path) == 0 && modules[i].upper == (segment != NULL))
			break;
	module = &modules[i];
	if (i == *count) {
		*module = (struct module){ .path = strdup(path),
					   .bias = search.bias,
					   .upper = segment != NULL,
					   .low = UINT64_MAX };
		if (!module->path) {
			error_set(&function->refusal, ENOMEM, "no memory");
			return NULL;
		}
		++*count;
	}
	module->low = function->at < module->low ? function->at : module->low;
	module->high = function->at > module->high ? function->at : module->high;
	return module;
}
