#include "pam_examined.h"

#include "known_services.h"
#include "module_line.h"
#include "paths.h"
#include "text_parts.h"

#include <string.h>

/* A finding about a line is of the file that holds it: what several services include is mended once. */
static const char *owner_of(const ap_pam_examined *e, const ap_pam_line *line)
{
	if (e->service->file != NULL && strcmp(line->file, e->service->file) == 0)
		return e->service->name;
	return ap_path_name(line->file);
}

void ap_pam_add_finding(const ap_pam_examined *e, ap_finding_kind kind, const char *check, const ap_pam_line *line,
			const char *what, const char *why, const char *change)
{
	const ap_finding finding = { .kind = kind,
				     .check = check,
				     .service = line != NULL ? owner_of(e, line) : e->service->name,
				     .file = line != NULL ? line->file : e->service->file,
				     .line = line != NULL ? line->line : 0,
				     .what = what,
				     .why = why,
				     .change = change };

	ap_finding_add(e->doctor->findings, &finding);
}

const char *ap_pam_how_to_ask(const ap_pam_examined *e)
{
	/* in the password's passdb the policy would be asked, and nobody would read what it says */
	if (ap_service_kind_of(e->service->name) == AP_SERVICE_MAIL)
		return strcmp(e->service->name, "dovecot") == 0
			       ? "a second passdb that only denies: " AP_RECIPES "/dovecot.md"
			       : "as the recipe of the program that asks it says: " AP_RECIPES "/README.md";
	return ap_format(e->arena, "write before the other account lines: account required " AP_MODULE_NAME "%s",
			 ap_service_is_sudo(e->service->name) ? " silent=ignore" : "");
}
