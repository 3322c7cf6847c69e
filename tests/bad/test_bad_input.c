/*
 * Policy files that are wrong, and all that is said of them. A file of rows:
 *
 *     === what is wrong
 *     --- accesspolicy.conf
 *     the file's lines; %policy% is a policy that is right, %deep% a department's path that is too deep, %long% a long
 *     text
 *     --- another file beside it
 *     > conf.d/10-a.conf:1: the first diagnostic; "warning: " stands in front of one
 *
 * The diagnostics are all that there are, in their order; an error rejects the files, warnings do not.
 */
#include "../../lib/make/load.h"
#include "rows.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ROW_MAX = 65536 };

typedef struct {
	char title[256];
	char *folder; /* of the row's files */
	FILE *file;   /* the one that is being written */
	char expected[ROW_MAX];
	char found[ROW_MAX];
} row;

static unsigned failed, n_rows;

static void repeat(FILE *file, const char *text, unsigned n)
{
	while (n-- > 0)
		(void)fputs(text, file);
}

static void write_line(FILE *file, const char *line)
{
	const char *mark = strchr(line, '%');

	if (mark == NULL || mark[1] == '\0') {
		(void)fputs(line, file);
		return;
	}
	(void)fprintf(file, "%.*s", (int)(mark - line), line);
	if (strncmp(mark, "%policy%", 8) == 0)
		(void)fputs("policies = ( { name = \"P\"; type = \"blacklist\"; scope = { all = true; }; } );", file);
	else if (strncmp(mark, "%deep%", 6) == 0)
		repeat(file, "a/", 128), (void)fputs("a", file);
	else if (strncmp(mark, "%long%", 6) == 0)
		repeat(file, "x", 501);
	else {
		(void)fputc('%', file);
		write_line(file, mark + 1);
		return;
	}
	write_line(file, strchr(mark + 1, '%') + 1);
}

static void close_file(row *r)
{
	if (r->file != NULL)
		assert_int_equal(fclose(r->file), 0);
	r->file = NULL;
}

static void open_file(row *r, const char *name)
{
	char *path = ap_scratch_path(r->folder, name);
	char *slash;

	close_file(r);
	for (slash = strchr(path + strlen(r->folder) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
	r->file = fopen(path, "we");
	assert_non_null(r->file);
	assert_int_equal(fchmod(fileno(r->file), 0644), 0);
	free(path);
}

/* The folder's own name is another in each run. */
static void append_without_folder(char *to, const char *text, const char *folder)
{
	size_t length = strlen(folder) + 1, used = strlen(to);

	while (*text != '\0') {
		if (strncmp(text, folder, length - 1) == 0 && text[length - 1] == '/') {
			text += length;
		} else {
			assert_true(used < ROW_MAX - 1);
			to[used++] = *text++;
		}
	}
	to[used] = '\0';
}

static void describe(row *r, const ap_diagnostics *diagnostics)
{
	char line[4096];

	for (size_t i = 0; i < diagnostics->n; i++) {
		const ap_diagnostic *item = &diagnostics->items[i];

		(void)snprintf(line, sizeof(line), "%s%s:%u: %s\n", item->severity == AP_WARNING ? "warning: " : "",
			       item->file, item->line, item->message);
		append_without_folder(r->found, line, r->folder);
	}
}

static void judge(row *r)
{
	char *config = ap_scratch_path(r->folder, "accesspolicy.conf");
	ap_load_options options = { .config = config };
	ap_policy_set *untouched = (ap_policy_set *)r, *set = untouched;
	ap_diagnostics diagnostics = { 0 };
	ap_status status;

	close_file(r);
	status = ap_load(&options, &set, &diagnostics);
	describe(r, &diagnostics);
	AP_ROW(failed, strcmp(r->found, r->expected) == 0, "%s: found\n%sexpected\n%s", r->title, r->found,
	       r->expected);
	AP_ROW(failed, diagnostics.n > 0, "%s: nothing is said", r->title);
	AP_ROW(failed, status == (diagnostics.n_errors > 0 ? AP_ERR_POLICY : AP_OK), "%s: status %d", r->title, status);
	AP_ROW(failed, (set == untouched) == (status != AP_OK), "%s: the set is given on success only", r->title);
	if (set != untouched)
		ap_policy_set_free(set);
	ap_diagnostics_clear(&diagnostics);
	free(config);
	n_rows++;
}

static void end_row(row *r)
{
	if (r->folder == NULL)
		return;
	judge(r);
	ap_scratch_free(r->folder);
	r->folder = NULL;
}

static void start_row(row *r, const char *title)
{
	end_row(r);
	(void)snprintf(r->title, sizeof(r->title), "%s", title);
	r->folder = ap_scratch_new();
	r->expected[0] = r->found[0] = '\0';
}

static void take_line(row *r, const char *line)
{
	if (strncmp(line, "=== ", 4) == 0) {
		start_row(r, line + 4);
	} else if (r->folder != NULL && strncmp(line, "--- ", 4) == 0) {
		open_file(r, line + 4);
	} else if (r->folder != NULL && strncmp(line, "> ", 2) == 0) {
		close_file(r);
		append_without_folder(r->expected, line + 2, r->folder);
		append_without_folder(r->expected, "\n", r->folder);
	} else if (r->file != NULL) {
		write_line(r->file, line);
		(void)fputc('\n', r->file);
	}
}

static void test_each_row_is_told_exactly(void **state)
{
	char *rows = ap_scratch_read(*state, NULL), *line, *rest = rows;
	row *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	while ((line = strsep(&rest, "\n")) != NULL)
		take_line(r, line);
	end_row(r);
	free(r);
	free(rows);
	assert_true(n_rows > 0);
	AP_ROWS_END(failed);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[] = { cmocka_unit_test(test_each_row_is_told_exactly) };

	if (argc != 2) {
		(void)fputs("usage: test_bad_input FILE\n", stderr);
		return 2;
	}
	tests[0].initial_state = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
