/* SPDX-License-Identifier: MIT */
/* The command line of `ring0 image`. Depends on image.h, image/ and libc. */
#include <elf.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command/commands.h"
#include "command/image/image.h"
#include "image/file.h"
#include "image/fresh_process.h"
#include "report/formats.h"

#define STATUS_USAGE 2

#define SILENCE_S 30.0

static const char help[] =
	"Usage: ring0 image PROGRAM [-o FILE] [OPTION]... [PATTERN]...\n"
	"       ring0 image run [OPTION]... -- COMMAND...\n"
	"       ring0 image read [OPTION]... LOG\n"
	"Make a kernel of a test program, run it anywhere, and report its results.\n"
	"\n"
	"The first form is PROGRAM --image FILE with these options; FILE is PROGRAM.img by default.\n"
	"COMMAND boots an image with its serial port on standard output; {cmdline} in it stands\n"
	"for the image's command line. When the machine is lost in a case, COMMAND is started\n"
	"again for the next case. LOG is a recording of a serial line; - is standard input.\n"
	"\n"
	"  --format NAME[=FILE]  how to report, and where to; may be repeated. NAME is one of\n"
	"                        pretty (default), tap, junit, xunit, json, ktap, sotest\n"
	"  --results FILE        write the results for `ring0 compare` to FILE\n"
	"  --env NAME            what `ring0 compare` calls the machine\n"
	"  --program FILE        the image's program, for functions, files and lines\n"
	"  --log FILE            write all that COMMAND prints to FILE\n"
	"  --silence SECONDS     give up on a machine after this time without output (30)\n"
	"  -v, --verbose         also show the output of tests that pass\n"
	"  -h, --help            print this, and exit\n"
	"\n"
	"Exit status: 0 all passed; 1 a test failed, or the machine was lost in one; 77 all\n"
	"were skipped; 99 no result, or an image that did not reach its end; 2 the command\n"
	"line is wrong.\n";

enum {
	OPTION_RESULTS = 256,
	OPTION_ENV,
	OPTION_LOG,
	OPTION_PROGRAM,
	OPTION_FORMAT,
	OPTION_SILENCE
};

static const struct option long_options[] = {
	{ "format", required_argument, NULL, OPTION_FORMAT },
	{ "results", required_argument, NULL, OPTION_RESULTS },
	{ "env", required_argument, NULL, OPTION_ENV },
	{ "log", required_argument, NULL, OPTION_LOG },
	{ "program", required_argument, NULL, OPTION_PROGRAM },
	{ "silence", required_argument, NULL, OPTION_SILENCE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int take_format(struct image_options *options, const char *text)
{
	const size_t length = strcspn(text, "=");
	const struct report_ops *ops = report_find(text, length);

	if (!ops || options->report_count == IMAGE_REPORTS_MAX || !strcmp(text + length, "=")) {
		fprintf(stderr,
			"ring0 image: --format=%s: no such format, or no file; --help shows them\n",
			text);
		return -EINVAL;
	}
	options->reports[options->report_count].ops = ops;
	options->reports[options->report_count++].file = text[length] ? text + length + 1 : NULL;
	return 0;
}

static int take_silence(struct image_options *options, const char *text)
{
	char *end;

	options->silence_s = strtod(text, &end);
	if (end != text && !*end && options->silence_s > 0 && options->silence_s < 1000000)
		return 0;
	fprintf(stderr, "ring0 image: --silence=%s: give seconds, above 0\n", text);
	return -EINVAL;
}

/* Returns 0, -EINVAL having said why, or 1 if the help was printed. */
static int parse(int argc, char **argv, struct image_options *options)
{
	int option, err = 0;

	*options = (struct image_options){ .silence_s = SILENCE_S };
	optind = 0;
	while (!err && (option = getopt_long(argc, argv, "+vh", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_FORMAT:
			err = take_format(options, optarg);
			break;
		case OPTION_RESULTS:
			options->results = optarg;
			break;
		case OPTION_ENV:
			options->environment = optarg;
			break;
		case OPTION_LOG:
			options->log = optarg;
			break;
		case OPTION_PROGRAM:
			options->program = optarg;
			break;
		case OPTION_SILENCE:
			err = take_silence(options, optarg);
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			return -EINVAL;
		}
	}
	return err;
}

static int conclude(const struct image_options *options, struct image_log *log,
		    char *const *command)
{
	struct error error = { "" };
	int status;

	image_explain(log, options->program, command);
	status = image_publish(options, log);
	if (options->results &&
	    image_results_write(options->results, options->environment, log, &error)) {
		fprintf(stderr, "ring0 image: %s\n", error.text);
		return EXIT_STATUS_ERROR;
	}
	return status;
}

static int run(int argc, char **argv)
{
	struct image_options options;
	struct image_log log = { 0 };
	struct error error = { "" };
	int boots, status = parse(argc, argv, &options);

	if (status)
		return status < 0 ? STATUS_USAGE : 0;
	if (optind == argc) {
		fputs("ring0 image run: which command boots the image? --help shows the form\n",
		      stderr);
		return STATUS_USAGE;
	}
	boots = image_boots(argv + optind, &options, &log, &error);
	if (boots < 0)
		fprintf(stderr, "ring0 image: %s\n", error.text);
	if (boots > 1)
		fprintf(stderr, "ring0 image: the machine was started %d times\n", boots);
	status = log.count || log.panic || boots >= 0 ? conclude(&options, &log, argv + optind) :
							EXIT_STATUS_ERROR;
	image_log_finish(&log);
	return boots < 0 && status != EXIT_STATUS_FAILED ? EXIT_STATUS_ERROR : status;
}

static int read_log(int argc, char **argv)
{
	struct image_options options;
	struct image_log log = { 0 };
	int status = parse(argc, argv, &options);
	char text[65536];
	uint64_t from;
	size_t size;
	FILE *file;

	if (status)
		return status < 0 ? STATUS_USAGE : 0;
	if (optind != argc - 1) {
		fputs("ring0 image read: which log, and no more than one? --help shows the form\n",
		      stderr);
		return STATUS_USAGE;
	}
	file = strcmp(argv[optind], "-") ? fopen(argv[optind], "re") : stdin;
	if (!file) {
		fprintf(stderr, "ring0 image: %s: %s\n", argv[optind], strerror(errno));
		return EXIT_STATUS_ERROR;
	}
	while ((size = fread(text, 1, sizeof(text), file)))
		image_log_add_all(&log, text, size);
	if (file != stdin)
		fclose(file);
	if (!log.has_ended)
		image_log_lose(&log, "the log ends here", &from);
	if (!log.count && !log.panic && !log.has_ended)
		fprintf(stderr, "ring0 image: %s: this is no log of an image\n", argv[optind]);
	status = conclude(&options, &log, NULL);
	image_log_finish(&log);
	return status;
}

/* Another program would take --image for something of its own, or for nothing. A script may start one that is right. */
static bool is_other_program(const char *path)
{
	static const char known[] = FRESH_PROCESS_WORDS;
	struct error error = { "" };
	uint8_t *bytes;
	size_t size;
	bool is;

	if (image_file_read(path, &bytes, &size, &error))
		return false;
	is = size >= SELFMAG && !memcmp(bytes, ELFMAG, SELFMAG) &&
	     !memmem(bytes, size, known, sizeof(known));
	free(bytes);
	return is;
}

/* PROGRAM --image FILE, in place of this process. */
static int write_image(int argc, char **argv)
{
	char **words = calloc((size_t)argc + 3, sizeof(*words)), *file = NULL;
	const char *slash = strchr(argv[1], '/');
	static char option[] = "--image";
	size_t n = 0;
	int i;

	if (!words)
		return EXIT_STATUS_ERROR;
	if (asprintf(&words[n], "%s%s", slash ? "" : "./", argv[1]) < 0)
		goto free;
	if (is_other_program(words[0])) {
		fprintf(stderr, "ring0 image: %s: it is no test program of ring0's\n", words[0]);
		free(words[0]);
		goto free;
	}
	n++;
	words[n++] = option;
	n++; /* the file's name */
	for (i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "-o") && i + 1 < argc)
			words[2] = argv[++i];
		else
			words[n++] = argv[i];
	}
	if (!words[2]) {
		if (asprintf(&file, "%s.img", argv[1]) < 0)
			goto free;
		words[2] = file;
	}
	execv(words[0], words);
	fprintf(stderr, "ring0 image: %s: %s\n", words[0], strerror(errno));
	free(words[0]);
	free(file);
free:
	free(words);
	return EXIT_STATUS_ERROR;
}

int image_main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "run"))
		return run(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "read"))
		return read_log(argc - 1, argv + 1);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(help, stdout);
		return 0;
	}
	if (argc < 2 || argv[1][0] == '-') {
		fputs(help, stderr);
		return STATUS_USAGE;
	}
	return write_image(argc, argv);
}
