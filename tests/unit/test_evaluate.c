/*
 * What an evaluation is asked for beside the decision: one policy alone, a listener, the message. The decisions are
 * in ../decisions.
 */
#include "../../lib/login/evaluate.h"
#include "compiled.h"
#include "rows.h"

#include <string.h>

static const char policies[] =
	"message = \"the settings' words\";\n"
	"policies = (\n"
	"  { name = \"white\";  type = \"whitelist\"; scope = { all = true; }; ip = [ \"10.0.0.0/8\" ]; },\n"
	"  { name = \"black\";  type = \"blacklist\"; scope = { all = true; }; ip = [ \"10.1.0.0/16\" ]; message = "
	"\"its own words\"; },\n"
	"  { name = \"off\";    type = \"blacklist\"; status = \"disabled\"; scope = { all = true; }; },\n"
	"  { name = \"watch\";  type = \"blacklist\"; status = \"report-only\"; scope = { all = true; }; ip = [ "
	"\"10.2.0.0/16\" ]; },\n"
	"  { name = \"others\"; type = \"blacklist\"; scope = { domains = [ \"b.test\" ]; }; }\n"
	");\n";

enum { WHITE, BLACK, OFF, WATCH, OTHERS };

static ap_image *image;

static int make_image(void **state)
{
	(void)state;
	image = ap_test_image(policies);
	return 0;
}

static int free_image(void **state)
{
	(void)state;
	ap_image_free(image);
	return 0;
}

static const struct {
	const char *rhost;
	uint32_t only;
	ap_verdict verdict;
	ap_reason reason;
	uint32_t policy;
	size_t n_would;
	const char *message; /* of a denial */
} rows[] = {
	{ "10.9.0.1", AP_NONE, AP_ALLOW, AP_REASON_WHITELISTED, WHITE, 0, NULL },
	{ "10.1.0.1", AP_NONE, AP_DENY, AP_REASON_BLACKLISTED, BLACK, 0, "its own words" },
	{ "10.2.0.1", AP_NONE, AP_ALLOW, AP_REASON_WHITELISTED, WHITE, 1, NULL },
	{ "192.0.2.1", AP_NONE, AP_DENY, AP_REASON_NOT_WHITELISTED, WHITE, 0, "the settings' words" },
	/* alone, whatever the others say */
	{ "10.1.0.1", WHITE, AP_ALLOW, AP_REASON_WHITELISTED, WHITE, 0, NULL },
	{ "192.0.2.1", WHITE, AP_DENY, AP_REASON_NOT_WHITELISTED, WHITE, 0, "the settings' words" },
	{ "192.0.2.1", BLACK, AP_ALLOW, AP_REASON_DEFAULT, AP_NONE, 0, NULL },
	{ "10.1.0.1", BLACK, AP_DENY, AP_REASON_BLACKLISTED, BLACK, 0, "its own words" },
	{ "a.host", BLACK, AP_DENY, AP_REASON_UNDETERMINED, BLACK, 0, "its own words" },
	/* as what it is: a disabled one decides nothing, a report-only one as if it were enabled */
	{ "10.1.0.1", OFF, AP_ALLOW, AP_REASON_DEFAULT, AP_NONE, 0, NULL },
	{ "10.2.0.1", WATCH, AP_DENY, AP_REASON_BLACKLISTED, WATCH, 0, "the settings' words" },
	{ "10.1.0.1", WATCH, AP_ALLOW, AP_REASON_DEFAULT, AP_NONE, 0, NULL },
	{ "10.1.0.1", OTHERS, AP_ALLOW, AP_REASON_DEFAULT, AP_NONE, 0, NULL },
};

typedef struct {
	uint32_t expected; /* the next policy's number */
	bool in_order;
	uint32_t n;
} listener;

static void listen_to(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	listener *l = context;

	l->in_order = l->in_order && answer->policy == l->expected && policy->name != 0;
	l->expected++;
	l->n++;
}

static void test_evaluate_rows(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		const ap_facts facts = { .user = "alice@a.test", .rhost = rows[i].rhost, .client = "web" };
		listener l = { .expected = rows[i].only == AP_NONE ? 0 : rows[i].only, .in_order = true };
		const ap_evaluate_options options = { .only = rows[i].only, .hook = listen_to, .hook_context = &l };
		ap_decision d;
		ap_request request;

		assert_int_equal(ap_request_init(&request, image, &facts, NULL), AP_OK);
		memset(&d, 0x5a, sizeof(d));
		assert_int_equal(ap_evaluate(image, &request, &options, &d, NULL), AP_OK);
		AP_ROW(failed, d.verdict == rows[i].verdict && d.reason == rows[i].reason, "row %zu: %s, %s", i,
		       ap_verdict_name(d.verdict), ap_reason_name(d.reason));
		AP_ROW(failed, d.policy == rows[i].policy, "row %zu: policy %u", i, d.policy);
		AP_ROW(failed, d.n_would == rows[i].n_would, "row %zu: %zu would", i, d.n_would);
		AP_ROW(failed, l.in_order && l.n == (rows[i].only == AP_NONE ? 5 : 1), "row %zu: heard of %u", i, l.n);
		if (rows[i].message != NULL)
			AP_ROW(failed, strcmp(ap_decision_message(image, &d), rows[i].message) == 0, "row %zu: \"%s\"",
			       i, ap_decision_message(image, &d));
		ap_decision_clear(&d);
		AP_ROW(failed, d.would == NULL && d.n_would == 0 && d.verdict != AP_ALLOW, "row %zu: not cleared", i);
		ap_request_clear(&request);
	}
	AP_ROWS_END(failed);
}

static void test_evaluate_names(void **state)
{
	(void)state;
	assert_string_equal(ap_verdict_name(AP_ALLOW), "allow");
	assert_string_equal(ap_verdict_name(AP_DENY), "deny");
	assert_string_equal(ap_reason_name(AP_REASON_BLACKLISTED), "blacklisted");
	assert_string_equal(ap_reason_name(AP_REASON_NOT_WHITELISTED), "not-whitelisted");
	assert_string_equal(ap_reason_name(AP_REASON_UNDETERMINED), "undetermined");
	assert_string_equal(ap_reason_name(AP_REASON_WHITELISTED), "whitelisted");
	assert_string_equal(ap_reason_name(AP_REASON_DEFAULT), "default");
}

/* What was never filled lets nobody in. */
static void test_evaluate_zeroed_decision_is_no_permission(void **state)
{
	ap_decision zeroed;

	(void)state;
	memset(&zeroed, 0, sizeof(zeroed));
	assert_int_not_equal(zeroed.verdict, AP_ALLOW);
	assert_string_not_equal(ap_verdict_name(zeroed.verdict), "allow");
	ap_decision_clear(&zeroed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evaluate_rows),
		cmocka_unit_test(test_evaluate_names),
		cmocka_unit_test(test_evaluate_zeroed_decision_is_no_permission),
	};

	return cmocka_run_group_tests(tests, make_image, free_image);
}
