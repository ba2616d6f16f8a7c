/* SPDX-License-Identifier: MIT */
/*
 * What an image is made of, between image/, which writes it on the host, and the start-up code, which
 * runs it. In the file, and in memory as loaded, one behind the other:
 *
 *	a page		the container's headers (image/elf.c)
 *	the start-up code	linked to run at IMAGE_VIRTUAL + IMAGE_START
 *	the payload	struct image_payload, and what it tells of
 *
 * The payload holds no address of physical memory, and no page table: it can be loaded anywhere. All that it
 * points to with an "at" is by its offset from the payload's start; what is an "address" is virtual, the
 * program's own.
 */
#ifndef IMAGE_START_PAYLOAD_FORMAT_H
#define IMAGE_START_PAYLOAD_FORMAT_H

#include <ring0/private/types.h>
#include <ring0/smp.h>

/* Where loaders put it that are not free to choose, and where its start-up code sees itself. */
#define IMAGE_LOAD    0x100000u
#define IMAGE_VIRTUAL 0xffffffff80000000ull
#define IMAGE_START   0x1000u /* behind the headers */

/* What the start-up code may take, the headers included. */
#define IMAGE_START_LIMIT 0x200000u

#define IMAGE_BLOB_MAGIC 0x30727473u

/* The first bytes of the start-up code, for the writer. Offsets from the image's start. */
struct image_blob {
	uint32_t jump[2]; /* 32-bit code: over this */
	uint32_t magic;	  /* IMAGE_BLOB_MAGIC */
	uint32_t payload_at;
	uint32_t multiboot_at; /* struct multiboot_header, of which the ends are to be filled in */
	uint32_t multiboot_entry; /* of either version, in 32-bit code */
	uint32_t pvh_entry;
	uint32_t long_entry; /* in long mode, anywhere below 4 GiB: EDI has PVH's start info */
};

/* What an EFI application is to know of the image that it carries: at an offset from this. */
struct image_efi {
	uint64_t at, size;
	uint64_t entry; /* long_entry */
};

/* The flags of a PVH start info that comes of an EFI application: then struct image_efi_more is behind it. */
#define IMAGE_EFI_FLAGS 0x00494645u

struct image_efi_more {
	uint64_t smbios; /* physical address of an entry point, or 0 */
};

#define IMAGE_MAGIC   0x6567616d692d3072ull /* "r0-image" */
#define IMAGE_VERSION 3

struct image_payload {
	uint64_t magic;
	uint32_t version, header_size;
	uint64_t size;	   /* of all of it, in bytes, a multiple of 8 */
	uint64_t checksum; /* image_checksum() of all that follows this member */

	uint64_t runs_at, run_count;
	uint64_t cases_at, case_count;
	uint64_t ram_at, ram_count; /* struct image_ram: what tests declare */
	uint64_t modules_at, module_count;
	uint64_t pages_at, page_count;
	uint64_t packed_size; /* of the pages, as a block of LZ4; 0: they are as they are */

	/* Texts, each ended by a NUL. */
	uint64_t words_at; /* of a command line that comes before the loader's */

	/* Where the guest runtime has what the start-up code looks for. */
	uint64_t guest;	    /* r0_guest */
	uint64_t run;	    /* r0_guest_run() */
	uint64_t vectors;   /* r0_vector_stubs */
	uint64_t syscalls;  /* r0_syscall_entry */
	uint64_t cpu_start; /* r0_cpu_start */
	uint64_t doorbell;  /* r0_doorbell: an OUT and a RET, with room for a JMP of 5 bytes */
	uint64_t idle_doorbell, cpu_doorbell, wait_halted;
	uint64_t pad, pad_size; /* r0_image_pad: room for code in pages that all page tables map */

	/* libc's variable stdout, or 0; and where the buffer's start and end are in what it points to. */
	uint64_t stream, stream_start, stream_end;

	/* CPUs that there are areas for (R0_AREA_…), and their FS bases. */
	uint64_t area, cpu_count;
	uint64_t fs_base[R0_CPU_LIMIT];
};

enum {
	IMAGE_RUN_WRITE = 1 << 0,
	IMAGE_RUN_EXECUTE = 1 << 1,
	IMAGE_RUN_USER = 1 << 2,   /* in ring 3's tables, for ring 3, too */
	IMAGE_RUN_ZERO = 1 << 3,   /* no pages are stored */
	IMAGE_RUN_DEVICE = 1 << 4, /* registers at the physical address that is the virtual one */
};

/* Pages next to each other, with the same rights. */
struct image_run {
	uint64_t address;
	uint32_t pages, flags;
	uint64_t first; /* the number of the first of its pages, of those that are stored */
};

/* Guest-physical memory that some test declares. */
struct image_ram {
	uint64_t start, end;
};

/* A file that the program was loaded from; the first is the program's own. */
struct image_module {
	uint64_t start;	      /* the address of the file's first byte */
	uint32_t name_at;     /* without folders */
	uint32_t build_id_at; /* in hexadecimal digits; empty if it has none */
	uint32_t level;	      /* of x86-64's instructions that it says it needs, 1 to 4, or 0 */
	uint32_t reserved;
};

enum {
	IMAGE_CASE_NODEFAULT = 1 << 0, /* runs only if it is asked for */
};

struct image_case {
	uint64_t test;	       /* struct r0_test */
	uint64_t element;      /* of its .params, or 0 */
	uint32_t name_at;      /* "suite.name[3]" */
	uint32_t stem_at;      /* "suite.name" */
	uint32_t skip_at;      /* why an image can't run it, or 0 */
	uint32_t condition_at; /* the text of .when, or 0 */
	uint32_t groups_at;
	uint32_t timeout_ms;
	uint32_t flags;
};

/*
 * A checksum against damage on the way, not against forgery: FNV-1a's steps (RFC draft
 * "The FNV Non-Cryptographic Hash Algorithm"), of words of 64 bits instead of bytes, for speed where all code
 * is emulated. `size` is a multiple of 8.
 */
static inline uint64_t image_checksum(const void *bytes, uint64_t size)
{
	const uint64_t *from = bytes;
	uint64_t sum = 0xcbf29ce484222325ull, i;

	for (i = 0; i < size / 8; i++)
		sum = (sum ^ from[i]) * 0x100000001b3ull;
	return sum;
}

#endif /* IMAGE_START_PAYLOAD_FORMAT_H */
