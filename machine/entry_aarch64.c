/* SPDX-License-Identifier: MIT */
/* The state in which an arm64 test starts. The sections are those of the Arm ARM (DDI 0487). */
#include "machine/entry.h"
#include <ring0/private/abi.h>
#include "kvm/kvm_aarch64.h"
#include "kvm/vcpu/vcpu_aarch64.h"
#include "machine/entry_own.h"
#include "machine/other_registers_aarch64.h"

/*
 * SCTLR_EL1, D19.2.117: MMU, alignment checks of SP and the caches are on; EL0 may use DC ZVA, CTR_EL0, WFI and WFE, and
 * cache maintenance; exceptions leave PAN alone (SPAN) and are context synchronization events (EIS, EOS).
 */
#define SCTLR_M	     (1ul << 0)
#define SCTLR_C	     (1ul << 2)
#define SCTLR_SA     (1ul << 3)
#define SCTLR_SA0    (1ul << 4)
#define SCTLR_EOS    (1ul << 11)
#define SCTLR_I	     (1ul << 12)
#define SCTLR_DZE    (1ul << 14)
#define SCTLR_UCT    (1ul << 15)
#define SCTLR_NTWI   (1ul << 16)
#define SCTLR_NTWE   (1ul << 18)
#define SCTLR_TSCXT  (1ul << 20)
#define SCTLR_EIS    (1ul << 22)
#define SCTLR_SPAN   (1ul << 23)
#define SCTLR_UCI    (1ul << 26)
#define SCTLR_NTLSMD (1ul << 28)
#define SCTLR_LSMAOE (1ul << 29)
#define SCTLR_AT_FIRST                                                                            \
	(SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_SA0 | SCTLR_EOS | SCTLR_I | SCTLR_DZE | SCTLR_UCT | \
	 SCTLR_NTWI | SCTLR_NTWE | SCTLR_TSCXT | SCTLR_EIS | SCTLR_SPAN | SCTLR_UCI |             \
	 SCTLR_NTLSMD | SCTLR_LSMAOE)

/* The keys of pointer authentication are in use: EnDB, EnDA, EnIB and EnIA. */
#define SCTLR_KEYS (1ul << 13 | 1ul << 27 | 1ul << 30 | 1ul << 31)

/*
 * TCR_EL1, D19.2.139: 48 bits and pages of 4 KiB in both halves, tables in cached memory that is shared by the CPUs,
 * ASIDs of 16 bits, tags in the top byte as user space has them. HA and HD are off: the CPU writes to no table.
 */
#define TCR_T0SZ(bits) (64ul - (bits))
#define TCR_IRGN0_WBWA (1ul << 8)
#define TCR_ORGN0_WBWA (1ul << 10)
#define TCR_SH0_INNER  (3ul << 12)
#define TCR_T1SZ(bits) ((64ul - (bits)) << 16)
#define TCR_IRGN1_WBWA (1ul << 24)
#define TCR_ORGN1_WBWA (1ul << 26)
#define TCR_SH1_INNER  (3ul << 28)
#define TCR_TG1_4K     (2ul << 30)
#define TCR_IPS(range) ((uint64_t)(range) << 32)
#define TCR_AS	       (1ul << 36)
#define TCR_TBI0       (1ul << 37)
#define TCR_TBI1       (1ul << 38)
#define TCR_AT_FIRST                                                                        \
	(TCR_T0SZ(48) | TCR_IRGN0_WBWA | TCR_ORGN0_WBWA | TCR_SH0_INNER | TCR_T1SZ(48) |    \
	 TCR_IRGN1_WBWA | TCR_ORGN1_WBWA | TCR_SH1_INNER | TCR_TG1_4K | TCR_AS | TCR_TBI0 | \
	 TCR_TBI1)

/* MAIR_EL1, D19.2.102, by page_table_aarch64.c's index: normal memory, write-back; Device-nGnRE; normal, uncached. */
#define MAIR_AT_FIRST 0x4404fful

/* CPACR_EL1, D19.2.29: no traps of SIMD and floating point, nor of SVE. */
#define CPACR_FPEN (3ul << 20)
#define CPACR_ZEN  (3ul << 16)

/* Of TTBR0_EL1. */
#define ASID(number) ((uint64_t)(number) << 48)
#define KERNEL_ASID  1
#define USER_ASID    2

/* EL1 with SP_EL1, and DAIF masked: C5.2.19. */
#define PSTATE_AT_FIRST 0x3c5ul

const struct entry_part entry_own_parts[] = {
	{ 0, PAGE_SIZE },
	{ R0_AREA_EXCEPTION_STACK, R0_AREA_EXCEPTION_SIZE },
	{ R0_AREA_STACK, R0_AREA_STACK_SIZE },
	{ R0_AREA_USER_STACK, R0_AREA_USER_SIZE },
};

const size_t entry_own_part_count = sizeof(entry_own_parts) / sizeof(entry_own_parts[0]);

/* The upper end of the stack, with the CPU's struct r0_start, and the runtime's state of machines with one CPU. */
size_t entry_always_written(const struct entry *entry, struct mirror_range *ranges)
{
	const uint64_t stack_end = entry_area(entry, 0) + R0_AREA_STACK + R0_AREA_STACK_SIZE;

	ranges[0] = (struct mirror_range){ stack_end - 2 * PAGE_SIZE, stack_end };
	ranges[1] = (struct mirror_range){ (uint64_t)&r0_guest, (uint64_t)&r0_guest + PAGE_SIZE };
	return 2;
}

uint64_t entry_own_thread_pointer(void)
{
	return (uint64_t)__builtin_thread_pointer();
}

static uint64_t kernel_root(const struct mirror *mirror)
{
	return mirror->root | ASID(KERNEL_ASID);
}

void entry_own_fill(struct r0_guest *guest, struct r0_cpu *cpu, const struct mirror *mirror)
{
	(void)guest;
	cpu->kernel_root = kernel_root(mirror);
	cpu->user_root = mirror->user_root | ASID(USER_ASID);
	cpu->exception_stack = cpu->area + R0_AREA_EXCEPTION_STACK + R0_AREA_EXCEPTION_SIZE;
}

/*
 * ID_AA64MMFR0_EL1.PARange, D19.2.64, by which TCR_EL1.IPS goes: the first that has all of the VM's guest-physical
 * addresses. KVM gives a VM no more than the CPU has.
 */
static uint64_t range_of(const struct mirror *mirror)
{
	static const unsigned int bits[] = { 32, 36, 40, 42, 44 };
	uint64_t range = 0;

	while (range < sizeof(bits) / sizeof(bits[0]) &&
	       mirror->physical_limit > 1ull << bits[range])
		range++;
	return range;
}

static struct r0_start start_of(const struct entry *entry, const struct kvm *kvm,
				const struct mirror *mirror, unsigned int cpu)
{
	return (struct r0_start){
		/* The first is told by cpu_start_at() what to run. */
		.fn = cpu ? (uint64_t)r0_cpu_start : 0,
		.sctlr = SCTLR_AT_FIRST | (kvm->own->pointer_authentication ? SCTLR_KEYS : 0),
		.tcr = TCR_AT_FIRST | TCR_IPS(range_of(mirror)),
		.ttbr0 = kernel_root(mirror),
		.ttbr1 = mirror->root + PAGE_SIZE,
		.mair = MAIR_AT_FIRST,
		.vbar = (uint64_t)r0_vectors + cpu * R0_VECTORS_SIZE,
		.cpacr = CPACR_FPEN | (kvm->own->sve ? CPACR_ZEN : 0),
		.thread_pointer = entry_fs_base(entry, cpu),
		.sve = kvm->own->sve,
	};
}

int entry_own_prepare(const struct entry *entry, const struct kvm *kvm, struct mirror *mirror)
{
	const uint64_t loops = !other_registers_are_written(mirror);
	unsigned int cpu;
	int err = page_table_map(&mirror->frames, mirror->root, gva(R0_DOORBELL_ADDRESS),
				 gpa(mirror->hole), PAGE_SIZE, PAGE_WRITE | PAGE_DEVICE, false);

	for (cpu = 0; cpu < entry->cpus && !err; cpu++) {
		struct r0_start start = start_of(entry, kvm, mirror, cpu);

		start.loops = loops;
		err = mirror_write(mirror, gva(entry_area(entry, cpu) + R0_AREA_START), &start,
				   sizeof(start));
	}
	return err;
}

struct setting {
	uint64_t id, value;
};

static int set_all(struct vcpu *vcpu, const struct setting *settings, size_t count,
		   struct error *error)
{
	size_t i;
	int err = 0;

	for (i = 0; i < count && err >= 0; i++)
		err = vcpu_set(vcpu, settings[i].id, settings[i].value, error);
	return err < 0 ? err : 0;
}

/* What r0_enter() needs, which gives the CPU all else that a test starts with. */
int entry_apply(const struct entry *entry, const struct mirror *mirror, struct vcpu *vcpu,
		unsigned int cpu, struct error *error)
{
	const struct r0_start start = start_of(entry, vcpu->vm->kvm, mirror, cpu);
	const struct setting settings[] = {
		{ VCPU_SCTLR_EL1, start.sctlr },
		{ VCPU_TCR_EL1, start.tcr },
		{ VCPU_MAIR_EL1, start.mair },
		{ VCPU_TTBR0_EL1, start.ttbr0 },
		{ VCPU_TTBR1_EL1, start.ttbr1 },
		{ VCPU_VBAR_EL1, start.vbar },
		{ VCPU_CORE(regs.pstate), PSTATE_AT_FIRST },
		{ VCPU_CORE(regs.pc), (uint64_t)r0_enter },
		{ VCPU_X(0), entry_area(entry, cpu) + R0_AREA_START },
	};

	return set_all(vcpu, settings, sizeof(settings) / sizeof(settings[0]), error);
}
