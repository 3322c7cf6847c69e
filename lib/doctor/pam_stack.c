#include "pam_stack.h"

#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>

/*
 * What libpam calls the impression, with the status that it would answer, as far as it matters: an answer that is not one of
 * success is like any other. Three bits.
 */
typedef enum {
	UNDECIDED,
	POSITIVE_SUCCESS,  /* PAM_SUCCESS: what is positive again changes it */
	POSITIVE_ACCEPTED, /* another answer that counts as success; it stays */
	POSITIVE_FAILED,
	NEGATIVE_ACCEPTED, /* an answer that counts as success, though the module's answer was taken for bad */
	NEGATIVE
} impression;

enum { WAYS_MAX = 400000, IMPRESSION_BITS = 3, IMPRESSION_MASK = 7 };

/* Where a walk is, and which one it came from. */
typedef struct {
	uint64_t remembered; /* the impression at the beginning of each substack around this place, by level */
	uint32_t place;      /* of the line that is asked next */
	uint8_t impression;
	uint8_t asked;
	int8_t answer; /* of the line that was asked on the way here */
	uint32_t line; /* its place */
	uint32_t from; /* the number of the walk before */
} node;

typedef struct {
	ap_arena *arena;
	const ap_pam_stack *stack;
	ap_pam_answers success;
	node *nodes; /* in the order in which they were found: that of the length of the ways */
	size_t n;
	uint32_t *table; /* numbers of nodes + 1, by hash */
	size_t n_slots;  /* a power of two */
	ap_pam_outcome outcome;
} walk;

int ap_pam_action(const ap_pam_line *line, int answer)
{
	return line->control.actions[answer];
}

/* Passes `lines` lines of the level, a substack with its lines for one; returns how many were not there. */
static int jump(const ap_pam_stack *stack, size_t *place, int lines)
{
	unsigned level = stack->lines[*place].level;
	size_t last = stack->n - 1;

	while (*place < last && stack->lines[*place + 1].level >= level && lines > 0) {
		do
			(*place)++;
		while (*place < last && stack->lines[*place + 1].level > level);
		lines--;
	}
	return lines;
}

/* The last line of the substack, or of the stack, that the place is in. */
static size_t last_of_level(const ap_pam_stack *stack, size_t place)
{
	unsigned level = stack->lines[place].level;

	while (place + 1 < stack->n && stack->lines[place + 1].level >= level)
		place++;
	return place;
}

size_t ap_pam_next_place(const ap_pam_stack *stack, size_t place, int action)
{
	if (action == AP_PAM_DONE || action == AP_PAM_DIE)
		place = last_of_level(stack, place);
	else if (action > 0)
		(void)jump(stack, &place, action);
	return place + 1;
}

/*
 * One answer
 */

static impression remembered_at(const node *at, unsigned level)
{
	return (impression)((at->remembered >> (level * IMPRESSION_BITS)) & IMPRESSION_MASK);
}

static void remember(node *at, unsigned level)
{
	uint64_t below = ((uint64_t)1 << (level * IMPRESSION_BITS)) - 1;

	/* what is above is written anew before it is read: forgotten, ways that are alike are the same */
	at->remembered = (at->remembered & below) | ((uint64_t)at->impression << (level * IMPRESSION_BITS));
}

/* The place of a substack is no question. `level` is that of the line that the walk comes from. */
static void enter(const walk *w, node *at, unsigned level)
{
	const ap_pam_line *lines = w->stack->lines;

	for (; at->place < w->stack->n; at->place++) {
		if (level < lines[at->place].level)
			remember(at, lines[at->place].level);
		level = lines[at->place].level;
		if (lines[at->place].kind != AP_PAM_SUBSTACK)
			break;
	}
}

static bool is_accepted(const walk *w, int answer)
{
	return (w->success & AP_PAM_ANSWER(answer)) != 0;
}

static impression after_good(const walk *w, impression before, int answer)
{
	if (before != UNDECIDED && before != POSITIVE_SUCCESS)
		return before;
	if (answer == PAM_SUCCESS)
		return POSITIVE_SUCCESS;
	return is_accepted(w, answer) ? POSITIVE_ACCEPTED : POSITIVE_FAILED;
}

/* PAM_SUCCESS and PAM_IGNORE never are what a stack answers that has gone bad. */
static impression after_bad(const walk *w, impression before, int answer)
{
	if (before == NEGATIVE || before == NEGATIVE_ACCEPTED)
		return before;
	return answer != PAM_SUCCESS && answer != PAM_IGNORE && is_accepted(w, answer) ? NEGATIVE_ACCEPTED : NEGATIVE;
}

static bool is_positive(impression i)
{
	return i == POSITIVE_SUCCESS || i == POSITIVE_ACCEPTED || i == POSITIVE_FAILED;
}

/* The walk moves from the line at its place to the next one. */
static void take_answer(const walk *w, node *at, int answer)
{
	const ap_pam_line *line = &w->stack->lines[at->place];
	int action = ap_pam_action(line, answer);
	size_t place = at->place;

	switch (action) {
	case AP_PAM_IGNORE:
		break;
	case AP_PAM_RESET:
		at->impression = (uint8_t)remembered_at(at, line->level);
		break;
	case AP_PAM_OK:
	case AP_PAM_DONE:
		at->impression = (uint8_t)after_good(w, at->impression, answer);
		if (action == AP_PAM_DONE && is_positive(at->impression))
			place = last_of_level(w->stack, place);
		break;
	case AP_PAM_BAD:
	case AP_PAM_DIE:
		at->impression = (uint8_t)after_bad(w, at->impression, answer);
		if (action == AP_PAM_DIE)
			place = last_of_level(w->stack, place);
		break;
	default:
		/* a jump over more than there is can not end well */
		if (jump(w->stack, &place, action) > 0)
			at->impression = NEGATIVE;
		break;
	}
	at->place = (uint32_t)place + 1;
	enter(w, at, line->level);
}

/*
 * All of them
 */

static uint64_t hash(const node *at)
{
	uint64_t value = at->remembered * 0x9E3779B97F4A7C15u;

	value ^= ((uint64_t)at->place << 16) | ((uint64_t)at->impression << 8) | at->asked;
	value *= 0xD6E8FEB86659FD93u;
	return value ^ (value >> 32);
}

static bool is_same(const node *a, const node *b)
{
	return a->remembered == b->remembered && a->place == b->place && a->impression == b->impression &&
	       a->asked == b->asked;
}

static void put(walk *w, uint32_t number)
{
	size_t slot = hash(&w->nodes[number]) & (w->n_slots - 1);

	while (w->table[slot] != 0)
		slot = (slot + 1) & (w->n_slots - 1);
	w->table[slot] = number + 1;
}

static bool is_known(const walk *w, const node *found)
{
	size_t slot = w->n_slots > 0 ? hash(found) & (w->n_slots - 1) : 0;

	while (w->n_slots > 0 && w->table[slot] != 0) {
		if (is_same(&w->nodes[w->table[slot] - 1], found))
			return true;
		slot = (slot + 1) & (w->n_slots - 1);
	}
	return false;
}

static void add(walk *w, const node *found)
{
	if (is_known(w, found))
		return;
	if (w->n == WAYS_MAX) {
		w->outcome.whole = false;
		return;
	}
	*AP_PUSH(w->arena, w->nodes, w->n) = *found;
	if (w->n * 2 > w->n_slots) {
		w->n_slots = w->n_slots > 0 ? w->n_slots * 2 : 64;
		w->table = ap_arena_alloc(w->arena, w->n_slots * sizeof(*w->table));
		for (uint32_t i = 0; i < w->n; i++)
			put(w, i);
	} else {
		put(w, (uint32_t)w->n - 1);
	}
}

/* The first that is found of each kind is one of the shortest. */
static void finish(walk *w, uint32_t number)
{
	const node *last = &w->nodes[number];
	ap_pam_way *way = &w->outcome.ways[last->asked];
	bool succeeds = last->impression == POSITIVE_SUCCESS
				? is_accepted(w, PAM_SUCCESS)
				: last->impression == POSITIVE_ACCEPTED || last->impression == NEGATIVE_ACCEPTED;
	size_t n = 0;

	if (!succeeds || way->possible)
		return;
	way->possible = true;
	for (uint32_t i = number; i != 0; i = w->nodes[i].from)
		n++;
	way->n_steps = n;
	way->steps = ap_arena_alloc(w->arena, (n + 1) * sizeof(*way->steps));
	for (uint32_t i = number; i != 0; i = w->nodes[i].from)
		way->steps[--n] =
			(ap_pam_step){ .line = &w->stack->lines[w->nodes[i].line], .answer = w->nodes[i].answer };
}

static uint8_t asked_after(const ap_pam_voice *voice, uint8_t before, int answer)
{
	if (!voice->decides)
		return before;
	if ((voice->lets_in & AP_PAM_ANSWER(answer)) == 0)
		return AP_ASKED_DENIED;
	return before == AP_ASKED_NEVER ? AP_ASKED_LET_IN : before;
}

/* In this order, so that of several answers that come to the same the one is told that is thought of first. */
static int answer_of(int index)
{
	static const int first[] = { PAM_SUCCESS, PAM_IGNORE, PAM_PERM_DENIED, PAM_AUTH_ERR, PAM_NEW_AUTHTOK_REQD };
	enum { N_FIRST = sizeof(first) / sizeof(first[0]) };

	return index < N_FIRST ? first[index] : index - N_FIRST;
}

static void follow(walk *w, uint32_t number, const ap_pam_voice *voice)
{
	for (int i = 0; i < AP_PAM_N_ANSWERS + 5; i++) {
		node next = w->nodes[number];
		int answer = answer_of(i);

		/* one that is not complete ends the walk, to be gone on with by another call */
		if (answer == PAM_INCOMPLETE || (voice->can & AP_PAM_ANSWER(answer)) == 0)
			continue;
		next.asked = asked_after(voice, next.asked, answer);
		next.answer = (int8_t)answer;
		next.line = next.place;
		next.from = number;
		take_answer(w, &next, answer);
		add(w, &next);
	}
}

static const ap_pam_voice failing = { .can = AP_PAM_ANSWER(PAM_PERM_DENIED) };

ap_pam_outcome ap_pam_stack_walk(ap_arena *arena, const ap_pam_stack *stack, ap_pam_answers success,
				 ap_pam_voice_of *voice_of, void *context)
{
	walk w = { .arena = arena, .stack = stack, .success = success, .outcome = { .whole = true } };
	ap_pam_voice voice;
	node start = { .impression = UNDECIDED };

	if (stack->n == 0)
		return w.outcome;
	enter(&w, &start, 0);
	add(&w, &start);
	for (uint32_t i = 0; i < w.n; i++) {
		const ap_pam_line *line;

		if (w.nodes[i].place == stack->n) {
			finish(&w, i);
			continue;
		}
		line = &stack->lines[w.nodes[i].place];
		voice = line->kind == AP_PAM_MODULE ? voice_of(context, line) : failing;
		follow(&w, i, &voice);
	}
	return w.outcome;
}
