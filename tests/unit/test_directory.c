#include "reader_files.h"

#include <stdio.h>

static const char *department_of(const ap_policy_set *set, const char *member)
{
	for (size_t i = 0; i < set->n_memberships; i++)
		if (strcmp(set->memberships[i].member, member) == 0)
			return set->departments[set->memberships[i].department].name;
	return NULL;
}

static const struct {
	const char *csv;
	const char *member;
	const char *department;
	size_t n_members;
} rows[] = {
	{ "alice,sales\n", "alice", "sales", 1 },
	{ "alice,sales\r\nbob,sales\r\n", "bob", "sales", 2 },
	{ "member,department\nalice,sales\n", "alice", "sales", 1 },
	{ "\"Member\",DEPARTMENT\r\nalice,sales\n", "alice", "sales", 1 },
	{ "alice,sales\nmember,department\n", "member", "department", 2 }, /* a header stands first */
	{ "member,departments\n", "member", "departments", 1 },
	{ "\"alice\",\"sales\"\n", "alice", "sales", 1 },
	{ "alice@example.com,\"sales, europe\"\n", "alice@example.com", "sales, europe", 1 },
	{ "alice,\"the \"\"best\"\" ones\"\n", "alice", "the \"best\" ones", 1 },
	{ "\"a\"\"b\",sales\r\n", "a\"b", "sales", 1 },
	{ "\"\"\"\"\"\",sales\n", "\"\"", "sales", 1 },
	{ "alice,human resources/Z\xc3\xbcrich\n", "alice", "human resources/Z\xc3\xbcrich", 1 },
	{ "alice,sales/europe/north\nbob,sales\ncarol,sales/europe\n", "carol", "sales/europe", 3 },
};

static void test_records_are_read_as_rfc_4180_has_them(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		reader_files files = reader_files_new(ONE_POLICY "directory = [ \"members.csv\" ];\n");
		const ap_policy_set *set;
		const char *department;

		reader_files_write(&files, "members.csv", rows[i].csv);
		set = reader_files_read(&files);
		department = department_of(set, rows[i].member);
		AP_ROW(failed, department != NULL && strcmp(department, rows[i].department) == 0, "row %zu: %s", i,
		       department != NULL ? department : "no member");
		AP_ROW(failed, set->n_memberships == rows[i].n_members, "row %zu: %zu members", i, set->n_memberships);
		reader_files_free(&files);
	}
	AP_ROWS_END(failed);
}

static size_t number_of(const ap_policy_set *set, const char *department)
{
	for (size_t i = 0; i < set->n_departments; i++)
		if (strcmp(set->departments[i].name, department) == 0)
			return i;
	fail_msg("no department %s", department);
	return 0;
}

static void test_a_directory_file_adds_to_departments(void **state)
{
	reader_files files = reader_files_new(
		"departments = ( { name = \"sales/europe\"; members = [ \"alice\" ]; groups = [ \"staff\" ]; } );\n"
		"directory = [ \"members.csv\" ];\n"
		"policies = ( { name = \"P\"; type = \"blacklist\"; scope = { departments = [ \"sales/*\", \"board\" "
		"]; }; } );\n");
	const ap_policy_set *set;
	size_t sales, europe, board;

	(void)state;
	reader_files_write(&files, "members.csv", "bob,sales/europe\ncarol,board\n");
	set = reader_files_read(&files);
	sales = number_of(set, "sales");
	europe = number_of(set, "sales/europe");
	board = number_of(set, "board");
	assert_int_equal(set->n_departments, 3);
	assert_true(sales < europe);
	assert_int_equal(set->departments[sales].place.line, 0);
	assert_string_equal(reader_files_name(&files, set->departments[europe].place.file), "accesspolicy.conf");
	assert_string_equal(reader_files_name(&files, set->departments[board].place.file), "members.csv");
	assert_int_equal(set->departments[board].place.line, 2);
	assert_string_equal(set->departments[europe].groups.items[0].text, "staff");
	assert_int_equal(set->n_memberships, 3);
	assert_string_equal(department_of(set, "alice"), "sales/europe");
	assert_string_equal(department_of(set, "bob"), "sales/europe");
	reader_files_free(&files);
}

/* Very many members and departments, each where the file puts it. */
static void test_a_large_directory_is_read(void **state)
{
	enum { MEMBERS = 100000, DEPARTMENTS = 5000 };
	reader_files files = reader_files_new(ONE_POLICY "directory = [ \"members.csv\" ];\n");
	char *path = ap_scratch_path(files.folder, "members.csv");
	FILE *file = fopen(path, "we");
	const ap_policy_set *set;
	char expected[64];

	(void)state;
	assert_non_null(file);
	for (unsigned i = 0; i < MEMBERS; i++)
		(void)fprintf(file, "user%u@example.com,dept/%u\n", i, (i * 7919u) % DEPARTMENTS);
	assert_int_equal(fchmod(fileno(file), 0644), 0);
	assert_int_equal(fclose(file), 0);
	set = reader_files_read(&files);
	assert_int_equal(set->n_memberships, MEMBERS);
	assert_int_equal(set->n_departments, DEPARTMENTS + 1);
	for (unsigned i = 0; i < MEMBERS; i++) {
		(void)snprintf(expected, sizeof(expected), "dept/%u", (i * 7919u) % DEPARTMENTS);
		assert_string_equal(set->departments[set->memberships[i].department].name, expected);
	}
	free(path);
	reader_files_free(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_are_read_as_rfc_4180_has_them),
		cmocka_unit_test(test_a_directory_file_adds_to_departments),
		cmocka_unit_test(test_a_large_directory_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
