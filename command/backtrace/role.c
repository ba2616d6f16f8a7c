/* SPDX-License-Identifier: MIT */
/* The functions of guest/ that tests don't meet in the middle of a chain. */
#include "command/backtrace/role.h"
#include <string.h>

static const struct {
	const char *function;
	enum role role;
} runtime[] = {
	{ "r0_guest_run", ROLE_OUTERMOST },
	{ "r0_test_end", ROLE_OUTERMOST },
	{ "r0_test_return", ROLE_OUTERMOST },
	{ "finish_failed", ROLE_OUTERMOST },
	{ "r0_leave_to", ROLE_OUTERMOST },
	{ "r0_ask", ROLE_DOORBELL },
	{ "r0_doorbell", ROLE_DOORBELL },
	{ "r0_user_ask", ROLE_DOORBELL },
	{ "r0_syscall", ROLE_SERVICE },
	{ "system_call", ROLE_SERVICE },
	{ "r0_syscall_entry", ROLE_SYSCALL },
	{ "user_start", ROLE_RING3 },
	{ "r0_user_return", ROLE_RING3 },
	{ "r0_exception", ROLE_EXCEPTION },
	{ "exception", ROLE_EXCEPTION },
	{ "r0_vector_stubs", ROLE_EXCEPTION },
	{ "r0_vectors", ROLE_EXCEPTION },
	{ "r0_enter", ROLE_OUTERMOST },
	{ "correct_user_interrupt", ROLE_SERVICE },
	{ "is_runtime_gate", ROLE_SERVICE },
	{ "exception_stack", ROLE_SERVICE },
	{ "set_exception_stack", ROLE_SERVICE },
	{ "console", ROLE_SERVICE },
	{ "failure", ROLE_SERVICE },
	{ "finish", ROLE_SERVICE },
	{ "clock", ROLE_SERVICE },
	{ "fail", ROLE_SERVICE },
	{ "stop", ROLE_SERVICE },
	{ "flush", ROLE_SERVICE },
	{ "console_put", ROLE_SERVICE },
	{ "buffer_put", ROLE_SERVICE },
	{ "put_field", ROLE_SERVICE },
	{ "put_number", ROLE_SERVICE },
	{ "put_repeated", ROLE_SERVICE },
	{ "format_pieces", ROLE_SERVICE },
	{ "format_text", ROLE_SERVICE },
	{ "r0_printf", ROLE_SERVICE },
	{ "r0_panic", ROLE_SERVICE },
	{ "r0_fail", ROLE_SERVICE },
	{ "r0_skip", ROLE_SERVICE },
	{ "report", ROLE_SERVICE },
	{ "r0_assert_failed", ROLE_SERVICE },
	{ "r0_publish", ROLE_SERVICE },
	{ "r0_param", ROLE_SERVICE },
	{ "r0_expect_failed", ROLE_SERVICE },
	{ "r0_assert_failed_with", ROLE_SERVICE },
	{ "r0_expect_failed_with", ROLE_SERVICE },
	{ "r0_set_handler", ROLE_SERVICE },
	{ "on_fault", ROLE_SERVICE },
	{ "on_undefined", ROLE_SERVICE },
	{ "unhandled", ROLE_SERVICE },
	{ "r0_original", ROLE_SERVICE },
	{ "r0_returned", ROLE_SERVICE },
	{ "r0_missing_function", ROLE_SERVICE },
	{ "write_vector", ROLE_SERVICE },
	{ "r0_cpu_start", ROLE_OUTERMOST },
	{ "r0_cpu_main", ROLE_OUTERMOST },
	{ "r0_cpu_rest", ROLE_DOORBELL },
	{ "r0_idle_doorbell", ROLE_DOORBELL },
	{ "r0_find_cpu", ROLE_WAIT },
	{ "r0_cpu_doorbell", ROLE_WAIT },
	{ "panic_alone", ROLE_SERVICE },
	{ "look_again", ROLE_WAIT },
	{ "cpu_pause", ROLE_WAIT },
	{ "in_ring3", ROLE_WAIT },
	{ "note_wait", ROLE_WAIT },
	{ "end_wait", ROLE_WAIT },
	{ "take_spinlock", ROLE_WAIT },
	{ "require_guest", ROLE_WAIT },
	{ "require_cpu", ROLE_SERVICE },
	{ "require_vector", ROLE_SERVICE },
	{ "require_test_cpu", ROLE_SERVICE },
	{ "cpu_for_work", ROLE_SERVICE },
	{ "give_work", ROLE_WAIT },
	{ "wait_for_work", ROLE_WAIT },
	{ "wait_for_other_cpus", ROLE_WAIT },
	{ "r0_cpu_id", ROLE_WAIT },
	{ "r0_cpu_count", ROLE_WAIT },
	{ "r0_on_cpu", ROLE_WAIT },
	{ "r0_on_cpu_async", ROLE_WAIT },
	{ "r0_on_cpu_wait", ROLE_WAIT },
	{ "r0_on_cpus", ROLE_WAIT },
	{ "r0_on_cpus_async", ROLE_WAIT },
	{ "r0_on_cpus_wait", ROLE_WAIT },
	{ "r0_send_ipi", ROLE_SERVICE },
	{ "r0_send_nmi", ROLE_SERVICE },
	{ "r0_send_ipi_to_others", ROLE_SERVICE },
	{ "r0_barrier_wait", ROLE_WAIT },
	{ "r0_spin_lock", ROLE_WAIT },
	{ "r0_spin_trylock", ROLE_SERVICE },
	{ "r0_spin_unlock", ROLE_SERVICE },
};

enum role role_of(struct symbols *symbols, uint64_t address)
{
	uint64_t offset;
	const char *function = symbols_function(symbols, address, &offset), *file;

	for (size_t i = 0; function && i < sizeof(runtime) / sizeof(runtime[0]); i++) {
		size_t length = strlen(runtime[i].function);

		/* Compilers make variants, "f.constprop.0". */
		if (strncmp(function, runtime[i].function, length) ||
		    (function[length] && function[length] != '.'))
			continue;
		file = symbols_file(symbols, address);
		return !file || !strncmp(file, "guest/", 6) || strstr(file, "/guest/") ?
			       runtime[i].role :
			       ROLE_NONE;
	}
	return ROLE_NONE;
}
