#include "apply.h"

#include "../login/view.h"
#include "administrators.h"
#include "aliases.h"
#include "compile.h"
#include "names.h"
#include "pending.h"
#include "region_changes.h"
#include "timestamp.h"
#include "transition.h"
#include "trial.h"
#include "unknowns.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
	ap_transition t;
	ap_policy_set *set;
	void *bytes; /* the new image as it is stored */
	size_t size;
	ap_file_edits *edits; /* prepared; NULL: there are none */
} work;

static bool fail(work *w)
{
	w->t.result->outcome = AP_APPLY_FAILED;
	return false;
}

/*
 * What there is
 */

/* With a dry run there need be no folder, and none is made. */
static bool open_state(work *w)
{
	bool dry_run = w->t.options->dry_run;

	if (ap_transition_open(&w->t, !dry_run))
		return true;
	if (!dry_run || w->t.result->error.status != AP_ERR_MISSING ||
	    ap_state_can_be_made(w->t.options->state, &w->t.result->error) != AP_OK)
		return false;
	w->t.result->outcome = AP_APPLY_DONE;
	return true;
}

/* An image that cannot be read is no reason not to put another in its place, if that is not to be made of it. */
static bool open_in_force(work *w)
{
	ap_error error = { 0 };
	ap_status status = ap_transition_open_in_force(&w->t, &error);

	if (status == AP_OK || !w->t.options->data)
		return true;
	if (status == AP_ERR_MISSING)
		ap_error_set(&error, AP_ERR_MISSING, w->t.options->state, 0,
			     "nothing is in force yet; \"accesspolicy apply%s\" puts the policy files in force",
			     ap_transition_files_option(&w->t));
	w->t.result->error = error;
	return fail(w);
}

/*
 * Edits
 */

/* What is on trial is decided about first; files that nobody is going to apply need not be read. */
static bool check_trial(work *w)
{
	if (!ap_trial_refuses(&w->t) || w->t.options->force)
		return w->t.options->trial_seconds == 0 || ap_trial_prepare(&w->t);
	w->t.result->outcome = AP_APPLY_REFUSED;
	w->t.result->force_helps = true;
	return false;
}

static bool is_edited(const work *w, const char *path)
{
	for (size_t i = 0; i < w->t.options->n_edits; i++)
		if (strcmp(w->t.options->edits[i].path, path) == 0)
			return true;
	return false;
}

/* What others have edited is not put in force by the way. An edit that is to be edited further is taken along as well. */
static void refuse_pending(work *w)
{
	ap_pending pending = ap_pending_edits_of(w->t.arena, w->t.in_force);

	for (size_t i = 0; i < pending.n; i++)
		ap_diagnostics_add(&w->t.result->refusals, AP_ERROR, pending.items[i].path, 0,
				   "is %s and not in force yet; put that in force first (accesspolicy apply%s), or "
				   "take it along with --with-pending%s",
				   ap_pending_names[pending.items[i].kind], ap_transition_files_option(&w->t),
				   is_edited(w, pending.items[i].path) ? "; it is the file to be changed" : "");
}

/* Nothing goes over an edit of somebody else's. */
static bool check_edits(work *w)
{
	const ap_apply_options *o = w->t.options;

	if (o->edits == NULL)
		return true;
	if (!o->with_pending && w->t.in_force != NULL)
		refuse_pending(w);
	if (w->t.result->refusals.n_errors == 0)
		(void)ap_file_edits_are_current(o->edits, o->n_edits, &w->t.result->refusals);
	if (w->t.result->refusals.n_errors == 0)
		return true;
	w->t.result->outcome = AP_APPLY_REFUSED;
	return false;
}

/*
 * The new image
 */

static bool load(work *w)
{
	ap_load_options load = { .config = w->t.options->config,
				 .regions_must_be_known = true,
				 .edits = w->t.options->edits,
				 .n_edits = w->t.options->n_edits,
				 .progress = w->t.options->progress };

	if (w->t.options->data) {
		load.texts = ap_transition_texts(&w->t, w->t.in_force, &load.n_texts, &w->t.result->error);
		if (load.texts == NULL)
			return fail(w);
		load.config = load.texts[0].path;
	}
	if (ap_load(&load, &w->set, &w->t.result->problems) == AP_OK)
		return true;
	w->t.result->outcome = AP_APPLY_UNREADABLE;
	return false;
}

static bool compile(work *w)
{
	ap_error *error = &w->t.result->error;
	ap_image *image = NULL;

	ap_progress_tell(w->t.options->progress, "compiling", "", 0, 0);
	if (ap_compile(w->set, w->t.options->now, &w->bytes, &w->size, error) != AP_OK ||
	    ap_image_open_sealed("the new image", w->bytes, w->size, &image, error) != AP_OK)
		return fail(w);
	ap_transition_take(&w->t, image);
	return true;
}

/*
 * What refuses
 */

/* So much less than before that something has probably gone wrong where it comes from. */
static bool has_shrunk(const work *w, uint64_t before, uint64_t now)
{
	uint64_t lost = before > now ? before - now : 0;

	return before > 0 && (now == 0 || (ap_u128)lost * 100 > (ap_u128)before * w->set->max_shrink);
}

static void refuse_shrunken(work *w, const ap_source_def *source, uint32_t before)
{
	const char *unit = source->kind == AP_SOURCE_DIRECTORY ? "members" : "entries";

	if (!has_shrunk(w, before, source->n))
		return;
	if (source->n == 0)
		ap_diagnostics_add(&w->t.result->refusals, AP_ERROR, source->path, 0,
				   "is empty; %u %s of it are in force", before, unit);
	else
		ap_diagnostics_add(&w->t.result->refusals, AP_ERROR, source->path, 0,
				   "has lost %zu of %u %s, which is more than max_shrink, %u percent",
				   before - source->n, before, unit, w->set->max_shrink);
}

static bool is_counted(uint32_t kind)
{
	return kind == AP_SOURCE_DIRECTORY || kind == AP_SOURCE_FEED;
}

static void compare_sources(work *w, const ap_image *before)
{
	ap_names *numbers = ap_names_new(w->t.arena);
	ap_view view = ap_view_of(before);
	uint32_t n = ap_image_count(before, AP_TABLE_SOURCES);

	for (uint32_t i = 0; i < n && view.sound; i++) {
		ap_image_source source = ap_view_source(&view, i);
		const char *path = ap_view_string(&view, source.path);

		if (is_counted(source.kind) && ap_names_find(numbers, path) == AP_NONE)
			ap_names_put(numbers, ap_arena_strdup(w->t.arena, path), source.n);
	}
	for (size_t i = 0; i < w->set->n_sources; i++) {
		const ap_source_def *source = &w->set->sources[i];
		uint32_t entries = ap_names_find(numbers, source->path);

		if (is_counted(source->kind) && entries != AP_NONE)
			refuse_shrunken(w, source, entries);
	}
}

/*
 * A region may change from one database to the next by more than a whole database does, and one that has lost most of its
 * addresses is not what a policy that names it was meant for.
 */
static void refuse_thinned(work *w, const ap_region_def *region, const ap_region_size *before)
{
	static const char *const families[] = { "IPv4 addresses", "IPv6 addresses" };
	const char *database = w->set->region_database.text;

	for (int family = 0; family < 2; family++) {
		ap_u128 was = before->n[family], now = region->n_addresses[family];

		if (now >= was || region->unknown[family] || (now > 0 && was - now <= now))
			continue;
		ap_diagnostics_add(&w->t.result->refusals, AP_ERROR, region->place.file, region->place.line,
				   "\"%s\" has %s %s that it has by what is in force, says %s", region->code,
				   now == 0 ? "none of the" : "less than half of the", families[family], database);
	}
}

static void compare_regions(work *w, ap_view *before)
{
	uint32_t n = ap_image_count(before->image, AP_TABLE_REGIONS);
	ap_region_size *sizes = ap_region_sizes(w->t.arena, before);

	for (uint32_t i = 0; i < n && before->sound; i++) {
		const char *code = ap_view_string(before, ap_view_region(before, i).code);
		uint32_t number = ap_region_number(w->set, code);

		if (number != AP_NONE && w->set->regions[number].in_use && strcmp(code, "unlocated") != 0)
			refuse_thinned(w, &w->set->regions[number], &sizes[i]);
	}
}

/* The region database places so much less than before that it is probably not whole. */
static void compare_databases(work *w, const ap_image *before)
{
	static const char *const units[] = { "IPv4 addresses", "networks of 64 bits of IPv6" };
	const ap_policy_set *set = w->set;
	ap_view view = ap_view_of(before);
	char is[AP_GROUPED_MAX], was[AP_GROUPED_MAX];
	ap_image_database database;

	if (!set->region_data_read || ap_image_count(before, AP_TABLE_DATABASES) == 0)
		return;
	database = ap_view_database(&view, 0);
	for (int family = 0; family < 2; family++)
		if (has_shrunk(w, database.n_placed[family], set->region_data.n_placed[family]))
			ap_diagnostics_add(&w->t.result->refusals, AP_ERROR, set->region_database.text, 0,
					   "places %s %s in countries; that in force places %s, and the loss is more "
					   "than max_shrink, %u percent",
					   ap_grouped(set->region_data.n_placed[family], is), units[family],
					   ap_grouped(database.n_placed[family], was), set->max_shrink);
	compare_regions(w, &view);
}

static void check_shrinking(work *w)
{
	const ap_image *before = ap_transition_before(&w->t);

	if (before == NULL)
		return;
	compare_sources(w, before);
	compare_databases(w, before);
}

static const char *how_it_ended(const work *w, const ap_record *by)
{
	char time[AP_TIMESTAMP_TEXT_MAX];

	if (by->action != AP_ACTION_TRIAL_END)
		return ap_format(w->t.arena, "was rolled back by %s", by->by);
	return ap_format(w->t.arena, "was on a trial of %s's that ended %s unconfirmed", by->by,
			 ap_timestamp_format_local(by->time, time));
}

/* The text that was rolled back is refused until it changes; so is the very image, however it came to be again. */
static void check_rolled_back(work *w)
{
	char text[AP_HEX_REVISION + 1], text_in_force[AP_HEX_REVISION + 1] = "";
	const ap_image *before = ap_transition_before(&w->t);
	bool data = w->t.options->data;
	const ap_record *by;

	ap_revision_format(ap_image_head_of(w->t.image)->text, text);
	if (before != NULL)
		ap_revision_format(ap_image_head_of(before)->text, text_in_force);
	by = ap_records_rolled_back(&w->t.records, w->t.result->revision, text, text_in_force);
	if (by != NULL)
		ap_diagnostics_add(&w->t.result->refusals, AP_ERROR, data ? w->t.options->state : w->set->root, 0,
				   "%s revision %.12s, %s; it is not applied again until a %s changes",
				   strcmp(by->replaced, w->t.result->revision) == 0 ? "this policy," : "this text, of",
				   by->replaced, how_it_ended(w, by), data ? "data file" : "policy file");
}

/* A root file that was meant for a test must not take the place of the machine's by a slip. */
static void check_root(work *w)
{
	const ap_image *before = ap_transition_before(&w->t);
	const char *root = before != NULL ? ap_pending_root(w->t.arena, before) : "";

	if (root[0] != '\0' && strcmp(root, w->set->root) != 0)
		ap_diagnostics_add(&w->t.result->refusals, AP_ERROR, w->set->root, 0,
				   "is another root file than what is in force was made of, %s", root);
}

static bool refuse(work *w)
{
	ap_apply_result *result = w->t.result;

	ap_transition_guard(&w->t, w->set);
	ap_find_aliases(w->set, w->t.image, w->t.options->nss, &result->refusals);
	check_shrinking(w);
	check_rolled_back(w);
	check_root(w);
	return ap_transition_is_refused(&w->t);
}

/*
 * Whom it governs
 */

static void tell_governed(work *w)
{
	ap_arena *arena = w->t.arena;

	for (size_t i = 0; i < w->set->n_policies; i++) {
		const ap_policy_def *policy = &w->set->policies[i];
		ap_words governed;

		if (policy->status == AP_POLICY_DISABLED || !is_edited(w, policy->place.file))
			continue;
		governed = ap_governed_administrators(w->set, w->t.image, (uint32_t)i, w->t.options->nss, arena);
		for (size_t k = 0; k < governed.n; k++)
			if (!ap_words_have(&w->t.result->governed, governed.items[k]))
				ap_words_add(arena, &w->t.result->governed, governed.items[k]);
	}
}

static void judge_groups(work *w, const ap_list *groups)
{
	const ap_nss *nss = w->t.options->nss != NULL ? w->t.options->nss : &ap_nss_system;

	for (size_t i = 0; i < groups->n; i++)
		ap_judge_group(nss, &groups->items[i], &w->t.result->warnings);
}

/* A name that is mistyped here leaves every login that the policy is asked about undetermined, which is to say denied. */
static void warn_of_groups(work *w)
{
	for (size_t i = 0; i < w->set->n_policies; i++) {
		const ap_policy_def *policy = &w->set->policies[i];

		if (policy->status == AP_POLICY_DISABLED || !is_edited(w, policy->place.file))
			continue;
		judge_groups(w, &policy->scope.groups);
		judge_groups(w, &policy->except.groups);
	}
}

/*
 * Into force
 */

/* False, with nothing changed, where the files cannot be written. */
static bool carry_out_edits(work *w)
{
	const ap_apply_options *o = w->t.options;
	ap_error *error = &w->t.result->error;

	if (o->n_edits == 0)
		return true;
	if (ap_file_edits_prepare(w->t.arena, w->set->root, o->edits, o->n_edits, &w->edits, error) == AP_OK &&
	    ap_file_edits_carry_out(w->edits, error) == AP_OK)
		return true;
	w->edits = NULL;
	return fail(w);
}

/* The files say what is in force, or what they said before. */
static void finish_edits(work *w)
{
	const ap_apply_result *result = w->t.result;

	if (result->outcome == AP_APPLY_FAILED && !result->in_force && w->edits != NULL)
		(void)ap_file_edits_take_back(w->edits, &w->t.result->error);
	else
		ap_file_edits_keep(w->edits);
}

/* False where there is nothing to go back to. The history has what came in force by other means first. */
static bool begin_trial(work *w)
{
	if (!w->t.options->dry_run)
		ap_transition_record_stranger(&w->t);
	return w->t.options->trial_seconds == 0 || ap_trial_begin(&w->t, w->bytes);
}

static void put_in_force(work *w)
{
	ap_apply_result *result = w->t.result;
	ap_record record;

	record = ap_transition_record(&w->t, w->t.options->data ? AP_ACTION_DATA : AP_ACTION_APPLY);
	if (ap_state_put(w->t.state, w->bytes, w->size, &record, w->t.options->progress, &result->in_force,
			 &result->error) != AP_OK)
		result->outcome = AP_APPLY_FAILED;
}

/* Nothing to do; but if what is in force came there by other means than apply, the history gets it. */
static void leave_unchanged(work *w)
{
	ap_apply_result *result = w->t.result;
	ap_record record = ap_transition_record(&w->t, w->t.options->data ? AP_ACTION_DATA : AP_ACTION_APPLY);

	result->outcome = AP_APPLY_UNCHANGED;
	if (w->t.options->dry_run || ap_transition_is_recorded(&w->t, result->revision))
		return;
	memset(record.replaced, 0, sizeof(record.replaced));
	memset(record.replaced_text, 0, sizeof(record.replaced_text));
	result->in_force = true;
	if (ap_state_record(w->t.state, &record, &result->error) != AP_OK)
		result->outcome = AP_APPLY_FAILED;
}

static void carry_out(work *w)
{
	ap_apply_result *result = w->t.result;

	if (!open_state(w)) {
		ap_error unread = { 0 };

		/* for the report: what stays in force */
		(void)ap_transition_open_in_force(&w->t, &unread);
		return;
	}
	if (!open_in_force(w) || !check_trial(w) || !check_edits(w) || !load(w) || !compile(w))
		return;
	if (strcmp(result->revision, result->replaced) == 0 && result->replaced_trial.ends == 0) {
		if (w->t.options->dry_run || carry_out_edits(w))
			leave_unchanged(w);
	} else {
		ap_transition_compare(&w->t);
		if (w->t.options->tell_governed)
			tell_governed(w);
		if (w->t.options->warn_of_groups)
			warn_of_groups(w);
		if (!refuse(w) && begin_trial(w) && !w->t.options->dry_run && carry_out_edits(w))
			put_in_force(w);
	}
	finish_edits(w);
}

void ap_apply(const ap_apply_options *options, ap_arena *arena, ap_apply_result *ret_result)
{
	work w = { .t = { .options = options, .result = ret_result, .arena = arena } };

	*ret_result = (ap_apply_result){ .outcome = AP_APPLY_DONE, .summary = "" };
	carry_out(&w);
	ap_transition_make_audit_file(&w.t);
	ap_transition_close(&w.t);
	free(w.bytes);
	ap_policy_set_free(w.set);
}

void ap_apply_result_clear(ap_apply_result *result)
{
	ap_diagnostics_clear(&result->problems);
	ap_diagnostics_clear(&result->refusals);
	ap_diagnostics_clear(&result->warnings);
}
