/* SPDX-License-Identifier: MIT */
/* Running one job: setting up what it declares, and what each exit of the vCPU leads to. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ring0/private/abi.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>
#include "base/clock.h"
#include "execution/assistance.h"
#include "execution/doubt.h"
#include "execution/execution.h"
#include "execution/failures.h"
#include "execution/find_triple_fault.h"
#include "execution/guest_stdio.h"
#include "execution/hints.h"
#include "execution/watched_variables.h"
#include "kvm/entry_failure_x86_64.h"
#include "kvm/kvm_x86_64.h"
#include "kvm/pending_debug_x86_64.h"
#include "kvm/vm_x86_64.h"

#define RFLAGS_IF (1u << 9)

/*
 * What internal.data[0] has of KVM_INTERNAL_ERROR_DELIVERY_EV: the event, if valid (SDM vol. 3C, 25.9.3).
 * kvm-amd, whose exit of that kind is always a nested page fault (APM vol. 2, appendix C), has the
 * address there instead.
 */
#define EVENT_VALID	(1u << 31)
#define EVENT_VECTOR	0xffu
#define EXIT_SVM_NESTED 0x400

/* How long the search for a triple fault's place may take. */
#define REPLAY_NS 2000000000ull

enum step execution_end(struct execution *run, enum ending_how how, const char *message)
{
	run->ending.how = how;
	run->ending.message = message;
	return STEP_END;
}

void execution_note_place(struct execution *run, enum crash_kind kind)
{
	run->crash.kind = kind;
	run->explains = true;
	run->regs = run->cpu->vcpu.run->s.regs.regs;
	run->sregs = run->cpu->vcpu.run->s.regs.sregs;
	run->cr2 = run->sregs.cr2;
}

/* The machine failed, for the reason in the run's complaint. */
static enum step machine_failed(struct execution *run)
{
	execution_note_place(run, CRASH_PLACE);
	run->unusable = true;
	return execution_end(run, END_HOST_ERROR, run->complaint.text);
}

static enum step host_error(struct execution *run, const char *format, unsigned long long value)
{
	error_set(&run->complaint, EIO, format, value);
	return machine_failed(run);
}

void execution_stay_wanted(const struct execution *run)
{
	while (atomic_load(&run->deadline->state) == DEADLINE_ABANDONED)
		pause();
}

/* The vCPU is out for good: from here on the watcher waits for longer. */
static void answer_deadline(const struct execution *run)
{
	enum deadline_state ahead = DEADLINE_AHEAD, overdue = DEADLINE_OVERDUE;
	_Atomic(enum deadline_state) *state = &run->deadline->state;

	if (!atomic_compare_exchange_strong(state, &ahead, DEADLINE_ANSWERED) &&
	    !atomic_compare_exchange_strong(state, &overdue, DEADLINE_ANSWERED))
		execution_stay_wanted(run);
}

/*
 * The test did what nothing declares, or not as declared: that is a panic, and so is a mock's failure. One
 * that did not return is described when there is time for it.
 */
static enum step refuse(struct execution *run)
{
	enum ending_how how = !run->is_broken			     ? END_FAILED :
			      run->broken.guard.end == GUARD_OVERDUE ? END_TIMEOUT :
								       END_REFUSED;

	execution_note_place(run, CRASH_PLACE);
	return execution_end(run, how, run->by_mock ? run->text : run->complaint.text);
}

void execution_print(struct execution *run, const char *text, size_t size)
{
	if (run->parallel)
		parallel_print(run, text, size);
	else
		buffer_add(&run->output, text, size);
}

static enum step port_io(struct execution *run)
{
	struct kvm_run *exit = run->cpu->vcpu.run;
	uint8_t *data = (uint8_t *)exit + exit->io.data_offset;
	bool write = exit->io.direction == KVM_EXIT_IO_OUT;
	uint32_t i;
	int err;

	if (doorbell_rings(run))
		return doorbell_serve(run);
	/* One exit carries all of a REP INS or OUTS that KVM takes at once. */
	for (i = 0; i < exit->io.count; i++, data += exit->io.size) {
		struct r0_access access = {
			.address = exit->io.port,
			.width = exit->io.size,
			.write = write,
		};

		if (write)
			memcpy(&access.value, data, exit->io.size);
		err = mocks_port(&run->mocks, &access, &run->complaint);
		if (err) {
			hints_of_access(run->job->options, &access, true, &run->complaint);
			return refuse(run);
		}
		if (!write)
			memcpy(data, &access.value, exit->io.size);
	}
	return STEP_ON;
}

/* A write to what the VM shows of the program read-only comes this way, too. */
static bool is_program_text(const struct execution *run, uint64_t address)
{
	const struct mirror *mirror = run->machine->snapshot->mirror;
	size_t i;

	for (i = 0; i < mirror->slot_count; i++)
		if (range_holds(mirror->slots[i].gpa, mirror->slots[i].size, address, 1))
			return true;
	return false;
}

int execution_memory(struct execution *run, struct r0_access *access)
{
	int err;

	if (run->machine->devices && interrupt_devices_access(run->machine->devices, access)) {
		interrupts_set_alarm(run);
		return 0;
	}
	if (access->write && is_program_text(run, access->address))
		return error_set(&run->complaint, EPERM,
				 "write of %#" PRIx64 " (%u bytes) to guest-physical %#" PRIx64
				 ", which is the program's read-only memory",
				 access->value, access->width, access->address);
	err = mocks_memory(&run->mocks, access, &run->complaint);
	if (err)
		hints_of_access(run->job->options, access, false, &run->complaint);
	return err;
}

static enum step memory_io(struct execution *run)
{
	struct kvm_run *exit = run->cpu->vcpu.run;
	struct r0_access access = {
		.address = exit->mmio.phys_addr,
		.width = exit->mmio.len,
		.write = exit->mmio.is_write,
	};

	if (access.width > sizeof(exit->mmio.data))
		return host_error(run, "KVM reported an MMIO access of %llu bytes", access.width);
	if (access.write)
		memcpy(&access.value, exit->mmio.data, access.width);
	if (execution_memory(run, &access) != 0)
		return refuse(run);
	if (!access.write)
		memcpy(exit->mmio.data, &access.value, access.width);
	return STEP_ON;
}

/*
 * A declared MSR answers as declared. Another one is unknown to KVM: #GP, as on hardware, if the
 * test is prepared for it; if not, a failure that names it.
 */
static enum step msr_access(struct execution *run)
{
	struct kvm_run *exit = run->cpu->vcpu.run;
	bool write = exit->exit_reason == KVM_EXIT_X86_WRMSR;
	uint64_t value = exit->msr.data;
	int err = mocks_msr(&run->mocks, exit->msr.index, write, &value, &run->complaint);

	exit->msr.error = 0;
	if (!err) {
		exit->msr.data = value;
		return STEP_ON;
	}
	if (err == -ENOENT && doorbell_expects(run, R0_GP)) {
		exit->msr.error = 1;
		return STEP_ON;
	}
	if (err == -ENOENT && write)
		error_set(&run->complaint, ENOENT,
			  "write of %#" PRIx64 " to MSR %#x, which nothing declares", value,
			  exit->msr.index);
	else if (err == -ENOENT)
		error_set(&run->complaint, ENOENT, "read of MSR %#x, which nothing declares",
			  exit->msr.index);
	return refuse(run);
}

/* An instruction that neither KVM nor ring0 can execute. */
static enum step give_up(struct execution *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;
	struct crash *crash = &run->crash;

	execution_note_place(run, CRASH_INTERNAL);
	if (exit->emulation_failure.ndata > 1 &&
	    exit->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES) {
		crash->byte_count = exit->emulation_failure.insn_size;
		if (crash->byte_count > sizeof(crash->bytes))
			crash->byte_count = sizeof(crash->bytes);
		memcpy(crash->bytes, exit->emulation_failure.insn_bytes, crash->byte_count);
	} else {
		crash->byte_count = memory_read(&run->machine->memory, gva(run->regs.rip),
						crash->bytes, sizeof(crash->bytes));
	}
	return execution_end(run, END_HOST_ERROR,
			     "KVM cannot execute this instruction in ring 0 here");
}

/* The delivery of an event wants memory that is not there. KVM gives up where a CPU would try #DF. */
static enum step not_delivered(struct execution *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;
	uint64_t event = exit->internal.ndata > 0 ? exit->internal.data[0] : 0;
	uint64_t reason = exit->internal.ndata > 1 ? exit->internal.data[1] : 0;
	bool told = event & EVENT_VALID && reason != EXIT_SVM_NESTED;

	execution_note_place(run, CRASH_UNDELIVERED);
	run->crash.vector = told ? (int)(event & EVENT_VECTOR) : -1;
	return execution_end(run, END_TRIPLE_FAULT, NULL);
}

static enum step internal_error(struct execution *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;

	if (exit->internal.suberror == KVM_INTERNAL_ERROR_DELIVERY_EV)
		return not_delivered(run);
	if (exit->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return host_error(run, "KVM gave up on this test (internal error, suberror %llu)",
				  exit->internal.suberror);
	switch (assistance_complete(run)) {
	case ASSISTANCE_COMPLETED:
		return STEP_ON;
	case ASSISTANCE_REFUSED:
		return refuse(run);
	case ASSISTANCE_SHUTDOWN:
		execution_note_place(run, CRASH_TRIPLE_FAULT);
		return execution_end(run, END_TRIPLE_FAULT, NULL);
	case ASSISTANCE_NONE:
		break;
	}
	return give_up(run);
}

static enum step halted(struct execution *run)
{
	bool interruptible = run->cpu->vcpu.run->s.regs.regs.rflags & RFLAGS_IF;

	run->halted = true;
	execution_note_place(run, CRASH_PLACE);
	return execution_end(run, interruptible ? END_HALT_FOREVER : END_HALT, NULL);
}

static enum step serve_exit(struct execution *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;

	switch (exit->exit_reason) {
	case KVM_EXIT_IO:
		return port_io(run);
	case KVM_EXIT_MMIO:
		return memory_io(run);
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		return msr_access(run);
	case KVM_EXIT_HLT:
		return halted(run);
	case KVM_EXIT_SHUTDOWN:
		execution_note_place(run, CRASH_TRIPLE_FAULT);
		return execution_end(run, END_TRIPLE_FAULT, NULL);
	case KVM_EXIT_INTERNAL_ERROR:
		return internal_error(run);
	case KVM_EXIT_SET_TPR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return STEP_ON;
	case KVM_EXIT_DEBUG:
		if (!run->debugger || !run->debugger->ops->stopped)
			break;
		return run->debugger->ops->stopped(run->debugger->context, run);
	case KVM_EXIT_FAIL_ENTRY:
		entry_failure_describe(exit->fail_entry.hardware_entry_failure_reason,
				       &exit->s.regs, run->complaint.text,
				       sizeof(run->complaint.text));
		return machine_failed(run);
	}
	return host_error(run, "KVM left the VM for an unknown reason, %llu", exit->exit_reason);
}

/* Whether the time is really over, or a signal only looked like it. */
static enum step interrupted(struct execution *run)
{
	vcpu_clear_kick(&run->cpu->vcpu);
	if (atomic_load(&run->deadline->state) == DEADLINE_AHEAD)
		return run->machine->devices && interrupts_serve(run) ? halted(run) : STEP_ON;
	execution_note_place(run, CRASH_TIMEOUT);
	return execution_end(run, END_TIMEOUT, NULL);
}

static enum step run_failed(struct execution *run, int err)
{
	if (err == -EFAULT) {
		run->complaint.text[0] = '\0';
		error_set(
			&run->complaint, EFAULT,
			"KVM_RUN found memory gone that the VM shows: the program unmapped one of its "
			"files, or a file was cut, while tests ran");
	}
	return host_error(run, "KVM_RUN failed", 0);
}

enum step execution_serve(struct execution *run, int result)
{
	if (result == 0)
		return serve_exit(run);
	if (result == -EINTR)
		return interrupted(run);
	return run_failed(run, result);
}

static bool was_debug_exit(const struct execution *run, int err)
{
	return err == 0 && run->cpu->vcpu.run->exit_reason == KVM_EXIT_DEBUG;
}

static enum step debugger_start(struct execution *run)
{
	/* What the first KVM_RUN would set is set now: KVM arms by the registers that it has. */
	vcpu_complete(&run->cpu->vcpu);
	if (!run->debugger->ops->start)
		return STEP_ON;
	return run->debugger->ops->start(run->debugger->context, run);
}

static void drive(struct execution *run)
{
	const struct debugger *debugger = run->debugger;
	enum step step;

	/* Where there is no debugger: begin() sees to that. */
	if (run->parallel) {
		parallel_drive(run);
		return;
	}
	step = debugger ? debugger_start(run) : STEP_ON;
	while (step == STEP_ON) {
		int err = vcpu_run(&run->cpu->vcpu, &run->complaint);

		step = execution_serve(run, err);
		if (debugger && debugger->ops->served && step == STEP_ON &&
		    !was_debug_exit(run, err))
			step = debugger->ops->served(debugger->context, run);
	}
	if (debugger && debugger->ops->finish)
		debugger->ops->finish(debugger->context, run);
}

static int declare_memory(struct execution *run)
{
	const struct r0_options *options = run->job->options;
	struct memory *memory = &run->machine->memory;
	size_t i;
	int err = 0;

	for (i = 0; i < options->ram.count && !err; i++)
		err = memory_add_ram(memory, options->ram.entries[i].from,
				     options->ram.entries[i].to, &run->complaint);
	for (i = 0; i < options->mmio.count && !err; i++)
		err = memory_add_window(memory, options->mmio.entries[i].first,
					options->mmio.entries[i].last, &run->complaint);
	return err;
}

/* MSRs that KVM knows by itself must leave the VM, too, where a test declares them. */
static int declare_msrs(struct execution *run, bool on)
{
	const struct r0_msrs *msrs = &run->job->options->msrs;
	uint32_t *indices;
	size_t i;
	int err;

	if (!msrs->count)
		return 0;
	for (i = 0; i < msrs->count; i++)
		/* Documentation/virt/kvm/api.rst, KVM_X86_SET_MSR_FILTER: x2APIC's are exempt. */
		if (msrs->entries[i].index >= 0x800 && msrs->entries[i].index <= 0x8ff)
			return error_set(
				&run->complaint, EINVAL,
				".msrs has %#x, but KVM keeps the MSRs of the x2APIC, 0x800 "
				"to 0x8ff, to itself",
				msrs->entries[i].index);
	indices = calloc(msrs->count, sizeof(*indices));
	if (!indices)
		return error_set(&run->complaint, ENOMEM, "no memory for the list of MSRs");
	for (i = 0; i < msrs->count; i++)
		indices[i] = msrs->entries[i].index;
	err = vm_filter_msrs(&run->machine->vm, indices, on ? msrs->count : 0, &run->complaint);
	free(indices);
	return err;
}

static int begin(struct execution *run)
{
	const struct job *job = run->job;
	const struct r0_options *options = job->options;
	struct kvm_regs *regs = &run->machine->cpus[0].vcpu.run->s.regs.regs;
	int err;

	run->cpu = &run->machine->cpus[0];
	if ((options->watch.count || run->debugger) && run->machine->cpu_count > 1)
		return error_set(&run->complaint, ENOTSUP,
				 "it has both .watch and .cpus, and watches work with one CPU");
	if (options->watch.count && !run->debugger) {
		err = watchpoints_create(run);
		if (err)
			return err;
	}
	err = run->machine->devices ? interrupts_check(run) : 0;
	if (!err)
		err = mocks_init(&run->mocks, options, &run->complaint);
	run->mocks.call = mock_call;
	run->mocks.context = run;
	if (!err && run->machine->cpu_count > 1)
		err = parallel_begin(run);
	if (!err && (options->ram.count || options->mmio.count))
		err = declare_memory(run);
	if (!err)
		err = declare_msrs(run, true);
	if (!err && run->machine->devices)
		err = interrupts_begin(run);
	if (err)
		return err;
	run->cpu->vcpu.run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	/* The entry state returns to the doorbell: see guest/entry_x86_64.S, r0_test_return. */
	if (!options->when && !options->setup && !options->teardown && !job->param &&
	    !run->parallel) {
		regs->rip = (uint64_t)job->fn;
		regs->rdi = (uint64_t)job->arg;
		return 0;
	}
	regs->rip = (uint64_t)r0_guest_run;
	regs->rdi = (uint64_t)job->fn;
	regs->rsi = (uint64_t)job->arg;
	regs->rdx = (uint64_t)options->when;
	regs->rcx = (uint64_t)options->setup;
	regs->r8 = (uint64_t)options->teardown;
	regs->r9 = (uint64_t)job->param;
	if (job->param) {
		uint64_t size = options->params.size;

		memory_write(&run->machine->memory, gva((uint64_t)&r0_guest.param_size), &size,
			     sizeof(size));
	}
	return 0;
}

static void finish(struct execution *run)
{
	if (declare_msrs(run, false) != 0)
		run->unusable = true;
	if (run->machine->devices)
		interrupts_end(run);
	mocks_finish(&run->mocks);
	parallel_finish(run);
}

static void release(struct execution *run)
{
	free(buffer_take(&run->output));
	free(buffer_take(&run->failures));
	free(run->first_expectation);
	free(run->text);
	free(run->file);
	watchpoints_destroy(run->watchpoints);
}

static bool registers_are_lost(const struct execution *run)
{
	/* SDM vol. 3A, table 9-1: after INIT, CS is F000 and RIP FFF0. */
	return run->regs.rip == 0xfff0 && run->sregs.cs.selector == 0xf000;
}

/*
 * On AMD a triple fault resets the CPU, which forgets where it came from (APM vol. 2, 15.14.2): run
 * the test again by single steps, and keep the registers before the last one.
 */
static void replay(struct execution *run)
{
	struct search search = { .until = clock_ns() + REPLAY_NS };
	const struct debugger debugger = { .ops = &search_ops, .context = &search };
	struct execution again = {
		.machine = run->machine,
		.job = run->job,
		.deadline = run->deadline,
		.debugger = &debugger,
		.replays = true,
	};

	atomic_store(&run->deadline->kick_at, search.until);
	vcpu_complete(&run->cpu->vcpu);
	if (machine_reset(run->machine, NULL) == 0 && begin(&again) == 0)
		drive(&again);
	if (again.ending.how == END_TRIPLE_FAULT && again.stepping.regs.rip) {
		run->regs = again.stepping.regs;
		run->sregs = again.stepping.sregs;
		run->cr2 = again.stepping.sregs.cr2;
		run->crash.lost_registers = false;
	}
	atomic_store(&run->deadline->kick_at, 0);
	run->unusable |= again.unusable;
	finish(&again);
	release(&again);
}

static void add_cut_note(struct buffer *output, size_t room)
{
	if (!output->cut)
		return;
	output->length -= output->length < room ? output->length : room;
	output->cut = false;
	buffer_print(output, "\n[more output was cut off here]\n");
}

/* The test had failed already; what its teardown then did is told, but is not how it ended. */
static void blame_the_first(struct execution *run)
{
	char then[512];

	verdict_of(NULL, &run->ending, then, sizeof(then));
	buffer_print(&run->failures, "and then, in its teardown: %s\n", then);
	run->failure_count++;
	run->explains = false;
	run->ending.how = END_FAILED;
	run->ending.message = run->text;
}

/* A failure that may be none of the test's. */
static char *append_doubts(const struct outcome *outcome, char *report)
{
	unsigned int doubts = outcome->doubts & DOUBTS_OF_FAILURES;
	struct buffer both = { 0 };
	char text[256];

	if (!doubts)
		return report;
	doubts_text(doubts, text, sizeof(text));
	buffer_print(&both,
		     "%sthis may be the KVM's doing, which emulates ring 0 and gets wrong: %s\n",
		     report ? report : "", text);
	free(report);
	return buffer_take(&both);
}

/* What a mock did that did not return, for free() both: in a line, and in detail. */
static char *describe_broken(struct execution *run, char **detail)
{
	char message[1024], file[512];
	size_t size;
	FILE *out = open_memstream(detail, &size);
	int line;

	if (!out)
		return NULL;
	mock_call_describe(&run->broken, message, sizeof(message), file, &line, out);
	fclose(out);
	if (!run->file && file[0]) {
		run->file = strdup(file);
		run->line = line;
	}
	return strdup(message);
}

/* The last accesses to a mock that failed its test, for free(); or NULL. */
static char *failing_mock(const struct execution *run)
{
	char range[80], *text = NULL;
	size_t size;
	FILE *out = run->failing_mock ? open_memstream(&text, &size) : NULL;

	if (!out)
		return NULL;
	mock_range_text(run->failing_mock, range, sizeof(range));
	fprintf(out, "the last accesses to its mock of %s:\n", range);
	mock_print_accesses(run->failing_mock, out);
	fclose(out);
	return text;
}

/* Both are for free(), or NULL. */
static char *join(char *first, char *second)
{
	char *both = NULL;

	if (first && second && asprintf(&both, "%s\n%s", first, second) < 0)
		both = NULL;
	if (!both)
		return first ? first : second;
	free(first);
	free(second);
	return both;
}

static void conclude(struct execution *run, struct outcome *outcome)
{
	const struct r0_options *options = run->job->options;
	struct ending *ending = &run->ending;
	struct r0_result *result = &outcome->result;
	char message[4096] = "", detail[2048];
	char *report = NULL, *mocks = NULL, *broken = NULL;

	ending->expectation = run->first_expectation;
	if (run->is_broken) {
		broken = describe_broken(run, &mocks);
		ending->message = broken;
	}
	if (run->text && ending->how != END_FAILED && ending->how != END_SKIPPED &&
	    ending->how != END_HOST_ERROR)
		blame_the_first(run);
	result->verdict = verdict_of(options, ending, message, sizeof(message));
	outcome->doubts = doubts_of(run, result->verdict != R0_VERDICT_PASS);
	if (result->verdict == R0_VERDICT_PASS || result->verdict == R0_VERDICT_SKIP)
		goto done;
	if (run->explains) {
		report = explain(run, detail, sizeof(detail));
		execution_stay_wanted(run);
		if (detail[0]) {
			ending->message = detail;
			result->verdict = verdict_of(options, ending, message, sizeof(message));
		}
	}
	report = join(mocks ? mocks : failing_mock(run), report);
	mocks = NULL;
	result->report = append_doubts(outcome, failures_prepend(run, message, report));
	failures_append(run, message, sizeof(message));
	result->file = run->file;
	result->line = run->line;
	run->file = NULL;
done:
	if (message[0])
		result->message = parallel_message(run, message);
	free(mocks);
	free(broken);
}

/*
 * In VMX operation CR4 can't be put back (SDM vol. 3C, 24.8), and with EFER.SVME there may be a nested
 * guest. A debug exception that is pending can't be seen, and a debugger or a watch may cause one, too.
 */
static bool can_not_be_put_back(const struct execution *run, const struct vcpu *vcpu)
{
	const struct kvm_sregs *sregs = &vcpu->run->s.regs.sregs;
	bool watched = run->debugger || run->watchpoints;

	return sregs->cr4 & R0_CR4_VMXE || sregs->efer & R0_EFER_SVME ||
	       (watched && vcpu->vm->kvm->own->is_vmx) || pending_debug_is_possible(vcpu);
}

/* Returns whether all of the machine's CPUs can be reset. */
static bool come_to_rest(struct execution *run)
{
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++) {
		struct vcpu *vcpu = &run->machine->cpus[i].vcpu;

		/* A test's last exit, by which it returned, left nothing to complete. */
		if ((i || run->ending.how != END_RETURNED) && !vcpu_complete(vcpu))
			return false;
		/* A new VM is simpler than leaving such a state, and rare. */
		if (can_not_be_put_back(run, vcpu))
			return false;
	}
	return true;
}

/* But for what mocks have to say of that. */
static bool ends_as_it_should(const struct execution *run)
{
	struct r0_options options = *run->job->options;
	char message[64];

	options.xfail = NULL;
	return verdict_of(&options, &run->ending, message, sizeof(message)) == R0_VERDICT_PASS;
}

bool execute(struct machine *machine, const struct job *job, struct deadline *deadline,
	     struct outcome *outcome)
{
	struct execution run = {
		.machine = machine,
		.job = job,
		.deadline = deadline,
		.debugger = job->debugger,
	};
	uint64_t start = clock_ns();

	*outcome = (struct outcome){ 0 };
	if (begin(&run) == 0)
		drive(&run);
	else
		execution_end(&run, END_HOST_ERROR, run.complaint.text);
	outcome->duration_ns = clock_ns() - start;
	if (run.mocks.count && ends_as_it_should(&run))
		mock_call_at_end(&run);
	if (run.ending.how == END_TRIPLE_FAULT && registers_are_lost(&run)) {
		run.crash.lost_registers = true;
		/* By several CPUs, no two runs are the same. */
		if (!run.parallel)
			replay(&run);
	}
	assistance_end(&machine->cpus[0]);
	answer_deadline(&run);
	parallel_take_output(&run);
	stdio_take(&machine->memory, &run.output);
	add_cut_note(&run.output, run.watchpoints ? 64 + WATCHPOINTS_REPORT_MAX : 64);
	if (run.watchpoints)
		watchpoints_report(run.watchpoints, &run.output);
	conclude(&run, outcome);
	outcome->result.output_size = run.output.length;
	outcome->result.output = buffer_take(&run.output);
	if (!come_to_rest(&run))
		run.unusable = true;
	finish(&run);
	release(&run);
	return !run.unusable;
}
