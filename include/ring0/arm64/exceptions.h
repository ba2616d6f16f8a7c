/* SPDX-License-Identifier: MIT */
/* What ESR_EL1 says of an exception: Arm ARM, D19.2.37. The classes are in <ring0/fault.h>. Depends on nothing. */
#ifndef RING0_ARM64_EXCEPTIONS_H
#define RING0_ARM64_EXCEPTIONS_H

#include <ring0/private/types.h>

#define R0_ESR_CLASS(esr)     ((unsigned int)((esr) >> 26 & 0x3f))
#define R0_ESR_IL	      (1ul << 25) /* the instruction has 32 bits */
#define R0_ESR_ISS(esr)	      ((uint32_t)((esr)&0x01ffffff))
#define R0_ESR_IMMEDIATE(esr) ((unsigned int)((esr)&0xffff)) /* of SVC, HVC, SMC and BRK */

/* Of data aborts. */
#define R0_ESR_WNR	   (1ul << 6) /* a write */
#define R0_ESR_CM	   (1ul << 8) /* cache maintenance */
#define R0_ESR_STATUS(esr) ((unsigned int)((esr)&0x3f))

/* The status of aborts, with the level of the table: DFSC and IFSC. */
#define R0_STATUS_ADDRESS_SIZE(level)  (0x00u + (level))
#define R0_STATUS_TRANSLATION(level)   (0x04u + (level))
#define R0_STATUS_ACCESS_FLAG(level)   (0x08u + (level))
#define R0_STATUS_PERMISSION(level)    (0x0cu + (level))
#define R0_STATUS_EXTERNAL	       0x10u
#define R0_STATUS_EXTERNAL_WALK(level) (0x14u + (level))
#define R0_STATUS_ALIGNMENT	       0x21u

#endif /* RING0_ARM64_EXCEPTIONS_H */
