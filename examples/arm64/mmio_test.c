/* SPDX-License-Identifier: MIT */
/*
 * A driver for the PL011 serial port, tested against a mock of the device: nothing in the driver knows that it is
 * under test.
 */
#include <ring0.h>
#include <ring0/arm64.h>

/* The driver. Registers as in the PL011's manual (DDI 0183), 3.2. */
enum {
	DATA = 0x00,
	FLAGS = 0x18,
	RATE_INTEGER = 0x24,
	RATE_FRACTION = 0x28, /* in 64ths */
	LINE_CONTROL = 0x2c,  /* a write of it has the rate hold */
	CONTROL = 0x30,
};

#define CLOCK_HZ      24000000
#define FLAG_BUSY     0x08
#define FLAG_FULL     0x20
#define LINE_8N1_FIFO 0x70
#define CONTROL_ON    0x301 /* UARTEN, TXE, RXE */
#define CONTROL_OFF   0
#define POLLS	      100

static uint32_t get(uintptr_t base, unsigned int offset)
{
	return *(volatile uint32_t *)(base + offset);
}

static void set(uintptr_t base, unsigned int offset, uint32_t value)
{
	*(volatile uint32_t *)(base + offset) = value;
}

static int serial_wait(uintptr_t base, uint32_t flags)
{
	for (int i = 0; i < POLLS; i++) {
		if (!(get(base, FLAGS) & flags))
			return 0;
	}
	return -1;
}

/* Off while it is set up, and not before it has sent what it has: 3.3.8. */
static int serial_init(uintptr_t base, unsigned int baud)
{
	/* The divisor in 64ths, CLOCK_HZ / (16 * baud): 3.3.6. */
	unsigned int divisor = baud ? CLOCK_HZ * 4ul / baud : 0;

	if (divisor < 1 << 6 || divisor > 0xffff << 6)
		return -1;
	if (serial_wait(base, FLAG_BUSY) < 0)
		return -1;
	set(base, CONTROL, CONTROL_OFF);
	set(base, RATE_INTEGER, divisor >> 6);
	set(base, RATE_FRACTION, divisor & 63);
	set(base, LINE_CONTROL, LINE_8N1_FIFO);
	set(base, CONTROL, CONTROL_ON);
	return 0;
}

static int serial_write(uintptr_t base, const char *text)
{
	for (; *text; text++) {
		if (serial_wait(base, FLAG_FULL) < 0)
			return -1;
		set(base, DATA, (uint8_t)*text);
	}
	return 0;
}

/* The device. This runs on the host, and every test finds it as initialised below. */
struct uart {
	uint32_t control, integer, fraction;
	unsigned int rate; /* the divisor in 64ths that holds */
	unsigned int busy; /* how often it will say that it has not sent all */
	unsigned int room; /* for so many bytes more; each look at its flags makes room for one */
	bool stuck;	   /* no look does */
	const char *expected; /* what is still to be sent; another byte fails the test */
};

static int uart_read(struct uart *uart, uint64_t offset, struct r0_access *access)
{
	if (offset != FLAGS)
		return -1;
	access->value = (uart->room ? 0 : FLAG_FULL) | (uart->busy ? FLAG_BUSY : 0);
	if (!uart->stuck)
		uart->room++;
	if (uart->busy)
		uart->busy--;
	return 0;
}

static int uart_write(struct uart *uart, uint64_t offset, struct r0_access *access)
{
	uint32_t value = (uint32_t)access->value;

	/* What it is set up by may change only while it is off: 3.3.7. */
	if (offset != DATA && offset != CONTROL && uart->control)
		return r0_mock_fail(access, "set up while the UART is on");

	switch (offset) {
	case DATA:
		if (!uart->room || uart->control != CONTROL_ON)
			return -1;
		uart->room--;
		return *uart->expected && (uint8_t)*uart->expected++ == value ? 0 : -1;
	case RATE_INTEGER:
		uart->integer = value;
		return 0;
	case RATE_FRACTION:
		uart->fraction = value;
		return 0;
	case LINE_CONTROL:
		uart->rate = uart->integer << 6 | uart->fraction;
		return 0;
	case CONTROL:
		if (uart->busy)
			return r0_mock_fail(access, "the UART is turned off while it sends");
		uart->control = value;
		return 0;
	}
	return -1;
}

static int uart_access(void *state, struct r0_access *access)
{
	uint64_t offset = access->address & 0xfff;

	if (access->width != 4)
		return -1;
	return access->write ? uart_write(state, offset, access) : uart_read(state, offset, access);
}

/* When the test is over: all was sent, at 115200 baud, which are 13 + 1/64. */
static int uart_has_sent_all(void *state)
{
	const struct uart *uart = state;

	R0_ASSERT_EQ(uart->rate, 13 << 6 | 1);
	R0_ASSERT_STREQ(uart->expected, "");
	return 0;
}

#define UART 0x0b000000 /* guest-physical */
#define UART_IS(uart, ...) \
	R0_MMIO({ UART, UART + 0xfff, uart_access, &(uart), sizeof(uart), ##__VA_ARGS__ })

/* Guest-physical memory, in the direct map. */
static uintptr_t registers(void)
{
	return (uintptr_t)r0_at_physical(UART);
}

static const struct uart sending = { .control = CONTROL_ON, .busy = 3, .expected = "EL1\n" };
static const struct uart stuck = { .stuck = true, .expected = "" };
static const struct uart never_ready = { .control = CONTROL_ON, .busy = POLLS, .expected = "" };

R0_TEST(serial, sends_the_text_when_there_is_room,
	.mmio = UART_IS(sending, .at_end = uart_has_sent_all))
{
	R0_ASSERT_EQ(serial_init(registers(), 115200), 0);
	R0_ASSERT_EQ(serial_write(registers(), "EL1\n"), 0);
}

/* Another text: the device refuses the first byte that differs, and the access is named. */
R0_TEST(serial, sends_nothing_else, .mmio = UART_IS(sending), .should_panic = true,
	.panic_message = "0xb000000")
{
	R0_ASSERT_EQ(serial_init(registers(), 115200), 0);
	serial_write(registers(), "EL2\n");
}

R0_TEST(serial, refuses_impossible_rates)
{
	R0_EXPECT_EQ(serial_init(registers(), 0), -1);
	R0_EXPECT_EQ(serial_init(registers(), 1), -1);
	R0_EXPECT_EQ(serial_init(registers(), CLOCK_HZ), -1);
}

R0_TEST(serial, gives_up_on_a_device_that_is_never_ready, .mmio = UART_IS(never_ready))
{
	R0_ASSERT_EQ(serial_init(registers(), 115200), -1);
}

R0_TEST(serial, gives_up_on_a_stuck_device, .mmio = UART_IS(stuck))
{
	R0_ASSERT_EQ(serial_init(registers(), 115200), 0);
	R0_ASSERT_EQ(serial_write(registers(), "x"), -1);
}
