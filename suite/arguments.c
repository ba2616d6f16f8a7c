/* SPDX-License-Identifier: MIT */
/* Words as a shell has them: POSIX.1-2017, Shell & Utilities, 2.2 and 2.6. Depends on libc only. */
#include "suite/arguments.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	const char *at;
	const struct suite_expansion *expansion;
	struct suite_arguments *arguments;
	FILE *word; /* the one that is open, or NULL */
	char *text; /* what is in it */
	size_t size;
	struct error *error;
};

static int put(struct parser *parser, const char *text, size_t size)
{
	if (!parser->word)
		parser->word = open_memstream(&parser->text, &parser->size);
	if (!parser->word)
		return error_set(parser->error, ENOMEM, "out of memory for arguments");
	fwrite(text, 1, size, parser->word);
	return 0;
}

static int end_word(struct parser *parser)
{
	char **words;
	int err = 0;

	if (!parser->word)
		return 0;
	if (fclose(parser->word))
		err = -ENOMEM;
	parser->word = NULL;
	words = reallocarray(parser->arguments->words, parser->arguments->count + 2,
			     sizeof(*words));
	if (err || !words) {
		free(parser->text);
		return error_set(parser->error, ENOMEM, "out of memory for arguments");
	}
	parser->arguments->words = words;
	words[parser->arguments->count++] = parser->text;
	words[parser->arguments->count] = NULL;
	return 0;
}

static int put_value(struct parser *parser, char *value)
{
	int err;

	if (!value)
		return error_set(parser->error, ENOTSUP, "out of memory for arguments");
	err = put(parser, value, strlen(value));
	free(value);
	return err;
}

static int expand_variable(struct parser *parser, const char *name, size_t length)
{
	char text[64];

	if (!length || length >= sizeof(text))
		return error_set(parser->error, EINVAL, "a $ without the name of a variable: %.40s",
				 name);
	memcpy(text, name, length);
	text[length] = '\0';
	return put_value(parser, parser->expansion->variable(parser->expansion->context, text,
							     parser->error));
}

static int expand_command(struct parser *parser, const char *command, size_t length)
{
	char *text = strndup(command, length);
	int err;

	if (!text)
		return error_set(parser->error, ENOMEM, "out of memory for arguments");
	err = put_value(parser, parser->expansion->command(parser->expansion->context, text,
							   parser->error));
	free(text);
	return err;
}

static size_t name_length(const char *text)
{
	size_t length = 0;

	if (isdigit((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length;
}

/* The bracket that closes the one before `text`, or NULL. Quotes in a command are not looked at. */
static const char *closing(const char *text)
{
	unsigned int depth = 1;

	for (; *text; text++) {
		depth += *text == '(';
		if (*text == ')' && !--depth)
			return text;
	}
	return NULL;
}

/* At a $. */
static int expand_dollar(struct parser *parser)
{
	const char *text = parser->at + 1, *end;
	size_t length;

	if (text[0] == '(' && text[1] == '(')
		return error_set(parser->error, ENOTSUP, "arithmetic is not done here: %.40s",
				 parser->at);
	if (text[0] == '(') {
		end = closing(text + 1);
		if (!end)
			return error_set(parser->error, EINVAL, "a $( that never ends: %.40s",
					 parser->at);
		parser->at = end + 1;
		return expand_command(parser, text + 1, (size_t)(end - text - 1));
	}
	if (text[0] == '{') {
		length = name_length(text + 1);
		if (text[1 + length] != '}')
			return error_set(parser->error, ENOTSUP,
					 "no more than ${NAME} is known here: %.40s", parser->at);
		parser->at = text + length + 2;
		return expand_variable(parser, text + 1, length);
	}
	length = name_length(text);
	parser->at = text + length;
	return expand_variable(parser, text, length);
}

/* At a backquote. */
static int expand_backquoted(struct parser *parser)
{
	const char *text = parser->at + 1, *end = strchr(text, '`');

	if (!end)
		return error_set(parser->error, EINVAL, "a ` that never ends: %.40s", parser->at);
	parser->at = end + 1;
	return expand_command(parser, text, (size_t)(end - text));
}

static int take_single_quoted(struct parser *parser)
{
	const char *text = parser->at + 1, *end = strchr(text, '\'');

	if (!end)
		return error_set(parser->error, EINVAL, "a ' that never ends: %.40s", parser->at);
	parser->at = end + 1;
	return put(parser, text, (size_t)(end - text));
}

static int take_double_quoted(struct parser *parser)
{
	const char *begin = parser->at++;
	int err = put(parser, "", 0);

	while (!err && *parser->at && *parser->at != '"') {
		if (*parser->at == '\\' && parser->at[1] && strchr("$`\"\\\n", parser->at[1])) {
			if (parser->at[1] != '\n')
				err = put(parser, parser->at + 1, 1);
			parser->at += 2;
		} else if (*parser->at == '$' && (parser->at[1] == '(' || parser->at[1] == '{' ||
						  name_length(parser->at + 1))) {
			err = expand_dollar(parser);
		} else if (*parser->at == '`') {
			err = expand_backquoted(parser);
		} else {
			err = put(parser, parser->at++, 1);
		}
	}
	if (!err && !*parser->at)
		err = error_set(parser->error, EINVAL, "a \" that never ends: %.40s", begin);
	parser->at += !err;
	return err;
}

static int take_escaped(struct parser *parser)
{
	int err = 0;

	if (!parser->at[1])
		return error_set(parser->error, EINVAL, "a backslash at the end");
	if (parser->at[1] != '\n')
		err = put(parser, parser->at + 1, 1);
	parser->at += 2;
	return err;
}

static int take(struct parser *parser)
{
	switch (*parser->at) {
	case ' ':
	case '\t':
	case '\n':
	case '\r':
		parser->at++;
		return end_word(parser);
	case '\'':
		return take_single_quoted(parser);
	case '"':
		return take_double_quoted(parser);
	case '\\':
		return take_escaped(parser);
	case '$':
		return expand_dollar(parser);
	case '`':
		return expand_backquoted(parser);
	case ';':
	case '&':
	case '|':
	case '<':
	case '>':
	case '(':
	case ')':
		return error_set(parser->error, EINVAL, "a %c has to be in quotes: %.40s",
				 *parser->at, parser->at);
	case '#':
		if (parser->word)
			break;
		parser->at += strcspn(parser->at, "\n");
		return 0;
	default:
		break;
	}
	return put(parser, parser->at++, 1);
}

int suite_arguments_parse(struct suite_arguments *arguments, const char *text,
			  const struct suite_expansion *expansion, struct error *error)
{
	struct parser parser = {
		.at = text,
		.expansion = expansion,
		.arguments = arguments,
		.error = error,
	};
	int err = 0;

	*arguments = (struct suite_arguments){ calloc(1, sizeof(*arguments->words)), 0 };
	if (!arguments->words)
		return error_set(error, ENOMEM, "out of memory for arguments");
	while (!err && *parser.at)
		err = take(&parser);
	if (!err)
		return end_word(&parser);
	if (parser.word) {
		fclose(parser.word);
		free(parser.text);
	}
	return err;
}

void suite_arguments_finish(struct suite_arguments *arguments)
{
	size_t i;

	for (i = 0; i < arguments->count; i++)
		free(arguments->words[i]);
	free(arguments->words);
	*arguments = (struct suite_arguments){ 0 };
}

char *suite_arguments_join(const struct suite_arguments *arguments)
{
	char *text = NULL;
	size_t size = 0, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (i = 0; i < arguments->count; i++)
		fprintf(out, "%s%s", i ? " " : "", arguments->words[i]);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}
