/* SPDX-License-Identifier: MIT */
/* No software KVM of arm64's is known. */
#include "monitor/threads/assistance.h"

bool assistance_serve(struct monitor_cpu *cpu, struct exit *exit, struct error *why)
{
	(void)cpu;
	(void)exit;
	(void)why;
	return false;
}

void assistance_end(struct monitor_cpu *cpu)
{
	(void)cpu;
}

void assistance_finish(struct monitor_cpu *cpu)
{
	(void)cpu;
}
