/* SPDX-License-Identifier: MIT */
/*
 * Machines whose guest is a hypervisor, by VMX or SVM, put back to before it was one and to when it was;
 * and debug exceptions that VMX holds back. Where the VM's CPU has neither, they are skipped.
 */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kvm/kvm_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"
#include "monitor/whole/snapshot.h"

/* What guests count in, and what has each of their loops end. */
#define COUNT(phase) (DATA + 16 * (phase))
#define GO(phase)    (DATA + 16 * (phase) + 4)
#define RESULT	     (DATA + 0x50)
#define POINTER	     (DATA + 0x58)
#define REGION	     0x40000 /* two pages: VMXON region and VMCS, or host save area and VMCB */

/* A loop that goes on until the test says so. */
#define LOOP(phase)                               \
	"1:	incl 0x20000+16*" #phase "\n"     \
	"	cmpl $0, 0x20004+16*" #phase "\n" \
	"	je 1b\n"
#define FAILED              \
	"9:	mov $9, %al\n"  \
	"	out %al, $0xf4\n" \
	"	hlt\n"

/* IA32_FEATURE_CONTROL, then the VMXON region and a VMCS by IA32_VMX_BASIC: SDM vol. 3C, 24.7 and 25.2. */
#define PREPARE_VMX                \
	"	mov $0x3a, %ecx\n"       \
	"	rdmsr\n"                 \
	"	test $1, %al\n"          \
	"	jnz 1f\n"                \
	"	mov $5, %eax\n"          \
	"	wrmsr\n"                 \
	"1:	mov $0x480, %ecx\n"    \
	"	rdmsr\n"                 \
	"	and $0x7fffffff, %eax\n" \
	"	mov %eax, 0x40000\n"     \
	"	mov %eax, 0x41000\n"
#define ENTER_VMX                   \
	"	mov %cr4, %rax\n"         \
	"	bts $13, %rax\n"          \
	"	mov %rax, %cr4\n"         \
	"	movq $0x40000, 0x20060\n" \
	"	vmxon 0x20060\n"          \
	"	jbe 9f\n"                 \
	"	movq $0x41000, 0x20068\n" \
	"	vmclear 0x20068\n"        \
	"	jbe 9f\n"                 \
	"	vmptrld 0x20068\n"        \
	"	jbe 9f\n"

/* In VMX operation with a current VMCS, of which one field is known. Guest RIP: SDM vol. 3D, appendix B. */
GUEST(vmx,
      PREPARE_VMX LOOP(0) ENTER_VMX "	mov $0x681e, %eax\n"
				    "	mov $0x1234, %ecx\n"
				    "	vmwrite %rcx, %rax\n"
				    "	jbe 9f\n" LOOP(1) "	mov $0x681e, %eax\n"
							  "	vmread %rax, %rcx\n"
							  "	jbe 9f\n"
							  "	mov %rcx, 0x20050\n"
							  "	vmptrst 0x20058\n" LOOP(2) FAILED);

/*
 * With a guest of its own, which shares its registers and memory. A table has most fields of the VMCS: SDM
 * vol. 3D, appendix B. Controls are what has to be 1, with a 64-bit host and guest: vol. 3D, appendix A.
 */
GUEST(vmx_guest, PREPARE_VMX LOOP(0) ENTER_VMX
      "	lea 7f(%rip), %rsi\n"
      "2:	mov (%rsi), %eax\n"
      "	mov 4(%rsi), %ecx\n"
      "	add $8, %rsi\n"
      "	test %eax, %eax\n"
      "	jz 3f\n"
      "	vmwrite %rcx, %rax\n"
      "	jbe 9f\n"
      "	jmp 2b\n"
      "3:	mov $0x481, %ecx\n"
      "	rdmsr\n"
      "	mov $0x4000, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	mov $0x482, %ecx\n"
      "	rdmsr\n"
      "	mov $0x4002, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	mov $0x483, %ecx\n"
      "	rdmsr\n"
      "	bts $9, %eax\n"
      "	mov $0x400c, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	mov $0x484, %ecx\n"
      "	rdmsr\n"
      "	bts $9, %eax\n"
      "	mov $0x4012, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	mov $-1, %rax\n"
      "	mov $0x2800, %ebx\n" /* the link pointer */
      "	vmwrite %rax, %rbx\n"
      "	mov %cr0, %rax\n"
      "	mov $0x6800, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	mov $0x6c00, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	mov %cr3, %rax\n"
      "	mov $0x6802, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	mov $0x6c02, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	mov %cr4, %rax\n"
      "	mov $0x6804, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	mov $0x6c04, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	lea 4f(%rip), %rax\n"
      "	mov $0x681e, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	lea 5f(%rip), %rax\n"
      "	mov $0x6c16, %ebx\n"
      "	vmwrite %rax, %rbx\n"
      "	vmlaunch\n"
      "	jmp 9f\n"
      "4:\n" LOOP(1) "	vmcall\n"
		     "5:	mov $0x4402, %eax\n" /* the exit's reason */
		     "	vmread %rax, %rcx\n"
		     "	jbe 9f\n"
		     "	mov %rcx, 0x20050\n"
		     "	vmptrst 0x20058\n" LOOP(2) FAILED
      "	.balign 4\n"
      "7:	.long 0x800, 0x10, 0x802, 8, 0x804, 0x10, 0x806, 0x10, 0x80e, 0x18\n"
      "	.long 0xc00, 0x10, 0xc02, 8, 0xc04, 0x10, 0xc06, 0x10, 0xc0c, 0x18\n"
      "	.long 0x4004, 0, 0x400a, 0, 0x400e, 0, 0x4010, 0, 0x4014, 0, 0x4016, 0\n"
      "	.long 0x4800, 0xffffffff, 0x4802, 0xffffffff, 0x4804, 0xffffffff\n"
      "	.long 0x4806, 0xffffffff, 0x480e, 0x67\n"
      "	.long 0x4814, 0xc093, 0x4816, 0xa09b, 0x4818, 0xc093, 0x481a, 0xc093\n"
      "	.long 0x481c, 0x10000, 0x481e, 0x10000, 0x4820, 0x10000, 0x4822, 0x8b\n"
      "	.long 0x681a, 0x400, 0x681c, 0x17000, 0x6820, 2, 0x6c14, 0x16000\n"
      "	.long 0, 0\n");

/*
 * The same by SVM: APM vol. 2, 15.5 and appendix B. VMRUN and VMMCALL are intercepted, and the guest's
 * registers are those of the host.
 */
GUEST(svm_guest,
      LOOP(0) "	mov $0xc0000080, %ecx\n"
	      "	rdmsr\n"
	      "	bts $12, %eax\n"
	      "	wrmsr\n"
	      "	mov $0xc0010117, %ecx\n"
	      "	xor %edx, %edx\n"
	      "	mov $0x40000, %eax\n"
	      "	wrmsr\n"
	      "	mov $0x41000, %eax\n"
	      "	vmsave %rax\n"
	      "	movl $3, 0x41010\n"
	      "	movl $1, 0x41058\n"
	      "	movl $0x0c930010, 0x41400\n" /* ES */
	      "	movl $0xffffffff, 0x41404\n"
	      "	movl $0x0a9b0008, 0x41410\n" /* CS */
	      "	movl $0xffffffff, 0x41414\n"
	      "	movl $0x0c930010, 0x41420\n" /* SS */
	      "	movl $0xffffffff, 0x41424\n"
	      "	movl $0x0c930010, 0x41430\n" /* DS */
	      "	movl $0xffffffff, 0x41434\n"
	      "	movl $0x1500, 0x414d0\n" /* EFER: SVME, LMA, LME */
	      "	mov %cr4, %rax\n"
	      "	mov %rax, 0x41548\n"
	      "	mov %cr3, %rax\n"
	      "	mov %rax, 0x41550\n"
	      "	mov %cr0, %rax\n"
	      "	mov %rax, 0x41558\n"
	      "	movl $0x400, 0x41560\n"	     /* DR7 */
	      "	movl $0xffff0ff0, 0x41568\n" /* DR6 */
	      "	movl $2, 0x41570\n"	     /* RFLAGS */
	      "	lea 4f(%rip), %rax\n"
	      "	mov %rax, 0x41578\n"
	      "	movl $0x17000, 0x415d8\n" /* RSP */
	      "	mov $0x41000, %eax\n"
	      "	vmrun %rax\n"
	      "	mov 0x41070, %rax\n" /* the exit's code */
	      "	mov %rax, 0x20050\n"
	      "	movq $0x41000, 0x20058\n" LOOP(2) FAILED "4:\n" LOOP(1) "	vmmcall\n"
									"	jmp 9b\n");

/* Each kind of hypervisor: its code, where CPUID has it, and what ends its guest. */
struct kind {
	const char *start, *end;
	uint32_t leaf;
	unsigned int bit;
	uint32_t result;
};

static const struct kind vmx = { guest_vmx, guest_vmx_end, 1, 5, 0x1234 };
static const struct kind vmx_guest = { guest_vmx_guest, guest_vmx_guest_end, 1, 5, 18 };
static const struct kind svm_guest = { guest_svm_guest, guest_svm_guest_end, 0x80000001, 2, 0x81 };

static struct r0_vm *boot_kind(const struct kind *kind)
{
	struct r0_vm *vm = boot(NULL, kind->start, kind->end);

	if (vcpu_cpuid_has(&vm->cpus[0].vcpu, kind->leaf, CPUID_ECX, kind->bit) &&
	    vm->kvm->own->nested_size)
		return vm;
	print_message("# no %s in the VM\n", kind->leaf == 1 ? "VMX" : "SVM");
	r0_vm_destroy(vm);
	skip();
	return NULL;
}

/* Wait until the guest counts in that phase, and stop it there. */
static void reach(struct r0_vm *vm, unsigned int phase)
{
	uint32_t before = read32(vm, COUNT(phase));

	wait_for_change(vm, COUNT(phase), before);
	freeze(vm);
}

static void go_on_to(struct r0_vm *vm, unsigned int phase)
{
	write32(vm, GO(phase - 1), 1);
	thaw(vm);
	reach(vm, phase);
}

/* What was frozen counts on in that phase, and no later one has begun. */
static void assert_is_in(struct r0_vm *vm, unsigned int phase)
{
	uint32_t later = phase < 2 ? read32(vm, COUNT(phase + 1)) : 0;

	thaw(vm);
	reach(vm, phase);
	if (phase < 2)
		assert_int_equal(read32(vm, COUNT(phase + 1)), later);
}

static void assert_result(struct r0_vm *vm, const struct kind *kind)
{
	go_on_to(vm, 2);
	assert_int_equal(read32(vm, RESULT), kind->result);
	assert_int_equal(read32(vm, POINTER), REGION + 0x1000);
}

static void put_back(const struct kind *kind)
{
	struct r0_vm *vm = boot_kind(kind);
	struct r0_vm_snapshot *before, *within;

	start(vm);
	reach(vm, 0);
	before = take(vm);
	go_on_to(vm, 1);
	within = take(vm);
	/* Out of it, back into it, and once more over itself. */
	restore(before, vm);
	assert_int_equal(read32(vm, COUNT(1)), 0);
	assert_is_in(vm, 0);
	restore(within, vm);
	assert_is_in(vm, 1);
	restore(within, vm);
	assert_result(vm, kind);
	/* From behind it. */
	restore(within, vm);
	assert_result(vm, kind);
	restore(before, vm);
	go_on_to(vm, 1);
	assert_result(vm, kind);
	r0_vm_snapshot_destroy(before);
	r0_vm_snapshot_destroy(within);
	r0_vm_destroy(vm);
}

static void put_into_another(const struct kind *kind)
{
	struct r0_vm *vm = boot_kind(kind), *other;
	struct r0_vm_snapshot *within, *read;
	struct r0_error error = { "" };
	char path[] = "/tmp/ring0-nested-XXXXXX";

	start(vm);
	reach(vm, 0);
	go_on_to(vm, 1);
	within = take(vm);
	close(mkstemp(path));
	check(r0_vm_snapshot_save(within, path, &error), &error);
	check(r0_vm_snapshot_load(&read, path, &error), &error);
	unlink(path);
	assert_int_equal(r0_vm_snapshot_diff(within, read, NULL, NULL, &error), 0);
	other = boot_kind(kind);
	restore(read, other);
	start(other);
	reach(other, 1);
	assert_result(other, kind);
	r0_vm_snapshot_destroy(within);
	r0_vm_snapshot_destroy(read);
	r0_vm_destroy(vm);
	r0_vm_destroy(other);
}

/* r0_vm_enter() gives the CPU the state of a new one, too. */
static void entered_anew(const struct kind *kind)
{
	struct r0_vm *vm = boot_kind(kind);

	start(vm);
	reach(vm, 0);
	go_on_to(vm, 1);
	write32(vm, COUNT(1), 0);
	write32(vm, GO(0), 0);
	enter(vm, 0, CODE);
	assert_is_in(vm, 0);
	assert_int_equal(read32(vm, COUNT(1)), 0);
	r0_vm_destroy(vm);
}

static void vmx_operation_is_put_back(void **state)
{
	(void)state;
	put_back(&vmx);
}

static void vmx_operation_goes_into_another_machine(void **state)
{
	(void)state;
	put_into_another(&vmx);
}

static void vmx_operation_is_left_by_an_entry(void **state)
{
	(void)state;
	entered_anew(&vmx);
}

static void vmx_guest_is_put_back(void **state)
{
	(void)state;
	put_back(&vmx_guest);
}

static void vmx_guest_goes_into_another_machine(void **state)
{
	(void)state;
	put_into_another(&vmx_guest);
}

static void vmx_guest_is_left_by_an_entry(void **state)
{
	(void)state;
	entered_anew(&vmx_guest);
}

static void svm_guest_is_put_back(void **state)
{
	(void)state;
	put_back(&svm_guest);
}

static void svm_guest_goes_into_another_machine(void **state)
{
	(void)state;
	put_into_another(&svm_guest);
}

static void svm_guest_is_left_by_an_entry(void **state)
{
	(void)state;
	entered_anew(&svm_guest);
}

/* The first CPU ends behind a MOV SS under single steps, at a HLT; the second one counts. */
GUEST(pending, "	test %edi, %edi\n"
	       "	jnz 3f\n" LOOP(0) "	mov %ss, %ecx\n"
					  "	pushfq\n"
					  "	orl $0x100, (%rsp)\n"
					  "	popfq\n"
					  "	mov %ecx, %ss\n"
					  "	hlt\n"
					  "3:	incl 0x20030\n"
					  "	jmp 3b\n");

/* Returns false if the exception was not held back, and so ended the machine. */
static bool halts(struct r0_vm *vm)
{
	struct r0_vm_outcome outcome;
	struct r0_error error;

	while (!atomic_load(&vm->cpus[0].halted))
		if (r0_vm_wait(vm, 1, &outcome, &error) == 0)
			return false;
	return true;
}

static void pending_debug_exception_is_gone(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, pending);
	struct r0_vm_snapshot *before;
	int round;

	(void)state;
	enter(vm, 1, CODE);
	start(vm);
	reach(vm, 0);
	before = take(vm);
	for (round = 0; round < 3; round++) {
		write32(vm, GO(0), 1);
		thaw(vm);
		if (!halts(vm))
			break;
		freeze(vm);
		restore(before, vm);
		/* It would be a triple fault: there is no IDT. */
		assert_is_in(vm, 0);
		if (round == 1)
			restore(before, vm);
	}
	r0_vm_snapshot_destroy(before);
	r0_vm_destroy(vm);
	if (!round) {
		print_message("# this KVM does not hold it back\n");
		skip();
	}
	assert_int_equal(round, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmx_operation_is_put_back),
		cmocka_unit_test(vmx_operation_goes_into_another_machine),
		cmocka_unit_test(vmx_operation_is_left_by_an_entry),
		cmocka_unit_test(vmx_guest_is_put_back),
		cmocka_unit_test(vmx_guest_goes_into_another_machine),
		cmocka_unit_test(vmx_guest_is_left_by_an_entry),
		cmocka_unit_test(svm_guest_is_put_back),
		cmocka_unit_test(svm_guest_goes_into_another_machine),
		cmocka_unit_test(svm_guest_is_left_by_an_entry),
		cmocka_unit_test(pending_debug_exception_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
