#include "logins.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (file == NULL || getdelim(&text, &size, '\0', file) < 0)
		err(EXIT_FAILURE, "%s", path);
	(void)fclose(file);
	return text;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static bench_login parse_line(const char *path, char *line)
{
	char *rest = NULL;
	const char *user = strtok_r(line, "\t", &rest), *rhost = strtok_r(NULL, "\t", &rest);
	const char *code = strtok_r(NULL, "\t", &rest);

	if (code == NULL)
		errx(EXIT_FAILURE, "%s: a line is not of member, address and code", path);
	return (bench_login){ .user = user, .rhost = rhost, .code = (int)bench_number(code) };
}

void bench_logins_read(const char *path, bench_logins *ret_logins)
{
	char *rest = NULL, *line;
	size_t n_lines;

	*ret_logins = (bench_logins){ .text = read_text(path) };
	n_lines = count_lines(ret_logins->text);
	ret_logins->items = calloc(n_lines + 1, sizeof(*ret_logins->items));
	if (ret_logins->items == NULL || n_lines == 0)
		errx(EXIT_FAILURE, "%s: no logins, or no memory for them", path);
	for (line = strtok_r(ret_logins->text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		ret_logins->items[ret_logins->n++] = parse_line(path, line);
}

const bench_login *bench_logins_at(const bench_logins *logins, size_t number)
{
	return &logins->items[number % logins->n];
}

void bench_logins_free(bench_logins *logins)
{
	free(logins->items);
	free(logins->text);
	*logins = (bench_logins){ .n = 0 };
}

size_t bench_number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		errx(EXIT_FAILURE, "\"%s\" is no number", text);
	return value;
}
