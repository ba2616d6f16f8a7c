/* SPDX-License-Identifier: MIT */
/*
 * `ring0 lab`: what its files share. A run goes through them in this order: options.c reads the
 * command line; gather.c collects what goes along, by files.c and library.c, which reads programs by
 * elf.c; kernel.c finds a kernel and its modules, or fetch.c gets them by apt.c, unasked for
 * missing.c, both uncompressed by uncompress.c; run.c has machine.c start an emulator (emulator.h)
 * with the kernel of image.c and the initial file system of initramfs.c, state.c save and restore a
 * machine that has booted, and session.c talk to the init program in it.
 * Functions that return an int return 0 or an enum lab_status, having said in one line on standard
 * error what went wrong, unless they say otherwise.
 */
#ifndef COMMAND_LAB_LAB_H
#define COMMAND_LAB_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The lab's own exit statuses; any other is the program's. */
enum lab_status {
	LAB_OK = 0,
	LAB_USAGE = 80,	       /* the command line */
	LAB_MISSING = 81,      /* no such program, library or file */
	LAB_ARCHITECTURE = 82, /* a program or library for another architecture */
	LAB_NO_KERNEL = 83,    /* no kernel to boot, or none can be fetched */
	LAB_NO_KVM = 84,       /* the kernel has no KVM, or no virtio console */
	LAB_NO_QEMU = 85,      /* no QEMU, or one without the machine or CPU */
	LAB_NO_MEMORY = 86,    /* the machine's memory is too small */
	LAB_PANIC = 87,	       /* the machine's kernel panicked, or the machine ended by itself */
	LAB_TIMEOUT = 88,      /* a program, or the boot, took too long */
	LAB_DISK = 89,	       /* writing to the disk failed */
	LAB_INTERNAL = 90,     /* the host refused something else */
};

/* A KVM, and what emulates a CPU that it works on. */
struct lab_kvm {
	const char *name;   /* as in --kvm */
	const char *module; /* the last of the modules that make it */
	const struct lab_emulator *emulator;
};

struct lab_architecture {
	const char *name;	    /* as in --arch and uname(1) */
	uint16_t elf_machine;	    /* EM_… */
	const char *qemu;	    /* the command */
	const char *debian;	    /* the architecture of its packages */
	const struct lab_kvm *kvms; /* the one that is had unless another is asked for is first */
	size_t kvm_count;
	const char *library_dirs; /* where the dynamic linker looks, separated by colons */
	const char *sysroot;	  /* where cross-built programs' libraries are */
	const unsigned char *init, *init_end; /* the init program; empty where it was not built */
};

extern const struct lab_architecture lab_architectures[2];

/* A growing list of strings, each its own. */
struct lab_strings {
	char **items;
	size_t count;
};

struct lab_options {
	const struct lab_architecture *architecture;
	const struct lab_kvm *kvm; /* one of the architecture's */
	const char *kvm_name;	   /* as given, or NULL */
	unsigned int cpus;
	unsigned int memory;  /* MB */
	unsigned int timeout; /* seconds for each program; 0 for none */
	const char *kernel;   /* NULL: the one in the environment or in the cache */
	const char *qemu;     /* NULL: the architecture's, in PATH */
	const char *bochs;    /* NULL: the one in the environment or in the cache */
	const char *cpu;      /* the model, or NULL for the emulator's usual one */
	const char *sysroot;  /* NULL: the architecture's, for programs not of this host */
	const char *statuses; /* a file to write each program's status to, or NULL */
	bool keep, cold, verbose, each, fetch, help, matrix;
	struct lab_strings variables;	   /* NAME=VALUE */
	struct lab_strings kvm_parameters; /* NAME=VALUE, of its last module, or kvm.NAME=VALUE */
	struct lab_strings files;	   /* PATH or PATH:PATH-INSIDE */
	struct lab_strings collect;	   /* paths inside */
	struct lab_strings kernels;	   /* each that --kernel named */
	struct lab_strings programs;	   /* one, unless `each` */
	struct lab_strings arguments;
};

/* ---- options.c ---- */

/* Over the defaults that `options` has. --help is not acted upon. */
int lab_options_parse(int argc, char **argv, struct lab_options *options);
void lab_options_help(void);
void lab_options_finish(struct lab_options *options);

/* ---- util.c ---- */

/* Print one line that starts with "ring0 lab: ", and return `status`. */
int lab_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* These end the process with LAB_INTERNAL where there is no memory. */
void *lab_allocate(size_t size);
char *lab_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lab_strings_add(struct lab_strings *strings, const char *text);
void lab_strings_finish(struct lab_strings *strings);
/* Add a text that was allocated, and take it. */
void lab_strings_take(struct lab_strings *strings, char *text);
/* All of them with blanks between, for free(). */
char *lab_strings_join(const struct lab_strings *strings);
/* Their items with a NULL at the end, for free(); they stay the list's. */
char **lab_strings_vector(const struct lab_strings *strings);

/* Add the names that a pattern of glob(7) matches. */
void lab_glob(const char *pattern, struct lab_strings *names);

/* Whether name[0..length) is `pattern`, in which one '*' at an end stands for anything. */
bool lab_name_matches(const char *pattern, const char *name, size_t length);

/* Milliseconds of a clock that only goes forward. */
uint64_t lab_clock(void);

/* A whole file in memory, read-only; 0 or -errno, with nothing said. */
struct lab_blob {
	const unsigned char *data;
	size_t size;
};
int lab_map(const char *path, struct lab_blob *blob);
int lab_map_descriptor(int fd, struct lab_blob *blob);
void lab_unmap(struct lab_blob *blob);
/* To a file or a pipe, waiting where it has to; 0 or -errno. */
int lab_write_all(int fd, const void *data, size_t size);
/* A whole file that is open, from its start, to a new one; 0 or -errno. */
int lab_copy_descriptor(int from, const char *path);
/* The path of a command, for free(), or NULL. */
char *lab_find_in_path(const char *name);

/* ---- uncompress.c: gzip, xz, zstd, and lz4 as kernels have it ---- */

/*
 * What is compressed in memory, uncompressed, for lab_unmap(). -ENOEXEC where it does not begin as
 * any of these, -EBADMSG where it is damaged or cut short, -EFBIG, -ENOMEM.
 */
int lab_uncompress(const struct lab_blob *in, struct lab_blob *out);
/* As lab_map(), of a file that may be compressed. */
int lab_map_uncompressed(const char *path, struct lab_blob *blob);

/* ---- cache.c: what is kept from one run to the next ---- */

/* Make a directory and those above it; -errno, unsaid. */
int lab_make_directories(const char *path);
void lab_remove_tree(const char *path);
/* The directory for what the lab keeps, made if it is not there. NULL after an error line. */
char *lab_cache_directory(void);

/* A directory in it for what is not whole yet. */
struct lab_workshop {
	char *path;
	int lock; /* held as long as somebody works in it */
};
/* `purpose` begins its name: "fetch" or "saving". What was left by runs that were killed goes. -errno, unsaid. */
int lab_workshop_open(struct lab_workshop *workshop, const char *cache, const char *purpose);
/* And remove what is in it. */
void lab_workshop_close(struct lab_workshop *workshop);

/* ---- files.c: what goes into the machine ---- */

struct lab_entry {
	char *inside; /* absolute path in the machine */
	char *host;   /* where the content is; NULL for a directory */
	mode_t mode;
	uint64_t size;
};

struct lab_files {
	struct lab_entry *entries;
	size_t count;
	uint64_t total; /* bytes of content */
};

/* Add one file under that path inside; nothing happens if the path is taken. -errno, unsaid. */
int lab_files_add(struct lab_files *files, const char *host, const char *inside);
void lab_files_finish(struct lab_files *files);

/* ---- gather.c ---- */

/* All that goes along; the environment is added to the options, the programs' paths to `inside`. */
int lab_gather(struct lab_files *files, struct lab_options *options, struct lab_strings *inside);

/* ---- library.c: programs and the libraries that they need ---- */

/*
 * Add a program at its own path, and the interpreter and libraries that it needs, each at the path
 * where the dynamic linker inside will look. `what` says in errors what it is: "program".
 */
int lab_library_add(struct lab_files *files, const struct lab_options *options, const char *what,
		    const char *host, const char *inside);

/* ---- kernel.c: the kernel and its modules ---- */

struct lab_kernel {
	char *path;		   /* the kernel, as found */
	char *modules;		   /* lib/modules/VERSION, or NULL where all is built in */
	struct lab_strings needed; /* paths of modules, each after those it needs */
	bool lacks_kvm;		   /* neither as a module nor built in */
};

/*
 * A descriptor of the kernel as it is to be loaded: uncompressed, unless it is compressed in a way
 * unknown here or can't be started without its wrapping. -1 after an error line.
 */
int lab_kernel_image(const struct lab_kernel *kernel);
/* Whether QEMU can start this ELF file directly, by the PVH entry that a note gives. */
bool lab_has_pvh_entry(const unsigned char *data, size_t size);
/* Whether this is arm64's Image, or something that lab_kernel_image() may find one in. */
bool lab_is_arm64_image(const struct lab_blob *image);
int lab_kernel_find(const struct lab_options *options, struct lab_kernel *kernel);
/* Refuse one that has no KVM. */
int lab_kernel_check(const struct lab_options *options, const struct lab_kernel *kernel);
/* Whether none is named, and none is in the cache. */
bool lab_kernel_is_missing(const struct lab_options *options);
void lab_kernel_finish(struct lab_kernel *kernel);

/* ---- apt.c: packages, with lists and state of our own ---- */

struct lab_apt {
	const struct lab_architecture *architecture;
	const char *directory; /* for all of it, and where commands run */
	char *log;	       /* a file with what they said */
	uint64_t awaited; /* bytes that are to be downloaded, for a line that shows how it goes */
	/* Shows how it goes, on a terminal, instead; what was in the log before is not counted. */
	void (*show)(const struct lab_apt *apt);
	unsigned int lines;
};

/* Have apt take this directory for all that it writes, and the system's sources, keys and proxies. */
int lab_apt_configure(struct lab_apt *apt);
/* Run a command to its end, its output in a file of that name or in the log. Its wait status. */
int lab_apt_run(const struct lab_apt *apt, const char *output, const char *const *argv);
/* The first line in the log that has that text, or for NULL the last; for free(), NULL for none. */
char *lab_apt_said(const struct lab_apt *apt, const char *text);
/* What the lists have on a package: the names that it depends on, and its size. False for nothing. */
bool lab_apt_show(const struct lab_apt *apt, const char *package, struct lab_strings *depends,
		  uint64_t *size);

/* ---- fetch.c ---- */

/* Get a kernel into the cache. */
int lab_fetch(const struct lab_architecture *architecture);

/* ---- missing.c ---- */

/* With RING0_LAB=auto, get a kernel if there is none. */
int lab_fetch_missing(const struct lab_options *options);

/* ---- initramfs.c ---- */

/* Write the initial file system, init and modules, to a new memory file. A descriptor or -1. */
int lab_initramfs(const struct lab_options *options, const struct lab_kernel *kernel);

/* ---- machine.c: one machine ---- */

struct lab_machine {
	const struct lab_emulator *emulator;
	void *own;	  /* what is the emulator's own */
	pid_t pid;	  /* 0 when none runs */
	uint64_t started; /* by lab_clock() */
	int process;	  /* a pidfd */
	int port;	  /* where the messages of protocol.h arrive */
	int console;	  /* the kernel's messages */
	int complaint;	  /* the emulator's standard error */
	char *command;	  /* as it was started */
	char *log;	  /* what came from the console and the emulator so far */
	size_t log_size;
	char *refusal;	     /* what the emulator said when it last refused something, or NULL */
	uint64_t panic_time; /* by lab_clock(), 0 while its kernel is well */
	bool echo;	     /* the log goes to standard error, too */
	bool booted;	     /* it has said that it is ready */
};

/* How a machine is started: the last two exclude each other. */
struct lab_start {
	const struct lab_options *options;
	const struct lab_kernel *kernel;
	int image;	     /* descriptors of the kernel and the initial file system, */
	int initramfs;	     /* or -1 with `restore` */
	bool save;	     /* so that its state can be saved */
	const char *restore; /* the directory of a saved state, or NULL */
};

int lab_machine_start(struct lab_machine *machine, const struct lab_start *start);
/* End it, whatever state it is in, and release everything. */
void lab_machine_stop(struct lab_machine *machine);
/* Take what the console and the emulator's standard error have; true while that runs. */
bool lab_machine_listen(struct lab_machine *machine);
/*
 * Milliseconds of a clock that all but stands still while one of the emulator's threads is ready to run and
 * the host's CPUs are taken: they wait for one another, so that each one's wait delays the machine. That it
 * still goes at a sixteenth of the time ends what hangs. It goes as lab_clock() does where the kernel
 * doesn't count the waits.
 */
uint64_t lab_machine_clock(const struct lab_machine *machine);
/* Say why a machine ended by itself, from its log. */
int lab_machine_autopsy(struct lab_machine *machine, const struct lab_options *options);

/* ---- state.c: the warm start; these return 0 or -errno with nothing said ---- */

/* The directory of a state that fits, for free(), or NULL. */
char *lab_state_find(const struct lab_options *options, const struct lab_kernel *kernel);
/* Save the state of a machine that waits. It is stopped then, until its emulator's resume(). */
int lab_state_save(struct lab_machine *machine, const struct lab_options *options,
		   const struct lab_kernel *kernel);
void lab_state_remove(const char *directory);

/* ---- session.c: one machine and what runs in it ---- */

/* Wait for the machine to say that it is ready. */
int lab_session_boot(struct lab_machine *machine, const struct lab_options *options);
/*
 * Give it the time and fresh random numbers, and see that it answers. After a restore it has only
 * so long for it, and -1 is returned, with nothing said, if it does not.
 */
int lab_session_hello(struct lab_machine *machine, const struct lab_options *options,
		      bool restored);
/* Hand over the files. */
int lab_session_files(struct lab_machine *machine, const struct lab_options *options,
		      const struct lab_files *files);
/* Run one program and pass its output on. Its status is in *status if 0 is returned. */
int lab_session_run(struct lab_machine *machine, const struct lab_options *options,
		    const char *program, const char *inside, int *status);
/* Copy the files of --collect out of the machine. */
int lab_session_collect(struct lab_machine *machine, const struct lab_options *options);

/* ---- run.c ---- */

/* Run the programs, in as few machines as can be. The status to exit with. */
int lab_run(const struct lab_options *options, const struct lab_kernel *kernel,
	    const struct lab_files *files, const struct lab_strings *inside);

/* ---- matrix.c ---- */

/* Run the program on each KVM that there is, and print a table. The status to exit with. */
int lab_matrix(struct lab_options *options);

/* ---- program.c ---- */

/* One run of the lab, all in all. */
int lab_run_program(struct lab_options *options);

/* ---- signals: lab.c has them arrive at a descriptor, which session.c reads ---- */

/* For a child that is to be another program. */
void lab_unblock_signals(void);
/* Signals that end the lab arrive at this descriptor; what came is in lab_signal. */
extern int lab_signals;
extern int lab_signal;
/* Take the signal that arrived; 0 if there is none. */
int lab_take_signal(void);

#endif /* COMMAND_LAB_LAB_H */
