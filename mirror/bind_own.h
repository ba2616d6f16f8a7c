/* SPDX-License-Identifier: MIT */
/* What mirror/bind.c leaves to the architecture. Depends on nothing. */
#ifndef MIRROR_BIND_OWN_H
#define MIRROR_BIND_OWN_H

/* The type of the relocation of a function that the dynamic linker looks up on its first call. */
extern const unsigned int bind_own_relocation;

#endif /* MIRROR_BIND_OWN_H */
