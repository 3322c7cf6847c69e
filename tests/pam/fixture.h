/*
 * fixture.h - a policy folder and a service file of a test's own, and one call to log in.
 */
#ifndef AP_TEST_PAM_FIXTURE_H
#define AP_TEST_PAM_FIXTURE_H

#include "harness.h"

/* The policies that most tests ask; each domain is a case of its own. */
extern const char ap_fixture_policies[];

/* Made by ap_fixture_set_up: a folder with accesspolicy.conf, and in it an empty folder for service files. */
extern char *ap_fixture_folder;
extern char *ap_fixture_config;
extern char *ap_fixture_confdir;

/* cmocka's set-up and tear-down of a group. */
int ap_fixture_set_up(void **state);
int ap_fixture_tear_down(void **state);

/* "config=… compiler=… MORE" with the fixture's own files; the caller frees it. */
char *ap_fixture_arguments(const char *more);

/* Logs in with a service file that holds the module with these arguments alone. */
void ap_fixture_ask(const char *arguments, const ap_pam_login *login, ap_pam_phase phase, ap_pam_outcome *ret_outcome);

/* The same with the fixture's own config= and compiler= before them. */
void ap_fixture_ask_with(const char *more, const ap_pam_login *login, ap_pam_phase phase, ap_pam_outcome *ret_outcome);

/* The entry point's own answer, without libpam's arithmetic of required and ignored modules. */
int ap_fixture_entry_point(const char *name, const char *arguments, const char *user, const char *rhost);

/* Writes a program for compiler=, a shell script; returns its path, which the caller frees. */
char *ap_fixture_compiler(const char *body);

/* True if there are `n` log lines, each of printable text in valid UTF-8 after libpam's own prefix. */
bool ap_fixture_clean_log(const ap_pam_outcome *outcome, size_t n);

extern const ap_pam_login ap_fixture_allowed; /* alice@white.test from an address that "White" holds */
extern const ap_pam_login ap_fixture_denied;  /* alice@black.test from an address that "Black" holds */

#endif
