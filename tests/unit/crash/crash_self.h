/* SPDX-License-Identifier: MIT */
/*
 * For tests: this process as if it were a stopped guest. Its mappings are the regions, its memory
 * the guest's, and page tables that say the same are made up as they are read. Included by one
 * source file of a test program.
 */
#ifndef TESTS_UNIT_CRASH_CRASH_SELF_H
#define TESTS_UNIT_CRASH_CRASH_SELF_H

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>
#include "crash/crash.h"

#define SELF_REGIONS 512

/*
 * Guest-physical addresses: data is at SELF_DATA + its virtual address; the table that level's
 * entries are in, with what they have in common, is at level << 40 | prefix << 12.
 */
#define SELF_DATA  (1ull << 50)
#define SELF_LEVEL 40

static struct crash_region self_regions[SELF_REGIONS];
static char self_paths[SELF_REGIONS][256];

static size_t self_read(void *context, uint64_t gva, void *to, size_t size)
{
	size_t done = 0;

	(void)context;
	while (done < size) {
		size_t part = 4096 - ((gva + done) & 4095);
		struct iovec local = { (char *)to + done, part < size - done ? part : size - done };
		struct iovec remote = { (void *)(uintptr_t)(gva + done), local.iov_len };
		ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

/* Bits P, W, NX of what covers [start, end), or 0. */
static uint64_t self_permissions(uint64_t start, uint64_t end, bool leaf)
{
	for (const struct crash_region *r = self_regions; r->end; r++)
		if (r->start < end && start < r->end && r->prot)
			return leaf ? 1 | (r->prot & PROT_WRITE ? 2 : 0) |
					       (r->prot & PROT_EXEC ? 0 : 1ull << 63) :
				      3;
	return 0;
}

static size_t self_read_physical(void *context, uint64_t gpa, void *to, size_t size)
{
	unsigned int level = gpa >> SELF_LEVEL & 7;
	uint64_t index = (gpa & ((1ull << SELF_LEVEL) - 1)) >> 12 << 9 | (gpa & 4095) >> 3;
	unsigned int shift = 12 + 9 * level;
	uint64_t entry;

	if (gpa & SELF_DATA)
		return self_read(context, gpa & ~SELF_DATA, to, size);
	if (size != 8 || level > 3)
		return 0;
	entry = self_permissions(index << shift, (index + 1) << shift, !level);
	if (entry)
		entry |= level ? (uint64_t)(level - 1) << SELF_LEVEL | index << 12 :
				 SELF_DATA | index << 12;
	memcpy(to, &entry, 8);
	return 8;
}

static void self_init(struct crash_view *view)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[1024];
	size_t count = 0;

	memset(view, 0, sizeof(*view));
	memset(self_regions, 0, sizeof(self_regions));
	while (maps && count < SELF_REGIONS - 1 && fgets(line, sizeof(line), maps)) {
		struct crash_region *region = &self_regions[count];
		unsigned long long start, end, offset;
		char prot[5];

		self_paths[count][0] = '\0';
		if (sscanf(line, "%llx-%llx %4s %llx %*s %*s %255[^\n]", &start, &end, prot,
			   &offset, self_paths[count]) < 4 ||
		    start >> 63)
			continue;
		region->start = start;
		region->end = end;
		region->file_offset = offset;
		region->path = self_paths[count][0] ? self_paths[count] : NULL;
		region->prot = (prot[0] == 'r' ? PROT_READ : 0) |
			       (prot[1] == 'w' ? PROT_WRITE : 0) | (prot[2] == 'x' ? PROT_EXEC : 0);
		region->own = prot[1] == 'w';
		count++;
	}
	if (maps)
		fclose(maps);
	view->regions = self_regions;
	view->region_count = count;
	view->read = self_read;
	view->read_physical = self_read_physical;
	view->sregs.cr0 = 0x80010033; /* PG WP NE ET MP PE */
	view->sregs.cr4 = 0x6b0;      /* OSXMMEXCPT OSFXSR PGE PAE PSE */
	view->sregs.efer = 0xd00;     /* NXE LMA LME */
	view->sregs.cr3 = 3ull << SELF_LEVEL;
	view->sregs.cs.selector = R0_KERNEL_CS;
	view->sregs.ss.selector = R0_KERNEL_DS;
}

static void self_set_registers(struct crash_view *view, const ucontext_t *context)
{
	const greg_t *g = context->uc_mcontext.gregs;

	view->regs = (struct kvm_regs){
		.rax = (uint64_t)g[REG_RAX],
		.rbx = (uint64_t)g[REG_RBX],
		.rcx = (uint64_t)g[REG_RCX],
		.rdx = (uint64_t)g[REG_RDX],
		.rsi = (uint64_t)g[REG_RSI],
		.rdi = (uint64_t)g[REG_RDI],
		.rsp = (uint64_t)g[REG_RSP],
		.rbp = (uint64_t)g[REG_RBP],
		.r8 = (uint64_t)g[REG_R8],
		.r9 = (uint64_t)g[REG_R9],
		.r10 = (uint64_t)g[REG_R10],
		.r11 = (uint64_t)g[REG_R11],
		.r12 = (uint64_t)g[REG_R12],
		.r13 = (uint64_t)g[REG_R13],
		.r14 = (uint64_t)g[REG_R14],
		.r15 = (uint64_t)g[REG_R15],
		.rip = (uint64_t)g[REG_RIP],
		.rflags = (uint64_t)g[REG_EFL],
	};
	view->fault_address = (uint64_t)g[REG_CR2];
}

/* Called while the faulting code's stack is still as it was. */
static void (*self_stopped)(struct crash_view *view, int vector, uint64_t error_code);
static sigjmp_buf self_return;

static void self_on_signal(int signal, siginfo_t *info, void *argument)
{
	const ucontext_t *context = argument;
	struct crash_view view;

	(void)signal;
	(void)info;
	self_init(&view);
	self_set_registers(&view, context);
	/* The U bit is this process's; the guest would be in ring 0. */
	self_stopped(&view, (int)context->uc_mcontext.gregs[REG_TRAPNO],
		     (uint64_t)context->uc_mcontext.gregs[REG_ERR] & ~4ull);
	siglongjmp(self_return, 1);
}

/* Run fn until it faults; stopped() sees it as a guest. Returns whether it did fault. */
static bool self_run(void (*fn)(void),
		     void (*stopped)(struct crash_view *view, int vector, uint64_t error_code))
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
	static char stack[1 << 18];
	struct sigaction action = { .sa_sigaction = self_on_signal,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction before[5];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	volatile bool faulted = true;

	sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < 5; i++)
		sigaction(signals[i], &action, &before[i]);
	self_stopped = stopped;
	if (!sigsetjmp(self_return, 1)) {
		fn();
		faulted = false;
	}
	for (size_t i = 0; i < 5; i++)
		sigaction(signals[i], &before[i], NULL);
	return faulted;
}

#endif /* TESTS_UNIT_CRASH_CRASH_SELF_H */
