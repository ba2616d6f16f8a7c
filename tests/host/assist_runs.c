/* SPDX-License-Identifier: MIT */
/*
 * Random programs of instructions that a software KVM lacks and of such that it has, with jumps, calls, loops, pages
 * that are absent, read-only or a device's: executed by the host's CPU alone, with each exit completing one
 * instruction, and with each exit completing a run. Registers, flags, extended state, memory, and what the program
 * was ended by must come out the same. Needs no KVM: software_kvm.h takes its place.
 *
 *	assist_runs [--seed N] [--count PROGRAMS]
 *
 * Then what ends a run, each by itself; and how many exits libc's functions take, one instruction an exit and by runs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <ring0.h>
#include <ring0/x86/paging.h>
#include <ring0/x86/registers.h>
#include "assist_programs.h"
#include "differential_cases.h"
#include "software_kvm.h"

/* In an XSAVE area, and of its components: SDM vol. 1, 13.4.1 and 13.4.2, 13.1. */
#define MXCSR	  24
#define XSTATE_BV 512
#define OPMASK	  5

struct arena *arena;
static struct software_kvm kvm;
struct differential_forms assist_programs_forms;
static uint64_t device_accesses;

static uint8_t *own(void *context, r0_gpa address, size_t size, bool write)
{
	const uint64_t device = offsetof(struct arena, device);

	(void)context;
	(void)write;
	if (address.value + size > sizeof(*arena) ||
	    (address.value + size > device && address.value < device + PAGE))
		return NULL;
	return (uint8_t *)arena + address.value;
}

static size_t read_memory(void *context, r0_gpa address, void *to, size_t size)
{
	const uint8_t *from = own(context, address, size, false);

	if (!from)
		return 0;
	memcpy(to, from, size);
	return size;
}

static const struct assist_memory memory = { .own = own, .read = read_memory };

static enum bus_result device_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)dev;
	device_accesses++;
	memcpy(data, arena->device + offset, size);
	return BUS_DONE;
}

static enum bus_result device_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	(void)dev;
	device_accesses++;
	memcpy(arena->device + offset, data, size);
	return BUS_DONE;
}

static const struct dev_ops device_ops = { .name = "memory",
					   .read = device_read,
					   .write = device_write };
static struct dev device;

static void map_page(const void *page, uint64_t bits)
{
	const uint64_t offset = (uint64_t)((const uint8_t *)page - (const uint8_t *)arena);

	arena->tables[3][offset / PAGE] = bits ? offset | bits : 0;
}

/* Supervisor's, as the guest is in ring 0; the process has the same rights by mprotect(). */
static bool make_tables(void)
{
	const uint64_t bits = R0_PAGE_P | R0_PAGE_RW, at = (uint64_t)arena;
	const uint64_t tables = offsetof(struct arena, tables);
	size_t i;

	for (i = 0; i < sizeof(*arena); i += PAGE)
		map_page((uint8_t *)arena + i, bits);
	map_page(arena->read_only, R0_PAGE_P);
	map_page(arena->absent, 0);
	map_page(arena->guard, 0);
	arena->tables[2][at >> 21 & 511] = (tables + 3 * PAGE) | bits;
	arena->tables[1][at >> 30 & 511] = (tables + 2 * PAGE) | bits;
	arena->tables[0][at >> 39 & 511] = (tables + PAGE) | bits;
	return mprotect(arena->read_only, PAGE, PROT_READ) == 0 &&
	       mprotect(arena->absent, PAGE, PROT_NONE) == 0 &&
	       mprotect(arena->guard, PAGE, PROT_NONE) == 0;
}

static void make_descriptors(void)
{
	struct kvm_sregs *sregs = &kvm.run->s.regs.sregs;
	const uint64_t stack = (uint64_t)(arena->fault_stack + PAGE - 64);
	uint64_t handler;
	size_t i;

	kvm.handlers = (uint64_t)(arena->code + PAGE + PAGE / 2);
	for (i = 0; i < 32; i++) {
		handler = kvm.handlers + 16 * i;
		arena->idt[i].low = (handler & 0xffff) | 8 << 16 | 1ull << 32 | 0x8eull << 40 |
				    (handler >> 16 & 0xffff) << 48;
		arena->idt[i].high = handler >> 32;
	}
	arena->gdt[1] = 0x00af9b000000ffff;
	arena->gdt[2] = 0x00cf93000000ffff;
	memcpy(arena->tss + 36, &stack, 8);
	sregs->idt.base = (uint64_t)arena->idt;
	sregs->idt.limit = sizeof(arena->idt) - 1;
	sregs->gdt.base = (uint64_t)arena->gdt;
	sregs->gdt.limit = sizeof(arena->gdt) - 1;
	sregs->tr = (struct kvm_segment){
		.base = (uint64_t)arena->tss, .limit = 255, .type = 11, .present = 1
	};
	sregs->cr3 = offsetof(struct arena, tables);
}

struct outcome {
	struct kvm_regs regs;
	struct software_kvm_end end;
	uint8_t area[SOFTWARE_KVM_AREA] __attribute__((aligned(64)));
	uint8_t data[offsetof(struct arena, guard) - offsetof(struct arena, data) - 2 * PAGE];
	uint64_t exits, completed;
};

static void make_start(struct kvm_regs *regs)
{
	uint64_t *general = (uint64_t *)regs, rip = regs->rip;
	size_t i;

	for (i = 0; i < 16; i++)
		general[i] = assist_programs_below(3) ? assist_programs_random() :
							assist_programs_below(300);
	regs->rsp = (uint64_t)(arena->stack + PAGE - 16 - 8 * assist_programs_below(8));
	/* Now and then so that a push comes to the end of the stack, or a pop to its beginning. */
	if (!assist_programs_below(16))
		regs->rsp = (uint64_t)(arena->stack + 8 * assist_programs_below(3));
	regs->rip = rip;
	regs->rflags = (assist_programs_random() & 0x8d5) | 2;
}

/* Opmask registers whose bits are often none of an instruction's elements'. */
static void make_masks(uint8_t *area)
{
	uint32_t size, at = differential_component(OPMASK, &size), low, high;
	uint64_t in_use, mask;
	size_t i;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	if (!(low >> OPMASK & 1))
		return;
	memcpy(&in_use, area + XSTATE_BV, sizeof(in_use));
	in_use |= 1u << OPMASK;
	memcpy(area + XSTATE_BV, &in_use, sizeof(in_use));
	for (i = 0; i < 8; i++) {
		mask = assist_programs_random() << assist_programs_below(64);
		memcpy(area + at + 8 * i, &mask, sizeof(mask));
	}
}

static void save_data(uint8_t *to)
{
	memcpy(to, arena->data, 3 * PAGE);
	memcpy(to + 3 * PAGE, arena->device, PAGE);
	memcpy(to + 4 * PAGE, arena->stack, PAGE);
}

static void load_data(const uint8_t *from)
{
	memcpy(arena->data, from, 3 * PAGE);
	memcpy(arena->device, from + 3 * PAGE, PAGE);
	memcpy(arena->stack, from + 4 * PAGE, PAGE);
}

static uint64_t completed(void)
{
	const char *mnemonic;
	uint64_t count, sum = 0;
	size_t i;

	for (i = 0; assist_count_of(kvm.assist, i, &mnemonic, &count); i++)
		sum += count;
	return sum;
}

enum way { BY_THE_CPU, ONE_BY_ONE, BY_RUNS };

static void run_program(enum way way, const struct outcome *start, uint64_t last,
			struct outcome *outcome)
{
	kvm.run->s.regs.regs = start->regs;
	memcpy(kvm.area, start->area, sizeof(kvm.area));
	load_data(start->data);
	kvm.exits = 0;
	assist_forget_counts(kvm.assist);
	assist_set_batch(kvm.assist, way == BY_RUNS);
	outcome->end = way == BY_THE_CPU ? software_kvm_run_natively(&kvm, last) :
					   software_kvm_run(&kvm, last);
	outcome->regs = kvm.run->s.regs.regs;
	outcome->regs.rflags &= R0_RFLAGS_DF | 0x8d5;
	memcpy(outcome->area, kvm.area, sizeof(kvm.area));
	save_data(outcome->data);
	outcome->exits = kvm.exits;
	outcome->completed = completed();
}

static bool differs(const char *what, const void *a, const void *b, size_t size)
{
	const uint8_t *left = a, *right = b;
	size_t at = 0;

	while (at < size && left[at] == right[at])
		at++;
	if (at < size)
		printf("#   %s differ at byte %zu: %02x and %02x\n", what, at, left[at], right[at]);
	return at < size;
}

/* Components that are in their initial state read as that, whether the header says so or not: SDM vol. 1, 13.6. */
static bool areas_differ(const uint8_t *a, const uint8_t *b)
{
	static const uint8_t zeroes[SOFTWARE_KVM_AREA];
	uint64_t in_a, in_b;
	unsigned int component;
	bool bad = differs("x87 and SSE state", a, b, 416);

	memcpy(&in_a, a + XSTATE_BV, 8);
	memcpy(&in_b, b + XSTATE_BV, 8);
	for (component = 2; component < 8; component++) {
		uint32_t size, at = differential_component(component, &size);

		if (component == 3 || component == 4 || !size || at + size > SOFTWARE_KVM_AREA)
			continue;
		bad |= differs("AVX state", in_a >> component & 1 ? a + at : zeroes,
			       in_b >> component & 1 ? b + at : zeroes, size);
	}
	return bad;
}

/* Where it ended, if that is in the program. */
static void tell_place(const struct outcome *outcome)
{
	const uint64_t offset = outcome->regs.rip - (uint64_t)arena->code;
	size_t i;

	printf("#   at 0x%llx:", outcome->regs.rip);
	for (i = 0; i < LONGEST && offset + i < sizeof(arena->code); i++)
		printf(" %02x", arena->code[offset + i]);
	printf("\n");
}

/*
 * Where the architecture leaves it to the CPU what else a fault of a store shows, the CPU's outcome becomes the other's.
 * Of a store in parts over a page boundary, CR2 is a byte of it in the faulting page, not always the first: Sapphire
 * Rapids has the last one of a masked store's 16, and a later part of FNSTENV's. And VCVTPS2PH may have set MXCSR's flags
 * by then.
 */
static void forgive(struct outcome *cpu, const struct outcome *other)
{
	const uint64_t offset = cpu->regs.rip - (uint64_t)arena->code;
	const uint32_t flags = 0x3f;
	struct decoded decoded;
	struct form form;
	uint32_t by_cpu, by_other;

	if (cpu->end.vector != R0_PF || !(cpu->end.code & R0_PAGE_RW) ||
	    cpu->regs.rip != other->regs.rip || offset >= sizeof(arena->code) - LONGEST ||
	    decoder_decode(64, arena->code + offset, LONGEST, &decoded) != DECODER_INSTRUCTION)
		return;
	instruction_form_find(&form, 64, &decoded, arena->code + offset);
	if (cpu->end.cr2 - other->end.cr2 < form.memory.size &&
	    cpu->end.cr2 / PAGE == other->end.cr2 / PAGE)
		cpu->end.cr2 = other->end.cr2;
	memcpy(&by_cpu, cpu->area + MXCSR, 4);
	memcpy(&by_other, other->area + MXCSR, 4);
	if (form.mnemonic == ZYDIS_MNEMONIC_VCVTPS2PH && (by_cpu & ~flags) == (by_other & ~flags) &&
	    (by_cpu & by_other) == by_other)
		memcpy(cpu->area + MXCSR, &by_other, 4);
}

static bool compare(const struct outcome *a, const struct outcome *b)
{
	bool bad = false;

	if (a->end.vector != b->end.vector || a->end.code != b->end.code ||
	    a->end.cr2 != b->end.cr2 || a->end.answer != b->end.answer) {
		printf("#   ended in %d (0x%x) 0x%" PRIx64 " and %d (0x%x) 0x%" PRIx64 "\n",
		       a->end.vector, a->end.code, a->end.cr2, b->end.vector, b->end.code,
		       b->end.cr2);
		bad = true;
	}
	bad |= differs("registers", &a->regs, &b->regs, sizeof(a->regs));
	bad |= areas_differ(a->area, b->area);
	bad |= differs("memory", a->data, b->data, sizeof(a->data));
	if (bad) {
		tell_place(a);
		tell_place(b);
	}
	return !bad;
}

static struct outcome start, results[3];
static uint64_t totals[3], faults, ends;

static bool test_program(uint64_t number)
{
	static const char *const names[] = { "the CPU", "one by one", "by runs" };
	uint64_t last = assist_programs_make(&kvm.run->s.regs.regs.rip), i;
	enum way way;
	bool good = true;

	make_start(&kvm.run->s.regs.regs);
	start.regs = kvm.run->s.regs.regs;
	for (i = 0; i < sizeof(start.data); i++)
		start.data[i] = (uint8_t)assist_programs_random();
	memset(start.data + (COUNTER(arena) - arena->data), 0, 4);
	start.data[COUNTER(arena) - arena->data] = 5;
	for (i = 0; i < 256; i++)
		start.area[160 + i] = (uint8_t)assist_programs_random();
	make_masks(start.area);
	for (way = BY_THE_CPU; way <= BY_RUNS; way++)
		run_program(way, &start, last, &results[way]);
	forgive(&results[BY_THE_CPU], &results[ONE_BY_ONE]);
	for (way = BY_THE_CPU; way < BY_RUNS && good; way++) {
		good = compare(&results[way], &results[way + 1]);
		if (!good)
			printf("# program %" PRIu64 ": %s and %s\n", number, names[way],
			       names[way + 1]);
	}
	if (good && (results[ONE_BY_ONE].completed != results[BY_RUNS].completed ||
		     results[ONE_BY_ONE].exits < results[BY_RUNS].exits)) {
		printf("# program %" PRIu64
		       ": other instructions were completed, or by more exits\n",
		       number);
		good = false;
	}
	for (way = BY_THE_CPU; way <= BY_RUNS; way++)
		totals[way] += results[way].exits;
	faults += results[0].end.vector >= 0;
	ends += results[0].end.vector < 0;
	return good;
}

static bool prepare(void)
{
	const size_t size = 4u << 20;
	struct error error = { 0 };
	uint8_t *at = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return false;
	at = (uint8_t *)(((uintptr_t)at + (2u << 20) - 1) & ~(uintptr_t)((2u << 20) - 1));
	arena = (struct arena *)at;
	if (mprotect(at, sizeof(*arena), PROT_READ | PROT_WRITE | PROT_EXEC) != 0 ||
	    !make_tables() || !software_kvm_create(&kvm, &memory))
		return false;
	make_descriptors();
	kvm.run->s.regs.sregs.cr0 |= R0_CR0_PG;
	device = dev_of(&device_ops, NULL, 0);
	return bus_add(&kvm.bus, BUS_MEMORY, offsetof(struct arena, device), PAGE, &device,
		       &error) == 0;
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)time(NULL), limit = 10000, i;
	unsigned int wrong = 0;
	int argument;

	for (argument = 1; argument + 1 < argc; argument += 2) {
		if (strcmp(argv[argument], "--seed") == 0)
			seed = strtoull(argv[argument + 1], NULL, 0);
		else if (strcmp(argv[argument], "--count") == 0)
			limit = strtoull(argv[argument + 1], NULL, 0);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!prepare()) {
		printf("1..0 # SKIP the CPU has no XSAVE, or Zydis is not there\n");
		return 77;
	}
	assist_programs_seed(seed | 1);
	differential_enumerate(&assist_programs_forms);
	/* A CPU's own state, to begin with. */
	__asm__ volatile("xsave64 %0" : "=m"(start.area) : "a"(0xe7), "d"(0));
	printf("TAP version 13\n# seed %" PRIu64 ", %zu forms\n", seed,
	       assist_programs_forms.count);
	for (i = 0; i < limit && wrong < 10; i++)
		wrong += !test_program(i);
	printf("# %" PRIu64 " programs, %" PRIu64 " came to their ends, %" PRIu64
	       " to a fault; %" PRIu64 " exits one by one, %" PRIu64 " by runs; %" PRIu64
	       " accesses to a device\n",
	       i, ends, faults, totals[ONE_BY_ONE], totals[BY_RUNS], device_accesses);
	printf("%s 1 - runs leave what single instructions leave, and the CPU itself\n",
	       wrong ? "not ok" : "ok");
	printf("1..1\n");
	return wrong ? 1 : 0;
}
