/* SPDX-License-Identifier: MIT */
/* There are no images on arm64: frozen_take(), which comes first of what has to do with them, says so. */
#include <errno.h>
#include <stdlib.h>
#include "image/cpu_demands.h"
#include "image/elf.h"
#include "image/frozen.h"
#include "image/noise_own.h"
#include "image/payload.h"
#include "image/pe.h"
#include "image/registers.h"

static int refuse(struct error *error)
{
	return error_set(error, ENOTSUP, "ring0 can't write an arm64 program as an image");
}

int frozen_take(struct frozen *frozen, unsigned int cpus, struct error *error)
{
	(void)frozen;
	(void)cpus;
	return refuse(error);
}

void frozen_finish(struct frozen *frozen)
{
	(void)frozen;
}

int payload_make(const struct frozen *frozen, const struct plan *plan, const char *words,
		 uint8_t **payload, size_t *size, struct error *error)
{
	(void)frozen;
	(void)plan;
	(void)words;
	(void)payload;
	(void)size;
	return refuse(error);
}

unsigned int cpu_demands_level(const struct dl_phdr_info *info)
{
	(void)info;
	return 0;
}

char *cpu_demands_chosen(void)
{
	return NULL;
}

int image_elf_make(const uint8_t *payload, size_t payload_size, uint8_t **image, size_t *size,
		   struct error *error)
{
	(void)payload;
	(void)payload_size;
	(void)image;
	(void)size;
	return refuse(error);
}

int image_pe_make(const uint8_t *image, size_t image_size, uint8_t **application, size_t *size,
		  struct error *error)
{
	(void)image;
	(void)image_size;
	(void)application;
	(void)size;
	return refuse(error);
}

void noise_remove_cpu(uint8_t *bytes, size_t size)
{
	(void)bytes;
	(void)size;
}

/* Of no system call is there anything to change. */
int registers_stop_at_calls(void)
{
	return 0;
}

int registers_read_call(pid_t child, struct registers_call *call)
{
	(void)child;
	*call = (struct registers_call){ .kind = REGISTERS_OTHER };
	return 0;
}

void registers_set_result(pid_t child, uint64_t result)
{
	(void)child;
	(void)result;
}
