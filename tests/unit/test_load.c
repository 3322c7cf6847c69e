#include "reader_files.h"
#include "rich_policy.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define POLICY(name, more)                                                                                             \
	"policies = ( { name = \"" name "\"; type = \"blacklist\"; scope = { all = true; }; " more " } );\n"

/* "A B C": the policies' names in reading order. */
static void assert_order(const ap_policy_set *set, const char *expected)
{
	char found[256] = "";

	for (size_t i = 0; i < set->n_policies; i++) {
		(void)strncat(found, i > 0 ? " " : "", sizeof(found) - strlen(found) - 1);
		(void)strncat(found, set->policies[i].name, sizeof(found) - strlen(found) - 1);
	}
	assert_string_equal(found, expected);
}

static void test_drop_ins_are_read_in_byte_order_of_their_names(void **state)
{
	reader_files files = reader_files_new(POLICY("root", ""));
	const ap_policy_set *set;

	(void)state;
	reader_files_write(&files, "conf.d/b.conf", POLICY("b", ""));
	reader_files_write(&files, "conf.d/10.conf", POLICY("ten", ""));
	reader_files_write(&files, "conf.d/9.conf", POLICY("nine", ""));
	reader_files_write(&files, "conf.d/B.conf", POLICY("B1", ""));
	reader_files_write(&files, "conf.d/\xc3\xa4.conf", POLICY("umlaut", ""));
	reader_files_write(&files, "conf.d/-.conf", POLICY("dash", ""));
	reader_files_write(&files, "conf.d/.x.conf", "not read");
	reader_files_write(&files, "conf.d/x.conf.bak", "not read");
	reader_files_write(&files, "conf.d/xconf~", "not read");
	set = reader_files_read(&files);
	assert_order(set, "root dash ten nine B1 b umlaut");
	assert_int_equal(set->n_files, 7);
	assert_string_equal(reader_files_name(&files, set->files[0]), "accesspolicy.conf");
	assert_string_equal(reader_files_name(&files, set->files[1]), "conf.d/-.conf");
	assert_string_equal(set->root, files.config);
	reader_files_free(&files);
}

/* What stands in conf.d and is not read, and whether that is told. */
static const struct {
	const char *name;
	bool told;
} not_drop_ins[] = {
	{ "10-office", true },
	{ "10-office.cfg", true },
	{ "10-office.conf.disabled", true },
	{ "10-office.CONF", true },
	{ "notes.txt", true },
	{ "xconf", true },
	{ ".10-office.conf", false },
	{ ".conf", false },
	{ "10-office.conf~", false },
	{ "10-office.conf.bak", false },
	{ "10-office.conf.orig", false },
	{ "10-office.conf.swp", false },
	{ "notes.md", false },
	{ "README", false },
	{ "README.txt", false },
	{ "10-office.conf.dpkg-old", false },
	{ "10-office.conf.ucf-dist", false },
	{ "10-office.conf.rpmnew", false },
};

static void test_files_that_were_probably_meant_as_drop_ins_are_told(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(not_drop_ins); i++) {
		reader_files files = reader_files_new(ONE_POLICY);
		char name[64];
		const ap_diagnostic *first;

		(void)snprintf(name, sizeof(name), "conf.d/%s", not_drop_ins[i].name);
		reader_files_write(&files, name, "not read");
		assert_int_equal(reader_files_load(&files, NULL, NULL), AP_OK);
		first = files.diagnostics.items;
		AP_ROW(failed, files.diagnostics.n == (not_drop_ins[i].told ? 1 : 0), "%s: %zu warnings", name,
		       files.diagnostics.n);
		if (files.diagnostics.n == 1) {
			AP_ROW(failed, strcmp(reader_files_name(&files, first->file), name) == 0, "%s: of %s", name,
			       first->file);
			AP_ROW(failed,
			       strcmp(first->message, "not read: its name does not end in .conf") == 0 &&
				       first->severity == AP_WARNING,
			       "%s: %s", name, first->message);
		}
		reader_files_free(&files);
	}
	AP_ROWS_END(failed);
}

static void test_drop_ins_that_cannot_be_reached_are_told(void **state)
{
	reader_files files = reader_files_new(ONE_POLICY);
	char *config = ap_scratch_path(files.folder, "accesspolicy.conf/x.conf");
	ap_load_options options = { .config = config };

	(void)state;
	assert_int_equal(ap_load(&options, &files.set, &files.diagnostics), AP_ERR_POLICY);
	assert_int_equal(files.diagnostics.n, 2);
	assert_string_equal(reader_files_name(&files, files.diagnostics.items[1].file), "accesspolicy.conf/conf.d");
	assert_string_equal(files.diagnostics.items[1].message, "cannot be reached: Not a directory");
	free(config);
	reader_files_free(&files);
}

static void test_a_folder_in_conf_d_is_not_told(void **state)
{
	reader_files files = reader_files_new(ONE_POLICY);
	char *path;

	(void)state;
	reader_files_write(&files, "conf.d/10.conf", "undetermined = \"deny\";\n");
	path = ap_scratch_path(files.folder, "conf.d/folder");
	assert_int_equal(mkdir(path, 0755), 0);
	(void)reader_files_read(&files);
	assert_int_equal(files.diagnostics.n, 0);
	free(path);
	reader_files_free(&files);
}

static void test_settings_override_and_lists_add_up(void **state)
{
	reader_files files =
		reader_files_new("message = \"one\"; undetermined = \"allow\"; max_shrink = 20;\n"
				 "administrators = [ \"root\" ];\n"
				 "audit = { file = \"one.jsonl\"; record = \"none\"; };\n" POLICY("P", ""));
	const ap_policy_set *set;

	(void)state;
	reader_files_write(&files, "conf.d/10.conf",
			   "message = \"two\"; undetermined = \"deny\"; administrators = [ \"root\", \"admin\" ];\n"
			   "audit = { file = \"/var/log/two.jsonl\"; };\n");
	set = reader_files_read(&files);
	assert_string_equal(set->message.text, "two");
	assert_string_equal(reader_files_name(&files, set->message.place.file), "conf.d/10.conf");
	assert_false(set->undetermined_allows);
	assert_int_equal(set->max_shrink, 20);
	assert_int_equal(set->administrators.n, 3);
	assert_string_equal(set->audit_file.text, "/var/log/two.jsonl");
	assert_int_equal(set->audit_record, AP_AUDIT_ALL);
	reader_files_free(&files);
}

static void test_what_is_not_written_has_its_default(void **state)
{
	reader_files files = reader_files_new(ONE_POLICY);
	const ap_policy_set *set = reader_files_read(&files);
	const ap_policy_def *policy = &set->policies[0];

	(void)state;
	assert_null(set->default_domain.text);
	assert_string_equal(set->message.text, "The administrator has enabled IP login restrictions. "
					       "Login from the current IP is not allowed.");
	assert_int_equal(set->message.place.line, 0);
	assert_false(set->undetermined_allows);
	assert_false(set->free_edition);
	assert_string_equal(set->default_client_type.text, "third-party");
	assert_int_equal(set->max_shrink, 10);
	assert_null(set->audit_file.text);
	assert_int_equal(policy->status, AP_POLICY_ENABLED);
	assert_true(policy->scope.all);
	assert_int_equal(policy->except.place.line, 0);
	assert_int_equal(policy->ip.place.line, 0);
	assert_int_equal(policy->clients.place.line, 0);
	assert_false(policy->required.value);
	assert_false(policy->other_clients_denied.value);
	assert_true(policy->not_before.value == INT64_MIN && policy->not_after.value == INT64_MAX);
	assert_null(policy->message.text);
	assert_false(policy->draft);
	reader_files_free(&files);
}

static void test_everything_that_is_written_is_read(void **state)
{
	reader_files files = reader_files_new(rich_policy);
	const ap_policy_set *set = reader_files_read(&files);
	const ap_policy_def *finance = ap_policy_set_find(set, "Finance");
	const ap_policy_def *engineers = ap_policy_set_find(set, "Engineers");
	const ap_exception_def *exception = &set->exceptions[0];

	(void)state;
	assert_string_equal(set->default_domain.text, "example.com");
	assert_order(set, "No third party Finance Engineers Tighter Old");
	assert_int_equal(finance->type, AP_POLICY_WHITELIST);
	assert_string_equal(finance->scope.departments.items[0].text, "finance/*");
	assert_string_equal(finance->scope.members.items[0].text, "cfo");
	assert_string_equal(finance->scope.domains.items[0].text, "example.org");
	assert_string_equal(finance->scope.groups.items[0].text, "auditors");
	assert_string_equal(finance->except.departments.items[0].text, "finance/board/*");
	assert_string_equal(finance->except.groups.items[0].text, "guests");
	assert_int_equal(finance->ip.n, 2);
	assert_int_equal(finance->ip.items[0].kind, AP_ENTRY_NETWORK);
	assert_string_equal(set->networks[finance->ip.items[0].network].name, "here");
	assert_int_equal(finance->ip.items[1].kind, AP_ENTRY_RANGE);
	assert_int_equal(finance->clients.n, 2);
	assert_true(finance->other_clients_denied.value && finance->required.value);
	assert_true(engineers->scope.unlisted);
	assert_string_equal(engineers->regions.items[1].text, "unlocated");
	assert_int_equal(engineers->not_before.value, 1767225600);
	assert_int_equal(ap_policy_set_find(set, "Tighter")->status, AP_POLICY_REPORT_ONLY);
	assert_string_equal(ap_policy_set_find(set, "Tighter")->replaces.text, "Engineers");
	assert_int_equal(ap_policy_set_find(set, "Old")->status, AP_POLICY_DISABLED);
	assert_null(ap_policy_set_find(set, "old"));
	assert_string_equal(exception->who.members.items[0].text, "alice@");
	assert_string_equal(exception->who.groups.items[0].text, "travellers");
	assert_int_equal(exception->policies.n, 2);
	assert_int_equal(set->networks[1].ip.items[0].kind, AP_ENTRY_LOCAL);
	assert_int_equal(set->client_types[1].local, true);
	assert_int_equal(set->client_types[2].local, true); /* "system" always is */
	assert_int_equal(set->client_types[0].local, false);
	reader_files_free(&files);
}

static void test_assertions_are_read(void **state)
{
	reader_files files = reader_files_new(
		ONE_POLICY
		"assertions = (\n"
		"  { user = \"a\"; expect = \"deny\"; },\n"
		"  { user = \"b\"; ip = \"local\"; client = \"web\"; service = \"s\"; tty = \"t\"; ruser = \"r\";\n"
		"    env = [ \"A=1\", \"B=\" ]; time = \"2026-12-01T00:00:00Z\"; expect = \"allow\"; }\n"
		");\n");
	const ap_policy_set *set = reader_files_read(&files);
	const ap_assertion_def *plain = &set->assertions[0], *full = &set->assertions[1];

	(void)state;
	assert_true(plain->ip == NULL && plain->client == NULL && plain->env == NULL &&
		    plain->time.written.text == NULL);
	assert_false(plain->expect_allow);
	assert_string_equal(full->ip, "local");
	assert_string_equal(full->client, "web");
	assert_string_equal(full->tty, "t");
	assert_string_equal(full->env[1], "B=");
	assert_null(full->env[2]);
	assert_int_equal(full->time.value, 1796083200);
	assert_true(full->expect_allow);
	assert_int_equal(full->place.line, 4);
	reader_files_free(&files);
}

static void test_strings_in_lists_have_their_own_lines(void **state)
{
	reader_files files =
		reader_files_new("administrators = [\n  \"a\",\n\n  \"b\"\n  ,\n  \"c\"\n\n];\n" ONE_POLICY);
	const ap_policy_set *set = reader_files_read(&files);

	(void)state;
	assert_int_equal(set->administrators.place.line, 1);
	assert_int_equal(set->administrators.items[0].place.line, 2);
	assert_int_equal(set->administrators.items[1].place.line, 4);
	assert_int_equal(set->administrators.items[2].place.line, 6);
	reader_files_free(&files);
}

static void test_both_kinds_of_lists_are_taken(void **state)
{
	reader_files files = reader_files_new("policies = ( { name = \"P\"; type = \"whitelist\"; scope = { members = "
					      "( \"a\" ); }; ip = ( \"192.0.2.1\" ); } );\n");
	const ap_policy_set *set = reader_files_read(&files);

	(void)state;
	assert_int_equal(set->policies[0].scope.members.n, 1);
	assert_int_equal(set->policies[0].ip.n, 1);
	reader_files_free(&files);
}

static void test_client_types_may_have_several_definitions(void **state)
{
	reader_files files = reader_files_new(ONE_POLICY "client_types = (\n"
							 "  { name = \"kiosk\"; tty = [ \"tty8\" ]; },\n"
							 "  { name = \"kiosk\"; tty = [ \"tty9\" ]; local = true; },\n"
							 "  { name = \"appliance\"; }\n"
							 ");\n");
	const ap_policy_set *set;

	(void)state;
	reader_files_write(&files, "conf.d/10.conf", "client_types = ( { name = \"kiosk\"; tty = [ \"tty7\" ]; } );\n");
	set = reader_files_read(&files);
	assert_int_equal(set->n_client_types, 4);
	assert_true(set->client_types[0].local && set->client_types[1].local && set->client_types[3].local);
	assert_false(set->client_types[2].local);
	assert_true(set->client_types[0].file_number == set->client_types[2].file_number);
	assert_true(set->client_types[0].file_number < set->client_types[3].file_number);
	reader_files_free(&files);
}

/* Drafts */

static void test_a_draft_stands_where_the_policy_of_its_name_stood(void **state)
{
	reader_files files = reader_files_new(POLICY("A", ""));
	const ap_policy_set *set;

	(void)state;
	reader_files_write(&files, "conf.d/20.conf", POLICY("B", "status = \"disabled\";"));
	reader_files_write(
		&files, "conf.d/30.conf",
		POLICY("C", "") "exceptions = ( { name = \"E\"; policies = [ \"B\" ]; members = [ \"alice\" ]; } );\n");
	reader_files_write(&files, "draft",
			   "departments = ( { name = \"sales\"; } );\n"
			   "policies = (\n"
			   "  { name = \"B\"; type = \"whitelist\"; status = \"disabled\"; scope = { departments = [ "
			   "\"sales\" ]; }; },\n"
			   "  { name = \"D\"; type = \"whitelist\"; status = \"report-only\"; replaces = \"A\"; scope "
			   "= { all = true; }; }\n"
			   ");\n");
	assert_int_equal(reader_files_load(&files, "draft", NULL), AP_OK);
	set = files.set;
	assert_order(set, "A B C D");
	assert_false(set->policies[0].draft || set->policies[2].draft);
	assert_true(set->policies[1].draft && set->policies[3].draft);
	assert_int_equal(set->policies[1].type, AP_POLICY_WHITELIST);
	assert_int_equal(set->policies[1].status, AP_POLICY_ENABLED);
	assert_int_equal(set->policies[3].status, AP_POLICY_ENABLED);
	assert_string_equal(reader_files_name(&files, set->policies[1].place.file), "draft");
	assert_int_equal(set->policies[1].place.line, 3);
	reader_files_free(&files);
}

static const struct {
	const char *draft_as;
	const char *order;
} saved_as[] = {
	{ "conf.d/20.conf", "A draft C" },    { "20.conf", "A draft C" },
	{ "conf.d/25.conf", "A B draft C" },  { "10.conf", "A draft B C" },
	{ "accesspolicy.conf", "draft B C" }, { "conf.d/accesspolicy.conf", "A B C draft" },
	{ "zz.conf", "A B C draft" },
};

static void test_a_draft_is_read_in_the_place_of_what_it_will_be_saved_as(void **state)
{
	reader_files files = reader_files_new(POLICY("A", ""));

	(void)state;
	reader_files_write(&files, "conf.d/20.conf", POLICY("B", ""));
	reader_files_write(&files, "conf.d/30.conf", POLICY("C", ""));
	reader_files_write(&files, "new.txt", POLICY("draft", "status = \"disabled\";"));
	for (size_t i = 0; i < AP_N(saved_as); i++) {
		print_message("as %s\n", saved_as[i].draft_as);
		assert_int_equal(reader_files_load(&files, "new.txt", saved_as[i].draft_as), AP_OK);
		assert_order(files.set, saved_as[i].order);
		assert_int_equal(ap_policy_set_find(files.set, "draft")->status, AP_POLICY_DISABLED);
		assert_false(ap_policy_set_find(files.set, "draft")->draft);
	}
	reader_files_free(&files);
}

/* Drafts that are wrong; the last two columns are the first error. */
static const struct {
	const char *text, *draft_as, *file, *message;
	unsigned line;
} bad_drafts[] = {
	{ POLICY("B", ""), "30.conf", "draft",
	  "there is a second policy named \"B\"; the first is in FOLDER/conf.d/20.conf:1", 1 },
	{ "message = \"x\"\n", "20.conf", "draft", "expected \";\" after the value of \"message\"", 1 },
	{ "", NULL, "draft", "the file is empty: it sets nothing; write a setting, or remove the file", 0 },
	{ POLICY("X", ""), "conf.d/sub/20.conf", "draft",
	  "a draft cannot be saved as \"conf.d/sub/20.conf\"; expected \"accesspolicy.conf\", or a drop-in such as "
	  "\"conf.d/50-name.conf\"",
	  0 },
	{ POLICY("X", ""), "../20.conf", "draft",
	  "a draft cannot be saved as \"../20.conf\"; expected \"accesspolicy.conf\", or a drop-in such as "
	  "\"conf.d/50-name.conf\"",
	  0 },
	{ POLICY("X", ""), ".20.conf", "draft",
	  "a draft cannot be saved as \".20.conf\"; expected \"accesspolicy.conf\", or a drop-in such as "
	  "\"conf.d/50-name.conf\"",
	  0 },
	{ POLICY("X", ""), "20", "draft",
	  "a draft cannot be saved as \"20\"; expected \"accesspolicy.conf\", or a drop-in such as "
	  "\"conf.d/50-name.conf\"",
	  0 },
	{ POLICY("b", ""), NULL, "draft",
	  "the policy \"b\" differs from \"B\" in FOLDER/conf.d/20.conf:1 in upper and lower case only; expected "
	  "another name",
	  1 },
	/* what the file that is replaced declared is not there any more */
	{ POLICY("X", ""), "10.conf", "conf.d/20.conf",
	  "unknown client type \"kiosk\"; expected native, web, dingtalk-pc, dingtalk-mobile, outlook-addin, wechat, "
	  "third-party, system or one that \"client_types\" defines",
	  1 },
};

static void test_what_is_wrong_with_a_draft_is_told_by_its_own_name(void **state)
{
	reader_files files = reader_files_new(POLICY("A", ""));
	unsigned failed = 0;

	(void)state;
	reader_files_write(&files, "conf.d/10.conf", "client_types = ( { name = \"kiosk\"; tty = [ \"tty9\" ]; } );\n");
	reader_files_write(&files, "conf.d/20.conf", POLICY("B", "clients = [ \"kiosk\" ];"));
	for (size_t i = 0; i < AP_N(bad_drafts); i++) {
		const ap_diagnostic *first;
		char expected[512] = "";
		const char *mark = strstr(bad_drafts[i].message, "FOLDER");

		reader_files_write(&files, "draft", bad_drafts[i].text);
		AP_ROW(failed, reader_files_load(&files, "draft", bad_drafts[i].draft_as) == AP_ERR_POLICY, "row %zu",
		       i);
		if (mark == NULL)
			(void)snprintf(expected, sizeof(expected), "%s", bad_drafts[i].message);
		else
			(void)snprintf(expected, sizeof(expected), "%.*s%s%s", (int)(mark - bad_drafts[i].message),
				       bad_drafts[i].message, files.folder, mark + 6);
		AP_ROW(failed, files.diagnostics.n_errors == 1, "row %zu: %zu errors", i, files.diagnostics.n_errors);
		assert_true(files.diagnostics.n > 0);
		first = &files.diagnostics.items[0];
		AP_ROW(failed, strcmp(reader_files_name(&files, first->file), bad_drafts[i].file) == 0, "row %zu: %s",
		       i, first->file);
		AP_ROW(failed, first->line == bad_drafts[i].line, "row %zu: line %u", i, first->line);
		AP_ROW(failed, strcmp(first->message, expected) == 0, "row %zu: %s", i, first->message);
	}
	reader_files_free(&files);
	AP_ROWS_END(failed);
}

static void test_a_draft_may_stand_where_nothing_is_trusted(void **state)
{
	static const char *const names[] = { NULL, "conf.d/20.conf", "accesspolicy.conf" };
	reader_files files = reader_files_new(POLICY("A", ""));
	char *folder = ap_scratch_path(files.folder, "home");
	char *draft = ap_scratch_path(files.folder, "home/draft");

	(void)state;
	assert_int_equal(mkdir(folder, 0755), 0);
	free(ap_scratch_write(files.folder, "home/draft", POLICY("B", ""), 0666));
	assert_int_equal(chmod(folder, 0777), 0);
	for (size_t i = 0; i < AP_N(names); i++) {
		print_message("as %s\n", names[i] != NULL ? names[i] : "none");
		assert_int_equal(reader_files_load(&files, "home/draft", names[i]), AP_OK);
		assert_non_null(ap_policy_set_find(files.set, "B"));
	}
	free(draft);
	free(folder);
	reader_files_free(&files);
}

static void test_a_draft_must_be_a_regular_file(void **state)
{
	static const struct {
		const char *name, *message;
	} rows[] = {
		{ "fifo", "is a FIFO; expected a regular file" },
		{ "folder", "is a folder; expected a regular file" },
		{ "missing", "the file does not exist (No such file or directory)" },
	};
	reader_files files = reader_files_new(POLICY("A", ""));
	char *fifo = ap_scratch_path(files.folder, "fifo"), *folder = ap_scratch_path(files.folder, "folder");
	unsigned failed = 0;

	(void)state;
	assert_int_equal(mkfifo(fifo, 0644), 0);
	assert_int_equal(mkdir(folder, 0755), 0);
	for (size_t i = 0; i < AP_N(rows); i++) {
		AP_ROW(failed, reader_files_load(&files, rows[i].name, NULL) == AP_ERR_POLICY, "%s", rows[i].name);
		assert_int_equal(files.diagnostics.n, 1);
		AP_ROW(failed, strcmp(files.diagnostics.items[0].message, rows[i].message) == 0, "%s: %s", rows[i].name,
		       files.diagnostics.items[0].message);
	}
	free(fifo);
	free(folder);
	reader_files_free(&files);
	AP_ROWS_END(failed);
}

static void test_what_a_draft_can_be_saved_as(void **state)
{
	static const struct {
		const char *name;
		bool accepted;
	} rows[] = {
		{ "root.conf", true },
		{ "10.conf", true },
		{ "conf.d/10.conf", true },
		{ "", false },
		{ "10", false },
		{ "../10.conf", false },
		{ ".10.conf", false },
		{ "conf.d/", false },
		{ "conf.d/sub/10.conf", false },
		{ "/etc/10.conf", false },
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++)
		AP_ROW(failed, ap_load_can_save_as("/etc/root.conf", rows[i].name) == rows[i].accepted, "\"%s\"",
		       rows[i].name);
	AP_ROWS_END(failed);
}

static void test_a_draft_may_come_from_standard_input(void **state)
{
	reader_files files = reader_files_new(POLICY("A", ""));
	char *path =
		ap_scratch_write(files.folder, "text", POLICY("A", "clients = [ \"web\" ];") "colour = 1;\n", 0666);
	int saved = dup(STDIN_FILENO), fd = open(path, O_RDONLY | O_CLOEXEC);
	ap_load_options options = { .config = files.config, .draft = "-" };

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(ap_load(&options, &files.set, &files.diagnostics), AP_ERR_POLICY);
	if (saved >= 0) {
		assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
		(void)close(saved);
	}
	(void)close(fd);
	assert_int_equal(files.diagnostics.n, 1);
	assert_string_equal(files.diagnostics.items[0].file, "standard input");
	assert_int_equal(files.diagnostics.items[0].line, 2);
	free(path);
	reader_files_free(&files);
}

/* Paths */

static void test_paths_are_relative_to_the_root_file_wherever_the_command_stands(void **state)
{
	reader_files files =
		reader_files_new(ONE_POLICY "directory = [ \"members.csv\" ]; region_database = \"/usr/x.mmdb\";\n");
	char here[4096];
	ap_load_options options = { .config = "accesspolicy.conf" };

	(void)state;
	reader_files_write(&files, "members.csv", "alice,sales\n");
	reader_files_write(&files, "conf.d/10.conf", POLICY("Q", ""));
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(files.folder), 0);
	assert_int_equal(ap_load(&options, &files.set, &files.diagnostics), AP_OK);
	assert_int_equal(chdir(here), 0);
	assert_string_equal(files.set->files[0], "accesspolicy.conf");
	assert_string_equal(files.set->files[1], "conf.d/10.conf");
	assert_string_equal(reader_files_name(&files, files.set->directory.items[0].text), "members.csv");
	assert_string_equal(files.set->region_database.text, "/usr/x.mmdb");
	reader_files_free(&files);
}

/* What is written must be such that it can be read again. */
static void test_a_text_that_is_to_be_written_is_no_larger_than_a_file_may_be(void **state)
{
	reader_files files = reader_files_new(ONE_POLICY);
	char *path = ap_scratch_path(files.folder, "conf.d/large.conf"), *text = malloc(AP_POLICY_FILE_MAX + 2);
	const ap_file_edit edit = { .path = path, .text = text };
	const ap_load_options options = { .config = files.config, .edits = &edit, .n_edits = 1 };

	(void)state;
	assert_non_null(text);
	memset(text, '\n', AP_POLICY_FILE_MAX + 1);
	text[AP_POLICY_FILE_MAX + 1] = '\0';
	assert_int_equal(ap_load(&options, &files.set, &files.diagnostics), AP_ERR_POLICY);
	assert_int_equal(files.diagnostics.n, 1);
	assert_string_equal(reader_files_name(&files, files.diagnostics.items[0].file), "conf.d/large.conf");
	assert_string_equal(files.diagnostics.items[0].message, "has more than 67108864 bytes, the limit");
	free(text);
	free(path);
	reader_files_free(&files);
}

static void test_a_set_from_memory_needs_no_file(void **state)
{
	ap_policy_set *set = NULL;
	ap_diagnostics diagnostics = { 0 };

	(void)state;
	assert_int_equal(ap_load_text("/nowhere/x.conf", ONE_POLICY, sizeof(ONE_POLICY) - 1, &set, &diagnostics),
			 AP_OK);
	assert_string_equal(set->policies[0].place.file, "/nowhere/x.conf");
	assert_int_equal(diagnostics.n, 0);
	ap_policy_set_free(set);
	ap_policy_set_free(NULL);
}

/* A chain of networks as long as a file can hold uses no stack, and is told once. */
static void test_a_long_chain_of_networks_is_refused(void **state)
{
	enum { NETWORKS = 20000 };
	char *text = malloc((size_t)NETWORKS * 64 + 256), *end;
	ap_policy_set *set = NULL;
	ap_diagnostics diagnostics = { 0 };

	(void)state;
	assert_non_null(text);
	end = stpcpy(text, ONE_POLICY "networks = (\n");
	for (unsigned i = 0; i + 1 < NETWORKS; i++)
		end += sprintf(end, "{ name = \"n%u\"; ip = [ \"@n%u\" ]; },\n", i, i + 1);
	end += sprintf(end, "{ name = \"n%u\"; ip = [ \"local\" ]; }\n);\n", NETWORKS - 1);
	assert_int_equal(ap_load_text("/nowhere/x.conf", text, (size_t)(end - text), &set, &diagnostics),
			 AP_ERR_POLICY);
	assert_int_equal(diagnostics.n, 1);
	assert_string_equal(diagnostics.items[0].message,
			    "networks are nested more than 16 deep; expected fewer levels");
	ap_diagnostics_clear(&diagnostics);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drop_ins_are_read_in_byte_order_of_their_names),
		cmocka_unit_test(test_files_that_were_probably_meant_as_drop_ins_are_told),
		cmocka_unit_test(test_drop_ins_that_cannot_be_reached_are_told),
		cmocka_unit_test(test_a_folder_in_conf_d_is_not_told),
		cmocka_unit_test(test_settings_override_and_lists_add_up),
		cmocka_unit_test(test_what_is_not_written_has_its_default),
		cmocka_unit_test(test_everything_that_is_written_is_read),
		cmocka_unit_test(test_assertions_are_read),
		cmocka_unit_test(test_strings_in_lists_have_their_own_lines),
		cmocka_unit_test(test_both_kinds_of_lists_are_taken),
		cmocka_unit_test(test_client_types_may_have_several_definitions),
		cmocka_unit_test(test_a_draft_stands_where_the_policy_of_its_name_stood),
		cmocka_unit_test(test_a_draft_is_read_in_the_place_of_what_it_will_be_saved_as),
		cmocka_unit_test(test_what_is_wrong_with_a_draft_is_told_by_its_own_name),
		cmocka_unit_test(test_a_draft_may_stand_where_nothing_is_trusted),
		cmocka_unit_test(test_a_draft_must_be_a_regular_file),
		cmocka_unit_test(test_what_a_draft_can_be_saved_as),
		cmocka_unit_test(test_a_draft_may_come_from_standard_input),
		cmocka_unit_test(test_paths_are_relative_to_the_root_file_wherever_the_command_stands),
		cmocka_unit_test(test_a_text_that_is_to_be_written_is_no_larger_than_a_file_may_be),
		cmocka_unit_test(test_a_set_from_memory_needs_no_file),
		cmocka_unit_test(test_a_long_chain_of_networks_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
