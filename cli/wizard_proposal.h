/* wizard_proposal.h - whom the wizard proposes to except: the administrators whom the policy would govern. */
#ifndef AP_WIZARD_PROPOSAL_H
#define AP_WIZARD_PROPOSAL_H

#include "../lib/make/policy_form.h"
#include "command.h"

/*
 * Those of `set` who are in the form's scope and not excepted from it, as the files list them: all of them where that
 * cannot be told. In the context's arena.
 */
ap_words ap_proposed_members(ap_context *context, const ap_policy_set *set, const ap_policy_form *form);

#endif
