/* SPDX-License-Identifier: MIT */
/*
 * One table of registers, of which are made: the target description, what packets have, and the way from and to
 * KVM's structures. The features' and registers' names are gdb's (GDB manual, G.5.4, "i386 Features"), but for
 * those of org.ring0.
 */
#include "gdb/registers_x86_64.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Offsets in the XSAVE area: SDM vol. 1, 10.5.1, table 10-2, and 13.4.1; of component 2, 13.5.3. */
#define XSAVE_FCW   0
#define XSAVE_FSW   2
#define XSAVE_FTW   4
#define XSAVE_FOP   6
#define XSAVE_FIP   8
#define XSAVE_FCS   12
#define XSAVE_FDP   16
#define XSAVE_FDS   20
#define XSAVE_MXCSR 24
#define XSAVE_ST0   32
#define XSAVE_XMM0  160
#define XSTATE_BV   512
#define XSAVE_YMMH  576

#define COMPONENT_X87 1u
#define COMPONENT_SSE 2u
#define COMPONENT_AVX 4u

enum mode { BOTH, ONLY_32, ONLY_64 };

struct field {
	const char *name;
	const char *type; /* NULL: an integer */
	uint16_t offset;  /* in struct all_registers */
	uint8_t size;	  /* bytes there */
	uint8_t bits;	  /* as gdb has it */
	uint8_t mode;	  /* enum mode */
	uint8_t component;
};

#define AT(member) \
	offsetof(struct all_registers, member), sizeof(((struct all_registers *)0)->member)
#define XSAVE(at, size) offsetof(struct all_registers, xsave) + (at), size

#define NUMBERED(name)                                     \
	{                                                  \
#name, NULL, AT(regs.name), 64, ONLY_64, 0 \
	}
#define SEGMENT(name)                                                \
	{                                                            \
#name, "int32", AT(sregs.name.selector), 32, BOTH, 0 \
	}
#define ST(n)                                                                                 \
	{                                                                                     \
		"st" #n, "i387_ext", XSAVE(XSAVE_ST0 + 16 * (n), 10), 80, BOTH, COMPONENT_X87 \
	}
#define X87(name, at, size)                                           \
	{                                                             \
		name, "int", XSAVE(at, size), 32, BOTH, COMPONENT_X87 \
	}
#define XMM(n, mode)                                                                           \
	{                                                                                      \
		"xmm" #n, "vec128", XSAVE(XSAVE_XMM0 + 16 * (n), 16), 128, mode, COMPONENT_SSE \
	}
#define YMMH(n, mode)                                                                 \
	{                                                                             \
		"ymm" #n "h", "uint128", XSAVE(XSAVE_YMMH + 16 * (n), 16), 128, mode, \
			COMPONENT_AVX                                                 \
	}
#define SYSTEM(name, member)                        \
	{                                           \
		name, NULL, AT(member), 64, BOTH, 0 \
	}

/* In gdb's order, which is not that of the instructions' numbers in 64-bit code. */
static const struct field core[] = {
	{ "rax", NULL, AT(regs.rax), 64, ONLY_64, 0 },
	{ "rbx", NULL, AT(regs.rbx), 64, ONLY_64, 0 },
	{ "rcx", NULL, AT(regs.rcx), 64, ONLY_64, 0 },
	{ "rdx", NULL, AT(regs.rdx), 64, ONLY_64, 0 },
	{ "rsi", NULL, AT(regs.rsi), 64, ONLY_64, 0 },
	{ "rdi", NULL, AT(regs.rdi), 64, ONLY_64, 0 },
	{ "rbp", "data_ptr", AT(regs.rbp), 64, ONLY_64, 0 },
	{ "rsp", "data_ptr", AT(regs.rsp), 64, ONLY_64, 0 },
	NUMBERED(r8),
	NUMBERED(r9),
	NUMBERED(r10),
	NUMBERED(r11),
	NUMBERED(r12),
	NUMBERED(r13),
	NUMBERED(r14),
	NUMBERED(r15),
	{ "rip", "code_ptr", AT(regs.rip), 64, ONLY_64, 0 },
	{ "eax", "int32", AT(regs.rax), 32, ONLY_32, 0 },
	{ "ecx", "int32", AT(regs.rcx), 32, ONLY_32, 0 },
	{ "edx", "int32", AT(regs.rdx), 32, ONLY_32, 0 },
	{ "ebx", "int32", AT(regs.rbx), 32, ONLY_32, 0 },
	{ "esp", "data_ptr", AT(regs.rsp), 32, ONLY_32, 0 },
	{ "ebp", "data_ptr", AT(regs.rbp), 32, ONLY_32, 0 },
	{ "esi", "int32", AT(regs.rsi), 32, ONLY_32, 0 },
	{ "edi", "int32", AT(regs.rdi), 32, ONLY_32, 0 },
	{ "eip", "code_ptr", AT(regs.rip), 32, ONLY_32, 0 },
	{ "eflags", "i386_eflags", AT(regs.rflags), 32, BOTH, 0 },
	SEGMENT(cs),
	SEGMENT(ss),
	SEGMENT(ds),
	SEGMENT(es),
	SEGMENT(fs),
	SEGMENT(gs),
	ST(0),
	ST(1),
	ST(2),
	ST(3),
	ST(4),
	ST(5),
	ST(6),
	ST(7),
	X87("fctrl", XSAVE_FCW, 2),
	X87("fstat", XSAVE_FSW, 2),
	X87("ftag", XSAVE_FTW, 1),
	X87("fiseg", XSAVE_FCS, 2),
	X87("fioff", XSAVE_FIP, 4),
	X87("foseg", XSAVE_FDS, 2),
	X87("fooff", XSAVE_FDP, 4),
	X87("fop", XSAVE_FOP, 2),
};

static const struct field sse[] = {
	XMM(0, BOTH),
	XMM(1, BOTH),
	XMM(2, BOTH),
	XMM(3, BOTH),
	XMM(4, BOTH),
	XMM(5, BOTH),
	XMM(6, BOTH),
	XMM(7, BOTH),
	XMM(8, ONLY_64),
	XMM(9, ONLY_64),
	XMM(10, ONLY_64),
	XMM(11, ONLY_64),
	XMM(12, ONLY_64),
	XMM(13, ONLY_64),
	XMM(14, ONLY_64),
	XMM(15, ONLY_64),
	{ "mxcsr", "i386_mxcsr", XSAVE(XSAVE_MXCSR, 4), 32, BOTH, 0 },
};

static const struct field avx[] = {
	YMMH(0, BOTH),	   YMMH(1, BOTH),     YMMH(2, BOTH),	 YMMH(3, BOTH),
	YMMH(4, BOTH),	   YMMH(5, BOTH),     YMMH(6, BOTH),	 YMMH(7, BOTH),
	YMMH(8, ONLY_64),  YMMH(9, ONLY_64),  YMMH(10, ONLY_64), YMMH(11, ONLY_64),
	YMMH(12, ONLY_64), YMMH(13, ONLY_64), YMMH(14, ONLY_64), YMMH(15, ONLY_64),
};

static const struct field segments[] = {
	{ "fs_base", "int", AT(sregs.fs.base), 64, ONLY_64, 0 },
	{ "gs_base", "int", AT(sregs.gs.base), 64, ONLY_64, 0 },
};

static const struct field control[] = {
	{ "cr0", "cr0", AT(sregs.cr0), 64, BOTH, 0 },
	SYSTEM("cr2", sregs.cr2),
	SYSTEM("cr3", sregs.cr3),
	{ "cr4", "cr4", AT(sregs.cr4), 64, BOTH, 0 },
	SYSTEM("cr8", sregs.cr8),
	{ "efer", "efer", AT(sregs.efer), 64, BOTH, 0 },
	SYSTEM("xcr0", xcr0),
	SYSTEM("dr0", debugregs.db[0]),
	SYSTEM("dr1", debugregs.db[1]),
	SYSTEM("dr2", debugregs.db[2]),
	SYSTEM("dr3", debugregs.db[3]),
	SYSTEM("dr6", debugregs.dr6),
	SYSTEM("dr7", debugregs.dr7),
	SYSTEM("gdt_base", sregs.gdt.base),
	SYSTEM("gdt_limit", sregs.gdt.limit),
	SYSTEM("idt_base", sregs.idt.base),
	SYSTEM("idt_limit", sregs.idt.limit),
	SYSTEM("ldtr", sregs.ldt.selector),
	SYSTEM("tr", sregs.tr.selector),
	SYSTEM("tr_base", sregs.tr.base),
};

static const struct field msrs[] = {
	SYSTEM("apic_base", sregs.apic_base),
	SYSTEM("kernel_gs_base", kernel_gs_base),
	SYSTEM("star", star),
	SYSTEM("lstar", lstar),
	SYSTEM("fmask", fmask),
	SYSTEM("sysenter_cs", sysenter_cs),
	SYSTEM("sysenter_esp", sysenter_esp),
	SYSTEM("sysenter_eip", sysenter_eip),
};

/*
 * Nothing that a CPU has: of a system call that was entered. Without it gdb has a Linux program be none, and looks
 * neither for where it is nor for its libraries (gdb/amd64-linux-tdep.c, amd64_linux_init_abi()).
 */
static const struct field of_linux[] = {
	{ "orig_rax", "int", 0, 0, 64, ONLY_64, 0 },
};

static const char core_types[] = "<flags id=\"i386_eflags\" size=\"4\">"
				 "<field name=\"\" start=\"22\" end=\"31\"/>"
				 "<field name=\"ID\" start=\"21\" end=\"21\"/>"
				 "<field name=\"VIP\" start=\"20\" end=\"20\"/>"
				 "<field name=\"VIF\" start=\"19\" end=\"19\"/>"
				 "<field name=\"AC\" start=\"18\" end=\"18\"/>"
				 "<field name=\"VM\" start=\"17\" end=\"17\"/>"
				 "<field name=\"RF\" start=\"16\" end=\"16\"/>"
				 "<field name=\"\" start=\"15\" end=\"15\"/>"
				 "<field name=\"NT\" start=\"14\" end=\"14\"/>"
				 "<field name=\"IOPL\" start=\"12\" end=\"13\"/>"
				 "<field name=\"OF\" start=\"11\" end=\"11\"/>"
				 "<field name=\"DF\" start=\"10\" end=\"10\"/>"
				 "<field name=\"IF\" start=\"9\" end=\"9\"/>"
				 "<field name=\"TF\" start=\"8\" end=\"8\"/>"
				 "<field name=\"SF\" start=\"7\" end=\"7\"/>"
				 "<field name=\"ZF\" start=\"6\" end=\"6\"/>"
				 "<field name=\"\" start=\"5\" end=\"5\"/>"
				 "<field name=\"AF\" start=\"4\" end=\"4\"/>"
				 "<field name=\"\" start=\"3\" end=\"3\"/>"
				 "<field name=\"PF\" start=\"2\" end=\"2\"/>"
				 "<field name=\"\" start=\"1\" end=\"1\"/>"
				 "<field name=\"CF\" start=\"0\" end=\"0\"/>"
				 "</flags>";

static const char sse_types[] = "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
				"<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
				"<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
				"<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
				"<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
				"<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
				"<union id=\"vec128\">"
				"<field name=\"v4_float\" type=\"v4f\"/>"
				"<field name=\"v2_double\" type=\"v2d\"/>"
				"<field name=\"v16_int8\" type=\"v16i8\"/>"
				"<field name=\"v8_int16\" type=\"v8i16\"/>"
				"<field name=\"v4_int32\" type=\"v4i32\"/>"
				"<field name=\"v2_int64\" type=\"v2i64\"/>"
				"<field name=\"uint128\" type=\"uint128\"/>"
				"</union>"
				"<flags id=\"i386_mxcsr\" size=\"4\">"
				"<field name=\"IE\" start=\"0\" end=\"0\"/>"
				"<field name=\"DE\" start=\"1\" end=\"1\"/>"
				"<field name=\"ZE\" start=\"2\" end=\"2\"/>"
				"<field name=\"OE\" start=\"3\" end=\"3\"/>"
				"<field name=\"UE\" start=\"4\" end=\"4\"/>"
				"<field name=\"PE\" start=\"5\" end=\"5\"/>"
				"<field name=\"DAZ\" start=\"6\" end=\"6\"/>"
				"<field name=\"IM\" start=\"7\" end=\"7\"/>"
				"<field name=\"DM\" start=\"8\" end=\"8\"/>"
				"<field name=\"ZM\" start=\"9\" end=\"9\"/>"
				"<field name=\"OM\" start=\"10\" end=\"10\"/>"
				"<field name=\"UM\" start=\"11\" end=\"11\"/>"
				"<field name=\"PM\" start=\"12\" end=\"12\"/>"
				"<field name=\"FZ\" start=\"15\" end=\"15\"/>"
				"</flags>";

/* SDM vol. 3A, 2.5 and 2.2.1. */
static const char control_types[] = "<flags id=\"cr0\" size=\"8\">"
				    "<field name=\"PG\" start=\"31\" end=\"31\"/>"
				    "<field name=\"CD\" start=\"30\" end=\"30\"/>"
				    "<field name=\"NW\" start=\"29\" end=\"29\"/>"
				    "<field name=\"AM\" start=\"18\" end=\"18\"/>"
				    "<field name=\"WP\" start=\"16\" end=\"16\"/>"
				    "<field name=\"NE\" start=\"5\" end=\"5\"/>"
				    "<field name=\"ET\" start=\"4\" end=\"4\"/>"
				    "<field name=\"TS\" start=\"3\" end=\"3\"/>"
				    "<field name=\"EM\" start=\"2\" end=\"2\"/>"
				    "<field name=\"MP\" start=\"1\" end=\"1\"/>"
				    "<field name=\"PE\" start=\"0\" end=\"0\"/>"
				    "</flags>"
				    "<flags id=\"cr4\" size=\"8\">"
				    "<field name=\"PKS\" start=\"24\" end=\"24\"/>"
				    "<field name=\"CET\" start=\"23\" end=\"23\"/>"
				    "<field name=\"PKE\" start=\"22\" end=\"22\"/>"
				    "<field name=\"SMAP\" start=\"21\" end=\"21\"/>"
				    "<field name=\"SMEP\" start=\"20\" end=\"20\"/>"
				    "<field name=\"OSXSAVE\" start=\"18\" end=\"18\"/>"
				    "<field name=\"PCIDE\" start=\"17\" end=\"17\"/>"
				    "<field name=\"FSGSBASE\" start=\"16\" end=\"16\"/>"
				    "<field name=\"SMXE\" start=\"14\" end=\"14\"/>"
				    "<field name=\"VMXE\" start=\"13\" end=\"13\"/>"
				    "<field name=\"LA57\" start=\"12\" end=\"12\"/>"
				    "<field name=\"UMIP\" start=\"11\" end=\"11\"/>"
				    "<field name=\"OSXMMEXCPT\" start=\"10\" end=\"10\"/>"
				    "<field name=\"OSFXSR\" start=\"9\" end=\"9\"/>"
				    "<field name=\"PCE\" start=\"8\" end=\"8\"/>"
				    "<field name=\"PGE\" start=\"7\" end=\"7\"/>"
				    "<field name=\"MCE\" start=\"6\" end=\"6\"/>"
				    "<field name=\"PAE\" start=\"5\" end=\"5\"/>"
				    "<field name=\"PSE\" start=\"4\" end=\"4\"/>"
				    "<field name=\"DE\" start=\"3\" end=\"3\"/>"
				    "<field name=\"TSD\" start=\"2\" end=\"2\"/>"
				    "<field name=\"PVI\" start=\"1\" end=\"1\"/>"
				    "<field name=\"VME\" start=\"0\" end=\"0\"/>"
				    "</flags>"
				    "<flags id=\"efer\" size=\"8\">"
				    "<field name=\"FFXSR\" start=\"14\" end=\"14\"/>"
				    "<field name=\"SVME\" start=\"12\" end=\"12\"/>"
				    "<field name=\"NXE\" start=\"11\" end=\"11\"/>"
				    "<field name=\"LMA\" start=\"10\" end=\"10\"/>"
				    "<field name=\"LME\" start=\"8\" end=\"8\"/>"
				    "<field name=\"SCE\" start=\"0\" end=\"0\"/>"
				    "</flags>";

/* `info registers` shows those without a group, `info registers system` the others. */
static const struct feature {
	const char *name, *types, *group;
	const struct field *fields;
	size_t count;
} features[] = {
#define FIELDS(name) name, sizeof(name) / sizeof(*(name))
	{ "org.gnu.gdb.i386.core", core_types, NULL, FIELDS(core) },
	{ "org.gnu.gdb.i386.sse", sse_types, NULL, FIELDS(sse) },
	{ "org.gnu.gdb.i386.avx", "", NULL, FIELDS(avx) },
	{ "org.gnu.gdb.i386.segments", "", NULL, FIELDS(segments) },
	{ "org.ring0.control", control_types, "system", FIELDS(control) },
	{ "org.ring0.msr", "", "system", FIELDS(msrs) },
	{ "org.gnu.gdb.i386.linux", "", "system", FIELDS(of_linux) },
};

#define FEATURES (sizeof(features) / sizeof(*features))

/* The packed form does not say of which field a register is: it is in the same order. */
struct walk {
	size_t feature, field;
	enum mode not ;
	bool of_process;
};

static bool has_feature(const struct feature *feature, enum mode not, bool of_process)
{
	/* gdb takes no feature without its registers. */
	if (feature->fields == segments)
		return not != ONLY_64;
	return feature->fields != of_linux || (of_process && not != ONLY_64);
}

static const struct field *next(struct walk *walk)
{
	for (; walk->feature < FEATURES; walk->feature++, walk->field = 0) {
		const struct feature *feature = &features[walk->feature];

		if (!has_feature(feature, walk->not, walk->of_process))
			continue;
		while (walk->field < feature->count) {
			const struct field *field = &feature->fields[walk->field++];

			if (field->mode != walk->not )
				return field;
		}
	}
	return NULL;
}

static enum mode mode_not(const struct gdb_registers *registers)
{
	return registers->list[0].size == 8 ? ONLY_32 : ONLY_64;
}

static void describe_feature(struct buffer *text, const struct feature *feature, enum mode not )
{
	size_t i;

	buffer_print(text, "<feature name=\"%s\">%s", feature->name, feature->types);
	for (i = 0; i < feature->count; i++) {
		const struct field *field = &feature->fields[i];

		if (field->mode == not )
			continue;
		buffer_print(text, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"", field->name,
			     field->bits, field->type ? field->type : "int64");
		if (feature->group)
			buffer_print(text, " group=\"%s\"", feature->group);
		buffer_print(text, "/>");
	}
	buffer_print(text, "</feature>");
}

static void describe(struct buffer *text, bool is_64_bit, bool of_process)
{
	const enum mode not = is_64_bit ? ONLY_32 : ONLY_64;
	size_t i;

	buffer_print(text,
		     "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
		     "<architecture>%s</architecture>",
		     is_64_bit ? "i386:x86-64" : "i386");
	for (i = 0; i < FEATURES; i++)
		if (has_feature(&features[i], not, of_process))
			describe_feature(text, &features[i], not );
	buffer_print(text, "</target>");
}

int gdb_registers_init(struct gdb_registers *registers, bool is_64_bit, bool of_process)
{
	struct walk walk = { .not = is_64_bit ? ONLY_32 : ONLY_64, .of_process = of_process };
	const struct field *field;
	struct buffer text = { 0 };
	size_t count = 0, i;

	for (i = 0; i < FEATURES; i++)
		count += features[i].count;
	*registers = (struct gdb_registers){
		.list = calloc(count, sizeof(*registers->list)),
		.of_process = of_process,
	};
	describe(&text, is_64_bit, of_process);
	registers->description = buffer_take(&text);
	if (!registers->list || !registers->description || text.cut) {
		gdb_registers_finish(registers);
		return -ENOMEM;
	}
	while ((field = next(&walk))) {
		registers->list[registers->count++] =
			(struct gdb_register){ field->name, (uint16_t)registers->size,
					       field->bits / 8 };
		registers->size += field->bits / 8;
	}
	return 0;
}

void gdb_registers_finish(struct gdb_registers *registers)
{
	free(registers->description);
	free(registers->list);
	*registers = (struct gdb_registers){ 0 };
}

/* gdb has two bits for each x87 register, XSAVE one: SDM vol. 1, 10.5.1.1. 3 is empty. */
static uint16_t whole_tag(uint8_t abridged)
{
	uint16_t tag = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		if (!(abridged >> i & 1))
			tag |= (uint16_t)(3 << 2 * i);
	return tag;
}

static uint8_t abridged_tag(uint16_t tag)
{
	uint8_t abridged = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		if ((tag >> 2 * i & 3) != 3)
			abridged |= (uint8_t)(1 << i);
	return abridged;
}

static bool is_tag(const struct field *field)
{
	return field->offset == offsetof(struct all_registers, xsave) + XSAVE_FTW;
}

static uint8_t *xstate_bv(struct all_registers *state)
{
	return (uint8_t *)&state->xsave + XSTATE_BV;
}

void gdb_registers_pack(const struct gdb_registers *registers, const struct all_registers *state,
			uint8_t *packed)
{
	const uint8_t components = *((const uint8_t *)&state->xsave + XSTATE_BV);
	struct walk walk = { .not = mode_not(registers), .of_process = registers->of_process };
	const struct field *field;
	size_t i;

	memset(packed, 0, registers->size);
	for (i = 0; (field = next(&walk)); i++) {
		const struct gdb_register *one = &registers->list[i];
		const uint8_t *from = (const uint8_t *)state + field->offset;

		/* What is in its initial state need not be there: all zero, but for what x87 has there. */
		if (field->component == COMPONENT_AVX && !(components & COMPONENT_AVX))
			continue;
		if (is_tag(field)) {
			uint16_t tag = whole_tag(*from);

			memcpy(packed + one->offset, &tag, sizeof(tag));
			continue;
		}
		memcpy(packed + one->offset, from,
		       field->size < one->size ? field->size : one->size);
	}
}

void gdb_registers_unpack(const struct gdb_registers *registers, const uint8_t *packed,
			  struct all_registers *state)
{
	struct walk walk = { .not = mode_not(registers), .of_process = registers->of_process };
	const struct field *field;
	size_t i;

	for (i = 0; (field = next(&walk)); i++) {
		const struct gdb_register *one = &registers->list[i];
		uint8_t *to = (uint8_t *)state + field->offset;
		size_t size = field->size < one->size ? field->size : one->size;
		uint8_t before[16];

		if (is_tag(field)) {
			uint16_t tag;

			memcpy(&tag, packed + one->offset, sizeof(tag));
			*to = abridged_tag(tag);
			continue;
		}
		memcpy(before, to, size);
		memcpy(to, packed + one->offset, size);
		/* One that is written is not in its initial state any more. */
		if (field->component && memcmp(before, to, size))
			*xstate_bv(state) |= field->component;
	}
}
