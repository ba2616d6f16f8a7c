/* SPDX-License-Identifier: MIT */
/*
 * The command ring0 as a cross build for arm64 has it, on a genuine KVM: how a kernel ends, what is typed into one, and
 * suites. Runs in the aarch64 lab, too, where there is no shell:
 *
 *	command RING0 FLAT FOLDER	FLAT is kernel.c beside this; files go into FOLDER, where it may be itself
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 24
#define TEXT_MAX  65536

static const char *ring0, *flat;

/* Of the last run. */
static char output[TEXT_MAX], errors[TEXT_MAX];

static void read_file(const char *path, char *text)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, TEXT_MAX - 1, file)] = '\0';
	fclose(file);
}

/* The command with these words. Returns its exit status. */
static int run(const char *const *words)
{
	char *argv[WORDS_MAX] = { (char *)(uintptr_t)ring0 };
	int count = 1, status;
	pid_t child;

	for (; *words; words++)
		argv[count++] = (char *)(uintptr_t)*words;
	fflush(NULL);
	child = fork();
	if (!child) {
		if (!freopen("output", "w", stdout) || !freopen("errors", "w", stderr) ||
		    !freopen("/dev/null", "r", stdin))
			_exit(125);
		execv(ring0, argv);
		_exit(126);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	read_file("output", output);
	read_file("errors", errors);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })

/* `ring0 boot` of that mode of the kernel, with more options. */
#define BOOT(mode, ...)                                                                           \
	RUN("boot", "--protocol", "flat", "--memory", "64M", "--timeout", "20", "--append", mode, \
	    ##__VA_ARGS__, flat)

static void fail_with(const char *what, int got, int wanted)
{
	fail_msg("%s: status %d, not %d; it printed \"%s\" and said \"%.600s\"", what, got, wanted,
		 output, errors);
}

static void assert_ends(const char *mode, int status, int wanted, const char *said)
{
	if (status != wanted || !strstr(errors, said))
		fail_with(mode, status, wanted);
}

static void kernels_end(void **state)
{
	static const struct {
		const char *mode;
		int status;
		const char *said;
	} ends[] = {
		{ "mode=o", 0, "kernel.flat: the guest powered the machine off" },
		{ "mode=d", 43, "kernel.flat: the guest ended with status 21" },
		{ "mode=r", 88, "it reset the machine 32 times" },
		{ "mode=t", 0, "kernel.flat: the guest powered the machine off" },
		{ "mode=x", 87, "kernel.flat:" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		assert_ends(ends[i].mode, BOOT(ends[i].mode), ends[i].status, ends[i].said);
}

static void a_kernel_that_waits_for_good_has_halted(void **state)
{
	static const char said[] = "every CPU waits, and nothing can interrupt it, at 0x4008";

	(void)state;
	assert_ends("mode=w", BOOT("mode=w"), 89, said);
	assert_ends("mode=w", BOOT("mode=w", "--cpus", "3", "--irqchip", "none"), 89, said);
	/* The second was started, and waits; the third never was. */
	assert_non_null(strstr(errors, "CPU 1: 0x4008"));
	assert_non_null(strstr(errors, "CPU 2: off"));
}

static void a_kernel_that_hangs_has_a_report(void **state)
{
	(void)state;
	assert_ends("mode=l", BOOT("mode=l", "--timeout", "1"), 88,
		    "the time limit of 1000 ms is over, still running at 0x4008");
	assert_string_equal(output, "it loops\n");
	assert_non_null(strstr(errors, "no more is known: no file with symbols was given"));
	assert_non_null(strstr(errors, "PSTATE 0x"));
	assert_ends("mode=v", BOOT("mode=v", "--timeout", "1"), 88,
		    "for ever in the exception vectors, which VBAR_EL1 has at 0");
}

static void what_is_typed_comes_to_the_kernel(void **state)
{
	(void)state;
	assert_ends("mode=e", BOOT("mode=e", "--type", "a word"), 0,
		    "the guest powered the machine off");
	assert_string_equal(output, "? a word\n");
}

/* The end of kvm-unit-tests' images. */
static void test_devices_end_with_a_status(void **state)
{
	(void)state;
	assert_ends("mode=s", BOOT("mode=s", "--test-devices"), 1, "status 0");
	assert_ends("mode=n", BOOT("mode=n", "--test-devices"), 77, "status 38");
	/* Without them nobody is there. */
	assert_ends("mode=n", BOOT("mode=n"), 89, "every CPU waits");
	assert_non_null(strstr(errors, "accesses that nothing answered"));
}

static void what_is_not_arm64s_is_refused(void **state)
{
	static const struct {
		const char *option, *value, *said;
	} options[] = {
		{ "--machine", "pc", "arm64 has one machine" },
		{ "--cpu", "max", "on arm64 the CPUs are the host's" },
		{ "--irqchip", "split", "there are kernel and none on arm64" },
		{ "--protocol", "multiboot", "there are auto, linux and flat" },
		{ "--console", "debug", "there are com1, pl011 and virtio" },
		{ "--gdb=1", "--verbose", "--gdb: there is none on arm64" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		assert_ends(options[i].option,
			    RUN("boot", options[i].option, options[i].value, flat), 80,
			    options[i].said);
		assert_ptr_equal(strchr(errors, '\n'), errors + strlen(errors) - 1);
	}
	assert_ends("auto", RUN("boot", flat), 83, "what has no header is for the protocol flat");
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void assert_has(const char *line)
{
	if (!strstr(output, line))
		fail_msg("\"%s\" is not in:\n%s%s", line, output, errors);
}

/* A tree of kvm-unit-tests with this kernel in it. */
static void suites_run(void **state)
{
	(void)state;
	mkdir("tree", 0755);
	mkdir("tree/arm", 0755);
	unlink("tree/arm/kernel.flat");
	assert_int_equal(link(flat, "tree/arm/kernel.flat"), 0);
	write_file("tree/config.mak", "ARCH=arm64\n");
	write_file("tree/arm/unittests.cfg",
		   "[ends]\nfile = kernel.flat\ntest_args = mode=s\nqemu_params = -m 64 -machine "
		   "gic-version=3 -cpu host\narch = arm64\n"
		   "[skips]\nfile = kernel.flat\ntest_args = mode=n\n"
		   "[fails]\nfile = kernel.flat\ntest_args = mode=o\n"
		   "[waits]\nfile = kernel.flat\ntest_args = mode=w\nsmp = 2\n"
		   "[two]\nfile = kernel.flat\nqemu_params = -machine gic-version=2\n"
		   "[tags]\nfile = kernel.flat\nqemu_params = -machine mte=on\n"
		   "[card]\nfile = kernel.flat\nqemu_params = -device pci-testdev\n"
		   "[pc]\nfile = kernel.flat\nmachine = q35\n"
		   "[narrow]\nfile = kernel.flat\narch = arm\n");
	assert_int_equal(RUN("suite", "--format", "tap", "tree"), 1);
	assert_has("ok 1 - ends.only\n");
	assert_has("ok 2 - skips # SKIP the guest says that it is skipped\n");
	assert_has("ok 3 - fails.first\n");
	assert_has("not ok 4 - fails.second\n");
	assert_has("ok 5 - fails.third\n");
	assert_has("not ok 6 - waits\n");
	assert_has("every CPU waits, and nothing can interrupt it");
	assert_has("ok 7 - two # SKIP -machine gic-version=2: that has no counterpart here\n");
	assert_has("ok 8 - tags # SKIP -machine mte=on: that has no counterpart here\n");
	assert_has("ok 9 - card # SKIP -device pci-testdev: that has no counterpart here\n");
	assert_has("ok 10 - pc # SKIP it is for the machine q35 only\n");
	assert_has("ok 11 - narrow # SKIP it is for arm only\n");
	write_file("tree/config.mak", "ARCH=x86_64\n");
	assert_int_equal(RUN("suite", "--format", "tap", "tree", "ends"), 77);
	assert_has("ok 1 - ends # SKIP it is for arm64 only\n");
	assert_int_equal(RUN("suite", "--cpu", "max", "tree"), 99);
}

/* What a genuine KVM in the lab has; each of the probes works there. */
static void the_doctor_tells(void **state)
{
	static const char *const says[] = {
		"yes  KVM_CAP_ONE_REG             needed for registers\n",
		"yes  host pages of 4 KiB         needed for memory\n",
		"yes  KVM_CAP_ARM_VM_IPA_SIZE     for guest-physical addresses: ",
		"FEAT_S2FWB ",
		"KVM_CAP_STEAL_TIME ",
		"\nEL0 and back            eret, svc                   works\n",
		"\ntimer interrupt         the virtual timer, GIC      works\n",
		"\nanother CPU             r0_on_cpu()                 works\n",
		"\nHardware KVM (EL2): EL1 runs natively.\n",
	};
	size_t i;

	(void)state;
	assert_int_equal(RUN("doctor"), 0);
	for (i = 0; i < sizeof(says) / sizeof(says[0]); i++)
		assert_has(says[i]);
	if (!strstr(output, "yes  GICv3                       for .irqchip and .cpus\n") &&
	    !strstr(output, "yes  GICv2 "))
		fail_msg("neither GIC is there:\n%s", output);
	if (strstr(output, "wrong") || strstr(output, "does not come back"))
		fail_msg("not all of it works:\n%s", output);
	assert_int_equal(RUN("doctor", "--json"), 0);
	assert_has("\"host pages of 4 KiB\": true,");
	assert_has("{\"name\": \"data abort\", \"result\": \"works\"");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_end),
		cmocka_unit_test(a_kernel_that_waits_for_good_has_halted),
		cmocka_unit_test(a_kernel_that_hangs_has_a_report),
		cmocka_unit_test(what_is_typed_comes_to_the_kernel),
		cmocka_unit_test(test_devices_end_with_a_status),
		cmocka_unit_test(what_is_not_arm64s_is_refused),
		cmocka_unit_test(suites_run),
		cmocka_unit_test(the_doctor_tells),
	};

	if (argc != 4 || chdir(argv[3]))
		return 1;
	ring0 = argv[1];
	flat = argv[2];
	return cmocka_run_group_tests_name("the command on arm64", tests, NULL, NULL);
}
