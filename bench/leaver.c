/* SPDX-License-Identifier: MIT */
/*
 * A VM that does nothing but leave: real-mode code at address 0. Depends on kvm/ and program.h.
 */
#include "bench/leaver.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "bench/program.h"

void leaver_init(struct leaver *leaver)
{
	static const uint8_t code[] = { 0xe6, 0x80, 0xeb, 0xfc }; /* 1: out %al, $0x80; jmp 1b */
	void *memory =
		mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct vm_slot slot = { .size = PAGE_SIZE, .host = memory };
	struct kvm_regs regs = { .rflags = 2 };
	struct error error = { "" };
	struct kvm_sregs sregs;
	int err;

	if (memory == MAP_FAILED)
		bench_die("mmap", strerror(errno));
	memcpy(memory, code, sizeof(code));
	err = kvm_create(&leaver->kvm, &error);
	if (err >= 0)
		err = vm_init(&leaver->vm, leaver->kvm, NULL, &error);
	if (err >= 0)
		err = vm_set_slot(&leaver->vm, &slot, &error);
	if (err >= 0)
		err = vcpu_init(&leaver->vcpu, &leaver->vm, 0, NULL, &error);
	if (err >= 0)
		err = KVM_IOCTL(leaver->vcpu.fd, KVM_GET_SREGS, &sregs, &error);
	if (err >= 0) {
		sregs.cs.base = 0;
		sregs.cs.selector = 0;
		err = KVM_IOCTL(leaver->vcpu.fd, KVM_SET_SREGS, &sregs, &error);
	}
	if (err >= 0)
		err = KVM_IOCTL(leaver->vcpu.fd, KVM_SET_REGS, &regs, &error);
	if (err < 0)
		bench_die("making a VM", error.text);
}

double leaver_time(struct leaver *leaver, int exits)
{
	struct error error = { "" };
	double start = bench_now();
	int i;

	for (i = 0; i < exits; i++)
		if (vcpu_run(&leaver->vcpu, &error) != 0 ||
		    leaver->vcpu.run->exit_reason != KVM_EXIT_IO)
			bench_die("running a VM",
				  error.text[0] ? error.text : "an unexpected exit");
	return (bench_now() - start) / exits;
}
