/* One login, made of what its host said: its address, its client type, its member. */
#include "../../lib/login/request.h"
#include "compiled.h"
#include "rows.h"

#include <string.h>

static const char policy[] =
	"default_domain = \"Example.COM\";\n"
	"default_client_type = \"third-party\";\n"
	"client_types = (\n"
	"  { name = \"web\"; service = [ \"roundcube\", \"dovecot-*-1143\" ]; },\n"
	"  { name = \"kiosk\"; service = [ \"kiosk-*\" ]; tty = [ \"tty9\", \"tty1?\" ]; local = true; },\n"
	"  { name = \"native\"; env = [ \"CLIENT=native*\", \"APP=?\" ]; },\n"
	"  { name = \"helper\"; ruser = [ \"svc-*\" ]; env = [ \"HELPER=1\" ]; local = true; },\n"
	"  { name = \"system\"; service = [ \"sshd\", \"login\" ]; },\n"
	"  { name = \"web\"; service = [ \"webmail\" ]; },\n"
	"  { name = \"outlook-addin\"; service = [ \"roundcube\" ]; }\n"
	");\n"
	"policies = ( { name = \"P\"; type = \"blacklist\"; scope = { members = [ \"nobody\" ]; }; } );\n";

static ap_image *image;

static const char *const no_env[] = { NULL };
static const char *const native_env[] = { "LANG=C", "CLIENT=native-7", NULL };
static const char *const native_prefix_env[] = { "XCLIENT=native-7", "CLIENT", NULL };
static const char *const app_env[] = { "APP=x", NULL };
static const char *const helper_env[] = { "HELPER=1", NULL };
static const char *const ssh_env[] = { "SSH_CONNECTION=203.0.113.7 50022 192.0.2.1 22", NULL };
static const char *const ssh6_env[] = { "A=b", "SSH_CONNECTION=2001:db8::7 50022 2001:db8::1 22", NULL };
static const char *const ssh_name_env[] = { "SSH_CONNECTION=host.example.net 50022 192.0.2.1 22", NULL };
static const char *const ssh_empty_env[] = { "SSH_CONNECTION=", NULL };
static const char *const ssh_blank_env[] = { "SSH_CONNECTION= 203.0.113.7", NULL };
static const char *const ssh_other_env[] = { "SSH_CONNECTION2=203.0.113.7 1 2 3", "XSSH_CONNECTION=203.0.113.7 1 2 3",
					     NULL };

static const struct {
	ap_facts facts;
	const char *address;
	const char *client;
	ap_client_source source;
} rows[] = {
	/* client=, hints, the default, none */
	{ { .user = "a", .rhost = "192.0.2.1", .client = "native" }, "192.0.2.1", "native", AP_CLIENT_GIVEN },
	{ { .user = "a", .rhost = "192.0.2.1", .service = "roundcube", .client = "native" },
	  "192.0.2.1",
	  "native",
	  AP_CLIENT_GIVEN },
	{ { .user = "a", .rhost = "192.0.2.1", .service = "roundcube" }, "192.0.2.1", "web", AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "192.0.2.1", .service = "dovecot-imap-1143" }, "192.0.2.1", "web", AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "192.0.2.1", .service = "webmail" }, "192.0.2.1", "web", AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "192.0.2.1", .service = "dovecot-imap-143" },
	  "192.0.2.1",
	  "third-party",
	  AP_CLIENT_DEFAULT },
	{ { .user = "a", .rhost = "192.0.2.1" }, "192.0.2.1", "third-party", AP_CLIENT_DEFAULT },
	{ { .user = "a", .rhost = "host.example.net" }, "unknown", "third-party", AP_CLIENT_DEFAULT },
	{ { .user = "a", .service = "imap" }, "local", "system", AP_CLIENT_NO_ADDRESS },
	{ { .user = "a" }, "local", "system", AP_CLIENT_NO_ADDRESS },
	{ { .user = "a", .rhost = "" }, "local", "system", AP_CLIENT_NO_ADDRESS },
	{ { .user = "a", .at_machine = true }, "local", "system", AP_CLIENT_NO_ADDRESS },
	/* all kinds that are listed must fit, one of each is enough */
	{ { .user = "a", .service = "kiosk-1", .tty = "tty9" }, "local", "kiosk", AP_CLIENT_HINTED },
	{ { .user = "a", .service = "kiosk-1", .tty = "tty17" }, "local", "kiosk", AP_CLIENT_HINTED },
	{ { .user = "a", .service = "kiosk-1", .tty = "tty8" }, "local", "system", AP_CLIENT_NO_ADDRESS },
	{ { .user = "a", .service = "kiosk-1" }, "local", "system", AP_CLIENT_NO_ADDRESS },
	{ { .user = "a", .tty = "tty9" }, "local", "system", AP_CLIENT_NO_ADDRESS },
	{ { .user = "a", .rhost = "192.0.2.1", .env = native_env }, "192.0.2.1", "native", AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "192.0.2.1", .env = app_env }, "192.0.2.1", "native", AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "192.0.2.1", .env = native_prefix_env },
	  "192.0.2.1",
	  "third-party",
	  AP_CLIENT_DEFAULT },
	{ { .user = "a", .rhost = "192.0.2.1", .env = no_env }, "192.0.2.1", "third-party", AP_CLIENT_DEFAULT },
	{ { .user = "a", .ruser = "svc-x", .env = helper_env }, "local", "helper", AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "192.0.2.1", .ruser = "svc-x", .env = native_env },
	  "192.0.2.1",
	  "native",
	  AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "192.0.2.1", .ruser = "joe", .env = helper_env },
	  "192.0.2.1",
	  "third-party",
	  AP_CLIENT_DEFAULT },
	/* where the address comes from */
	{ { .user = "a", .rhost = "[2001:db8::1%eth0]", .client = "web" }, "2001:db8::1", "web", AP_CLIENT_GIVEN },
	{ { .user = "a", .rhost = "::ffff:192.0.2.1", .client = "web" }, "192.0.2.1", "web", AP_CLIENT_GIVEN },
	{ { .user = "a", .client = "web" }, "unknown", "web", AP_CLIENT_GIVEN },
	{ { .user = "a", .rhost = "", .client = "web" }, "unknown", "web", AP_CLIENT_GIVEN },
	{ { .user = "a", .client = "system" }, "local", "system", AP_CLIENT_GIVEN },
	{ { .user = "a", .rhost = "", .client = "system" }, "local", "system", AP_CLIENT_GIVEN },
	{ { .user = "a", .client = "kiosk" }, "local", "kiosk", AP_CLIENT_GIVEN },
	{ { .user = "a", .rhost = "192.0.2.1", .client = "system" }, "192.0.2.1", "system", AP_CLIENT_GIVEN },
	{ { .user = "a", .rhost = "local", .client = "system" }, "unknown", "system", AP_CLIENT_GIVEN },
	{ { .user = "a", .rhost = "host.example.net", .client = "system" }, "unknown", "system", AP_CLIENT_GIVEN },
	{ { .user = "a", .rhost = "192.0.2.1:22", .client = "system" }, "unknown", "system", AP_CLIENT_GIVEN },
	{ { .user = "a", .rhost = " ", .client = "system" }, "unknown", "system", AP_CLIENT_GIVEN },
	{ { .user = "a", .at_machine = true, .client = "web" }, "local", "web", AP_CLIENT_GIVEN },
	{ { .user = "a", .at_machine = true, .rhost = "192.0.2.1", .client = "web" }, "local", "web", AP_CLIENT_GIVEN },
	/* SSH_CONNECTION, for sshd alone and where PAM_RHOST is no number */
	{ { .user = "a", .rhost = "host.example.net", .service = "sshd", .env = ssh_env },
	  "203.0.113.7",
	  "system",
	  AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "host.example.net", .service = "sshd", .env = ssh6_env },
	  "2001:db8::7",
	  "system",
	  AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "192.0.2.9", .service = "sshd", .env = ssh_env },
	  "192.0.2.9",
	  "system",
	  AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "host.example.net", .service = "login", .env = ssh_env },
	  "unknown",
	  "system",
	  AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "host.example.net", .service = "sshd2", .env = ssh_env },
	  "unknown",
	  "third-party",
	  AP_CLIENT_DEFAULT },
	{ { .user = "a", .rhost = "host.example.net", .env = ssh_env }, "unknown", "third-party", AP_CLIENT_DEFAULT },
	{ { .user = "a", .rhost = "host.example.net", .service = "sshd", .env = ssh_name_env },
	  "unknown",
	  "system",
	  AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "host.example.net", .service = "sshd", .env = ssh_empty_env },
	  "unknown",
	  "system",
	  AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "host.example.net", .service = "sshd", .env = ssh_blank_env },
	  "unknown",
	  "system",
	  AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "host.example.net", .service = "sshd", .env = ssh_other_env },
	  "unknown",
	  "system",
	  AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "host.example.net", .service = "sshd" }, "unknown", "system", AP_CLIENT_HINTED },
	{ { .user = "a", .rhost = "host.example.net", .service = "sshd", .client = "web", .env = ssh_env },
	  "203.0.113.7",
	  "web",
	  AP_CLIENT_GIVEN },
	/* names in hints are compared as they are */
	{ { .user = "a", .rhost = "192.0.2.1", .service = "Roundcube" },
	  "192.0.2.1",
	  "third-party",
	  AP_CLIENT_DEFAULT },
	{ { .user = "a", .rhost = "192.0.2.1", .service = "%n%n" }, "192.0.2.1", "third-party", AP_CLIENT_DEFAULT },
};

static void test_request_rows(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_view view = ap_view_of(image);
		char text[AP_ADDRESS_TEXT_MAX];
		const char *client;
		ap_request request;

		assert_int_equal(ap_request_init(&request, image, &rows[i].facts, NULL), AP_OK);
		client = ap_view_string(&view, ap_view_client(&view, request.client).name);
		AP_ROW(failed, strcmp(ap_address_format(&request.address, text), rows[i].address) == 0,
		       "row %zu: address %s, not %s", i, text, rows[i].address);
		AP_ROW(failed, strcmp(client, rows[i].client) == 0, "row %zu: client %s, not %s", i, client,
		       rows[i].client);
		AP_ROW(failed, request.client_source == rows[i].source, "row %zu: source %d", i,
		       (int)request.client_source);
		ap_request_clear(&request);
	}
	AP_ROWS_END(failed);
}

static void test_request_refuses_an_unknown_client_type(void **state)
{
	static const char *const names[] = { "wbe", "", "Web", "web ", "%s" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(names); i++) {
		const ap_facts facts = { .user = "a", .client = names[i] };
		ap_error error = { .status = AP_OK };
		ap_request request, zeroed;

		memset(&request, 0x5a, sizeof(request));
		memset(&zeroed, 0, sizeof(zeroed));
		AP_ROW(failed, ap_request_init(&request, image, &facts, &error) == AP_ERR_POLICY, "row %zu: accepted",
		       i);
		AP_ROW(failed, memcmp(&request, &zeroed, sizeof(request)) == 0, "row %zu: not zeroed", i);
		AP_ROW(failed, strstr(error.message, names[i]) != NULL, "row %zu: %s", i, error.message);
	}
	AP_ROWS_END(failed);
}

/* Facts of any content make a request. */
static void test_request_takes_any_text(void **state)
{
	static char big[65537];
	static const char *texts[] = { "", "\n", "\x1b[2J", "%s%s%n", "\xff\xfe", "'; DROP", big };
	int failed = 0;

	(void)state;
	memset(big, 'A', sizeof(big) - 1);
	for (size_t i = 0; i < AP_N(texts); i++) {
		const char *const env[] = { texts[i], "=", "=x", "SSH_CONNECTION", NULL };
		const ap_facts facts = { .user = texts[i],
					 .rhost = texts[i],
					 .service = texts[i],
					 .tty = texts[i],
					 .ruser = texts[i],
					 .env = env };
		ap_request request;

		AP_ROW(failed, ap_request_init(&request, image, &facts, NULL) == AP_OK, "row %zu", i);
		ap_request_clear(&request);
		ap_request_clear(&request);
	}
	AP_ROWS_END(failed);
}

static void test_request_member_gets_the_default_domain(void **state)
{
	const ap_facts facts = { .user = "Alice" };
	ap_request request;

	(void)state;
	assert_int_equal(ap_request_init(&request, image, &facts, NULL), AP_OK);
	assert_string_equal(request.member.text, "alice@example.com");
	assert_ptr_equal(request.facts.user, facts.user);
	ap_request_clear(&request);
}

static int make_image(void **state)
{
	(void)state;
	image = ap_test_image(policy);
	return 0;
}

static int free_image(void **state)
{
	(void)state;
	ap_image_free(image);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_rows),
		cmocka_unit_test(test_request_refuses_an_unknown_client_type),
		cmocka_unit_test(test_request_takes_any_text),
		cmocka_unit_test(test_request_member_gets_the_default_domain),
	};

	return cmocka_run_group_tests(tests, make_image, free_image);
}
