/* SPDX-License-Identifier: MIT */
/*
 * MANY(X): X(n) for 1000 numbers n, or for 10 000 with -DMANY=MANY_10000. All the programs that
 * are compared have the same tests by it. Depends on nothing.
 */
#ifndef BENCH_MANY_H
#define BENCH_MANY_H

/* clang-format off */
#define MANY_10(X, n) \
	X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7) X(n##8) X(n##9)
#define MANY_100(X, n) \
	MANY_10(X, n##0) MANY_10(X, n##1) MANY_10(X, n##2) MANY_10(X, n##3) MANY_10(X, n##4) \
	MANY_10(X, n##5) MANY_10(X, n##6) MANY_10(X, n##7) MANY_10(X, n##8) MANY_10(X, n##9)
#define MANY_1000(X, n) \
	MANY_100(X, n##0) MANY_100(X, n##1) MANY_100(X, n##2) MANY_100(X, n##3) MANY_100(X, n##4) \
	MANY_100(X, n##5) MANY_100(X, n##6) MANY_100(X, n##7) MANY_100(X, n##8) MANY_100(X, n##9)
#define MANY_10000(X) \
	MANY_1000(X, 0) MANY_1000(X, 1) MANY_1000(X, 2) MANY_1000(X, 3) MANY_1000(X, 4) \
	MANY_1000(X, 5) MANY_1000(X, 6) MANY_1000(X, 7) MANY_1000(X, 8) MANY_1000(X, 9)
/* clang-format on */

#ifndef MANY
#define MANY(X) MANY_1000(X, 0)
#endif

#endif /* BENCH_MANY_H */
