/* SPDX-License-Identifier: MIT */
/* The state in which an x86 test starts. */
#include "machine/entry.h"
#include <asm/prctl.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <ring0/private/abi.h>
#include <ring0/x86/apic.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>
#include "guest/exceptions/syscall.h"
#include "kvm/kvm_x86_64.h"
#include "kvm/state/msrs_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"
#include "machine/entry_own.h"

/* SDM vol. 3A, 2.5. */

/* What XCR0 is after a reset: SDM vol. 1, 13.3. */

/* SDM vol. 1, 3.4.3. */

/* What SYSCALL clears in RFLAGS: TF, IF, DF, IOPL, NT, AC. */
#define SYSCALL_FLAGS 0x47700

/* Segment types: SDM vol. 3A, 3.4.5.1 and 3.5. */
#define TYPE_DATA	    0x3 /* read, write, accessed */
#define TYPE_CODE	    0xb /* execute, read, accessed */
#define TYPE_BUSY_TSS	    0xb
#define TYPE_INTERRUPT_GATE 0xe

struct tss {
	uint32_t reserved;
	uint64_t rsp[3];
	uint64_t reserved_too;
	uint64_t ist[7]; /* IST1 is the first */
	uint64_t reserved_again;
	uint16_t reserved_at_last;
	uint16_t io_map;
} __attribute__((packed));

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t attributes;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

_Static_assert(sizeof(struct tss) == 104, "SDM vol. 3A, 8.7");
_Static_assert(sizeof(struct gate) == 16, "SDM vol. 3A, 6.14.1");

const struct entry_part entry_own_parts[] = {
	{ 0, 2 * PAGE_SIZE },
	{ R0_AREA_EXCEPTION_STACK, R0_AREA_EXCEPTION_SIZE },
	{ R0_AREA_DF_STACK, R0_AREA_SMALL_SIZE },
	{ R0_AREA_NMI_STACK, R0_AREA_SMALL_SIZE },
	{ R0_AREA_MC_STACK, R0_AREA_SMALL_SIZE },
	{ R0_AREA_STACK, R0_AREA_STACK_SIZE },
	{ R0_AREA_USER_STACK, R0_AREA_USER_SIZE },
};

const size_t entry_own_part_count = sizeof(entry_own_parts) / sizeof(entry_own_parts[0]);

/* KVM's log of writes costs little. */
size_t entry_always_written(const struct entry *entry, struct mirror_range *ranges)
{
	(void)entry;
	(void)ranges;
	return 0;
}

uint64_t entry_own_thread_pointer(void)
{
	uint64_t fs_base;

	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_base);
	return fs_base;
}

/* SDM vol. 3A, 3.4.5. Base 0 and limit 4 GiB, but in 64-bit mode only for show. */
static uint64_t segment(uint64_t type, uint64_t dpl, bool long_mode, bool size32)
{
	return 0xffffull | type << 40 | 1ull << 44 | dpl << 45 | 1ull << 47 | 0xfull << 48 |
	       (uint64_t)long_mode << 53 | (uint64_t)size32 << 54 | 1ull << 55;
}

/* A CPU's TR tells which one it is: see R0_TSS_OTHERS. */
static uint16_t tss_selector(unsigned int cpu)
{
	return (uint16_t)(cpu ? R0_TSS_OTHERS + 16 * (cpu - 1) : R0_TSS);
}

static uint16_t gdt_size(unsigned int cpu)
{
	return (uint16_t)(cpu ? tss_selector(cpu) + 16 : R0_GDT_SIZE);
}

static void fill_gdt(uint64_t *gdt, uint64_t tss, unsigned int cpu)
{
	const uint64_t limit = sizeof(struct tss) - 1;
	uint64_t *entry = &gdt[tss_selector(cpu) / 8];

	gdt[R0_KERNEL_CS / 8] = segment(TYPE_CODE, 0, true, false);
	gdt[R0_KERNEL_DS / 8] = segment(TYPE_DATA, 0, false, true);
	gdt[R0_USER_CS32 / 8] = segment(TYPE_CODE, 3, false, true);
	gdt[R0_USER_DS / 8] = segment(TYPE_DATA, 3, false, true);
	gdt[R0_USER_CS / 8] = segment(TYPE_CODE, 3, true, false);
	/* SDM vol. 3A, 8.2.3: base 23:0 at bit 16, 31:24 at bit 56, 63:32 in the second half. */
	entry[0] = limit | (tss & 0xffffff) << 16 | (uint64_t)TYPE_BUSY_TSS << 40 | 1ull << 47 |
		   (tss >> 24 & 0xff) << 56;
	entry[1] = tss >> 32;
}

static struct gate make_gate(int vector)
{
	uint64_t target = (uint64_t)r0_vector_stubs + (uint64_t)vector * R0_VECTOR_STUB_SIZE;
	uint8_t dpl = vector == R0_BP || vector == R0_OF ? 3 : 0;
	uint8_t ist = vector == R0_DF  ? R0_IST_DF :
		      vector == R0_NMI ? R0_IST_NMI :
		      vector == R0_MC  ? R0_IST_MC :
					 R0_IST_EXCEPTION;

	return (struct gate){
		.offset_low = target & 0xffff,
		.selector = R0_KERNEL_CS,
		.ist = ist,
		.attributes = (uint8_t)(0x80 | dpl << 5 | TYPE_INTERRUPT_GATE),
		.offset_middle = target >> 16 & 0xffff,
		.offset_high = (uint32_t)(target >> 32),
	};
}

void entry_own_fill(struct r0_guest *guest, struct r0_cpu *cpu, const struct mirror *mirror)
{
	guest->syscall = r0_syscall;
	cpu->kernel_root = mirror->root;
	cpu->user_root = mirror->user_root;
	cpu->apic_id = cpu->number;
}

/* RSP as a CALL leaves it (SysV ABI for AMD64, 3.2.2), with a return address above. */
static uint64_t entry_stack(const struct entry *entry, unsigned int cpu)
{
	return entry_area(entry, cpu) + R0_AREA_STACK + R0_AREA_STACK_SIZE - (cpu ? 0 : 8);
}

/* A CPU's tables, which are all its own. Returns 0 or -errno. */
static int prepare_cpu(const struct entry *entry, unsigned int cpu, const struct gate *idt,
		       struct mirror *mirror)
{
	const uint64_t area = entry_area(entry, cpu);
	uint64_t gdt[(R0_TSS_OTHERS + 16 * R0_CPU_LIMIT) / 8] = { 0 };
	struct tss tss = {
		.rsp[0] = area + R0_AREA_EXCEPTION_STACK + R0_AREA_EXCEPTION_SIZE,
		.io_map = sizeof(tss),
	};
	int err;

	tss.ist[R0_IST_EXCEPTION - 1] = tss.rsp[0];
	tss.ist[R0_IST_DF - 1] = area + R0_AREA_DF_STACK + R0_AREA_SMALL_SIZE;
	tss.ist[R0_IST_NMI - 1] = area + R0_AREA_NMI_STACK + R0_AREA_SMALL_SIZE;
	tss.ist[R0_IST_MC - 1] = area + R0_AREA_MC_STACK + R0_AREA_SMALL_SIZE;
	fill_gdt(gdt, area + R0_AREA_TSS, cpu);
	err = mirror_write(mirror, gva(area + R0_AREA_TSS), &tss, sizeof(tss));
	if (!err)
		err = mirror_write(mirror, gva(area + R0_AREA_GDT), gdt, gdt_size(cpu));
	if (!err)
		err = mirror_write(mirror, gva(area + R0_AREA_IDT), idt, 256 * sizeof(*idt));
	return err;
}

int entry_own_prepare(const struct entry *entry, const struct kvm *kvm, struct mirror *mirror)
{
	const uint64_t back = (uint64_t)r0_test_return;
	struct gate idt[256];
	unsigned int cpu;
	int vector, err = 0;

	(void)kvm;
	for (vector = 0; vector < 256; vector++)
		idt[vector] = make_gate(vector);
	for (cpu = 0; cpu < entry->cpus && !err; cpu++)
		err = prepare_cpu(entry, cpu, idt, mirror);
	if (!err)
		err = mirror_write(mirror, gva(entry_stack(entry, 0)), &back, sizeof(back));
	return err;
}

static struct kvm_segment flat(uint16_t selector, uint8_t type, bool long_mode)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = !long_mode,
		.s = 1,
		.l = long_mode,
		.g = 1,
	};
}

static void fill_sregs(struct kvm_sregs *sregs, const struct entry *entry, unsigned int cpu,
		       const struct mirror *mirror, const struct vcpu *vcpu)
{
	const uint64_t area = entry_area(entry, cpu);
	const struct kvm_segment none = { .unusable = 1 };

	sregs->cr0 = R0_CR0_PE | R0_CR0_MP | R0_CR0_ET | R0_CR0_NE | R0_CR0_WP | R0_CR0_AM |
		     R0_CR0_PG;
	sregs->cr3 = mirror->root;
	sregs->cr4 = R0_CR4_VME | R0_CR4_PSE | R0_CR4_PAE | R0_CR4_PGE | R0_CR4_OSFXSR |
		     R0_CR4_OSXMMEXCPT;
	sregs->cr4 |= vcpu_cpuid_has(vcpu, 1, CPUID_ECX, 26) ? R0_CR4_OSXSAVE : 0;
	sregs->cr4 |= vcpu_cpuid_has(vcpu, 7, CPUID_EBX, 0) ? R0_CR4_FSGSBASE : 0;
	sregs->cr4 |= vcpu_cpuid_has(vcpu, 7, CPUID_EBX, 7) ? R0_CR4_SMEP : 0;
	sregs->efer = R0_EFER_SCE | R0_EFER_LME | R0_EFER_LMA | R0_EFER_NXE;
	sregs->cs = flat(R0_KERNEL_CS, TYPE_CODE, true);
	sregs->ss = sregs->ds = sregs->es = flat(R0_KERNEL_DS, TYPE_DATA, false);
	sregs->fs = sregs->gs = none;
	sregs->fs.base = entry_fs_base(entry, cpu);
	sregs->ldt = none;
	sregs->tr = (struct kvm_segment){
		.base = area + R0_AREA_TSS,
		.limit = sizeof(struct tss) - 1,
		.selector = tss_selector(cpu),
		.type = TYPE_BUSY_TSS,
		.present = 1,
	};
	sregs->gdt.base = area + R0_AREA_GDT;
	sregs->gdt.limit = (uint16_t)(gdt_size(cpu) - 1);
	sregs->idt.base = area + R0_AREA_IDT;
	sregs->idt.limit = 256 * sizeof(struct gate) - 1;
}

static int set_msr(struct vcpu *vcpu, uint32_t index, uint64_t value, struct error *error)
{
	const struct kvm_msr_entry entry = { .index = index, .data = value };
	int done = msrs_write(vcpu, &entry, 1, error);

	if (done < 0)
		return done;
	return done ? 0 : error_set(error, EIO, "KVM does not set MSR %#x", index);
}

static uint64_t xcr0_of(const struct kvm_cpuid2 *cpuid)
{
	uint32_t i;

	for (i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 0xd && cpuid->entries[i].index == 0)
			return cpuid->entries[i].eax | (uint64_t)cpuid->entries[i].edx << 32;
	return 0;
}

/*
 * All extended state that KVM supports and the test's CPUID has (leaf 0xd), so that AVX and what
 * follows it work. XCR0 stays as it is after a reset where a test declares what makes no sense.
 */
static int set_xcr0(struct vcpu *vcpu, struct error *error)
{
	struct kvm_xcrs xcrs = { .nr_xcrs = 1 };

	xcrs.xcrs[0].value = xcr0_of(&vcpu->own->cpuid) & xcr0_of(vcpu->vm->kvm->own->cpuid);
	if (!xcrs.xcrs[0].value || ioctl(vcpu->fd, KVM_SET_XCRS, &xcrs) == 0)
		return 0;
	xcrs.xcrs[0].value = R0_XCR0_X87;
	return KVM_IOCTL(vcpu->fd, KVM_SET_XCRS, &xcrs, error);
}

/* Halted, with interrupts on: a CPU that waits for work. */
static int halt(struct vcpu *vcpu, struct error *error)
{
	struct kvm_mp_state halted = { .mp_state = KVM_MP_STATE_HALTED };

	return KVM_IOCTL(vcpu->fd, KVM_SET_MP_STATE, &halted, error);
}

int entry_apply(const struct entry *entry, const struct mirror *mirror, struct vcpu *vcpu,
		unsigned int cpu, struct error *error)
{
	uint64_t star = (uint64_t)R0_USER_CS32 << 48 | (uint64_t)R0_KERNEL_CS << 32;
	uint64_t lstar = (uint64_t)r0_syscall_entry + cpu * R0_SYSCALL_ENTRY_SIZE;
	struct kvm_regs regs = {
		.rflags = R0_RFLAGS_FIXED | (cpu ? R0_RFLAGS_IF : 0),
		.rip = cpu ? (uint64_t)r0_cpu_start : (uint64_t)r0_guest_run,
		.rsp = entry_stack(entry, cpu),
	};
	struct kvm_sregs sregs;
	int err;

	err = KVM_IOCTL(vcpu->fd, KVM_GET_SREGS, &sregs, error);
	if (err < 0)
		return err;
	fill_sregs(&sregs, entry, cpu, mirror, vcpu);
	err = KVM_IOCTL(vcpu->fd, KVM_SET_SREGS, &sregs, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_REGS, &regs, error);
	if (err >= 0)
		err = set_xcr0(vcpu, error);
	if (err >= 0)
		err = set_msr(vcpu, R0_MSR_STAR, star, error);
	if (err >= 0)
		err = set_msr(vcpu, R0_MSR_LSTAR, lstar, error);
	if (err >= 0)
		err = set_msr(vcpu, R0_MSR_FMASK, SYSCALL_FLAGS, error);
	if (err >= 0 && cpu)
		err = halt(vcpu, error);
	return err < 0 ? err : 0;
}

int entry_enable_apic(struct vcpu *vcpu, struct error *error)
{
	const uint32_t svr = R0_APIC_SVR_ENABLE | R0_APIC_SVR_RESET;
	struct kvm_lapic_state lapic;
	int err = KVM_IOCTL(vcpu->fd, KVM_GET_LAPIC, &lapic, error);

	if (err < 0)
		return err;
	memcpy(lapic.regs + R0_APIC_SVR, &svr, sizeof(svr));
	err = KVM_IOCTL(vcpu->fd, KVM_SET_LAPIC, &lapic, error);
	return err < 0 ? err : 0;
}
