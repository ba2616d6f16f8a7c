/* SPDX-License-Identifier: MIT */
/*
 * The main() of a test program that has none. Alone in its file, so that the linker takes this
 * member of the archive only where main() is missing.
 */
#include <ring0/call.h>

/* For runner/workers/fresh.c. */
extern const char r0_main_is_ours;
const char r0_main_is_ours = 1;

int main(int argc, char **argv)
{
	return r0_main(argc, argv);
}
