/* SPDX-License-Identifier: MIT */
/*
 * Functions of the sanitizers' run-time libraries, and of ring0's in their place: the host's side leads ring 0 from
 * the first to the second (machine/sanitizers_x86_64.c), which tell of a finding without the operating system. Of the
 * compilers' interface, which compiler-rt's asan_interface_internal.h and ubsan_handlers.h declare.
 *
 *	X(theirs, ours)
 */
#ifndef RING0_PRIVATE_SANITIZERS_H
#define RING0_PRIVATE_SANITIZERS_H

/* Accesses of so many bytes. What goes on elsewhere ends the test, too: it has no better place to tell. */
#define R0_ASAN_SIZE_(X, bytes)                                              \
	X(__asan_report_load##bytes, r0_asan_report_load##bytes)             \
	X(__asan_report_store##bytes, r0_asan_report_store##bytes)           \
	X(__asan_report_load##bytes##_noabort, r0_asan_report_load##bytes)   \
	X(__asan_report_store##bytes##_noabort, r0_asan_report_store##bytes) \
	X(__asan_load##bytes, r0_asan_load##bytes)                           \
	X(__asan_store##bytes, r0_asan_store##bytes)                         \
	X(__asan_load##bytes##_noabort, r0_asan_load##bytes)                 \
	X(__asan_store##bytes##_noabort, r0_asan_store##bytes)

#define R0_ASAN_FUNCTIONS(X)                                     \
	R0_ASAN_SIZE_(X, 1)                                      \
	R0_ASAN_SIZE_(X, 2)                                      \
	R0_ASAN_SIZE_(X, 4)                                      \
	R0_ASAN_SIZE_(X, 8)                                      \
	R0_ASAN_SIZE_(X, 16)                                     \
	X(__asan_report_load_n, r0_asan_report_load_n)           \
	X(__asan_report_store_n, r0_asan_report_store_n)         \
	X(__asan_report_load_n_noabort, r0_asan_report_load_n)   \
	X(__asan_report_store_n_noabort, r0_asan_report_store_n) \
	X(__asan_loadN, r0_asan_load_n)                          \
	X(__asan_storeN, r0_asan_store_n)                        \
	X(__asan_loadN_noabort, r0_asan_load_n)                  \
	X(__asan_storeN_noabort, r0_asan_store_n)                \
	X(__asan_memcpy, r0_asan_memcpy)                         \
	X(__asan_memmove, r0_asan_memmove)                       \
	X(__asan_memset, r0_asan_memset)                         \
	X(__interceptor_memcpy, r0_asan_memcpy)                  \
	X(__interceptor_memmove, r0_asan_memmove)                \
	X(__interceptor_memset, r0_asan_memset)                  \
	X(__asan_handle_no_return, r0_asan_handle_no_return)

/* Each has a twin that ends the program. */
#define R0_UBSAN_BOTH_(X, name)                   \
	X(__ubsan_handle_##name, r0_ubsan_##name) \
	X(__ubsan_handle_##name##_abort, r0_ubsan_##name##_abort)

#define R0_UBSAN_FUNCTIONS(X)                                               \
	R0_UBSAN_BOTH_(X, add_overflow)                                     \
	R0_UBSAN_BOTH_(X, sub_overflow)                                     \
	R0_UBSAN_BOTH_(X, mul_overflow)                                     \
	R0_UBSAN_BOTH_(X, divrem_overflow)                                  \
	R0_UBSAN_BOTH_(X, negate_overflow)                                  \
	R0_UBSAN_BOTH_(X, shift_out_of_bounds)                              \
	R0_UBSAN_BOTH_(X, out_of_bounds)                                    \
	R0_UBSAN_BOTH_(X, type_mismatch_v1)                                 \
	R0_UBSAN_BOTH_(X, alignment_assumption)                             \
	R0_UBSAN_BOTH_(X, pointer_overflow)                                 \
	R0_UBSAN_BOTH_(X, vla_bound_not_positive)                           \
	R0_UBSAN_BOTH_(X, load_invalid_value)                               \
	R0_UBSAN_BOTH_(X, implicit_conversion)                              \
	R0_UBSAN_BOTH_(X, invalid_builtin)                                  \
	R0_UBSAN_BOTH_(X, nonnull_arg)                                      \
	R0_UBSAN_BOTH_(X, nonnull_return_v1)                                \
	R0_UBSAN_BOTH_(X, float_cast_overflow)                              \
	X(__ubsan_handle_builtin_unreachable, r0_ubsan_builtin_unreachable) \
	X(__ubsan_handle_missing_return, r0_ubsan_missing_return)

/* What -fsanitize=fuzzer-no-link has code call where it compares. */
#define R0_TRACE_(X, name) X(__sanitizer_cov_trace_##name, r0_trace_##name)
#define R0_TRACE_FUNCTIONS(X)                           \
	R0_TRACE_(X, cmp1)                              \
	R0_TRACE_(X, cmp2)                              \
	R0_TRACE_(X, cmp4)                              \
	R0_TRACE_(X, cmp8)                              \
	R0_TRACE_(X, const_cmp1)                        \
	R0_TRACE_(X, const_cmp2)                        \
	R0_TRACE_(X, const_cmp4)                        \
	R0_TRACE_(X, const_cmp8)                        \
	R0_TRACE_(X, switch)                            \
	X(__sanitizer_cov_trace_div4, r0_trace_nothing) \
	X(__sanitizer_cov_trace_div8, r0_trace_nothing) \
	X(__sanitizer_cov_trace_gep, r0_trace_nothing)  \
	X(__sanitizer_cov_trace_pc_indir, r0_trace_nothing)

/*
 * AFL++'s for comparisons of memory, which ask the operating system whether it can be read. Its
 * others note what they get in memory that the host gives back, and have the names above, too.
 */
#define R0_CMPLOG_FUNCTIONS(X)                                    \
	X(__cmplog_rtn_hook, r0_trace_nothing)                    \
	X(__cmplog_rtn_hook_n, r0_trace_nothing)                  \
	X(__cmplog_rtn_hook_str, r0_trace_nothing)                \
	X(__cmplog_rtn_hook_strn, r0_trace_nothing)               \
	X(__cmplog_rtn_gcc_stdstring_cstring, r0_trace_nothing)   \
	X(__cmplog_rtn_gcc_stdstring_stdstring, r0_trace_nothing) \
	X(__cmplog_rtn_llvm_stdstring_cstring, r0_trace_nothing)  \
	X(__cmplog_rtn_llvm_stdstring_stdstring, r0_trace_nothing)

#endif /* RING0_PRIVATE_SANITIZERS_H */
