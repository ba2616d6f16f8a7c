/* SPDX-License-Identifier: MIT */
/*
 * The same as vector.c in code of fewer bits: without paging, with that of 32 bits and PAE's, in code of 16 bits, and
 * in real mode; and calls through a gate. Operands are in the test device's memory, where KVM's emulator has to execute each
 * instruction and can't. With "refused" for its command line it ends by one that nobody completes.
 */
#include <stdint.h>

#define COM1	 0x3f8
#define KERNEL	 0x100000u
#define EMULATED 0xff000000u
#define WINDOW	 0x40000000u /* where paging shows it, too */

#define CR0_PG (1u << 31)

#define CR4_PSE	   (1u << 4)
#define CR4_PAE	   (1u << 5)
#define CR4_OSFXSR (1u << 9)

#define SELECTOR_CODE	  0x08
#define SELECTOR_DATA	  0x10
#define SELECTOR_CODE16	  0x18
#define SELECTOR_DATA16	  0x20
#define SELECTOR_EMULATED 0x28
#define SELECTOR_GATE	  0x38

/* Where the code for real mode is copied to, and its stack ends. */
#define LOW 0x8000

/* Page faults skip the instruction, of three bytes, and count in EDI, with what they were about in EBP. */
__asm__(".globl _start\n"
	"_start: push %eax\n"
	"	call kernel\n"
	"page_fault: pop %ebp\n"
	"	mov %cr2, %eax\n"
	"	or %eax, %ebp\n"
	"	inc %edi\n"
	"	addl $3, (%esp)\n"
	"	iret\n"
	/* Of a MOV to CR0, which has three bytes, too. */
	"refusal: add $4, %esp\n"
	"	addl $3, (%esp)\n"
	"	iret\n"
	"int30:	inc %esi\n"
	"	iret\n"
	/* What the gate leads to. */
	"gated:	add $0x10, %esi\n"
	"	lret\n"
	/* A far RET from 32-bit code leads here; DS is the emulated memory. */
	"	.code16\n"
	"code16:	mov $4, %di\n"
	"	paddd -4(%bx,%di), %xmm1\n"
	"	filds (%di)\n"
	"	lretl\n"
	"refused16: mov $4, %di\n"
	"	crc32w (%di), %eax\n"
	"	lretl\n"
	/* What is copied: by a far jump from code of 16 bits, with interrupts off. */
	"low:	mov %cr0, %eax\n"
	"	and $~1, %eax\n"
	"	mov %eax, %cr0\n"
	"	ljmp $0, $0x8000 + real - low\n"
	"real:	xor %ax, %ax\n"
	"	mov %ax, %ss\n"
	"	mov %ax, %ds\n"
	"	mov $0x8000, %sp\n"
	"	movw $0x8000 + int60 - low, 0x180\n"
	"	mov %ax, 0x182\n"
	/* The segment's base is as protected mode left it. */
	"	xor %bx, %bx\n"
	"	paddd %fs:(%bx), %xmm1\n"
	"	fildl %fs:4(%bx)\n"
	"	int $0x60\n"
	/* With this, kvm-intel without unrestricted guest emulates protected mode, too. */
	"	mov $3, %ax\n"
	"	mov %ax, %gs\n"
	"	mov %cr0, %eax\n"
	"	or $1, %al\n"
	"	mov %eax, %cr0\n"
	"	ljmpl $8, $back\n"
	"int60:	inc %si\n"
	"	iret\n"
	"low_end:\n"
	"	.code32\n");

extern char page_fault[], refusal[], int30[], gated[], code16[], refused16[], low[], low_end[];

static uint64_t gdt[] = {
	0,
	0x00cf9b000000ffff,
	0x00cf93000000ffff,
	0x00009b100000ffff, /* 16 bits, at KERNEL */
	0x000093000000ffff,
	0xff0093000000ffff, /* at EMULATED */
	0x00009b000000ffff, /* for the way to real mode */
	0,		    /* the gate */
};

static uint64_t idt[0x31];
static uint32_t directory[1024] __attribute__((aligned(4096)));
static uint32_t table[1024] __attribute__((aligned(4096)));
static uint64_t pointers[4] __attribute__((aligned(32)));
static uint64_t directories[4][512] __attribute__((aligned(4096)));
static uint64_t pae_table[512] __attribute__((aligned(4096)));

struct table_register {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

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

/* The sum of the emulated vector and 1 in each of its elements; its second element by the x87. */
static void show(const char *name, uint32_t at)
{
	static const uint32_t ones[4] __attribute__((aligned(16))) = { 1, 1, 1, 1 };
	static uint32_t sum[4] __attribute__((aligned(16)));
	uint32_t number = 0;
	unsigned int i;

	__asm__ volatile("movdqa %2, %%xmm1\n"
			 "paddd (%3), %%xmm1\n"
			 "movdqa %%xmm1, %0\n"
			 "fildl 4(%3)\n"
			 "fistpl %1\n"
			 : "=m"(sum), "=m"(number)
			 : "m"(ones), "r"(at)
			 : "memory");
	print(name);
	for (i = 0; i < 4; i++)
		print_hex(sum[i]);
	print_hex(number);
	print("\n");
}

static uint64_t gate(const char *handler)
{
	uint32_t address = (uint32_t)handler;

	return (address & 0xffff) | (uint64_t)(address & 0xffff0000) << 32 | SELECTOR_CODE << 16 |
	       0x8e00ull << 32;
}

/* Whether it is on then: a KVM that has paging in long mode alone answers by #GP. */
static int start_paging(const char *name, const void *cr3, uint32_t cr4)
{
	uint32_t cr0;

	idt[13] = gate(refusal);
	__asm__ volatile("mov %%cr4, %0\n"
			 "or %2, %0\n"
			 "mov %0, %%cr4\n"
			 "mov %1, %%cr3\n"
			 "mov %%cr0, %0\n"
			 "or %3, %0\n"
			 "mov %0, %%cr0\n"
			 "mov %%cr0, %0\n"
			 : "=&r"(cr0)
			 : "r"(cr3), "r"(cr4), "i"(CR0_PG)
			 : "memory");
	idt[13] = 0;
	if (cr0 & CR0_PG)
		return 1;
	print(name);
	print(" refused\n");
	return 0;
}

static void stop_paging(void)
{
	__asm__ volatile("mov %%cr0, %%eax\n"
			 "and %0, %%eax\n"
			 "mov %%eax, %%cr0\n"
			 :
			 : "i"(~CR0_PG)
			 : "eax", "memory");
}

static void make_32_bit_tables(void)
{
	unsigned int i;

	for (i = 0; i < 1024; i++)
		directory[i] = i << 22 | 0x83;
	directory[WINDOW >> 22] = (uint32_t)table | 3;
	table[0] = EMULATED | 3;
}

static void make_pae_tables(void)
{
	unsigned int i;

	for (i = 0; i < 2048; i++)
		directories[i / 512][i % 512] = (uint64_t)i << 21 | 0x83;
	directories[WINDOW >> 30][0] = (uint32_t)pae_table | 3;
	pae_table[0] = EMULATED | 3;
	for (i = 0; i < 4; i++)
		pointers[i] = (uint32_t)directories[i] | 1;
}

static void load_tables(void)
{
	const struct table_register gdtr = { sizeof(gdt) - 1, (uint32_t)gdt };
	const struct table_register idtr = { sizeof(idt) - 1, (uint32_t)idt };

	idt[14] = gate(page_fault);
	idt[0x30] = gate(int30);
	__asm__ volatile("lgdt %0\n"
			 "lidt %1\n"
			 "ljmp %2, $1f\n"
			 "1: mov %3, %%eax\n"
			 "mov %%ax, %%ds\n"
			 "mov %%ax, %%es\n"
			 "mov %%ax, %%ss\n"
			 "mov %%cr4, %%eax\n"
			 "or %4, %%eax\n"
			 "mov %%eax, %%cr4\n"
			 :
			 : "m"(gdtr), "m"(idtr), "i"(SELECTOR_CODE), "i"(SELECTOR_DATA),
			   "i"(CR4_OSFXSR)
			 : "eax", "memory");
}

static void call16(const char *code, uint32_t *sum, uint32_t *number)
{
	__asm__ volatile("pxor %%xmm1, %%xmm1\n"
			 "push %%ds\n"
			 "mov %4, %%ds\n"
			 "xor %%ebx, %%ebx\n"
			 "push %%cs\n"
			 "push $1f\n"
			 "push %3\n"
			 "push %2\n"
			 "lret\n"
			 "1: pop %%ds\n"
			 "movdqu %%xmm1, %0\n"
			 "fistpl %1\n"
			 : "=m"(*(uint32_t(*)[4])sum), "=m"(*number)
			 : "r"(code - KERNEL), "i"(SELECTOR_CODE16), "r"(SELECTOR_EMULATED)
			 : "ebx", "edi", "eax", "memory");
}

static void show16(void)
{
	uint32_t sum[4], number;
	unsigned int i;

	call16(code16, sum, &number);
	print("code of 16 bits:");
	for (i = 0; i < 4; i++)
		print_hex(sum[i]);
	print_hex(number);
	print("\n");
}

/* There and back, with how many interrupts SI counted. */
static void show_real_mode(void)
{
	const struct table_register vectors = { 0x3ff, 0 };
	const struct table_register idtr = { sizeof(idt) - 1, (uint32_t)idt };
	uint32_t sum[4], number, count;
	unsigned int i;

	for (i = 0; low + i < low_end; i++)
		((volatile char *)LOW)[i] = low[i];
	__asm__ volatile("pxor %%xmm1, %%xmm1\n"
			 "xor %%esi, %%esi\n"
			 "lidt %3\n"
			 "mov %5, %%eax\n"
			 "mov %%eax, %%fs\n"
			 "mov %6, %%eax\n"
			 "mov %%eax, %%ds\n"
			 "mov %%eax, %%es\n"
			 "mov %%esp, %%ebp\n"
			 "mov %%eax, %%ss\n"
			 "ljmp $0x30, $0x8000\n"
			 ".globl back\n"
			 "back: mov %7, %%eax\n"
			 "mov %%eax, %%ds\n"
			 "mov %%eax, %%es\n"
			 "mov %%eax, %%ss\n"
			 "mov %%ebp, %%esp\n"
			 "lidt %4\n"
			 "int $0x30\n"
			 "mov %%eax, %%gs\n"
			 "movdqu %%xmm1, %0\n"
			 "fistpl %1\n"
			 "mov %%esi, %2\n"
			 : "=m"(sum), "=m"(number), "=m"(count)
			 : "m"(vectors), "m"(idtr), "i"(SELECTOR_EMULATED), "i"(SELECTOR_DATA16),
			   "i"(SELECTOR_DATA)
			 : "eax", "ebx", "esi", "memory");
	print("real mode:");
	for (i = 0; i < 4; i++)
		print_hex(sum[i]);
	print_hex(number);
	print_hex(count);
	print("\n");
}

/* An operand of 8 bytes whose second half is not mapped. */
static void show_fault(void)
{
	uint32_t about, count;

	__asm__ volatile("push %%ebp\n"
			 "xor %%ebp, %%ebp\n"
			 "xor %%edi, %%edi\n"
			 "fildll (%%esi,%%ecx)\n"
			 "mov %%ebp, %%edx\n"
			 "pop %%ebp\n"
			 : "=d"(about), "=D"(count)
			 : "S"(WINDOW), "c"(4096 - 4)
			 : "eax", "memory");
	print("page faults:");
	print_hex(count);
	print_hex(about);
	print("\n");
}

static void show_paging(const char *name, const void *cr3, uint32_t cr4)
{
	if (!start_paging(name, cr3, cr4))
		return;
	show(name, WINDOW);
	show_fault();
	stop_paging();
}

/* Far pointers in emulated memory, of 6 bytes and of 4: KVM's emulator has to follow them, and knows of no gates. */
static void show_far(void)
{
	volatile uint32_t *pointer = (volatile uint32_t *)(EMULATED + 0x10);
	const uint32_t to = (uint32_t)gated;
	uint32_t sum;

	gdt[SELECTOR_GATE >> 3] = (to & 0xffff) | SELECTOR_CODE << 16 | 0x8c00ull << 32 |
				  (uint64_t)(to & 0xffff0000) << 32;
	pointer[1] = SELECTOR_GATE;
	__asm__ volatile("xor %%esi, %%esi\n"
			 "lcall *(%1)\n"
			 "lcallw *2(%1)\n"
			 : "=&S"(sum)
			 : "r"(pointer)
			 : "memory");
	print("calls through a gate:");
	print_hex(sum);
	print("\n");
}

/* VMware's backdoor port: a version, and a command that there is not. */
static void show_vmport(void)
{
	uint32_t a, b = 0, c, i;

	for (i = 0; i < 2; i++) {
		c = i ? 0xfff : 10;
		__asm__ volatile("inl %%dx, %%eax"
				 : "=a"(a), "+b"(b), "+c"(c)
				 : "a"(0x564d5868), "d"(0x5658));
		print(i ? "" : "vmport:");
		print_hex(a);
		print_hex(b);
		print_hex(c);
		b = 0;
	}
	print("\n");
}

void kernel(const char *command_line);

void kernel(const char *command_line)
{
	volatile uint32_t *vector = (volatile uint32_t *)EMULATED;
	uint32_t sum[4], number;
	unsigned int i;

	load_tables();
	for (i = 0; i < 4; i++)
		vector[i] = 0x10 * i;
	if (*command_line == 'r')
		call16(refused16, sum, &number);
	show("no paging:", EMULATED);
	make_32_bit_tables();
	show_paging("paging of 32 bits:", directory, CR4_PSE);
	make_pae_tables();
	show_paging("PAE:", pointers, CR4_PAE);
	show16();
	show_real_mode();
	show_far();
	show_vmport();
	out8(0xf4, 1);
}
