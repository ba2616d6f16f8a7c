/* SPDX-License-Identifier: MIT */
#include "image/start/tests/cases_x86_64.h"
#include <ring0/private/abi.h>
#include <ring0/test.h>
#include "guest/text/bytes.h"
#include "guest/text/format.h"
#include "image/start/cpu/cpu_x86_64.h"
#include "image/start/cpu/enter_x86_64.h"
#include "image/start/cpu/interrupts_x86_64.h"
#include "image/start/cpu/memory_x86_64.h"
#include "image/start/cpu/others_x86_64.h"
#include "image/start/cpu/space_x86_64.h"
#include "image/start/hardware/clock_x86_64.h"
#include "image/start/hardware/console_x86_64.h"
#include "image/start/hardware/power_x86_64.h"
#include "image/start/payload/words.h"
#include "image/start/tests/gs_areas_x86_64.h"
#include "image/start/tests/lent_x86_64.h"
#include "image/start/tests/limit_x86_64.h"
#include "image/start/tests/pad_x86_64.h"
#include "image/start/tests/report.h"
#include "image/start/tests/requests_x86_64.h"
#include "image/start/tests/stopped_x86_64.h"

#define NS_PER_MS 1000000ull
#define TEXT	  512

/* No libc has a larger buffer of its own making. */
#define BUFFERED_LIMIT 0x10000

static const struct image_payload *payload;
static const struct image_case *cases;

/* A test as the program has it, its texts copied: when it is over, the program's may be anything. */
struct test {
	struct r0_test program;
	char xfail[TEXT], panic_message[TEXT], file[TEXT];
	char groups[TEXT];
};

static const char *text_at(uint32_t at)
{
	return (const char *)payload + at;
}

void cases_init(const struct image_payload *of)
{
	payload = of;
	cases = (const struct image_case *)((const char *)payload + payload->cases_at);
}

static bool matches(const struct image_case *c, const char *pattern)
{
	return words_match(pattern, text_at(c->name_at)) ||
	       words_match(pattern, text_at(c->stem_at));
}

bool cases_know(const char *pattern)
{
	uint64_t i;

	for (i = 0; i < payload->case_count; i++)
		if (matches(&cases[i], pattern))
			return true;
	return false;
}

static bool is_in_group(const struct image_case *c)
{
	const char *group = words.group, *groups = text_at(c->groups_at);
	char one[64];

	while (*group) {
		size_t length = 0;

		while (group[length] && group[length] != ',')
			length++;
		if (length && length < sizeof(one)) {
			copy_bytes(one, group, length);
			one[length] = '\0';
			if (words_has(groups, one))
				return true;
		}
		group += length + (group[length] != '\0');
	}
	return false;
}

/* As plan/plan.h has it: nodefault tests want their exact name, another of their groups, or --all. */
static bool is_selected(const struct image_case *c)
{
	const char *name = text_at(c->name_at), *stem = text_at(c->stem_at);
	bool included = false, named = false, any = false;
	unsigned int i;

	for (i = 0; i < words.pattern_count; i++) {
		const char *pattern = words.patterns[i];

		if (pattern[0] == '-') {
			if (matches(c, pattern + 1))
				return false;
			continue;
		}
		any = true;
		included |= matches(c, pattern);
		named |= !text_compare(pattern, name) || !text_compare(pattern, stem);
	}
	if (words.disabled && (words_has(words.disabled, name) || words_has(words.disabled, stem)))
		return false;
	if (words.group && !is_in_group(c))
		return false;
	if (any && !included)
		return false;
	if (c->flags & IMAGE_CASE_NODEFAULT)
		return words.all || named || words.group;
	return true;
}

uint64_t cases_count(void)
{
	uint64_t selected = 0, i;

	for (i = words.from; i < payload->case_count; i++)
		selected += is_selected(&cases[i]);
	return selected * words.repeat;
}

void cases_list(void)
{
	uint64_t i;

	for (i = 0; i < payload->case_count; i++)
		if (is_selected(&cases[i]))
			console_print("%s\n", text_at(cases[i].name_at));
}

static void read_test(const struct image_case *c, struct test *test)
{
	struct r0_options *options = &test->program.options;

	fill_bytes(test, 0, sizeof(*test));
	space_read(c->test, &test->program, sizeof(test->program));
	if (test->program.file)
		space_read_text((uint64_t)test->program.file, test->file, sizeof(test->file));
	if (options->xfail) {
		space_read_text((uint64_t)options->xfail, test->xfail, sizeof(test->xfail));
		options->xfail = test->xfail;
	}
	if (options->panic_message) {
		space_read_text((uint64_t)options->panic_message, test->panic_message,
				sizeof(test->panic_message));
		options->panic_message = test->panic_message;
	}
}

/* Why this machine can't run it, or NULL; the text may be put into `text`. */
static const char *why_not(const struct r0_options *options, char *text, size_t size)
{
	struct r0_ram missing = { 0, 0 };
	const char *lack;

	if (options->cpus > others_count()) {
		format_to(text, size, "it needs %u CPUs (.cpus), and there %s %u here%s",
			  options->cpus, others_count() > 1 ? "are" : "is", others_count(),
			  others_far() ? ", without those with local APICs' IDs above 254" : "");
		return text;
	}
	lack = options->irqchip ? interrupts_lack() : NULL;
	if (lack) {
		format_to(text, size,
			  "it needs interrupt controllers (.irqchip), and there is no %s here",
			  lack);
		return text;
	}
	if (!lent_declare(&options->ram, &missing)) {
		format_to(text, size,
			  "guest-physical %#llx to %#llx (.ram) is not free memory here",
			  (unsigned long long)missing.from, (unsigned long long)missing.to);
		return text;
	}
	return NULL;
}

static enum enter_end run(const struct image_case *c, const struct test *test)
{
	const struct r0_options *options = &test->program.options;
	const struct enter_state state = {
		.arguments = { (uint64_t)test->program.fn, 0, (uint64_t)options->when,
			       (uint64_t)options->setup, (uint64_t)options->teardown, c->element },
		.rsp = payload->area + R0_AREA_STACK + R0_AREA_STACK_SIZE - 8,
		.rip = payload->run,
		.cr3 = space.test,
		.pad_enter = pad_address(pad_enter),
		.idtr = (const struct r0_table_register *)pad_address(pad_idtr),
	};
	/* INIT tells of no halt: one that is to come is looked for by NMIs. */
	const bool by_init = (words.limit == WORDS_LIMIT_INIT && !options->should_halt) ||
			     (words.init_given && words.init == (uint64_t)(c - cases));
	uint64_t ms = words.timeout_ms ? words.timeout_ms : c->timeout_ms;
	enum enter_end end;

	ms = ms * words.timeout_percent / 100;
	if (!limit_state.has_timer)
		console_print("SOTEST TIMEOUT %llu\n", (unsigned long long)(ms + 999) / 1000);
	/* R0_PARAM()'s word on it; where there is none, the page stays as it is. */
	if (c->element)
		((struct r0_guest *)payload->guest)->param_size = options->params.size;
	requests.ending.message = start_gs_areas(options);
	if (requests.ending.message) {
		requests.ending.how = END_HOST_ERROR;
		return ENTER_ENDED;
	}
	cpu_prepare(payload, 0);
	requests.silent_cpu = others_start(options->cpus);
	if (requests.silent_cpu) {
		others_stop();
		return ENTER_ENDED;
	}
	limit_begin(ms * NS_PER_MS, options->should_halt, by_init);
	end = enter_test(&state);
	/* Before anything that takes long: INIT has no other place to come back to. */
	if (by_init)
		limit_end();
	others_stop();
	cpu_recover();
	limit_end();
	return end;
}

/* What the test has printed that libc still has in its buffer. */
static void print_buffered(void)
{
	uint64_t stream, start, end, size;
	char chunk[256];

	if (!payload->stream || space_read(payload->stream, &stream, 8) != 8 ||
	    space_read(stream + payload->stream_start, &start, 8) != 8 ||
	    space_read(stream + payload->stream_end, &end, 8) != 8 || end <= start ||
	    end - start > BUFFERED_LIMIT)
		return;
	while (start < end) {
		size = end - start < sizeof(chunk) ? end - start : sizeof(chunk);
		size = space_read(start, chunk, size);
		if (!size)
			return;
		console_output(chunk, size);
		start += size;
	}
}

/* Where it was, of an end that nobody asked for. Before the memory is put back. */
static void note_end(const char *name, const struct test *test, enum enter_end end)
{
	const struct r0_options *options = &test->program.options;
	const char *message = requests.ending.message;

	if (end == ENTER_TIMED_OUT)
		stopped_print(name, "timeout", message);
	else if (end == ENTER_HALTED && !options->should_halt)
		stopped_print(name, "halt", "");
	else if (end == ENTER_ENDED && requests.ending.how == END_REFUSED)
		stopped_print(name, "system call", message);
	else if (end == ENTER_ENDED && requests.ending.how == END_EXCEPTION &&
		 options->expect_exception != R0_EXCEPTION(requests.ending.vector))
		stopped_print(name, "exception", message);
}

static void settle_ending(const struct image_case *c, enum enter_end end, char *text, size_t size)
{
	struct ending *ending = &requests.ending;

	if (requests.silent_cpu) {
		ending->how = END_HOST_ERROR;
		format_to(text, size, "CPU %u does not start", requests.silent_cpu);
		ending->message = text;
	} else if (end == ENTER_HALTED) {
		ending->how = END_HALT;
	} else if (end == ENTER_TIMED_OUT) {
		ending->how = END_TIMEOUT;
		if (stopped.is_known)
			format_to(text, size,
				  "the test ran for longer than its time limit, and is at %#llx",
				  (unsigned long long)stopped.frame.rip);
		else
			format_to(
				text, size,
				"the test ran for longer than its time limit; INIT ended it, and does not tell where it was");
		ending->message = text;
	} else if (ending->how == END_SKIPPED && !ending->message) {
		ending->message = c->condition_at ? text_at(c->condition_at) :
						    "the condition was false";
	} else if (ending->how == END_EXCEPTION && !ending->message) {
		format_to(text, size, "unhandled exception %s at %#llx, error code %#llx%s",
			  r0_vector_name(ending->vector), (unsigned long long)stopped.frame.rip,
			  (unsigned long long)stopped.frame.error_code, "");
		if (ending->vector == R0_PF)
			format_to(text, size,
				  "unhandled exception #PF at %#llx, error code %#llx, CR2 %#llx",
				  (unsigned long long)stopped.frame.rip,
				  (unsigned long long)stopped.frame.error_code,
				  (unsigned long long)stopped.cr2);
		ending->message = text;
	}
}

static void run_case(const struct image_case *c, uint64_t number)
{
	static struct test test;
	static char message[REQUESTS_TEXT + 256], text[256];
	const char *name = text_at(c->name_at), *why;
	struct report_result result = { .message = message, .xfail = test.xfail };
	uint64_t start;
	enum enter_end end;

	report_start(number, name);
	read_test(c, &test);
	result.file = test.file;
	result.line = (unsigned int)test.program.line;
	memory_begin_test();
	lent_begin_test();
	why = c->skip_at ? text_at(c->skip_at) : why_not(&test.program.options, text, sizeof(text));
	if (why) {
		space_reset();
		memory_end_test();
		result.verdict = R0_VERDICT_SKIP;
		result.message = why;
		report_result(name, &result);
		return;
	}
	requests_begin(name, payload->doorbell);
	stopped_begin();
	interrupts_reset();
	start = clock_now();
	end = run(c, &test);
	result.duration_ns = clock_now() - start;
	print_buffered();
	settle_ending(c, end, text, sizeof(text));
	note_end(name, &test, end);
	/* What can't be stopped goes on in the test's memory: nothing is put back under it. */
	if (!others_lost())
		result.changed = space_reset();
	memory_end_test();
	result.verdict =
		verdict_of(&test.program.options, &requests.ending, message, sizeof(message));
	if (requests.file[0]) {
		result.file = requests.file;
		result.line = requests.line;
	}
	report_result(name, &result);
	/* One whose local APIC is off gets no INIT. `ring0 image run` goes on after this case. */
	if (others_lost())
		power_lose("CPU %u can't be stopped, and may write to all memory", others_lost());
	/* SDM vol. 3A, 10.4.3: on some only a reset does it, on some INIT. */
	if (!interrupts_recover() && !(limit_revive() && interrupts_recover()))
		power_lose("the local APIC can't be turned on again");
}

void cases_run(void)
{
	uint64_t round, i;

	for (round = 0; round < words.repeat; round++)
		for (i = round ? 0 : words.from; i < payload->case_count; i++)
			if (is_selected(&cases[i]))
				run_case(&cases[i], i);
}
