/* SPDX-License-Identifier: MIT */
/*
 * `ring0 doctor`: what this host's KVM can do in ring 0, found by trying it, and what kind of host
 * that makes it. Depends on doctor.h, kvm/kvm.h and r0_call().
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <ring0.h>
#include "base/clock.h"
#include "base/host.h"
#include "base/text.h"
#include "command/commands.h"
#include "command/doctor/doctor.h"
#include "kvm/kvm.h"

enum status {
	STATUS_HARDWARE = 0,
	STATUS_SOFTWARE = 1,
	STATUS_NONE = 2,
	STATUS_ERROR = 3,
};

/* No probe needs more than a millisecond or two; a machine in a machine may be slow. */
#define PROBE_LIMIT_MS 500

static const char help[] =
	"Usage: ring0 doctor [--json]\n"
	"Find out what this host's KVM can do in ring 0, by trying it.\n"
	"\n"
	"  --json      print one JSON object, for programs to read\n"
	"  -h, --help  print this, and exit\n"
	"\n"
	"Exit status: 0 hardware KVM: ring 0 runs natively; 1 software KVM: ring 0 is\n"
	"emulated, and some instructions can't be executed in it; 2 no usable KVM: none,\n"
	"no permission, or too old; 3 the probes could not be run, or wrong usage.\n"
	"\n"
	"Where something does not work, `ring0 lab PROGRAM` runs a test program on a genuine\n"
	"KVM inside an emulated machine.\n";

struct report {
	struct host host;
	struct utsname system;
	int api_version;
	bool has_device;
	int capability[DOCTOR_CAPABILITIES_MAX];
	struct error trouble; /* why KVM can't be used */
	bool usable;
	size_t probe_count;
	const char **names, **whats;
	struct doctor_finding *findings;
	double instruction_ns; /* 0 if it is not known */
	enum status status;
};

static const struct {
	const char *word; /* for machines */
	const char *text; /* for people; NULL is doctor_own_absent */
} results[] = {
	[DOCTOR_WORKS] = { "works", "works" },
	[DOCTOR_ABSENT] = { "absent", NULL },
	[DOCTOR_UNSUPPORTED] = { "unsupported", "cannot be executed by this KVM" },
	[DOCTOR_WRONG] = { "wrong", "wrong" },
	[DOCTOR_HANGS] = { "hangs", "does not come back" },
	[DOCTOR_FAILED] = { "failed", "could not be tried" },
};

static const char *const kinds[] = {
	[STATUS_HARDWARE] = "hardware",
	[STATUS_SOFTWARE] = "software",
	[STATUS_NONE] = "none",
	[STATUS_ERROR] = "error",
};

/* What can be asked of a KVM that may be too old for the rest. */
static void ask_kvm(struct report *report)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	size_t i;

	if (fd < 0)
		return;
	report->has_device = true;
	report->api_version = ioctl(fd, KVM_GET_API_VERSION, 0);
	for (i = 0; i < doctor_capability_count; i++)
		report->capability[i] =
			doctor_capabilities[i].ask ?
				doctor_capabilities[i].ask(fd) :
				ioctl(fd, KVM_CHECK_EXTENSION, doctor_capabilities[i].number);
	close(fd);
}

/* "…: 66 0f ef c0 in f (a.c:1)": the words between are the instruction. */
static void copy_instruction(char *to, size_t size, const char *message)
{
	static const char marker[] = "in ring 0 here: ";
	const char *found = strstr(message, marker);
	size_t length;

	if (!found) {
		snprintf(to, size, "%s", message);
		return;
	}
	found += sizeof(marker) - 1;
	length = strspn(found, "0123456789abcdef ");
	while (length && found[length - 1] == ' ')
		length--;
	/* What follows the first few is the next instruction, as a rule. */
	if (length > 11)
		length = 11;
	snprintf(to, size, "suberror 1 at bytes %.*s", (int)length, found);
}

static void judge(const struct r0_result *result, struct doctor_finding *finding)
{
	char *detail = finding->detail;
	size_t size = sizeof(finding->detail);

	detail[0] = '\0';
	switch (result->verdict) {
	case R0_VERDICT_PASS:
		finding->result = DOCTOR_WORKS;
		return;
	case R0_VERDICT_SKIP:
		finding->result = DOCTOR_ABSENT;
		return;
	case R0_VERDICT_TIMEOUT:
		finding->result = DOCTOR_HANGS;
		break;
	case R0_VERDICT_ERROR:
		finding->result = DOCTOR_FAILED;
		if (strstr(result->message, "KVM cannot execute")) {
			finding->result = DOCTOR_UNSUPPORTED;
			copy_instruction(detail, size, result->message);
			return;
		}
		if (strstr(result->message, "KVM gave up"))
			finding->result = DOCTOR_UNSUPPORTED;
		break;
	default:
		finding->result = DOCTOR_WRONG;
		break;
	}
	snprintf(detail, size, "%s", result->message);
}

static void try_in_ring0(const struct doctor_probe *probe, struct doctor_finding *finding)
{
	struct r0_options options = {
		.timeout_ms = PROBE_LIMIT_MS,
		.cpus = probe->cpus,
	};
	const struct r0_watched watched = { probe->watched, sizeof(*probe->watched), "&watched" };
	struct doctor_probe copy = *probe;
	struct r0_result result;

	doctor_own_options(probe, &options);
	/* Single steps are slow, and so is the backtrace that nobody looks at here. */
	if (probe->watched) {
		options.watch = (struct r0_watches){ &watched, 1 };
		options.timeout_ms = 20 * PROBE_LIMIT_MS;
	}
	/* CPUs that take turns do so slowly, where there are fewer of the host's. */
	if (probe->cpus)
		options.timeout_ms = 20 * PROBE_LIMIT_MS;
	result = r0_call(doctor_probe_run, &copy, &options);
	judge(&result, finding);
	/* That is nothing to do without. */
	if (finding->result == DOCTOR_WORKS && strstr(result.output, "by single steps"))
		snprintf(finding->detail, sizeof(finding->detail),
			 "by single steps: KVM's watchpoints never fire");
	/* What a probe prints is more on how it works. */
	else if (finding->result == DOCTOR_WORKS)
		snprintf(finding->detail, sizeof(finding->detail), "%.*s",
			 (int)strcspn(result.output, "\n"), result.output);
	r0_result_finish(&result);
}

static size_t count_of(const struct report *report, enum doctor_result result)
{
	size_t i, count = 0;

	for (i = 0; i < report->probe_count; i++)
		count += report->findings[i].result == result;
	return count;
}

/* Each of them has its time limit; where most would reach it, the command would seem to hang. */
static bool is_hopeless(const struct report *report)
{
	return report->findings[0].result != DOCTOR_WORKS || count_of(report, DOCTOR_HANGS) >= 3;
}

static void run_probes(struct report *report)
{
	const struct doctor_finding not_tried = { DOCTOR_FAILED, "after what failed before" };
	uint64_t ns = clock_ns(), cycles = doctor_own_cycles();
	size_t i;

	for (i = 0; i < doctor_probe_count; i++) {
		report->names[i] = doctor_probes[i].name;
		report->whats[i] = doctor_probes[i].what;
		if (i && is_hopeless(report))
			report->findings[i] = not_tried;
		else
			try_in_ring0(&doctor_probes[i], &report->findings[i]);
	}
	if (doctor_own_last.find) {
		report->names[i] = doctor_own_last.name;
		report->whats[i] = doctor_own_last.what;
		if (is_hopeless(report))
			report->findings[i] = not_tried;
		else
			doctor_own_last.find(&report->findings[i]);
	}
	ns = clock_ns() - ns;
	cycles = doctor_own_cycles() - cycles;
	if (cycles)
		report->instruction_ns = (double)doctor_cycles / DOCTOR_TIMED_INSTRUCTIONS *
					 (double)ns / (double)cycles;
}

/* Without integer code, or where nothing could be tried, nothing is known of this KVM. */
static enum status status_of(const struct report *report)
{
	if (!report->usable)
		return STATUS_NONE;
	if (report->findings[0].result != DOCTOR_WORKS)
		return STATUS_ERROR;
	return count_of(report, DOCTOR_UNSUPPORTED) ? STATUS_SOFTWARE : STATUS_HARDWARE;
}

static void examine(struct report *report)
{
	struct kvm *kvm;

	host_describe(&report->host);
	uname(&report->system);
	ask_kvm(report);
	if (kvm_create(&kvm, &report->trouble) == 0) {
		doctor_own_begin(kvm);
		kvm_destroy(kvm);
		report->usable = true;
		run_probes(report);
	} else {
		report->probe_count = 0;
	}
	report->status = status_of(report);
}

static void print_verdict(const struct report *report)
{
	size_t wrong = count_of(report, DOCTOR_WRONG) + count_of(report, DOCTOR_HANGS) +
		       count_of(report, DOCTOR_FAILED);

	switch (report->status) {
	case STATUS_NONE:
		printf("\nNo usable KVM: %s.\n`ring0 lab PROGRAM` runs a test program all the same, in "
		       "an emulated machine.\n",
		       report->trouble.text);
		return;
	case STATUS_ERROR:
		printf("\nThis KVM could not be examined: %s: %s\n", report->names[0],
		       report->findings[0].detail);
		return;
	case STATUS_HARDWARE:
		printf("\nHardware KVM%s%s%s: %s runs natively",
		       report->host.virtualization ? " (" : "",
		       report->host.virtualization ? report->host.virtualization : "",
		       report->host.virtualization ? ")" : "", doctor_own_level);
		break;
	case STATUS_SOFTWARE:
		printf("\nSoftware KVM: ring 0 is emulated, and %zu of %zu probes cannot be "
		       "executed in it",
		       count_of(report, DOCTOR_UNSUPPORTED), report->probe_count);
		break;
	}
	if (wrong)
		printf("; %zu %s wrong", wrong, wrong == 1 ? "is" : "are");
	if (report->status == STATUS_SOFTWARE)
		printf(".\nTest programs have ring0 complete those (--assist), at some 25 microseconds for "
		       "a sequence of them; for\nwhat is wrong, `ring0 lab PROGRAM` runs a test program "
		       "on a genuine KVM in an emulated machine");
	printf(".\n");
}

static void print_capability(const struct doctor_capability *capability, int value)
{
	printf("%-3s  %-27s %s%s", value > 0 ? "yes" : "no", capability->name,
	       capability->needed ? "needed for " : "for ", capability->use);
	if (capability->unit && value > 0)
		printf(": %d %s", value, capability->unit);
	printf("\n");
}

static void print_text(const struct report *report)
{
	size_t i;

	printf("CPU     %s\nLinux   %s\n", report->host.cpu, report->system.release);
	if (report->has_device)
		printf("KVM     API version %d\n\n", report->api_version);
	for (i = 0; i < doctor_capability_count && report->has_device; i++)
		print_capability(&doctor_capabilities[i], report->capability[i]);
	if (report->probe_count)
		printf("\n");
	for (i = 0; i < report->probe_count; i++) {
		const struct doctor_finding *finding = &report->findings[i];

		printf("%-23s %-27s %s%s", report->names[i], report->whats[i],
		       results[finding->result].text ? results[finding->result].text :
						       doctor_own_absent,
		       finding->detail[0] ? ": " : "");
		text_put(stdout, finding->detail, strlen(finding->detail), "");
		if (!i && report->instruction_ns > 0)
			printf(", %.*f ns an instruction", report->instruction_ns < 10,
			       report->instruction_ns);
		printf("\n");
	}
	print_verdict(report);
}

/* Whatever is no plain ASCII becomes a question mark: these are names and error texts. */
static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text >= ' ' && *text <= '~' ? *text : '?');
	}
	putchar('"');
}

static void print_json_capability(const struct doctor_capability *capability, int value,
				  bool is_first)
{
	printf("%s\n    \"%s\": ", is_first ? "" : ",", capability->name);
	if (capability->unit)
		printf("%d", value > 0 ? value : 0);
	else
		printf("%s", value > 0 ? "true" : "false");
}

static void print_json(const struct report *report)
{
	size_t i;

	printf("{\n  \"kind\": \"%s\",\n  \"status\": %d,\n  \"cpu\": ", kinds[report->status],
	       report->status);
	print_string(report->host.cpu);
	printf(",\n  \"linux\": ");
	print_string(report->system.release);
	if (report->host.virtualization)
		printf(",\n  \"virtualization\": \"%s\"", report->host.virtualization);
	if (report->trouble.text[0]) {
		printf(",\n  \"trouble\": ");
		print_string(report->trouble.text);
	}
	if (report->instruction_ns > 0)
		printf(",\n  \"nanoseconds_per_instruction\": %.1f", report->instruction_ns);
	printf(",\n  \"capabilities\": {");
	for (i = 0; i < doctor_capability_count && report->has_device; i++)
		print_json_capability(&doctor_capabilities[i], report->capability[i], !i);
	printf("%s},\n  \"probes\": [", report->has_device ? "\n  " : "");
	for (i = 0; i < report->probe_count; i++) {
		printf("%s\n    {\"name\": ", i ? "," : "");
		print_string(report->names[i]);
		printf(", \"result\": \"%s\", \"detail\": ",
		       results[report->findings[i].result].word);
		print_string(report->findings[i].detail);
		printf("}");
	}
	printf("%s]\n}\n", report->probe_count ? "\n  " : "");
}

static int parse(int argc, char **argv, bool *json)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, word;

	opterr = 0; /* it would speak of "doctor" */
	optind = 1;
	while (word = optind, (option = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			*json = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(fflush(stdout) ? STATUS_ERROR : EXIT_SUCCESS);
		default:
			fprintf(stderr,
				"ring0 doctor: %s: no such option; `ring0 doctor --help` shows "
				"them\n",
				argv[word]);
			return -EINVAL;
		}
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "ring0 doctor: it takes no argument, not '%s'\n", argv[optind]);
	return -EINVAL;
}

int doctor_main(int argc, char **argv)
{
	struct report report = { .probe_count = doctor_probe_count + (doctor_own_last.find != NULL),
				 .status = STATUS_ERROR };
	bool json = false;

	if (parse(argc, argv, &json) != 0)
		return STATUS_ERROR;
	report.names = calloc(report.probe_count, sizeof(*report.names));
	report.whats = calloc(report.probe_count, sizeof(*report.whats));
	report.findings = calloc(report.probe_count, sizeof(*report.findings));
	if (!report.names || !report.whats || !report.findings) {
		fputs("ring0 doctor: no memory\n", stderr);
		goto out;
	}
	/* A probe's time limit is its own, and its crash reports are not shown: no need of symbols. */
	unsetenv("R0_TIMEOUT_FACTOR");
	setenv("RING0_COMMAND", "/dev/null", 1);
	examine(&report);
	if (json)
		print_json(&report);
	else
		print_text(&report);
	if (fflush(stdout)) {
		fprintf(stderr, "ring0 doctor: writing the report failed: %s\n", strerror(errno));
		report.status = STATUS_ERROR;
	}
out:
	free(report.names);
	free(report.whats);
	free(report.findings);
	return report.status;
}
