/* SPDX-License-Identifier: MIT */
/*
 * The call chain, unwound by libdwfl from the core's registers. Depends on core_file.h, role.h, symbols.h and
 * libdw.
 */
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>
#include "command/backtrace/call_chain.h"
#include "command/backtrace/call_chain_narrow.h"
#include "command/backtrace/role.h"
#include "crash/library.h"

#define LINE_LIMIT  64
#define FRAME_LIMIT 16384 /* of a recursion, which takes no lines */

#define COLUMNS_MAX REGISTERS_MAX

/* One walk. */
struct chain {
	struct symbols *symbols;
	FILE *out;
	bool after;
	bool guess;	    /* the first frame is made up from what a call would return to */
	unsigned int count; /* of frames written, or counted as repeated */
	unsigned int lines;
	unsigned int depth;    /* of frames seen in this walk */
	unsigned int repeated; /* frames like the last line, not written */
	uint64_t last_pc, last_sp;
	bool last_interrupted;
	enum role last_role;
	uint64_t ring3_sp; /* where ring 3 began, last seen; 0 before that */
	bool no_rules;	   /* nothing describes how to leave the first frame */
	bool left;	   /* the runtime, for `caller` */
	union registers caller;
	bool waiting; /* it may leave what waits for another CPU */
};

/* A frame as libdwfl has it. */
struct frame {
	uint64_t pc, sp;
	bool interrupted; /* pc is not a return address */
};

/* Whether unwinding rules cover an address; without them libdwfl follows frame pointers, right or wrong. */
static bool has_rules(struct symbols *symbols, uint64_t pc)
{
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, pc);
	Dwarf_Addr bias;
	Dwarf_Frame *frame = NULL;
	Dwarf_CFI *cfi;
	bool found = false;

	if (!module)
		return false;
	cfi = dwfl_module_eh_cfi(module, &bias);
	if (cfi)
		found = !dwarf_cfi_addrframe(cfi, pc - bias, &frame);
	if (!found) {
		cfi = dwfl_module_dwarf_cfi(module, &bias);
		if (cfi)
			found = !dwarf_cfi_addrframe(cfi, pc - bias, &frame);
	}
	free(frame);
	return found;
}

static pid_t next_thread(Dwfl *dwfl, void *argument, void **thread_argument)
{
	(void)dwfl;
	if (*thread_argument)
		return 0;
	*thread_argument = argument;
	return 1;
}

static bool is_narrow(const struct symbols *symbols)
{
	return symbols->core->bits != 64;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *argument)
{
	struct symbols *symbols = argument;
	const size_t size = is_narrow(symbols) ? 4 : sizeof(*result);

	(void)dwfl;
	*result = 0;
	if (core_file_read(symbols->core, address, result, size) != size)
		return false;
	/* A return address may be signed, which libdw's rules don't know of before elfutils 0.192. */
	if (!is_narrow(symbols))
		*result = core_file_code_address(symbols->core, *result);
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *argument)
{
	const struct symbols *symbols = argument;
	const struct core_file *core = symbols->core;
	const struct register_layout *layout = core->layout;
	Dwarf_Word columns[COLUMNS_MAX];

	if (is_narrow(symbols))
		return call_chain_set_narrow(symbols, thread);
	for (unsigned int i = 0; i < layout->column_count; i++)
		columns[i] =
			core_file_code_address(core, core->registers.words[layout->columns[i]]);
	if (!layout->pc_has_column)
		dwfl_thread_state_register_pc(thread, core_file_pc(core));
	return dwfl_thread_state_registers(thread, 0, layout->column_count, columns);
}

/* False if there is none, or nothing that a chain can go on with. */
static bool read_frame(const struct chain *chain, Dwfl_Frame *state, struct frame *frame)
{
	bool other_stack = chain->last_role == ROLE_SYSCALL || chain->last_role == ROLE_RING3;
	const struct register_layout *layout = chain->symbols->core->layout;
	Dwarf_Word sp = 0;
	Dwarf_Addr pc;

	if (!dwfl_frame_pc(state, &pc, &frame->interrupted))
		return false;
	if (dwfl_frame_reg(state, is_narrow(chain->symbols) ? CALL_CHAIN_ESP : layout->sp_column,
			   &sp))
		sp = 0;
	frame->pc = pc;
	frame->sp = sp;
	/*
	 * Garbage for a return address ends the chain, as does one that goes nowhere. Where calls push nothing, the innermost
	 * function may have nothing on the stack.
	 */
	return !chain->depth ||
	       (core_file_is_executable(chain->symbols->core, pc) &&
		(frame->interrupted || other_stack || !sp || sp > chain->last_sp ||
		 (sp == chain->last_sp && !layout->calls_push && chain->last_interrupted)));
}

static void end_repetition(struct chain *chain)
{
	if (chain->repeated)
		fprintf(chain->out, "  ... the same %u more time%s\n", chain->repeated,
			chain->repeated > 1 ? "s" : "");
	chain->count += chain->repeated;
	chain->repeated = 0;
}

static int print_frame(Dwfl_Frame *state, void *argument)
{
	struct chain *chain = argument;
	struct frame frame;
	uint64_t lookup;
	enum role role;
	bool after;

	if (!read_frame(chain, state, &frame))
		return DWARF_CB_ABORT;
	/* A recursion is one line. */
	if (chain->depth > 1 && frame.pc == chain->last_pc && chain->depth < FRAME_LIMIT) {
		chain->last_sp = frame.sp;
		chain->last_interrupted = frame.interrupted;
		chain->depth++;
		chain->repeated++;
		return DWARF_CB_OK;
	}
	after = chain->depth ? !frame.interrupted : chain->after;
	/* It began there so that the rules are those of the call, which may end its function. */
	if (!chain->depth && after)
		frame.pc++;
	lookup = after && frame.pc ? frame.pc - 1 : frame.pc;
	role = role_of(chain->symbols, lookup);
	end_repetition(chain);
	if (role == ROLE_OUTERMOST && chain->count)
		return DWARF_CB_ABORT;
	if (role == ROLE_RING3) {
		/* On a stack used twice at a time, the second use has overwritten the first. */
		if (chain->ring3_sp == frame.sp)
			return DWARF_CB_ABORT;
		chain->ring3_sp = frame.sp;
	}
	if (role != ROLE_RING3 || !chain->count) {
		if (chain->lines++ >= LINE_LIMIT || chain->depth >= FRAME_LIMIT) {
			fprintf(chain->out, "  ... and more\n");
			return DWARF_CB_ABORT;
		}
		symbols_print_frame(chain->symbols, frame.pc, after,
				    chain->guess && !chain->depth ? ", a guess" : "", &chain->count,
				    chain->out);
	}
	chain->last_pc = frame.pc;
	chain->last_sp = frame.sp;
	chain->last_interrupted = frame.interrupted;
	chain->last_role = role;
	if (!chain->depth++ && !has_rules(chain->symbols, lookup)) {
		chain->no_rules = true;
		return DWARF_CB_ABORT;
	}
	return DWARF_CB_OK;
}

/* Whether the guest stops in such a function by itself, so that what matters is who called it. */
static bool is_stop(enum role role, bool waiting)
{
	return role == ROLE_DOORBELL || (waiting && role == ROLE_WAIT);
}

static int leave_frame(Dwfl_Frame *state, void *argument)
{
	struct chain *chain = argument;
	const struct register_layout *layout = chain->symbols->core->layout;
	struct frame frame;
	enum role role;

	if (!read_frame(chain, state, &frame) || chain->depth >= LINE_LIMIT)
		return DWARF_CB_ABORT;
	role = role_of(chain->symbols, frame.interrupted ? frame.pc : frame.pc - 1);
	if (role == ROLE_OUTERMOST || (!chain->depth && !is_stop(role, chain->waiting)))
		return DWARF_CB_ABORT;
	chain->depth++;
	chain->last_sp = frame.sp;
	chain->last_interrupted = frame.interrupted;
	chain->last_role = role;
	/* What waits may be all that is left, if it was the last that its caller called. */
	if (role != ROLE_NONE && role != ROLE_WAIT)
		return DWARF_CB_OK;
	for (unsigned int i = 0; i < layout->column_count; i++) {
		Dwarf_Word value;

		/* What a function need not preserve is not known any more. */
		chain->caller.words[layout->columns[i]] = dwfl_frame_reg(state, i, &value) ? 0 :
											     value;
	}
	chain->caller.words[layout->pc] = frame.pc;
	chain->after = !frame.interrupted;
	chain->left = true;
	return role == ROLE_NONE ? DWARF_CB_ABORT : DWARF_CB_OK;
}

/* A walk to the first function that is the user's own. */
struct own_place {
	struct chain chain;
	enum role role;		  /* of the frame that is being looked at */
	char called[128];	  /* what is not, and was called last */
	char without_source[512]; /* the first place of which no source is known */
	char library[128];	  /* a function that library_is_end() knows */
	char *buffer;
	size_t size;
	bool found;
};

/* ring0's names are all its own, but for the functions that R0_TEST() makes. */
static bool is_reserved(const char *name)
{
	return !strncmp(name, "r0_", 3) && strncmp(name, "r0_test_", 8) != 0;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* libc's inb() and the like are inlined from its headers; a compiler has its own. */
static bool is_of_a_system(const struct symbols_frame *frame)
{
	static const char *const modules[] = { "libc.so",     "libm.so",    "libpthread.so",
					       "ld-linux",    "libasan.so", "libubsan.so",
					       "libclang_rt", "libtsan.so" };

	if (frame->inlined && frame->file &&
	    (has_prefix(frame->file, "/usr/include/") || has_prefix(frame->file, "/usr/lib/")))
		return true;
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]) && !frame->in_program; i++)
		if (has_prefix(frame->module, modules[i]))
			return true;
	return false;
}

static bool take_own(void *context, const struct symbols_frame *frame)
{
	struct own_place *place = context;
	const char *name = frame->function ? frame->function : "";

	if (library_is_end(name))
		snprintf(place->library, sizeof(place->library), "%s", name);
	/* The way into the runtime, and what it has inside, tell the user nothing. */
	if (place->role == ROLE_SYSCALL || place->role == ROLE_EXCEPTION ||
	    (place->role != ROLE_NONE && (frame->inlined || !is_reserved(name))))
		return false;
	/* Code without its source is libc's or the like, if what called it has one. */
	if (!frame->file && !is_reserved(name) && name[0] && !place->without_source[0] &&
	    !is_of_a_system(frame))
		snprintf(place->without_source, sizeof(place->without_source), "%s+0x%llx (%s)%s%s",
			 name, (unsigned long long)frame->offset, frame->module,
			 place->called[0] ? ", in " : "", place->called);
	if (!frame->file || is_reserved(name) || is_of_a_system(frame)) {
		snprintf(place->called, sizeof(place->called), "%s", name);
		return false;
	}
	snprintf(place->buffer, place->size, "%s (%s:%d)%s%s", name[0] ? name : "?", frame->file,
		 frame->line, place->called[0] ? ", in " : "", place->called);
	return place->found = true;
}

static int place_frame(Dwfl_Frame *state, void *argument)
{
	struct own_place *place = argument;
	struct chain *chain = &place->chain;
	struct frame frame;
	uint64_t lookup;
	bool after;

	if (!read_frame(chain, state, &frame) || chain->depth >= LINE_LIMIT)
		return DWARF_CB_ABORT;
	after = chain->depth ? !frame.interrupted : chain->after;
	if (!chain->depth && after)
		frame.pc++;
	lookup = after && frame.pc ? frame.pc - 1 : frame.pc;
	place->role = role_of(chain->symbols, lookup);
	if (place->role == ROLE_OUTERMOST)
		return DWARF_CB_ABORT;
	symbols_visit(chain->symbols, frame.pc, after, take_own, place);
	chain->last_pc = frame.pc;
	chain->last_sp = frame.sp;
	chain->last_interrupted = frame.interrupted;
	chain->last_role = place->role;
	if (place->found || (!chain->depth++ && !has_rules(chain->symbols, lookup)))
		return DWARF_CB_ABORT;
	return DWARF_CB_OK;
}

static int place_thread(Dwfl_Thread *thread, void *argument)
{
	dwfl_thread_getframes(thread, place_frame, argument);
	return DWARF_CB_ABORT;
}

static int print_thread(Dwfl_Thread *thread, void *argument)
{
	dwfl_thread_getframes(thread, print_frame, argument);
	return DWARF_CB_ABORT;
}

static int leave_thread(Dwfl_Thread *thread, void *argument)
{
	dwfl_thread_getframes(thread, leave_frame, argument);
	return DWARF_CB_ABORT;
}

/* Once for each Dwfl. */
static bool attach(struct symbols *symbols)
{
	static const Dwfl_Thread_Callbacks callbacks = {
		.next_thread = next_thread,
		.memory_read = read_word,
		.set_initial_registers = set_registers,
	};

	return dwfl_pid(symbols->dwfl) > 0 ||
	       dwfl_attach_state(symbols->dwfl, NULL, 1, &callbacks, symbols);
}

static int see_module(Dwfl_Module *module, void **user_data, const char *name, Dwarf_Addr base,
		      void *argument)
{
	(void)module, (void)user_data, (void)name, (void)base;
	*(bool *)argument = true;
	return DWARF_CB_ABORT;
}

/* Why there are no rules to go back by. libdwfl's own words for no file at all are of architectures. */
static const char *why_not_attached(struct symbols *symbols)
{
	const char *message = dwfl_errmsg(-1);
	bool module_seen = false;

	dwfl_getmodules(symbols->dwfl, see_module, &module_seen, 0);
	return module_seen ? message : "no file with symbols was given";
}

bool call_chain_is_outermost(struct symbols *symbols, uint64_t pc)
{
	return role_of(symbols, pc) == ROLE_OUTERMOST;
}

bool call_chain_leave_runtime(struct symbols *symbols, bool waiting, bool *after)
{
	struct chain chain = {
		.symbols = symbols,
		.waiting = waiting,
		.caller = symbols->core->registers,
	};

	if (!is_stop(role_of(symbols, core_file_pc(symbols->core)), waiting) || !attach(symbols))
		return false;
	dwfl_getthreads(symbols->dwfl, leave_thread, &chain);
	if (!chain.left)
		return false;
	symbols->core->registers = chain.caller;
	*after = chain.after;
	return true;
}

void call_chain_place(struct symbols *symbols, bool after, char *buffer, size_t size, char *library,
		      size_t library_size)
{
	uint64_t *pc = &symbols->core->registers.words[symbols->core->layout->pc];
	struct own_place place = {
		.chain = { .symbols = symbols, .after = after },
		.buffer = buffer,
		.size = size,
	};

	if (!is_narrow(symbols) && attach(symbols)) {
		/* So that the rules are those of the call, which may end its function. */
		if (after)
			--*pc;
		dwfl_getthreads(symbols->dwfl, place_thread, &place);
		if (after)
			++*pc;
	}
	snprintf(library, library_size, "%s", place.library);
	if (place.found)
		return;
	if (place.without_source[0])
		snprintf(buffer, size, "%s", place.without_source);
	else
		symbols_place(symbols, *pc, after, buffer, size);
}

/* By the rules of an i386's file or, where there are none, by EBP. */
static void print_narrow(struct symbols *symbols, FILE *out)
{
	struct chain chain = { .symbols = symbols, .out = out };

	if (call_chain_is_of_i386(symbols) && has_rules(symbols, core_file_pc(symbols->core)) &&
	    attach(symbols))
		dwfl_getthreads(symbols->dwfl, print_thread, &chain);
	end_repetition(&chain);
	if (!chain.count)
		call_chain_print_by_ebp(symbols, out);
}

void call_chain_print(struct symbols *symbols, bool after, FILE *out)
{
	struct core_file *core = symbols->core;
	const union registers stopped = core->registers;
	uint64_t *words = core->registers.words, *pc = &words[core->layout->pc];
	struct chain chain = { .symbols = symbols, .out = out, .after = after };
	uint64_t return_address;

	if (is_narrow(symbols)) {
		print_narrow(symbols, out);
		return;
	}
	if (!attach(symbols)) {
		symbols_print_frame(symbols, *pc, after, "", &chain.count, out);
		fprintf(out, "  no more is known: %s\n", why_not_attached(symbols));
		return;
	}
	if (after)
		--*pc;
	dwfl_getthreads(symbols->dwfl, print_thread, &chain);
	end_repetition(&chain);
	/* As after a call to nowhere: what it would have returned to is where it came from. */
	if (chain.no_rules && core_file_return_address(core, &return_address) &&
	    core_file_is_executable(core, return_address)) {
		if (core->layout->calls_push)
			words[core->layout->sp] += 8;
		*pc = return_address - 1;
		chain.guess = true;
		chain.after = true;
		chain.depth = 0;
		dwfl_getthreads(symbols->dwfl, print_thread, &chain);
		end_repetition(&chain);
	}
	core->registers = stopped;
	if (!chain.count)
		symbols_print_frame(symbols, *pc, after, "", &chain.count, out);
}
