/*
 * Names as long as the files may have them: either the reader refuses one, or an image is made of it that a login can
 * use. What never ends would hang every `apply`; what no login can read would lock everybody out.
 */
#include "../../lib/login/request.h"
#include "../../lib/make/compile.h"
#include "../../lib/make/load.h"
#include "rows.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 4 };
enum { REFUSED = 10, USABLE, UNUSABLE, ENDLESS };

static const struct row {
	const char *what;
	size_t length;
	size_t n; /* names, each of another end */
} rows[] = {
	{ "member", 900, 1 },
	{ "member", 900, 50 },
	{ "member", 1024, 200 },
	{ "member", 1025, 1 },
	{ "member", 70000, 1 },
	{ "domain", 255, 100 },
	{ "domain", 256, 1 },
	{ "department", 4000, 30 },
	{ "department", 70000, 1 },
	{ "group", 100, 300 },
	{ "group", 1024, 100 },
	{ "group", 2100, 1 },
	{ "group", 4000, 1 },
	/* these were compiled for ever: no bucket has room for such an entry, or not for as many as there are */
	{ "group", 2100, 30 },
	{ "group", 4060, 1 },
	{ "group", 5000, 1 },
	{ "group", 70000, 1 },
	{ "hint", 100, 60 },
	{ "hint", 1024, 20 },
	{ "hint", 4000, 3 },
	{ "hint", 4079, 1 },
	/* these were compiled, and every login that came to them found the image damaged */
	{ "hint", 4080, 1 },
	{ "hint", 5000, 1 },
	{ "hint", 70000, 1 },
};

/* The name of that number; a domain's is cut into labels by nobody, since DNS is not asked. */
static void write_name(FILE *out, const struct row *row, size_t number)
{
	char end[24];
	int length = snprintf(end, sizeof(end), "%zu", number);

	for (size_t i = (size_t)length; i < row->length; i++)
		(void)fputc('x', out);
	(void)fputs(end, out);
}

static void write_names(FILE *out, const struct row *row)
{
	for (size_t i = 0; i < row->n; i++) {
		(void)fputs(i > 0 ? ", \"" : "\"", out);
		write_name(out, row, i);
		(void)fputs("\"", out);
	}
}

static char *write_policies(const struct row *row)
{
	bool hint = strcmp(row->what, "hint") == 0, department = strcmp(row->what, "department") == 0;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (hint)
		(void)fprintf(out, "client_types = ( { name = \"kiosk\"; service = [ ");
	else if (department)
		(void)fprintf(out, "departments = ( { name = \"");
	if (hint)
		write_names(out, row);
	for (size_t i = 0; department && i < row->n; i++) {
		(void)fputs(i > 0 ? "\"; }, { name = \"" : "", out);
		write_name(out, row, i);
	}
	(void)fputs(hint ? " ]; } );\n" : department ? "\"; } );\n" : "", out);
	(void)fprintf(out, "policies = ( { name = \"p\"; type = \"blacklist\"; ip = [ \"10.0.0.0/8\" ]; scope = { ");
	if (hint)
		(void)fprintf(out, "all = true");
	else
		(void)fprintf(out, "%ss = [ ", row->what);
	if (!hint)
		write_names(out, row);
	(void)fprintf(out, "%s; }; } );\n", hint ? "" : " ]");
	assert_int_equal(fclose(out), 0);
	return text;
}

static char *last_name(const struct row *row)
{
	char *name = NULL;
	size_t size;
	FILE *out = open_memstream(&name, &size);

	write_name(out, row, row->n - 1);
	assert_int_equal(fclose(out), 0);
	return name;
}

/* Does a login find the last of the names? Without name services: groups are looked for in the image alone. */
static bool is_usable(const ap_image *image, const struct row *row)
{
	char *name = last_name(row);
	const ap_image_head *head = ap_image_head_of(image);
	ap_view view = ap_view_of(image);
	const ap_facts facts = { .user = "anna", .service = name, .rhost = "10.1.2.3" };
	ap_request request;
	bool found = false;

	if (ap_request_init(&request, image, &facts, NULL) != AP_OK)
		return false;
	if (strcmp(row->what, "hint") == 0)
		found = request.client_source == AP_CLIENT_HINTED;
	else if (strcmp(row->what, "member") == 0)
		found = ap_view_find(&view, &head->members, name, strlen(name)).known;
	else if (strcmp(row->what, "domain") == 0)
		found = ap_view_find(&view, &head->domains, name, strlen(name)).known;
	else if (strcmp(row->what, "group") == 0)
		found = ap_view_find(&view, &head->groups, name, strlen(name)).known &&
			strcmp(ap_view_string(&view, ap_view_group(&view, (uint32_t)row->n - 1).name), name) == 0;
	else
		found = strcmp(ap_view_string(&view, ap_view_department(&view, (uint32_t)row->n - 1).name), name) == 0;
	ap_request_clear(&request);
	free(name);
	return found && view.sound;
}

static int judge(const struct row *row)
{
	char *text = write_policies(row);
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	ap_image *image = NULL;

	if (ap_load_text("/nowhere/test.conf", text, strlen(text), &set, &diagnostics) != AP_OK)
		return diagnostics.n_errors > 0 ? REFUSED : UNUSABLE;
	if (ap_compile_image(set, 0, &image, NULL) != AP_OK)
		return REFUSED;
	return is_usable(image, row) ? USABLE : UNUSABLE;
}

static int judge_in_child(const struct row *row)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		(void)signal(SIGALRM, SIG_DFL);
		(void)alarm(SECONDS);
		_exit(judge(row));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return ENDLESS;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_long_names_are_refused_or_usable(void **state)
{
	static const char *const results[] = { "is refused", "is usable", "is accepted, and no login can use it",
					       "is accepted, and never compiled" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		int result = judge_in_child(&rows[i]);

		AP_ROW(failed, result == REFUSED || result == USABLE, "row %zu: %zu × a %s of %zu bytes %s", i,
		       rows[i].n, rows[i].what, rows[i].length,
		       result < REFUSED || result > ENDLESS ? "ended the process" : results[result - REFUSED]);
		AP_ROW(failed, rows[i].length > 255 || result == USABLE, "row %zu: a %s of %zu bytes is refused", i,
		       rows[i].what, rows[i].length);
	}
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_long_names_are_refused_or_usable) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
