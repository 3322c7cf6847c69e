/*
 * log_in - real PAM transactions, for tests that are written in another language.
 *
 *     log_in CONFDIR ARGUMENTS
 *
 * Has each line of standard input, SERVICE <tab> USER <tab> RHOST <tab> TTY, of which the last two may be empty, log in by
 * a service file in CONFDIR that holds the module with these arguments, and writes what libpam answers, a number a line. What
 * would go to the system's log goes to standard error.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *field(char **rest)
{
	const char *text = strsep(rest, "\t");

	return text != NULL && text[0] != '\0' ? text : NULL;
}

int main(int argc, char **argv)
{
	ap_pam_outcome *outcome = malloc(sizeof(*outcome));
	char *line = NULL;
	size_t size = 0;

	if (argc != 3 || outcome == NULL)
		return 2;
	while (getline(&line, &size, stdin) > 0) {
		char *rest = line;
		ap_pam_login login = { .service = NULL };

		line[strcspn(line, "\n")] = '\0';
		login.service = field(&rest);
		login.user = field(&rest);
		login.rhost = field(&rest);
		login.tty = field(&rest);
		ap_pam_write_service(argv[1], login.service, "account", argv[2]);
		ap_pam_run(argv[1], &login, AP_PAM_ACCOUNT, outcome);
		printf("%d\n", outcome->code);
		fputs(outcome->log, stderr);
	}
	free(line);
	free(outcome);
	return 0;
}
