/* SPDX-License-Identifier: MIT */
/* Eventfds that KVM signals and takes interrupts from (Documentation/virt/kvm/api.rst, 4.59, 4.75). */
#include "monitor/eventfd.h"
#include <unistd.h>
#include "devices/virtio_mmio.h"

struct eventfd_io eventfd_virtio_notify(uint64_t base, uint32_t queue, int fd)
{
	return (struct eventfd_io){
		.space = BUS_MEMORY,
		.address = base + VIRTIO_MMIO_QUEUE_NOTIFY,
		.size = 4,
		.match = true,
		.value = queue,
		.fd = fd,
	};
}

static int set_io(struct vm *vm, const struct eventfd_io *io, uint32_t flags, struct error *error)
{
	struct kvm_ioeventfd request = {
		.datamatch = io->value,
		.addr = io->address,
		.len = io->size,
		.fd = io->fd,
		.flags = flags | (io->match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0u) |
			 (io->space == BUS_PORT ? KVM_IOEVENTFD_FLAG_PIO : 0u),
	};

	return KVM_IOCTL(vm->fd, KVM_IOEVENTFD, &request, error);
}

int eventfd_add_io(struct vm *vm, const struct eventfd_io *io, struct error *error)
{
	return set_io(vm, io, 0, error);
}

int eventfd_remove_io(struct vm *vm, const struct eventfd_io *io, struct error *error)
{
	return set_io(vm, io, KVM_IOEVENTFD_FLAG_DEASSIGN, error);
}

static int set_irq(struct vm *vm, uint32_t gsi, int fd, uint32_t flags, struct error *error)
{
	struct kvm_irqfd request = { .fd = (uint32_t)fd, .gsi = gsi, .flags = flags };

	return KVM_IOCTL(vm->fd, KVM_IRQFD, &request, error);
}

int eventfd_add_irq(struct vm *vm, uint32_t gsi, int fd, struct error *error)
{
	return set_irq(vm, gsi, fd, 0, error);
}

int eventfd_remove_irq(struct vm *vm, uint32_t gsi, int fd, struct error *error)
{
	return set_irq(vm, gsi, fd, KVM_IRQFD_FLAG_DEASSIGN, error);
}

static void raise_eventfd(void *context, unsigned int number, bool level)
{
	static const uint64_t one = 1;
	int fd = (int)(intptr_t)context;

	(void)number;
	/* A counter that is full tells already. */
	if (level && write(fd, &one, sizeof(one)) < 0)
		return;
}

struct irq_line eventfd_line(int fd)
{
	return (struct irq_line){ .set = raise_eventfd, .context = (void *)(intptr_t)fd };
}
