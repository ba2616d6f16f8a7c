/* SPDX-License-Identifier: MIT */
/*
 * A kernel that tells what its boot loader told it, a line each, on the first serial line, then says what the
 * words of its command line have it say, and ends as the last of them has it end: see speak() and end(). For all
 * protocols; 32-bit code.
 */
#include <stddef.h>
#include "tests/boot/kernel.h"

enum protocol { MULTIBOOT = 1, MULTIBOOT2, PVH, LINUX, ELF };

#define COM1	   0x3f8
#define DEBUG_EXIT 0xf4

void kernel(enum protocol protocol, uint32_t value);

void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void put(char c)
{
	out8(COM1, (uint8_t)c);
}

void print(const char *text)
{
	while (*text)
		put(*text++);
}

static void print_hex(uint64_t value)
{
	int shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	print("0x");
	for (; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
}

static void *at(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

static void say(const char *what, const char *text)
{
	print(what);
	print(": ");
	print(text);
	put('\n');
}

static void tell_memory(uint64_t address, uint64_t size, uint32_t type)
{
	print("memory: ");
	print_hex(address);
	put(' ');
	print_hex(size);
	put(' ');
	print_hex(type);
	put('\n');
}

static const char *first_module;
static uint64_t first_module_size;

static void tell_module(const char *text, uint64_t address, uint64_t size)
{
	const char *content = at(address);
	uint64_t i;

	if (!first_module) {
		first_module = content;
		first_module_size = size;
	}

	print("module: ");
	print(text);
	put(' ');
	print_hex(size);
	put(' ');
	for (i = 0; i < size && i < 32 && content[i] != '\n'; i++)
		put(content[i]);
	print(address & 4095 ? " misaligned\n" : "\n");
}

/* Multiboot 0.6.96, 3.3. */
static const char *tell_multiboot(const uint32_t *information)
{
	uint32_t flags = information[0], i;

	print("flags: ");
	print_hex(flags);
	put('\n');
	if (flags & 1) {
		tell_memory(0, information[1] * 1024ull, 0);
		tell_memory(0x100000, information[2] * 1024ull, 0);
	}
	if (flags & 0x200)
		say("loader", at(information[16]));
	for (i = 0; flags & 8 && i < information[5]; i++) {
		const uint32_t *module = (const uint32_t *)at(information[6]) + 4 * i;

		tell_module(at(module[2]), module[0], module[1] - module[0]);
	}
	for (i = 0; flags & 0x40 && i < information[11];) {
		const uint32_t *entry = at(information[12] + i);

		tell_memory(entry[1] | (uint64_t)entry[2] << 32,
			    entry[3] | (uint64_t)entry[4] << 32, entry[5]);
		i += entry[0] + 4;
	}
	return flags & 4 ? at(information[4]) : "(none)";
}

static void tell_multiboot2_map(const uint32_t *tag)
{
	const uint32_t *entry;

	for (entry = tag + 4; (const char *)entry < (const char *)tag + tag[1]; entry += tag[2] / 4)
		tell_memory(entry[0] | (uint64_t)entry[1] << 32,
			    entry[2] | (uint64_t)entry[3] << 32, entry[4]);
}

/* Multiboot 2.0, 3.6. */
static const char *tell_multiboot2(const uint32_t *information)
{
	const uint32_t *tag = information + 2;
	const char *command_line = "(none)";

	for (; tag[0]; tag += (tag[1] + 7) / 8 * 2) {
		if (tag[0] == 1)
			command_line = (const char *)(tag + 2);
		if (tag[0] == 2)
			say("loader", (const char *)(tag + 2));
		if (tag[0] == 3)
			tell_module((const char *)(tag + 4), tag[2], tag[3] - tag[2]);
		if (tag[0] == 4) {
			tell_memory(0, tag[2] * 1024ull, 0);
			tell_memory(0x100000, tag[3] * 1024ull, 0);
		}
		if (tag[0] == 6)
			tell_multiboot2_map(tag);
	}
	if ((const char *)tag - (const char *)information + 8 != (long)information[0])
		say("size", "wrong");
	return command_line;
}

/* Xen's start_info.h. */
static const char *tell_pvh(const uint32_t *start)
{
	const uint64_t *wide = (const uint64_t *)start;
	uint32_t i;

	print_hex(start[0]);
	put('\n');
	for (i = 0; i < start[3]; i++) {
		const uint64_t *module = (const uint64_t *)at(wide[2]) + 4 * i;

		tell_module(at(module[2]), module[0], module[1]);
	}
	for (i = 0; i < start[12]; i++) {
		const uint64_t *entry = (const uint64_t *)at(wide[5]) + 3 * i;

		tell_memory(entry[0], entry[1], (uint32_t)entry[2]);
	}
	return at(wide[3]);
}

/* Linux's zero page. */
static const char *tell_linux(const uint8_t *page)
{
	uint32_t i, ramdisk = *(const uint32_t *)(page + 0x218);

	print_hex(page[0x210]);
	put('\n');
	if (ramdisk)
		tell_module("-", ramdisk, *(const uint32_t *)(page + 0x21c));
	for (i = 0; i < page[0x1e8]; i++) {
		const uint32_t *entry = (const uint32_t *)(page + 0x2d0 + i * 20);

		tell_memory(entry[0] | (uint64_t)entry[1] << 32,
			    entry[2] | (uint64_t)entry[3] << 32, entry[4]);
	}
	return at(*(const uint32_t *)(page + 0x228));
}

static int is_last_word(const char *text, const char *word)
{
	const char *last = text;

	for (; *text; text++)
		if (*text == ' ')
			last = text + 1;
	for (; *word && *last == *word; word++)
		last++;
	return !*word && !*last;
}

/* The rest of a word that begins so, or NULL. */
static const char *after(const char *word, const char *begin)
{
	for (; *begin; begin++)
		if (*word++ != *begin)
			return NULL;
	return word;
}

/* fw_cfg's number of CPUs: QEMU's docs/specs/fw_cfg.rst. */
static void tell_cpus(void)
{
	out16(0x510, 5);
	print("CPUs: ");
	print_hex(in8(0x511));
	put('\n');
}

/* say=TEXT, in which _ is a blank, is a line of its own; module is all of the first one; cpus their number. */
static void speak(const char *words)
{
	const char *text;
	uint64_t i;

	while (*words) {
		text = after(words, "say=");
		if (text) {
			for (; *text && *text != ' '; text++)
				put(*text == '_' ? ' ' : *text);
			put('\n');
		}
		for (i = 0; after(words, "module") && i < first_module_size; i++)
			put(first_module[i]);
		if (after(words, "cpus"))
			tell_cpus();
		while (*words && *words != ' ')
			words++;
		while (*words == ' ')
			words++;
	}
}

/* status=N, one digit or two, which the debug exit is to have; or 21. */
static uint8_t find_status(const char *words)
{
	const char *digits = NULL;

	for (; *words; words++)
		if (after(words, "status="))
			digits = after(words, "status=");
	if (!digits)
		return 21;
	if (digits[1] >= '0' && digits[1] <= '9')
		return (uint8_t)((digits[0] - '0') * 10 + digits[1] - '0');
	return (uint8_t)(digits[0] - '0');
}

static void load_no_idt(void)
{
	static const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) none;

	__asm__ volatile("lidt %0" : : "m"(none));
}

/*
 * By the local APIC: an INIT to itself (SDM vol. 3A, 10.6.1), which has the CPU start at the reset vector. It
 * counts its boots where no boot loader ought to write, and has had enough after three.
 */
static void init_itself(void)
{
	volatile uint32_t *boots = at(0x2000);

	if (++*boots == 3)
		out8(DEBUG_EXIT, 6);
	*(volatile uint32_t *)at(0xfee000f0) = 0x1ff;
	*(volatile uint32_t *)at(0xfee00300) = 0x44500;
	for (;;)
		;
}

/* What is typed, until a q; a line for each character. */
static void echo(void)
{
	char c = 0;

	while (c != 'q') {
		while (!(in8(COM1 + 5) & 1))
			;
		c = (char)in8(COM1);
		print("typed: ");
		put(c);
		put('\n');
	}
	out8(DEBUG_EXIT, 5);
}

/* Who says that it is one, first of all. */
static void tell_hypervisor(void)
{
	uint32_t leaf = 0x40000000, signature[4] = { 0 };

	__asm__ volatile("cpuid"
			 : "+a"(leaf), "=b"(signature[0]), "=c"(signature[1]), "=d"(signature[2])
			 : "2"(0));
	say("hypervisor", (const char *)signature);
}

static void end(const char *command_line)
{
	if (is_last_word(command_line, "end=triple")) {
		load_no_idt();
		__asm__ volatile("ud2");
	}
	if (is_last_word(command_line, "end=halt"))
		__asm__ volatile("cli; hlt");
	if (is_last_word(command_line, "end=reset"))
		out8(0x64, 0xfe);
	/* QEMU's PM1a control register: SLP_EN. */
	if (is_last_word(command_line, "end=power-off"))
		out16(0x604, 0x2000);
	/* Of the whole machine. */
	if (is_last_word(command_line, "end=reset-all"))
		out8(0xcf9, 6);
	if (is_last_word(command_line, "end=init"))
		init_itself();
	if (is_last_word(command_line, "end=hypervisor"))
		tell_hypervisor();
	if (is_last_word(command_line, "end=interrupts"))
		take_interrupts();
	if (is_last_word(command_line, "end=echo"))
		echo();
	while (is_last_word(command_line, "end=hang"))
		;
	while (is_last_word(command_line, "end=flood"))
		print("flood flood flood flood flood flood flood flood flood flood flood flood\n");
	out8(DEBUG_EXIT, find_status(command_line));
}

void kernel(enum protocol protocol, uint32_t value)
{
	static const char *const names[] = { "", "multiboot", "multiboot2", "pvh", "linux", "elf" };
	const char *command_line;

	say("protocol", names[protocol]);
	switch (protocol) {
	case MULTIBOOT:
		command_line = tell_multiboot(at(value));
		break;
	case MULTIBOOT2:
		command_line = tell_multiboot2(at(value));
		break;
	case PVH:
		command_line = tell_pvh(at(value));
		break;
	case LINUX:
		command_line = tell_linux(at(value));
		break;
	default:
		command_line = at(value);
		break;
	}
	say("command line", command_line);
	speak(command_line);
	end(command_line);
	for (;;)
		__asm__ volatile("hlt");
}
