/* SPDX-License-Identifier: MIT */
/*
 * A machine emulated by QEMU: its command line, its port, console and monitor, and the saving and
 * restoring of its state. Everything goes through inherited descriptors, so that no file is left
 * behind. The memory of a saved state is a file that QEMU maps copy-on-write, so that a restore
 * reads only what the machine then touches (QEMU's capability x-ignore-shared); the rest is a
 * migration stream of some hundred kilobytes. Depends on emulator.h, lab.h and libc.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "command/lab/counter.h"
#include "command/lab/emulator.h"
#include "command/lab/lab.h"
#include "command/lab/protocol.h"

#define PAGE	   4096u
#define MONITOR_MS 20000

/* The descriptors as QEMU inherits them. */
enum { PORT_FD = LAB_FIRST_FD, CONSOLE_FD, MONITOR_FD, IMAGE_FD, INITRAMFS_FD, MEMORY_FD, FDS_END };

/* What is QEMU's own in a machine. */
struct qemu {
	int monitor; /* QMP */
	int memory;  /* a memory file of its RAM, if its state is to be saved, or -1 */
	int state;   /* a memory file for its devices' state, or the saved one, or -1 */
};

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
			  lab_counter_khz(), quiet);
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
				      "-mon",
				      "chardev=monitor,mode=control" };
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
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		lab_strings_add(command, fixed[i]);
	lab_strings_add(command, "-m");
	lab_strings_take(command, lab_format("%u", options->memory));
	lab_strings_add(command, "-smp");
	lab_strings_take(command, lab_format("%u", options->cpus));
}

/* The clock's rate, which a restored machine keeps, in steps that measuring does not cross. */
static unsigned long rough_khz(void)
{
	return (lab_counter_khz() + 5000) / 10000;
}

static char *make_key(const struct lab_options *options)
{
	struct lab_strings command = { 0 };
	char *text;

	add_machine(&command, options);
	lab_strings_take(&command, lab_format("%s %d %lu", LAB_KERNEL_OPTIONS, options->verbose,
					      rough_khz()));
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
static int open_files(struct qemu *qemu, const struct lab_start *start)
{
	char *path;

	if (start->restore) {
		path = lab_format("%s/devices", start->restore);
		qemu->state = open(path, O_RDONLY | O_CLOEXEC);
		free(path);
		return qemu->state < 0 ? -errno : 0;
	}
	if (!start->save)
		return 0;
	qemu->state = memfd_create("devices", MFD_CLOEXEC);
	qemu->memory = memfd_create("memory", MFD_CLOEXEC);
	if (qemu->state < 0 || qemu->memory < 0 ||
	    ftruncate(qemu->memory, (off_t)start->options->memory << 20))
		return -errno;
	return 0;
}

static int spawn(struct lab_machine *machine, struct lab_strings *command,
		 const struct lab_start *start)
{
	struct qemu *qemu = machine->own;
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
	struct qemu *qemu = lab_allocate(sizeof(*qemu));
	int status;

	*qemu = (struct qemu){ .monitor = -1, .memory = -1, .state = -1 };
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
	struct qemu *qemu = machine->own;
	const int fds[] = { qemu->monitor, qemu->memory, qemu->state };

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

static int monitor_of(const struct lab_machine *machine)
{
	return ((const struct qemu *)machine->own)->monitor;
}

/*
 * Say that to QEMU's monitor, unless it is NULL or empty, and wait for the answer, past any events;
 * for NULL, for the greeting. -EPROTO if the answer is an error.
 */
static int ask(struct lab_machine *machine, const char *command, char *answer, size_t room)
{
	uint64_t deadline = lab_clock() + MONITOR_MS;
	size_t used = 0;

	if (command && *command &&
	    send(monitor_of(machine), command, strlen(command), MSG_NOSIGNAL) < 0)
		return -errno;
	for (;;) {
		struct pollfd fds[] = { { .fd = monitor_of(machine), .events = POLLIN },
					{ .fd = machine->process, .events = POLLIN } };
		uint64_t now = lab_clock();
		char byte;

		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(fds, 2, (int)(deadline - now)) < 0 && errno != EINTR)
			return -errno;
		if (!fds[0].revents)
			continue;
		if (recv(monitor_of(machine), &byte, 1, 0) != 1)
			return -EPIPE;
		if (byte != '\n') {
			if (used + 1 < room)
				answer[used++] = byte;
			continue;
		}
		answer[used] = '\0';
		used = 0;
		if (!strncmp(answer, "{\"return\"", 9) || (!command && strstr(answer, "\"QMP\"")))
			return 0;
		if (!strncmp(answer, "{\"error\"", 8))
			return -EPROTO;
	}
}

static int tell(struct lab_machine *machine, const char *command)
{
	char answer[4096];

	return ask(machine, command, answer, sizeof(answer));
}

/* Hand QEMU the file for its devices' state: it comes with this command, as unix(7) has it. */
static int give_file(struct lab_machine *machine)
{
	char command[] = "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"state\"}}\n";
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec data = { command, sizeof(command) - 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control.space) };
	char answer[4096];

	memcpy(CMSG_DATA(&control.head), &((struct qemu *)machine->own)->state, sizeof(int));
	if (sendmsg(monitor_of(machine), &message, MSG_NOSIGNAL) < 0)
		return -errno;
	return ask(machine, "", answer, sizeof(answer));
}

/* The greeting, and leave to ignore memory that is in a file. */
static int introduce(struct lab_machine *machine)
{
	int err = tell(machine, NULL);

	if (!err)
		err = tell(machine, "{\"execute\":\"qmp_capabilities\"}\n");
	if (!err)
		err = tell(machine, "{\"execute\":\"migrate-set-capabilities\",\"arguments\":"
				    "{\"capabilities\":[{\"capability\":\"x-ignore-shared\","
				    "\"state\":true}]}}\n");
	if (!err)
		err = give_file(machine);
	return err;
}

static int wait_migration(struct lab_machine *machine)
{
	uint64_t deadline = lab_clock() + MONITOR_MS;
	char answer[8192];

	for (;;) {
		int err = ask(machine, "{\"execute\":\"query-migrate\"}\n", answer, sizeof(answer));

		if (err)
			return err;
		if (strstr(answer, "\"status\": \"completed\""))
			return 0;
		if (strstr(answer, "\"status\": \"failed\""))
			return -EIO;
		if (lab_clock() >= deadline)
			return -ETIMEDOUT;
		usleep(500);
	}
}

/* Copy what is not zero of the machine's memory, with holes elsewhere. 0 or -errno. */
static int copy_memory(int from, const char *path, size_t size)
{
	static const unsigned char zeros[PAGE];
	const unsigned char *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, from, 0);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), err = 0;
	off_t start = 0, end;

	if (memory == MAP_FAILED || to < 0 || ftruncate(to, (off_t)size))
		err = -errno;
	while (!err && (start = lseek(from, start, SEEK_DATA)) >= 0) {
		end = lseek(from, start, SEEK_HOLE);
		for (off_t at = start; at < end && !err;) {
			off_t stop;

			for (; at < end && !memcmp(memory + at, zeros, PAGE); at += PAGE)
				;
			for (stop = at; stop < end && memcmp(memory + stop, zeros, PAGE);
			     stop += PAGE)
				;
			while (at < stop && !err) {
				ssize_t n = pwrite(to, memory + at, (size_t)(stop - at), at);

				if (n < 0)
					err = -errno;
				else
					at += n;
			}
		}
		start = end;
	}
	if (to >= 0 && close(to) && !err)
		err = -errno;
	if (memory != MAP_FAILED)
		munmap((void *)(uintptr_t)memory, size);
	return err;
}

static int restore(struct lab_machine *machine)
{
	int err = introduce(machine);

	if (!err)
		err = tell(machine, "{\"execute\":\"migrate-incoming\",\"arguments\":"
				    "{\"uri\":\"fd:state\"}}\n");
	if (!err)
		err = wait_migration(machine);
	if (!err)
		err = tell(machine, "{\"execute\":\"cont\"}\n");
	return err;
}

/* Have QEMU write its devices to the descriptor, and copy the memory. 0 or -errno. */
static int save(struct lab_machine *machine, const struct lab_options *options,
		const char *directory)
{
	char *memory = lab_format("%s/memory", directory);
	char *devices = lab_format("%s/devices", directory);
	struct qemu *qemu = machine->own;
	int err = introduce(machine);

	if (!err)
		err = tell(machine, "{\"execute\":\"stop\"}\n");
	if (!err)
		err = tell(machine, "{\"execute\":\"migrate\",\"arguments\":"
				    "{\"uri\":\"fd:state\"}}\n");
	if (!err)
		err = wait_migration(machine);
	if (!err)
		err = lab_copy_descriptor(qemu->state, devices);
	if (!err)
		err = copy_memory(qemu->memory, memory, (size_t)options->memory << 20);
	free(memory);
	free(devices);
	return err;
}

static int resume(struct lab_machine *machine)
{
	return tell(machine, "{\"execute\":\"cont\"}\n");
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
	.program = program,
	.key = make_key,
	.save = save,
	.resume = resume,
	.restore = restore,
	.say_missing = say_missing,
};
