/* SPDX-License-Identifier: MIT */
/* What of the command line of `ring0 boot` is x86's. Depends on own.h and libc. */
#include "command/boot/own.h"
#include <string.h>

const char boot_own_protocols[] = "auto, multiboot, multiboot2, pvh, linux, elf and firmware";

const char boot_own_help[] =
	"  --initrd FILE     a module, or the initial RAM disk; repeat it for several modules\n"
	"  --env-file FILE   the first module: lines NAME=VALUE, as for kvm-unit-tests\n"
	"  --cpus N          the number of CPUs (default 1)\n"
	"  --cpu BASE[,+FEATURE,-FEATURE...]\n"
	"                    what CPUID reports; BASE is max or host (default max), or one of\n"
	"                    QEMU's models, such as qemu64, IvyBridge, Skylake-Server, EPYC\n"
	"  --memory SIZE     the size of memory, in K, M (default) or G (default 512M)\n";

const char boot_own_more_help[] =
	"  --console com1|debug|virtio\n"
	"                    the console (default com1; debug is port 0xe9)\n"
	"  --timeout SECONDS end the machine after this time (default: never)\n"
	"  --protocol auto|multiboot|multiboot2|pvh|linux|elf|firmware\n"
	"                    how the kernel is started (default auto: as the file says)\n"
	"  --machine pc[,pit=off][,iommu=on]|none\n"
	"                    none has only serial lines, i8042 and virtio (default pc)\n"
	"  --irqchip kernel|split|none\n"
	"                    who provides the interrupt controllers: KVM all; KVM only the local\n"
	"                    APICs; nobody (default kernel; with --machine none, none; with an\n"
	"                    IOMMU, split)\n"
	"  --test-devices    the devices that kvm-unit-tests' images drive\n"
	"  --symbols FILE    an ELF file with the kernel's symbols, for reports (default: KERNEL)\n"
	"  --type TEXT       type TEXT and a newline into the console at the start\n"
	"  --until TEXT      run until the console says TEXT, and save the machine\n"
	"  --save FILE       where to save it (default: KERNEL.snapshot, in the current directory)\n"
	"  --from FILE       continue a saved machine; KERNEL may be left out\n"
	"  --check           read all of the memory in FILE first, and refuse it if it is damaged\n"
	"  --gdb[=PORT|PATH|-]\n"
	"                    wait for gdb before the first instruction, at a port that only this\n"
	"                    machine reaches (default: a free one), a socket, or standard input and\n"
	"                    output\n"
	"  -v, --verbose     say how the kernel is started\n"
	"\n"
	"Ctrl-C ends the machine. Exit status: (N << 1 | 1) & 255 if the kernel writes N to port\n"
	"0xf4, the debug exit; 0 if it powers off; 86 a CPU shut down (triple fault); 87 KVM or\n"
	"the CPU gave up; 88 time limit, or too many resets; 89 every CPU halted for good; 91 the\n"
	"machine ended before it said what --until waits for. If it can't be started: 80 command\n"
	"line; 81 no such file; 82 a kernel for another machine, or that needs what this one lacks;\n"
	"83 not a kernel, or it does not fit; 84 no KVM; 85 no such disk or network; 90 other.\n";

/* What follows "pc": whether all of it is known. */
static bool parse_pc(const char *text, struct boot_options *options)
{
	while (*text == ',') {
		size_t length = strcspn(++text, ",");

		if (length == strlen("pit=off") && !strncmp(text, "pit=off", length))
			options->no_pit = true;
		else if (length == strlen("iommu=on") && !strncmp(text, "iommu=on", length))
			options->iommu = true;
		else
			return false;
		text += length;
	}
	return !*text;
}

static int parse_machine(const char *text, struct boot_options *options)
{
	options->bare = !strcmp(text, "none");
	options->no_pit = options->iommu = false;
	if (options->bare || (!strncmp(text, "pc", 2) && parse_pc(text + 2, options)))
		return 0;
	return boot_error(BOOT_USAGE,
			  "--machine %s: there are none, pc, and pc with ,pit=off or ,iommu=on",
			  text);
}

static int parse_irqchip(const char *text, enum boot_irqchip *irqchip)
{
	static const char *const names[] = { "kernel", "split", "none" };
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		*irqchip = (enum boot_irqchip)(BOOT_IRQCHIP_KERNEL + i);
		return 0;
	}
	return boot_error(BOOT_USAGE, "--irqchip %s: there are kernel, split and none", text);
}

int boot_own_option(const char *name, const char *value, struct boot_options *options)
{
	if (!strcmp(name, "machine"))
		return parse_machine(value, options);
	if (!strcmp(name, "irqchip"))
		return parse_irqchip(value, &options->irqchip);
	if (!strcmp(name, "cpu"))
		options->cpu = value;
	else if (!strcmp(name, "gdb"))
		options->gdb = value ? value : "";
	else if (!strcmp(name, "test-devices"))
		options->test_devices = true;
	else
		return BOOT_INTERNAL;
	return 0;
}

int boot_own_settle(struct boot_options *options)
{
	if (options->irqchip == BOOT_IRQCHIP_DEFAULT)
		options->irqchip = options->bare  ? BOOT_IRQCHIP_NONE :
				   options->iommu ? BOOT_IRQCHIP_SPLIT :
						    BOOT_IRQCHIP_KERNEL;
	/* KVM's own I/O APIC does not ask it. */
	if (options->iommu && options->irqchip != BOOT_IRQCHIP_SPLIT)
		return boot_error(BOOT_USAGE,
				  "--machine pc,iommu=on: it takes --irqchip split, the default "
				  "then");
	if (options->irqchip == BOOT_IRQCHIP_NONE && options->cpus > 1)
		return boot_error(BOOT_USAGE,
				  "--cpus %u: with %s none there is nothing to start others than "
				  "the first by",
				  options->cpus, options->bare ? "--machine" : "--irqchip");
	return 0;
}

void boot_own_machine(const struct boot_options *options, struct r0_vm_options *vm_options)
{
	vm_options->pit = options->irqchip != BOOT_IRQCHIP_NONE && !options->no_pit;
	vm_options->split_irqchip = options->irqchip == BOOT_IRQCHIP_SPLIT;
	vm_options->pc = !options->bare;
	vm_options->iommu = options->iommu;
	vm_options->test_devices = options->test_devices;
	vm_options->cpu = options->cpu;
}
