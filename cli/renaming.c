#include "renaming.h"

#include "../lib/make/policy_text.h"

#include <string.h>
#include <sys/stat.h>

/* True if the drop-in at `path` is one that `create` makes for a policy of that name. */
static bool is_named_after(ap_arena *arena, const char *path, const char *name)
{
	const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
	const char *first = ap_drop_in_name(arena, name, 1);
	size_t stem = strlen(first) - strlen(".conf"), digits;

	if (strcmp(base, first) == 0)
		return true;
	if (strncmp(base, first, stem) != 0 || base[stem] != '-')
		return false;
	digits = strspn(base + stem + 1, "0123456789");
	return digits > 0 && strcmp(base + stem + 1 + digits, ".conf") == 0;
}

/* What else is in it may hang on the order in which files are read. */
static bool stands_alone(ap_arena *arena, const ap_policy_set *set, const ap_policy_def *policy)
{
	if (!ap_policy_text_is_plain(arena, ap_policy_set_text_of(set, policy->place.file)))
		return false;
	for (size_t i = 0; i < set->n_policies; i++)
		if (&set->policies[i] != policy && strcmp(set->policies[i].place.file, policy->place.file) == 0)
			return false;
	return true;
}

static bool is_link(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

const char *ap_move_with_name(ap_context *context, const ap_policy_set *set, const ap_policy_def *policy,
			      const char *name, ap_edit_list *edits)
{
	ap_arena *arena = context->arena;
	const char *file = policy->place.file, *to;

	if (strcmp(file, set->root) == 0 || !is_named_after(arena, file, policy->name) ||
	    is_named_after(arena, file, name) || !stands_alone(arena, set, policy) || is_link(file))
		return file;
	to = ap_changing_free_path(context, set->root, name);
	ap_edits_move(arena, edits, file, to, ap_policy_set_text_of(set, file));
	return to;
}
