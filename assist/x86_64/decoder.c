/* SPDX-License-Identifier: MIT */
/* Zydis by dlopen(). Depends on libc alone at link time. */
#include "assist/x86_64/decoder.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/*
 * Weak: a static program has none, and its linker does not warn of one. Such a program goes without
 * what is done here.
 */
extern __typeof__(dlopen) dlopen __attribute__((weak));
extern __typeof__(dlsym) dlsym __attribute__((weak));
extern __typeof__(dlerror) dlerror __attribute__((weak));

static struct {
	__typeof__(ZydisDecoderInit) *init;
	__typeof__(ZydisDecoderEnableMode) *enable_mode;
	__typeof__(ZydisDecoderDecodeFull) *decode;
	__typeof__(ZydisDecoderDecodeInstruction) *decode_outline;
	__typeof__(ZydisMnemonicGetString) *mnemonic;
	__typeof__(ZydisRegisterGetClass) *class;
	__typeof__(ZydisRegisterGetId) *id;
	__typeof__(ZydisRegisterGetLargestEnclosing) *largest;
	ZydisDecoder decoder, decoder32, decoder16, outliner;
	bool there;
	char complaint[256];
} zydis;

/* The layout of Zydis' structures is that of the headers: only that minor version fits. */
static void load(void)
{
	/* Of 64 bits since Zydis 4.1. */
	const unsigned int major = (unsigned int)ZYDIS_VERSION_MAJOR(ZYDIS_VERSION);
	const unsigned int minor = (unsigned int)ZYDIS_VERSION_MINOR(ZYDIS_VERSION);
	char name[64];
	void *library;
	const char *why;

	if (!dlopen || !dlsym) {
		snprintf(zydis.complaint, sizeof(zydis.complaint),
			 "this program is statically linked, and can't load the decoder for it: "
			 "link it dynamically");
		return;
	}
	snprintf(name, sizeof(name), "libZydis.so.%u.%u", major, minor);
	library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	why = library || !dlerror ? NULL : dlerror();
	/* Not the file that is missing, but descriptors or memory. */
	if (why && !strstr(why, strerror(ENOENT))) {
		snprintf(zydis.complaint, sizeof(zydis.complaint), "loading Zydis failed: %s", why);
		return;
	}
	if (!library) {
		snprintf(zydis.complaint, sizeof(zydis.complaint),
			 "the host could execute it if it had %s: install Zydis (on Debian and "
			 "Ubuntu the package libzydis%u.%u or libzydis-dev)",
			 name, major, minor);
		return;
	}
	zydis.init = dlsym(library, "ZydisDecoderInit");
	zydis.decode = dlsym(library, "ZydisDecoderDecodeFull");
	zydis.enable_mode = dlsym(library, "ZydisDecoderEnableMode");
	zydis.decode_outline = dlsym(library, "ZydisDecoderDecodeInstruction");
	zydis.mnemonic = dlsym(library, "ZydisMnemonicGetString");
	zydis.class = dlsym(library, "ZydisRegisterGetClass");
	zydis.id = dlsym(library, "ZydisRegisterGetId");
	zydis.largest = dlsym(library, "ZydisRegisterGetLargestEnclosing");
	zydis.there = zydis.init && zydis.enable_mode && zydis.decode && zydis.decode_outline &&
		      zydis.mnemonic && zydis.class && zydis.id && zydis.largest &&
		      ZYAN_SUCCESS(zydis.init(&zydis.decoder, ZYDIS_MACHINE_MODE_LONG_64,
					      ZYDIS_STACK_WIDTH_64)) &&
		      ZYAN_SUCCESS(zydis.init(&zydis.decoder32, ZYDIS_MACHINE_MODE_LEGACY_32,
					      ZYDIS_STACK_WIDTH_32)) &&
		      ZYAN_SUCCESS(zydis.init(&zydis.decoder16, ZYDIS_MACHINE_MODE_LEGACY_16,
					      ZYDIS_STACK_WIDTH_16));
	if (zydis.there) {
		zydis.outliner = zydis.decoder;
		zydis.there = ZYAN_SUCCESS(
			zydis.enable_mode(&zydis.outliner, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE));
	}
	if (!zydis.there)
		snprintf(zydis.complaint, sizeof(zydis.complaint),
			 "%s is not the library that it should be", name);
}

bool decoder_load(struct error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	if (!zydis.there)
		error_set(error, ENOENT, "%s", zydis.complaint);
	return zydis.there;
}

static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x40 ... 0x4f: /* REX */
	case 0x64 ... 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	default:
		return false;
	}
}

/*
 * What 64-bit mode has not, of the first opcode map, and LEA of a register: SDM vol. 2D, table A-2
 * ("i64"); vol. 2A, LEA. Zydis does not tell it from what is not known to it.
 */
static bool is_undefined(const uint8_t *bytes, size_t count)
{
	size_t at = 0;

	while (at < count && is_prefix(bytes[at]))
		at++;
	if (at == count)
		return false;
	switch (bytes[at]) {
	case 0x06:
	case 0x07:
	case 0x0e:
	case 0x16:
	case 0x17:
	case 0x1e:
	case 0x1f:
	case 0x27:
	case 0x2f:
	case 0x37:
	case 0x3f:
	case 0x60:
	case 0x61:
	case 0x82:
	case 0x9a:
	case 0xce:
	case 0xd4:
	case 0xd6:
	case 0xea:
		return true;
	case 0x8d:
		return at + 1 < count && bytes[at + 1] >= 0xc0;
	default:
		return false;
	}
}

enum decoder_answer decoder_decode(unsigned int bits, const uint8_t *bytes, size_t count,
				   struct decoded *decoded)
{
	const ZydisDecoder *decoder = bits == 64 ? &zydis.decoder :
				      bits == 32 ? &zydis.decoder32 :
						   &zydis.decoder16;
	ZyanStatus status =
		zydis.decode(decoder, bytes, count, &decoded->instruction, decoded->operands);

	if (ZYAN_SUCCESS(status))
		return DECODER_INSTRUCTION;
	switch (status) {
	case ZYDIS_STATUS_NO_MORE_DATA:
		return DECODER_SHORT;
	case ZYDIS_STATUS_INSTRUCTION_TOO_LONG:
		return DECODER_TOO_LONG;
	case ZYDIS_STATUS_BAD_REGISTER:
	case ZYDIS_STATUS_ILLEGAL_LOCK:
	case ZYDIS_STATUS_ILLEGAL_LEGACY_PFX:
	case ZYDIS_STATUS_ILLEGAL_REX:
	case ZYDIS_STATUS_INVALID_MASK:
	case ZYDIS_STATUS_MALFORMED_EVEX:
	case ZYDIS_STATUS_INVALID_MAP:
		return DECODER_UNDEFINED;
	default:
		return bits == 64 && is_undefined(bytes, count) ? DECODER_UNDEFINED :
								  DECODER_UNKNOWN;
	}
}

bool decoder_outline(const uint8_t *bytes, size_t count, struct decoder_outline *outline)
{
	ZydisDecodedInstruction instruction;

	if (!ZYAN_SUCCESS(zydis.decode_outline(&zydis.outliner, NULL, bytes, count, &instruction)))
		return false;
	*outline = (struct decoder_outline){
		.mnemonic = instruction.mnemonic,
		.length = instruction.length,
		.modrm = instruction.raw.modrm.offset,
	};
	return true;
}

const char *decoder_mnemonic(ZydisMnemonic mnemonic)
{
	const char *name = zydis.mnemonic(mnemonic);

	return name ? name : "?";
}

ZydisRegisterClass decoder_class(ZydisRegister name)
{
	return zydis.class(name);
}

int decoder_number(ZydisRegister name)
{
	return zydis.id(name);
}

uint8_t decoder_segment(ZydisRegister name)
{
	return name >= ZYDIS_REGISTER_ES && name <= ZYDIS_REGISTER_GS ?
		       (uint8_t)(name - ZYDIS_REGISTER_ES) :
		       3;
}

int decoder_gpr(ZydisRegister name)
{
	ZydisRegister largest = zydis.largest(ZYDIS_MACHINE_MODE_LONG_64, name);

	if (largest < ZYDIS_REGISTER_RAX || largest > ZYDIS_REGISTER_R15)
		return -1;
	return largest - ZYDIS_REGISTER_RAX;
}
