#include "in_force.h"

#include "../lib/login/applied.h"
#include "report.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef enum {
	FILES_SAME,
	FILES_DIFFER,
	FILES_ALONE /* nothing is in force, or it was made of another root file: there is nothing to compare with */
} files_state;

enum { NOTE_INDENT = 6 };

bool ap_in_force_is_root(ap_context *context, const char *root)
{
	char *asked = realpath(ap_context_config(context), NULL), *applied = realpath(root, NULL);
	bool same = asked != NULL && applied != NULL && strcmp(asked, applied) == 0;

	/* one that was removed is still the one that was asked for */
	same = same || strcmp(ap_context_config(context), root) == 0;
	free(asked);
	free(applied);
	return same;
}

const char *ap_in_force_state_option(ap_context *context)
{
	bool is_default = strcmp(ap_context_state(context), ap_context_state(&(ap_context){ 0 })) == 0;

	return !is_default ? ap_format(context->arena, " --state %s", ap_shell_word(context->arena, context->state))
			   : "";
}

const char *ap_in_force_config_option(ap_context *context, const char *root)
{
	return strcmp(root, ap_context_config(&(ap_context){ 0 })) == 0
		       ? ""
		       : ap_format(context->arena, " --config %s", ap_shell_word(context->arena, root));
}

const char *ap_in_force_files_option(ap_context *context)
{
	return ap_format(context->arena, "%s%s", ap_in_force_config_option(context, ap_context_config(context)),
			 ap_in_force_state_option(context));
}

int ap_in_force_report_unreadable(ap_context *context, const ap_error *error)
{
	int status = ap_report_error(context, error);

	if (error->status == AP_ERR_DAMAGED)
		fprintf(stderr,
			"Nobody is let in by it. \"accesspolicy rollback%s\" puts the newest earlier policy that is whole "
			"in force, \"accesspolicy apply%s\" the policy files.\n",
			ap_in_force_state_option(context), ap_in_force_files_option(context));
	return status;
}

/* Without a word where what is in force cannot be read. */
static files_state compare(ap_context *context, ap_pending *ret_pending)
{
	files_state state = FILES_ALONE;
	ap_image *image;

	*ret_pending = (ap_pending){ .n = 0 };
	if (ap_applied_open(ap_context_state(context), (int64_t)time(NULL), &image, NULL) != AP_OK)
		return state;
	if (ap_in_force_is_root(context, ap_pending_root(context->arena, image))) {
		*ret_pending = ap_pending_of(context->arena, image);
		state = ret_pending->n > 0 ? FILES_DIFFER : FILES_SAME;
	}
	ap_image_free(image);
	return state;
}

static const char *difference(ap_context *context, const ap_pending *pending)
{
	ap_arena *arena = context->arena;
	size_t n_data = pending->n - pending->n_edits;
	const char *edits = ap_count_text(arena, pending->n_edits, "policy file", "policy files");
	const char *data = ap_count_text(arena, n_data, "data file", "data files");

	return ap_format(arena, "the files differ from what is in force: %s%s%s; \"accesspolicy status%s\" shows more",
			 pending->n_edits > 0 ? edits : "", pending->n_edits > 0 && n_data > 0 ? ", " : "",
			 n_data > 0 ? data : "", ap_in_force_state_option(context));
}

static void write_note(ap_context *context, const ap_pending *pending)
{
	const char *text = ap_format(context->arena, ": %s", difference(context, pending));

	ap_paint_pieces(context->arena, &context->screen,
			(const ap_piece[]){ { AP_YELLOW, "note" }, { AP_PLAIN, text } }, 2, NOTE_INDENT);
}

void ap_in_force_note_of(ap_context *context, const ap_image *image)
{
	ap_pending pending = ap_pending_of(context->arena, image);

	if (pending.n > 0)
		write_note(context, &pending);
}

json_t *ap_in_force_json_of(ap_context *context, const ap_image *image)
{
	return json_boolean(ap_pending_of(context->arena, image).n > 0);
}

void ap_in_force_note(ap_context *context)
{
	ap_pending pending;

	if (compare(context, &pending) == FILES_DIFFER)
		write_note(context, &pending);
}

json_t *ap_in_force_json(ap_context *context)
{
	ap_pending pending;
	files_state state = compare(context, &pending);

	return state == FILES_ALONE ? json_null() : json_boolean(state == FILES_DIFFER);
}
