/* SPDX-License-Identifier: MIT */
/* Takes a section of a program for a file. Depends on libelf. */
#include "command/upper_half.h"
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int copy_of(const Elf_Data *data)
{
	int fd = memfd_create("ring0 upper half", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < data->d_size) {
		ssize_t step = write(fd, (const char *)data->d_buf + done, data->d_size - done);

		if (step <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)step;
	}
	return fd;
}

int upper_half_open(const char *program)
{
	int fd = open(program, O_RDONLY | O_CLOEXEC), found = -1;
	Elf_Scn *section = NULL;
	size_t names;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && elf_getshdrstrndx(elf, &names) == 0)
		while (found < 0 && (section = elf_nextscn(elf, section))) {
			GElf_Shdr header;
			const char *name;
			Elf_Data *data;

			if (!gelf_getshdr(section, &header))
				continue;
			name = elf_strptr(elf, names, header.sh_name);
			if (!name || strcmp(name, UPPER_HALF_SECTION) != 0)
				continue;
			data = elf_rawdata(section, NULL);
			if (data)
				found = copy_of(data);
		}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return found;
}
