/* SPDX-License-Identifier: MIT */
/*
 * An encoder of AML, ACPI's byte code (ACPI 6.5, chapter 20), for what tables describe: scopes, devices,
 * names with their values, and resource templates (6.4). Pure. What does not fit is left out, and
 * `overflows` set, as it is by what is nested too deep; a name is one of up to four characters, padded with _.
 */
#ifndef ACPI_AML_H
#define ACPI_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AML_DEPTH 8

struct aml {
	uint8_t *bytes; /* not owned */
	size_t capacity, length;
	size_t open[AML_DEPTH]; /* where the length of each open package goes */
	unsigned int depth;
	size_t resources; /* where the size of the open resource template goes */
	bool overflows;
};

void aml_init(struct aml *aml, void *bytes, size_t capacity);

/* A scope: of a name below the root. Ends with aml_end(). */
void aml_scope(struct aml *aml, const char *name);
/* A device. Ends with aml_end(). */
void aml_device(struct aml *aml, const char *name);
void aml_end(struct aml *aml);

/* A name, whose value comes next. */
void aml_name(struct aml *aml, const char *name);

/* Values. */
void aml_integer(struct aml *aml, uint64_t value);
void aml_string(struct aml *aml, const char *text);
void aml_eisa_id(struct aml *aml, const char *id); /* "PNP0501" */
/* A package of that many values, which come next. Ends with aml_end(). */
void aml_package(struct aml *aml, uint8_t count);

/* A resource template, of the descriptors that come next. */
void aml_resources(struct aml *aml);
void aml_resources_end(struct aml *aml);

/* Ports that are decoded with 16 bits (6.4.2.5). */
void aml_ports(struct aml *aml, uint16_t first, uint8_t count);
/* An ISA interrupt, by edge (6.4.2.1). */
void aml_irq(struct aml *aml, unsigned int number);
/* Memory that can be written (6.4.3.4). */
void aml_memory(struct aml *aml, uint32_t first, uint32_t size);
/* An interrupt of the I/O APIC's, by level, active high (6.4.3.6). */
void aml_interrupt(struct aml *aml, uint32_t number);

/* What a bridge hands on to its other side (6.4.3.5): bus numbers, ports, memory. */
void aml_bridge_buses(struct aml *aml, uint16_t first, uint16_t count);
void aml_bridge_ports(struct aml *aml, uint16_t first, uint32_t count);
void aml_bridge_memory(struct aml *aml, uint32_t first, uint32_t size);

#endif /* ACPI_AML_H */
