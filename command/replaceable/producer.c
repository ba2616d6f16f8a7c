/* SPDX-License-Identifier: MIT */
/*
 * Reading producers: "GNU C17 12.2.0 -mtune=generic -g -O2", which GCC always makes so, and "Debian clang
 * version 14.0.6", behind which the command line is only with -grecord-command-line.
 */
#include "command/replaceable/producer.h"
#include <stdio.h>
#include <string.h>

/* The next word, or NULL; a space within one has a backslash before it. */
static const char *next_word(const char **text, size_t *length)
{
	const char *start = *text + strspn(*text, " "), *at = start;

	if (!*start)
		return NULL;
	while (*at && *at != ' ')
		at += at[0] == '\\' && at[1] ? 2 : 1;
	*length = (size_t)(at - start);
	*text = at;
	return start;
}

static bool is(const char *word, size_t length, const char *flag)
{
	return strlen(flag) == length && strncmp(word, flag, length) == 0;
}

static bool begins(const char *word, size_t length, const char *flag)
{
	return length >= strlen(flag) && strncmp(word, flag, strlen(flag)) == 0;
}

static void take_flag(struct producer *producer, const char *word, size_t length)
{
	if (begins(word, length, "-O"))
		producer->optimizes = !is(word, length, "-O0");
	else if (is(word, length, "-fPIC") || is(word, length, "-fpic"))
		producer->pic = true;
	else if (is(word, length, "-fPIE") || is(word, length, "-fpie") ||
		 is(word, length, "-fno-PIC") || is(word, length, "-fno-pic") ||
		 is(word, length, "-fno-PIE") || is(word, length, "-fno-pie"))
		producer->pic = false;
	else if (is(word, length, "-fsemantic-interposition"))
		producer->interposition = true;
	else if (is(word, length, "-fno-semantic-interposition") || is(word, length, "-Ofast"))
		producer->interposition = false;
	else if (begins(word, length, "-flive-patching"))
		producer->live_patching = true;
	else if (is(word, length, "-fno-live-patching"))
		producer->live_patching = false;
	else if (begins(word, length, "-flto") || is(word, length, "-fwhole-program"))
		producer->lto = true;
	else if (is(word, length, "-fno-lto"))
		producer->lto = false;
}

struct producer producer_of(const char *text)
{
	struct producer producer = { 0 };
	const char *word;
	size_t length;

	if (!text)
		return producer;
	if (strncmp(text, "GNU ", 4) == 0) {
		producer.compiler = COMPILER_GCC;
		producer.has_flags = true;
		/* Unless -Ofast or a flag says otherwise: GCC's manual, -fsemantic-interposition. */
		producer.interposition = true;
		producer.lto = strncmp(text, "GNU GIMPLE", 10) == 0;
	} else if (strstr(text, "clang")) {
		producer.compiler = COMPILER_CLANG;
	}
	while ((word = next_word(&text, &length))) {
		/* Its own path comes before its flags. */
		if (producer.compiler == COMPILER_CLANG && word[0] == '/')
			producer.has_flags = true;
		/* What follows is a file's name. */
		if (is(word, length, "-o"))
			next_word(&text, &length);
		else
			take_flag(&producer, word, length);
	}
	if (producer.compiler == COMPILER_CLANG && !producer.has_flags)
		return (struct producer){ .compiler = COMPILER_CLANG };
	return producer;
}

bool producer_knows(const char *text, const char *function)
{
	struct producer producer = producer_of(text);
	static const char no_builtin[] = "-fno-builtin-";
	bool knows = true;
	const char *word;
	size_t length;

	if (!producer.has_flags)
		return true;
	while ((word = next_word(&text, &length))) {
		if (is(word, length, "-fno-builtin") || is(word, length, "-ffreestanding"))
			knows = false;
		else if (is(word, length, "-fbuiltin") || is(word, length, "-fhosted"))
			knows = true;
		else if (begins(word, length, no_builtin) &&
			 is(word + strlen(no_builtin), length - strlen(no_builtin), function))
			return false;
	}
	return knows;
}

bool producer_is_own(const char *text)
{
	const char *word;
	size_t length;

	while (text && (word = next_word(&text, &length)))
		if (is(word, length, "-fno-builtin-ring0"))
			return true;
	return false;
}

/* <math.h> and <complex.h>, without the F or L of other types: calls of constants become constants. */
static bool is_mathematical(const char *function)
{
	static const char names[] =
		" acos acosh asin asinh atan atan2 atanh cabs cacos cacosh carg casin casinh catan "
		"catanh cbrt ccos ccosh ceil cexp cimag clog conj copysign cos cosh cpow cproj creal "
		"csin csinh csqrt ctan ctanh drem erf erfc exp exp10 exp2 expm1 fabs fdim finite floor "
		"fma fmax fmin fmod frexp gamma hypot ilogb isinf isnan j0 j1 jn ldexp lgamma llrint "
		"llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter "
		"nexttoward pow pow10 remainder remquo rint round roundeven scalb scalbln scalbn "
		"signbit significand sin sincos sinh sqrt tan tanh tgamma trunc y0 y1 yn ";
	size_t length = strlen(function);
	char word[32];

	if (!length || length > sizeof(word) - 3)
		return false;
	snprintf(word, sizeof(word), " %s ", function);
	if (strstr(names, word))
		return true;
	if (!strchr("fl", function[length - 1]))
		return false;
	snprintf(word, sizeof(word), " %.*s ", (int)length - 1, function);
	return strstr(names, word) != NULL;
}

bool producer_is_builtin(const char *function)
{
	static const char *const names[] = {
		"abort",
		"abs",
		"alloca",
		"bcmp",
		"bcopy",
		"bzero",
		"calloc",
		"exit",
		"_exit",
		"_Exit",
		"fprintf",
		"fputc",
		"fputs",
		"free",
		"fwrite",
		"imaxabs",
		"index",
		"isalnum",
		"isalpha",
		"isascii",
		"isblank",
		"iscntrl",
		"isdigit",
		"isgraph",
		"islower",
		"isprint",
		"ispunct",
		"isspace",
		"isupper",
		"isxdigit",
		"labs",
		"llabs",
		"malloc",
		"memchr",
		"memcmp",
		"memcpy",
		"memmove",
		"mempcpy",
		"memset",
		"printf",
		"putchar",
		"puts",
		"realloc",
		"rindex",
		"snprintf",
		"sprintf",
		"sscanf",
		"scanf",
		"stpcpy",
		"stpncpy",
		"strcat",
		"strchr",
		"strcmp",
		"strcpy",
		"strcspn",
		"strdup",
		"strlen",
		"strncat",
		"strncmp",
		"strncpy",
		"strndup",
		"strnlen",
		"strpbrk",
		"strrchr",
		"strspn",
		"strstr",
		"toascii",
		"tolower",
		"toupper",
		"vfprintf",
		"vprintf",
		"vscanf",
		"vsprintf",
		"vsscanf",
		"vsnprintf",
		"strcasecmp",
		"strncasecmp",
		"aligned_alloc",
		"ffs",
		"ffsl",
		"ffsll",
		"memccpy",
		"memrchr",
		"posix_memalign",
		"fprintf_unlocked",
		"fputc_unlocked",
		"fputs_unlocked",
		"fwrite_unlocked",
		"printf_unlocked",
		"putchar_unlocked",
		"puts_unlocked",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(function, names[i]) == 0)
			return true;
	return is_mathematical(function);
}
