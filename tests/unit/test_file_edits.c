/*
 * Policy files that are changed: read as they will be, changed all or none, and put in force with the change or left as
 * they were.
 */
#include "../../lib/make/apply.h"
#include "../../lib/make/file_edits.h"
#include "reader_files.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define POLICY(name) "policies = ( { name = \"" name "\"; type = \"blacklist\"; scope = { all = true; }; } );\n"
#define MAX_EDITS 4

typedef struct {
	reader_files files;
	ap_arena *arena;
	ap_file_edit edits[MAX_EDITS];
	size_t n;
} lab;

static lab lab_new(void)
{
	lab l = { .files = reader_files_new(POLICY("root")), .arena = ap_arena_new() };

	reader_files_write(&l.files, "conf.d/50-a.conf", POLICY("A"));
	reader_files_write(&l.files, "conf.d/50-b.conf", POLICY("B"));
	return l;
}

static void lab_free(lab *l)
{
	reader_files_free(&l->files);
	ap_arena_free(l->arena);
}

/* An edit of a drop-in. */
static void edit(lab *l, const char *name, const char *before, const char *text)
{
	l->edits[l->n++] = (ap_file_edit){ .path = ap_load_drop_in_path(l->arena, l->files.config, name),
					   .text = text,
					   .before = before };
}

/* "A B C": the policies' names in the folder as it is, with the edits where `edited`. */
static const char *names(lab *l, bool edited)
{
	ap_load_options options = { .config = l->files.config, .edits = l->edits, .n_edits = edited ? l->n : 0 };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	char *text = ap_arena_alloc(l->arena, 200);

	if (ap_load(&options, &set, &diagnostics) != AP_OK)
		fail_msg("%s: %s", diagnostics.items[0].file, diagnostics.items[0].message);
	for (size_t i = 0; i < set->n_policies; i++)
		strcat(strcat(text, i > 0 ? " " : ""), set->policies[i].name);
	ap_diagnostics_clear(&diagnostics);
	ap_policy_set_free(set);
	return text;
}

/* What stands in conf.d, hidden files too, as a number. */
static size_t count_entries(const lab *l)
{
	char *path = ap_scratch_path(l->files.folder, "conf.d");
	DIR *stream = opendir(path);
	size_t n = 0;

	assert_non_null(stream);
	while (readdir(stream) != NULL)
		n++;
	(void)closedir(stream);
	free(path);
	return n - 2;
}

static void test_files_are_read_as_they_will_be(void **state)
{
	lab l = lab_new();

	(void)state;
	edit(&l, "50-b.conf", POLICY("B"), POLICY("changed"));
	edit(&l, "50-a.conf", POLICY("A"), NULL);
	edit(&l, "10-new.conf", NULL, POLICY("new"));
	assert_string_equal(names(&l, true), "root new changed");
	assert_string_equal(names(&l, false), "root A B");
	l.edits[0] = (ap_file_edit){ .path = l.files.config, .text = POLICY("another root") };
	assert_string_equal(names(&l, true), "another root new B");
	lab_free(&l);
}

static void test_all_are_changed(void **state)
{
	lab l = lab_new();
	ap_diagnostics refusals = { 0 };
	ap_file_edits *edits;
	ap_error error = { 0 };

	(void)state;
	edit(&l, "50-b.conf", POLICY("B"), POLICY("changed"));
	edit(&l, "50-a.conf", POLICY("A"), NULL);
	edit(&l, "10-new.conf", NULL, POLICY("new"));
	assert_true(ap_file_edits_are_current(l.edits, l.n, &refusals));
	assert_int_equal(ap_file_edits_prepare(l.arena, l.files.config, l.edits, l.n, &edits, &error), AP_OK);
	assert_string_equal(names(&l, false), "root A B");
	assert_int_equal(ap_file_edits_carry_out(edits, &error), AP_OK);
	ap_file_edits_keep(edits);
	assert_string_equal(names(&l, false), "root new changed");
	assert_int_equal(count_entries(&l), 2);
	lab_free(&l);
}

static void test_what_was_done_is_taken_back(void **state)
{
	lab l = lab_new();
	ap_file_edits *edits;
	ap_error error = { 0 };

	(void)state;
	edit(&l, "50-b.conf", POLICY("B"), POLICY("changed"));
	edit(&l, "50-a.conf", POLICY("A"), NULL);
	edit(&l, "10-new.conf", NULL, POLICY("new"));
	assert_int_equal(ap_file_edits_prepare(l.arena, l.files.config, l.edits, l.n, &edits, &error), AP_OK);
	assert_int_equal(ap_file_edits_carry_out(edits, &error), AP_OK);
	assert_string_equal(names(&l, false), "root new changed");
	assert_int_equal(ap_file_edits_take_back(edits, &error), AP_OK);
	assert_string_equal(names(&l, false), "root A B");
	assert_int_equal(count_entries(&l), 2);
	lab_free(&l);
}

/* The second of two cannot be written: its folder is a file. */
static void test_none_is_changed_where_one_cannot_be(void **state)
{
	lab l = lab_new();
	ap_file_edits *edits = NULL;
	ap_error error = { 0 };

	(void)state;
	edit(&l, "50-b.conf", POLICY("B"), POLICY("changed"));
	l.edits[l.n++] = (ap_file_edit){ .path = ap_load_drop_in_path(l.arena, l.files.config, "50-a.conf/x.conf"),
					 .text = POLICY("new") };
	assert_int_not_equal(ap_file_edits_prepare(l.arena, l.files.config, l.edits, l.n, &edits, &error), AP_OK);
	assert_string_not_equal(error.message, "");
	assert_null(edits);
	l.n = 0;
	assert_string_equal(names(&l, false), "root A B");
	assert_int_equal(count_entries(&l), 2);
	lab_free(&l);
}

static void test_a_link_stays_one_and_a_mode_stays(void **state)
{
	lab l = lab_new();
	char *real = ap_scratch_write(l.files.folder, "elsewhere.conf", POLICY("linked"), 0640);
	ap_file_edits *edits;
	ap_error error = { 0 };
	struct stat info;

	(void)state;
	edit(&l, "60-link.conf", POLICY("linked"), POLICY("changed"));
	assert_int_equal(symlink(real, l.edits[0].path), 0);
	assert_int_equal(ap_file_edits_prepare(l.arena, l.files.config, l.edits, l.n, &edits, &error), AP_OK);
	assert_int_equal(ap_file_edits_carry_out(edits, &error), AP_OK);
	ap_file_edits_keep(edits);
	assert_string_equal(names(&l, false), "root A B changed");
	assert_int_equal(lstat(l.edits[0].path, &info), 0);
	assert_true(S_ISLNK(info.st_mode));
	assert_int_equal(stat(real, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0640);
	free(real);
	lab_free(&l);
}

/* What an edit was made from, and what is said where the file is another by then. */
static void test_an_edit_of_what_changed_meanwhile_is_refused(void **state)
{
	static const struct {
		const char *name;
		const char *before;
		const char *said; /* NULL: it is current */
	} rows[] = {
		{ "50-a.conf", POLICY("A"), NULL },
		{ "50-a.conf", POLICY("B"), "was changed meanwhile, by somebody else; look at it, and try again" },
		{ "50-a.conf", NULL, "has come there meanwhile; look at it, and try again" },
		{ "50-c.conf", NULL, NULL },
		{ "50-c.conf", POLICY("C"), "is gone meanwhile; look for it, and try again" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ap_diagnostics refusals = { 0 };
		lab l = lab_new();

		edit(&l, rows[i].name, rows[i].before, "");
		assert_int_equal(ap_file_edits_are_current(l.edits, l.n, &refusals), rows[i].said == NULL);
		if (rows[i].said != NULL)
			assert_string_equal(refusals.items[0].message, rows[i].said);
		ap_diagnostics_clear(&refusals);
		lab_free(&l);
	}
}

/*
 * With apply
 */

static ap_apply_result apply(lab *l, bool with_pending)
{
	char *state = ap_scratch_path(l->files.folder, "state");
	ap_apply_options options = { .config = l->files.config,
				     .state = state,
				     .edits = l->edits,
				     .n_edits = l->n,
				     .with_pending = with_pending,
				     .by = "test",
				     .now = 1800000000 };
	ap_apply_result result;

	ap_apply(&options, l->arena, &result);
	free(state);
	return result;
}

static void assert_outcome(lab *l, bool with_pending, ap_apply_outcome outcome, const char *said)
{
	ap_apply_result result = apply(l, with_pending);

	assert_int_equal(result.outcome, outcome);
	if (said != NULL)
		assert_string_equal(outcome == AP_APPLY_REFUSED ? result.refusals.items[0].message
								: result.problems.items[0].message,
				    said);
	ap_apply_result_clear(&result);
}

static void test_an_edit_is_put_in_force_with_its_files(void **state)
{
	lab l = lab_new();

	(void)state;
	assert_outcome(&l, false, AP_APPLY_DONE, NULL);
	edit(&l, "50-b.conf", POLICY("B"), POLICY("changed"));
	assert_outcome(&l, false, AP_APPLY_DONE, NULL);
	assert_string_equal(names(&l, false), "root A changed");
	/* what is in force is the files' */
	l.n = 0;
	assert_outcome(&l, false, AP_APPLY_UNCHANGED, NULL);
	lab_free(&l);
}

static void test_an_edit_that_makes_no_policy_changes_nothing(void **state)
{
	lab l = lab_new();

	(void)state;
	assert_outcome(&l, false, AP_APPLY_DONE, NULL);
	edit(&l, "50-b.conf", POLICY("B"), "polices = ( );\n");
	assert_outcome(&l, false, AP_APPLY_UNREADABLE,
		       "unknown key \"polices\" at the top level; did you mean \"policies\"?");
	l.n = 0;
	assert_string_equal(names(&l, false), "root A B");
	assert_outcome(&l, false, AP_APPLY_UNCHANGED, NULL);
	lab_free(&l);
}

static void test_edits_of_others_are_not_swept_along(void **state)
{
	lab l = lab_new();

	(void)state;
	assert_outcome(&l, false, AP_APPLY_DONE, NULL);
	reader_files_write(&l.files, "conf.d/50-a.conf", POLICY("by somebody"));
	edit(&l, "50-b.conf", POLICY("B"), POLICY("changed"));
	assert_outcome(
		&l, false, AP_APPLY_REFUSED,
		"is changed and not in force yet; put that in force first (accesspolicy apply), or take it along "
		"with --with-pending");
	assert_string_equal(names(&l, false), "root by somebody B");
	assert_outcome(&l, true, AP_APPLY_DONE, NULL);
	assert_string_equal(names(&l, false), "root by somebody changed");
	lab_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_are_read_as_they_will_be),
		cmocka_unit_test(test_all_are_changed),
		cmocka_unit_test(test_what_was_done_is_taken_back),
		cmocka_unit_test(test_none_is_changed_where_one_cannot_be),
		cmocka_unit_test(test_a_link_stays_one_and_a_mode_stays),
		cmocka_unit_test(test_an_edit_of_what_changed_meanwhile_is_refused),
		cmocka_unit_test(test_an_edit_is_put_in_force_with_its_files),
		cmocka_unit_test(test_an_edit_that_makes_no_policy_changes_nothing),
		cmocka_unit_test(test_edits_of_others_are_not_swept_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
