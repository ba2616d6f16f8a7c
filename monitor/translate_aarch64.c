/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's registers, by KVM_GET_ONE_REG, and its translation tables, which KVM does not walk for us: Arm ARM (DDI
 * 0487), D8.2 and D8.3, with the granules of 4, 16 and 64 KiB and up to 48 bits of address.
 */
#include <errno.h>
#include <string.h>
#include <ring0/arm64/registers.h>
#include "kvm/vcpu/vcpu_aarch64.h"
#include "monitor/translate.h"

static int get_one_reg(void *context, uint64_t id, uint64_t *value)
{
	const struct monitor_cpu *cpu = context;
	int err = vcpu_get(&cpu->vcpu, id, value, NULL);

	return err < 0 ? err : 0;
}

const struct registers_ops monitor_registers_ops = {
	.get_one_reg = get_one_reg,
};

#define DESCRIPTOR_VALID 1ul
#define DESCRIPTOR_TABLE 2ul
#define LEVEL_LAST	 3u

/* One of TCR_EL1's halves: how many bits addresses have there, and the granule, as a power of two. */
struct format {
	unsigned int bits, granule;
};

/* Granules by TG0 and by TG1, D19.2.139; 0 is reserved. */
static struct format format_of(uint64_t tcr, bool upper)
{
	static const uint8_t by_tg0[4] = { 12, 16, 14, 0 }, by_tg1[4] = { 0, 14, 12, 16 };

	if (upper)
		return (struct format){ 64 - (tcr >> 16 & 0x3f), by_tg1[tcr >> 30 & 3] };
	return (struct format){ 64 - (tcr & 0x3f), by_tg0[tcr >> 14 & 3] };
}

/* The bits above those that are translated are those of the half, but for a tag in the top byte. */
static bool is_in_half(uint64_t address, const struct format *format, uint64_t tcr, bool upper)
{
	const bool tagged = tcr & (upper ? R0_TCR_TBI1 : R0_TCR_TBI0);
	const uint64_t value = tagged ? address << 8 >> 8 : address;
	const uint64_t above = (tagged ? UINT64_MAX >> 8 : UINT64_MAX) &
			       ~((1ul << format->bits) - 1);

	return (value & above) == (upper ? above : 0);
}

static unsigned int shift_of(const struct format *format, unsigned int level)
{
	return format->granule + (format->granule - 3) * (LEVEL_LAST - level);
}

static bool read_descriptor(const struct monitor_cpu *cpu, uint64_t at, uint64_t *descriptor)
{
	const void *from = ram_at(&cpu->machine->memory.ram, gpa(at), sizeof(*descriptor), false);

	if (from)
		memcpy(descriptor, from, sizeof(*descriptor));
	return from;
}

/* Blocks: at levels 1 and 2 with 4 KiB, at 2 with others (D8.3.1). */
static bool may_be_block(const struct format *format, unsigned int level)
{
	return level == 2 || (level == 1 && format->granule == 12);
}

static int walk(const struct monitor_cpu *cpu, const struct format *format, uint64_t root,
		uint64_t address, uint64_t *physical)
{
	const uint64_t output = ((1ul << 48) - 1) & ~((1ul << format->granule) - 1);
	uint64_t value = address & ((1ul << format->bits) - 1), within, index, descriptor;
	uint64_t table = root & R0_TTBR_ADDRESS;
	unsigned int level = 0;

	/* It starts at the level that has the address's first bits. */
	while (level < LEVEL_LAST && format->bits <= shift_of(format, level))
		level++;
	for (;; level++) {
		within = (1ul << shift_of(format, level)) - 1;
		index = value >> shift_of(format, level);
		if (!read_descriptor(cpu, table + index * sizeof(descriptor), &descriptor) ||
		    !(descriptor & DESCRIPTOR_VALID))
			return -EFAULT;
		if (level == LEVEL_LAST || !(descriptor & DESCRIPTOR_TABLE))
			break;
		table = descriptor & output;
		value &= within;
	}
	if (level == LEVEL_LAST ? !(descriptor & DESCRIPTOR_TABLE) : !may_be_block(format, level))
		return -EFAULT;
	*physical = (descriptor & output & ~within) | (address & within);
	return 0;
}

int monitor_translate(struct monitor_cpu *cpu, uint64_t address, uint64_t *physical)
{
	const bool upper = address >> 55 & 1;
	uint64_t sctlr, tcr, root;
	struct format format;

	if (get_one_reg(cpu, VCPU_SCTLR_EL1, &sctlr) || get_one_reg(cpu, VCPU_TCR_EL1, &tcr) ||
	    get_one_reg(cpu, upper ? VCPU_TTBR1_EL1 : VCPU_TTBR0_EL1, &root))
		return -EFAULT;
	if (!(sctlr & R0_SCTLR_M)) {
		*physical = address;
		return ram_at(&cpu->machine->memory.ram, gpa(address), 1, false) ? 0 : -EFAULT;
	}
	format = format_of(tcr, upper);
	if (!format.granule || format.bits < 16 || format.bits > 48 ||
	    tcr & (upper ? R0_TCR_EPD1 : R0_TCR_EPD0) || !is_in_half(address, &format, tcr, upper))
		return -EFAULT;
	return walk(cpu, &format, root, address, physical);
}
