#include "wizard_proposal.h"

#include "../lib/make/administrators.h"
#include "../lib/make/compile.h"
#include "../lib/make/load.h"
#include "nss_cache.h"

#include <time.h>

static ap_words governed_by_draft(ap_context *context, const ap_policy_set *set, const ap_image *image)
{
	ap_words governed = { .n = 0 };
	const ap_nss *nss = ap_nss_cache_begin(&ap_nss_system);

	for (size_t i = 0; i < set->n_policies; i++)
		if (set->policies[i].draft)
			governed = ap_governed_administrators(set, image, (uint32_t)i, nss, context->arena);
	ap_nss_cache_end();
	return governed;
}

/* Evaluated as a login is, and so by an image that is made of the files with the policy. */
static bool find_governed(ap_context *context, const ap_policy_form *form, ap_words *ret_governed)
{
	ap_arena *arena = context->arena;
	const ap_load_options options = {
		.config = ap_context_config(context),
		.draft = "draft",
		.draft_text = ap_drop_in_text(arena, &(ap_drop_in){ .policies = form, .n_policies = 1 }),
	};
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	ap_image *image = NULL;
	bool found = false;

	if (ap_load(&options, &set, &diagnostics) == AP_OK &&
	    ap_compile_image(set, (int64_t)time(NULL), &image, NULL) == AP_OK) {
		*ret_governed = governed_by_draft(context, set, image);
		found = true;
	}
	ap_diagnostics_clear(&diagnostics);
	ap_image_free(image);
	ap_policy_set_free(set);
	return found;
}

ap_words ap_proposed_members(ap_context *context, const ap_policy_set *set, const ap_policy_form *form)
{
	ap_words proposed = { .n = 0 };

	if (set->administrators.n == 0 || find_governed(context, form, &proposed))
		return proposed;
	for (size_t i = 0; i < set->administrators.n; i++)
		ap_words_add(context->arena, &proposed, set->administrators.items[i].text);
	return proposed;
}
