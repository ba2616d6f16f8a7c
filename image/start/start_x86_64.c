/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader to the tests, and to the end: in which order everything is found and set up, and the first lines
 * of the output, which say what was found.
 */
#include "image/start/start_x86_64.h"
#include <ring0/private/abi.h>
#include <ring0/x86.h>
#include "guest/text/bytes.h"
#include "image/start/cpu/cpu_x86_64.h"
#include "image/start/cpu/exceptions_x86_64.h"
#include "image/start/cpu/interrupts_x86_64.h"
#include "image/start/cpu/level_x86_64.h"
#include "image/start/cpu/memory_x86_64.h"
#include "image/start/cpu/others_x86_64.h"
#include "image/start/cpu/space_x86_64.h"
#include "image/start/cpu/tables_x86_64.h"
#include "image/start/hardware/acpi_x86_64.h"
#include "image/start/hardware/clock_x86_64.h"
#include "image/start/hardware/console_x86_64.h"
#include "image/start/hardware/hypervisor_x86_64.h"
#include "image/start/hardware/loader_x86_64.h"
#include "image/start/hardware/pci_x86_64.h"
#include "image/start/hardware/power_x86_64.h"
#include "image/start/hardware/smbios_x86_64.h"
#include "image/start/payload/unpack.h"
#include "image/start/payload/words.h"
#include "image/start/tests/cases_x86_64.h"
#include "image/start/tests/limit_x86_64.h"
#include "image/start/tests/pad_x86_64.h"
#include "image/start/tests/report.h"

#define DEFAULT_BAUD 115200

/* The ports that a BIOS found, in its data area. */
#define BDA_SERIAL 0x400

static const struct image_payload *payload;
static const char *console_found_by;

static void use_port(const struct serial_port *port, const char *found_by)
{
	console_use_serial(port, words.baud ? (unsigned int)words.baud : DEFAULT_BAUD);
	console_found_by = found_by;
}

/* By the command line, ACPI's SPCR, the BIOS's data area, or looking for it: at the old ports, and on PCI. */
static void choose_console(void)
{
	static const uint16_t ports[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	struct serial_port port = { .base = words.serial };
	unsigned int i;

	if (hypervisor_has_debug_port())
		console_use_debug_port();
	console_found_by = "";
	if (words.serial == WORDS_NO_SERIAL)
		return;
	if (words.serial) {
		port.is_memory = words.serial > 0xffff;
		use_port(&port, "the command line");
		return;
	}
	if (acpi.has_console) {
		use_port(&acpi.console, "ACPI's SPCR");
		return;
	}
	port.base = *(const uint16_t *)r0_direct(BDA_SERIAL);
	if (port.base && console_is_serial(&port)) {
		use_port(&port, "the BIOS's data area");
		return;
	}
	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		port.base = ports[i];
		if (!console_is_serial(&port))
			continue;
		use_port(&port, "probing");
		return;
	}
	if (pci_find_serial(&port))
		use_port(&port, "PCI");
}

/* What is in memory behind the start-up code, whole? NULL if so, or what is wrong. */
static const char *check_payload(uint64_t payload_at)
{
	const uint64_t summed = __builtin_offsetof(struct image_payload, runs_at);

	if (payload->magic != IMAGE_MAGIC)
		return "there is no program behind the start-up code: the image is cut short";
	if (payload->version != IMAGE_VERSION || payload->header_size != sizeof(*payload))
		return "the program behind the start-up code was written by another version";
	/* QEMU puts what there is room for, and says nothing. */
	if (payload_at > memory_end() || payload->size > memory_end() - payload_at)
		return "the image needs more memory: the machine has less than the file";
	if (payload->size < summed || image_checksum((const char *)payload + summed,
						     payload->size - summed) != payload->checksum)
		return "the image was damaged on its way: its checksum is not what it was";
	return NULL;
}

static void print_cpu(void)
{
	struct r0_cpuid_result leaf = r0_cpuid(0, 0);
	uint32_t signature = r0_cpuid(1, 0).eax, family, model;
	char vendor[13] = "", brand[49] = "", *text = brand;
	uint32_t i;

	copy_bytes(vendor, &leaf.ebx, 4);
	copy_bytes(vendor + 4, &leaf.edx, 4);
	copy_bytes(vendor + 8, &leaf.ecx, 4);
	/* SDM vol. 2A, CPUID, figure 3-6. */
	family = signature >> 8 & 0xf;
	model = signature >> 4 & 0xf;
	if (family == 0xf || family == 6)
		model |= signature >> 12 & 0xf0;
	if (family == 0xf)
		family += signature >> 20 & 0xff;
	if (r0_cpuid(0x80000000, 0).eax >= 0x80000004)
		for (i = 0; i < 3; i++) {
			leaf = r0_cpuid(0x80000002 + i, 0);
			copy_bytes(brand + 16 * i, &leaf, sizeof(leaf));
		}
	while (*text == ' ')
		text++;
	console_print("# cpu: %s family %#x model %#x stepping %#x, %s\n", vendor, family, model,
		      signature & 0xf, text);
}

static void print_environment(void)
{
	const char *bytes = (const char *)payload;
	const struct image_module *modules =
		(const struct image_module *)(bytes + payload->modules_at);
	uint64_t i;

	/* What came before may have left its line unfinished. */
	console_print("\n# ring0 image: %s, %llu cases, build-id %s\n", bytes + modules[0].name_at,
		      (unsigned long long)payload->case_count,
		      bytes[modules[0].build_id_at] ? bytes + modules[0].build_id_at : "none");
	for (i = 0; i < payload->module_count; i++)
		console_print("# module: %#llx %s %s\n", (unsigned long long)modules[i].start,
			      bytes[modules[i].build_id_at] ? bytes + modules[i].build_id_at : "-",
			      bytes + modules[i].name_at);
	console_print("# booted by: %s%s%s\n", loader.protocol, loader.name[0] ? ", " : "",
		      loader.name);
	console_print("# hypervisor: %s\n", !hypervisor.is_there ? "none" :
					    hypervisor.name[0]	 ? hypervisor.name :
								   "one without a name");
	print_cpu();
	if (*console_found_by)
		console_print("# serial port: found by %s\n", console_found_by);
	if (smbios.firmware[0])
		console_print("# firmware: %s\n", smbios.firmware);
	if (smbios.machine[0])
		console_print("# machine: %s\n", smbios.machine);
	console_print("# acpi: %s\n", acpi.found_by ? acpi.found_by : "none");
	console_print("# cpus: %u\n", acpi.cpu_count ? acpi.cpu_count : 1);
	console_print("# memory: %llu KiB\n", (unsigned long long)memory_size() >> 10);
	console_print("# command line: %s\n", loader.words);
	if (smbios.words[0])
		console_print("# and by smbios: %s\n", smbios.words);
}

/* The program's files may be built for a CPU that is newer than this one. */
static void check_level(void)
{
	const char *bytes = (const char *)payload;
	const struct image_module *modules =
		(const struct image_module *)(bytes + payload->modules_at);
	uint64_t i;

	for (i = 0; i < payload->module_count; i++) {
		const char *lacks = level_lacks(modules[i].level);

		if (lacks)
			power_give_up(
				"this image needs x86-64-v%u, for which %s is built, and this CPU "
				"lacks its %s",
				modules[i].level, bytes + modules[i].name_at, lacks);
	}
}

static void print_cpus(void)
{
	unsigned int number;

	console_print("# cpus for tests: %u, by their local APICs' IDs", others_count());
	for (number = 0; number < others_count(); number++)
		console_print(" %u", others_apic_id(number));
	if (others_far())
		console_print("; for none, as their IDs are above 254: %u", others_far());
	console_print("\n");
}

static void print_settings(void)
{
	console_print("# clock: TSC of %llu kHz, by %s\n", (unsigned long long)tsc_clock.khz,
		      tsc_clock.from);
	if (payload->cpu_count > 1)
		print_cpus();
	console_print("# time limit: by %s\n", limit_state.source);
	console_print("# init: %s\n",
		      limit_state.why_no_init ? limit_state.why_no_init : "can end a test, too");
	console_print("# address space: %llu pages to put back, %llu of them page tables\n",
		      (unsigned long long)space.writable + space.tables,
		      (unsigned long long)space.tables);
}

static void read_words(void)
{
	static const char *const ways[] = { "auto", "acpi", "halt", "reset" };
	unsigned int i;

	words_read((const char *)payload + payload->words_at, false, cases_know);
	/* Patterns of the loader's or the firmware's take the place of those that the image was written with. */
	if (loader.words[0] || smbios.words[0]) {
		unsigned int own = words.pattern_count;

		words_read(loader.words, loader.names_image, cases_know);
		words_read(smbios.words, false, cases_know);
		if (words.pattern_count > own) {
			for (i = own; i < words.pattern_count; i++)
				words.patterns[i - own] = words.patterns[i];
			words.pattern_count -= own;
		}
	}
	for (i = 0; words.off && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!text_compare(words.off, ways[i]))
			power_off_by = (enum power_off)i;
}

/* What the program is to know: where its page tables are, for r0_user_call() above all, and who its CPUs are. */
static void tell_program(void)
{
	uint64_t number;

	for (number = 0; number < payload->cpu_count; number++) {
		const uint64_t cpu = (uint64_t)r0_cpu_at((struct r0_guest *)payload->guest,
							 (unsigned int)number);
		const uint64_t roots[] = { space.test, space.user };
		const uint64_t apic_id = others_apic_id((unsigned int)number);

		space_set(cpu + R0_CPU_KERNEL_ROOT, roots, sizeof(roots));
		space_set(cpu + __builtin_offsetof(struct r0_cpu, apic_id), &apic_id,
			  sizeof(apic_id));
	}
}

static void warn_of_words(void)
{
	unsigned int i;

	for (i = 0; i < words.unknown_count; i++)
		console_print("# not understood, and ignored: %s\n", words.unknown[i]);
}

/* Where the program's pages are, unpacked if need be. */
static uint64_t find_pages(uint64_t payload_at)
{
	const uint64_t stored = payload_at + payload->pages_at;
	uint64_t pages;

	if (!payload->packed_size)
		return stored;
	pages = memory_need(payload->page_count);
	if (!unpack(r0_direct(stored), payload->packed_size, r0_direct(pages),
		    payload->page_count * FRAME))
		power_give_up("the image's pages can't be unpacked");
	return pages;
}

void start_main(uint32_t magic, uint32_t information, uint32_t image_at)
{
	const uint64_t payload_at = image_at + ((uint64_t)start_payload - IMAGE_VIRTUAL);
	const char *damage;
	const struct range *ram;

	exceptions_init();
	hypervisor_look();
	loader_read(magic, information);
	smbios_read();
	payload = r0_direct(payload_at);
	damage = check_payload(payload_at);
	cases_init(payload);
	if (!damage)
		read_words();
	acpi_read();
	choose_console();
	if (damage)
		power_give_up("%s", damage);
	print_environment();
	warn_of_words();
	check_level();
	ram = (const struct range *)((const char *)payload + payload->ram_at);
	memory_init((struct range){ image_at, payload_at + payload->size }, ram,
		    payload->ram_count);
	clock_init();
	cpu_look();
	cpu_recover();
	interrupts_look();
	space_build(payload, find_pages(payload_at), cpu_features.physical_bits,
		    cpu_features.gigabyte_pages);
	others_choose(payload);
	tell_program();
	pad_install(payload);
	space_finish();
	others_look(image_at, pad_address(pad_enter));
	if (words.limit != WORDS_LIMIT_NONE && interrupts.apic)
		limit_init(words.limit, words.limit == WORDS_LIMIT_INIT || words.init_given,
			   payload->wait_halted);
	print_settings();
	if (words.list) {
		cases_list();
		power_off(0);
	}
	report_begin(words.format, cases_count(), words.verbose);
	if (!cases_count())
		console_print("# no test is selected\n");
	cases_run();
	power_off(report_end());
}
