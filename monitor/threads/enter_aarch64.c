/* SPDX-License-Identifier: MIT */
/* How a machine's vCPUs start on arm64, and their registers as <ring0/vm.h> has them. Arm ARM (DDI 0487). */
#include "monitor/threads/enter.h"
#include <errno.h>
#include <string.h>
#include <ring0/arm64/registers.h>
#include <ring0/arm64/translation.h>
#include "kvm/vcpu/vcpu_aarch64.h"

/* EL1 with SP_EL1, DAIF masked: C5.2.19. */
#define PSTATE_AT_FIRST (R0_PSTATE_EL1H | R0_PSTATE_DAIF)

/* A table of level 1, where translation starts with 39 bits of address: D8.2.8. */
#define ADDRESS_BITS 39
#define TABLE_SIZE   512
#define BLOCK_SIZE   (1ul << 30)

/* MAIR_EL1, D19.2.102: normal memory, write-back; Device-nGnRE. */
#define MAIR	    0x04fful
#define MAIR_NORMAL 0
#define MAIR_DEVICE 1

/* TCR_EL1, D19.2.139: of TTBR0_EL1, write-back and inner shareable, 4 KiB; nothing by TTBR1_EL1. */
#define TCR_IRGN0_WBWA (1ul << 8)
#define TCR_ORGN0_WBWA (1ul << 10)
#define TCR_SH0_INNER  (3ul << 12)
#define TCR                                                                                 \
	(R0_TCR_T0SZ(64 - ADDRESS_BITS) | TCR_IRGN0_WBWA | TCR_ORGN0_WBWA | TCR_SH0_INNER | \
	 R0_TCR_T1SZ(64 - ADDRESS_BITS) | R0_TCR_EPD1 | R0_TCR_TG1(2))

/* SCTLR_EL1, D19.2.117: the bits that are 1 in a CPU of ARMv8.0, or do as such a one does. */
#define SCTLR_RES1 ((3ul << 28) | (3ul << 22) | (1ul << 20) | (1ul << 11))
#define SCTLR	   (SCTLR_RES1 | R0_SCTLR_M | R0_SCTLR_C | R0_SCTLR_I)

/* D8.3.2: the first GiB, below memory, is devices'; only EL1 executes what follows. */
static void fill_tables(uint64_t *table)
{
	const uint64_t common = R0_DESCRIPTOR_VALID | R0_DESCRIPTOR_AF | R0_DESCRIPTOR_UXN;
	uint64_t i;

	for (i = 0; i < TABLE_SIZE; i++)
		table[i] =
			i * BLOCK_SIZE | common |
			(i * BLOCK_SIZE < R0_VM_MEMORY ?
				 R0_DESCRIPTOR_ATTRIBUTES(MAIR_DEVICE) | R0_DESCRIPTOR_PXN :
				 R0_DESCRIPTOR_ATTRIBUTES(MAIR_NORMAL) | R0_DESCRIPTOR_SHAREABLE);
}

static int make_tables(struct r0_vm *vm, const struct r0_vm_entry *entry, struct error *error)
{
	uint8_t *tables;

	if (entry->tables % PAGE_SIZE)
		return error_set(error, EINVAL, "tables at %#llx: not a multiple of 4096",
				 (unsigned long long)entry->tables);
	pthread_mutex_lock(&vm->devices->lock);
	tables = ram_at(&vm->memory.ram, gpa(entry->tables), R0_VM_TABLES_SIZE, true);
	if (tables)
		fill_tables((uint64_t *)(void *)tables);
	pthread_mutex_unlock(&vm->devices->lock);
	if (tables)
		return 0;
	return error_set(error, EFAULT, "no memory at %#llx for %#x bytes of tables",
			 (unsigned long long)entry->tables, R0_VM_TABLES_SIZE);
}

int monitor_check_entry(const struct r0_vm_entry *entry, struct error *error)
{
	switch (entry->mode) {
	case R0_VM_MODE_RESET:
	case R0_VM_MODE_PHYSICAL:
	case R0_VM_MODE_MAPPED:
		return 0;
	}
	return error_set(error, EINVAL, "there is no entry of mode %d", (int)entry->mode);
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

/* A guest's VBAR_EL1 and the like, which a reset leaves unknown, are 0 until it sets them. */
static int start_physical(struct vcpu *vcpu, const struct r0_vm_entry *entry, struct error *error)
{
	const struct setting settings[] = {
		{ VCPU_CORE(regs.pstate), PSTATE_AT_FIRST },
		{ VCPU_CORE(regs.pc), entry->ip },
		{ VCPU_CORE(sp_el1), entry->sp },
		{ VCPU_X(0), entry->argument },
		{ VCPU_VBAR_EL1, 0 },
	};

	return set_all(vcpu, settings, sizeof(settings) / sizeof(settings[0]), error);
}

static int start_mapped(struct vcpu *vcpu, const struct r0_vm_entry *entry, struct error *error)
{
	struct setting settings[] = {
		{ VCPU_MAIR_EL1, MAIR },	   { VCPU_TCR_EL1, TCR },
		{ VCPU_TTBR0_EL1, entry->tables }, { VCPU_CPACR_EL1, R0_CPACR_FPEN(3) },
		{ VCPU_SCTLR_EL1, SCTLR },
	};
	uint64_t features;
	int err = vcpu_get(vcpu, VCPU_ID_AA64MMFR0, &features, error);

	if (err < 0)
		return err;
	/* As wide as the CPU has physical addresses, but for the formats of more than 48 bits. */
	features = R0_ID_FIELD(features, R0_ID_MMFR0_PARANGE);
	settings[1].value |= R0_TCR_IPS(features < 5 ? features : 5);
	return set_all(vcpu, settings, sizeof(settings) / sizeof(settings[0]), error);
}

int monitor_enter(struct monitor_cpu *cpu, const struct r0_vm_entry *entry, struct error *error)
{
	int err = 0;

	if (entry->mode == R0_VM_MODE_MAPPED)
		err = make_tables(cpu->machine, entry, error);
	if (!err)
		err = vcpu_reset(&cpu->vcpu, error);
	if (!err && entry->mode == R0_VM_MODE_MAPPED)
		err = start_mapped(&cpu->vcpu, entry, error);
	if (!err && entry->mode != R0_VM_MODE_RESET)
		err = start_physical(&cpu->vcpu, entry, error);
	return err;
}

/* Where each register of the structure is, and its number in KVM. */
static const struct place {
	uint32_t offset;
	uint64_t id;
} places[] = {
#define PLACE(name, id)                                    \
	{                                                  \
		offsetof(struct r0_vm_registers, name), id \
	}
	PLACE(sp_el0, VCPU_CORE(regs.sp)),    PLACE(sp_el1, VCPU_CORE(sp_el1)),
	PLACE(pc, VCPU_CORE(regs.pc)),	      PLACE(pstate, VCPU_CORE(regs.pstate)),
	PLACE(elr_el1, VCPU_CORE(elr_el1)),   PLACE(spsr_el1, VCPU_CORE(spsr[0])),
	PLACE(esr_el1, VCPU_ESR_EL1),	      PLACE(far_el1, VCPU_FAR_EL1),
	PLACE(sctlr_el1, VCPU_SCTLR_EL1),     PLACE(tcr_el1, VCPU_TCR_EL1),
	PLACE(ttbr0_el1, VCPU_TTBR0_EL1),     PLACE(ttbr1_el1, VCPU_TTBR1_EL1),
	PLACE(mair_el1, VCPU_MAIR_EL1),	      PLACE(vbar_el1, VCPU_VBAR_EL1),
	PLACE(cpacr_el1, VCPU_CPACR_EL1),     PLACE(tpidr_el0, VCPU_TPIDR_EL0),
	PLACE(tpidrro_el0, VCPU_TPIDRRO_EL0), PLACE(tpidr_el1, VCPU_TPIDR_EL1),
};

#define X_COUNT 31

int monitor_get_registers(struct monitor_cpu *cpu, struct r0_vm_registers *registers,
			  struct error *error)
{
	struct r0_vm_registers got;
	uint64_t value;
	size_t i;
	int err = 0;

	for (i = 0; i < X_COUNT && err >= 0; i++)
		err = vcpu_get(&cpu->vcpu, VCPU_X(i), &got.x[i], error);
	for (i = 0; i < sizeof(places) / sizeof(places[0]) && err >= 0; i++) {
		err = vcpu_get(&cpu->vcpu, places[i].id, &value, error);
		memcpy((uint8_t *)&got + places[i].offset, &value, sizeof(value));
	}
	if (err < 0)
		return err;
	*registers = got;
	return 0;
}

int monitor_set_registers(struct monitor_cpu *cpu, const struct r0_vm_registers *registers,
			  struct error *error)
{
	uint64_t value;
	size_t i;
	int err = 0;

	for (i = 0; i < X_COUNT && err >= 0; i++)
		err = vcpu_set(&cpu->vcpu, VCPU_X(i), registers->x[i], error);
	for (i = 0; i < sizeof(places) / sizeof(places[0]) && err >= 0; i++) {
		memcpy(&value, (const uint8_t *)registers + places[i].offset, sizeof(value));
		err = vcpu_set(&cpu->vcpu, places[i].id, value, error);
	}
	return err < 0 ? err : 0;
}
