/* SPDX-License-Identifier: MIT */
/* gzip, xz, zstd, and lz4 as kernels have it. */
#ifndef COMMAND_LAB_KERNELS_UNCOMPRESS_H
#define COMMAND_LAB_KERNELS_UNCOMPRESS_H

#include "command/lab/whole_file.h"

/*
 * What is compressed in memory, uncompressed, for lab_unmap(). -ENOEXEC where it does not begin as
 * any of these, -EBADMSG where it is damaged or cut short, -EFBIG, -ENOMEM.
 */
int lab_uncompress(const struct lab_blob *in, struct lab_blob *out);
/* As lab_map(), of a file that may be compressed. */
int lab_map_uncompressed(const char *path, struct lab_blob *blob);

#endif /* COMMAND_LAB_KERNELS_UNCOMPRESS_H */
