/* SPDX-License-Identifier: MIT */
/* Privileged and other system instructions. Each by its page in SDM vol. 2. */
#include "assist/x86_64/system.h"
#include <errno.h>
#include <string.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>
#include "assist/x86_64/deliver.h"
#include "assist/x86_64/descriptor.h"
#include "assist/x86_64/far_transfer.h"
#include "assist/x86_64/legacy.h"
#include "assist/x86_64/legacy_far.h"
#include "assist/x86_64/operand.h"
#include "assist/x86_64/paging.h"
#include "assist/x86_64/segment.h"
#include "assist/x86_64/sysenter.h"
#include "assist/x86_64/vector.h"
#include "assist/x86_64/xsave.h"

#define TYPE_CODE_OR_DATA_WRITABLE 2u
#define TYPE_CONFORMING_CODE	   0xcu

static void set_gpr(struct cpu *cpu, int number, unsigned int width, uint64_t value)
{
	if (width == 16)
		cpu->gpr[number] = (cpu->gpr[number] & ~0xffffull) | (value & 0xffff);
	else
		cpu->gpr[number] = width == 32 ? (uint32_t)value : value;
}

static enum done read_selector(struct cpu *cpu, const struct form *form,
			       const ZydisDecodedOperand *operand, uint16_t *selector)
{
	uint64_t address;
	enum done done;

	if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
		*selector = (uint16_t)cpu->gpr[decoder_gpr(operand->reg.value)];
		return DONE;
	}
	done = operand_address(cpu, form, operand, sizeof(*selector), &address);
	if (done != DONE)
		return done;
	return cpu_read(cpu, address, selector, sizeof(*selector), cpu_access(cpu, false));
}

/* Whether code of this CPL may look at it by this selector. */
static bool is_visible(const struct cpu *cpu, const struct descriptor *descriptor,
		       uint16_t selector)
{
	unsigned int dpl = DESCRIPTOR_DPL(descriptor), rpl = selector & 3;

	if (DESCRIPTOR_S(descriptor) &&
	    (DESCRIPTOR_TYPE(descriptor) & TYPE_CONFORMING_CODE) == TYPE_CONFORMING_CODE)
		return true;
	return dpl >= cpu_cpl(cpu) && dpl >= rpl;
}

/* Types of system segments that LAR and LSL take: their tables in SDM vol. 2A. */
static bool is_known(const struct cpu *cpu, const struct descriptor *descriptor, bool limit)
{
	unsigned int type = DESCRIPTOR_TYPE(descriptor);

	if (DESCRIPTOR_S(descriptor))
		return true;
	if (!cpu_is_long(cpu))
		return type == 1 || type == 2 || type == 3 || type == 9 || type == 0xb ||
		       (!limit && (type == 4 || type == 5 || type == 0xc));
	if (descriptor->high >> 40 & 0x1f)
		return false;
	return type == 2 || type == 9 || type == 0xb || (type == 0xc && !limit);
}

static bool verifies(const struct descriptor *descriptor, bool write)
{
	unsigned int type = DESCRIPTOR_TYPE(descriptor);
	bool code = type & 8;

	if (!DESCRIPTOR_S(descriptor))
		return false;
	/* Bit 1 is "writable" of data, "readable" of code. */
	return write ? !code && type & 2 : !code || type & 2;
}

static enum done look_at_segment(struct cpu *cpu, const struct form *form,
				 const struct decoded *decoded)
{
	bool verify = form->mnemonic == ZYDIS_MNEMONIC_VERR ||
		      form->mnemonic == ZYDIS_MNEMONIC_VERW;
	bool limit = form->mnemonic == ZYDIS_MNEMONIC_LSL, good;
	const ZydisDecodedOperand *source = &decoded->operands[verify ? 0 : 1];
	struct descriptor descriptor;
	uint16_t selector;
	enum done done = read_selector(cpu, form, source, &selector);

	if (done == DONE)
		done = descriptor_read(cpu, selector, &descriptor);
	if (done != DONE)
		return done;
	good = descriptor.present && is_visible(cpu, &descriptor, selector) &&
	       (verify ? verifies(&descriptor, form->mnemonic == ZYDIS_MNEMONIC_VERW) :
			 is_known(cpu, &descriptor, limit));
	cpu->flags &= ~(uint64_t)R0_RFLAGS_ZF;
	if (!good)
		return DONE;
	cpu->flags |= R0_RFLAGS_ZF;
	if (!verify) {
		uint64_t value = descriptor.low >> 32 & 0x00f0ff00;

		if (limit) {
			value = (descriptor.low & 0xffff) | (descriptor.low >> 32 & 0xf0000);
			if (descriptor.low >> 55 & 1)
				value = value << 12 | 0xfff;
		}
		set_gpr(cpu, decoder_gpr(decoded->operands[0].reg.value), form->operand_width,
			value);
	}
	return DONE;
}

static enum done read_time(struct cpu *cpu)
{
	uint64_t tsc;

	if (!vcpu_cpuid_has(cpu->vcpu, 0x80000001, CPUID_EDX, 27))
		return cpu_raise(cpu, R0_UD);
	if (cpu->sregs->cr4 & R0_CR4_TSD && cpu_cpl(cpu))
		return cpu_raise_code(cpu, R0_GP, 0);
	tsc = cpu_read_msr(cpu, R0_MSR_TSC);
	cpu->gpr[CPU_RAX] = (uint32_t)tsc;
	cpu->gpr[CPU_RDX] = tsc >> 32;
	cpu->gpr[CPU_RCX] = (uint32_t)cpu_read_msr(cpu, R0_MSR_TSC_AUX);
	return DONE;
}

/* Nothing is to be done but the checks: the host looks addresses up in the tables themselves. */
static enum done invalidate(struct cpu *cpu, const struct form *form, const struct decoded *decoded)
{
	uint64_t type = cpu->gpr[decoder_gpr(decoded->operands[0].reg.value)];
	uint64_t parameters[2], address;
	enum done done;

	if (cpu->bits != 64)
		type = (uint32_t)type;

	if (!vcpu_cpuid_has(cpu->vcpu, 7, CPUID_EBX, 10))
		return cpu_raise(cpu, R0_UD);
	if (cpu_cpl(cpu))
		return cpu_raise_code(cpu, R0_GP, 0);
	done = operand_address(cpu, form, &decoded->operands[1], sizeof(parameters), &address);
	if (done == DONE)
		done = cpu_read(cpu, address, parameters, sizeof(parameters),
				cpu_access(cpu, false));
	if (done != DONE)
		return done;
	if (type > 3 || (type < 2 && parameters[0] & ~0xfffull) ||
	    (type < 2 && parameters[0] && !(cpu->sregs->cr4 & R0_CR4_PCIDE)) ||
	    (type == 0 && !cpu_is_canonical(cpu, parameters[1])))
		return cpu_raise_code(cpu, R0_GP, 0);
	/* KVM's own copies of translations go when it is given system registers. */
	cpu->sregs_changed = true;
	return DONE;
}

/* SDM vol. 1, 13.3: x87 always; AVX with SSE; the three of AVX-512 together, and with AVX. */
static bool is_valid_xcr0(const struct cpu *cpu, uint64_t value)
{
	uint64_t known = 3;
	unsigned int i;

	for (i = 2; i < CPU_COMPONENTS; i++)
		known |= cpu->component_size[i] ? 1ull << i : 0;
	if (value & ~known || !(value & 1) || (value & 4 && !(value & 2)))
		return false;
	if (value & 0xe0 && (value & 0xe6) != 0xe6)
		return false;
	return (value >> 3 & 1) == (value >> 4 & 1);
}

static enum done extended_control(struct cpu *cpu, bool set)
{
	uint32_t index = (uint32_t)cpu->gpr[CPU_RCX];
	uint64_t value = (uint32_t)cpu->gpr[CPU_RAX] | cpu->gpr[CPU_RDX] << 32;
	struct kvm_xcrs xcrs = { .nr_xcrs = 1 };

	if (!cpu_has_osxsave(cpu))
		return cpu_raise(cpu, R0_UD);
	if (set) {
		if (cpu_cpl(cpu) || index || !is_valid_xcr0(cpu, value))
			return cpu_raise_code(cpu, R0_GP, 0);
		cpu->xcr0 = value;
		xcrs.xcrs[0].value = value;
		if (!cpu->xcr0_is_ours &&
		    KVM_IOCTL(cpu->vcpu->fd, KVM_SET_XCRS, &xcrs, cpu->error) < 0)
			return DONE_ERROR;
		return DONE;
	}
	value = cpu->xcr0;
	if (index == 1 && cpu->xsave_features & CPU_HAS_XGETBV1) {
		enum done done = cpu_load_vector(cpu);
		uint64_t in_use;

		if (done != DONE)
			return done;
		memcpy(&in_use, cpu->code->xsave + 512, sizeof(in_use));
		value &= in_use;
	} else if (index) {
		return cpu_raise_code(cpu, R0_GP, 0);
	}
	cpu->gpr[CPU_RAX] = (uint32_t)value;
	cpu->gpr[CPU_RDX] = value >> 32;
	return DONE;
}

static enum done segment_base(struct cpu *cpu, const struct form *form,
			      const struct decoded *decoded)
{
	bool fs = form->mnemonic == ZYDIS_MNEMONIC_RDFSBASE ||
		  form->mnemonic == ZYDIS_MNEMONIC_WRFSBASE;
	bool write = form->mnemonic == ZYDIS_MNEMONIC_WRFSBASE ||
		     form->mnemonic == ZYDIS_MNEMONIC_WRGSBASE;
	struct kvm_segment *segment = fs ? &cpu->sregs->fs : &cpu->sregs->gs;
	int number = decoder_gpr(decoded->operands[0].reg.value);
	uint64_t value = form->operand_width == 64 ? cpu->gpr[number] : (uint32_t)cpu->gpr[number];

	if (!(cpu->sregs->cr4 & R0_CR4_FSGSBASE))
		return cpu_raise(cpu, R0_UD);
	if (!write) {
		set_gpr(cpu, number, form->operand_width, segment->base);
		return DONE;
	}
	if (!cpu_is_canonical(cpu, value))
		return cpu_raise_code(cpu, R0_GP, 0);
	segment->base = value;
	cpu->sregs_changed = true;
	return DONE;
}

static enum done set_ac(struct cpu *cpu, bool set)
{
	/* SMAP: leaf 7, EBX bit 20. */
	if (!cpu_has(cpu, 7, CPUID_EBX, 20) || cpu_cpl(cpu))
		return cpu_raise(cpu, R0_UD);
	cpu->flags = set ? cpu->flags | R0_RFLAGS_AC : cpu->flags & ~(uint64_t)R0_RFLAGS_AC;
	return DONE;
}

static enum done monitor(struct cpu *cpu, const struct form *form)
{
	uint64_t offset = cpu->bits == 64 ? cpu->gpr[CPU_RAX] : (uint32_t)cpu->gpr[CPU_RAX];
	uint64_t address;
	uint8_t byte;
	enum done done;

	if (!vcpu_cpuid_has(cpu->vcpu, 1, CPUID_ECX, 3) || cpu_cpl(cpu))
		return cpu_raise(cpu, R0_UD);
	if (form->mnemonic == ZYDIS_MNEMONIC_MWAIT)
		return cpu->gpr[CPU_RCX] & ~1ull ? cpu_raise_code(cpu, R0_GP, 0) : DONE;
	if (cpu->gpr[CPU_RCX])
		return cpu_raise_code(cpu, R0_GP, 0);
	done = segment_address(cpu, SEGMENT_DS, offset, 1, false, &address);
	if (done != DONE)
		return done;
	return cpu_read(cpu, address, &byte, 1, cpu_access(cpu, false));
}

/* RDPKRU and WRPKRU. */
static enum done protection_keys(struct cpu *cpu, bool write)
{
	enum done done;

	if (!(cpu->sregs->cr4 & R0_CR4_PKE))
		return cpu_raise(cpu, R0_UD);
	if ((uint32_t)cpu->gpr[CPU_RCX] || (write && (uint32_t)cpu->gpr[CPU_RDX]))
		return cpu_raise_code(cpu, R0_GP, 0);
	done = cpu_load_vector(cpu);
	if (done != DONE)
		return done;
	if (write) {
		vector_set_pkru(cpu, (uint32_t)cpu->gpr[CPU_RAX]);
	} else {
		cpu->gpr[CPU_RAX] = vector_get_pkru(cpu);
		cpu->gpr[CPU_RDX] = 0;
	}
	return DONE;
}

static enum done interrupt(struct cpu *cpu, uint8_t vector, bool *interrupts)
{
	cpu->fault = (struct fault){ .vector = vector, .trap = true };
	*interrupts = true;
	return DONE;
}

static enum done save_or_restore(struct cpu *cpu, const struct form *form,
				 const struct decoded *decoded)
{
	uint64_t address;
	enum done done;

	if (!cpu_has_osxsave(cpu))
		return cpu_raise(cpu, R0_UD);
	if (cpu->sregs->cr0 & R0_CR0_TS)
		return cpu_raise(cpu, R0_NM);
	done = operand_address(cpu, form, &decoded->operands[0], 576, &address);
	return done == DONE ? xsave_execute(cpu, form->mnemonic, address) : done;
}

/* INTO and BOUND are no instructions of 64-bit code. */
static enum done overflow(struct cpu *cpu, bool *interrupts)
{
	if (cpu->bits == 64)
		return cpu_raise(cpu, R0_UD);
	return cpu->flags & R0_RFLAGS_OF ? interrupt(cpu, R0_OF, interrupts) : DONE;
}

static enum done bound(struct cpu *cpu, const struct form *form, const struct decoded *decoded)
{
	unsigned int shift = 64 - form->operand_width, size = form->operand_width / 8u;
	uint64_t address, bounds[2] = { 0 };
	int64_t index, lower, upper;
	enum done done;

	if (cpu->bits == 64)
		return cpu_raise(cpu, R0_UD);
	done = operand_address(cpu, form, &decoded->operands[1], 2ul * size, &address);
	if (done == DONE)
		done = cpu_read(cpu, address, &bounds[0], size, cpu_access(cpu, false));
	if (done == DONE)
		done = cpu_read(cpu, address + size, &bounds[1], size, cpu_access(cpu, false));
	if (done != DONE)
		return done;
	index = (int64_t)(cpu->gpr[decoder_gpr(decoded->operands[0].reg.value)] << shift) >> shift;
	lower = (int64_t)(bounds[0] << shift) >> shift;
	upper = (int64_t)(bounds[1] << shift) >> shift;
	return index < lower || index > upper ? cpu_raise(cpu, R0_BR) : DONE;
}

/* SDM vol. 3D, 38.3 and 38.4: #UD without SGX. There is no way to have it for one instruction. */
static enum done enclave(struct cpu *cpu)
{
	if (!vcpu_cpuid_has(cpu->vcpu, 7, CPUID_EBX, 2))
		return cpu_raise(cpu, R0_UD);
	cpu->why = "what it does with enclaves is the CPU's alone";
	return DONE_CANNOT;
}

/* Those whose way in code of 16 and 32 bits is another, for which KVM asks no help: it has it itself. */
static bool is_for_64_bits(ZydisMnemonic mnemonic)
{
	return mnemonic == ZYDIS_MNEMONIC_SYSENTER || mnemonic == ZYDIS_MNEMONIC_SYSEXIT ||
	       mnemonic == ZYDIS_MNEMONIC_SYSRET;
}

enum done system_execute(struct cpu *cpu, const struct form *form, const struct decoded *decoded,
			 bool *interrupts, bool *jumps)
{
	*interrupts = *jumps = false;
	if (cpu->bits != 64 && is_for_64_bits(form->mnemonic)) {
		cpu->why = "in code of 16 and 32 bits it is not known here";
		return DONE_CANNOT;
	}
	switch (form->mnemonic) {
	case ZYDIS_MNEMONIC_INT3:
		return interrupt(cpu, R0_BP, interrupts);
	case ZYDIS_MNEMONIC_INT1:
		return interrupt(cpu, R0_DB, interrupts);
	case ZYDIS_MNEMONIC_INT:
		return interrupt(cpu, (uint8_t)decoded->operands[0].imm.value.u, interrupts);
	case ZYDIS_MNEMONIC_INTO:
		return overflow(cpu, interrupts);
	case ZYDIS_MNEMONIC_BOUND:
		return bound(cpu, form, decoded);
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
		*jumps = true;
		return legacy_return(cpu, form->operand_width / 8u,
				     segment_cut_rip(cpu, cpu->rip + form->length));
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
		return cpu_raise(cpu, R0_UD);
	case ZYDIS_MNEMONIC_CLAC:
	case ZYDIS_MNEMONIC_STAC:
		return set_ac(cpu, form->mnemonic == ZYDIS_MNEMONIC_STAC);
	case ZYDIS_MNEMONIC_ENCLS:
	case ZYDIS_MNEMONIC_ENCLU:
	case ZYDIS_MNEMONIC_ENCLV:
		return enclave(cpu);
	case ZYDIS_MNEMONIC_INVPCID:
		return invalidate(cpu, form, decoded);
	case ZYDIS_MNEMONIC_LAR:
	case ZYDIS_MNEMONIC_LSL:
	case ZYDIS_MNEMONIC_VERR:
	case ZYDIS_MNEMONIC_VERW:
		return look_at_segment(cpu, form, decoded);
	case ZYDIS_MNEMONIC_MONITOR:
	case ZYDIS_MNEMONIC_MWAIT:
		return monitor(cpu, form);
	case ZYDIS_MNEMONIC_RDFSBASE:
	case ZYDIS_MNEMONIC_RDGSBASE:
	case ZYDIS_MNEMONIC_WRFSBASE:
	case ZYDIS_MNEMONIC_WRGSBASE:
		return segment_base(cpu, form, decoded);
	case ZYDIS_MNEMONIC_RDPID:
		if (!vcpu_cpuid_has(cpu->vcpu, 7, CPUID_ECX, 22))
			return cpu_raise(cpu, R0_UD);
		cpu->gpr[decoder_gpr(decoded->operands[0].reg.value)] =
			cpu_read_msr(cpu, R0_MSR_TSC_AUX);
		return DONE;
	case ZYDIS_MNEMONIC_RDPKRU:
	case ZYDIS_MNEMONIC_WRPKRU:
		return protection_keys(cpu, form->mnemonic == ZYDIS_MNEMONIC_WRPKRU);
	case ZYDIS_MNEMONIC_RDTSCP:
		return read_time(cpu);
	case ZYDIS_MNEMONIC_SYSENTER:
	case ZYDIS_MNEMONIC_SYSEXIT:
		*jumps = true;
		return form->mnemonic == ZYDIS_MNEMONIC_SYSENTER ?
			       sysenter_execute(cpu) :
			       sysexit_execute(cpu, form->operand_width == 64);
	case ZYDIS_MNEMONIC_SYSRET:
		*jumps = true;
		return sysret_execute(cpu, form->operand_width == 64);
	case ZYDIS_MNEMONIC_CALL:
	case ZYDIS_MNEMONIC_JMP:
	case ZYDIS_MNEMONIC_RET:
		*jumps = true;
		return cpu->bits == 64 ? far_transfer_execute(cpu, form, decoded) :
					 legacy_far_execute(cpu, form, decoded);
	case ZYDIS_MNEMONIC_XGETBV:
	case ZYDIS_MNEMONIC_XSETBV:
		return extended_control(cpu, form->mnemonic == ZYDIS_MNEMONIC_XSETBV);
	default:
		return save_or_restore(cpu, form, decoded);
	}
}
