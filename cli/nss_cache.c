/*
 * Accounts by the hundred thousand come from a directory over the network, and most of a batch's lines are of a few of
 * them. What is remembered is what the source answered, not what was made of it, so that a batch decides as a login
 * does. The look-ups have no argument of their own, hence the state of this file.
 */
#include "nss_cache.h"

#include "../lib/make/arena.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum {
	N_BUCKETS = 65536,
	MOST_REMEMBERED = 1000000 /* look-ups, members and group numbers together; then all is forgotten */
};

typedef enum { ACCOUNT, GROUP, GROUP_OF_NUMBER, GROUPS_OF_ACCOUNT } question;

typedef struct entry {
	struct entry *next;
	question kind;
	const char *key;
	gid_t key_gid; /* GROUP_OF_NUMBER: the number; GROUPS_OF_ACCOUNT: the primary group that was asked with */
	bool answered;
	int result;       /* ACCOUNT, GROUP: what the look-up returned; GROUPS_OF_ACCOUNT: how many groups */
	int wanted;       /* GROUPS_OF_ACCOUNT: how many there are, where there was too little room */
	size_t too_small; /* the largest room that the answer did not fit in */
	char *name;       /* NULL: not found */
	uid_t uid;
	gid_t gid;
	char **members;
	gid_t *gids;
} entry;

static struct {
	const ap_nss *source;
	ap_arena *arena;
	entry **buckets;
	size_t n_remembered;
} cache;

/*
 * Entries
 */

static void forget(void)
{
	ap_arena_free(cache.arena);
	cache.arena = ap_arena_new();
	cache.buckets = ap_arena_alloc(cache.arena, N_BUCKETS * sizeof(*cache.buckets));
	cache.n_remembered = 0;
}

/* FNV-1a. Names that were chosen to collide cost time, which whoever wrote the batch waits for. */
static size_t bucket_of(question kind, const char *key)
{
	uint32_t hash = 2166136261U ^ (uint32_t)kind;

	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619U;
	return (hash ^ hash >> 16) % N_BUCKETS;
}

/* The entry of what is asked; a new one, that is not answered yet, where there is none. */
static entry *entry_of(question kind, const char *key, gid_t gid)
{
	size_t bucket = bucket_of(kind, key);
	entry *e;

	for (e = cache.buckets[bucket]; e != NULL; e = e->next)
		if (e->kind == kind && e->key_gid == gid && strcmp(e->key, key) == 0)
			return e;
	if (cache.n_remembered >= MOST_REMEMBERED)
		forget();
	e = ap_arena_alloc(cache.arena, sizeof(*e));
	e->kind = kind;
	e->key = ap_arena_strdup(cache.arena, key);
	e->key_gid = gid;
	e->next = cache.buckets[bucket];
	cache.buckets[bucket] = e;
	cache.n_remembered++;
	return e;
}

/* Notes how the source answered; true if that is its last word: an ERANGE or EINTR is asked again, by the caller. */
static bool note_result(entry *e, int result, size_t room)
{
	if (result == ERANGE && room > e->too_small)
		e->too_small = room;
	e->answered = result != ERANGE && result != EINTR;
	e->result = result;
	return e->answered;
}

static bool is_too_small(const entry *e, size_t room)
{
	return !e->answered && e->too_small > 0 && room <= e->too_small;
}

/*
 * The look-ups
 */

static void keep_account(entry *e, const struct passwd *found)
{
	e->name = ap_arena_strdup(cache.arena, found->pw_name != NULL ? found->pw_name : e->key);
	e->uid = found->pw_uid;
	e->gid = found->pw_gid;
}

static int look_up_account(const char *name, struct passwd *ret, char *buffer, size_t room, struct passwd **ret_found)
{
	entry *e = entry_of(ACCOUNT, name, 0);

	*ret_found = NULL;
	if (is_too_small(e, room))
		return ERANGE;
	if (!e->answered) {
		int result = cache.source->getpwnam_r(name, ret, buffer, room, ret_found);

		if (*ret_found == NULL && !note_result(e, result, room))
			return result;
		if (*ret_found != NULL) {
			(void)note_result(e, 0, room);
			keep_account(e, *ret_found);
		}
	}
	*ret_found = e->name != NULL ? ret : NULL;
	if (e->name != NULL)
		*ret = (struct passwd){ .pw_name = e->name, .pw_uid = e->uid, .pw_gid = e->gid };
	return e->result;
}

static char **keep_members(char *const *members)
{
	size_t n = 0;
	char **kept;

	while (members != NULL && members[n] != NULL)
		n++;
	kept = ap_arena_alloc(cache.arena, (n + 1) * sizeof(*kept));
	for (size_t i = 0; i < n; i++)
		kept[i] = ap_arena_strdup(cache.arena, members[i]);
	cache.n_remembered += n;
	return kept;
}

static void keep_group(entry *e, const struct group *found)
{
	e->name = ap_arena_strdup(cache.arena, found->gr_name != NULL ? found->gr_name : e->key);
	e->gid = found->gr_gid;
	e->members = keep_members(found->gr_mem);
}

static int look_up_entry(entry *e, struct group *ret, char *buffer, size_t room, struct group **ret_found)
{
	*ret_found = NULL;
	if (is_too_small(e, room))
		return ERANGE;
	if (!e->answered) {
		int result = e->kind == GROUP ? cache.source->getgrnam_r(e->key, ret, buffer, room, ret_found)
					      : cache.source->getgrgid_r(e->key_gid, ret, buffer, room, ret_found);

		if (*ret_found == NULL && !note_result(e, result, room))
			return result;
		if (*ret_found != NULL) {
			(void)note_result(e, 0, room);
			keep_group(e, *ret_found);
		}
	}
	*ret_found = e->name != NULL ? ret : NULL;
	if (e->name != NULL)
		*ret = (struct group){ .gr_name = e->name, .gr_gid = e->gid, .gr_mem = e->members };
	return e->result;
}

static int look_up_group(const char *name, struct group *ret, char *buffer, size_t room, struct group **ret_found)
{
	return look_up_entry(entry_of(GROUP, name, 0), ret, buffer, room, ret_found);
}

static int look_up_gid(gid_t gid, struct group *ret, char *buffer, size_t room, struct group **ret_found)
{
	return look_up_entry(entry_of(GROUP_OF_NUMBER, "", gid), ret, buffer, room, ret_found);
}

/* Asks the source, and remembers the groups, or how many there is no room for. */
static int ask_groups(entry *e, gid_t *groups, int *n)
{
	int room = *n;
	int result = cache.source->getgrouplist(e->key, e->key_gid, groups, n);
	size_t n_groups;

	if (result < 0) {
		e->too_small = room > 0 ? (size_t)room : 0;
		e->wanted = *n;
		return result;
	}
	n_groups = *n > 0 ? (size_t)(*n < room ? *n : room) : 0;
	e->gids = ap_arena_alloc(cache.arena, (n_groups + 1) * sizeof(*e->gids));
	memcpy(e->gids, groups, n_groups * sizeof(*e->gids));
	cache.n_remembered += n_groups;
	e->answered = true;
	e->result = (int)n_groups;
	return result;
}

static int look_up_groups(const char *user, gid_t gid, gid_t *groups, int *n)
{
	entry *e = entry_of(GROUPS_OF_ACCOUNT, user, gid);
	int room = *n;

	if (!e->answered && !is_too_small(e, room > 0 ? (size_t)room : 0))
		return ask_groups(e, groups, n);
	*n = e->answered ? e->result : e->wanted;
	if (!e->answered || room < e->result)
		return -1;
	memcpy(groups, e->gids, (size_t)e->result * sizeof(*groups));
	return e->result;
}

const ap_nss *ap_nss_cache_begin(const ap_nss *source)
{
	static const ap_nss remembering = {
		.getpwnam_r = look_up_account,
		.getgrnam_r = look_up_group,
		.getgrouplist = look_up_groups,
		.getgrgid_r = look_up_gid,
	};

	cache.source = source;
	forget();
	return &remembering;
}

void ap_nss_cache_end(void)
{
	ap_arena_free(cache.arena);
	memset(&cache, 0, sizeof(cache));
}
