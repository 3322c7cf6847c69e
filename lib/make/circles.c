/* Networks that hold themselves, through others or not, and those that are nested too deep. */
#include "reader.h"

#include <stdio.h>

enum { NESTED_MAX = 16 };

typedef enum { UNSEEN = 0, ON_THE_WAY, DONE } colour;

typedef struct {
	uint32_t network;
	size_t next; /* the entry of it that is to be followed next */
} stand;

typedef struct {
	ap_reader *reader;
	unsigned char *colours;
	size_t *heights; /* by network: the levels of networks below it */
	stand *way;      /* at most one for each network: no recursion, however long the chain */
	size_t depth;
} walk;

/* "@a → @b → @a", cut where it is long. */
static void complain(const walk *w, uint32_t again, ap_place place)
{
	const ap_policy_set *set = w->reader->set;
	char circle[512] = "";
	size_t i = 0, used = 0;

	while (w->way[i].network != again)
		i++;
	for (; i < w->depth && used < sizeof(circle) - 250; i++)
		used += (size_t)snprintf(circle + used, sizeof(circle) - used, "@%s → ",
					 set->networks[w->way[i].network].name);
	AP_COMPLAIN(w->reader, place, "the network %s holds itself: %s%s@%s; take one of these entries out",
		    AP_SHOWN(set->networks[again].name), circle, i < w->depth ? "… → " : "", set->networks[again].name);
}

static void enter(walk *w, uint32_t network)
{
	w->colours[network] = ON_THE_WAY;
	w->way[w->depth++] = (stand){ .network = network };
}

/* `held` is done: the network that holds it stands a level above it. Told once a chain, where it passes the limit. */
static void stand_above(walk *w, uint32_t holder, uint32_t held, ap_place place)
{
	if (w->heights[holder] > w->heights[held])
		return;
	w->heights[holder] = w->heights[held] + 1;
	if (w->heights[holder] == NESTED_MAX + 1)
		AP_COMPLAIN(w->reader, place, "networks are nested more than %d deep; expected fewer levels",
			    NESTED_MAX);
}

/* Follows one entry of the network where the walk stands, or leaves it. */
static void step(walk *w)
{
	stand *here = &w->way[w->depth - 1];
	const ap_entries *entries = &w->reader->set->networks[here->network].ip;
	const ap_entry *entry;

	if (here->next == entries->n) {
		w->colours[here->network] = DONE;
		w->depth--;
		return;
	}
	entry = &entries->items[here->next];
	if (entry->kind == AP_ENTRY_NETWORK && entry->network != AP_NONE && w->colours[entry->network] == UNSEEN) {
		enter(w, entry->network); /* and come back to this entry */
		return;
	}
	here->next++;
	if (entry->kind != AP_ENTRY_NETWORK || entry->network == AP_NONE)
		return;
	if (w->colours[entry->network] == ON_THE_WAY)
		complain(w, entry->network, entry->place);
	else
		stand_above(w, here->network, entry->network, entry->place);
}

void ap_check_circles(ap_reader *reader)
{
	size_t n = reader->set->n_networks;
	walk w = { .reader = reader };

	w.colours = ap_arena_alloc(reader->arena, n + 1);
	w.heights = ap_arena_alloc(reader->arena, (n + 1) * sizeof(*w.heights));
	w.way = ap_arena_alloc(reader->arena, (n + 1) * sizeof(*w.way));
	for (size_t i = 0; i < n; i++) {
		if (w.colours[i] == UNSEEN)
			enter(&w, (uint32_t)i);
		while (w.depth > 0)
			step(&w);
	}
}
