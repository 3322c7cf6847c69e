#include "concern.h"

#include <stdlib.h>
#include <string.h>

/* The policies that were visited: one may be about the login in several ways. Open addressing; 0 is no place. */
typedef struct {
	uint32_t *slots;
	size_t n_slots; /* a power of two */
	size_t used;
	uint32_t first[64];
} visited;

typedef struct {
	ap_evaluation *e;
	ap_concern_visit *visit;
	void *context;
	visited seen;
} walk;

/* What is done with each concern of the request. */
typedef void take(walk *w, const ap_image_concern *concern);

static uint32_t *slot_of(uint32_t *slots, size_t n_slots, uint32_t place)
{
	size_t at = (place * 2654435761u) & (n_slots - 1); /* Knuth's multiplicative hashing */

	while (slots[at] != 0 && slots[at] != place)
		at = (at + 1) & (n_slots - 1);
	return &slots[at];
}

static bool grow(visited *seen)
{
	size_t n = seen->n_slots * 4, i;
	uint32_t *larger = calloc(n, sizeof(*larger));

	if (larger == NULL)
		return false;
	for (i = 0; i < seen->n_slots; i++)
		if (seen->slots[i] != 0)
			*slot_of(larger, n, seen->slots[i]) = seen->slots[i];
	if (seen->slots != seen->first)
		free(seen->slots);
	seen->slots = larger;
	seen->n_slots = n;
	return true;
}

/* True if the place was not seen before, and now is. */
static bool see(walk *w, uint32_t place)
{
	visited *seen = &w->seen;
	uint32_t *slot;

	if (place == 0) {
		w->e->view.sound = false;
		return false;
	}
	if (seen->used * 2 >= seen->n_slots && !grow(seen)) {
		w->e->out_of_memory = true;
		return false;
	}
	slot = slot_of(seen->slots, seen->n_slots, place);
	if (*slot == place)
		return false;
	*slot = place;
	seen->used++;
	return true;
}

static bool goes_on(const walk *w)
{
	return w->e->view.sound && !w->e->out_of_memory;
}

static void visit_policies(walk *w, const ap_image_concern *concern)
{
	uint32_t i;

	if (concern->policies.n > ap_image_count(w->e->view.image, AP_TABLE_POLICIES))
		w->e->view.sound = false;
	for (i = 0; i < concern->policies.n && goes_on(w); i++) {
		uint32_t place = ap_view_number(&w->e->view, concern->policies, i);

		if (see(w, place))
			w->visit(w->e, w->context, place);
	}
}

static void note_exceptions(walk *w, const ap_image_concern *concern)
{
	ap_evaluation *e = w->e;
	uint32_t *larger, i;

	if (concern->exceptions.n == 0)
		return;
	if (concern->exceptions.n > ap_image_count(e->view.image, AP_TABLE_EXCEPTIONS)) {
		e->view.sound = false;
		return;
	}
	larger = realloc(e->exceptions, (e->n_exceptions + concern->exceptions.n) * sizeof(*larger));
	if (larger == NULL) {
		e->out_of_memory = true;
		return;
	}
	e->exceptions = larger;
	for (i = 0; i < concern->exceptions.n && goes_on(w); i++) {
		uint32_t place = ap_view_number(&e->view, concern->exceptions, i);

		if (see(w, place))
			e->exceptions[e->n_exceptions++] = place;
	}
}

static void each_department(walk *w, take *with)
{
	ap_evaluation *e = w->e;
	size_t i;

	for (i = 0; i < e->n_departments && goes_on(w); i++) {
		ap_image_department department = ap_view_department_at(&e->view, e->departments[i].at);

		if (e->departments[i].at == e->departments[i].own)
			with(w, &department.alone);
		with(w, &department.subtree);
	}
}

/* True if the group's answer is known already, and is no: what only the group leads to holds nobody. */
static bool is_out_of(const ap_evaluation *e, uint32_t group)
{
	const ap_account *account = &e->request->account;

	if (account->looked_up && account->exists == AP_NO)
		return true;
	return e->groups != NULL && e->groups[group].asked && e->groups[group].holds == AP_NO;
}

/* Groups that are not among the first: those that the account is in, or all where that cannot be told. */
static void each_further_group(walk *w, uint32_t n, take *with)
{
	ap_evaluation *e = w->e;
	const char *const *own;
	size_t n_own = 0, i;
	ap_tri known = ap_own_groups(e, &own, &n_own);
	uint32_t number;

	for (number = AP_GROUPS_ASKED; known == AP_UNKNOWN && number < n && goes_on(w); number++) {
		ap_image_group group = ap_view_group(&e->view, number);

		with(w, &group.concern);
	}
	for (i = 0; i < n_own && goes_on(w); i++) {
		ap_subject_entry found = ap_view_find(&e->view, &e->head->groups, own[i], strlen(own[i]));

		if (found.number >= AP_GROUPS_ASKED && found.number != AP_NONE)
			with(w, &found.concern);
	}
}

/* The services are asked as late as can be: only where a policy's other conditions hold, and then for all of a group. */
static void each_group(walk *w, take *with)
{
	ap_evaluation *e = w->e;
	uint32_t n = ap_image_count(e->view.image, AP_TABLE_GROUPS), number;

	for (number = 0; number < n && number < AP_GROUPS_ASKED && goes_on(w); number++) {
		ap_image_group group;

		if (is_out_of(e, number))
			continue;
		group = ap_view_group(&e->view, number);
		with(w, &group.concern);
	}
	if (n > AP_GROUPS_ASKED && goes_on(w))
		each_further_group(w, n, with);
}

static void each_concern(walk *w, take *with)
{
	ap_evaluation *e = w->e;

	with(w, &e->head->everyone);
	with(w, &e->subjects[0].concern);
	with(w, &e->subjects[1].concern);
	with(w, &e->domain.concern);
	each_department(w, with);
	if (e->n_departments == 0)
		with(w, &e->head->unlisted);
	each_group(w, with);
}

static void walk_concerns(ap_evaluation *e, take *with, ap_concern_visit *visit, void *context)
{
	walk w = { .e = e, .visit = visit, .context = context };

	w.seen.slots = w.seen.first;
	w.seen.n_slots = sizeof(w.seen.first) / sizeof(w.seen.first[0]);
	each_concern(&w, with);
	if (w.seen.slots != w.seen.first)
		free(w.seen.slots);
}

static int by_place(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void ap_concern_narrow(ap_evaluation *evaluation)
{
	evaluation->narrowed = true;
	if (ap_image_count(evaluation->view.image, AP_TABLE_EXCEPTIONS) == 0)
		return;
	walk_concerns(evaluation, note_exceptions, NULL, NULL);
	/* exceptions stand in reading order, and it is the first that is named */
	if (evaluation->n_exceptions > 1)
		qsort(evaluation->exceptions, evaluation->n_exceptions, sizeof(*evaluation->exceptions), by_place);
}

void ap_concern_each_policy(ap_evaluation *evaluation, ap_concern_visit *visit, void *context)
{
	walk_concerns(evaluation, visit_policies, visit, context);
}
