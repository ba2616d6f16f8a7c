/* SPDX-License-Identifier: MIT */
/* The functions that a program's tests replace: from their addresses to what is written in a test's VM. */
#include "replace/replace.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <ring0/private/abi.h>
#include "mirror/bind.h"
#include "mirror/code.h"
#include "mirror/upper_half.h"
#include "replace/function.h"

/* A longer function's own code is not to be had. */
#define CODE_MOST ((size_t)1 << 20)

struct replace {
	struct function *functions; /* in the order in which tests name them, each once */
	size_t count;
	struct module *modules;
	size_t module_count;
};

static bool read_process(uint64_t address, void *to, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)upper_half_source(address),
				.iov_len = size };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static struct function *find(const struct replace *replace, uint64_t named)
{
	size_t i;

	for (i = 0; i < replace->count; i++)
		if (replace->functions[i].named == named)
			return &replace->functions[i];
	return NULL;
}

static void add(struct replace *replace, const struct r0_replacement *wanted)
{
	uint64_t named = (uint64_t)wanted->function;

	if (!named || find(replace, named))
		return;
	replace->functions[replace->count++] = (struct function){
		.named = named,
		.at = bind_function(named),
		.name = wanted->name,
	};
}

/* Sizes, and how: what there is to know before there is an island. */
static void look_at_code(struct function *function)
{
	uint8_t start[PATCH_LOOK] = { 0 };
	size_t size = function->size ? function->size : function->room;

	if (!read_process(function->at, start, sizeof(start)) &&
	    !read_process(function->at, start,
			  function->room < sizeof(start) ? function->room : 1)) {
		error_set(&function->refusal, EFAULT, "its code can't be read");
		return;
	}
	patch_choose(&function->patch, start, size, function->room);
	function->no_original = "how long it is is not known";
	if (!size || size > CODE_MOST)
		return;
	function->code = malloc(size);
	if (!function->code || !read_process(function->at, function->code, size)) {
		function->no_original = "its code can't be read";
		return;
	}
	function->move = (struct move){
		.code = function->code,
		.at = function->at,
		.size = size,
		.start = function->patch.start,
		.patched = function->patch.size,
		.read = read_process,
	};
	function->no_original =
		function->comes_back ?
			"a part of it, which its compiler moved elsewhere, comes back to its first bytes" :
			move_plan(&function->move);
}

static uint64_t room_for(const struct function *function)
{
	return PATCH_SLOT + (function->no_original ? 0 : (function->move.length + 15) & ~15ull);
}

/* The slot, and behind it the moved code. */
static void place(struct function *function, size_t number)
{
	struct island *island = &function->module->island;

	function->patch.slot = island->start + island->used;
	function->patch.caller =
		island->start + island->size - PAGE_SIZE + number * sizeof(uint64_t);
	if (!function->no_original)
		function->original = function->patch.slot + PATCH_SLOT;
	island->used += room_for(function);
}

static void make_islands(struct replace *replace)
{
	size_t m, i;

	for (m = 0; m < replace->module_count; m++) {
		struct module *module = &replace->modules[m];
		uint64_t size = 0;

		for (i = 0; i < replace->count; i++)
			if (replace->functions[i].module == module)
				size += room_for(&replace->functions[i]);
		if (!size)
			continue;
		if (island_reserve(module, size) == 0)
			continue;
		for (i = 0; i < replace->count; i++)
			if (replace->functions[i].module == module)
				error_set(&replace->functions[i].refusal, ENOSPC,
					  "no memory is free within a jump's reach of it, or none "
					  "that may hold code");
	}
	for (i = 0; i < replace->count; i++)
		if (replace->functions[i].module && replace->functions[i].module->island.size)
			place(&replace->functions[i], i);
}

static int find_modules(struct replace *replace, struct error *error)
{
	struct maps maps;
	int err = maps_list(&maps, NULL, error);
	size_t i;

	if (err)
		return err;
	for (i = 0; i < replace->count; i++)
		replace->functions[i].module = module_find(replace->modules, &replace->module_count,
							   &maps, &replace->functions[i]);
	maps_finish(&maps);
	return 0;
}

static int prepare(struct replace *replace, struct error *error)
{
	int err = find_modules(replace, error);
	size_t i;

	if (err)
		return err;
	functions_ask(replace->functions, replace->count);
	for (i = 0; i < replace->count; i++)
		if (!replace->functions[i].refusal.text[0])
			look_at_code(&replace->functions[i]);
	for (i = 0; i < replace->count; i++)
		if (replace->functions[i].refusal.text[0])
			replace->functions[i].module = NULL;
	make_islands(replace);
	return 0;
}

int replace_create(struct replace **result, const struct r0_options *const *options, size_t count,
		   struct error *error)
{
	struct replace *replace;
	size_t most = 0, i, j;
	int err = -ENOMEM;

	*result = NULL;
	for (i = 0; i < count; i++)
		most += options[i]->replace.count;
	if (!most)
		return 0;
	replace = calloc(1, sizeof(*replace));
	if (!replace)
		return error_set(error, ENOMEM, "no memory");
	replace->functions = calloc(most, sizeof(*replace->functions));
	replace->modules = calloc(most, sizeof(*replace->modules));
	if (!replace->functions || !replace->modules)
		goto fail;
	for (i = 0; i < count; i++)
		for (j = 0; j < options[i]->replace.count; j++)
			add(replace, &options[i]->replace.entries[j]);
	err = prepare(replace, error);
	if (err)
		goto fail;
	*result = replace;
	return 0;
fail:
	replace_destroy(replace);
	return error_set(error, -err, "looking at replaced functions failed: %s", strerror(-err));
}

void replace_destroy(struct replace *replace)
{
	size_t i;

	if (!replace)
		return;
	for (i = 0; replace->modules && i < replace->module_count; i++) {
		island_release(&replace->modules[i].island);
		free(replace->modules[i].path);
	}
	for (i = 0; replace->functions && i < replace->count; i++)
		free(replace->functions[i].code);
	free(replace->modules);
	free(replace->functions);
	free(replace);
}

int replace_add_patches(const struct replace *replace, struct code_patches *patches,
			struct error *error)
{
	int err = 0;
	size_t i;

	for (i = 0; replace && i < replace->count && !err; i++) {
		const struct function *function = &replace->functions[i];

		if (!function->refusal.text[0])
			err = code_patches_own(patches, function->at + function->patch.start,
					       function->patch.size);
	}
	/* But for the page of data. */
	for (i = 0; replace && i < replace->module_count && !err; i++) {
		const struct island *island = &replace->modules[i].island;

		if (island->size)
			err = code_patches_own(patches, island->start, island->size - PAGE_SIZE);
	}
	return err ? error_set(error, -err, "no memory for the code that tests replace") : 0;
}

/* A function's own code, as ring 0 and as ring 3 have it. */
static const char *fill_original(const struct function *function, struct mirror *mirror)
{
	const struct move *move = &function->move;
	uint8_t *shown = malloc(move->size), *moved = calloc(1, move->length);
	const char *why = shown && moved ? NULL : "no memory";
	enum code_of whose;

	for (whose = CODE_OF_RING_0; whose <= CODE_OF_RING_3 && !why; whose++) {
		if (code_read(mirror, whose, function->at, shown, move->size) != move->size)
			why = "its code can't be read";
		if (!why)
			why = move_write(move, shown, function->original, moved);
		if (!why && code_write(mirror, whose, function->original, moved, move->length))
			why = "there is no room for its code";
	}
	free(shown);
	free(moved);
	return why;
}

void replace_fill(struct replace *replace, struct mirror *mirror)
{
	size_t i;

	for (i = 0; replace && i < replace->count; i++) {
		struct function *function = &replace->functions[i];

		if (function->refusal.text[0] || !function->original)
			continue;
		function->no_original = fill_original(function, mirror);
		if (function->no_original)
			function->original = 0;
	}
}

static int refuse(struct error *error, const struct r0_replacement *entry, const char *why)
{
	return error_set(error, EINVAL, "%s() can't be replaced: %s", entry->name, why);
}

/* What would make no sense, whatever the functions are. */
static int check(const struct replace *replace, const struct r0_replacements *wanted, size_t number,
		 struct error *error)
{
	const struct r0_replacement *entry = &wanted->entries[number];
	const struct function *function = find(replace, (uint64_t)entry->function);
	uint64_t by = bind_function((uint64_t)entry->by);
	size_t i;

	if (!entry->function || !function)
		return refuse(error, entry, "it is not there (it was declared weak)");
	if (!entry->by)
		return error_set(error, EINVAL, "%s() can't be replaced: %s() is not there",
				 entry->name, entry->by_name);
	if (by == function->at)
		return refuse(error, entry, "its replacement is the same function");
	for (i = 0; i < wanted->count; i++) {
		const struct function *other = find(replace, (uint64_t)wanted->entries[i].function);

		if (i < number && other && other->at == function->at)
			return refuse(error, entry, "the test replaces it twice");
		if (other && other->at == by)
			return error_set(error, EINVAL,
					 "%s() can't be replaced: its replacement %s() is itself "
					 "replaced in the test",
					 entry->name, entry->by_name);
	}
	if (function->refusal.text[0])
		return refuse(error, entry, function->refusal.text);
	return 0;
}

static int change(const struct function *function, const struct r0_replacement *entry,
		  struct memory *memory, enum patch_trap trap, struct r0_replaced *told,
		  struct error *error)
{
	const struct patch *patch = &function->patch;
	uint8_t slot[PATCH_SLOT], bytes[16];

	if (patch_write(patch, function->at, trap, bytes))
		return refuse(error, entry, "no memory is free within a jump's reach of it");
	patch_write_slot(patch, (uint64_t)entry->by, function->noreturn ? function->name : NULL,
			 slot);
	if (code_change(memory, patch->slot, slot, sizeof(slot)) ||
	    code_change(memory, function->at + patch->start, bytes, patch->size))
		return refuse(error, entry, "it is not in code that the VM has of its own");
	*told = (struct r0_replaced){
		.function = function->named,
		.original = function->original,
		.why = function->no_original,
		.trap = patch->trap ? function->at + patch->start : 0,
		.by = patch->slot,
	};
	return 0;
}

int replace_begin(const struct replace *replace, struct memory *memory,
		  const struct r0_replacements *wanted, enum patch_trap trap, struct error *error)
{
	struct r0_replaced told[R0_REPLACED_LIMIT];
	size_t i;
	int err = 0;

	if (!wanted->count)
		return 0;
	if (!replace || wanted->count > R0_REPLACED_LIMIT)
		return error_set(error, EINVAL, ".replace has %zu functions, and may have %d",
				 wanted->count, R0_REPLACED_LIMIT);
	for (i = 0; i < wanted->count && !err; i++) {
		err = check(replace, wanted, i, error);
		if (!err)
			err = change(find(replace, (uint64_t)wanted->entries[i].function),
				     &wanted->entries[i], memory, trap, &told[i], error);
	}
	if (err)
		return err;
	if (memory_write(memory, gva((uint64_t)r0_replaced), told, i * sizeof(told[0])) !=
	    i * sizeof(told[0]))
		return error_set(error, EFAULT, "the table of replaced functions can't be written");
	return 0;
}

const char *replace_trapped(const struct replace *replace, const struct r0_replacements *wanted,
			    size_t most)
{
	size_t i;

	for (i = 0; replace && i < wanted->count; i++) {
		const struct function *function =
			find(replace, (uint64_t)wanted->entries[i].function);

		if (function && function->patch.trap && function->patch.size <= most)
			return wanted->entries[i].name;
	}
	return NULL;
}

uint64_t replace_follow(const struct replace *replace, const struct r0_replacements *wanted,
			uint64_t address, bool is_behind)
{
	size_t i;

	for (i = 0; replace && i < wanted->count; i++) {
		const struct patch *patch;
		const struct function *function =
			find(replace, (uint64_t)wanted->entries[i].function);

		patch = function ? &function->patch : NULL;
		if (patch && patch->trap &&
		    function->at + patch->start + (is_behind ? patch->size : 0) == address)
			return patch->slot;
	}
	return 0;
}

uint64_t replace_origin(const struct replace *replace, uint64_t address)
{
	size_t i;

	for (i = 0; replace && i < replace->count; i++) {
		const struct function *function = &replace->functions[i];
		uint64_t origin;

		if (!function->original || address < function->original ||
		    address - function->original >= function->move.length)
			continue;
		origin = move_origin(&function->move, address - function->original);
		return origin == UINT64_MAX ? address : origin;
	}
	return address;
}
