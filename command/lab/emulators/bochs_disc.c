/* SPDX-License-Identifier: MIT */
/*
 * The disc that a machine in Bochs boots from and listens to (disc.h), a file in memory: the kernel,
 * the initial file system, and what a BIOS would tell the kernel. Boot parameters are by
 * Documentation/arch/x86/{boot,zero-page}.rst, ACPI tables by ACPI 6.5, 5.2. Untrusted input: offsets
 * in the kernel are checked. Depends on disc.h and libc.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "command/lab/emulators/bochs_disc.h"
#include "command/lab/emulators/disc.h"
#include "command/lab/whole_file.h"

/* Where things lie in the machine's memory; below are the ROM's stack and page tables. */
#define TELLING	     0x10000u /* what is told: the boot parameters, */
#define COMMAND_LINE 0x1000u  /* behind them the command line */
#define ACPI	     0x2000u  /* and the ACPI tables */
#define TELLING_END  0x3000u
#define LOW_MEMORY   0x9fc00u
#define HIGH_MEMORY  0x100000u

#define E820_RAM  1
#define E820_ACPI 3

#define ACPI_XSDT 64u /* behind the RSDP */
#define ACPI_MADT 128u

/* A disc that is being written. */
struct writing {
	int file;
	uint32_t next; /* block */
	struct lab_disc head;
	uint64_t memory; /* of the machine, in bytes */
	int err;
};

static void put16(unsigned char *at, uint32_t value)
{
	at[0] = (unsigned char)value;
	at[1] = (unsigned char)(value >> 8);
}

static void put32(unsigned char *at, uint32_t value)
{
	put16(at, value);
	put16(at + 2, value >> 16);
}

static void put64(unsigned char *at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

static uint32_t le32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static int write_at(int file, const void *data, size_t size, off_t at)
{
	const char *from = data;

	while (size) {
		ssize_t n = pwrite(file, from, size, at);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			from += n;
			at += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* Have the ROM load that to the address, a multiple of 4096. */
static void add_segment(struct writing *disc, const void *data, size_t size, uint64_t address)
{
	uint32_t count = (uint32_t)((size + LAB_DISC_BLOCK - 1) / LAB_DISC_BLOCK);
	struct lab_disc *head = &disc->head;

	if (disc->err || !size)
		return;
	if (head->segment_count == LAB_DISC_SEGMENTS || size > disc->memory ||
	    count > LAB_DISC_STREAM - disc->next) {
		disc->err = -EFBIG;
	} else if (address < TELLING || address > disc->memory - size) {
		disc->err = -ENOMEM;
	} else {
		head->segments[head->segment_count++] = (struct lab_disc_segment){
			.address = address, .block = disc->next, .count = count
		};
		disc->err = write_at(disc->file, data, size, (off_t)disc->next * LAB_DISC_BLOCK);
		disc->next += count;
	}
}

/* vmlinux, to where its program headers have it; memory is zero elsewhere. */
static int add_elf(struct writing *disc, const struct lab_blob *kernel)
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)kernel->data;
	const Elf64_Phdr *program;

	if (elf->e_machine != EM_X86_64 || elf->e_phentsize != sizeof(*program) ||
	    elf->e_phoff % sizeof(uint64_t) || elf->e_phoff > kernel->size ||
	    elf->e_phnum > (kernel->size - elf->e_phoff) / sizeof(*program))
		return -ENOEXEC;
	program = (const Elf64_Phdr *)(kernel->data + elf->e_phoff);
	for (size_t i = 0; i < elf->e_phnum; i++) {
		if (program[i].p_type != PT_LOAD)
			continue;
		if (program[i].p_offset > kernel->size ||
		    program[i].p_filesz > kernel->size - program[i].p_offset)
			return -ENOEXEC;
		add_segment(disc, kernel->data + program[i].p_offset, program[i].p_filesz,
			    program[i].p_paddr);
	}
	disc->head.entry = elf->e_entry;
	return disc->err;
}

/* A bzImage whose kernel has to uncompress itself: its header becomes part of the parameters. */
static int add_bzimage(struct writing *disc, const struct lab_blob *kernel,
		       unsigned char *parameters)
{
	const unsigned char *data = kernel->data;
	size_t setup, header;
	uint64_t address;

	if (kernel->size < 0x264 || memcmp(data + 0x202, "HdrS", 4) || !(data[0x236] & 1))
		return -ENOEXEC;
	setup = ((data[0x1f1] ? data[0x1f1] : 4u) + 1) * 512;
	header = 0x202u + data[0x201];
	if (setup >= kernel->size || header > 0x290)
		return -ENOEXEC;
	memcpy(parameters + 0x1f1, data + 0x1f1, header - 0x1f1);
	address = le32(data + 0x258); /* pref_address: below 4 GB */
	add_segment(disc, data + setup, kernel->size - setup, address);
	disc->head.entry = address + 0x200;
	return disc->err;
}

static void add_e820(unsigned char *parameters, uint64_t from, uint64_t to, uint32_t type)
{
	unsigned char *entry = parameters + 0x2d0 + 20 * parameters[0x1e8]++;

	put64(entry, from);
	put64(entry + 8, to - from);
	put32(entry + 16, type);
}

static unsigned char sum(const unsigned char *data, size_t size)
{
	unsigned char all = 0;

	while (size--)
		all = (unsigned char)(all + *data++);
	return all;
}

/* A text of a fixed width, without its NUL. */
static void put_text(unsigned char *to, const char *text)
{
	while (*text)
		*to++ = (unsigned char)*text++;
}

/* The header that all tables have, and the checksum: after the content. */
static void finish_table(unsigned char *table, const char *signature, uint32_t length,
			 unsigned char revision)
{
	memcpy(table, signature, 4);
	put32(table + 4, length);
	table[8] = revision;
	put_text(table + 10, "RING0 LAB     ");
	put32(table + 24, 1);
	put_text(table + 28, "R0  ");
	put32(table + 32, 1);
	table[9] = (unsigned char)-sum(table, length);
}

/* The MADT alone: which CPUs there are, and that IRQ 0 is the IOAPIC's input 2. */
static void write_acpi(unsigned char *tables, uint64_t address, unsigned int cpus)
{
	unsigned char *xsdt = tables + ACPI_XSDT, *madt = tables + ACPI_MADT, *at = madt + 44;

	put_text(tables, "RSD PTR ");
	put_text(tables + 9, "RING0 ");
	tables[15] = 2;
	put32(tables + 20, 36);
	put64(tables + 24, address + ACPI_XSDT);
	tables[8] = (unsigned char)-sum(tables, 20);
	tables[32] = (unsigned char)-sum(tables, 36);
	put64(xsdt + 36, address + ACPI_MADT);
	finish_table(xsdt, "XSDT", 44, 1);
	put32(madt + 36, 0xfee00000);
	put32(madt + 40, 1); /* PICs, too */
	for (unsigned int i = 0; i < cpus; i++, at += 8) {
		at[1] = 8;
		at[2] = at[3] = (unsigned char)i;
		put32(at + 4, 1); /* enabled */
	}
	at[0] = 1; /* an IOAPIC */
	at[1] = 12;
	at[2] = (unsigned char)cpus;
	put32(at + 4, 0xfec00000);
	at += 12;
	at[0] = 2; /* an interrupt that is another input */
	at[1] = 10;
	put32(at + 4, 2);
	at += 10;
	finish_table(madt, "APIC", (uint32_t)(at - madt), 5);
}

static int write_telling(struct writing *disc, const struct lab_blob *kernel,
			 const struct lab_blob *initramfs, const struct lab_bochs_boot *boot)
{
	static unsigned char telling[TELLING_END];
	const uint64_t initramfs_at = (disc->memory - initramfs->size) & ~0xfffull;
	int err;

	memset(telling, 0, sizeof(telling));
	if (kernel->size >= sizeof(Elf64_Ehdr) && !memcmp(kernel->data, ELFMAG, SELFMAG))
		err = add_elf(disc, kernel);
	else
		err = add_bzimage(disc, kernel, telling);
	add_segment(disc, initramfs->data, initramfs->size, initramfs_at);
	if (strlen(boot->command_line) >= ACPI - COMMAND_LINE)
		err = -E2BIG;
	if (err)
		return err;
	put64(telling + 0x070, TELLING + ACPI); /* acpi_rsdp_addr */
	telling[0x210] = 0xff;			/* type_of_loader: none that is known */
	put32(telling + 0x218, (uint32_t)initramfs_at);
	put32(telling + 0x21c, (uint32_t)initramfs->size);
	put32(telling + 0x228, TELLING + COMMAND_LINE);
	add_e820(telling, 0, TELLING + ACPI, E820_RAM);
	add_e820(telling, TELLING + ACPI, TELLING + TELLING_END, E820_ACPI);
	add_e820(telling, TELLING + TELLING_END, LOW_MEMORY, E820_RAM);
	add_e820(telling, HIGH_MEMORY, disc->memory, E820_RAM);
	memcpy(telling + COMMAND_LINE, boot->command_line, strlen(boot->command_line));
	write_acpi(telling + ACPI, TELLING + ACPI, boot->cpus);
	disc->head.argument = TELLING;
	add_segment(disc, telling, sizeof(telling), TELLING);
	return disc->err;
}

/* What is to be booted, from descriptors. 0 or -errno. */
static int write_boot(struct writing *disc, const struct lab_bochs_boot *boot)
{
	struct lab_blob kernel = { 0 }, initramfs = { 0 };
	int err = lab_map_descriptor(boot->image, &kernel);

	if (!err)
		err = lab_map_descriptor(boot->initramfs, &initramfs);
	if (!err)
		err = write_telling(disc, &kernel, &initramfs, boot);
	lab_unmap(&kernel);
	lab_unmap(&initramfs);
	return err;
}

int lab_disc_make(const struct lab_bochs_boot *boot, int *file, uint64_t *session)
{
	struct writing disc = {
		.file = memfd_create("disc", MFD_CLOEXEC),
		.next = 1,
		.head.magic = LAB_DISC_MAGIC,
	};
	int err = 0;

	*file = disc.file;
	if (disc.file < 0 || ftruncate(disc.file, (off_t)LAB_DISC_BLOCKS * LAB_DISC_BLOCK) ||
	    getrandom(session, sizeof(*session), 0) < 0)
		return -errno;
	disc.head.session = *session;
	if (boot) {
		disc.memory = (uint64_t)boot->memory << 20;
		err = write_boot(&disc, boot);
	}
	return err ? err : write_at(disc.file, &disc.head, sizeof(disc.head), 0);
}

int lab_disc_append(int file, const void *data, size_t size, uint64_t *written)
{
	int err = write_at(file, data, size,
			   (off_t)LAB_DISC_STREAM * LAB_DISC_BLOCK + (off_t)*written);

	if (err)
		return err;
	*written += size;
	return write_at(file, written, sizeof(*written), offsetof(struct lab_disc, written));
}
