/* SPDX-License-Identifier: MIT */
/*
 * A machine emulated by Bochs, whose CPU has VMX. There is no BIOS in it and hardly a device: it
 * starts from a ROM of ours and a disc (disc.c), is told things over that disc, and answers by port
 * 0xe9. All is in memory and handed down by descriptors, so that no file is left behind and no port
 * of a network opened. Depends on bochs.h, emulator.h and libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "command/lab/emulators/bochs_disc.h"
#include "command/lab/emulators/bochs_program.h"
#include "command/lab/cache.h"
#include "command/lab/emulators/disc.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/emulators/fetch_bochs.h"
#include "command/lab/machine.h"
#include "command/lab/options.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

/* From init.S. */
extern const unsigned char lab_rom[], lab_rom_end[];

/* The descriptors as Bochs inherits them. */
enum { DISC_FD = LAB_FIRST_FD, CONSOLE_FD, CONFIG_FD, ROM_FD, VGA_ROM_FD, DEBUGGER_FD, FDS_END };

/*
 * Emulated instructions for each second of the machine's time, which is also its time stamp counter's
 * rate. It does not sleep while idle: its clock then goes as fast as it can.
 */
#define IPS 50000000

#define SAVE_MS 20000

#define MARK_SIZE (sizeof(LAB_DISC_MARK) - 1 + sizeof(uint64_t))

/* What is Bochs's own in a machine. */
struct bochs {
	int disc;
	uint64_t session;
	uint64_t written; /* to the disc's stream */
	char mark[MARK_SIZE];
	size_t matched;		    /* of the mark; all of it when what comes is the machine's */
	struct lab_workshop saving; /* where its state can be saved, */
	int no_saving;		    /* or the -errno for which it can't */
};

/* Models by the names that their makers gave them, beside Bochs's own names. */
static const struct {
	const char *name, *bochs;
} models[] = {
	{ "penryn", "core2_penryn_t9600" },
	{ "sandy_bridge", "corei7_sandy_bridge_2600k" },
	{ "ivy_bridge", "corei7_ivy_bridge_3770k" },
	{ "haswell", "corei7_haswell_4770" },
	{ "broadwell", "broadwell_ult" },
	{ "skylake_x", "corei7_skylake_x" },
};

static const char *model_of(const struct lab_options *options)
{
	const char *name = options->cpu ? options->cpu : "haswell";

	for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++)
		if (!strcmp(name, models[i].name))
			return models[i].bochs;
	return name;
}

/* Bochs's configuration: bochsrc(5). */
static char *make_config(const struct lab_options *options, const char *display)
{
	return lab_format("cpu: model=%s, count=%u, ips=%d, reset_on_triple_fault=0\n"
			  "memory: guest=%u, host=%u, block_size=2048\n"
			  "romimage: file=/proc/self/fd/%d\n"
			  "vgaromimage: file=/proc/self/fd/%d\n"
			  "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n"
			  "ata0-master: type=cdrom, path=/proc/self/fd/%d, status=inserted\n"
			  "com1: enabled=1, mode=file, dev=/proc/self/fd/%d\n"
			  "port_e9_hack: enabled=1\n"
			  "pci: enabled=0\n"
			  "clock: sync=none, time0=utc\n"
			  "display_library: %s\n"
			  "speaker: enabled=0\n"
			  "log: -\n"
			  "info: action=ignore\n"
			  "error: action=ignore\n"
			  "panic: action=fatal\n",
			  model_of(options), options->cpus, IPS, options->memory, options->memory,
			  ROM_FD, VGA_ROM_FD, DISC_FD, CONSOLE_FD, display);
}

static char *command_line(const struct lab_options *options)
{
	return lab_format("console=ttyS0 RING0_LAB_PORT=disc " LAB_KERNEL_OPTIONS
			  " no_timer_check tsc_early_khz=%d tsc=reliable%s",
			  IPS / 1000, options->verbose ? "" : " quiet");
}

static char *make_key(const struct lab_options *options)
{
	char *config = make_config(options, ""), *line = command_line(options);
	char *key = lab_format("%s%s", config, line);

	free(config);
	free(line);
	return key;
}

/* A file in memory with that, or -1. */
static int file_of(const char *name, const void *data, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd >= 0 && lab_write_all(fd, data, size)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int make_disc(struct bochs *bochs, const struct lab_start *start)
{
	const struct lab_options *options = start->options;
	char *line = command_line(options);
	struct lab_bochs_boot boot = { .image = start->image,
				       .initramfs = start->initramfs,
				       .memory = options->memory,
				       .cpus = options->cpus,
				       .command_line = line };
	int err = lab_disc_make(start->restore ? NULL : &boot, &bochs->disc, &bochs->session);

	free(line);
	memcpy(bochs->mark, LAB_DISC_MARK, sizeof(LAB_DISC_MARK) - 1);
	memcpy(bochs->mark + sizeof(LAB_DISC_MARK) - 1, &bochs->session, sizeof(bochs->session));
	switch (err) {
	case 0:
		return 0;
	case -ENOEXEC:
		return lab_error(LAB_NO_KERNEL, "%s is no kernel that starts in 64-bit mode",
				 start->kernel->path);
	case -ENOMEM:
	case -EFBIG:
		return lab_error(LAB_NO_MEMORY,
				 "the machine's %u MB are too little for the kernel; give it more "
				 "with --memory",
				 options->memory);
	default:
		return lab_error(LAB_INTERNAL, "making the machine's disc: %s", strerror(-err));
	}
}

/* Where the state is saved to has to be known when it starts. -errno. */
static int make_saving(struct bochs *bochs)
{
	char *cache = lab_cache_directory();
	int err = cache ? lab_workshop_open(&bochs->saving, cache, "saving") : -ENOENT;

	free(cache);
	return err;
}

/* Without "nogui" a display listens on a port: then in a network of its own. */
static void build_command(struct lab_strings *command, const struct lab_start *start,
			  const struct lab_bochs *program)
{
	char *path = lab_bochs_path(start->options);

	lab_strings_take(command, path ? path : lab_format("bochs"));
	lab_strings_add(command, "-q");
	if (program->has_debugger) {
		lab_strings_add(command, "-rc");
		lab_strings_take(command, lab_format("/proc/self/fd/%d", DEBUGGER_FD));
	}
	lab_strings_add(command, start->restore ? "-r" : "-f");
	lab_strings_take(command, start->restore ? lab_format("%s", start->restore) :
						   lab_format("/proc/self/fd/%d", CONFIG_FD));
}

/* What it inherits, but for the disc. */
static void open_files(struct lab_spawn *spawn, const struct lab_start *start,
		       const struct lab_bochs *program)
{
	static const char empty[512], go_on[] = "c\n";
	char *config = make_config(start->options,
				   program->has_nogui ? "nogui" : "rfb, options=\"timeout=0\"");

	spawn->fds[CONFIG_FD - DISC_FD] = file_of("bochsrc", config, strlen(config));
	spawn->fds[ROM_FD - DISC_FD] =
		file_of("rom", lab_rom, (uintptr_t)lab_rom_end - (uintptr_t)lab_rom);
	spawn->fds[VGA_ROM_FD - DISC_FD] = file_of("vga-rom", empty, sizeof(empty));
	spawn->fds[DEBUGGER_FD - DISC_FD] = file_of("debugger", go_on, sizeof(go_on) - 1);
	free(config);
}

static int start_process(struct lab_machine *machine, const struct lab_start *start)
{
	struct bochs *bochs = machine->own;
	struct lab_bochs program = { .mended = true, .has_nogui = true };
	struct lab_strings command = { 0 };
	int port[2] = { -1, -1 }, console[2] = { -1, -1 }, status = 0;
	struct lab_spawn spawn = { .count = FDS_END - DISC_FD };
	char *path;

	if (pipe2(port, O_CLOEXEC) || pipe2(console, O_CLOEXEC))
		status = lab_error(LAB_INTERNAL, "pipe: %s", strerror(errno));
	machine->port = port[0];
	machine->console = console[0];
	path = lab_bochs_path(start->options);
	if (path && lab_bochs_is_named(start->options))
		lab_bochs_examine(path, &program);
	free(path);
	build_command(&command, start, &program);
	spawn.command = lab_strings_vector(&command);
	spawn.isolated = !program.has_nogui;
	if (bochs->saving.path)
		spawn.variable = lab_format("BOCHS_SAVE=%s", bochs->saving.path);
	spawn.output = port[1];
	open_files(&spawn, start, &program);
	spawn.fds[0] = bochs->disc; /* DISC_FD is the first */
	spawn.fds[CONSOLE_FD - DISC_FD] = console[1];
	if (!status)
		status = lab_machine_spawn(machine, &spawn);
	close(port[1]);
	for (size_t i = CONSOLE_FD - DISC_FD; i < spawn.count; i++)
		close(spawn.fds[i]);
	free(spawn.variable);
	free(spawn.command);
	lab_strings_finish(&command);
	return status;
}

static int start(struct lab_machine *machine, const struct lab_start *start)
{
	struct bochs *bochs = lab_allocate(sizeof(*bochs));
	int status;

	bochs->disc = -1;
	bochs->saving.lock = -1;
	machine->own = bochs;
	status = make_disc(bochs, start);
	/* Without it works, too: save() tells. */
	if (!status && start->save)
		bochs->no_saving = make_saving(bochs);
	return status ? status : start_process(machine, start);
}

static void release(struct lab_machine *machine)
{
	struct bochs *bochs = machine->own;

	if (bochs->disc >= 0)
		close(bochs->disc);
	lab_workshop_close(&bochs->saving);
	free(bochs);
}

/* What comes before the mark is Bochs's own: a banner. */
static int skip_banner(struct lab_machine *machine)
{
	struct bochs *bochs = machine->own;
	char byte;

	while (bochs->matched < MARK_SIZE) {
		ssize_t n = read(machine->port, &byte, 1);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPIPE;
		if (byte != bochs->mark[bochs->matched])
			bochs->matched = 0;
		if (byte == bochs->mark[bochs->matched])
			bochs->matched++;
	}
	return 0;
}

static ssize_t receive(struct lab_machine *machine, void *data, size_t size)
{
	int err = skip_banner(machine);
	ssize_t n;

	if (err)
		return err == -EPIPE ? 0 : err;
	n = read(machine->port, data, size);
	return n < 0 ? -errno : n;
}

static ssize_t transmit(struct lab_machine *machine, const void *data, size_t size)
{
	struct bochs *bochs = machine->own;
	int err = lab_disc_append(bochs->disc, data, size, &bochs->written);

	return err ? err : (ssize_t)size;
}

/* Bochs does not look whether it could write everything. */
static int room_for(const char *directory, unsigned int megabytes)
{
	struct statvfs space;

	if (statvfs(directory, &space))
		return -errno;
	return (uint64_t)space.f_bavail * space.f_frsize < ((uint64_t)megabytes + 16) << 20 ?
		       -ENOSPC :
		       0;
}

static int save(struct lab_machine *machine, const struct lab_options *options,
		const char *directory)
{
	struct bochs *bochs = machine->own;
	uint64_t deadline = lab_machine_clock(machine) + SAVE_MS;
	char *wanted;
	int fd, err;

	if (bochs->no_saving)
		return bochs->no_saving;
	wanted = lab_format("%s/wanted", bochs->saving.path);
	err = room_for(bochs->saving.path, options->memory);
	if (!err) {
		fd = open(wanted, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		err = fd < 0 ? -errno : 0;
		if (fd >= 0)
			close(fd);
	}
	while (!err && access(wanted, F_OK) == 0) {
		poll(&(struct pollfd){ .fd = machine->process, .events = POLLIN }, 1, 5);
		if (!lab_machine_listen(machine))
			err = -EPIPE;
		else if (lab_machine_clock(machine) >= deadline)
			err = -ETIMEDOUT;
	}
	/* The other one is empty. */
	if (!err && rename(bochs->saving.path, directory))
		err = -errno;
	free(wanted);
	return err;
}

static int resume(struct lab_machine *machine)
{
	(void)machine;
	return 0;
}

static int restore(struct lab_machine *machine)
{
	(void)machine;
	return 0;
}

static int say_missing(const struct lab_options *options, const char *why)
{
	(void)options;
	return lab_error(LAB_NO_QEMU, "Bochs can't be run (%s)", why);
}

const struct lab_emulator lab_bochs = {
	.name = "Bochs",
	.modules = (const char *const[]){ NULL },
	.signs =
		(const struct lab_sign[]){ { "cpu directive malformed", LAB_NO_QEMU,
					     "Bochs has no such CPU model (see bochs --help cpu)" },
					   { ">>PANIC<<", LAB_PANIC, "Bochs gave up" },
					   { 0 } },
	.is_slow_to_talk = true,
	.start = start,
	.release = release,
	.receive = receive,
	.transmit = transmit,
	.program = lab_bochs_path,
	.check = lab_bochs_check,
	.fetch = lab_fetch_bochs,
	.key = make_key,
	.save = save,
	.resume = resume,
	.restore = restore,
	.say_missing = say_missing,
};
