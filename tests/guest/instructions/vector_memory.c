/* SPDX-License-Identifier: MIT */
/*
 * What vector instructions raise in ring 0: page faults with their error code and address, across
 * pages and at the end of the address space too, alignment, segments, masked elements, numeric
 * exceptions, single steps; and their accesses to mocked memory. SDM vol. 3A, 4.7, 6.15, 13.5;
 * vol. 2A, 2.4 to 2.8.
 */
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/mapping.h"
#include "tests/guest/requirements.h"

static uint8_t page[4096] __attribute__((aligned(4096)));

#define RIGHTS	 (R0_PAGE_P | R0_PAGE_RW)
#define ACCESSED (1ul << 5)
#define DIRTY	 (1ul << 6)

ROUTINE(load, "", "movups (%rdi), %xmm0", "");
ROUTINE(store, "", "movdqu %xmm0, (%rdi)", "");
ROUTINE(wide_store, "vpxor %xmm0, %xmm0, %xmm0", "vmovdqu %ymm0, (%rdi)", "");
ROUTINE(update, "", "lock cmpxchg16b (%rdi)", "");
ROUTINE(aligned, "", "pxor (%rdi), %xmm0", "");
ROUTINE(by_stack, "movq %rsp, %rdx; movq %rdi, %rsp", "addps (%rsp), %xmm0", "movq %rdx, %rsp");
ROUTINE(divide, "pxor %xmm0, %xmm0; ldmxcsr (%rdi)", "divps %xmm0, %xmm0", "");
ROUTINE(masked, "vpxor %xmm0, %xmm0, %xmm0", "vmaskmovps (%rdi), %xmm0, %xmm1", "");
ROUTINE(step, "pushfq; pushfq; orl $0x100, (%rsp); popfq", "pxor %xmm0, %xmm0", "popfq");
ROUTINE(x87, "fninit; fldcw (%rdi); fldz; fld1; fdivp", "fwait", "");

/* Only the first of two pages is there. */
static void map_one_page(void)
{
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	map(MAPPING_TEST + 0x1000, 1, 0);
}

#define ASSERT_PAGE_FAULT(fault, error_code_, address, place)  \
	do {                                                   \
		const struct r0_fault *fault_ = &(fault);      \
		R0_ASSERT_EQ(fault_->vector, R0_PF);           \
		R0_ASSERT_EQ(fault_->error_code, error_code_); \
		R0_ASSERT_EQ(fault_->cr2, address);            \
		R0_ASSERT_EQ(fault_->rip, (uint64_t)(place));  \
	} while (0)

R0_TEST(vector_memory, load_crosses_into_an_absent_page, .when = executes_sse)
{
	struct r0_fault fault;

	map_one_page();
	R0_ASSERT_EQ(r0_try(load, (void *)(MAPPING_TEST + 0xff0)).vector, -1);
	fault = r0_try(load, (void *)(MAPPING_TEST + 0xff8));
	ASSERT_PAGE_FAULT(fault, 0, MAPPING_TEST + 0x1000, load_at);
}

/* Nothing of it is written. */
R0_TEST(vector_memory, store_crosses_into_an_absent_page, .when = executes_avx)
{
	struct r0_fault fault;

	map_one_page();
	memset(page, 0x55, sizeof(page));
	fault = r0_try(wide_store, (void *)(MAPPING_TEST + 0xff8));
	ASSERT_PAGE_FAULT(fault, R0_PF_WR, MAPPING_TEST + 0x1000, wide_store_at);
	R0_ASSERT_EQ(page[0xff8], 0x55);
	R0_ASSERT_EQ(page[0xfff], 0x55);
}

R0_TEST(vector_memory, store_to_a_read_only_page, .when = executes_sse)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P);
	R0_ASSERT_EQ(r0_try(load, (void *)MAPPING_TEST).vector, -1);
	fault = r0_try(store, (void *)(MAPPING_TEST + 0x10));
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_WR, MAPPING_TEST + 0x10, store_at);
}

/* CR0.WP clear lets ring 0 write to any page. */
R0_TEST(vector_memory, store_without_write_protection, .when = executes_sse)
{
	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P);
	r0_write_cr0(r0_read_cr0() & ~R0_CR0_WP);
	memset(page, 0x55, 16);
	R0_ASSERT_EQ(r0_try(store, (void *)MAPPING_TEST).vector, -1);
	R0_ASSERT_EQ(page[0], 0);
}

/* What reads and writes is reported as a write. */
R0_TEST(vector_memory, update_of_an_absent_page, .when = executes_cmpxchg16b)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, 0);
	fault = r0_try(update, (void *)MAPPING_TEST);
	ASSERT_PAGE_FAULT(fault, R0_PF_WR, MAPPING_TEST, update_at);
}

R0_TEST(vector_memory, sets_accessed_and_dirty, .when = executes_sse)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);

	R0_ASSERT_EQ(*entry & (ACCESSED | DIRTY), 0);
	load((void *)MAPPING_TEST);
	R0_ASSERT_EQ(*(volatile uint64_t *)entry & (ACCESSED | DIRTY), ACCESSED);
	store((void *)MAPPING_TEST);
	R0_ASSERT_EQ(*(volatile uint64_t *)entry & (ACCESSED | DIRTY), ACCESSED | DIRTY);
}

R0_TEST(vector_memory, reserved_bits, .when = cpu_has_spare_physical_bits)
{
	struct r0_fault fault;

	if (!executes_sse())
		R0_SKIP("executes_sse");
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS | 1ul << 51);
	fault = r0_try(load, (void *)MAPPING_TEST);
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_RSVD, MAPPING_TEST, load_at);
}

R0_TEST(vector_memory, misaligned_operand, .when = executes_sse)
{
	struct r0_fault fault = r0_try(aligned, page + 8);

	ASSERT_FAULT_AT(fault, R0_GP, 0, aligned_at);
	R0_ASSERT_EQ(r0_try(aligned, page + 16).vector, -1);
}

R0_TEST(vector_memory, not_canonical, .when = executes_sse)
{
	struct r0_fault fault = r0_try(load, (void *)0x800000000000);

	ASSERT_FAULT_AT(fault, R0_GP, 0, load_at);
	/* It begins where addresses still are. */
	fault = r0_try(load, (void *)0x7ffffffffff8);
	R0_ASSERT(fault.vector == R0_GP || fault.vector == R0_PF);
	fault = r0_try(by_stack, (void *)0x800000000000);
	ASSERT_FAULT_AT(fault, R0_SS, 0, by_stack_at);
}

R0_TEST(vector_memory, end_of_the_address_space, .when = executes_sse)
{
	struct r0_fault fault = r0_try(load, (void *)0xfffffffffffffff8);

	ASSERT_PAGE_FAULT(fault, 0, 0xfffffffffffffff8, load_at);
}

/* With no bit of the mask set there is no access. SDM vol. 2C, VMASKMOV. */
R0_TEST(vector_memory, masked_elements_do_not_fault, .when = executes_avx)
{
	map(MAPPING_TEST, 1, 0);
	R0_ASSERT_EQ(r0_try(masked, (void *)MAPPING_TEST).vector, -1);
}

/* 0 / 0 is invalid: MXCSR's bit 7 masks it. SDM vol. 1, 10.2.3. */
R0_TEST(vector_memory, numeric_exception, .when = executes_sse)
{
	uint32_t masked_ = 0x1f80, unmasked = 0x1f00;
	struct r0_fault fault;

	R0_ASSERT_EQ(r0_try(divide, &masked_).vector, -1);
	fault = r0_try(divide, &unmasked);
	R0_ASSERT_EQ(fault.vector, R0_XM);
	R0_ASSERT_EQ(fault.rip, (uint64_t)divide_at);
	r0_write_cr4(r0_read_cr4() & ~R0_CR4_OSXMMEXCPT);
	fault = r0_try(divide, &unmasked);
	R0_ASSERT_EQ(fault.vector, R0_UD);
}

/* The next waiting instruction raises what an x87 instruction found. SDM vol. 1, 8.6. */
R0_TEST(vector_memory, x87_exception_waits, .when = executes_x87)
{
	uint16_t unmasked = 0x37b;
	struct r0_fault fault = r0_try(x87, &unmasked);

	ASSERT_FAULT_AT(fault, R0_MF, 0, x87_at);
}

R0_TEST(vector_memory, obeys_control_registers, .when = executes_sse)
{
	struct r0_fault fault;

	r0_write_cr0(r0_read_cr0() | R0_CR0_TS);
	fault = r0_try(aligned, page);
	ASSERT_FAULT_AT(fault, R0_NM, 0, aligned_at);
	r0_clts();
	r0_write_cr0(r0_read_cr0() | R0_CR0_EM);
	fault = r0_try(aligned, page);
	ASSERT_FAULT_AT(fault, R0_UD, 0, aligned_at);
	r0_write_cr0(r0_read_cr0() & ~R0_CR0_EM);
	r0_write_cr4(r0_read_cr4() & ~R0_CR4_OSFXSR);
	fault = r0_try(aligned, page);
	ASSERT_FAULT_AT(fault, R0_UD, 0, aligned_at);
}

R0_TEST(vector_memory, single_step, .when = executes_sse)
{
	struct r0_fault fault = r0_try(step, NULL);

	R0_ASSERT_EQ(fault.vector, R0_DB);
	R0_ASSERT_EQ(fault.rip, (uint64_t)step_next);
}

struct device {
	uint64_t words[2];
};

static int device_access(void *state, struct r0_access *access)
{
	struct device *device = state;
	uint64_t offset = access->address & 0xf;

	if (offset + access->width > sizeof(device->words))
		return -1;
	if (access->write)
		memcpy((uint8_t *)device->words + offset, &access->value, access->width);
	else
		memcpy(&access->value, (uint8_t *)device->words + offset, access->width);
	return 0;
}

static const struct device device = { { 0x1111111111111111, 0x2222222222222222 } };

R0_TEST(vector_memory, mocked_memory, .when = executes_sse,
	.mmio = R0_MMIO({ 0xfe000000, 0xfe00000f, device_access, &device, sizeof(device) }))
{
	uint64_t got[2] = { 0 };
	void *mocked = r0_direct(0xfe000000);

	__asm__ volatile("movdqu (%1), %%xmm0; movdqu %%xmm0, (%0)"
			 :
			 : "r"(got), "r"(mocked)
			 : "memory");
	R0_ASSERT_EQ(got[0], 0x1111111111111111);
	R0_ASSERT_EQ(got[1], 0x2222222222222222);
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; movdqu %%xmm0, (%0)" : : "r"(mocked) : "memory");
	R0_ASSERT_EQ(*(volatile uint64_t *)mocked, UINT64_MAX);
}

/* KVM's emulator, which serves mocks on any host, knows no AVX: the host completes it, if asked to. */
R0_TEST(vector_memory, mocked_memory_by_avx, .when = executes_avx_on_mmio,
	.mmio = R0_MMIO({ 0xfe000000, 0xfe00000f, device_access, &device, sizeof(device) }))
{
	uint64_t got[2] = { 0 };
	void *mocked = r0_direct(0xfe000000);

	__asm__ volatile("vmovdqu (%1), %%xmm0; vmovdqu %%xmm0, (%0)"
			 :
			 : "r"(got), "r"(mocked)
			 : "memory");
	R0_ASSERT_EQ(got[0], 0x1111111111111111);
	R0_ASSERT_EQ(got[1], 0x2222222222222222);
	__asm__ volatile("vpcmpeqd %%xmm0, %%xmm0, %%xmm0; vmovdqu %%xmm0, (%0)"
			 :
			 : "r"(mocked)
			 : "memory");
	R0_ASSERT_EQ(*(volatile uint64_t *)mocked, UINT64_MAX);
}
