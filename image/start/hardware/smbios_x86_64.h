/* SPDX-License-Identifier: MIT */
/* What the firmware says of the machine in its SMBIOS tables (DMTF DSP0134, System Management BIOS, 3.6). */
#ifndef IMAGE_START_HARDWARE_SMBIOS_X86_64_H
#define IMAGE_START_HARDWARE_SMBIOS_X86_64_H

#include <ring0/private/types.h>

/* How an OEM string (type 11) begins that is a command line for images. */
#define SMBIOS_WORDS "ring0.words="

#define SMBIOS_WORDS_SIZE 1024

/* Texts are empty where it says nothing. */
struct smbios {
	char firmware[128]; /* vendor and version */
	char machine[128];  /* manufacturer and product */
	char words[SMBIOS_WORDS_SIZE];
};

extern struct smbios smbios;

/* Read the tables: before anything takes memory, in which they may lie. */
void smbios_read(void);

#endif /* IMAGE_START_HARDWARE_SMBIOS_X86_64_H */
