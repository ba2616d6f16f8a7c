/* SPDX-License-Identifier: MIT */
#include "command/image/stop.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void image_stop_free(struct image_stop *stop)
{
	if (stop)
		free(stop->text);
	free(stop);
}

static const char *after(const char *text, const char *start)
{
	size_t length = strlen(start);

	return strncmp(text, start, length) ? NULL : text + length;
}

/* "how", or "how: text". */
static bool begin(struct image_stop **stop, const char *text)
{
	const char *colon = strstr(text, ": ");
	size_t length = colon ? (size_t)(colon - text) : strlen(text);

	if (*stop || length >= sizeof((*stop)->how))
		return false;
	*stop = calloc(1, sizeof(**stop));
	if (!*stop)
		return false;
	memcpy((*stop)->how, text, length);
	(*stop)->text = colon ? strdup(colon + 2) : NULL;
	return true;
}

static void take_register(struct image_stop *stop, const char *name, uint64_t value)
{
	struct kvm_regs *regs = &stop->regs;
	struct kvm_sregs *sregs = &stop->sregs;
	const struct {
		const char *name;
		__u64 *to;
	} wide[] = {
		{ "rip", &regs->rip },	       { "rflags", &regs->rflags },
		{ "rsp", &regs->rsp },	       { "rax", &regs->rax },
		{ "rcx", &regs->rcx },	       { "rdx", &regs->rdx },
		{ "rbx", &regs->rbx },	       { "rbp", &regs->rbp },
		{ "rsi", &regs->rsi },	       { "rdi", &regs->rdi },
		{ "r8", &regs->r8 },	       { "r9", &regs->r9 },
		{ "r10", &regs->r10 },	       { "r11", &regs->r11 },
		{ "r12", &regs->r12 },	       { "r13", &regs->r13 },
		{ "r14", &regs->r14 },	       { "r15", &regs->r15 },
		{ "cr0", &sregs->cr0 },	       { "cr2", &sregs->cr2 },
		{ "cr3", &sregs->cr3 },	       { "cr4", &sregs->cr4 },
		{ "cr8", &sregs->cr8 },	       { "efer", &sregs->efer },
		{ "gdt", &sregs->gdt.base },   { "idt", &sregs->idt.base },
		{ "gsbase", &sregs->gs.base }, { "tss", &sregs->tr.base },
	};
	const struct {
		const char *name;
		__u16 *to;
	} narrow[] = {
		{ "cs", &sregs->cs.selector },	   { "ss", &sregs->ss.selector },
		{ "ds", &sregs->ds.selector },	   { "es", &sregs->es.selector },
		{ "fs", &sregs->fs.selector },	   { "gs", &sregs->gs.selector },
		{ "tr", &sregs->tr.selector },	   { "gdtlimit", &sregs->gdt.limit },
		{ "idtlimit", &sregs->idt.limit },
	};
	size_t i;

	for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (!strcmp(wide[i].name, name))
			*wide[i].to = value;
	for (i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
		if (!strcmp(narrow[i].name, name))
			*narrow[i].to = (__u16)value;
	if (!strcmp(name, "tsslimit"))
		sregs->tr.limit = (__u32)value;
	else if (!strcmp(name, "fsbase"))
		stop->fs_base = value;
	else if (!strcmp(name, "cr2"))
		stop->fault_address = value;
	else if (!strcmp(name, "vector"))
		stop->vector = (int)(value & 0xff);
	else if (!strcmp(name, "error"))
		stop->error_code = value;
}

/* "rip 0x1 cs 0x8 …" */
static void take_registers(struct image_stop *stop, const char *text)
{
	unsigned long long value;
	char name[16];
	int length;

	while (sscanf(text, "%15s %llx%n", name, &value, &length) == 2) {
		take_register(stop, name, value);
		text += length;
	}
}

/* "0x7000: 1 2 …": words, each line going on where the last one ended. */
static void take_stack(struct image_stop *stop, const char *text)
{
	char *end;
	uint64_t at = strtoull(text, &end, 16), word;

	if (*end != ':')
		return;
	if (!stop->stack_size)
		stop->stack_at = at;
	for (text = end + 1; at == stop->stack_at + stop->stack_size &&
			     stop->stack_size + sizeof(word) <= sizeof(stop->stack);
	     text = end, at += sizeof(word)) {
		word = strtoull(text, &end, 16);
		if (end == text)
			return;
		memcpy(stop->stack + stop->stack_size, &word, sizeof(word));
		stop->stack_size += sizeof(word);
	}
}

static void take_entry(struct image_stop *stop, const char *text)
{
	unsigned long long address, value;

	if (stop->entry_count == IMAGE_STOP_ENTRIES ||
	    sscanf(text, "%llx: %llx", &address, &value) != 2)
		return;
	stop->entries[stop->entry_count].address = address;
	stop->entries[stop->entry_count++].value = value;
}

bool image_stop_take(struct image_stop **stop, const char *note)
{
	const char *text;

	if ((text = after(note, "end: ")))
		return begin(stop, text);
	if (!*stop)
		return false;
	if ((text = after(note, "registers: ")))
		take_registers(*stop, text);
	else if ((text = after(note, "stack: ")))
		take_stack(*stop, text);
	else if ((text = after(note, "entry: ")))
		take_entry(*stop, text);
	else
		return false;
	return true;
}
