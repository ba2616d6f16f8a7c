/* SPDX-License-Identifier: MIT */
/*
 * What a test needs and may be skipped for, all called in ring 0. A condition's name is the reason
 * that a skip gives. There are three kinds:
 *
 * - A feature that CPUID denies.
 * - An instruction that the host's KVM doesn't get past. That can't be found out in ring 0, where
 *   trying would end the VM: the program tries each in a VM of its own before the tests start.
 * - Behaviour that a KVM which emulates ring 0 is known to get wrong. Such a KVM is told by the
 *   host's CPU, which has neither VMX nor SVM; so that on any other a wrong behaviour is a failure.
 */
#ifndef TESTS_GUEST_REQUIREMENTS_H
#define TESTS_GUEST_REQUIREMENTS_H

#include <stdbool.h>

/* Find out about the host's KVM. Called by main(), on the host, once. */
void find_host_abilities(void);

/* CPUID has it. */
bool cpu_has_pcid(void);
bool cpu_has_xsave(void);
bool cpu_has_mtrr(void);
bool cpu_has_rdtscp(void);
bool cpu_has_monitor(void);
bool cpu_has_rdpid(void);
bool cpu_has_smap(void);
bool cpu_has_invpcid(void);
bool cpu_has_1gb_pages(void);
bool cpu_has_brand_string(void);
bool cpu_has_x2apic(void);
bool cpu_has_tsc_deadline(void);
bool cpu_has_spare_physical_bits(void); /* MAXPHYADDR is below 52 */
bool cpu_is_intel(void);

/* CPUID has it not, and the instruction is not given up. */
bool lacks_monitor(void);
bool lacks_rdpid(void);
bool lacks_rdtscp(void);
bool lacks_xsaves(void);

/* CPUID has it, and so, by the state that tests start in, CR4 has. */
bool enters_with_fsgsbase(void);
bool enters_with_osxsave(void);
bool enters_with_smep(void);

/* The host's KVM gets past it in ring 0. */
bool executes_int1(void);
bool executes_int3(void);
bool executes_int_n(void);
bool executes_ud0(void);
bool executes_ud1(void);
bool executes_bound(void);
bool executes_wait(void);
bool executes_x87(void);
bool executes_mmx(void);
bool executes_sse(void);
bool executes_avx(void);
bool executes_avx_on_mmio(void);
bool executes_avx_under_xcr0(void);
bool executes_avx_under_osxsave(void);
bool executes_popcnt(void);
bool executes_cmpxchg16b(void);
bool executes_xgetbv(void);
bool executes_xsetbv(void);
bool executes_xsave(void);
bool executes_xsaveopt(void);
bool executes_xsavec(void);
bool executes_xsaves(void);
bool executes_tzcnt(void);
bool executes_lzcnt(void);
bool executes_movbe(void);
bool executes_rdtscp(void);
bool executes_invpcid(void);
bool executes_clac_and_stac(void);
bool executes_lar(void);
bool executes_lsl(void);
bool executes_verr_and_verw(void);
bool executes_lahf_and_sahf(void);
bool executes_sysret(void);
bool executes_sysenter(void);
bool executes_intel_sysenter(void);

/* Where ring 0 is emulated, CPUID lacks it, but what declares it gets it. */
bool host_completes_xsaves(void);

/* Where ring 0 is emulated, this does not hold. */
bool adds_the_base_of_code(void);
bool checks_far_transfers(void);
bool checks_fxsave_alignment(void);
bool checks_gates(void);
bool checks_the_tss_limit(void);
bool checks_what_msrs_take(void);
bool clears_reserved_dr6_bits(void);
bool cpu_checks_sysenter_addresses(void); /* AMD's never does */
bool cpuid_is_what_kvm_was_told(void);
bool delivers_one_exception_after_another(void);
bool delivery_keeps_flags(void);
bool executes_far_transfers(void);
bool faults_where_the_cpu_does(void);
bool fires_data_watchpoints(void);
bool gives_the_cpus_error_codes(void);
bool iret_checks_data_segments(void);
bool iret_restores_all(void);
bool keeps_interrupts_in_service(void);
bool knows_all_undefined_opcodes(void);
bool looks_at_all_of_a_control_register(void);
bool ring_3_has_the_guests_flags(void);
bool ring_3_has_the_guests_selectors(void);
bool ring_3_obeys_control_registers(void);
bool ring_3_obeys_debug_registers(void);
bool ring_3_obeys_umip(void);
bool steps_as_the_cpu_does(void);
bool syscall_leaves_ring_3(void);
bool sysret_is_the_cpus(void);
bool takes_interrupts_at_once(void);
bool writes_the_tsc(void);

#endif /* TESTS_GUEST_REQUIREMENTS_H */
