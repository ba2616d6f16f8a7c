/* SPDX-License-Identifier: MIT */
/*
 * The main() of a test program that has none. Alone in its file, so that the linker takes this
 * member of the archive only where main() is missing.
 */
#include <ring0/call.h>

int main(int argc, char **argv)
{
	return r0_main(argc, argv);
}
