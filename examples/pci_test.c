/* SPDX-License-Identifier: MIT */
/*
 * libpci, unmodified, from the distribution's package, walks a PCI bus that a mock holds: by its
 * direct access to the ports of configuration mechanism 1 (PCI Local Bus Specification 3.0,
 * 3.2.2.3.2), which normally takes root and a machine with such devices.
 *
 * libpci calls libc, which uses vector instructions: on a host whose KVM cannot execute them in
 * ring 0, ring0 completes them.
 */
#include <malloc.h>
#include <stdlib.h>
#include <sys/io.h>
#include <pci/pci.h>
#include <ring0.h>

/* The bus, on the host. */
struct function {
	unsigned int bus, device, function;
	uint32_t config[16]; /* the header: registers 0x00 to 0x3c */
};

static const struct function functions[] = {
	{ 0, 0, 0, { 0x12378086, 0x00000006, 0x06000002 } },
	{ 0, 1, 0, { 0x70008086, 0x00000007, 0x06010000, 0x00800000 } },
	{ 0, 1, 1, { 0x70108086, 0x00000007, 0x01018000, 0, 0, 0, 0, 0, 0x0000c001 } },
	{ 0, 2, 0, { 0x11111234, 0x00000003, 0x03000002, 0, 0xfd000008, 0, 0xfebf0000 } },
	/* A bridge to bus 1, and a network card behind it. */
	{ 0, 3, 0, { 0x000c1b36, 0x00000007, 0x06040000, 0x00010000, 0, 0, 0x00010100 } },
	{ 1, 0, 0, { 0x10d38086, 0x00000006, 0x02000000, 0, 0xfe840000, [15] = 0x0000010b } },
};

struct bus {
	uint32_t address;
};

static int bus_access(void *state, struct r0_access *access)
{
	struct bus *bus = state;
	const struct function *found = NULL;
	unsigned int register_, shift;

	if (access->address == 0xcf8 && access->width == 4) {
		if (access->write)
			bus->address = access->value;
		else
			access->value = bus->address;
		return 0;
	}
	if (access->address < 0xcfc || access->write || !(bus->address & 0x80000000))
		return -1;

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		const struct function *f = &functions[i];

		if (f->bus == (bus->address >> 16 & 0xff) &&
		    f->device == (bus->address >> 11 & 0x1f) &&
		    f->function == (bus->address >> 8 & 7))
			found = f;
	}

	/* Nobody there: the bus reads as ones. */
	register_ = (bus->address & 0xfc) / 4;
	shift = (access->address - 0xcfc) * 8;
	access->value = !found ? ~0u : register_ < 16 ? found->config[register_] >> shift : 0;
	return 0;
}

/*
 * libpci asks Linux for the ports; in ring 0 they are everyone's. A program's own functions come
 * before those of libc, so that libpci calls these.
 */
int ioperm(unsigned long from, unsigned long count, int on)
{
	(void)from, (void)count, (void)on;
	return 0;
}

int iopl(int level)
{
	(void)level;
	return 0;
}

/* malloc() in a test can have what is free already: it can't ask Linux for more. */
__attribute__((constructor)) static void have_memory(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TOP_PAD, 1 << 20);
	free(malloc(1));
}

static const struct pci_dev *find(const struct pci_access *access, int bus, int device,
				  int function)
{
	for (const struct pci_dev *d = access->devices; d; d = d->next) {
		if (d->bus == bus && d->dev == device && d->func == function)
			return d;
	}
	return NULL;
}

static const struct bus bus;

R0_TEST(libpci, finds_the_devices, .io = R0_IO({ 0xcf8, 0xcff, bus_access, &bus, sizeof(bus) }))
{
	struct pci_access *access = pci_alloc();
	const struct pci_dev *display, *network;
	int count = 0;

	access->method = PCI_ACCESS_I386_TYPE1;
	pci_init(access);
	pci_scan_bus(access);

	for (struct pci_dev *d = access->devices; d; d = d->next) {
		pci_fill_info(d, PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_BASES | PCI_FILL_IRQ);
		r0_printf("%02x:%02x.%d class %04x: %04x:%04x\n", d->bus, d->dev, d->func,
			  d->device_class, d->vendor_id, d->device_id);
		count++;
	}
	R0_ASSERT_EQ(count, 6);

	display = find(access, 0, 2, 0);
	R0_ASSERT_NE(display, NULL);
	R0_EXPECT_EQ(display->device_class, PCI_CLASS_DISPLAY_VGA);
	R0_EXPECT_EQ(display->base_addr[0], 0xfd000008);
	R0_EXPECT_EQ(display->base_addr[2], 0xfebf0000);

	network = find(access, 1, 0, 0);
	R0_ASSERT_NE(network, NULL);
	R0_EXPECT_EQ(network->vendor_id, 0x8086);
	R0_EXPECT_EQ(network->device_id, 0x10d3);
	R0_EXPECT_EQ(network->irq, 0x0b);

	pci_cleanup(access);
}
