/* SPDX-License-Identifier: MIT */
/* Unit tests of kvm/exit/entry_failure_x86_64.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "kvm/exit/entry_failure_x86_64.h"

static struct kvm_sync_regs state;
static char text[512];

static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
		.g = 1,
		.db = 1,
	};
}

/* 64-bit code in ring 0, as tests start. */
static int set_up(void **unused)
{
	struct kvm_sregs *sregs = &state.sregs;

	(void)unused;
	memset(&state, 0, sizeof(state));
	state.regs.rip = 0x400000;
	state.regs.rflags = 2;
	sregs->cr0 = 0x80050033;
	sregs->cr3 = 0x1000;
	sregs->cr4 = 0x6b0;
	sregs->efer = 0xd01;
	sregs->cs = segment(8, 0xb);
	sregs->cs.l = 1;
	sregs->cs.db = 0;
	sregs->ss = sregs->ds = sregs->es = segment(0x10, 3);
	sregs->fs = sregs->gs = (struct kvm_segment){ .unusable = 1 };
	sregs->ldt = (struct kvm_segment){ .unusable = 1 };
	sregs->tr =
		(struct kvm_segment){ .selector = 0x30, .type = 0xb, .limit = 0x67, .present = 1 };
	return 0;
}

static void expect_vmx(const char *why)
{
	assert_int_equal(entry_failure_vmx(&state, text, sizeof(text)), why[0] != '\0');
	assert_string_equal(text, why);
	set_up(NULL);
}

static void expect_svm(const char *why)
{
	assert_int_equal(entry_failure_svm(&state, text, sizeof(text)), why[0] != '\0');
	assert_string_equal(text, why);
	set_up(NULL);
}

static void states_that_a_cpu_takes_pass(void **unused)
{
	(void)unused;
	expect_vmx("");
	expect_svm("");
	/* Ring 3, a null SS aside. */
	state.sregs.cs.dpl = state.sregs.ss.dpl = 3;
	expect_vmx("");
	state.sregs.ss = (struct kvm_segment){ .unusable = 1 };
	expect_vmx("");
	/* Compatibility mode. */
	state.sregs.cs.l = 0;
	state.sregs.cs.db = 1;
	expect_vmx("");
	/* Real mode, and virtual-8086 mode. */
	state.sregs.cr0 = 0x60000010;
	state.sregs.cr4 = state.sregs.cr3 = state.sregs.efer = 0;
	state.sregs.cs = segment(0xf000, 3);
	state.sregs.cs.limit = 0xffff;
	state.sregs.cs.g = state.sregs.cs.db = 0;
	state.sregs.cs.base = 0xffff0000;
	state.regs.rip = 0xfff0;
	expect_vmx("");
	state.sregs.efer = 0;
	state.regs.rflags |= 1 << 17;
	state.sregs.cs = segment(0x123, 3);
	state.sregs.cs.base = 0x1230;
	state.sregs.cs.limit = 0xffff;
	state.sregs.cs.g = state.sregs.cs.db = 0;
	state.sregs.cs.dpl = 3;
	state.sregs.ss = state.sregs.ds = state.sregs.es = state.sregs.fs = state.sregs.gs =
		state.sregs.cs;
	expect_vmx("");
}

static void control_registers_are_checked(void **unused)
{
	(void)unused;
	state.sregs.cr0 |= 1ull << 40;
	expect_vmx("CR0 has bits of its upper half set (0x10080050033)");
	state.sregs.cr0 &= ~1ull;
	expect_vmx("CR0 has PG without PE (0x80050032)");
	state.sregs.cr4 |= 1ull << 15;
	expect_vmx("CR4 has reserved bits set (0x86b0)");
	state.sregs.cr4 |= 1ull << 23;
	state.sregs.cr0 &= ~(1ull << 16);
	expect_vmx("CR4 has CET, and CR0 no WP");
	state.sregs.cr0 &= ~(1ull << 31);
	expect_vmx("EFER has LMA, and CR0 no PG");
	state.sregs.cr4 &= ~(1ull << 5);
	expect_vmx("EFER has LMA, and CR4 no PAE");
	state.sregs.efer = 0;
	state.sregs.cr4 |= 1ull << 17;
	expect_vmx("CR4 has PCIDE outside long mode");
	state.sregs.cr3 |= 1ull << 62;
	expect_vmx("CR3 has reserved bits set (0x4000000000001000)");
	state.sregs.efer &= ~(1ull << 8);
	expect_vmx("EFER's LME and LMA differ with paging on (0xc01)");
	state.sregs.efer &= ~(1ull << 10);
	expect_vmx("EFER's LME and LMA differ with paging on (0x901)");
}

static void code_segment_is_checked(void **unused)
{
	(void)unused;
	state.sregs.cs.base = 1ull << 32;
	expect_vmx("CS's base is beyond 4 GiB (0x100000000)");
	state.sregs.cs.type = 0xa;
	expect_vmx("CS has type 0xa, no accessed code segment");
	state.sregs.cs.type = 1;
	expect_vmx("CS has type 0x1, no accessed code segment");
	state.sregs.cs.s = 0;
	expect_vmx("CS is a system segment");
	state.sregs.cs.present = 0;
	expect_vmx("CS is not present");
	state.sregs.cs.dpl = 3;
	expect_vmx("CS has DPL 3, SS 0");
	state.sregs.cs.type = 0xf;
	state.sregs.cs.dpl = 1;
	expect_vmx("CS, which is conforming, has DPL 1, above SS's 0");
	state.sregs.cs.db = 1;
	expect_vmx("CS has both L and D set");
	state.sregs.cs.limit = 0xfffff000;
	expect_vmx("CS has G with a limit of 0xfffff000");
	state.sregs.cs.g = 0;
	expect_vmx("CS has a limit of 0xffffffff without G");
	state.sregs.cs.type = 3;
	state.sregs.cs.dpl = 1;
	expect_vmx("CS is a data segment with DPL 1");
}

static void data_segments_are_checked(void **unused)
{
	(void)unused;
	state.sregs.ss.type = 1;
	expect_vmx("SS has type 0x1, no accessed writable data segment");
	state.sregs.ss.present = 0;
	expect_vmx("SS is not present");
	state.sregs.ss.base = 1ull << 33;
	expect_vmx("SS's base is beyond 4 GiB (0x200000000)");
	state.sregs.cs.type = 3;
	state.sregs.ss.dpl = 1;
	expect_vmx("SS has DPL 1 in real mode");
	state.sregs.ds.type = 2;
	expect_vmx("DS has type 0x2, no accessed readable segment");
	state.sregs.es.type = 9;
	expect_vmx("ES has type 0x9, no accessed readable segment");
	state.sregs.es.base = 1ull << 32;
	expect_vmx("ES's base is beyond 4 GiB (0x100000000)");
	/* Checked though it is unusable: its base is in use. */
	state.sregs.fs.base = 1ull << 47;
	expect_vmx("FS's base is not canonical (0x800000000000)");
	state.sregs.gs.base = ~0ull << 47;
	expect_vmx("");
	state.sregs.gs.base = 1ull << 47;
	state.sregs.cr4 |= 1ull << 12;
	expect_vmx("");
}

static void system_segments_and_tables_are_checked(void **unused)
{
	(void)unused;
	state.sregs.tr.unusable = 1;
	expect_vmx("TR is unusable");
	state.sregs.tr.selector |= 4;
	expect_vmx("TR's selector 0x34 is of the LDT");
	state.sregs.tr.type = 9;
	expect_vmx("TR has type 0x9, no busy TSS");
	state.sregs.tr.type = 3;
	expect_vmx("TR has type 0x3, no busy TSS");
	state.sregs.tr.s = 1;
	expect_vmx("TR is not a system segment");
	state.sregs.tr.base = 1ull << 63;
	expect_vmx("TR's base is not canonical (0x8000000000000000)");
	state.sregs.ldt = state.sregs.tr;
	expect_vmx("LDTR has type 0xb, no LDT");
	state.sregs.ldt = state.sregs.tr;
	state.sregs.ldt.type = 2;
	state.sregs.ldt.present = 0;
	expect_vmx("LDTR is not present");
	state.sregs.ldt = state.sregs.tr;
	state.sregs.ldt.selector |= 4;
	expect_vmx("LDTR's selector 0x34 is of the LDT");
	state.sregs.ldt = state.sregs.tr;
	state.sregs.ldt.base = 1ull << 50;
	expect_vmx("LDTR's base is not canonical (0x4000000000000)");
	state.sregs.gdt.base = 1ull << 50;
	expect_vmx("the GDTR's base is not canonical (0x4000000000000)");
	state.sregs.idt.base = 1ull << 50;
	expect_vmx("the IDTR's base is not canonical (0x4000000000000)");
}

static void rip_and_rflags_are_checked(void **unused)
{
	(void)unused;
	state.regs.rip = 1ull << 50;
	expect_vmx("RIP is not canonical (0x4000000000000)");
	state.sregs.cs.l = 0;
	state.regs.rip = 1ull << 32;
	expect_vmx("RIP is beyond 4 GiB outside 64-bit mode (0x100000000)");
	state.regs.rflags = 0;
	expect_vmx("RFLAGS has reserved bits changed (0)");
	state.regs.rflags = 0x400002;
	expect_vmx("RFLAGS has reserved bits changed (0x400002)");
	state.events.interrupt.shadow = 3;
	expect_vmx("STI and MOV SS shadow the same instruction");
	state.events.interrupt.shadow = KVM_X86_SHADOW_INT_STI;
	expect_vmx("STI shadows an instruction with RFLAGS.IF clear");
	state.events.interrupt.shadow = KVM_X86_SHADOW_INT_MOV_SS;
	state.regs.rflags |= 1 << 8;
	expect_vmx("RFLAGS.TF is set in the shadow of STI or MOV SS, and perhaps no single step is "
		   "pending");
	state.events.interrupt.shadow = KVM_X86_SHADOW_INT_MOV_SS;
	expect_vmx("");
}

static void virtual_8086_mode_has_segments_of_its_own(void **unused)
{
	(void)unused;
	state.regs.rflags |= 1 << 17;
	expect_vmx("CS's base is not its selector times 16 with RFLAGS.VM set");
	state.regs.rflags |= 1 << 17;
	state.sregs.cs.base = 0x80;
	expect_vmx("CS has a limit of 0xffffffff with RFLAGS.VM set");
	state.regs.rflags |= 1 << 17;
	state.sregs.cs.base = 0x80;
	state.sregs.cs.limit = 0xffff;
	expect_vmx("CS is no present data segment of DPL 3 with RFLAGS.VM set");
	state.regs.rflags |= 1 << 17;
	state.sregs.cs = segment(0x123, 3);
	state.sregs.cs.base = 0x1230;
	state.sregs.cs.limit = 0xffff;
	state.sregs.cs.g = state.sregs.cs.db = 0;
	state.sregs.cs.dpl = 3;
	state.sregs.ss = state.sregs.ds = state.sregs.es = state.sregs.fs = state.sregs.gs =
		state.sregs.cs;
	expect_vmx("RFLAGS has VM in long mode");
}

static void svm_has_fewer_checks(void **unused)
{
	(void)unused;
	state.sregs.cr0 |= 1ull << 29;
	expect_svm("CR0 has NW without CD (0xa0050033)");
	state.sregs.cr0 |= 1ull << 32;
	expect_svm("CR0 has bits of its upper half set (0x180050033)");
	state.sregs.cr3 |= 1ull << 62;
	expect_svm("CR3 has reserved bits set (0x4000000000001000)");
	state.sregs.cr4 |= 1ull << 15;
	expect_svm("CR4 has reserved bits set (0x86b0)");
	state.sregs.cr4 = 0;
	expect_svm("EFER has LME and CR0 PG, and CR4 no PAE");
	state.sregs.cr0 &= ~1ull;
	expect_svm("EFER has LME and CR0 PG, and no PE");
	state.sregs.cs.db = 1;
	expect_svm("CS has both L and D set");
	state.sregs.tr.unusable = 1;
	expect_svm("");
}

static void each_reason_is_told(void **unused)
{
	static const struct {
		uint64_t reason;
		const char *text;
	} all[] = {
		{ 0x80000021,
		  "the CPU refused the VM's state (VM-entry failure 0x80000021, invalid guest "
		  "state): CS has both L and D set; with kvm_intel.dump_invalid_vmcs=1 "
		  "the kernel's log has all of it" },
		{ 0x80000022, "the CPU refused the VM's MSRs (VM-entry failure 0x80000022, loading "
			      "MSRs)" },
		{ 0x80000029, "the CPU had a machine check while it entered the VM (VM-entry "
			      "failure 0x80000029)" },
		{ 7, "the CPU refused what KVM set up (VM-instruction error 7, invalid control "
		     "fields): a fault of KVM's, or of the machine that it runs in" },
		{ 8, "the CPU refused what KVM set up (VM-instruction error 8, invalid host-state "
		     "fields): a fault of KVM's, or of the machine that it runs in" },
		{ 13,
		  "the CPU refused what KVM set up (VM-instruction error 13): a fault of KVM's, "
		  "or of the machine that it runs in" },
		{ 0x80000030,
		  "the CPU refused the VM's state (hardware entry failure 0x80000030)" },
		{ UINT32_MAX,
		  "the CPU refused the VM's state (VMEXIT_INVALID): CS has both L and D set; with "
		  "kvm_amd.dump_invalid_vmcb=1 the kernel's log has all of "
		  "it" },
		{ UINT64_MAX,
		  "the CPU refused the VM's state (VMEXIT_INVALID): CS has both L and D set; with "
		  "kvm_amd.dump_invalid_vmcb=1 the kernel's log has all of "
		  "it" },
	};
	size_t i;

	(void)unused;
	state.sregs.cs.db = 1;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		entry_failure_describe(all[i].reason, &state, text, sizeof(text));
		assert_string_equal(text, all[i].text);
	}
	state.sregs.cs.db = 0;
	entry_failure_describe(0x80000021, &state, text, sizeof(text));
	assert_non_null(strstr(text, "which check it failed can't be told from its registers"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(states_that_a_cpu_takes_pass, set_up),
		cmocka_unit_test_setup(control_registers_are_checked, set_up),
		cmocka_unit_test_setup(code_segment_is_checked, set_up),
		cmocka_unit_test_setup(data_segments_are_checked, set_up),
		cmocka_unit_test_setup(system_segments_and_tables_are_checked, set_up),
		cmocka_unit_test_setup(rip_and_rflags_are_checked, set_up),
		cmocka_unit_test_setup(virtual_8086_mode_has_segments_of_its_own, set_up),
		cmocka_unit_test_setup(svm_has_fewer_checks, set_up),
		cmocka_unit_test_setup(each_reason_is_told, set_up),
	};

	return cmocka_run_group_tests_name("entry_failure", tests, NULL, NULL);
}
