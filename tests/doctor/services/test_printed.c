/*
 * What postconf prints, what saslauthd and sshd were started with, and what was written of logins.
 *
 * The printed texts are those of Postfix 3.7.11, Debian's saslauthd and OpenSSH 9.2, less what nobody asks about.
 */
#include "../../../lib/doctor/login_lines.h"
#include "../../../lib/doctor/postfix_settings.h"
#include "../../../lib/doctor/saslauthd_settings.h"
#include "../../../lib/doctor/sshd_instances.h"
#include "../root.h"
#include "rows.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *or_none(const char *text)
{
	return text != NULL ? text : "-";
}

static void check_lines(const char *const *expected, const char *const *found, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < n || expected[i] != NULL; i++) {
		const char *one = i < n ? found[i] : "none";

		AP_ROW(failed, expected[i] != NULL && strcmp(expected[i], one) == 0, "%zu: %s", i, one);
		if (expected[i] == NULL || i >= n)
			break;
	}
	AP_ROWS_END(failed);
}

static const char *service_text(ap_arena *arena, const ap_postfix_service *one)
{
	return ap_format(arena, "%s%s%s [%s]:%u %s %s %s %s [%s]%s", one->name, one->postscreen != NULL ? " by " : "",
			 one->postscreen != NULL ? one->postscreen : "", one->host, one->port,
			 one->asks ? "asks" : "no", one->type, one->path, one->service, one->xclient_hosts,
			 one->haproxy ? " haproxy" : "");
}

static ap_postfix parsed(ap_arena *arena, const char *settings, const char *master, const char *overrides,
			 const char *services_file)
{
	ap_postfix postfix = { .services = NULL };

	ap_postfix_parse(arena,
			 &(ap_postfix_printed){ .folder = "/etc/postfix",
						.settings = settings,
						.master = master,
						.overrides = overrides,
						.services_file = services_file },
			 &postfix);
	return postfix;
}

static void test_services_of_postfix(void **state)
{
	static const char settings[] =
		"smtpd_sasl_auth_enable = no\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth\n"
		"smtpd_sasl_service = smtp\nsmtpd_authorized_xclient_hosts =\n"
		"smtpd_upstream_proxy_protocol =\ncyrus_sasl_config_path = /etc/x\ninet_interfaces = all\n";
	static const char master[] =
		"smtp       inet  n       -       y       -       -       smtpd\n"
		"pickup     unix  n       -       y       60      1       pickup\n"
		"submission inet  n       -       y       -       -       smtpd -o smtpd_sasl_auth_enable=yes\n"
		"submissions inet n       -       y       -       -       smtpd\n"
		"127.0.0.1:1587 inet n    -       y       -       -       smtpd\n"
		"[::1]:2525 inet n        -       y       -       -       smtpd\n"
		"unknown    inet  n       -       y       -       -       smtpd\n"
		"pass       pass  -       -       y       -       -       smtpd\n"
		"short inet\n";
	static const char overrides[] = "submission/inet/smtpd_sasl_auth_enable = yes\n"
					"submission/inet/smtpd_sasl_path = private/auth-x\n"
					"127.0.0.1:1587/inet/smtpd_sasl_service = webmail\n"
					"127.0.0.1:1587/inet/smtpd_authorized_xclient_hosts = 127.0.0.1, [::1]\n"
					"[::1]:2525/inet/smtpd_upstream_proxy_protocol = haproxy\n";
	static const char *const expected[] = {
		"smtp/inet []:25 no dovecot private/auth smtp []",
		"submission/inet []:587 asks dovecot private/auth-x smtp []",
		"submissions/inet []:465 no dovecot private/auth smtp []",
		"127.0.0.1:1587/inet [127.0.0.1]:1587 no dovecot private/auth webmail [127.0.0.1, [::1]]",
		"[::1]:2525/inet [::1]:2525 no dovecot private/auth smtp [] haproxy",
		"unknown/inet []:0 no dovecot private/auth smtp []",
		"pass/pass []:0 no dovecot private/auth smtp []",
		NULL,
	};
	ap_arena *arena = ap_arena_new();
	const char *found[16];
	ap_postfix postfix = parsed(arena, settings, master, overrides,
				    "smtp\t\t25/tcp\t\tmail\nsmtp 25/udp\nsubmission\t587/tcp\n");

	(void)state;
	for (size_t i = 0; i < postfix.n && i < AP_N(found); i++)
		found[i] = service_text(arena, &postfix.services[i]);
	check_lines(expected, found, postfix.n);
	assert_string_equal(postfix.services[0].cyrus_folders, "/etc/x");
	ap_arena_free(arena);
}

static void test_postfix_on_loopback(void **state)
{
	ap_arena *arena = ap_arena_new();
	ap_postfix postfix = parsed(arena, "inet_interfaces = loopback-only\n",
				    "25 inet n - y - - smtpd\n192.0.2.1:26 inet n - y - - smtpd\n", "", "");

	(void)state;
	assert_int_equal(postfix.n, 2);
	assert_string_equal(service_text(arena, &postfix.services[0]), "25/inet [127.0.0.1]:25 no cyrus smtpd smtp []");
	assert_string_equal(service_text(arena, &postfix.services[1]),
			    "192.0.2.1:26/inet [192.0.2.1]:26 no cyrus smtpd smtp []");
	ap_arena_free(arena);
}

/* What stands behind postscreen is reached where that listens; what a proxy says to that is believed, and to it is not read. */
static void test_postfix_behind_postscreen(void **state)
{
	static const char settings[] = "postscreen_upstream_proxy_protocol =\nsmtpd_service_name = smtpd\n";
	static const char master[] = "smtpd pass - - y - - smtpd\n"
				     "smtp inet n - y - 1 postscreen\n"
				     "192.0.2.1:10025 inet n - y - 1 postscreen\n"
				     "[::1]:26 inet n - y - 1 postscreen\n"
				     "other pass - - y - - smtpd\n"
				     "nobodys pass - - y - - smtpd\n";
	static const char overrides[] = "192.0.2.1:10025/inet/postscreen_upstream_proxy_protocol = haproxy\n"
					"[::1]:26/inet/smtpd_service_name = other\n"
					"smtpd/pass/smtpd_sasl_auth_enable = yes\n"
					"other/pass/smtpd_upstream_proxy_protocol = haproxy\n";
	static const char *const expected[] = {
		"smtpd/pass by smtp/inet []:25 asks cyrus smtpd smtp []",
		"smtpd/pass by 192.0.2.1:10025/inet [192.0.2.1]:10025 asks cyrus smtpd smtp [] haproxy",
		"other/pass by [::1]:26/inet [::1]:26 no cyrus smtpd smtp []",
		"nobodys/pass []:0 no cyrus smtpd smtp []",
		NULL,
	};
	ap_arena *arena = ap_arena_new();
	const char *found[16];
	ap_postfix postfix = parsed(arena, settings, master, overrides, "smtp 25/tcp\n");

	(void)state;
	for (size_t i = 0; i < postfix.n && i < AP_N(found); i++)
		found[i] = service_text(arena, &postfix.services[i]);
	check_lines(expected, found, postfix.n);
	ap_arena_free(arena);
}

/* master(8) looks for the program in Postfix's folder, by whatever path leads there from it. */
static void test_postfix_whose_programs_are_paths(void **state)
{
	ap_arena *arena = ap_arena_new();
	ap_postfix postfix = parsed(arena, "",
				    "587 inet n - y - - ./smtpd\n465 inet n - y - - ../sbin/smtpd -v\n"
				    "25 inet n - y - 1 ./postscreen\nsmtpd pass - - y - - ./smtpd\n"
				    "26 inet n - y - - ./smtp\n",
				    "", "");

	(void)state;
	assert_int_equal(postfix.n, 3);
	assert_string_equal(postfix.services[0].name, "587/inet");
	assert_string_equal(postfix.services[1].name, "465/inet");
	assert_string_equal(postfix.services[2].name, "smtpd/pass");
	assert_string_equal(postfix.services[2].postscreen, "25/inet");
	ap_arena_free(arena);
}

/* What is switched off listens nowhere, and hands nothing over. The first that fits counts. */
static void test_postfix_that_is_switched_off(void **state)
{
	static const char master[] = "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n"
				     "587 inet n - y - - smtpd\n465 inet n - y - - smtpd\n";
	static const struct {
		const char *value;
		const char *found;
	} rows[] = {
		{ "", " smtpd/pass:25 587/inet:587 465/inet:465" },
		{ "inet", " smtpd/pass:0" },
		{ "!smtp/inet inet", " smtpd/pass:25" },
		{ "465/inet, pass", " 587/inet:587" },
		{ "inet, !587/inet", " smtpd/pass:0" },
	};
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_postfix postfix = parsed(arena, ap_format(arena, "master_service_disable = %s\n", rows[i].value),
					    master, "", "smtp 25/tcp\n");
		const char *found = "";

		for (size_t k = 0; k < postfix.n; k++)
			found = ap_format(arena, "%s %s:%u", found, postfix.services[k].name, postfix.services[k].port);
		AP_ROW(failed, strcmp(found, rows[i].found) == 0, "%s:%s", rows[i].value, found);
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

/* Further instances' services come behind those of the default one, and are told by their folder. */
static void test_instances_of_postfix(void **state)
{
	ap_arena *arena = ap_arena_new();
	ap_postfix postfix = parsed(arena, "smtpd_sasl_type = dovecot\n", "587 inet n - y - - smtpd\n", "", "");

	(void)state;
	ap_postfix_parse(
		arena,
		&(ap_postfix_printed){ .folder = "/etc/postfix-out",
				       .settings = "smtpd_sasl_type = cyrus\ncyrus_sasl_config_path = /etc/y\n",
				       .master = "587 inet n - y - - smtpd\n",
				       .overrides = "",
				       .services_file = "" },
		&postfix);
	assert_int_equal(postfix.n, 2);
	assert_true(postfix.services[0].is_default);
	assert_false(postfix.services[1].is_default);
	assert_string_equal(postfix.services[0].title, "587/inet");
	assert_string_equal(postfix.services[0].folder, "/etc/postfix");
	assert_string_equal(postfix.services[0].type, "dovecot");
	assert_string_equal(postfix.services[1].title, "587/inet of /etc/postfix-out");
	assert_string_equal(postfix.services[1].name, "587/inet");
	assert_string_equal(postfix.services[1].folder, "/etc/postfix-out");
	assert_string_equal(postfix.services[1].cyrus_folders, "/etc/y");
	ap_arena_free(arena);
}

#define DEFAULTS "/etc/default/daemon"

/* A machine's root with no more than the file. */
static ap_host planted(ap_arena *arena, const char *folder, const char *path, const char *text)
{
	root_write(folder, path, text);
	return (ap_host){ .arena = arena, .root = folder };
}

/* What a shell prints that is given the file as $1; not NULL. */
static const char *by_a_shell(ap_arena *arena, const char *script, const char *file)
{
	char line[256];
	size_t length;
	FILE *shell;

	assert_int_equal(setenv("AP_FILE", file, 1), 0);
	shell = popen(script, "r");
	assert_non_null(shell);
	length = fread(line, 1, sizeof(line), shell);
	(void)pclose(shell);
	return ap_arena_strndup(arena, line, length);
}

/* What the settings are in the shell that has read the file, as Debian's script of saslauthd takes them. */
static const char *by_the_script(ap_arena *arena, const char *file)
{
	return by_a_shell(arena,
			  "unset START MECHANISMS OPTIONS; . \"$AP_FILE\"; [ \"$START\" = yes ] || START=no; "
			  "printf '%s %s %s' \"$START\" \"$MECHANISMS\" \"${OPTIONS:--c -m /var/run/saslauthd}\"",
			  file);
}

static const char *by_the_doctor(ap_arena *arena, const ap_saslauthd *one)
{
	return ap_format(arena, "%s %s %s", one->starts ? "yes" : "no", one->mechanism_line > 0 ? one->mechanism : "",
			 *one->options != '\0' ? one->options : AP_SASLAUTHD_OPTIONS);
}

static void test_settings_of_saslauthd(void **state)
{
	static const struct {
		const char *text;
		const char *found; /* starts, mechanism:line, caches, options:line, the line that is not understood */
	} rows[] = {
		{ "", "no :0 -c :0" },
		{ "#START=yes\n# OPTIONS=\"-x\"\nMECHANISMS=\"pam\"\n", "no pam:3 -c :0" },
		{ "START=yes\nMECHANISMS=pam # the one\nOPTIONS=\"-m /run/s\"\n", "yes pam:2 - -m /run/s:3" },
		{ "START=yes\nOPTIONS='-rm/run/c -c'\n", "yes :0 -c -rm/run/c -c:2" },
		{ "START=\"yes\"\nOPTIONS=\"-m /run/-c\"\n", "yes :0 - -m /run/-c:2" },
		{ "OPTIONS=\"-m -c\"\n", "no :0 - -m -c:1" },
		{ "OPTIONS=\"-rc -n 0\"\nSTART=no\nMECHANISMS=\"shadow\"", "no shadow:3 -c -rc -n 0:1" },
		{ "OPTIONS=\"-m /a -c\"\nOPTIONS=\"-m /a\"\n", "no :0 - -m /a:2" },
		{ "OPTIONS=\"-a kerberos5\"\n", "no kerberos5:0 - -a kerberos5:1" },
		{ "OPTIONS=\"\"\nMECHANISMS=\n", "no :2 -c :1" },
		{ "\texport START=yes \t# so\n export\tMECHANISMS=pam\n", "yes pam:2 -c :0" },
		{ "# caf\xc3\xa9\r\nDESC=\"a * of \xc3\xa9 and [b]\"\nOPTIONS=-cm/a\n \t\n", "no :0 -c -cm/a:3" },
		{ "START=yes\nSTART=no\n  # OPTIONS=-c \\\nOPTIONS=-m/a", "no :0 - -m/a:4" },
		/* what only a shell could tell, or what is none of its assignments */
		{ "OPTIONS=\"-c -m /a\"\nOPTIONS=\"$OPTIONS -n 0\"\n", "yes :0 -c -c -m /a:1 odd:2" },
		{ "START=yes\nOPTIONS=\"-m $(cat /etc/folder)\"\n", "yes :0 - :0 odd:2" },
		{ "OPTIONS=-m`echo \"/a\"`\n", "yes :0 - :0 odd:1" },
		{ "MECHANISMS=pam\n. /etc/more\n", "yes pam:1 - :0 odd:2" },
		{ ": ${MECHANISMS:=ldap}\nOPTIONS=\"\"\n", "yes :0 -c :2 odd:1" },
		{ "OPTIONS=\"-m /a\"\nunset OPTIONS\n", "yes :0 - -m /a:1 odd:2" },
		{ "echo \"\nOPTIONS=-m/a\n\"\n", "yes :0 - -m/a:2 odd:1" },
		{ "if false; then\nOPTIONS=\"-m /a\"\nfi\n", "yes :0 - -m /a:2 odd:1" },
		{ "[ -e /a ] && OPTIONS=-m/a\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS=\"-m /a \\\n -c\"\nSTART=yes", "yes :0 - :0 odd:1" },
		{ "OPTIONS=\"-m /a\n-c\"\nSTART=no\n", "yes :0 - :0 odd:1" },
		{ "DESC='it''s'\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS=-m\" /a\"\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS=\"-m\"\" /a\"\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS=-m /a\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS= -c\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS =-c\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS=-c#d\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS=#d\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS=-c;\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS=-m~/a\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS=\"-m /*\"\n", "yes :0 - :0 odd:1" },
		{ "OPTIONS+=-c\n", "yes :0 - :0 odd:1" },
		{ "IFS=:\nOPTIONS=-m/a:-c\n", "yes :0 - -m/a:-c:2 odd:1" },
		{ "export START=yes MECHANISMS=pam\n", "yes :0 - :0 odd:1" },
		{ "exportSTART=yes\nexport START\n", "yes :0 - :0 odd:2" },
		{ "START=no\r\n", "yes :0 - :0 odd:1" },
		{ "\xef\xbb\xbfSTART=no\n", "yes :0 - :0 odd:1" },
		{ "1=2\n=3\n", "yes :0 - :0 odd:1" },
		{ "START=no\n\n$", "yes :0 - :0 odd:3" },
	};
	ap_arena *arena = ap_arena_new();
	char *root = ap_scratch_new(), *file = ap_scratch_path(root, &DEFAULTS[1]);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_host host = planted(arena, root, DEFAULTS, rows[i].text);
		ap_saslauthd one = ap_saslauthd_of_defaults(&host, DEFAULTS);
		const char *odd = one.doubt.what != NULL ? ap_format(arena, " odd:%u", one.doubt.line) : "";
		const char *found =
			ap_format(arena, "%s %s:%u %s %s:%u%s", one.starts ? "yes" : "no", one.mechanism,
				  one.mechanism_line, one.caches ? "-c" : "-", one.options, one.options_line, odd);

		AP_ROW(failed, strcmp(found, rows[i].found) == 0, "row %zu: %s", i, found);
		if (*odd != '\0')
			continue;
		found = by_the_script(arena, file);
		AP_ROW(failed, strcmp(by_the_doctor(arena, &one), found) == 0, "row %zu, and the shell: %s", i, found);
	}
	free(file);
	ap_scratch_free(root);
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

static void test_titles_of_sshd(void **state)
{
	static const struct {
		const char *title;
		const char *found; /* name, program, options */
	} rows[] = {
		{ "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", "sshd /usr/sbin/sshd" },
		{ "sshd-admin: /usr/sbin/sshd-admin -p 2222 -o UseDNS=yes -f /etc/ssh/admin [listener] 0 of 10-100 startups",
		  "sshd-admin /usr/sbin/sshd-admin -o UseDNS=yes -f /etc/ssh/admin" },
		{ "sshd: /usr/sbin/sshd -f/etc/x -oUsePAM=no -D [listener] 1 of 10-100 startups",
		  "sshd /usr/sbin/sshd -f/etc/x -oUsePAM=no" },
		{ "sshd: /usr/sbin/sshd -Df /etc/x -p 22 -4oUsePAM=no -E -o [listener] 1 of 10-100 startups",
		  "sshd /usr/sbin/sshd -f /etc/x -oUsePAM=no" },
		{ "sshd: /usr/sbin/sshd -f [listener] 1 of 10-100 startups", "sshd /usr/sbin/sshd -f" },
		{ "sshd: alice [priv]", NULL },
		{ "sshd: alice@pts/0", NULL },
		{ "sshd: sshd -D [listener] 0 of 10-100 startups", NULL },
		{ "/usr/sbin/sshd", NULL },
		{ "", NULL },
	};
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_sshd_instance one;
		const char *found = NULL;

		if (ap_sshd_title_parse(arena, rows[i].title, &one)) {
			found = ap_format(arena, "%s %s", one.name, one.program);
			for (size_t k = 0; one.options[k] != NULL; k++)
				found = ap_format(arena, "%s %s", found, one.options[k]);
		}
		AP_ROW(failed, strcmp(or_none(found), or_none(rows[i].found)) == 0, "%s: %s", rows[i].title,
		       or_none(found));
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

static void test_default_options_of_sshd(void **state)
{
	static const struct {
		const char *text;
		const char *found; /* the options, and the line that is not understood */
	} rows[] = {
		{ "", "" },
		{ "# Options to pass to sshd\nSSHD_OPTS=\n", "" },
		{ "SSHD_OPTS=\"-o UsePAM=no -4\"\n", " -o UsePAM=no" },
		{ "SSHD_OPTS=-oUseDNS=yes \n", " -oUseDNS=yes" },
		{ "SSHD_OPTS='-o UsePAM=no'\nSSHD_OPTS='-f /etc/ssh/x'", " -f /etc/ssh/x" },
		{ "#SSHD_OPTS=-oUsePAM=no\nSSHD_OPTS_OLD=-oUsePAM=no\n", "" },
		/* which systemd and a shell take differently */
		{ "SSHD_OPTS=-oUseDNS=yes # as before\n", " odd:1" },
		{ "SSHD_OPTS=-o UsePAM=no\n", " odd:1" },
		{ "export SSHD_OPTS=-oUsePAM=no\n", " odd:1" },
		{ "; as before\nSSHD_OPTS=-4oUsePAM=no\n", " -oUsePAM=no odd:1" },
		{ "# as before \\\nSSHD_OPTS=-oUsePAM=no\n", " -oUsePAM=no odd:1" },
		{ "# as before\rSSHD_OPTS=-oUsePAM=no\n", " odd:1" },
		{ "SSHD_OPTS=\"-o\rUsePAM=no\"\n", " odd:1" },
		{ "SSHD_OPTS='-o \"UsePAM no\"'\n", " odd:1" },
		{ "SSHD_OPTS='-f /etc/\\x'\n", " odd:1" },
		{ "SSHD_OPTS=-oUsePAM=no\nX=\"\xe9\"\n", " -oUsePAM=no odd:2" },
		{ "SSHD_OPTS=\"$SSHD_OPTS -oUsePAM=no\"\n", " odd:1" },
	};
	ap_arena *arena = ap_arena_new();
	char *root = ap_scratch_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_host host = planted(arena, root, "/etc/default/ssh", rows[i].text);
		ap_default_doubt doubt;
		const char *const *options = ap_sshd_default_options(&host, &doubt);
		const char *found = "";

		for (size_t k = 0; options[k] != NULL; k++)
			found = ap_format(arena, "%s %s", found, options[k]);
		if (doubt.what != NULL)
			found = ap_format(arena, "%s odd:%u", found, doubt.line);
		AP_ROW(failed, strcmp(found, rows[i].found) == 0, "row %zu:%s", i, found);
	}
	ap_scratch_free(root);
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

static void test_lines_of_logins(void **state)
{
#define HEAD "Nov 28 22:19:58 mail auth: pam_accesspolicy(imap:auth): decision="
	static const struct {
		bool is_record;
		const char *line;
		const char *found; /* service, client, address, "other" */
	} rows[] = {
		{ false,
		  HEAD
		  "allow reason=default policy=- file=- line=0 user=\"a\" ip=192.0.2.1 rhost=\"192.0.2.1\" client=\"web\" "
		  "client_source=given service=\"imap\" tty=- ruser=- would=- unknown=-",
		  "imap web 192.0.2.1 other" },
		{ false, HEAD "deny user=\"a\" ip=unknown rhost=- client=\"web\" service=\"imap\"",
		  "imap web unknown" },
		{ false, HEAD "deny user=\"a\" ip=unknown rhost=\"host.example\" client=\"web\" service=\"imap\" tty=-",
		  "imap web unknown other" },
		{ false,
		  HEAD
		  "deny user=\"x\\\" service=\\\"sshd\\\" ip=192.0.2.1 y=\\\"\" ip=unknown rhost=- client=\"web\" service=\"imap\"",
		  "imap web unknown" },
		{ false, HEAD "deny user=\"a\xe2\x80\xa6\" ip=local rhost=- client=\"system\" service=\"cron\"",
		  "cron system local" },
		{ false, HEAD "deny user=\"cut\"\xe2\x80\xa6 ip=local rhost=- client=\"system\" service=\"cron\"",
		  "cron system local" },
		{ false, HEAD "error user=\"a\" rhost=- service=\"imap\", nobody is let in: x", NULL },
		{ false, "Nov 28 sshd: pam_unix(sshd:auth): authentication failure; ip=1 service=\"x\"", NULL },
		{ false, "pam_accesspolicy(imap:auth): decision=", NULL },
		{ false, HEAD "allow service=\"imap\" ip=\"", NULL },
		{ true,
		  "{\"time\":\"2026-12-01T08:00:00Z\",\"decision\":\"deny\",\"ip\":\"192.0.2.7\",\"client\":\"web\",\"service\":\"imap\"}",
		  "imap web 192.0.2.7 other" },
		{ true, "{\"decision\":\"deny\",\"ip\":null,\"client\":\"web\",\"service\":\"imap\"}",
		  "imap web unknown" },
		{ true, "{\"decision\":\"deny\",\"ip\":\"unknown\",\"client\":null,\"service\":\"imap\"}",
		  "imap - unknown other" },
		{ true, "{\"decision\":\"error\",\"ip\":null,\"client\":null,\"service\":\"imap\"}", NULL },
		{ true, "{\"decision\":\"deny\",\"ip\":null,\"service\":null}", NULL },
		{ true, "{\"decision\":\"deny\",\"ip\":null,", NULL },
		{ true, "[]", NULL },
		{ true, "", NULL },
	};
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_login_line one;
		const char *found = NULL;
		size_t length = strlen(rows[i].line);

		if (rows[i].is_record ? ap_login_line_of_record(arena, rows[i].line, length, &one)
				      : ap_login_line_of_log(arena, rows[i].line, length, &one))
			found = ap_format(arena, "%s %s %s%s", one.service, or_none(one.client), or_none(one.ip),
					  one.says_other ? " other" : "");
		AP_ROW(failed, strcmp(or_none(found), or_none(rows[i].found)) == 0, "row %zu: %s", i, or_none(found));
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_services_of_postfix),
		cmocka_unit_test(test_postfix_on_loopback),
		cmocka_unit_test(test_postfix_behind_postscreen),
		cmocka_unit_test(test_postfix_whose_programs_are_paths),
		cmocka_unit_test(test_postfix_that_is_switched_off),
		cmocka_unit_test(test_instances_of_postfix),
		cmocka_unit_test(test_settings_of_saslauthd),
		cmocka_unit_test(test_titles_of_sshd),
		cmocka_unit_test(test_default_options_of_sshd),
		cmocka_unit_test(test_lines_of_logins),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
