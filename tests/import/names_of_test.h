/*
 * names_of_test.h - the machine, its netgroups and its name servers, as the test has them for pam_access.
 *
 * As with log lines (../pam/harness.h), the program's own definitions go before the C library's. So the installed
 * pam_access.so runs as it is, and neither asks the network nor depends on this machine.
 */
#ifndef AP_TEST_NAMES_OF_TEST_H
#define AP_TEST_NAMES_OF_TEST_H

#include "../../lib/import/import.h"

extern const char ap_test_host_name[];

/* Reads the netgroups: "NETGROUP HOST USER DOMAIN" a line, "-" for what is empty. */
void ap_test_read_netgroups(const char *path);

ap_netgroup_look_up ap_test_netgroup;

#endif
