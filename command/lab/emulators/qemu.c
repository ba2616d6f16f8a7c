/* SPDX-License-Identifier: MIT */
/*
 * A machine emulated by QEMU: its command line, its port, console and monitor. Everything goes through
 * inherited descriptors, so that no file is left behind. Depends on emulator.h, qemu.h and
 * libc.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command/lab/emulators/counter.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/machine.h"
#include "command/lab/options.h"
#include "command/lab/protocol.h"
#include "command/lab/emulators/qemu.h"
#include "command/lab/search_path.h"
#include "command/lab/strings.h"

/* The descriptors as QEMU inherits them. */
enum { PORT_FD = LAB_FIRST_FD, CONSOLE_FD, MONITOR_FD, IMAGE_FD, INITRAMFS_FD, MEMORY_FD, FDS_END };

/*
 * An instruction takes 2^4 ns, so that a second has 62.5 million of them: about what there is of a host's second where
 * a guest runs in the guest. The TSC counts nanoseconds then (QEMU, cpus_get_elapsed_ticks()).
 */
#define INSTRUCTION_SHIFT "shift=4"
#define COUNTED_KHZ	  1000000ul

static unsigned long counter_khz(const struct lab_options *options)
{
	return options->counts_instructions ? COUNTED_KHZ : lab_counter_khz();
}

/*
 * Emulation makes the kernel's own measurement of the clock against other timers unreliable, and
 * without one it does not start; so it is told. What else is here makes the start faster.
 */
static char *command_line(const struct lab_options *options)
{
	const char *quiet = options->verbose ? "" : " quiet";

	if (options->architecture->elf_machine == EM_AARCH64)
		return lab_format("console=ttyAMA0 %s%s", LAB_KERNEL_OPTIONS, quiet);
	return lab_format("console=ttyS0 %s tsc_early_khz=%lu tsc=reliable%s", LAB_KERNEL_OPTIONS,
			  counter_khz(options), quiet);
}

/* What makes the machine what it is. */
static void add_machine(struct lab_strings *command, const struct lab_options *options)
{
	const char *const fixed[] = { "-nodefaults",
				      "-no-user-config",
				      "-display",
				      "none",
				      "-no-reboot",
				      "-device",
				      "virtio-serial-device",
				      "-device",
				      ("virtserialport,chardev=port,name=" LAB_PORT_NAME),
				      "-serial",
				      "chardev:console",
				      "-qmp",
				      "chardev:monitor" };
	bool arm = options->architecture->elf_machine == EM_AARCH64;

	lab_strings_add(command, options->qemu ? options->qemu : options->architecture->qemu);
	lab_strings_add(command, "-M");
	lab_strings_take(command,
			 lab_format("%s,memory-backend=ram",
				    arm ? "virt,virtualization=on,gic-version=3" : "microvm"));
	/* QARMA, the architected pointer authentication, takes more time than all else. */
	lab_strings_add(command, "-cpu");
	lab_strings_add(command, options->cpu ? options->cpu : arm ? "max,pauth-impdef=on" : "max");
	/*
	 * Several CPUs take turns in one thread. With a thread for each, QEMU gets code that one changes
	 * while another executes it wrong: kernels panic where they patch themselves, or hang.
	 */
	lab_strings_add(command, "-accel");
	lab_strings_add(command, options->cpus > 1 ? "tcg,thread=single" : "tcg");
	if (options->counts_instructions) {
		lab_strings_add(command, "-icount");
		lab_strings_add(command, INSTRUCTION_SHIFT);
	}
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		lab_strings_add(command, fixed[i]);
	lab_strings_add(command, "-m");
	lab_strings_take(command, lab_format("%u", options->memory));
	lab_strings_add(command, "-smp");
	lab_strings_take(command, lab_format("%u", options->cpus));
}

/* The clock's rate, which a restored machine keeps, in steps that measuring does not cross. */
static unsigned long rough_khz(const struct lab_options *options)
{
	return (counter_khz(options) + 5000) / 10000;
}

static char *make_key(const struct lab_options *options)
{
	struct lab_strings command = { 0 };
	char *text;

	add_machine(&command, options);
	lab_strings_take(&command, lab_format("%s %d %lu", LAB_KERNEL_OPTIONS, options->verbose,
					      rough_khz(options)));
	text = lab_strings_join(&command);
	lab_strings_finish(&command);
	return text;
}

static void build_command(struct lab_strings *command, const struct lab_start *start)
{
	const struct lab_options *options = start->options;

	add_machine(command, options);
	lab_strings_add(command, "-object");
	if (start->restore)
		lab_strings_take(command,
				 lab_format("memory-backend-file,id=ram,size=%uM,share=off,"
					    "mem-path=%s/memory",
					    options->memory, start->restore));
	else if (start->save)
		lab_strings_take(command, lab_format("memory-backend-file,id=ram,size=%uM,share=on,"
						     "mem-path=/proc/self/fd/%d",
						     options->memory, MEMORY_FD));
	else
		lab_strings_take(command,
				 lab_format("memory-backend-ram,id=ram,size=%uM", options->memory));
	lab_strings_add(command, "-chardev");
	lab_strings_take(command, lab_format("socket,id=port,fd=%d", PORT_FD));
	lab_strings_add(command, "-chardev");
	lab_strings_take(command, lab_format("socket,id=console,fd=%d", CONSOLE_FD));
	lab_strings_add(command, "-chardev");
	lab_strings_take(command, lab_format("socket,id=monitor,fd=%d", MONITOR_FD));
	if (start->restore) {
		lab_strings_add(command, "-incoming");
		lab_strings_add(command, "defer");
		return;
	}
	lab_strings_add(command, "-kernel");
	lab_strings_take(command, lab_format("/proc/self/fd/%d", IMAGE_FD));
	lab_strings_add(command, "-initrd");
	lab_strings_take(command, lab_format("/proc/self/fd/%d", INITRAMFS_FD));
	lab_strings_add(command, "-append");
	lab_strings_take(command, command_line(options));
}

/* The files that only some starts need. -errno. */
static int open_files(struct lab_qemu *qemu, const struct lab_start *start)
{
	char *path;

	if (start->restore) {
		path = lab_format("%s/devices", start->restore);
		qemu->devices = open(path, O_RDONLY | O_CLOEXEC);
		free(path);
		return qemu->devices < 0 ? -errno : 0;
	}
	if (!start->save)
		return 0;
	qemu->memory = memfd_create("memory", MFD_CLOEXEC);
	if (qemu->memory < 0 || ftruncate(qemu->memory, (off_t)start->options->memory << 20))
		return -errno;
	return 0;
}

static int spawn(struct lab_machine *machine, struct lab_strings *command,
		 const struct lab_start *start)
{
	struct lab_qemu *qemu = machine->own;
	struct lab_spawn spawn = { .command = lab_strings_vector(command),
				   .output = -1,
				   .count = FDS_END - PORT_FD };
	int *const ours[] = { &machine->port, &machine->console, &qemu->monitor };
	int pair[2], status;

	for (int i = 0; i < 3; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
			free(spawn.command);
			return lab_error(LAB_INTERNAL, "socketpair: %s", strerror(errno));
		}
		*ours[i] = pair[0];
		spawn.fds[i] = pair[1];
	}
	spawn.fds[IMAGE_FD - PORT_FD] = start->image;
	spawn.fds[INITRAMFS_FD - PORT_FD] = start->initramfs;
	spawn.fds[MEMORY_FD - PORT_FD] = qemu->memory;
	status = lab_machine_spawn(machine, &spawn);
	for (int i = 0; i < 3; i++)
		close(spawn.fds[i]);
	free(spawn.command);
	return status;
}

static int start(struct lab_machine *machine, const struct lab_start *start)
{
	struct lab_strings command = { 0 };
	struct lab_qemu *qemu = lab_allocate(sizeof(*qemu));
	int status;

	*qemu = (struct lab_qemu){ .monitor = -1, .memory = -1, .devices = -1 };
	machine->own = qemu;
	status = open_files(qemu, start);
	if (status)
		return lab_error(LAB_INTERNAL, "files for the machine: %s", strerror(-status));
	build_command(&command, start);
	status = spawn(machine, &command, start);
	lab_strings_finish(&command);
	return status;
}

static void release(struct lab_machine *machine)
{
	struct lab_qemu *qemu = machine->own;
	const int fds[] = { qemu->monitor, qemu->memory, qemu->devices };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(qemu);
}

static ssize_t receive(struct lab_machine *machine, void *data, size_t size)
{
	ssize_t n = read(machine->port, data, size);

	return n < 0 ? -errno : n;
}

static ssize_t transmit(struct lab_machine *machine, const void *data, size_t size)
{
	ssize_t n = send(machine->port, data, size, MSG_NOSIGNAL);

	return n < 0 ? -errno : n;
}

/*
 * Its #VMEXIT clears a bit of the CPU's interrupt_request without the lock that others set theirs under, by
 * do_vmexit() in target/i386/tcg/sysemu/svm_helper.c: now and then what the local APIC asked for just then
 * is lost. The vector stays in its IRR until another interrupt has the CPU look there again. If it is the
 * timer's, the kernel, which sets that for one interrupt at a time, has no clock any more.
 */
static bool loses_interrupts(const struct lab_options *options)
{
	return options->architecture->elf_machine == EM_X86_64;
}

static char *program(const struct lab_options *options)
{
	return lab_find_in_path(options->qemu ? options->qemu : options->architecture->qemu);
}

static int say_missing(const struct lab_options *options, const char *why)
{
	return lab_error(LAB_NO_QEMU, "QEMU can't be run (%s); install the package %s", why,
			 options->architecture->elf_machine == EM_AARCH64 ? "qemu-system-arm" :
									    "qemu-system-x86");
}

const struct lab_emulator lab_qemu = {
	.name = "QEMU",
	.modules = (const char *const[]){ "virtio_mmio", "virtio_console", NULL },
	.signs =
		(const struct lab_sign[]){
			{ "unable to find CPU model", LAB_NO_QEMU,
			  "this QEMU can't emulate the CPU" },
			{ "unsupported machine type", LAB_NO_QEMU, "this QEMU lacks the machine" },
			{ "annot set up guest memory", LAB_NO_MEMORY,
			  "the host has too little memory for the machine" },
			{ 0 },
		},
	.start = start,
	.release = release,
	.receive = receive,
	.transmit = transmit,
	.loses_interrupts = loses_interrupts,
	.program = program,
	.key = make_key,
	.save = lab_qemu_save,
	.resume = lab_qemu_resume,
	.restore = lab_qemu_restore,
	.say_missing = say_missing,
};
