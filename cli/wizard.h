/*
 * wizard.h - a policy asked for question by question at a terminal: its conditions, a look at what will be written, test
 * and verify, and then how it is saved.
 */
#ifndef AP_WIZARD_H
#define AP_WIZARD_H

#include "../lib/make/policy_form.h"
#include "command.h"

/* What the last answer was. */
typedef struct {
	const ap_policy_form *form; /* whole, with the status that was chosen */
	bool with_pending;          /* as --with-pending */
	bool force;                 /* as --force */
} ap_wizard_choice;

/*
 * Saves the policy and says on standard output and standard error what came of it. AP_EXIT_YES: that is the end of the
 * wizard. Else nothing was saved: it goes on asking, so that no work is lost.
 */
typedef int ap_wizard_save(void *data, const ap_wizard_choice *choice);

typedef struct {
	const ap_policy_set *set; /* what the files say, as ap_load read them for this command */
	const char *edited;       /* the policy that this is to take the place of: its name stays; NULL: a new one */
	ap_policy_form *form;     /* what is known already; changed by the answers, whose texts are in the arena */
	ap_wizard_choice choice;  /* with_pending and force as the command line has them; its form is not looked at */
	ap_wizard_save *save;
	void *data; /* for `save` */
} ap_wizard;

/* True if standard input and standard output are a terminal: the wizard can be run. */
bool ap_wizard_can_run(void);

/*
 * Asks, until the policy is saved: AP_EXIT_YES; or somebody leaves: AP_EXIT_NO, with nothing written; what was made by
 * then is shown where saving it had failed. AP_EXIT_POLICY after a report where nothing could be asked. Where SIGTERM or
 * SIGHUP ends it, the process is ended by that signal, once the terminal is as it was.
 */
int ap_wizard_run(ap_context *context, const ap_wizard *wizard);

#endif
