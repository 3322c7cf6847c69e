/*
 * What the doctor says of PAM files: row by row, a service's text and the checks that it fails, with their lines.
 *
 * Every way past the module that is known of real services has its row, and so has what is right and must be left alone.
 */
#include "../../lib/doctor/doctor.h"
#include "compiled.h"
#include "root.h"
#include "rows.h"
#include "scratch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULE_FOLDER "/lib/x86_64-linux-gnu/security/"

static const char policy[] =
	"policies = (\n"
	"  { name = \"No mail programs\"; type = \"blacklist\"; scope = { all = true; }; clients = [ \"third-party\" ]; },\n"
	"  { name = \"Office\"; type = \"whitelist\"; status = \"disabled\"; scope = { all = true; }; clients = [ \"system\" ];\n"
	"    ip = [ \"192.0.2.1\" ]; },\n"
	"  { name = \"Moved\"; type = \"blacklist\"; scope = { all = true; }; clients = [ \"system\" ];\n"
	"    not_after = \"2020-01-01T00:00:00Z\"; }\n"
	");\n"
	"client_types = ( { name = \"third-party\"; service = [ \"dovecot*\", \"imap\" ]; }, { name = \"system\"; service = [ \"*\" ]; } );\n";

static char *root;

static int set_up(void **state)
{
	static const struct {
		const char *path, *text;
	} files[] = {
		{ MODULE_FOLDER "pam_permit.so", "" },
		{ MODULE_FOLDER "pam_accesspolicy.so", "" },
		{ MODULE_FOLDER "pam_accesspolicy_text.so", "" },
		{ "/etc/pam.d/common-auth", "auth [success=1 default=ignore] pam_unix.so nullok\n"
					    "auth requisite pam_deny.so\nauth required pam_permit.so\n" },
		{ "/etc/pam.d/common-account", "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n"
					       "account requisite pam_deny.so\naccount required pam_permit.so\n" },
		{ "/etc/pam.d/other", "@include common-auth\n@include common-account\n" },
		{ "/srv/policy.conf", "" },
	};

	(void)state;
	root = ap_scratch_new();
	for (size_t i = 0; i < AP_N(files); i++)
		root_write(root, files[i].path, files[i].text);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ap_scratch_free(root);
	return 0;
}

/* The findings as "check:line", in the order of their places; the file's name before the line where it is another one. */
static const char *findings_text(ap_arena *arena, const char *service, const ap_finding_list *findings)
{
	const char *text = "", *own = ap_format(arena, "/etc/pam.d/%s", service);

	for (size_t i = 0; i < findings->n; i++) {
		const ap_finding *finding = &findings->items[i];
		bool elsewhere = finding->file != NULL && strcmp(finding->file, own) != 0;

		text = ap_format(arena, "%s%s%s:%u=%s", text, i > 0 ? " " : "", elsewhere ? finding->file : "",
				 finding->line, finding->check);
	}
	return text;
}

typedef struct {
	const char *service;
	const char *text;
	const char *expected;
} row;

static const char *examine(ap_arena *arena, const char *folder, const char *service, const ap_image *image,
			   bool asked_about)
{
	const ap_host host = { .arena = arena, .root = folder };
	ap_finding_list findings = { .arena = arena };
	const char *const services[] = { service };
	ap_doctor doctor = { .host = &host,
			     .pam = ap_pam_config_read(&host),
			     .image = image,
			     .services = asked_about ? services : NULL,
			     .n_services = asked_about ? 1 : 0,
			     .findings = &findings };

	ap_doctor_pam(&doctor);
	ap_finding_sort(&findings);
	return findings_text(arena, service, &findings);
}

static void check_rows_by(const char *text, const row *rows, size_t n, bool asked_about)
{
	ap_image *image = ap_test_image(text);
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		ap_arena *arena = ap_arena_new();
		const char *path = ap_format(arena, "/etc/pam.d/%s", rows[i].service), *seen;

		root_write(root, path, rows[i].text);
		seen = examine(arena, root, rows[i].service, image, asked_about);
		AP_ROW(failed, strcmp(seen, rows[i].expected) == 0, "row %zu, %s:\n%sseen     %s\nexpected %s", i,
		       rows[i].service, rows[i].text, seen, rows[i].expected);
		assert_int_equal(unlink(ap_format(arena, "%s%s", root, path)), 0);
		ap_arena_free(arena);
	}
	ap_image_free(image);
	AP_ROWS_END(failed);
}

static void check_rows(const row *rows, size_t n, bool asked_about)
{
	check_rows_by(policy, rows, n, asked_about);
}

#define ACCOUNT "account required pam_accesspolicy.so\n"
#define AUTH "@include common-auth\n"
#define COMMON "@include common-account\n"

static void test_right_services(void **state)
{
	static const row rows[] = {
		{ "sshd", AUTH ACCOUNT COMMON, "" },
		{ "sshd", AUTH "account required pam_nologin.so\n" ACCOUNT COMMON, "" },
		{ "sshd", AUTH "account requisite pam_accesspolicy.so\n" COMMON, "" },
		{ "sshd", AUTH "account [success=ok ignore=ignore default=bad] pam_accesspolicy.so debug\n" COMMON,
		  "" },
		{ "sshd",
		  AUTH "account [success=1 default=die] pam_accesspolicy.so\naccount required pam_deny.so\n" COMMON,
		  "" },
		/* what ends a substack ends no more than that */
		{ "sshd", AUTH "account substack common-account\n" ACCOUNT, "" },
		{ "login", AUTH ACCOUNT "account sufficient pam_localuser.so\n" COMMON, "" },
		/* beside the account phase it does no harm */
		{ "sshd", AUTH "auth required pam_accesspolicy.so\n" ACCOUNT COMMON, "" },
		{ "kiosk", AUTH "account required pam_accesspolicy.so config=/srv/policy.conf client=system\n" COMMON,
		  "" },
		{ "dovecot-policy-imap-993",
		  "auth required pam_accesspolicy.so message=prompt allowed=user-unknown client=third-party\n", "" },
		{ "dovecot-policy-imap-993",
		  "auth required pam_permit.so\naccount required pam_accesspolicy.so message=prompt allowed=user-unknown\n",
		  "" },
		/* nobody logs in by it: whether Dovecot wants another answer is told of Dovecot */
		{ "dovecot-policy-imap-993", "auth required pam_accesspolicy.so message=prompt\n", "" },
		/* most services of a machine do not ask, and need not */
		{ "cron", AUTH COMMON, "" },
		{ "sshd", AUTH COMMON, "" },
		{ "chfn", "account include nowhere\n", "" },
	};

	(void)state;
	check_rows(rows, AP_N(rows), false);
}

static void test_ways_past(void **state)
{
	static const row rows[] = {
		/* a password that has expired ends Debian's common-account */
		{ "sshd", AUTH COMMON ACCOUNT, ":3=never-asked" },
		{ "sshd", AUTH "account sufficient pam_localuser.so\n" ACCOUNT COMMON, ":3=never-asked" },
		{ "sshd", AUTH "account [success=1 default=ignore] pam_succeed_if.so uid < 1000\n" ACCOUNT COMMON,
		  ":3=never-asked" },
		{ "sshd", AUTH "account [success=done default=ignore] pam_x.so\n" ACCOUNT COMMON, ":3=never-asked" },
		{ "sshd", AUTH "-account sufficient pam_not_there.so\n" ACCOUNT COMMON, ":3=never-asked" },
		{ "sshd", AUTH "account optional pam_accesspolicy.so\n" COMMON, ":2=denial-lost" },
		{ "sshd", AUTH "account sufficient pam_accesspolicy.so\n" COMMON, ":2=skips-others :2=denial-lost" },
		{ "sshd", AUTH "account [success=done default=die] pam_accesspolicy.so\n" COMMON, ":2=skips-others" },
		{ "sshd", AUTH "account [success=ok perm_denied=ignore default=bad] pam_accesspolicy.so\n" COMMON,
		  ":2=denial-lost" },
		{ "sshd", AUTH "account [success=ok perm_denied=die default=ignore] pam_accesspolicy.so\n" COMMON,
		  ":2=denial-lost" },
		{ "sshd", AUTH "account [success=ok service_err=ignore default=bad] pam_accesspolicy.so\n" COMMON,
		  ":2=denial-lost" },
		{ "sshd", AUTH "account [success=ok default=bad] pam_unix.so\n" ACCOUNT COMMON, ":3=denial-lost" },
		{ "sshd", AUTH "account substack inner\n" COMMON, "/etc/pam.d/inner:1=denial-lost" },
		{ "cockpit", AUTH "auth required pam_accesspolicy.so\n" COMMON, ":2=auth-alone" },
		{ "sudo", "auth required pam_accesspolicy.so silent=ignore\n" AUTH COMMON, ":1=auth-alone" },
	};

	(void)state;
	root_write(root, "/etc/pam.d/inner",
		   "account required pam_accesspolicy.so\naccount [success=reset default=ignore] pam_x.so\n");
	check_rows(rows, AP_N(rows), false);
}

/* Who checks a password, where the module says yes? */
static void test_the_only_yes(void **state)
{
	static const row rows[] = {
		{ "sshd", "auth sufficient pam_accesspolicy.so allowed=success\n" AUTH ACCOUNT COMMON,
		  ":1=skips-others :1=only-auth" },
		{ "sshd", "auth required pam_accesspolicy.so allowed=success\n" ACCOUNT COMMON, ":1=only-auth" },
		{ "sshd",
		  "auth optional pam_unix.so\nauth required pam_accesspolicy.so allowed=success\n" ACCOUNT COMMON,
		  ":2=only-auth" },
		{ "sshd",
		  "auth [success=ok ignore=ok default=die] pam_accesspolicy.so allowed=success\n" ACCOUNT COMMON,
		  ":1=only-auth" },
		{ "sshd", "auth [success=2 default=ignore] pam_accesspolicy.so allowed=success\n" AUTH ACCOUNT COMMON,
		  ":1=only-auth" },
		{ "sshd", "auth [success=3 default=ignore] pam_accesspolicy.so allowed=success\n" AUTH ACCOUNT COMMON,
		  ":1=allowed-denied" },
		{ "sshd",
		  "auth required pam_accesspolicy.so allowed=success\nauth required pam_unix.so\n" ACCOUNT COMMON, "" },
		{ "sshd",
		  "auth requisite pam_unix.so\nauth required pam_accesspolicy.so allowed=success\n" ACCOUNT COMMON,
		  "" },
		{ "sshd",
		  "auth required pam_env.so\nauth required pam_accesspolicy.so allowed=success\n" ACCOUNT COMMON,
		  ":2=only-auth" },
		{ "sshd",
		  "auth required pam_sss.so ignore_unknown_user\nauth required pam_accesspolicy.so allowed=success\n" ACCOUNT
			  COMMON,
		  ":2=only-auth" },
		/* it is not the module that lets everybody in */
		{ "sshd",
		  "auth required pam_permit.so\nauth required pam_accesspolicy.so allowed=success\n" ACCOUNT COMMON,
		  "" },
	};

	(void)state;
	check_rows(rows, AP_N(rows), false);
}

static void test_nobody_is_let_in(void **state)
{
	static const row rows[] = {
		{ "sshd", AUTH "account required pam_accesspolicy.so allowed=user-unknown\n" COMMON,
		  ":2=allowed-denied" },
		{ "imap", AUTH "auth required pam_accesspolicy.so allowed=user-unknown\n" ACCOUNT COMMON,
		  ":2=allowed-denied" },
		{ "sshd", AUTH "account [success=bad default=bad] pam_accesspolicy.so\n" COMMON, ":2=allowed-denied" },
		{ "sshd", AUTH "account [success=1 default=bad] pam_accesspolicy.so\n", ":2=allowed-denied" },
		{ "dovecot-policy-imap-993",
		  "auth sufficient pam_accesspolicy.so message=prompt allowed=user-unknown\n", ":1=allowed-denied" },
		{ "sshd", AUTH "account required pam_accesspolicy.so clinet=web\n" COMMON, ":2=option" },
		{ "sshd", AUTH "account required pam_accesspolicy.so message=prompts\n" COMMON, ":2=option" },
		{ "sshd", AUTH "account required pam_accesspolicy.so debug debug\n" COMMON, ":2=option" },
		{ "sshd", AUTH "account required pam_accesspolicy.so image=policy.image\n" COMMON, ":2=option" },
		{ "sshd", AUTH "account required pam_accesspolicy.so config=/a image=/b\n" COMMON, ":2=option" },
		{ "kiosk", AUTH "account required pam_accesspolicy.so config=/srv/none.conf\n" COMMON,
		  ":2=file-missing" },
		{ "sshd", AUTH "account required pam_accesspolicy.so image=/srv/none.image\n" COMMON,
		  ":2=file-missing" },
		{ "sshd", AUTH "account required pam_accesspolicy.so config=/srv/policy.conf\n" COMMON, ":2=config" },
		{ "sshd", AUTH "account required pam_accesspolicy.so client=webb\n" COMMON, ":2=client-unknown" },
		{ "sshd", AUTH "account required /lib/security/pam_accesspolicy.so\n" COMMON, ":2=module-missing" },
		{ "sshd", AUTH "account required pam_accesspolicy\n" COMMON, ":2=module-missing" },
		{ "sshd", AUTH "account required pam_accesspolicy.so\r\n" COMMON, ":2=module-missing" },
		{ "sshd", AUTH "account optional /lib/security/pam_accesspolicy.so\n" COMMON,
		  ":2=denial-lost :2=module-missing" },
		{ "sshd", AUTH "account sufficient pam_accesspolicy\n" COMMON, ":2=denial-lost :2=module-missing" },
		{ "sshd", AUTH "account [perm_denied=die service_err=die default=ignore] pam_accesspolicy\n" COMMON,
		  ":2=denial-lost :2=module-missing" },
		/* what libpam does not find enforces nothing for the line that it does, nor takes anything from it */
		{ "sshd",
		  AUTH "account optional pam_accesspolicy.so\n"
		       "account [perm_denied=die service_err=die default=ignore] pam_accesspolicy\n" COMMON,
		  ":2=denial-lost :3=module-missing" },
		{ "sshd", AUTH "account required pam_accesspolicy.so\naccount optional pam_accesspolicy\n" COMMON,
		  ":3=module-missing" },
		{ "sshd", AUTH "account optional pam_accesspolicy\naccount required pam_accesspolicy.so\n" COMMON,
		  ":2=module-missing" },
		{ "sshd", "auth sufficient pam_accesspolicy allowed=success\n" ACCOUNT COMMON, ":1=module-missing" },
		{ "sshd", AUTH ACCOUNT "account include nowhere\n", ":3=line-unreadable" },
		{ "sshd", AUTH ACCOUNT "@include nowhere\n", ":3=service-refused" },
		/* without the module's doing */
		{ "cron", AUTH "@include nowhere\n", "" },
	};

	(void)state;
	check_rows(rows, AP_N(rows), false);
}

/* What is to be written for a check; "nothing" where it found nothing. */
static const char *change_of(const ap_finding_list *findings, const char *check)
{
	for (size_t i = 0; i < findings->n; i++)
		if (strcmp(findings->items[i].check, check) == 0)
			return findings->items[i].change;
	return "nothing";
}

/* Row by row, of sshd: the change that is told for a check, and how far the service then asks the policy. */
static void test_lines_to_write(void **state)
{
	static const struct {
		const char *line, *check, *change;
		ap_coverage_state coverage;
	} rows[] = {
		{ "optional pam_accesspolicy.so message=info", "denial-lost",
		  "make it required, and the first account line of the service: account required pam_accesspolicy.so message=info",
		  AP_COVERAGE_PARTLY },
		{ "optional " MODULE_FOLDER "pam_accesspolicy.so", "denial-lost",
		  "make it required, and the first account line of the service: account required " MODULE_FOLDER
		  "pam_accesspolicy.so",
		  AP_COVERAGE_PARTLY },
		/* a name that libpam does not find would then keep everybody out */
		{ "optional pam_accesspolicy message=info", "denial-lost",
		  "make it required, and the first account line of the service: account required pam_accesspolicy.so message=info",
		  AP_COVERAGE_PARTLY },
		{ "optional pam_accesspolicy.so\r", "denial-lost",
		  "make it required, and the first account line of the service: account required pam_accesspolicy.so",
		  AP_COVERAGE_PARTLY },
		{ "optional /lib/security/pam_accesspolicy.so", "denial-lost",
		  "make it required, and the first account line of the service: account required pam_accesspolicy.so",
		  AP_COVERAGE_PARTLY },
		{ "[perm_denied=die service_err=die default=ignore] pam_accesspolicy", "module-missing",
		  "write pam_accesspolicy.so", AP_COVERAGE_PARTLY },
		{ "required pam_accesspolicy", "module-missing", "write pam_accesspolicy.so", AP_COVERAGE_WHOLE },
		{ "[default=bad] pam_accesspolicy", "allowed-denied",
		  "make it required: account required pam_accesspolicy.so", AP_COVERAGE_WHOLE },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_arena *arena = ap_arena_new();
		ap_finding_list findings = { .arena = arena };
		const ap_host host = { .arena = arena, .root = root };
		ap_doctor doctor = { .host = &host, .findings = &findings };
		const char *change;

		root_write(root, "/etc/pam.d/sshd", ap_format(arena, "%saccount %s\n%s", AUTH, rows[i].line, COMMON));
		doctor.pam = ap_pam_config_read(&host);
		ap_doctor_pam(&doctor);
		change = change_of(&findings, rows[i].check);
		AP_ROW(failed, strcmp(change, rows[i].change) == 0, "row %zu, %s:\nseen     %s\nexpected %s", i,
		       rows[i].line, change, rows[i].change);
		for (size_t k = 0; k < doctor.coverage.n; k++)
			AP_ROW(failed,
			       strcmp(doctor.coverage.items[k].service->name, "sshd") != 0 ||
				       doctor.coverage.items[k].state == rows[i].coverage,
			       "row %zu, %s: %s", i, rows[i].line, ap_coverage_names[doctor.coverage.items[k].state]);
		ap_arena_free(arena);
	}
	AP_ROWS_END(failed);
}

static void test_messages(void **state)
{
	static const row rows[] = {
		{ "sshd", AUTH "account required pam_accesspolicy.so message=prompt\n" COMMON, ":2=prompt-sshd" },
		{ "su", AUTH "account required pam_accesspolicy.so message=prompt\n" COMMON, ":2=prompt" },
		{ "cockpit", AUTH "account required pam_accesspolicy.so message=prompt\n" COMMON, ":2=prompt" },
		{ "unheard-of", AUTH "account required pam_accesspolicy.so message=prompt\n" COMMON, "" },
		{ "sshd", AUTH "account required pam_accesspolicy.so message=info\n" COMMON, "" },
		{ "sudo", AUTH ACCOUNT COMMON, ":2=sudo-silent" },
		{ "sudo-i", AUTH ACCOUNT COMMON, ":2=sudo-silent" },
		{ "sudo", AUTH "account required pam_accesspolicy.so silent=ignore\n" COMMON, "" },
		{ "sudo", AUTH "account required pam_accesspolicy.so message=none\n" COMMON, "" },
	};

	(void)state;
	check_rows(rows, AP_N(rows), false);
}

/* By name everything is told of a service, also that it does not ask. */
static void test_asked_about(void **state)
{
	static const row rows[] = {
		{ "cron", AUTH COMMON, ":0=not-asking" },
		{ "unheard-of", AUTH COMMON, ":0=not-asking" },
		{ "sshd", AUTH ACCOUNT COMMON, "" },
		{ "cron", AUTH "@include nowhere\n", ":2=service-refused" },
	};

	(void)state;
	check_rows(rows, AP_N(rows), true);
}

/* A policy that names a client type wants the services that logins of this type come to over a network. */
static void test_not_asking(void **state)
{
	static const row rows[] = {
		{ "imap", AUTH COMMON, ":0=not-asking" },
		{ "imap", AUTH ACCOUNT COMMON, "" },
		/* those about its client type are disabled, or over */
		{ "cockpit", AUTH COMMON, "" },
	};
	static const row beside_deny_passdb[] = { { "imap", AUTH COMMON, "" } };
	/* a policy that selects no client types is about all of them */
	static const row of_all_types[] = {
		{ "cockpit", AUTH COMMON, ":0=not-asking" },
		{ "imap", AUTH COMMON, ":0=not-asking" },
		{ "su", AUTH COMMON, "" },
		{ "chfn", AUTH COMMON, "" },
	};

	(void)state;
	check_rows(rows, AP_N(rows), false);
	check_rows_by("policies = ( { name = \"Blocked\"; type = \"blacklist\"; scope = { all = true; };\n"
		      "  ip = [ \"198.51.100.0/24\" ]; } );\n",
		      of_all_types, AP_N(of_all_types), false);
	root_write(root, "/etc/pam.d/dovecot-policy-imap-143",
		   "auth required pam_accesspolicy.so message=prompt allowed=user-unknown\n");
	check_rows(beside_deny_passdb, AP_N(beside_deny_passdb), false);
}

/* What several services include is one thing to mend, and is told of the file that it stands in. */
static void test_included_line(void **state)
{
	ap_arena *arena = ap_arena_new();
	char *machine = ap_scratch_new();

	(void)state;
	root_write(machine, MODULE_FOLDER "pam_permit.so", "");
	root_write(machine, MODULE_FOLDER "pam_accesspolicy.so", "");
	root_write(machine, "/etc/pam.d/common-account",
		   "account optional pam_accesspolicy.so\naccount required pam_unix.so\n");
	root_write(machine, "/etc/pam.d/cron", COMMON);
	root_write(machine, "/etc/pam.d/sshd", COMMON);
	root_write(machine, "/etc/pam.d/other", COMMON);
	assert_string_equal(examine(arena, machine, "sshd", NULL, false), "/etc/pam.d/common-account:1=denial-lost");
	ap_scratch_free(machine);
	ap_arena_free(arena);
}

static void test_module_that_others_write(void **state)
{
	ap_arena *arena = ap_arena_new();
	const char *path = ap_format(arena, "%s%s", root, MODULE_FOLDER "pam_accesspolicy.so");

	(void)state;
	root_write(root, "/etc/pam.d/sshd", AUTH ACCOUNT COMMON);
	assert_int_equal(chmod(path, 0666), 0);
	assert_string_equal(examine(arena, root, "sshd", NULL, true),
			    MODULE_FOLDER "pam_accesspolicy.so:0=module-writable");
	assert_int_equal(chmod(path, 0644), 0);
	assert_string_equal(examine(arena, root, "sshd", NULL, true), "");
	ap_arena_free(arena);
}

/* What cannot be read is not taken for what is not there. */
static void test_illegible_files(void **state)
{
	ap_arena *arena = ap_arena_new();
	char *path;

	(void)state;
	path = ap_scratch_write_bytes(root, "etc/pam.d/sshd", "account required pam_permit.so\n\0", 32, 0644);
	assert_string_equal(examine(arena, root, "sshd", NULL, false), ":0=service-unread");
	root_write(root, "/etc/pam.d/sshd", ACCOUNT "account include more\n");
	root_make_folder(root, "/etc/pam.d/more");
	assert_string_equal(examine(arena, root, "sshd", NULL, false), "");
	assert_int_equal(rmdir(ap_format(arena, "%s/etc/pam.d/more", root)), 0);
	assert_int_equal(mkfifo(ap_format(arena, "%s/etc/pam.d/more", root), 0644), 0);
	assert_string_equal(examine(arena, root, "sshd", NULL, false), "/etc/pam.d/more:0=service-unread");
	assert_int_equal(unlink(ap_format(arena, "%s/etc/pam.d/more", root)), 0);
	assert_string_equal(examine(arena, root, "sshd", NULL, false), ":2=line-unreadable");
	free(path);
	ap_arena_free(arena);
}

/* Commands are made of names that anybody may have given: a shell takes each for one word. */
static void test_names_in_commands(void **state)
{
	static const char folder[] = "/lib/x; reboot/it's";
	ap_arena *arena = ap_arena_new();
	const ap_host host = { .arena = arena, .root = root };
	ap_finding_list findings = { .arena = arena };
	ap_doctor doctor = { .host = &host, .findings = &findings };
	const char *module = ap_format(arena, "%s/pam_accesspolicy.so", folder);

	(void)state;
	root_write(root, module, "");
	assert_int_equal(chmod(ap_format(arena, "%s%s", root, module), 0666), 0);
	root_write(root, "/etc/pam.d/a;b", "account required pam_accesspolicy.so\r\n");
	root_write(root, "/etc/pam.d/sshd", ap_format(arena, "@include a;b\naccount required [%s]\n", module));
	doctor.pam = ap_pam_config_read(&host);
	ap_doctor_pam(&doctor);
	assert_string_equal(change_of(&findings, "module-missing"), "sed -i 's/\\r$//' '/etc/pam.d/a;b'");
	assert_string_equal(
		change_of(&findings, "module-writable"),
		"chown root:root '/lib/x; reboot/it'\\''s/pam_accesspolicy.so' && chmod 0644 '/lib/x; reboot/it'\\''s/pam_accesspolicy.so'");
	ap_arena_free(arena);
}

/* Nor is what is too much to be followed, taken for what libpam refuses. */
static void test_too_much(void **state)
{
	ap_arena *arena = ap_arena_new();

	(void)state;
	for (int i = 0; i < 20; i++)
		root_write(root, ap_format(arena, "/etc/pam.d/common-%d", i),
			   ap_format(arena, "account include common-%d\naccount include common-%d\n", i + 1, i + 1));
	root_write(root, "/etc/pam.d/common-20", "account required pam_x.so\n");
	root_write(root, "/etc/pam.d/sshd", ACCOUNT "account include common-0\n");
	assert_non_null(strstr(examine(arena, root, "sshd", NULL, false), "=service-unread"));
	ap_arena_free(arena);
}

/*
 * In each of `depth` substacks a line goes before the next one, and what they answered are ways of their own through each line of
 * the innermost.
 */
static void write_nested(ap_arena *arena, int depth)
{
	const char *text = "";

	for (int i = 0; i < 400; i++)
		text = ap_format(arena, "%saccount optional pam_x.so\n", text);
	for (int i = depth; i > 0; i--) {
		root_write(root, ap_format(arena, "/etc/pam.d/nested-%d", i), text);
		text = ap_format(
			arena,
			"account [success=ok new_authtok_reqd=ok perm_denied=ok auth_err=bad default=ignore] pam_x.so\n"
			"account substack nested-%d\n",
			i);
	}
	root_write(root, "/etc/pam.d/sshd", ap_format(arena, AUTH "%s" ACCOUNT, text));
}

/* That no way past the module was found is not taken for that there is none, where there are more than were followed. */
static void test_too_many_ways(void **state)
{
	ap_arena *arena = ap_arena_new();

	(void)state;
	write_nested(arena, 2);
	assert_string_equal(examine(arena, root, "sshd", NULL, false), "");
	write_nested(arena, 15);
	assert_string_equal(examine(arena, root, "sshd", NULL, false), ":0=too-many-ways");
	ap_arena_free(arena);
}

static void test_no_text_object(void **state)
{
	ap_arena *arena = ap_arena_new();

	(void)state;
	root_write(root, "/etc/pam.d/kiosk", "account required pam_accesspolicy.so config=/srv/policy.conf\n");
	assert_string_equal(examine(arena, root, "kiosk", NULL, false), "");
	assert_int_equal(unlink(ap_format(arena, "%s%s", root, MODULE_FOLDER "pam_accesspolicy_text.so")), 0);
	assert_string_equal(examine(arena, root, "kiosk", NULL, false), ":1=module-missing");
	ap_arena_free(arena);
}

/* A machine whose modules are nowhere that they are looked for. */
static void test_no_module_folder(void **state)
{
	ap_arena *arena = ap_arena_new();
	char *machine = ap_scratch_new();

	(void)state;
	root_write(machine, "/etc/pam.d/sshd", ACCOUNT);
	assert_string_equal(examine(arena, machine, "sshd", NULL, false), ":1=module-folder");
	ap_scratch_free(machine);
	ap_arena_free(arena);
}

/* Nor is a machine whose services cannot be listed taken for one that has none. */
static void test_no_list_of_services(void **state)
{
	ap_arena *arena = ap_arena_new();
	char *machine = ap_scratch_new();

	(void)state;
	root_write(machine, "/etc/pam.d", "");
	assert_string_equal(examine(arena, machine, "sshd", NULL, false), ":0=pam-unreadable");
	ap_scratch_free(machine);
	ap_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_right_services, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ways_past, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_only_yes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_is_let_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lines_to_write, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_asked_about, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_asking, set_up, tear_down),
		cmocka_unit_test(test_included_line),
		cmocka_unit_test_setup_teardown(test_module_that_others_write, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_illegible_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_in_commands, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_much, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_ways, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_text_object, set_up, tear_down),
		cmocka_unit_test(test_no_module_folder),
		cmocka_unit_test(test_no_list_of_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
