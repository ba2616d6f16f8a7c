/* SPDX-License-Identifier: MIT */
/* The call chain by EBP (System V ABI, i386 supplement, figure 2.2). Depends on core_file.h, symbols.h and libdwfl. */
#include "command/backtrace/call_chain_narrow.h"
#include <gelf.h>

#define FRAMES_MAX 64

/* CALL (SDM vol. 2A): to a distance of 32 bits, or by a register or memory, of 2 to 7 bytes. */
#define CALL_NEAR	 0xe8
#define CALL_NEAR_SIZE	 5
#define CALL_BY		 0xff
#define CALL_BY_LONGEST	 7
#define MODRM_CALL(byte) (((byte) >> 3 & 7) == 2)

/* With the return address, whose initial value is EIP. */
#define COLUMNS 9

bool call_chain_set_narrow(const struct symbols *symbols, Dwfl_Thread *thread)
{
	const union registers *regs = &symbols->core->registers;
	const Dwarf_Word columns[COLUMNS] = { regs->rax, regs->rcx, regs->rdx, regs->rbx, regs->rsp,
					      regs->rbp, regs->rsi, regs->rdi, regs->rip };

	return dwfl_thread_state_registers(thread, 0, COLUMNS, columns);
}

bool call_chain_is_of_i386(struct symbols *symbols)
{
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, symbols->core->registers.rip);
	GElf_Ehdr header;
	Dwarf_Addr bias;
	Elf *elf = module ? dwfl_module_getelf(module, &bias) : NULL;

	return elf && gelf_getehdr(elf, &header) && header.e_machine == EM_386;
}

static bool follows_a_call(struct symbols *symbols, uint32_t address)
{
	uint8_t bytes[CALL_BY_LONGEST];
	unsigned int size;

	if (address < sizeof(bytes) || !core_file_is_executable(symbols->core, address - 1) ||
	    core_file_read(symbols->core, address - sizeof(bytes), bytes, sizeof(bytes)) !=
		    sizeof(bytes))
		return false;
	if (bytes[sizeof(bytes) - CALL_NEAR_SIZE] == CALL_NEAR)
		return true;
	for (size = 2; size <= sizeof(bytes); size++)
		if (bytes[sizeof(bytes) - size] == CALL_BY &&
		    MODRM_CALL(bytes[sizeof(bytes) - size + 1]))
			return true;
	return false;
}

void call_chain_print_by_ebp(struct symbols *symbols, FILE *out)
{
	const union registers *regs = &symbols->core->registers;
	uint32_t frame[2], top, ebp = (uint32_t)regs->rbp;
	unsigned int count = 0;

	symbols_print_frame(symbols, regs->rip, false, "", &count, out);
	if (symbols->core->bits != 32)
		return;
	/* A function without a frame, or that has none yet: what called it is on top of the stack. */
	if (core_file_read(symbols->core, regs->rsp, &top, sizeof(top)) == sizeof(top) &&
	    regs->rsp != ebp + sizeof(uint32_t) && follows_a_call(symbols, top))
		symbols_print_frame(symbols, top, true, ", a guess", &count, out);
	/* Each frame lies above the one that it called: the caller's EBP, and the return address. */
	while (count < FRAMES_MAX && ebp &&
	       core_file_read(symbols->core, ebp, frame, sizeof(frame)) == sizeof(frame) &&
	       follows_a_call(symbols, frame[1])) {
		symbols_print_frame(symbols, frame[1], true, ", by EBP", &count, out);
		if (frame[0] <= ebp)
			break;
		ebp = frame[0];
	}
}
