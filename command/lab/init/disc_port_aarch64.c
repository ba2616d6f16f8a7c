/* SPDX-License-Identifier: MIT */
/*
 * Machines of this architecture have no such port.
 */
#include <errno.h>

#include "command/lab/init/disc_port.h"

int disc_port_open(void)
{
	errno = ENODEV;
	return -1;
}
