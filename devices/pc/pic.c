/* SPDX-License-Identifier: MIT */
/* The interrupt controllers 8259A. Names are the data sheet's (Intel 231468). */
#include "devices/pc/pic.h"
#include <stddef.h>
#include "base/container_of.h"

#define CASCADE	 2 /* the first one's input that is the second one's INT */
#define SPURIOUS 7

/* ICW1 and OCW3 by their bits 4 and 3, at the first address; else OCW2. */
#define ICW1		 0x10
#define ICW1_NEEDS_ICW4	 0x01
#define OCW3		 0x08
#define OCW3_POLL	 0x04
#define OCW3_SET_READ	 0x02
#define OCW3_READ_ISR	 0x01
#define OCW3_SET_SPECIAL 0x40
#define OCW3_SPECIAL	 0x20
#define ICW4_AUTO_EOI	 0x02
#define ICW4_NESTED	 0x10

/* OCW2's upper three bits. */
enum {
	ROTATE_CLEAR,
	EOI,
	NOTHING,
	EOI_OF,
	ROTATE_SET,
	EOI_ROTATE,
	PRIORITY_OF,
	EOI_ROTATE_OF,
};

/* ISA's own: timer, keyboard, cascade, real-time clock and coprocessor are by edge (ICH9, 13.4.7). */
static const uint8_t level_writable[2] = { 0xf8, 0xde };

/* The most urgent of these inputs, by the chip's priorities: how many are before it; 8 if there is none. */
static unsigned int rank(const struct pic_chip *chip, uint8_t inputs)
{
	unsigned int before = 0;

	while (before < 8 && !(inputs >> ((chip->lowest + 1 + before) & 7) & 1))
		before++;
	return before;
}

static unsigned int input_of(const struct pic_chip *chip, unsigned int rank)
{
	return (chip->lowest + 1 + rank) & 7;
}

/* The input that the chip asks for, or -1. */
static int wanted(const struct pic_chip *chip, bool first)
{
	uint8_t in_service = chip->isr;
	unsigned int asks = rank(chip, chip->irr & (uint8_t)~chip->imr);

	/* Special mask mode: an input that is masked holds nothing back. */
	if (chip->special_mask)
		in_service &= (uint8_t)~chip->imr;
	/* Special fully nested mode: the second one may interrupt itself. */
	if (chip->fully_nested && first)
		in_service &= (uint8_t) ~(1u << CASCADE);
	return asks < rank(chip, in_service) ? (int)input_of(chip, asks) : -1;
}

static void set_input(struct pic_chip *chip, unsigned int input, bool level)
{
	uint8_t bit = (uint8_t)(1u << input);

	if (level && (chip->level & bit || !(chip->lines & bit)))
		chip->irr |= bit;
	if (!level && chip->level & bit)
		chip->irr &= (uint8_t)~bit;
	chip->lines = (uint8_t)(level ? chip->lines | bit : chip->lines & ~bit);
}

static void update(struct pic *pic)
{
	struct pic_chip *chips = pic->registers.chips;
	bool high;

	set_input(&chips[0], CASCADE, wanted(&chips[1], false) >= 0);
	high = wanted(&chips[0], true) >= 0;
	if (high == pic->high)
		return;
	pic->high = high;
	if (pic->output)
		pic->output(pic->context, high);
}

void pic_set_line(struct pic *pic, unsigned int input, bool level)
{
	if (input >= PIC_INPUTS || input == CASCADE)
		return;
	set_input(&pic->registers.chips[input / 8], input % 8, level);
	update(pic);
}

/* From asking to being in service. */
static void take(struct pic_chip *chip, unsigned int input)
{
	uint8_t bit = (uint8_t)(1u << input);

	if (!(chip->level & bit))
		chip->irr &= (uint8_t)~bit;
	if (!chip->automatic_eoi)
		chip->isr |= bit;
	else if (chip->rotates)
		chip->lowest = (uint8_t)input;
}

/* Returns the input that it was, SPURIOUS without any. */
static unsigned int acknowledge_chip(struct pic_chip *chip, bool first)
{
	int input = wanted(chip, first);

	if (input >= 0)
		take(chip, (unsigned int)input);
	return input >= 0 ? (unsigned int)input : SPURIOUS;
}

uint8_t pic_acknowledge(struct pic *pic)
{
	struct pic_chip *chips = pic->registers.chips;
	unsigned int input = acknowledge_chip(&chips[0], true);
	uint8_t vector = (uint8_t)(chips[0].vector + input);

	if (input == CASCADE) {
		vector = (uint8_t)(chips[1].vector + acknowledge_chip(&chips[1], false));
		/* INT falls with each acknowledgement: what else waits is an edge anew. */
		set_input(&chips[0], CASCADE, false);
	}
	update(pic);
	return vector;
}

static void end_of_interrupt(struct pic_chip *chip, unsigned int input)
{
	chip->isr &= (uint8_t) ~(1u << input);
}

static void write_ocw2(struct pic_chip *chip, uint8_t value)
{
	const unsigned int named = value & 7, command = value >> 5;
	const unsigned int most = rank(chip, chip->isr);

	switch (command) {
	case EOI:
	case EOI_ROTATE:
		/* Non-specific: of what is most urgent. */
		if (most == 8)
			return;
		if (command == EOI_ROTATE) {
			unsigned int input = input_of(chip, most);

			end_of_interrupt(chip, input);
			chip->lowest = (uint8_t)input;
		} else {
			end_of_interrupt(chip, input_of(chip, most));
		}
		return;
	case EOI_OF:
	case EOI_ROTATE_OF:
		end_of_interrupt(chip, named);
		if (command == EOI_ROTATE_OF)
			chip->lowest = (uint8_t)named;
		return;
	case PRIORITY_OF:
		chip->lowest = (uint8_t)named;
		return;
	case ROTATE_SET:
	case ROTATE_CLEAR:
		chip->rotates = command == ROTATE_SET;
		return;
	case NOTHING:
	default:
		return;
	}
}

/* Initialisation: what is level-triggered stays, and what such a line asks for. */
static void initialise(struct pic_chip *chip, uint8_t icw1)
{
	*chip = (struct pic_chip){
		.irr = chip->lines & chip->level,
		.lines = chip->lines,
		.level = chip->level,
		.lowest = 7,
		.expects = 2,
		.needs_icw4 = icw1 & ICW1_NEEDS_ICW4,
	};
}

static void write_command(struct pic_chip *chip, uint8_t value)
{
	if (value & ICW1) {
		initialise(chip, value);
	} else if (value & OCW3) {
		chip->polls = (value & OCW3_POLL) != 0;
		if (value & OCW3_SET_READ)
			chip->reads_isr = value & OCW3_READ_ISR;
		if (value & OCW3_SET_SPECIAL)
			chip->special_mask = (value & OCW3_SPECIAL) != 0;
	} else {
		write_ocw2(chip, value);
	}
}

static void write_data(struct pic_chip *chip, uint8_t value)
{
	switch (chip->expects) {
	case 2:
		chip->vector = value & 0xf8;
		chip->expects = 3;
		return;
	case 3:
		/* How the two are connected, which can't be changed. */
		chip->expects = chip->needs_icw4 ? 4 : 0;
		return;
	case 4:
		chip->automatic_eoi = (value & ICW4_AUTO_EOI) != 0;
		chip->fully_nested = (value & ICW4_NESTED) != 0;
		chip->expects = 0;
		return;
	default:
		chip->imr = value;
		return;
	}
}

/* A poll is an acknowledgement: bit 7 says that there was an interrupt. */
static uint8_t poll(struct pic_chip *chip, bool first)
{
	int input = wanted(chip, first);

	chip->polls = 0;
	if (input < 0)
		return 0;
	take(chip, (unsigned int)input);
	return (uint8_t)(0x80 | input);
}

static uint8_t read_chip(struct pic_chip *chip, uint64_t offset, bool first)
{
	if (chip->polls)
		return poll(chip, first);
	if (offset)
		return chip->imr;
	return chip->reads_isr ? chip->isr : chip->irr;
}

static struct pic *of_second(struct dev *dev)
{
	return (struct pic *)((char *)dev - offsetof(struct pic, second));
}

static struct pic *of_edge_level(struct dev *dev)
{
	return (struct pic *)((char *)dev - offsetof(struct pic, edge_level));
}

static enum bus_result read_chip_at(struct pic *pic, unsigned int number, uint64_t offset,
				    void *data)
{
	bool polls = pic->registers.chips[number].polls;

	*(uint8_t *)data = read_chip(&pic->registers.chips[number], offset, !number);
	if (number && polls)
		set_input(&pic->registers.chips[0], CASCADE, false);
	update(pic);
	return BUS_DONE;
}

static enum bus_result write_chip_at(struct pic *pic, unsigned int number, uint64_t offset,
				     const void *data)
{
	const uint8_t value = *(const uint8_t *)data;

	if (offset)
		write_data(&pic->registers.chips[number], value);
	else
		write_command(&pic->registers.chips[number], value);
	update(pic);
	return BUS_DONE;
}

static enum bus_result first_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)size;
	return read_chip_at(container_of(dev, struct pic, dev), 0, offset, data);
}

static enum bus_result first_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	(void)size;
	return write_chip_at(container_of(dev, struct pic, dev), 0, offset, data);
}

static enum bus_result second_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)size;
	return read_chip_at(of_second(dev), 1, offset, data);
}

static enum bus_result second_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	(void)size;
	return write_chip_at(of_second(dev), 1, offset, data);
}

/* These two may be accessed as one word. */
static enum bus_result edge_level_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	const struct pic *pic = of_edge_level(dev);
	uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < size && offset + i < 2; i++)
		bytes[i] = pic->registers.chips[offset + i].level;
	return BUS_DONE;
}

static enum bus_result edge_level_write(struct dev *dev, uint64_t offset, const void *data,
					size_t size)
{
	struct pic *pic = of_edge_level(dev);
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < size && offset + i < 2; i++)
		pic->registers.chips[offset + i].level = bytes[i] & level_writable[offset + i];
	return BUS_DONE;
}

static void pic_reset(struct dev *dev)
{
	struct pic *pic = container_of(dev, struct pic, dev);
	unsigned int i;

	/* Whoever raised a line lowers it, or has been reset before. */
	for (i = 0; i < 2; i++)
		pic->registers.chips[i] = (struct pic_chip){
			.lines = pic->registers.chips[i].lines,
			.lowest = 7,
		};
	update(pic);
}

static void pic_restored(struct dev *dev)
{
	struct pic *pic = container_of(dev, struct pic, dev);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct pic_chip *chip = &pic->registers.chips[i];

		chip->level &= level_writable[i];
		chip->vector &= 0xf8;
		chip->lowest &= 7;
	}
	update(pic);
}

static const struct dev_ops first_ops = {
	.name = "first PIC",
	.reset = pic_reset,
	.read = first_read,
	.write = first_write,
	.restored = pic_restored,
};

static const struct dev_ops second_ops = {
	.name = "second PIC",
	.read = second_read,
	.write = second_write,
};

static const struct dev_ops edge_level_ops = {
	.name = "PICs' edge and level",
	.read = edge_level_read,
	.write = edge_level_write,
};

void pic_init(struct pic *pic, void (*output)(void *context, bool level), void *context)
{
	*pic = (struct pic){
		.dev = dev_of(&first_ops, &pic->registers, sizeof(pic->registers)),
		.second = { .ops = &second_ops },
		.edge_level = { .ops = &edge_level_ops },
		.output = output,
		.context = context,
	};
	pic_reset(&pic->dev);
}

int pic_add(struct pic *pic, struct bus *bus, struct error *error)
{
	int err = bus_add(bus, BUS_PORT, PIC_FIRST_PORT, PIC_PORTS, &pic->dev, error);

	if (!err)
		err = bus_add(bus, BUS_PORT, PIC_SECOND_PORT, PIC_PORTS, &pic->second, error);
	if (!err)
		err = bus_add(bus, BUS_PORT, PIC_LEVEL_PORT, PIC_PORTS, &pic->edge_level, error);
	return err;
}
