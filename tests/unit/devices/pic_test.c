/* SPDX-License-Identifier: MIT */
/* The interrupt controllers 8259A, by their data sheet. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "devices/pc/pic.h"

static struct bus bus;
static struct pic pic;
static bool output;
static unsigned int changes;

static void set_output(void *context, bool level)
{
	assert_ptr_equal(context, &pic);
	assert_int_not_equal(output, level);
	output = level;
	changes++;
}

static void out(uint16_t port, uint8_t value)
{
	assert_int_equal(bus_write(&bus, BUS_PORT, port, &value, 1), BUS_DONE);
}

static uint8_t in(uint16_t port)
{
	uint8_t value = 0x55;

	assert_int_equal(bus_read(&bus, BUS_PORT, port, &value, 1), BUS_DONE);
	return value;
}

static int make(void **state)
{
	(void)state;
	output = false;
	changes = 0;
	bus_init(&bus);
	pic_init(&pic, set_output, &pic);
	return pic_add(&pic, &bus, NULL);
}

/* As PCs set them up: vectors from 0x20 and 0x28 on, nothing masked. */
static int make_set_up(void **state)
{
	int err = make(state);

	out(0x20, 0x11);
	out(0x21, 0x20);
	out(0x21, 4);
	out(0x21, 1);
	out(0xa0, 0x11);
	out(0xa1, 0x28);
	out(0xa1, 2);
	out(0xa1, 1);
	return err;
}

static void pulse(unsigned int input)
{
	pic_set_line(&pic, input, true);
	pic_set_line(&pic, input, false);
}

static void initialisation_clears_all(void **state)
{
	(void)state;
	out(0x21, 0xa5);
	pulse(1);
	assert_int_equal(in(0x21), 0xa5);
	assert_int_equal(in(0x20), 2);
	assert_true(output);
	out(0x20, 0x11);
	assert_false(output);
	out(0x21, 0x47);
	out(0x21, 4);
	out(0x21, 1);
	assert_int_equal(in(0x21), 0);
	assert_int_equal(in(0x20), 0);
	out(0x21, 0xfd);
	pulse(1);
	/* The vector's lower three bits are the input's. */
	assert_int_equal(pic_acknowledge(&pic), 0x41);
	/* Without ICW4 the next byte is the mask. */
	out(0x20, 0x10);
	out(0x21, 0x20);
	out(0x21, 4);
	out(0x21, 0x77);
	assert_int_equal(in(0x21), 0x77);
}

static void an_edge_waits_until_it_is_taken(void **state)
{
	(void)state;
	pulse(3);
	assert_true(output);
	assert_int_equal(pic_acknowledge(&pic), 0x23);
	assert_false(output);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 8);
	/* In service: no other edge of it, nor a less urgent one. */
	pulse(3);
	pulse(4);
	assert_false(output);
	pulse(1);
	assert_true(output);
	assert_int_equal(pic_acknowledge(&pic), 0x21);
	out(0x20, 0x20);
	assert_false(output);
	out(0x20, 0x63);
	assert_int_equal(pic_acknowledge(&pic), 0x23);
	out(0x20, 0x20);
	assert_int_equal(pic_acknowledge(&pic), 0x24);
	out(0x20, 0x20);
	assert_int_equal(in(0x20), 0);
	out(0x20, 0x0a);
	assert_int_equal(in(0x20), 0);
}

static void the_second_one_is_behind_input_2(void **state)
{
	(void)state;
	pulse(14);
	pulse(3);
	assert_int_equal(pic_acknowledge(&pic), 0x2e);
	assert_false(output);
	/* A more urgent one of the second waits for the first one's end. */
	pulse(8);
	assert_false(output);
	out(0xa0, 0x20);
	assert_false(output);
	out(0x20, 0x20);
	assert_int_equal(pic_acknowledge(&pic), 0x28);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	assert_int_equal(pic_acknowledge(&pic), 0x23);
	/* Input 2 is no line. */
	out(0x20, 0x20);
	pic_set_line(&pic, 2, true);
	pic_set_line(&pic, 16, true);
	assert_false(output);
}

static void special_fully_nested_mode_lets_it_in(void **state)
{
	(void)state;
	out(0x20, 0x11);
	out(0x21, 0x20);
	out(0x21, 4);
	out(0x21, 0x11);
	pulse(14);
	assert_int_equal(pic_acknowledge(&pic), 0x2e);
	pulse(8);
	assert_true(output);
	assert_int_equal(pic_acknowledge(&pic), 0x28);
}

static void a_level_asks_as_long_as_it_is_high(void **state)
{
	uint16_t both = 0xffff;

	(void)state;
	assert_int_equal(bus_write(&bus, BUS_PORT, PIC_LEVEL_PORT, &both, 2), BUS_DONE);
	assert_int_equal(in(PIC_LEVEL_PORT), 0xf8);
	assert_int_equal(in(PIC_LEVEL_PORT + 1), 0xde);
	pic_set_line(&pic, 11, true);
	assert_int_equal(pic_acknowledge(&pic), 0x2b);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	assert_true(output);
	assert_int_equal(pic_acknowledge(&pic), 0x2b);
	pic_set_line(&pic, 11, false);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	assert_false(output);
	/* Initialisation leaves that, and the line is still high. */
	pic_set_line(&pic, 11, true);
	make_set_up(state);
	assert_false(output);
}

static void a_mask_holds_back(void **state)
{
	(void)state;
	out(0x21, 8);
	pulse(3);
	assert_false(output);
	assert_int_equal(in(0x20), 8);
	out(0x21, 0);
	assert_true(output);
	out(0x21, 8);
	assert_false(output);
	/* Nothing is there any more when the CPU asks: input 7, which is not in service then. */
	assert_int_equal(pic_acknowledge(&pic), 0x27);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0);
}

static void special_mask_mode(void **state)
{
	(void)state;
	pulse(1);
	pic_acknowledge(&pic);
	pulse(4);
	assert_false(output);
	out(0x21, 2);
	assert_false(output);
	out(0x20, 0x68);
	assert_int_equal(pic_acknowledge(&pic), 0x24);
	out(0x20, 0x48);
	out(0x20, 0x64);
	pulse(5);
	assert_false(output);
}

static void priorities_rotate(void **state)
{
	(void)state;
	/* Input 3 has the lowest priority, 4 the highest. */
	out(0x20, 0xc3);
	pulse(0);
	pulse(4);
	assert_int_equal(pic_acknowledge(&pic), 0x24);
	/* With its end, 4 gets the lowest. */
	out(0x20, 0xa0);
	pulse(4);
	assert_int_equal(pic_acknowledge(&pic), 0x20);
	out(0x20, 0xe0);
	pulse(0);
	assert_int_equal(pic_acknowledge(&pic), 0x24);
	/* An end without anything in service. */
	out(0x20, 0x20);
	out(0x20, 0x20);
	out(0x20, 0xa0);
	out(0x20, 0x40);
	assert_int_equal(pic_acknowledge(&pic), 0x20);
}

static void automatic_end(void **state)
{
	(void)state;
	out(0x20, 0x11);
	out(0x21, 0x20);
	out(0x21, 4);
	out(0x21, 3);
	out(0x20, 0x80);
	pulse(1);
	assert_int_equal(pic_acknowledge(&pic), 0x21);
	pulse(1);
	pulse(6);
	/* Input 1 has become the least urgent. */
	assert_int_equal(pic_acknowledge(&pic), 0x26);
	assert_int_equal(pic_acknowledge(&pic), 0x21);
	out(0x20, 0);
	pulse(0);
	pulse(1);
	assert_int_equal(pic_acknowledge(&pic), 0x20);
	/* What else waits at the second is an edge anew, also with automatic ends. */
	out(0xa0, 0x11);
	out(0xa1, 0x28);
	out(0xa1, 2);
	out(0xa1, 3);
	assert_int_equal(pic_acknowledge(&pic), 0x21);
	pulse(8);
	pulse(9);
	assert_int_equal(pic_acknowledge(&pic), 0x28);
	assert_int_equal(pic_acknowledge(&pic), 0x29);
}

static void a_poll_takes(void **state)
{
	(void)state;
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0);
	pulse(5);
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0x85);
	assert_false(output);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0x20);
	out(0x20, 0x20);
	pulse(10);
	out(0xa0, 0x0c);
	assert_int_equal(in(0xa1), 0x82);
	out(0xa0, 0x20);
	/* The first one kept the edge, and has nothing to show for it. */
	assert_int_equal(pic_acknowledge(&pic), 0x2f);
}

static void goes_on_from_a_copy(void **state)
{
	struct pic_registers copy, any;

	(void)state;
	pulse(1);
	pulse(9);
	pic_acknowledge(&pic);
	assert_int_equal(bus_state_size(&bus), sizeof(copy));
	bus_save(&bus, &copy);
	bus_reset(&bus);
	assert_false(output);
	bus_restore(&bus, &copy);
	out(0x20, 0x20);
	assert_int_equal(pic_acknowledge(&pic), 0x29);
	memset(&any, 0xff, sizeof(any));
	bus_restore(&bus, &any);
	pic_acknowledge(&pic);
	assert_int_equal(pic.registers.chips[0].level, 0xf8);
	assert_int_equal(pic.registers.chips[1].lowest, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(initialisation_clears_all, make),
		cmocka_unit_test_setup(an_edge_waits_until_it_is_taken, make_set_up),
		cmocka_unit_test_setup(the_second_one_is_behind_input_2, make_set_up),
		cmocka_unit_test_setup(special_fully_nested_mode_lets_it_in, make_set_up),
		cmocka_unit_test_setup(a_level_asks_as_long_as_it_is_high, make_set_up),
		cmocka_unit_test_setup(a_mask_holds_back, make_set_up),
		cmocka_unit_test_setup(special_mask_mode, make_set_up),
		cmocka_unit_test_setup(priorities_rotate, make_set_up),
		cmocka_unit_test_setup(automatic_end, make_set_up),
		cmocka_unit_test_setup(a_poll_takes, make_set_up),
		cmocka_unit_test_setup(goes_on_from_a_copy, make_set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
