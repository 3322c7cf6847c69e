/* Whom does a list of users mean? */
#include "access.h"

#include "../make/reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct {
	ap_access *access;
	unsigned line;
	bool more; /* where it cannot be told, rather too many than too few: what is denied */
} place;

/* True if netgroup(5) has it that the triple holds the machine `host`, or any for NULL. */
static bool holds_host(const ap_access *access, const ap_netgroup_triple *triple, const char *host)
{
	const char *domain = access->source->domain;

	return (host == NULL || triple->host == NULL || strcasecmp(triple->host, host) == 0) &&
	       (domain == NULL || triple->domain == NULL || strcmp(triple->domain, domain) == 0);
}

static size_t look_up_netgroup(const ap_access *access, const char *name, const ap_netgroup_triple **ret_triples)
{
	*ret_triples = NULL;
	return access->source->netgroup != NULL ? access->source->netgroup(access->arena, name, ret_triples) : 0;
}

/* Is it an address, or part of one? pam_access would ask DNS for the machine's own. */
static bool looks_like_address(const char *host)
{
	return host[0] != '\0' && host[strspn(host, "0123456789abcdefABCDEF:./")] == '\0' &&
	       strpbrk(host, ".:") != NULL && host[0] != '.';
}

/* True if the machine's name is one that `host` of user@host means. */
static bool is_this_host(const ap_access *access, const char *host)
{
	const char *name = access->source->host_name;
	size_t length = strlen(host), name_length = name != NULL ? strlen(name) : 0;
	const ap_netgroup_triple *triples;

	if (name == NULL)
		return false;
	if (host[0] == '@') {
		size_t n = look_up_netgroup(access, host + 1, &triples);

		for (size_t i = 0; i < n; i++)
			if (holds_host(access, &triples[i], name))
				return true;
		return false;
	}
	if (strcasecmp(host, "ALL") == 0 || strcasecmp(host, name) == 0)
		return true;
	return host[0] == '.' && name_length > length && strcasecmp(name + name_length - length, host) == 0;
}

bool ap_access_words_have(const ap_words *words, const char *word, ap_access_comparison *compare)
{
	for (size_t i = 0; i < words->n; i++)
		if (compare(words->items[i], word) == 0)
			return true;
	return false;
}

static void add_word(ap_arena *arena, ap_words *words, const char *word, ap_access_comparison *compare)
{
	if (!ap_access_words_have(words, word, compare))
		ap_words_add(arena, words, word);
}

/* True if the system has an account of that name. */
static ap_tri account_exists(const place *at, const char *name)
{
	ap_account account;
	const char *const *groups;
	size_t n;
	ap_tri answer;

	ap_account_init(&account, at->access->nss, name, NULL);
	answer = ap_account_groups(&account, "root", &groups, &n);
	answer = account.exists;
	ap_account_clear(&account);
	return answer;
}

/* A login name that cannot be written in a policy is none, as a rule. */
static void add_member(const place *at, ap_access_people *people, const char *name)
{
	const char *fault = ap_member_fault(name);

	if (fault == NULL)
		add_word(at->access->arena, &people->members, name, strcasecmp);
	else if (account_exists(at, name) == AP_NO)
		ap_import_add_note(at->access->arena, at->access->import, AP_IMPORT_NOTE, at->line, name,
				   "%s; there is no such account, so it means nobody", fault);
	else
		ap_import_add_note(at->access->arena, at->access->import, AP_IMPORT_ERROR, at->line, name,
				   "%s; there is, or may be, an account of that name, and no policy can list it",
				   fault);
}

static void refuse_group(const place *at, const char *name, const char *why)
{
	ap_import_add_note(at->access->arena, at->access->import, AP_IMPORT_ERROR, at->line, name, "%s", why);
}

/* True if there is such a group, which a policy can list. */
static bool is_group(const place *at, const char *name)
{
	ap_tri exists = ap_nss_group_exists(at->access->nss, name);
	const char *fault = ap_group_fault(name);

	if (exists == AP_UNKNOWN)
		refuse_group(
			at, name,
			"whether it is a group cannot be told: the look-up failed; try again when the name services "
			"answer");
	else if (exists == AP_YES && fault != NULL)
		refuse_group(at, name, ap_format(at->access->arena, "%s, and no policy can list it", fault));
	return exists == AP_YES && fault == NULL;
}

/* A login is undetermined where a policy lists a group that there is none of, and pam_access passes it over. */
static void add_group(const place *at, ap_access_people *people, const char *name)
{
	if (is_group(at, name))
		add_word(at->access->arena, &people->groups, name, strcmp);
	else
		ap_import_add_note(
			at->access->arena, at->access->import, AP_IMPORT_NOTE, at->line, name,
			"there is no such group, so it means nobody, as it does to pam_access; when the group is "
			"made, import again");
}

enum { ENTRY_ROOM = 65536 };

static int by_group(const void *a, const void *b)
{
	const ap_import_account *x = a, *y = b;

	return x->gid < y->gid ? -1 : x->gid > y->gid;
}

static void read_accounts(ap_access *access)
{
	const ap_import_account *found = NULL;
	size_t n = access->source->accounts != NULL ? access->source->accounts(access->arena, &found) : 0;

	access->accounts_read = true;
	access->accounts = ap_arena_alloc(access->arena, (n + 1) * sizeof(*access->accounts));
	access->n_accounts = n;
	if (n > 0)
		memcpy(access->accounts, found, n * sizeof(*found));
	qsort(access->accounts, n, sizeof(*access->accounts), by_group);
}

/* True if the group is the first one of an account of another name. */
static bool is_group_of_another(ap_access *access, gid_t gid, const char *name)
{
	size_t low = 0, high;

	if (!access->accounts_read)
		read_accounts(access);
	high = access->n_accounts;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (access->accounts[middle].gid < gid)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < access->n_accounts && access->accounts[low].gid == gid; low++)
		if (strcmp(access->accounts[low].name, name) != 0)
			return true;
	return false;
}

/* True if nobody but the user of that name is known to be in the group, since it is that user's own. */
static bool is_private_group(const place *at, const char *name)
{
	const ap_nss *nss = at->access->nss;
	char *room = at->access->entry_room;
	struct passwd account, *found_account;
	struct group group, *found_group;

	if (room == NULL)
		room = at->access->entry_room = ap_arena_alloc(at->access->arena, 2 * (size_t)ENTRY_ROOM);
	if (nss->getpwnam_r(name, &account, room, ENTRY_ROOM, &found_account) != 0 || found_account == NULL ||
	    nss->getgrnam_r(name, &group, room + ENTRY_ROOM, ENTRY_ROOM, &found_group) != 0 || found_group == NULL ||
	    account.pw_gid != group.gr_gid)
		return false;
	for (char **member = group.gr_mem; *member != NULL; member++)
		if (strcmp(*member, name) != 0)
			return false;
	return !is_group_of_another(at->access, group.gr_gid, name);
}

/* Without nodefgroup a name is the user's or a group's. */
static void add_name(const place *at, ap_access_people *people, const char *name)
{
	add_member(at, people, name);
	if (at->access->source->nodefgroup || !is_group(at, name))
		return;
	if (is_private_group(at, name)) {
		at->access->private_groups = true;
		return;
	}
	add_word(at->access->arena, &people->groups, name, strcmp);
	add_word(at->access->arena, &at->access->double_names, name, strcmp);
}

/* pam_access compares the names of a list without regard to case, and innetgr(3) those of a netgroup with regard to it. */
static void add_netgroup_user(const place *at, ap_access_people *people, const char *name)
{
	if (strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL)
		ap_import_add_note(
			at->access->arena, at->access->import, AP_IMPORT_DIFFERENCE, at->line, name,
			"a netgroup's member in capitals is an account in capitals; a policy means accounts in any "
			"case");
	add_member(at, people, name);
}

/* Those who are in the netgroup now; with `host`, those of that machine. */
static void add_netgroup(const place *at, ap_access_people *people, const char *name, const char *host)
{
	ap_access *access = at->access;
	const ap_netgroup_triple *triples;
	size_t n = look_up_netgroup(access, name, &triples), n_found = 0;

	for (size_t i = 0; i < n; i++) {
		if (!holds_host(access, &triples[i], host))
			continue;
		n_found++;
		if (triples[i].user == NULL)
			people->all = true;
		else
			add_netgroup_user(at, people, triples[i].user);
	}
	if (n_found == 0)
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_NOTE, at->line, name,
			"there is no such netgroup, or nobody in it, so it means nobody, as it does to pam_access; "
			"when that changes, import again");
	else
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_DIFFERENCE, at->line, name,
			"the netgroup's %zu members of now are written in its place, and later changes of it are not "
			"followed; import again, or use a group",
			n_found);
}

static void add_token(const place *at, ap_access_people *people, const char *token);

/* user@host: the rule holds where this machine is the host. */
static void add_at_host(const place *at, ap_access_people *people, const char *token, const char *host)
{
	ap_access *access = at->access;
	const char *name = access->source->host_name;
	bool unclear = looks_like_address(host), here = unclear ? at->more : is_this_host(access, host);

	if (unclear)
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_DIFFERENCE, at->line, token,
			"pam_access asks DNS whether the address is this machine's, and the import does not; "
			"it takes it for %s",
			here ? "this machine's" : "another's");
	else
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_NOTE, at->line, token,
			"behind the \"@\" stands the machine that pam_access runs on; this one%s%s is %s, and the "
			"rule is carried over for this machine",
			name != NULL ? ", " : "", name != NULL ? name : "", here ? "meant" : "not meant");
	if (here)
		add_token(at, people, ap_arena_strndup(access->arena, token, (size_t)(host - 1 - token)));
}

static void add_token(const place *at, ap_access_people *people, const char *token)
{
	const char *separator = strchr(token + strspn(token, "@"), '@');
	size_t length = strlen(token);

	if (token[0] == '(' && token[length - 1] == ')') {
		if (length > 2)
			add_group(at, people, ap_arena_strndup(at->access->arena, token + 1, length - 2));
	} else if (separator != NULL) {
		add_at_host(at, people, token, separator + 1);
	} else if (token[0] == '@' && token[1] == '@') {
		if (at->access->source->host_name != NULL)
			add_netgroup(at, people, token + 2, at->access->source->host_name);
	} else if (token[0] == '@') {
		add_netgroup(at, people, token + 1, NULL);
	} else if (strcasecmp(token, "ALL") == 0) {
		people->all = true;
	} else {
		add_name(at, people, token);
	}
}

void ap_access_read_people(ap_access *access, ap_access_rule *rule)
{
	place at = { .access = access, .line = rule->line, .more = !rule->allows };
	char *rest = ap_arena_strdup(access->arena, rule->users_field);
	ap_access_people *people = &rule->users;
	const char *token;
	bool except;

	for (;;) {
		while ((token = ap_access_next_word(access, &rest, &except)) != NULL)
			add_token(&at, people, token);
		if (!except)
			return;
		people->except = ap_arena_alloc(access->arena, sizeof(*people->except));
		people = people->except;
		at.more = !at.more;
	}
}
