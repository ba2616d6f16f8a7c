/* SPDX-License-Identifier: MIT */
/* The user's terminal as the guest's keyboard. Depends on libc. */
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>
#include "command/boot/boot.h"

/* As it was. Of the process, as the terminal is. */
static struct termios before;
static bool is_taken, has_handler;

bool boot_terminal_is_input(void)
{
	/* To read from it in the background would stop the process. */
	return !isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void boot_terminal_restore(void)
{
	if (is_taken)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	is_taken = false;
}

void boot_terminal_take(void)
{
	struct termios raw;

	if (is_taken || !isatty(STDIN_FILENO) || !boot_terminal_is_input() ||
	    tcgetattr(STDIN_FILENO, &before) != 0)
		return;
	if (!has_handler && atexit(boot_terminal_restore) != 0)
		return;
	has_handler = true;
	raw = before;
	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP | IXON);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	/* Ctrl-C and Ctrl-\ still end the command; Ctrl-Z is for the guest. */
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	is_taken = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}
