/* SPDX-License-Identifier: MIT */
/*
 * Task switches, SYSENTER and SYSEXIT, and virtual-8086 mode, in 32-bit code. With "emulated" or "all" for its command
 * line KVM's emulator has to execute these instructions, as far as it can: they have the prefix by which kernels ask for
 * that, if the module's parameter force_emulation_prefix is 1. The way to virtual-8086 mode has it with "all" alone: QEMU,
 * where it emulates SVM, aborts when an interrupt changes the ring and TR is one that KVM has set (busy, as it has to be).
 */
#include <stdint.h>

#define COM1 0x3f8

#define CODE  0x08 /* the order of these four is SYSEXIT's: SDM vol. 2B */
#define DATA  0x10
#define CODE3 0x1b
#define DATA3 0x23
#define MAIN  0x28
#define OTHER 0x30
#define GATE  0x38

#define TEXT_OF(number) #number
#define TEXT(number)	TEXT_OF(number)

#define MSR_SYSENTER_CS	 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

#define FLAGS_NT   (1u << 14)
#define FLAGS_VM   (1u << 17)
#define FLAGS_IOPL (3u << 12)
#define CR0_TS	   (1u << 3)

#define CODE_OF_8086 0x8000u

/* A NOP of five bytes in front of an instruction, where the prefix goes. */
#define PLACE(section)                                  \
	".pushsection " section ", \"a\"\n.long 771f\n" \
	".popsection\n771: .byte 0x0f, 0x1f, 0x44, 0, 0\n"
#define EMULATED      PLACE("places")
#define EMULATED_8086 PLACE("places_8086")

struct tss {
	uint32_t link, esp0, ss0, unused[4], cr3, eip, eflags;
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs, ldt, trap_and_map;
};

struct table_register {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

extern uint8_t *const __start_places[], *const __stop_places[];
extern uint8_t *const __start_places_8086[], *const __stop_places_8086[];
extern char other[], other_with_code[], interrupt_of_8086[], user[], sysenter_entry[];
extern char code_of_8086[], end_of_8086[];

static struct tss main_tss, other_tss;
static uint64_t gdt[8], idt[0x32];
static uint8_t other_stack[4096], ring_0_stack[4096], ring_3_stack[4096];

uint32_t seen_by_other(void);
void kernel(const char *command_line);

/* What the other task has seen of the last switch. */
static volatile uint32_t count, link_seen, flags_seen;
uint32_t code_seen;

__asm__(".globl _start\n"
	"_start: push %eax\n"
	"	call kernel\n"
	/* Back as it came: by its link, or by a jump. */
	"other:	call seen_by_other\n"
	"	test %eax, %eax\n"
	"	jz 1f\n"
	"	" EMULATED "iret\n"
	"	jmp other\n"
	"1:	" EMULATED "ljmp $" TEXT(
		MAIN) ", $0\n"
		      "	jmp other\n"
		      "other_with_code: pop code_seen\n"
		      "	call seen_by_other\n"
		      "	" EMULATED "iret\n"
		      /* SYSEXIT leads here, SYSENTER from here. */
		      "user:	mov %cs, %eax\n"
		      "	mov %ss, %ebx\n"
		      "	mov %esp, %esi\n"
		      "	" EMULATED "sysenter\n"
		      /* A 16-bit program, which ends by an exception: HLT is not for ring 3. */
		      "	.code16\n"
		      "code_of_8086: mov %cs, %ax\n"
		      "	mov %gs, %bx\n"
		      "	hlt\n"
		      "end_of_8086:\n"
		      "	.code32\n");

uint32_t seen_by_other(void)
{
	uint32_t flags;

	__asm__ volatile("pushf\npop %0" : "=r"(flags));
	count++;
	link_seen = other_tss.link & 0xffff;
	flags_seen = flags;
	/* An INT n that has raised an exception is not to be repeated. */
	if (code_seen)
		main_tss.eip += 2;
	return flags & FLAGS_NT;
}

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void print(const char *text)
{
	while (*text)
		out8(COM1, (uint8_t)*text++);
}

static void print_hex(uint32_t value)
{
	int shift;

	print(" ");
	for (shift = 28; shift >= 0; shift -= 4)
		out8(COM1, (uint8_t) "0123456789abcdef"[value >> shift & 15]);
}

static uint64_t tss_descriptor(const struct tss *tss)
{
	const uint32_t base = (uint32_t)tss;

	return (sizeof(*tss) - 1) | (uint64_t)(base & 0xffffff) << 16 | 0x89ull << 40 |
	       (uint64_t)(base >> 24) << 56;
}

static uint64_t interrupt_gate(const char *handler)
{
	const uint32_t address = (uint32_t)handler;

	return (address & 0xffff) | CODE << 16 | 0x8e00ull << 32 |
	       (uint64_t)(address & 0xffff0000) << 32;
}

static void load_tables(void)
{
	const struct table_register gdtr = { sizeof(gdt) - 1, (uint32_t)gdt };
	const struct table_register idtr = { sizeof(idt) - 1, (uint32_t)idt };

	gdt[CODE >> 3] = 0x00cf9b000000ffff;
	gdt[DATA >> 3] = 0x00cf93000000ffff;
	gdt[CODE3 >> 3] = 0x00cffb000000ffff;
	gdt[DATA3 >> 3] = 0x00cff3000000ffff;
	gdt[MAIN >> 3] = tss_descriptor(&main_tss);
	gdt[OTHER >> 3] = tss_descriptor(&other_tss);
	gdt[GATE >> 3] = OTHER << 16 | 0x8500ull << 32;
	idt[0x31] = gdt[GATE >> 3];
	main_tss.esp0 = (uint32_t)(ring_0_stack + sizeof(ring_0_stack));
	main_tss.ss0 = DATA;
	main_tss.trap_and_map = sizeof(main_tss) << 16;
	other_tss = (struct tss){
		.eip = (uint32_t)other,
		.eflags = 2,
		.esp = (uint32_t)(other_stack + sizeof(other_stack)),
		.es = DATA,
		.cs = CODE,
		.ss = DATA,
		.ds = DATA,
		.trap_and_map = sizeof(other_tss) << 16,
	};
	__asm__ volatile("lgdt %0\n"
			 "lidt %1\n"
			 "ljmp %2, $1f\n"
			 "1: mov %3, %%eax\n"
			 "mov %%eax, %%ds\n"
			 "mov %%eax, %%es\n"
			 "mov %%eax, %%ss\n"
			 "mov %4, %%eax\n"
			 "ltr %%ax\n"
			 :
			 : "m"(gdtr), "m"(idtr), "i"(CODE), "i"(DATA), "i"(MAIN)
			 : "eax", "memory");
}

/* What the other task saw, and whether TS was set by the way back and the main task is the busy one. */
static void show(const char *name)
{
	uint32_t cr0;

	__asm__ volatile("mov %%cr0, %0\nclts" : "=r"(cr0));
	print(name);
	print_hex(count);
	print_hex(link_seen);
	print_hex(flags_seen & FLAGS_NT);
	print_hex(cr0 & CR0_TS);
	print_hex((uint32_t)(gdt[MAIN >> 3] >> 40 & 0xff));
	print_hex((uint32_t)(gdt[OTHER >> 3] >> 40 & 0xff));
	print("\n");
}

#define EXECUTE(name, instruction)                                           \
	do {                                                                 \
		__asm__ volatile(EMULATED instruction : : : "memory", "cc"); \
		show(name);                                                  \
	} while (0)

static void switch_tasks(void)
{
	EXECUTE("call:", "lcall $" TEXT(OTHER) ", $0");
	EXECUTE("call through a gate:", "lcall $" TEXT(GATE) ", $0");
	EXECUTE("jump:", "ljmp $" TEXT(OTHER) ", $0");
	EXECUTE("jump through a gate:", "ljmp $" TEXT(GATE) ", $0");
	EXECUTE("interrupt:", "int $0x31");
	/* Beyond the IDT it is #GP, whose code the other task finds on its stack. */
	idt[13] = gdt[GATE >> 3];
	other_tss.eip = (uint32_t)other_with_code;
	EXECUTE("exception:", "int $0x7f");
	print("its code:");
	print_hex(code_seen);
	print("\n");
	code_seen = 0;
}

static void write_msr(uint32_t index, uint32_t value)
{
	__asm__ volatile("wrmsr" : : "c"(index), "a"(value), "d"(0));
}

static void enter_and_exit(void)
{
	const uint32_t top = (uint32_t)(ring_3_stack + sizeof(ring_3_stack));
	uint32_t cs, ss, esp = 0;

	write_msr(MSR_SYSENTER_CS, CODE);
	write_msr(MSR_SYSENTER_EIP, (uint32_t)sysenter_entry);
	__asm__ volatile("push %%ebp\n"
			 "mov %%esp, %%eax\n"
			 "xor %%edx, %%edx\n"
			 "mov %4, %%ecx\n"
			 "wrmsr\n"
			 "mov %3, %%ecx\n"
			 "mov $user, %%edx\n" EMULATED "sysexit\n"
			 ".globl sysenter_entry\n"
			 "sysenter_entry: pop %%ebp\n"
			 /* DS and ES are still what they were. */
			 : "=&a"(cs), "=&b"(ss), "=&S"(esp)
			 : "D"(top), "i"(MSR_SYSENTER_ESP)
			 : "ecx", "edx", "memory", "cc");
	print("ring 3:");
	print_hex(cs);
	print_hex(ss);
	print_hex(top - esp);
	__asm__ volatile("mov %%cs, %0\nmov %%ss, %1" : "=r"(cs), "=r"(ss));
	print(", and back:");
	print_hex(cs);
	print_hex(ss);
	print("\n");
}

static void be_8086(void)
{
	const uint32_t at = CODE_OF_8086;
	uint32_t ax, bx, flags;
	unsigned int i;

	for (i = 0; code_of_8086 + i < end_of_8086; i++)
		((volatile char *)at)[i] = code_of_8086[i];
	idt[13] = interrupt_gate(interrupt_of_8086);
	/* QEMU again. */
	gdt[MAIN >> 3] = tss_descriptor(&main_tss);
	__asm__ volatile("ltr %w0" : : "r"(MAIN) : "memory");
	__asm__ volatile("push %%ebp\n"
			 "mov %%esp, %%ebp\n"
			 "push $0x44\n" /* GS */
			 "push $0\n"
			 "push $0\n"
			 "push $0\n"
			 "push $0x700\n" /* SS */
			 "push $0x100\n"
			 "push %3\n"
			 "push $0x7f0\n" /* CS */
			 "push $0x100\n" EMULATED_8086 "iret\n"
			 /* The code, EIP, CS and EFLAGS: SDM vol. 3B, 20.3.1. */
			 ".globl interrupt_of_8086\n"
			 "interrupt_of_8086: mov 12(%%esp), %%ecx\n"
			 "mov %4, %%edx\n"
			 "mov %%edx, %%ds\n"
			 "mov %%edx, %%es\n"
			 "mov %%ebp, %%esp\n"
			 "pop %%ebp\n"
			 : "=&a"(ax), "=&b"(bx), "=&c"(flags)
			 : "i"(FLAGS_VM | FLAGS_IOPL | 2), "i"(DATA)
			 : "edx", "memory", "cc");
	print("virtual-8086 mode:");
	print_hex(ax & 0xffff);
	print_hex(bx & 0xffff);
	print_hex(flags & (FLAGS_VM | FLAGS_IOPL));
	print("\n");
}

static void set_prefixes(uint8_t *const *place, uint8_t *const *end)
{
	static const uint8_t prefix[5] = { 0x0f, 0x0b, 'k', 'v', 'm' };
	unsigned int i;

	for (; place < end; place++)
		for (i = 0; i < sizeof(prefix); i++)
			((volatile uint8_t *)*place)[i] = prefix[i];
}

void kernel(const char *command_line)
{
	if (*command_line)
		set_prefixes(__start_places, __stop_places);
	if (*command_line == 'a')
		set_prefixes(__start_places_8086, __stop_places_8086);
	load_tables();
	switch_tasks();
	enter_and_exit();
	be_8086();
	out8(0xf4, 1);
}
