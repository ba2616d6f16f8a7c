/* SPDX-License-Identifier: MIT */
/* What an x86 page fault's error code says (SDM vol. 3A, 4.7). Depends on exception.h. */
#ifndef CRASH_EXCEPTION_X86_64_H
#define CRASH_EXCEPTION_X86_64_H

#include "crash/exception.h"

#define CRASH_PF_P    (1u << 0)
#define CRASH_PF_W    (1u << 1)
#define CRASH_PF_U    (1u << 2)
#define CRASH_PF_RSVD (1u << 3)
#define CRASH_PF_I    (1u << 4)
#define CRASH_PF_PK   (1u << 5)
#define CRASH_PF_SS   (1u << 6)
#define CRASH_PF_SGX  (1u << 15)

#endif /* CRASH_EXCEPTION_X86_64_H */
