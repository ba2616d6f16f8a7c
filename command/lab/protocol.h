/* SPDX-License-Identifier: MIT */
/*
 * What `ring0 lab` and the init program inside its machine say to each other, over one virtio
 * serial port. Each message is a struct lab_message and then `length` bytes. Shared by both sides,
 * which may differ in architecture but are both little-endian; depends on <stdint.h> alone.
 */
#ifndef COMMAND_LAB_PROTOCOL_H
#define COMMAND_LAB_PROTOCOL_H

#include <stdint.h>

/* The name of the port in /sys/class/virtio-ports, and the first thing init says. */
#define LAB_PORT_NAME "org.ring0.lab"
#define LAB_MAGIC     0x304c4152u /* "RAL0" */

/* Where init's program is. */
#define LAB_INIT_PATH "/init"

/* The longest message but for a file's content, which follows its message. */
#define LAB_MESSAGE_MAX (1u << 20)

struct lab_message {
	uint32_t type; /* enum lab_message_type */
	uint32_t length;
};

enum lab_message_type {
	/* To init. */
	LAB_HELLO = 1, /* struct lab_hello */
	LAB_FILE,      /* struct lab_file, its path, its link text; then the content, not counted */
	LAB_RUN,       /* struct lab_run, then NUL-ended strings: directory, file, argv, environ */
	LAB_KILL,      /* nothing: end the running program and all that it started */
	LAB_COLLECT,   /* a path: send that file back */
	LAB_INTERRUPT, /* nothing: that it comes is what it is for */
	LAB_SIGNAL,    /* a uint32_t: the number of a signal, for the running program */
	LAB_ANSWER,    /* struct lab_answer, then what the command printed */
	LAB_FIND, /* NUL-ended ends of names, or folders: tell of such files that programs wrote */

	/* From init. */
	LAB_READY = 32, /* struct lab_ready: the machine is up */
	LAB_OUTPUT,	/* bytes of the program's standard output */
	LAB_ERROR,	/* bytes of its standard error */
	LAB_EXIT,	/* struct lab_exit: the program ended, all of its output sent */
	LAB_FAILED,	/* struct lab_exit with an errno, then text: init could not do as told */
	LAB_COLLECTED,	/* the file's next bytes; none is the end of it */
	LAB_FOUND,	/* the path of one of the files; none is the end of them */
	/*
	 * struct lab_command, then NUL-ended arguments: a question to the command ring0. An empty one is for the command
	 * itself: the answer is its path, once it is there.
	 */
	LAB_COMMAND,
	LAB_INPUT, /* struct lab_input, then next bytes of its input; none is the end; nothing else comes in between */
};

struct lab_hello {
	uint64_t nanoseconds; /* since 1970 */
	uint8_t entropy[32];
};

struct lab_file {
	uint32_t mode; /* as in struct stat: a regular file, directory or symbolic link */
	uint32_t path_length;
	uint64_t size; /* of the content of a regular file */
};

struct lab_run {
	uint32_t merged; /* 1: standard error goes where standard output goes */
	uint32_t argument_count;
	uint32_t variable_count;
};

struct lab_ready {
	uint32_t magic;
	uint32_t kvm_error;	    /* errno of opening /dev/kvm, 0 if it is there */
	uint32_t no_virtualization; /* 1 if the CPU has nothing that KVM could use */
};

struct lab_command {
	uint32_t number; /* who asks */
	uint64_t size;	 /* of the input */
};

/* What none of them has is zeros: a core file is mostly holes. */
struct lab_input {
	uint64_t offset;
};

struct lab_answer {
	uint32_t number;
	int32_t status; /* of the command's exit */
};

struct lab_exit {
	int32_t status;		/* as from wait(): 0 to 255, or 128 + signal */
	uint32_t out_of_memory; /* 1 if the kernel killed a process for lack of memory */
};

#endif /* COMMAND_LAB_PROTOCOL_H */
