/* What the text and the JSON of a shown policy have in common. */
#include "show.h"

#include <string.h>

bool ap_show_is_named_by(const ap_show *show, const ap_exception_def *exception)
{
	for (size_t i = 0; i < exception->policies.n; i++)
		if (strcmp(exception->policies.items[i].text, show->policy->name) == 0)
			return true;
	return false;
}

bool ap_show_is_replaced_by(const ap_show *show, const ap_policy_def *other)
{
	return other->status == AP_POLICY_REPORT_ONLY && other->replaces.text != NULL &&
	       strcmp(other->replaces.text, show->policy->name) == 0;
}

const ap_text *ap_show_message(const ap_show *show)
{
	return show->policy->message.text != NULL ? &show->policy->message : &show->subject->set->message;
}
