/* SPDX-License-Identifier: MIT */
/*
 * The port of a machine that has a disc and port 0xe9 for it (../disc.h).
 */
#ifndef COMMAND_LAB_INIT_DISC_PORT_H
#define COMMAND_LAB_INIT_DISC_PORT_H

/* One end of a socket pair whose other end is served from now on; -1 with errno. */
int disc_port_open(void);

#endif /* COMMAND_LAB_INIT_DISC_PORT_H */
