/* SPDX-License-Identifier: MIT */
/* A register snapshot as text and as JSON. Depends on libc alone. */
#include "kvm/state/registers.h"
#include <inttypes.h>
#include <stdio.h>

void registers_text(const struct register_snapshot *snapshot, char *text, size_t size)
{
	char user[32] = "";

	if (snapshot->has_user_page_table_root)
		snprintf(user, sizeof(user), " uptroot=0x%016" PRIx64,
			 snapshot->user_page_table_root);
	snprintf(text, size, "ip=0x%016" PRIx64 " sp=0x%016" PRIx64 " ptroot=0x%016" PRIx64 "%s",
		 snapshot->instruction_pointer, snapshot->stack_pointer, snapshot->page_table_root,
		 user);
}

void registers_json(const struct register_snapshot *snapshot, char *text, size_t size)
{
	char user[64] = "", tcr[64] = "";

	if (snapshot->has_user_page_table_root)
		snprintf(user, sizeof(user), ",\"user_page_table_root\":%" PRIu64,
			 snapshot->user_page_table_root);
	if (snapshot->has_tcr_el1)
		snprintf(tcr, sizeof(tcr), ",\"tcr_el1\":%" PRIu64, snapshot->tcr_el1);
	snprintf(text, size,
		 "{\"instruction_pointer\":%" PRIu64 ",\"stack_pointer\":%" PRIu64
		 ",\"page_table_root\":%" PRIu64 "%s%s}",
		 snapshot->instruction_pointer, snapshot->stack_pointer, snapshot->page_table_root,
		 user, tcr);
}
