/* SPDX-License-Identifier: MIT */
/* The files that the program was loaded from, as an image tells of them: for who has them, and symbols in them. */
#ifndef IMAGE_MODULE_LIST_H
#define IMAGE_MODULE_LIST_H

#include "image/bytes.h"
#include "image/case_list.h"

/*
 * Append a struct image_module for each, the program itself first; names, without folders, and build-ids go to the
 * texts of a list of cases. Not the kernel's: it is of no file. `modules` says if there was no memory.
 */
void module_list_make(struct bytes *modules, struct case_list *texts);

#endif /* IMAGE_MODULE_LIST_H */
