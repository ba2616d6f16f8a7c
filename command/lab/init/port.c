/* SPDX-License-Identifier: MIT */
/* The lab's port, from inside the machine: see port.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "command/lab/init/disc_port.h"
#include "command/lab/init/port.h"
#include "command/lab/protocol.h"

#define PORT_WAIT_MS 10000

static int port = -1;

void port_give_up(const char *format, ...)
{
	va_list arguments;
	char text[512];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	dprintf(2, "\nring0-lab-init: %s\n", text);
	/* Let the serial port's FIFO drain. */
	usleep(100000);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void write_all(const void *data, size_t size)
{
	const char *from = data;

	while (size) {
		ssize_t n = write(port, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			port_give_up("writing to the lab's port: %s", strerror(errno));
		from += n;
		size -= (size_t)n;
	}
}

/* An end of file means that the lab has gone away. */
void port_read(void *data, size_t size)
{
	char *to = data;

	while (size) {
		ssize_t n = read(port, to, size);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			port_give_up("reading from the lab's port: %s", strerror(errno));
		if (n == 0) {
			usleep(1000); /* not connected yet */
			continue;
		}
		to += n;
		size -= (size_t)n;
	}
}

void port_send(uint32_t type, const void *data, size_t size)
{
	static unsigned char message[sizeof(struct lab_message) + PORT_CHUNK];
	struct lab_message head = { type, (uint32_t)size };

	/* In one write, since each write is a buffer that the machine's emulator handles. */
	memcpy(message, &head, sizeof(head));
	if (size)
		memcpy(message + sizeof(head), data, size);
	write_all(message, sizeof(head) + size);
}

void port_send_failure(int error, const char *format, ...)
{
	char message[sizeof(struct lab_exit) + 512];
	struct lab_exit head = { error, 0 };
	va_list arguments;

	memcpy(message, &head, sizeof(head));
	va_start(arguments, format);
	vsnprintf(message + sizeof(head), sizeof(message) - sizeof(head), format, arguments);
	va_end(arguments);
	port_send(LAB_FAILED, message, sizeof(head) + strlen(message + sizeof(head)));
}

/* The port's device appears some time after its driver's module was loaded. */
static int find_port(void)
{
	const char *kind = getenv("RING0_LAB_PORT");

	if (kind && !strcmp(kind, "disc"))
		return disc_port_open();
	/* The class comes with its driver, which is there by now, or never. */
	if (access("/sys/class/virtio-ports", F_OK))
		return -1;
	for (int waited = 0; waited < PORT_WAIT_MS; waited++) {
		DIR *ports = opendir("/sys/class/virtio-ports");
		struct dirent *entry;

		while (ports && (entry = readdir(ports))) {
			char path[300], name[64] = "";
			FILE *file;
			int fd;

			snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
				 entry->d_name);
			file = fopen(path, "re");
			if (!file)
				continue;
			if (fgets(name, sizeof(name), file))
				name[strcspn(name, "\n")] = '\0';
			fclose(file);
			if (strcmp(name, LAB_PORT_NAME))
				continue;
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			fd = open(path, O_RDWR | O_CLOEXEC);
			if (fd >= 0) {
				closedir(ports);
				return fd;
			}
		}
		if (ports)
			closedir(ports);
		usleep(1000);
	}
	return -1;
}

int port_open(void)
{
	port = find_port();
	if (port < 0)
		port_give_up(
			"this kernel has no virtio console port (virtio_mmio, virtio_console)");
	return port;
}
