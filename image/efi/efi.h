/* SPDX-License-Identifier: MIT */
/* What of UEFI an image uses. UEFI Specification 2.10; the names of members are its own, in this project's spelling. */
#ifndef IMAGE_EFI_EFI_H
#define IMAGE_EFI_EFI_H

#include <stdint.h>

/* 2.3.4.2: the calling convention, and status codes (appendix D). */
#define EFI_CALL	     __attribute__((ms_abi))
#define EFI_ERROR	     (1ull << 63)
#define EFI_LOAD_ERROR	     (EFI_ERROR | 1)
#define EFI_OUT_OF_RESOURCES (EFI_ERROR | 9)

typedef uint64_t efi_status;

struct efi_guid {
	uint32_t a;
	uint16_t b, c;
	uint8_t d[8];
};

struct efi_table_header {
	uint64_t signature;
	uint32_t revision, size, checksum, reserved;
};

/* 7.2: of memory, from AllocatePages() on. */
enum { EFI_ALLOCATE_MAX_ADDRESS = 1 };

/* 7.2, table 7.6: memory that is free once the boot services are left. */
enum {
	EFI_LOADER_CODE = 1,
	EFI_LOADER_DATA = 2,
	EFI_BOOT_SERVICES_CODE = 3,
	EFI_BOOT_SERVICES_DATA = 4,
	EFI_CONVENTIONAL_MEMORY = 7,
};

#define EFI_PAGE 4096ull

struct efi_memory_descriptor {
	uint32_t type, padding;
	uint64_t physical, virtual_start, pages, attributes;
};

/* 4.4, in its order. */
struct efi_boot_services {
	struct efi_table_header header;
	void *task_priority[2];
	efi_status(EFI_CALL *allocate_pages)(uint32_t type, uint32_t memory, uint64_t pages,
					     uint64_t *address);
	void *free_pages;
	efi_status(EFI_CALL *get_memory_map)(uint64_t *size, void *map, uint64_t *key,
					     uint64_t *descriptor_size, uint32_t *version);
	void *pools[2];
	void *events[6];
	void *protocol_interfaces[3];
	efi_status(EFI_CALL *handle_protocol)(void *handle, const struct efi_guid *protocol,
					      void **interface);
	void *others[9];
	efi_status(EFI_CALL *exit_boot_services)(void *image, uint64_t key);
};

/* 12.4 */
struct efi_text_output {
	void *reset;
	efi_status(EFI_CALL *output_string)(struct efi_text_output *self, const uint16_t *text);
};

/* 4.6 */
struct efi_configuration_table {
	struct efi_guid vendor;
	void *table;
};

/* 4.3 */
struct efi_system_table {
	struct efi_table_header header;
	uint16_t *vendor;
	uint32_t revision, padding;
	void *console_in_handle, *console_in;
	void *console_out_handle;
	struct efi_text_output *console_out;
	void *error_handle;
	struct efi_text_output *error;
	void *runtime_services;
	struct efi_boot_services *boot_services;
	uint64_t table_count;
	struct efi_configuration_table *tables;
};

/* 9.1 */
struct efi_loaded_image {
	uint32_t revision, padding;
	void *parent;
	struct efi_system_table *system_table;
	void *device, *path, *reserved;
	uint32_t options_size, padding_too;
	uint16_t *options;
};

#define EFI_LOADED_IMAGE                                               \
	{                                                              \
		0x5b1b31a1, 0x9562, 0x11d2,                            \
		{                                                      \
			0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b \
		}                                                      \
	}
#define EFI_ACPI_20                                                    \
	{                                                              \
		0x8868e871, 0xe4f1, 0x11d3,                            \
		{                                                      \
			0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 \
		}                                                      \
	}
#define EFI_SMBIOS_3                                                   \
	{                                                              \
		0xf2fd1544, 0x9794, 0x4a2c,                            \
		{                                                      \
			0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94 \
		}                                                      \
	}
#define EFI_SMBIOS                                                     \
	{                                                              \
		0xeb9d2d31, 0x2d88, 0x11d3,                            \
		{                                                      \
			0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d \
		}                                                      \
	}
#define EFI_ACPI_10                                                    \
	{                                                              \
		0xeb9d2d30, 0x2d88, 0x11d3,                            \
		{                                                      \
			0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d \
		}                                                      \
	}

#endif /* IMAGE_EFI_EFI_H */
