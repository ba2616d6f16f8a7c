/* SPDX-License-Identifier: MIT */
/*
 * A small kernel as they are in books: all memory at KERNBASE, a list of free pages, page tables, processes that
 * sleep and wait. It has nothing of Linux's.
 */
#ifndef TESTS_KERNEL_TREE_SMALL_SMALL_H
#define TESTS_KERNEL_TREE_SMALL_SMALL_H

typedef unsigned long u64;
typedef unsigned int u32;

#define KERNBASE 0xffffffff80000000ul
#define PAGE	 4096ul

#define V2P(address)  ((u64)(address)-KERNBASE)
#define P2V(physical) ((void *)((u64)(physical) + KERNBASE))

/* memory.c */
extern char memory_start[];
u64 physical_start(void);
void memory_init(void *from, void *to);
void *page_take(void);
void page_give(void *page);
u64 *tables_make(void);
int tables_map(u64 *tables, u64 address, u64 physical, u32 rights);
void *tables_find(u64 *tables, u64 address);
int copy_out(u64 *tables, u64 address, const void *from, u64 size);

/* process.c, with names that libc has */
enum state { RUNS, SLEEPS, GONE };

struct process {
	enum state state;
	void *channel;
	int status;
	struct process *parent;
};

#define PROCESSES 4

extern struct process processes[PROCESSES];
extern __thread struct process *current; /* of each CPU */
void sleep(void *channel);
void wakeup(void *channel);
void exit(int status);
int wait(void);

/* The rest of the kernel's. */
void schedule(void);
void panic(const char *why) __attribute__((noreturn));
void *memset(void *to, int value, u64 size);
void *memmove(void *to, const void *from, u64 size);

#endif /* TESTS_KERNEL_TREE_SMALL_SMALL_H */
