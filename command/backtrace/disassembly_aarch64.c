/* SPDX-License-Identifier: MIT */
/*
 * arm64's instructions, by Capstone, which is loaded when it is needed: it has all architectures', and is ten times as
 * large as the command. Depends on core_file.h, symbols.h and Capstone's header.
 */
#include <capstone/capstone.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include "command/backtrace/disassembly_own.h"

#define LENGTH 4

#define STRING(number)	 #number
#define LIBRARY(version) "libcapstone.so." STRING(version)

struct capstone {
	void *library;
	csh handle;
	__typeof__(cs_open) *open;
	__typeof__(cs_option) *option;
	__typeof__(cs_close) *close;
	__typeof__(cs_disasm) *disasm;
	__typeof__(cs_free) *free;
};

/* Of the version whose header this was compiled with: structures differ from one to the next. False, and nothing is open, if it is not there. */
static bool open_library(struct capstone *capstone)
{
	capstone->library = dlopen(LIBRARY(CS_API_MAJOR), RTLD_NOW | RTLD_LOCAL);
	if (!capstone->library)
		return false;
	capstone->open = (__typeof__(cs_open) *)dlsym(capstone->library, "cs_open");
	capstone->option = (__typeof__(cs_option) *)dlsym(capstone->library, "cs_option");
	capstone->close = (__typeof__(cs_close) *)dlsym(capstone->library, "cs_close");
	capstone->disasm = (__typeof__(cs_disasm) *)dlsym(capstone->library, "cs_disasm");
	capstone->free = (__typeof__(cs_free) *)dlsym(capstone->library, "cs_free");
	if (capstone->open && capstone->option && capstone->close && capstone->disasm &&
	    capstone->free &&
	    capstone->open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &capstone->handle) == CS_ERR_OK) {
		capstone->option(capstone->handle, CS_OPT_DETAIL, CS_OPT_ON);
		return true;
	}
	dlclose(capstone->library);
	return false;
}

static void close_library(struct capstone *capstone)
{
	capstone->close(&capstone->handle);
	dlclose(capstone->library);
}

/* Where a branch goes, and what is addressed by the PC: the immediates that are addresses. */
static bool target_of(const cs_insn *instruction, uint64_t *target)
{
	const cs_arm64 *detail = &instruction->detail->arm64;

	switch (instruction->id) {
	case ARM64_INS_B:
	case ARM64_INS_BL:
	case ARM64_INS_CBZ:
	case ARM64_INS_CBNZ:
	case ARM64_INS_TBZ:
	case ARM64_INS_TBNZ:
	case ARM64_INS_ADR:
	case ARM64_INS_LDR:
		break;
	default:
		return false;
	}
	for (int i = detail->op_count - 1; i >= 0; i--) {
		if (detail->operands[i].type != ARM64_OP_IMM)
			continue;
		*target = (uint64_t)detail->operands[i].imm;
		return true;
	}
	return false;
}

/* Without a symbol that holds it, an instruction is as long as all are. */
static size_t length_of(const struct symbols *symbols, const uint8_t *bytes, size_t count)
{
	(void)symbols;
	(void)bytes;
	return count >= LENGTH ? LENGTH : 0;
}

static size_t text_of(struct symbols *symbols, const uint8_t *bytes, size_t count, uint64_t address,
		      char *buffer, size_t size)
{
	struct capstone capstone;
	cs_insn *instruction;
	uint64_t target;
	uint32_t word;

	if (count < LENGTH)
		return 0;
	memcpy(&word, bytes, LENGTH);
	/* UDF #n, which older versions don't know: C6.2.387. */
	if (!(word >> 16)) {
		snprintf(buffer, size, "udf #0x%x", word);
		return LENGTH;
	}
	if (!open_library(&capstone)) {
		snprintf(buffer, size, "(there is no %s to say)", LIBRARY(CS_API_MAJOR));
		return LENGTH;
	}
	if (capstone.disasm(capstone.handle, bytes, LENGTH, address, 1, &instruction) == 1) {
		snprintf(buffer, size, "%s%s%s", instruction->mnemonic,
			 instruction->op_str[0] ? " " : "", instruction->op_str);
		if (target_of(instruction, &target))
			symbols_append(symbols, target, buffer, size);
		capstone.free(instruction, 1);
	} else {
		snprintf(buffer, size, ".inst 0x%08x", word);
	}
	close_library(&capstone);
	return LENGTH;
}

char *disassembly_library(void)
{
	struct capstone capstone;
	struct link_map *map;
	char *path = NULL;

	if (!open_library(&capstone))
		return NULL;
	if (dlinfo(capstone.library, RTLD_DI_LINKMAP, &map) == 0)
		path = strdup(map->l_name);
	close_library(&capstone);
	return path;
}

const struct disassembler disassembler_aarch64 = {
	.length = length_of,
	.text = text_of,
	.words = true,
};
