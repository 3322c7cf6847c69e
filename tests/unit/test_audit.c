/* The audit record: every field, what is escaped, what is cut, and the file that it is appended to. */
#include "../../lib/login/audit.h"
#include "compiled.h"
#include "rows.h"
#include "scratch.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLICIES                                                                                                       \
	"client_types = ( { name = \"web\"; service = [ \"webmail\" ]; } );\n"                                         \
	"policies = (\n"                                                                                               \
	"  { name = \"Black \\\"1\\\"\"; type = \"blacklist\"; scope = { domains = [ \"black.test\" ]; }; },\n"        \
	"  { name = \"White\"; type = \"whitelist\"; scope = { domains = [ \"white.test\" ]; }; ip = [ "               \
	"\"10.0.0.0/8\" ]; },\n"                                                                                       \
	"  { name = \"Watch\"; type = \"blacklist\"; status = \"report-only\"; scope = { domains = [ \"watch.test\", " \
	"\"black.test\" ]; }; }\n"                                                                                     \
	");\n"

static const char to_all[] = "audit = { file = \"/audit/file\"; };\n" POLICIES;

/* As the module does it. The record, which lives until the next call. */
static const char *record_of(const ap_image *image, const ap_facts *facts, bool decided)
{
	static char record[AP_AUDIT_RECORD_MAX + 1];
	ap_audit_login login = { .facts = facts, .pid = 4711 };
	ap_decision decision;
	ap_request request;
	size_t length;

	if (!decided) {
		length = ap_audit_format(image, &login, record);
	} else {
		assert_int_equal(ap_request_init(&request, image, facts, NULL), AP_OK);
		assert_int_equal(ap_evaluate(image, &request, NULL, &decision, NULL), AP_OK);
		login.request = &request;
		login.decision = &decision;
		length = ap_audit_format(image, &login, record);
		ap_decision_clear(&decision);
		ap_request_clear(&request);
	}
	assert_int_equal(length, strlen(record));
	assert_true(length > 0 && length <= AP_AUDIT_RECORD_MAX && record[length - 1] == '\n');
	return record;
}

#define TAIL "\"revision\":\"REVISION\",\"pid\":4711}\n"

static const struct {
	ap_facts facts;
	bool undecided;
	const char *record;
} rows[] = {
	{ { .user = "Alice@white.test", .rhost = "10.0.0.1", .service = "webmail", .tty = "t1", .now = 1796112000 },
	  false,
	  "{\"time\":\"2026-12-01T08:00:00Z\",\"decision\":\"allow\",\"reason\":\"whitelisted\",\"policy\":\"White\","
	  "\"would\":[],\"user\":\"Alice@white.test\",\"ip\":\"10.0.0.1\",\"region\":null,\"client\":\"web\","
	  "\"service\":\"webmail\",\"tty\":\"t1\"," TAIL },
	{ { .user = "a@black.test", .rhost = "::ffff:10.0.0.1" },
	  false,
	  "{\"time\":\"1970-01-01T00:00:00Z\",\"decision\":\"deny\",\"reason\":\"blacklisted\",\"policy\":\"Black "
	  "\\\"1\\\"\",\"would\":[],\"user\":\"a@black.test\",\"ip\":\"10.0.0.1\",\"region\":null,\"client\":"
	  "\"third-party\",\"service\":null,\"tty\":null," TAIL },
	{ { .user = "a@watch.test", .rhost = "2001:DB8::0:1", .service = "x", .now = 951782399 },
	  false,
	  "{\"time\":\"2000-02-28T23:59:59Z\",\"decision\":\"allow\",\"reason\":\"default\",\"policy\":null,\"would\":[{"
	  "\"policy\":\"Watch\",\"decision\":\"deny\",\"reason\":\"blacklisted\"}],\"user\":\"a@watch.test\",\"ip\":"
	  "\"2001:db8::1\",\"region\":null,\"client\":\"third-party\",\"service\":\"x\",\"tty\":null," TAIL },
	/* no address: at the machine, or unknown by the client type; what is no address is neither */
	{ { .user = "a", .service = "login", .now = 951782400 },
	  false,
	  "{\"time\":\"2000-02-29T00:00:00Z\",\"decision\":\"allow\",\"reason\":\"default\",\"policy\":null,\"would\":[],"
	  "\"user\":\"a\",\"ip\":\"local\",\"region\":null,\"client\":\"system\",\"service\":\"login\",\"tty\":null," TAIL },
	{ { .user = "a@white.test", .service = "webmail", .now = 4107542400 },
	  false,
	  "{\"time\":\"2100-03-01T00:00:00Z\",\"decision\":\"deny\",\"reason\":\"undetermined\",\"policy\":\"White\","
	  "\"would\":[],\"user\":\"a@white.test\",\"ip\":null,\"region\":null,\"client\":\"web\",\"service\":\"webmail\","
	  "\"tty\":null," TAIL },
	{ { .user = "a@white.test", .rhost = "a.host", .service = "webmail", .now = 4107542399 },
	  false,
	  "{\"time\":\"2100-02-28T23:59:59Z\",\"decision\":\"deny\",\"reason\":\"undetermined\",\"policy\":\"White\","
	  "\"would\":[],\"user\":\"a@white.test\",\"ip\":\"unknown\",\"region\":null,\"client\":\"web\",\"service\":"
	  "\"webmail\",\"tty\":null," TAIL },
	/* what must not be seen, and what is not UTF-8 */
	{ { .user = "q\"b\\s\xff\xc3(\t\n\x1b[31m\x7f\xc2\x85\xe2\x80\xae\xed\xa0\x80\xf0\x9f\x98\x80\xc3\xbc",
	    .rhost = "10.0.0.1",
	    .now = 253402300800 },
	  false,
	  "{\"time\":\"9999-12-31T23:59:59Z\",\"decision\":\"deny\",\"reason\":\"undetermined\",\"policy\":\"Black \\\"1\\\"\",\"would\":[],"
	  "\"user\":\"q\\\"b\\\\s\\\\xff\\\\xc3(\\u0009\\u000a\\u001b[31m\\u007f\\u0085\\u202e\\\\xed\\\\xa0\\\\x80"
	  "\xf0\x9f\x98\x80\xc3\xbc\",\"ip\":\"10.0.0.1\",\"region\":null,\"client\":\"third-party\",\"service\":null,"
	  "\"tty\":null," TAIL },
	/* no decision could be had */
	{ { .user = "a@white.test", .rhost = "10.0.0.1", .service = "s", .client = "nonesuch", .now = -1 },
	  true,
	  "{\"time\":\"1970-01-01T00:00:00Z\",\"decision\":\"error\",\"reason\":null,\"policy\":null,\"would\":[],"
	  "\"user\":\"a@white.test\",\"ip\":\"10.0.0.1\",\"region\":null,\"client\":\"nonesuch\",\"service\":\"s\","
	  "\"tty\":null," TAIL },
	{ { .user = "", .rhost = "local" },
	  true,
	  "{\"time\":\"1970-01-01T00:00:00Z\",\"decision\":\"error\",\"reason\":null,\"policy\":null,\"would\":[],"
	  "\"user\":\"\",\"ip\":\"unknown\",\"region\":null,\"client\":null,\"service\":null,\"tty\":null," TAIL },
};

/* The text with the image's revision in the place of the word. */
static char *with_revision(const ap_image *image, const char *text)
{
	const uint8_t *revision = ap_image_head_of(image)->revision;
	const char *at = strstr(text, "REVISION");
	char hex[2 * AP_REVISION_BYTES + 1], *made;

	for (size_t i = 0; i < AP_REVISION_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", revision[i]);
	assert_true(asprintf(&made, "%.*s%s%s", (int)(at - text), text, hex, at + 8) > 0);
	return made;
}

static void test_every_field_is_written(void **state)
{
	ap_image *image = ap_test_image(to_all);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		const char *found = record_of(image, &rows[i].facts, !rows[i].undecided);
		char *expected = with_revision(image, rows[i].record);
		json_t *parsed = json_loads(found, JSON_REJECT_DUPLICATES, NULL);

		AP_ROW(failed, strcmp(found, expected) == 0, "row %zu: expected\n%sfound\n%s", i, expected, found);
		AP_ROW(failed, parsed != NULL && json_object_size(parsed) == 13, "row %zu is no record: %s", i, found);
		json_decref(parsed);
		free(expected);
	}
	ap_image_free(image);
	AP_ROWS_END(failed);
}

/* Days against the C library's calendar: those around each turn of a month, over the years that a clock may show. */
static void test_time_is_that_of_the_calendar(void **state)
{
	ap_image *image = ap_test_image(to_all);
	int failed = 0;

	(void)state;
	for (time_t time = 0; time < 8200000000; time += 86400 * 3 + 4567) {
		const ap_facts facts = { .user = "a", .now = (int64_t)time };
		struct tm utc;
		char expected[64];

		assert_non_null(gmtime_r(&time, &utc));
		assert_true(strftime(expected, sizeof(expected), "{\"time\":\"%Y-%m-%dT%H:%M:%SZ\",", &utc) > 0);
		AP_ROW(failed, strncmp(record_of(image, &facts, false), expected, strlen(expected)) == 0, "%lld",
		       (long long)time);
	}
	ap_image_free(image);
	AP_ROWS_END(failed);
}

static void test_region_is_the_smallest_that_is_named(void **state)
{
	ap_image *image = ap_test_image("region_database = \"/x\"; audit = { file = \"/a\"; };\n"
					"policies = ( { name = \"R\"; type = \"blacklist\"; scope = { all = true; }; "
					"regions = [ \"CN\" ]; } );\n");
	const ap_facts facts = { .user = "a", .rhost = "198.18.0.1" };

	(void)state;
	assert_non_null(strstr(record_of(image, &facts, true), "\"ip\":\"198.18.0.1\",\"region\":\"CN\","));
	ap_image_free(image);
}

/*
 * Length
 */

/* A text of `n` times `piece`. */
static char *repeated(const char *piece, size_t n)
{
	size_t length = strlen(piece);
	char *text = malloc(n * length + 1);

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * length, piece, length);
	text[n * length] = '\0';
	return text;
}

static bool ends_in_mark(const char *text)
{
	size_t length = strlen(text);

	return length >= 3 && strcmp(text + length - 3, "…") == 0;
}

/* Names of every length around the limit, of characters of every length: whole, or cut behind a character and marked. */
static void test_long_texts_are_cut_between_characters(void **state)
{
	static const struct {
		const char *piece, *decoded;
	} pieces[] = { { "a", "a" },   { "ü", "ü" },       { "€", "€" },       { "😀", "😀" },
		       { "\"", "\"" }, { "\x01", "\x01" }, { "\xff", "\\xff" } };
	ap_image *image = ap_test_image(to_all);
	size_t n_cut = 0, n_whole = 0;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(pieces); i++) {
		for (size_t n = 150; n<1100; n += n> 1010 && n < 1030 ? 1 : 13) {
			char *user = repeated(pieces[i].piece, n), *decoded = repeated(pieces[i].decoded, n);
			const ap_facts facts = {
				.user = user, .service = user, .tty = user, .client = user, .rhost = "10.0.0.1"
			};
			json_t *parsed = json_loads(record_of(image, &facts, false), 0, NULL);
			const char *found = json_string_value(json_object_get(parsed, "user"));
			bool cut = found != NULL && strcmp(found, decoded) != 0;

			AP_ROW(failed, found != NULL, "piece %zu, %zu times: no record", i, n);
			AP_ROW(failed, !cut || (ends_in_mark(found) && strncmp(found, decoded, strlen(found) - 3) == 0),
			       "piece %zu, %zu times: %s", i, n, found);
			AP_ROW(failed, !cut || strlen(found) > 160, "piece %zu, %zu times: %s", i, n, found);
			n_cut += cut;
			n_whole += !cut;
			json_decref(parsed);
			free(decoded);
			free(user);
		}
	}
	assert_true(n_cut > 50 && n_whole > 50);
	ap_image_free(image);
	AP_ROWS_END(failed);
}

/* `n` report-only policies of names as long as they may be, all of which would deny. */
static ap_image *image_of_many(size_t n, char letter)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	ap_image *image;

	assert_non_null(out);
	(void)fputs("audit = { file = \"/a\"; };\npolicies = (\n", out);
	for (size_t i = 0; i < n; i++) {
		(void)fprintf(out, "%s { name = \"", i > 0 ? "," : "");
		for (size_t k = 0; k < (letter == '"' ? 95 : 190); k++)
			(void)fputs(letter == '"' ? "\\\"" : "x", out);
		(void)fprintf(out,
			      "%03zu\"; type = \"blacklist\"; status = \"report-only\"; scope = { all = true; }; }\n",
			      i);
	}
	(void)fputs(");\n", out);
	assert_int_equal(fclose(out), 0);
	image = ap_test_image(text);
	free(text);
	return image;
}

/* All of them as long as there is room; then the first of them, and a last element that says that there are more. */
static void test_would_gets_the_room_that_is_left(void **state)
{
	char *long_name = repeated("\x01", 2000);
	int failed = 0;

	(void)state;
	for (size_t n = 1; n < 40; n++) {
		ap_image *image = image_of_many(n, n % 2 == 0 ? 'x' : '"');
		const ap_facts facts[] = { { .user = "a", .rhost = "10.0.0.1" },
					   { .user = long_name,
					     .service = long_name,
					     .tty = long_name,
					     .rhost = "2001:db8:1111:2222:3333:4444:5555:6666" } };

		for (size_t i = 0; i < AP_N(facts); i++) {
			json_t *parsed = json_loads(record_of(image, &facts[i], true), 0, NULL), *last;
			json_t *would = json_object_get(parsed, "would");
			size_t found = json_array_size(would);

			last = json_array_get(would, found - 1);
			AP_ROW(failed, found > 2 || found == n, "%zu policies, login %zu: %zu", n, i, found);
			if (!json_is_string(json_object_get(last, "decision")))
				AP_ROW(failed,
				       strcmp(json_string_value(json_object_get(last, "policy")), "…") == 0 &&
					       json_is_null(json_object_get(last, "decision")) &&
					       json_is_null(json_object_get(last, "reason")),
				       "%zu policies, login %zu: no mark", n, i);
			else
				AP_ROW(failed, found == n, "%zu policies, login %zu: %zu", n, i, found);
			json_decref(parsed);
		}
		ap_image_free(image);
	}
	free(long_name);
	AP_ROWS_END(failed);
}

/*
 * Which are recorded
 */

static void test_what_is_recorded(void **state)
{
	static const struct {
		const char *settings;
		bool allowed, denied, would, error;
	} settings[] = {
		{ "", false, false, false, false },
		{ "audit = { file = \"/f\"; };", true, true, true, true },
		{ "audit = { file = \"/f\"; record = \"all\"; };", true, true, true, true },
		{ "audit = { file = \"/f\"; record = \"denied\"; };", false, true, true, true },
		{ "audit = { file = \"/f\"; record = \"none\"; };", false, false, false, false },
	};
	ap_would one = { .policy = 2, .verdict = AP_DENY };
	const ap_decision allowed = { .verdict = AP_ALLOW }, denied = { .verdict = AP_DENY };
	const ap_decision would = { .verdict = AP_ALLOW, .would = &one, .n_would = 1 };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(settings); i++) {
		char *text;
		ap_image *image;

		assert_true(asprintf(&text, "%s\n%s", settings[i].settings, POLICIES) > 0);
		image = ap_test_image(text);
		AP_ROW(failed, (ap_audit_file(image, &allowed) != NULL) == settings[i].allowed, "%zu: allowed", i);
		AP_ROW(failed, (ap_audit_file(image, &denied) != NULL) == settings[i].denied, "%zu: denied", i);
		AP_ROW(failed, (ap_audit_file(image, &would) != NULL) == settings[i].would, "%zu: would", i);
		AP_ROW(failed, (ap_audit_file(image, NULL) != NULL) == settings[i].error, "%zu: error", i);
		if (settings[i].denied)
			assert_string_equal(ap_audit_file(image, &denied), "/f");
		ap_image_free(image);
		free(text);
	}
	AP_ROWS_END(failed);
}

/*
 * The file
 */

static const char line[] = "{\"a record\"}\n";

static ap_status append(const char *path, ap_error *ret_error)
{
	memset(ret_error, 0, sizeof(*ret_error));
	return ap_audit_append(path, line, strlen(line), ret_error);
}

static void test_records_are_appended(void **state)
{
	char *folder = ap_scratch_new(), *path = ap_scratch_write(folder, "audit", "before\n", 0640), *text;
	size_t before = ap_open_descriptors();
	ap_error error;

	(void)state;
	assert_int_equal(append(path, &error), AP_OK);
	assert_int_equal(append(path, &error), AP_OK);
	text = ap_scratch_read(path, NULL);
	assert_string_equal(text, "before\n{\"a record\"}\n{\"a record\"}\n");
	assert_int_equal(ap_open_descriptors(), before);
	free(text);
	free(path);
	ap_scratch_free(folder);
}

/* Each is refused for what it is, and nothing is written, made or waited for. */
static void test_a_file_that_is_not_to_be_trusted(void **state)
{
	static const struct {
		const char *name;
		ap_status status;
		const char *says;
	} files[] = {
		{ "missing", AP_ERR_MISSING, "does not exist" },
		{ "link", AP_ERR_TRUST, "is a symbolic link; expected a regular file" },
		{ "dangling", AP_ERR_TRUST, "is a symbolic link; expected a regular file" },
		{ "folder", AP_ERR_TRUST, "is a folder; expected a regular file" },
		{ "fifo", AP_ERR_TRUST, "is a FIFO; expected a regular file" },
		{ "writable", AP_ERR_TRUST, "can be written by group or others (mode 0660)" },
		{ "two", AP_ERR_TRUST, "has 2 names (hard links); expected this one alone" },
		{ "open/file", AP_ERR_TRUST, "can be written by group or others (mode 0777)" },
		{ "link-to-open/file", AP_ERR_TRUST, "can be written by group or others (mode 0777)" },
		{ "/dev/null", AP_ERR_TRUST, "is a device; expected a regular file" },
	};
	char *folder = ap_scratch_new(), *path, *other, *text;
	size_t before = ap_open_descriptors();
	int failed = 0;

	(void)state;
	assert_int_equal(chdir(folder), 0);
	free(ap_scratch_write(folder, "target", "", 0640));
	free(ap_scratch_write(folder, "writable", "", 0660));
	free(ap_scratch_write(folder, "one", "", 0640));
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(mkfifo("fifo", 0640), 0);
	assert_int_equal(link("one", "two"), 0);
	assert_int_equal(mkdir("open", 0755), 0);
	free(ap_scratch_write(folder, "open/file", "", 0640));
	assert_int_equal(chmod("open", 0777), 0);
	assert_int_equal(symlink("open", "link-to-open"), 0);
	for (size_t i = 0; i < AP_N(files); i++) {
		ap_error error;
		ap_status status;

		path = files[i].name[0] == '/' ? strdup(files[i].name) : ap_scratch_path(folder, files[i].name);
		status = append(path, &error);
		AP_ROW(failed, status == files[i].status && strstr(error.message, files[i].says) != NULL, "%s: %d: %s",
		       files[i].name, status, error.message);
		free(path);
	}
	for (size_t i = 0; i < 4; i++) {
		static const char *const untouched[] = { "target", "writable", "one", "open/file" };

		text = ap_scratch_read(untouched[i], NULL);
		AP_ROW(failed, text[0] == '\0', "%s was written", untouched[i]);
		free(text);
	}
	other = ap_scratch_path(folder, "nowhere");
	AP_ROW(failed, access(other, F_OK) != 0 && access("missing", F_OK) != 0, "a file was made");
	free(other);
	/* a folder's link on the way is root's or ours: it is followed */
	assert_int_equal(chmod("open", 0755), 0);
	path = ap_scratch_path(folder, "link-to-open/file");
	assert_int_equal(append(path, &(ap_error){ .line = 0 }), AP_OK);
	free(path);
	assert_int_equal(ap_open_descriptors(), before);
	assert_int_equal(chdir("/"), 0);
	ap_scratch_free(folder);
	AP_ROWS_END(failed);
}

/* In a child, which a wrong answer would end by SIGXFSZ. */
static void test_a_limit_of_the_file_size_is_kept_clear_of(void **state)
{
	static const struct {
		rlim_t limit;
		size_t size;
		ap_status status;
	} limits[] = {
		{ RLIM_INFINITY, 100, AP_OK },    { 0, 0, AP_ERR_LIMIT },
		{ 4096, 0, AP_ERR_LIMIT },        { 4096, 4096, AP_ERR_LIMIT },
		{ 4096, 8192, AP_ERR_LIMIT },     { 1024 * 1024, 0, AP_OK },
		{ 1024 * 1024, 1, AP_ERR_LIMIT }, { 3 * 1024 * 1024, 2 * 1024 * 1024, AP_OK },
	};
	char *folder = ap_scratch_new(), *path = ap_scratch_path(folder, "audit");
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(limits); i++) {
		int wait_status = 0;
		pid_t child;

		free(ap_scratch_write(folder, "audit", "", 0640));
		assert_int_equal(truncate(path, (off_t)limits[i].size), 0);
		child = fork();
		if (child == 0) {
			const struct rlimit limit = { limits[i].limit, limits[i].limit };
			ap_error error;

			if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
				_exit(99);
			_exit((int)append(path, &error));
		}
		assert_int_equal(waitpid(child, &wait_status, 0), child);
		AP_ROW(failed, WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == (int)limits[i].status,
		       "row %zu: wait status %x", i, (unsigned)wait_status);
	}
	free(path);
	ap_scratch_free(folder);
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field_is_written),
		cmocka_unit_test(test_time_is_that_of_the_calendar),
		cmocka_unit_test(test_region_is_the_smallest_that_is_named),
		cmocka_unit_test(test_long_texts_are_cut_between_characters),
		cmocka_unit_test(test_would_gets_the_room_that_is_left),
		cmocka_unit_test(test_what_is_recorded),
		cmocka_unit_test(test_records_are_appended),
		cmocka_unit_test(test_a_file_that_is_not_to_be_trusted),
		cmocka_unit_test(test_a_limit_of_the_file_size_is_kept_clear_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
