/* SPDX-License-Identifier: MIT */
/*
 * What guarded functions print by libc's standard output and error: it goes to guard_ops.print. What
 * other threads print goes where it would have gone. Not for write() and its like. Depends on guard.h.
 */
#ifndef MOCK_PRINTED_H
#define MOCK_PRINTED_H

/*
 * From here on stdout and stderr are streams that tell guarded calls apart, as far as there is memory
 * for them; printed_finish(), called as often, has them as they were. With another libc than glibc they
 * can't be exchanged, and nothing happens.
 */
void printed_init(void);
void printed_finish(void);

/* After a guarded call that did not return: it may have held a stream's lock, so that there are new ones. */
void printed_renew(void);

#endif /* MOCK_PRINTED_H */
