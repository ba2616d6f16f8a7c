/* SPDX-License-Identifier: MIT */
/* An exit's access carried out on the bus. */
#include "kvm/exit/exit_access.h"
#include <string.h>

enum exit_outcome exit_access(struct bus *bus, enum bus_space space, uint64_t address, void *data,
			      size_t size, bool write)
{
	enum bus_result result;

	if (write) {
		result = bus_write(bus, space, address, data, size);
	} else {
		/* What nobody drives reads as ones. KVM may have left anything there. */
		memset(data, 0xff, size);
		result = bus_read(bus, space, address, data, size);
	}
	switch (result) {
	case BUS_SHUTDOWN:
		return EXIT_SHUTDOWN;
	case BUS_REFUSED:
		return EXIT_REFUSED;
	case BUS_DONE:
	case BUS_UNMAPPED:
		break;
	}
	return EXIT_CONTINUE;
}
