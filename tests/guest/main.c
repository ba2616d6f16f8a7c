/* SPDX-License-Identifier: MIT */
/*
 * The suite of the CPU itself, one program of all files here: what the host's KVM can do is found
 * out first, so that a test of what it can't is skipped with the reason.
 */
#include <ring0.h>
#include "requirements.h"

int main(int argc, char **argv)
{
	find_host_abilities();
	return r0_main(argc, argv);
}
