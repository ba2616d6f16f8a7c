/* SPDX-License-Identifier: MIT */
/* Modules in memory. */
#include "boot/modules.h"
#include <errno.h>
#include <stdlib.h>

static int place(struct boot_setup *setup, const struct r0_boot_module *module, uint64_t from,
		 struct boot_module_place *to, struct error *error)
{
	const struct boot_room behind = { from, 1ull << 32, PAGE_SIZE };
	int err = boot_setup_place(setup, "a module", module->data, module->size, &behind,
				   &to->address, error);

	if (err)
		return err;
	to->size = module->size;
	return boot_setup_place_text(setup, "a module's text", module->text ? module->text : "",
				     &to->text, error);
}

int boot_place_modules(struct boot_setup *setup, const struct boot_request *request,
		       struct boot_module_place **places, struct error *error)
{
	uint64_t from = boot_setup_end(setup);
	struct boot_module_place *made;
	size_t i;
	int err = 0;

	/* One at least: calloc() may give NULL for none. */
	made = calloc(request->module_count + 1, sizeof(*made));
	if (!made)
		return error_set(error, ENOMEM, "no memory for a list of modules");
	for (i = 0; i < request->module_count && !err; i++)
		err = place(setup, &request->modules[i], from, &made[i], error);
	if (err)
		free(made);
	else
		*places = made;
	return err;
}

int boot_place_module_list(struct boot_setup *setup, const struct boot_request *request,
			   size_t entry_size,
			   void (*fill)(uint8_t *entry, const struct boot_module_place *place),
			   uint64_t *list, struct error *error)
{
	struct boot_module_place *places = NULL;
	uint8_t *made = NULL;
	size_t i;
	int err;

	if (!request->module_count)
		return 0;
	err = boot_place_modules(setup, request, &places, error);
	if (err)
		return err;
	err = boot_setup_make_room(setup, "a list of modules", request->module_count * entry_size,
				   &boot_room_small, &made, list, error);
	for (i = 0; i < request->module_count && !err; i++)
		fill(made + i * entry_size, &places[i]);
	free(places);
	return err;
}
