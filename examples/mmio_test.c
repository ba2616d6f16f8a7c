/* SPDX-License-Identifier: MIT */
/*
 * A driver for a 16550 serial port whose registers are in memory, tested against a mock of the
 * device: nothing in the driver knows that it is under test.
 */
#include <ring0.h>
#include <ring0/x86.h>

/* The driver. Registers as in the PC16550D data sheet, table II, one byte each. */
enum {
	DATA = 0,	  /* DLAB 0: receive and transmit; DLAB 1: low byte of the divisor */
	DIVISOR_HIGH = 1, /* DLAB 1 */
	FIFO_CONTROL = 2,
	LINE_CONTROL = 3,
	MODEM_CONTROL = 4,
	LINE_STATUS = 5,
};

#define LINE_8N1	  0x03
#define LINE_DLAB	  0x80
#define FIFO_ENABLE_CLEAR 0x07
#define MODEM_LOOPBACK	  0x10
#define STATUS_DATA_READY 0x01
#define STATUS_THR_EMPTY  0x20

#define POLLS 100

static int serial_init(volatile uint8_t *base, unsigned int baud)
{
	unsigned int divisor = baud ? 115200 / baud : 0;

	if (divisor == 0 || divisor > 0xffff)
		return -1;
	base[LINE_CONTROL] = LINE_DLAB | LINE_8N1;
	base[DATA] = divisor & 0xff;
	base[DIVISOR_HIGH] = divisor >> 8;
	base[LINE_CONTROL] = LINE_8N1;
	base[FIFO_CONTROL] = FIFO_ENABLE_CLEAR;
	return 0;
}

static int serial_wait(volatile uint8_t *base, uint8_t status)
{
	for (int i = 0; i < POLLS; i++) {
		if (base[LINE_STATUS] & status)
			return 0;
	}
	return -1;
}

static int serial_write(volatile uint8_t *base, const char *text)
{
	for (; *text; text++) {
		if (serial_wait(base, STATUS_THR_EMPTY) < 0)
			return -1;
		base[DATA] = *text;
	}
	return 0;
}

/* Whether the device is there and works: what is sent in loopback mode has to come back. */
static bool serial_works(volatile uint8_t *base)
{
	bool works;

	base[MODEM_CONTROL] = MODEM_LOOPBACK;
	base[DATA] = 0xae;
	works = serial_wait(base, STATUS_DATA_READY) == 0 && base[DATA] == 0xae;
	base[MODEM_CONTROL] = 0;
	return works;
}

/* The device. This runs on the host, and every test finds it as initialised below. */
struct uart {
	uint8_t line, modem;
	uint16_t divisor;
	unsigned int busy;    /* status reads until it takes a byte */
	int received;	      /* -1 for none */
	const char *expected; /* what is still to be sent; another byte fails the test */
	bool broken;	      /* its loopback does nothing */
};

static int uart_write(struct uart *uart, uint64_t offset, uint8_t value)
{
	if (offset <= DIVISOR_HIGH && uart->line & LINE_DLAB) {
		uart->divisor = offset == DATA ? (uart->divisor & 0xff00) | value :
						 (uart->divisor & 0x00ff) | value << 8;
		return 0;
	}
	switch (offset) {
	case DATA:
		if (uart->modem & MODEM_LOOPBACK) {
			uart->received = uart->broken ? -1 : value;
			return 0;
		}
		if (uart->busy || uart->divisor != 12)
			return -1;
		uart->busy = 2;
		return *uart->expected && (uint8_t)*uart->expected++ == value ? 0 : -1;
	case FIFO_CONTROL:
		return 0;
	case LINE_CONTROL:
		uart->line = value;
		return 0;
	case MODEM_CONTROL:
		uart->modem = value;
		return 0;
	}
	return -1;
}

static int uart_access(void *state, struct r0_access *access)
{
	struct uart *uart = state;
	uint64_t offset = access->address & 7;

	if (access->width != 1)
		return -1;
	if (access->write)
		return uart_write(uart, offset, access->value);

	switch (offset) {
	case DATA:
		access->value = uart->received;
		uart->received = -1;
		return 0;
	case LINE_STATUS:
		access->value = (uart->received >= 0 ? STATUS_DATA_READY : 0) |
				(uart->busy ? 0 : STATUS_THR_EMPTY);
		if (uart->busy)
			uart->busy--;
		return 0;
	}
	return -1;
}

#define UART	      0xfe030000 /* guest-physical */
#define UART_IS(uart) R0_MMIO({ UART, UART + 7, uart_access, &(uart), sizeof(uart) })

/* Guest-physical memory, in the direct map. */
static volatile uint8_t *registers(void)
{
	return r0_direct(UART);
}

static const struct uart idle = { .received = -1, .expected = "ring 0\n" };
static const struct uart stuck = { .received = -1, .busy = POLLS + 1, .expected = "" };
static const struct uart broken = { .received = -1, .broken = true };

R0_TEST(serial, sends_the_text_when_the_device_is_ready, .mmio = UART_IS(idle))
{
	R0_ASSERT_EQ(serial_init(registers(), 9600), 0);
	R0_ASSERT_EQ(serial_write(registers(), "ring 0\n"), 0);
}

/* The same with a wrong rate: the device refuses the first byte, and the access is named. */
R0_TEST(serial, the_rate_matters, .mmio = UART_IS(idle), .should_panic = true)
{
	R0_ASSERT_EQ(serial_init(registers(), 19200), 0);
	serial_write(registers(), "ring 0\n");
}

R0_TEST(serial, refuses_impossible_rates)
{
	R0_EXPECT_EQ(serial_init(registers(), 0), -1);
	R0_EXPECT_EQ(serial_init(registers(), 230400), -1);
	R0_EXPECT_EQ(serial_init(registers(), 1), -1);
}

R0_TEST(serial, gives_up_on_a_stuck_device, .mmio = UART_IS(stuck))
{
	R0_ASSERT_EQ(serial_init(registers(), 9600), 0);
	R0_ASSERT_EQ(serial_write(registers(), "x"), -1);
}

R0_TEST(serial, loopback_tells_working, .mmio = UART_IS(idle))
{
	R0_ASSERT(serial_works(registers()));
}

R0_TEST(serial, loopback_tells_broken, .mmio = UART_IS(broken))
{
	R0_ASSERT(!serial_works(registers()));
}
