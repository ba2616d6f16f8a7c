/* SPDX-License-Identifier: MIT */
/*
 * Looking through a program's code for writes to system registers. Debug registers, which trap to KVM, the keys of
 * pointer authentication and other rare ones are more than each test's end should look at: where nothing writes to
 * them, they are as they were. Data among the code may look like an instruction, and costs the program time, not more.
 */
#include "machine/other_registers_aarch64.h"
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define CHUNK (64ul << 10)

/* MSR (register), Arm ARM (DDI 0487), C6.2.230: which one is in bits 19 to 5. */
#define IS_MSR(instruction)   (((instruction)&0xfff00000) == 0xd5100000)
#define REGISTER(instruction) ((instruction) >> 5 & 0x7fff)

/* By Op0, which is 2 or 3, Op1, CRn, CRm and Op2: D19.1. */
#define CODE(op0, op1, crn, crm, op2) \
	(((op0)-2u) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define OP0(code) (((code) >> 14 & 1) + 2)
#define OP1(code) ((code) >> 11 & 7)
#define CRN(code) ((code) >> 7 & 15)
#define CRM(code) ((code) >> 3 & 15)

struct codes {
	uint32_t first, last;
};

/* Those that the entry code writes to or looks at, and those that are parts of PSTATE, which it sets. */
static const struct codes known[] = {
	{ CODE(3, 0, 1, 0, 0), CODE(3, 0, 1, 0, 0) }, /* SCTLR_EL1 */
	{ CODE(3, 0, 1, 0, 2), CODE(3, 0, 1, 0, 2) }, /* CPACR_EL1 */
	{ CODE(3, 0, 1, 2, 0), CODE(3, 0, 1, 2, 0) }, /* ZCR_EL1 */
	{ CODE(3, 0, 2, 0, 0), CODE(3, 0, 2, 0, 2) }, /* TTBR0_EL1, TTBR1_EL1, TCR_EL1 */
	{ CODE(3, 0, 4, 0, 0),
	  CODE(3, 0, 4, 2, 7) }, /* SPSR_EL1, ELR_EL1, SP_EL0, SPSel, PAN, UAO */
	{ CODE(3, 0, 5, 1, 0), CODE(3, 0, 5, 2, 0) },	/* AFSR0_EL1, AFSR1_EL1, ESR_EL1 */
	{ CODE(3, 0, 6, 0, 0), CODE(3, 0, 6, 0, 0) },	/* FAR_EL1 */
	{ CODE(3, 0, 7, 4, 0), CODE(3, 0, 7, 4, 0) },	/* PAR_EL1 */
	{ CODE(3, 0, 10, 2, 0), CODE(3, 0, 10, 2, 0) }, /* MAIR_EL1 */
	{ CODE(3, 0, 10, 3, 0), CODE(3, 0, 10, 3, 0) }, /* AMAIR_EL1 */
	{ CODE(3, 0, 12, 0, 0), CODE(3, 0, 12, 0, 0) }, /* VBAR_EL1 */
	{ CODE(3, 0, 13, 0, 1), CODE(3, 0, 13, 0, 1) }, /* CONTEXTIDR_EL1 */
	{ CODE(3, 0, 13, 0, 4), CODE(3, 0, 13, 0, 4) }, /* TPIDR_EL1 */
	{ CODE(3, 0, 14, 1, 0), CODE(3, 0, 14, 1, 0) }, /* CNTKCTL_EL1 */
	{ CODE(3, 3, 4, 2, 0), CODE(3, 3, 4, 2, 1) },	/* NZCV, DAIF */
	{ CODE(3, 3, 4, 2, 5), CODE(3, 3, 4, 2, 7) },	/* DIT, SSBS, TCO */
	{ CODE(3, 3, 4, 4, 0), CODE(3, 3, 4, 4, 1) },	/* FPCR, FPSR */
	{ CODE(3, 3, 13, 0, 2), CODE(3, 3, 13, 0, 3) }, /* TPIDR_EL0, TPIDRRO_EL0 */
	{ CODE(3, 3, 14, 3, 0),
	  CODE(3, 3, 14, 3, 2) }, /* CNTV_TVAL_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0 */
};

/* What else the architecture has at EL1 and EL0 that KVM may give a VM: D19.1.2. */
static const struct codes others[] = {
	{ CODE(2, 0, 0, 0, 0),
	  CODE(2, 0, 0, 15, 7) }, /* MDSCR_EL1, DBGBVR<n>_EL1, DBGBCR<n>_EL1, … */
	{ CODE(2, 0, 1, 0, 4), CODE(2, 0, 1, 0, 4) }, /* OSLAR_EL1 */
	{ CODE(2, 0, 1, 3, 4), CODE(2, 0, 1, 4, 4) }, /* OSDLR_EL1, DBGPRCR_EL1 */
	{ CODE(2, 0, 7, 8, 6), CODE(2, 0, 7, 9, 6) }, /* DBGCLAIMSET_EL1, DBGCLAIMCLR_EL1 */
	{ CODE(3, 0, 1, 0, 1), CODE(3, 0, 1, 0, 1) }, /* ACTLR_EL1 */
	{ CODE(3, 0, 1, 0, 3), CODE(3, 0, 1, 0, 6) }, /* SCTLR2_EL1, RGSR_EL1, GCR_EL1 */
	{ CODE(3, 0, 1, 2, 1), CODE(3, 0, 1, 2, 6) }, /* TRFCR_EL1, SMPRI_EL1, SMCR_EL1 */
	{ CODE(3, 0, 2, 0, 3), CODE(3, 0, 2, 0, 3) }, /* TCR2_EL1 */
	{ CODE(3, 0, 2, 1, 0), CODE(3, 0, 2, 3, 1) }, /* APIAKeyLo_EL1 to APGAKeyHi_EL1 */
	{ CODE(3, 0, 2, 5, 0), CODE(3, 0, 2, 5, 2) }, /* GCSCR_EL1, GCSPR_EL1, GCSCRE0_EL1 */
	{ CODE(3, 0, 5, 3, 1),
	  CODE(3, 0, 5, 6, 1) }, /* ERRSELR_EL1, ERX…_EL1, TFSR_EL1, TFSRE0_EL1 */
	{ CODE(3, 0, 6, 0, 5), CODE(3, 0, 6, 0, 5) }, /* PFAR_EL1 */
	{ CODE(3, 0, 10, 2, 1),
	  CODE(3, 0, 10, 2, 5) }, /* MAIR2_EL1, PIRE0_EL1, PIR_EL1, POR_EL1, … */
	{ CODE(3, 0, 10, 3, 1), CODE(3, 0, 10, 3, 1) }, /* AMAIR2_EL1 */
	{ CODE(3, 0, 10, 4, 0), CODE(3, 0, 10, 5, 7) }, /* LORC_EL1, …, MPAM1_EL1, … */
	{ CODE(3, 0, 12, 1, 1), CODE(3, 0, 12, 1, 1) }, /* DISR_EL1 */
	{ CODE(3, 0, 13, 0, 3), CODE(3, 0, 13, 0, 3) }, /* RCWSMASK_EL1 */
	{ CODE(3, 0, 13, 0, 5), CODE(3, 0, 13, 0, 7) }, /* ACCDATA_EL1, RCWMASK_EL1, SCXTNUM_EL1 */
	{ CODE(3, 2, 0, 0, 0), CODE(3, 2, 0, 0, 0) },	/* CSSELR_EL1 */
	{ CODE(3, 3, 2, 5, 1), CODE(3, 3, 2, 5, 1) },	/* GCSPR_EL0 */
	{ CODE(3, 3, 4, 4, 2), CODE(3, 3, 4, 4, 2) },	/* FPMR */
	{ CODE(3, 3, 10, 2, 4), CODE(3, 3, 10, 2, 4) }, /* POR_EL0 */
	{ CODE(3, 3, 13, 0, 7), CODE(3, 3, 13, 0, 7) }, /* SCXTNUM_EL0 */
	{ CODE(3, 3, 14, 2, 0),
	  CODE(3, 3, 14, 2, 2) }, /* CNTP_TVAL_EL0, CNTP_CTL_EL0, CNTP_CVAL_EL0 */
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is_in(const struct codes *list, size_t count, uint32_t code)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (code >= list[i].first && code <= list[i].last)
			return true;
	return false;
}

/* ID registers and others that only tell, counts, and what is EL2's, which a guest at EL1 can't write to. */
static bool is_read_only(uint32_t code)
{
	if (OP1(code) >= 4)
		return true;
	if (OP0(code) == 2)
		return OP1(code) == 3 || CRN(code) == 1;
	return (CRN(code) == 0 && OP1(code) != 2) || code == CODE(3, 0, 12, 1, 0) ||
	       (OP1(code) == 3 && CRN(code) == 14 && CRM(code) == 0);
}

bool other_registers_are_listed(const struct kvm_reg_list *list)
{
	uint64_t i;

	for (i = 0; i < list->n; i++) {
		const uint32_t code = (uint32_t)list->reg[i] & 0x7fff;

		if ((list->reg[i] & KVM_REG_ARM_COPROC_MASK) != KVM_REG_ARM64_SYSREG)
			continue;
		if (!is_in(known, COUNT(known), code) && !is_in(others, COUNT(others), code) &&
		    !is_read_only(code))
			return true;
	}
	return false;
}

static bool writes_to_others(const uint32_t *instructions, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (IS_MSR(instructions[i]) &&
		    is_in(others, COUNT(others), REGISTER(instructions[i])))
			return true;
	return false;
}

/* By a system call, as a part of it may be past its file's end: that is left out, as in the mirror. */
static bool is_written_in(uint64_t start, uint64_t end, uint32_t *buffer)
{
	bool written = false;

	while (start < end && !written) {
		struct iovec local = { buffer, end - start < CHUNK ? end - start : CHUNK };
		struct iovec remote = { (void *)(uintptr_t)start, local.iov_len };
		ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

		if (got < (ssize_t)PAGE_SIZE) {
			start = page_floor(start) + PAGE_SIZE;
			continue;
		}
		written = writes_to_others(buffer, (size_t)got / sizeof(*buffer));
		start += page_floor((uint64_t)got);
	}
	return written;
}

bool other_registers_are_written(const struct mirror *mirror)
{
	uint32_t *buffer = malloc(CHUNK);
	bool written = !buffer;
	size_t i;

	for (i = 0; i < mirror->part_count && !written; i++) {
		const struct mirror_part *part = &mirror->parts[i];
		const struct map *map = &part->map;

		if (!map->execute)
			continue;
		/* What is yet to be written, or to come in, can't be known. */
		if (map->write || part->kind == MIRROR_SPARSE)
			written = true;
		else if (part->from)
			written = is_written_in(page_floor(part->from),
						page_ceiling(part->from + part->from_size), buffer);
		else
			written = is_written_in(map->start, map->end, buffer);
	}
	free(buffer);
	return written;
}
