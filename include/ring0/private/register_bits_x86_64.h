/* SPDX-License-Identifier: MIT */
/*
 * Names of the bits of registers and the like, for messages of the guest runtime and reports of the
 * host. Each list ends with an empty one.
 */
#ifndef RING0_PRIVATE_REGISTER_BITS_X86_64_H
#define RING0_PRIVATE_REGISTER_BITS_X86_64_H

#include <ring0/private/register_bit.h>

/* SDM vol. 1, 3.4.3. */
static const struct r0_register_bit r0_rflags_bits[] __attribute__((unused)) = {
	{ 0, "CF" },  { 2, "PF" },   { 4, "AF" },   { 6, "ZF" },  { 7, "SF" },	{ 8, "TF" },
	{ 9, "IF" },  { 10, "DF" },  { 11, "OF" },  { 14, "NT" }, { 16, "RF" }, { 17, "VM" },
	{ 18, "AC" }, { 19, "VIF" }, { 20, "VIP" }, { 21, "ID" }, { 0, "" },
};

/* SDM vol. 3A, 2.5. */
static const struct r0_register_bit r0_cr0_bits[] __attribute__((unused)) = {
	{ 0, "PE" },  { 1, "MP" },  { 2, "EM" },  { 3, "TS" },	{ 4, "ET" },  { 5, "NE" },
	{ 16, "WP" }, { 18, "AM" }, { 29, "NW" }, { 30, "CD" }, { 31, "PG" }, { 0, "" },
};
static const struct r0_register_bit r0_cr4_bits[] __attribute__((unused)) = {
	{ 0, "VME" },	      { 1, "PVI" },    { 2, "TSD" },	  { 3, "DE" },	  { 4, "PSE" },
	{ 5, "PAE" },	      { 6, "MCE" },    { 7, "PGE" },	  { 8, "PCE" },	  { 9, "OSFXSR" },
	{ 10, "OSXMMEXCPT" }, { 11, "UMIP" },  { 12, "LA57" },	  { 13, "VMXE" }, { 14, "SMXE" },
	{ 16, "FSGSBASE" },   { 17, "PCIDE" }, { 18, "OSXSAVE" }, { 20, "SMEP" }, { 21, "SMAP" },
	{ 22, "PKE" },	      { 23, "CET" },   { 24, "PKS" },	  { 0, "" },
};

/* SDM vol. 3A, 2.2.1; APM vol. 2, 3.1.7. */
static const struct r0_register_bit r0_efer_bits[] __attribute__((unused)) = {
	{ 0, "SCE" },	{ 8, "LME" },	 { 10, "LMA" }, { 11, "NXE" },
	{ 12, "SVME" }, { 14, "FFXSR" }, { 0, "" },
};

/* SDM vol. 1, 13.3. */
static const struct r0_register_bit r0_xcr0_bits[] __attribute__((unused)) = {
	{ 0, "x87" },	 { 1, "SSE" },	    { 2, "AVX" },	{ 3, "BNDREG" },
	{ 4, "BNDCSR" }, { 5, "opmask" },   { 6, "ZMM_Hi256" }, { 7, "Hi16_ZMM" },
	{ 9, "PKRU" },	 { 17, "TILECFG" }, { 18, "TILEDATA" }, { 0, "" },
};

/* SDM vol. 3B, 17.2.3 and 17.2.4. */
static const struct r0_register_bit r0_dr6_bits[] __attribute__((unused)) = {
	{ 0, "B0" },  { 1, "B1" },  { 2, "B2" },  { 3, "B3" },
	{ 13, "BD" }, { 14, "BS" }, { 15, "BT" }, { 0, "" },
};
static const struct r0_register_bit r0_dr7_bits[] __attribute__((unused)) = {
	{ 0, "L0" }, { 1, "G0" }, { 2, "L1" }, { 3, "G1" }, { 4, "L2" },  { 5, "G2" },
	{ 6, "L3" }, { 7, "G3" }, { 8, "LE" }, { 9, "GE" }, { 13, "GD" }, { 0, "" },
};

/* Entries of page tables: SDM vol. 3A, 4.5. */
static const struct r0_register_bit r0_page_bits[] __attribute__((unused)) = {
	{ 0, "P" }, { 1, "RW" }, { 2, "US" }, { 3, "PWT" }, { 4, "PCD" }, { 5, "A" },
	{ 6, "D" }, { 7, "PS" }, { 8, "G" },  { 63, "NX" }, { 0, "" },
};

/* The page fault's error code: SDM vol. 3A, 4.7. */
static const struct r0_register_bit r0_page_fault_bits[] __attribute__((unused)) = {
	{ 0, "P" },  { 1, "WR" }, { 2, "US" }, { 3, "RSVD" },
	{ 4, "ID" }, { 5, "PK" }, { 6, "SS" }, { 0, "" },
};

#endif /* RING0_PRIVATE_REGISTER_BITS_X86_64_H */
