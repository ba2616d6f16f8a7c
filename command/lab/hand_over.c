/* SPDX-License-Identifier: MIT */
/* A file as a message: see hand_over.h. */
#include <stdlib.h>
#include <string.h>

#include "command/lab/error.h"
#include "command/lab/hand_over.h"
#include "command/lab/protocol.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

int lab_hand_over(struct lab_machine *machine, const struct lab_entry *entry,
		  struct lab_limit limit)
{
	/* With its NUL, as the text of a link ends. */
	const size_t link_size = entry->link ? strlen(entry->link) + 1 : 0;
	struct lab_file file = { .mode = (uint32_t)entry->mode,
				 .path_length = (uint32_t)strlen(entry->inside),
				 .size = entry->size };
	size_t size = sizeof(file) + file.path_length + link_size;
	char *message = lab_allocate(size);
	struct lab_blob blob = { 0 };
	int gone;

	if (entry->host && (lab_map(entry->host, &blob) || blob.size < entry->size)) {
		lab_unmap(&blob);
		free(message);
		return lab_error(LAB_MISSING, "the file %s changed while it was read", entry->host);
	}
	memcpy(message, &file, sizeof(file));
	memcpy(message + sizeof(file), entry->inside, file.path_length);
	if (link_size)
		memcpy(message + sizeof(file) + file.path_length, entry->link, link_size);
	gone = lab_talk_transmit(machine, LAB_FILE, message, size, limit);
	if (!gone && entry->size)
		gone = lab_talk_transmit_more(machine, blob.data, entry->size, limit);
	lab_unmap(&blob);
	free(message);
	return gone;
}
