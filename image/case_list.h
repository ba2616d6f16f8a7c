/* SPDX-License-Identifier: MIT */
/* The cases of an image, with their texts, and the memory that they declare. */
#ifndef IMAGE_CASE_LIST_H
#define IMAGE_CASE_LIST_H

#include "image/bytes.h"
#include "plan/plan.h"

struct case_list {
	struct bytes cases; /* struct image_case */
	struct bytes ram;   /* struct image_ram, by address; none touches the next */
	struct bytes texts; /* which come to lie at `texts_at` in the payload */
	size_t texts_at;
};

/* Of all of a plan's. case_list_finish() releases it; the bytes say if there was no memory. */
void case_list_make(struct case_list *list, const struct plan *plan, size_t texts_at);
void case_list_finish(struct case_list *list);

/* Where a text comes to lie in the payload; 0 for NULL. */
uint32_t case_list_add_text(struct case_list *list, const char *text);

#endif /* IMAGE_CASE_LIST_H */
