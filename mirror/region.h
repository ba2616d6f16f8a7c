/* SPDX-License-Identifier: MIT */
/* Mappings of a process as crash reports know them. Depends on maps.h and on crash/. */
#ifndef MIRROR_REGION_H
#define MIRROR_REGION_H

#include "crash/crash.h"
#include "mirror/maps.h"

/* `own`: whether its content may be another than the file's. The path stays the mapping's. */
struct crash_region region_of(const struct map *map, bool own);

#endif /* MIRROR_REGION_H */
