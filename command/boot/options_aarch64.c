/* SPDX-License-Identifier: MIT */
/* What of the command line of `ring0 boot` is arm64's. Depends on own.h and libc. */
#include <string.h>
#include "command/boot/own.h"

const char boot_own_protocols[] = "auto, linux and flat";

const char boot_own_help[] =
	"  --initrd FILE     the initial RAM disk\n"
	"  --env-file FILE   the same: lines NAME=VALUE, as for kvm-unit-tests\n"
	"  --cpus N          the number of CPUs (default 1)\n"
	"  --memory SIZE     the size of memory, in K, M (default) or G (default 512M)\n";

const char boot_own_more_help[] =
	"  --console com1|pl011|virtio\n"
	"                    the console (default com1: a 16550A at 0x9000000)\n"
	"  --timeout SECONDS end the machine after this time (default: never)\n"
	"  --protocol auto|linux|flat\n"
	"                    how the kernel is started (default auto: an Image of Linux's, or an\n"
	"                    Image.gz; flat has no header, and starts 512 KiB into memory)\n"
	"  --irqchip kernel|none\n"
	"                    whether there are a GIC and the timers' interrupts (default kernel)\n"
	"  --test-devices    the device that kvm-unit-tests' images end by\n"
	"  --symbols FILE    an ELF file with the kernel's symbols, for reports (default: KERNEL)\n"
	"  --type TEXT       type TEXT and a newline into the console at the start\n"
	"  --until TEXT      run until the console says TEXT, and save the machine\n"
	"  --save FILE       where to save it (default: KERNEL.snapshot, in the current directory)\n"
	"  --from FILE       continue a saved machine; KERNEL may be left out\n"
	"  --check           read all of the memory in FILE first, and refuse it if it is damaged\n"
	"  -v, --verbose     say how the kernel is started\n"
	"\n"
	"Ctrl-C ends the machine. Exit status: (N << 1 | 1) & 255 if the kernel writes N to\n"
	"0x9003000, the debug exit; 0 if it powers off; 87 KVM or the CPU gave up; 88 time limit,\n"
	"or too many resets; 89 every CPU waits for good; 91 the machine ended before it said what\n"
	"--until waits for. If it can't be started: 80 command line; 81 no such file; 82 a kernel\n"
	"for another machine, or that needs what this one lacks; 83 not a kernel, or it does not\n"
	"fit; 84 no KVM; 85 no such disk or network; 90 other.\n";

static int parse_irqchip(const char *text, enum boot_irqchip *irqchip)
{
	if (!strcmp(text, "kernel"))
		*irqchip = BOOT_IRQCHIP_KERNEL;
	else if (!strcmp(text, "none"))
		*irqchip = BOOT_IRQCHIP_NONE;
	else
		return boot_error(BOOT_USAGE, "--irqchip %s: there are kernel and none on arm64",
				  text);
	return 0;
}

int boot_own_option(const char *name, const char *value, struct boot_options *options)
{
	if (!strcmp(name, "irqchip"))
		return parse_irqchip(value, &options->irqchip);
	if (!strcmp(name, "test-devices")) {
		options->test_devices = true;
		return 0;
	}
	if (!strcmp(name, "machine"))
		return boot_error(BOOT_USAGE, "--machine %s: arm64 has one machine", value);
	if (!strcmp(name, "cpu"))
		return boot_error(BOOT_USAGE, "--cpu %s: on arm64 the CPUs are the host's", value);
	return boot_error(BOOT_USAGE, "--%s: there is none on arm64", name);
}

int boot_own_settle(struct boot_options *options)
{
	if (options->irqchip == BOOT_IRQCHIP_DEFAULT)
		options->irqchip = BOOT_IRQCHIP_KERNEL;
	if (options->test_devices && options->console == R0_VM_VIRTIO_CONSOLE)
		return boot_error(BOOT_USAGE,
				  "--console virtio: not with --test-devices, which are one");
	return 0;
}

void boot_own_machine(const struct boot_options *options, struct r0_vm_options *vm_options)
{
	vm_options->test_devices = options->test_devices;
}
