/*
 * A module that answers what its caller says: the number behind it on its line is the place of its answer among those that the
 * conversation's appdata_ptr points to.
 */
#include "scripted.h"

#include <security/pam_modules.h>
#include <stdlib.h>

#define EXPORTED __attribute__((visibility("default")))

static int answer(pam_handle_t *pamh, int argc, const char **argv)
{
	const struct pam_conv *conversation;
	const void *item = NULL;
	script *played;
	long place;

	if (argc < 1 || pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || item == NULL)
		return PAM_SYSTEM_ERR;
	conversation = item;
	played = conversation->appdata_ptr;
	place = strtol(argv[0], NULL, 10);
	if (place < 0 || place >= SCRIPT_ANSWERS)
		return PAM_SYSTEM_ERR;
	if (played->n_asked < SCRIPT_ASKED_MAX)
		played->asked[played->n_asked++] = (int)place;
	return played->answers[place];
}

EXPORTED int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return answer(pamh, argc, argv);
}

EXPORTED int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return answer(pamh, argc, argv);
}

EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return answer(pamh, argc, argv);
}
