/* SPDX-License-Identifier: MIT */
/* A boot loader's command line has blanks between its words, and no quotes. */
#include "runner/cli/image_words.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"

/* What the image copies of it: image/start/payload/words.h. */
#define WORDS_MAX 2048

static const struct report_ops *const formats[] = { &report_sotest_ops, &report_tap_ops,
						    &report_ktap_ops };

/* An option that is about how tests are run on this host, if it is given. */
static const char *find_refused(const struct cli *cli)
{
	const struct plan_selection *selection = &cli->selection;

	return cli->lab		       ? "lab" :
	       cli->list	       ? "list" :
	       cli->workers	       ? "jobs" :
	       selection->repeat > 1   ? "repeat" :
	       selection->shuffle      ? "shuffle" :
	       selection->shards       ? "shard" :
	       selection->filter_count ? "a filter of Bazel's" :
	       cli->fuzz	       ? "fuzz" :
	       cli->fail_fast	       ? "fail-fast" :
	       cli->fresh_vm	       ? "fresh-vm" :
	       cli->check_reset	       ? "check-reset" :
	       cli->assist_given       ? "assist" :
	       cli->compare	       ? "compare" :
	       cli->coverage_by_test   ? "coverage-by-test" :
	       cli->output	       ? "output" :
					 NULL;
}

static int add_format(const struct cli *cli, struct buffer *buffer, struct error *error)
{
	size_t i;

	if (!cli->format_given)
		return 0;
	if (cli->report_count > 1 || cli->reports[0].file)
		return error_set(
			error, EINVAL,
			"--image: an image has one report, on its console; `ring0 image read` makes the "
			"others of it");
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (cli->reports[0].ops == formats[i]) {
			buffer_print(buffer, " --format=%s", formats[i]->name);
			return 0;
		}
	return error_set(
		error, EINVAL,
		"--image --format=%s: an image reports as sotest, tap or ktap; `ring0 image read` makes the "
		"others of it",
		cli->reports[0].ops->name);
}

static int add_word(struct buffer *buffer, const char *word, struct error *error)
{
	if (strpbrk(word, " \t\n"))
		return error_set(
			error, EINVAL,
			"--image: the pattern \"%.100s\" has a blank, which an image's command line can't hold",
			word);
	buffer_print(buffer, " %s", word);
	return 0;
}

int image_words(const struct cli *cli, char **words, struct error *error)
{
	const struct plan_selection *selection = &cli->selection;
	const char *refused = find_refused(cli);
	struct buffer buffer = { 0 };
	size_t i;
	int err;

	if (refused)
		return error_set(
			error, EINVAL,
			"--image writes the program as a kernel and runs nothing: it does not go with --%s",
			refused);
	err = add_format(cli, &buffer, error);
	for (i = 0; i < selection->pattern_count && !err; i++)
		err = add_word(&buffer, selection->patterns[i], error);
	for (i = 0; i < selection->group_count; i++)
		buffer_print(&buffer, "%s%s", i ? "," : " --group=", selection->groups[i]);
	if (selection->all)
		buffer_print(&buffer, " --all");
	if (cli->verbose)
		buffer_print(&buffer, " --verbose");
	if (cli->timeout_ms)
		buffer_print(&buffer, " --timeout=%u", cli->timeout_ms);
	if (!err && buffer.length > WORDS_MAX)
		err = error_set(error, EINVAL,
				"--image: a command line of %zu bytes: an image takes %d",
				buffer.length, WORDS_MAX);
	*words = buffer_take(&buffer);
	if (!err && !*words)
		*words = strdup("");
	if (err) {
		free(*words);
		*words = NULL;
	}
	return err;
}
