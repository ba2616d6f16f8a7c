/* SPDX-License-Identifier: MIT */
/* What may be called in the VM alone. */
#ifndef GUEST_HOST_REQUIRE_H
#define GUEST_HOST_REQUIRE_H

#pragma GCC visibility push(hidden)

/*
 * If the caller runs on the host, say so: a mock fails by it, other code aborts. And the same of what a
 * mock may call.
 */
void require_guest(const char *function);
void require_guest_or_mock(const char *function);

#pragma GCC visibility pop

#endif /* GUEST_HOST_REQUIRE_H */
