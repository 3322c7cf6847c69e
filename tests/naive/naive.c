#include "naive.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const naive_case_names[N_CASES] = {
	"address unknown",
	"region unknown",
	"in a country",
	"in a subdivision",
	"unlocated",
	"in none of the regions",
	"name malformed",
	"group not known",
	"group look-up failed",
	"account look-up failed",
	"in a group",
	"member entry",
	"user@ entry",
	"domain",
	"department",
	"sub-department",
	"department by a group",
	"unlisted",
	"member excepted",
	"address excepted",
	"freed",
	"maybe freed",
	"not yet",
	"over",
	"other client denied",
	"every address",
	"local entry",
	"named network",
	"IPv4-mapped",
	"SSH_CONNECTION",
	"client given",
	"client hinted",
	"client by default",
	"client system",
	"address local",
	"default domain",
	"undetermined allowed",
	"required decides",
	"replaced",
};

/*
 * Kleene
 */

static answer and (answer a, answer b)
{
	if (a == NO || b == NO)
		return NO;
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : YES;
}

static answer or (answer a, answer b)
{
	if (a == YES || b == YES)
		return YES;
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : NO;
}

static answer not(answer a)
{
	return a == UNKNOWN ? UNKNOWN : a == YES ? NO : YES;
}

/*
 * Addresses
 */

typedef enum { A_UNKNOWN, A_LOCAL, A_FOUR, A_SIX } kind;

typedef struct {
	kind kind;
	unsigned char bytes[16];
	int n_bytes;
} address;

typedef struct {
	const policy_set *set;
	const login *request;
	unsigned long *counts;
	char member[128]; /* lower case, with the default domain */
	bool malformed;
	address from;
	const char *client;
} context;

static void count(const context *c, exercised what)
{
	c->counts[what]++;
}

/* The whole text, nothing dropped. */
static bool read_plain_address(const char *text, address *a)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, a->bytes) == 1) {
		a->kind = A_FOUR;
		a->n_bytes = 4;
		return true;
	}
	if (inet_pton(AF_INET6, text, a->bytes) != 1)
		return false;
	a->kind = A_SIX;
	a->n_bytes = 16;
	if (memcmp(a->bytes, mapped, 12) == 0) {
		memmove(a->bytes, a->bytes + 12, 4);
		memset(a->bytes + 4, 0, 12);
		a->kind = A_FOUR;
		a->n_bytes = 4;
	}
	return true;
}

/* As a login brings it: brackets and a zone are dropped. */
static bool read_login_address(const char *text, address *a)
{
	char copy[128];
	size_t length = strlen(text);

	if (length + 1 > sizeof(copy))
		return false;
	strcpy(copy, text);
	if (copy[0] == '[') {
		if (copy[length - 1] != ']')
			return false;
		copy[length - 1] = '\0';
		memmove(copy, copy + 1, length - 1);
	}
	if (strchr(copy, '%') != NULL)
		*strchr(copy, '%') = '\0';
	return read_plain_address(copy, a);
}

static int compare(const address *a, const address *b)
{
	for (int i = 0; i < a->n_bytes; i++)
		if (a->bytes[i] != b->bytes[i])
			return a->bytes[i] < b->bytes[i] ? -1 : 1;
	return 0;
}

static bool in_prefix(const address *a, const address *network, int bits)
{
	for (int i = 0; i < bits; i++)
		if (((a->bytes[i / 8] ^ network->bytes[i / 8]) & (0x80 >> i % 8)) != 0)
			return false;
	return true;
}

static bool entry_holds_number(const char *entry, const address *a)
{
	char copy[128];
	address first, last;
	char *mark;
	int bits;

	strcpy(copy, entry);
	mark = strpbrk(copy, "-/");
	if (mark == NULL) {
		if (!read_plain_address(copy, &first))
			abort();
		return first.kind == a->kind && compare(a, &first) == 0;
	}
	if (*mark == '-') {
		*mark = '\0';
		if (!read_plain_address(copy, &first) || !read_plain_address(mark + 1, &last))
			abort();
		return first.kind == a->kind && compare(&first, a) <= 0 && compare(a, &last) <= 0;
	}
	*mark = '\0';
	bits = atoi(mark + 1);
	if (!read_plain_address(copy, &first))
		abort();
	if (first.kind == A_FOUR && strchr(copy, ':') != NULL)
		bits -= 96;
	return first.kind == a->kind && in_prefix(a, &first, bits);
}

/* Entries with networks in the place of their names. */
static void expand(const context *c, const list *entries, const char **flat, size_t *n)
{
	for (size_t i = 0; i < entries->n; i++) {
		if (entries->items[i][0] == '@')
			expand(c, &c->set->networks[entries->items[i][2] - '0'], flat, n);
		else
			flat[(*n)++] = entries->items[i];
	}
}

/* Where the database has addresses. */
static const struct {
	const char *first;
	int bits;
	const char *country, *subdivision;
} database[] = {
	{ "10.0.0.0", 30, "CN", "CN-ZJ" },    { "10.0.0.4", 30, "CN", NULL },     { "10.0.0.8", 31, "SG", NULL },
	{ "2001:db8::", 126, "CN", "CN-ZJ" }, { "2001:db8::4", 127, "SG", NULL }, { "2001:db8::8", 125, "CN", "CN-GD" },
};

static answer regions_hold(const context *c, const list *regions)
{
	const char *country = NULL, *subdivision = NULL;

	if (!c->set->has_database) {
		count(c, C_REGION_UNKNOWN);
		return UNKNOWN;
	}
	for (size_t i = 0; i < sizeof(database) / sizeof(database[0]); i++) {
		address first;

		if (!read_plain_address(database[i].first, &first))
			abort();
		if (first.kind == c->from.kind && in_prefix(&c->from, &first, database[i].bits)) {
			country = database[i].country;
			subdivision = database[i].subdivision;
		}
	}
	for (size_t i = 0; i < regions->n; i++) {
		const char *code = regions->items[i];
		exercised what = strcmp(code, "unlocated") == 0 ? C_UNLOCATED
				 : strlen(code) == 2            ? C_COUNTRY
								: C_SUBDIVISION;

		if (what == C_UNLOCATED ? country != NULL
					: country == NULL || (strcmp(code, country) != 0 &&
							      (subdivision == NULL || strcmp(code, subdivision) != 0)))
			continue;
		count(c, what);
		return YES;
	}
	count(c, C_NO_REGION);
	return NO;
}

/* An IP entry or a region holds. `nothing_listed` is for neither; networks that are empty hold nothing. */
static answer net_holds(const context *c, const net *n, answer nothing_listed)
{
	const char *flat[256];
	size_t n_flat = 0;
	answer held = NO;

	if (n->ip.n + n->regions.n == 0)
		return nothing_listed;
	expand(c, &n->ip, flat, &n_flat);
	if (n_flat + n->regions.n == 0)
		return NO;
	if (c->from.kind == A_UNKNOWN) {
		count(c, C_ADDRESS_UNKNOWN);
		return UNKNOWN;
	}
	for (size_t i = 0; i < n_flat; i++) {
		bool local = strcmp(flat[i], "local") == 0;

		if (local ? c->from.kind == A_LOCAL
			  : c->from.kind != A_LOCAL && entry_holds_number(flat[i], &c->from)) {
			held = YES;
			if (local)
				count(c, C_LOCAL_ENTRY);
			else if (n_flat != n->ip.n)
				count(c, C_NAMED_NETWORK);
		}
	}
	return n->regions.n > 0 && c->from.kind != A_LOCAL ? or (held, regions_hold(c, &n->regions)) : held;
}

/*
 * Members
 */

static void lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

/* Lower case, with the default domain if it is bare. */
static void make_comparable(const policy_set *set, const char *name, char *text, size_t size)
{
	bool bare = strchr(name, '@') == NULL && set->default_domain != NULL;

	(void)snprintf(text, size, "%s%s%s", name, bare ? "@" : "", bare ? set->default_domain : "");
	lower(text);
}

static bool is_malformed(const char *member)
{
	const char *at = strrchr(member, '@');

	for (const char *p = member; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return true;
	return member[0] == '\0' || at == member || (at != NULL && at[1] == '\0');
}

static bool member_entry_holds(const context *c, const char *entry)
{
	const char *at = strrchr(c->member, '@');
	char text[128];
	size_t length;

	make_comparable(c->set, entry, text, sizeof(text));
	length = strlen(text);
	if (text[length - 1] != '@')
		return strcmp(text, c->member) == 0;
	/* that name in any domain */
	if (at == NULL || (size_t)(at - c->member) != length - 1 || strncmp(text, c->member, length - 1) != 0)
		return false;
	count(c, C_ANY_DOMAIN_ENTRY);
	return true;
}

static bool member_listed(const context *c, const list *members)
{
	for (size_t i = 0; i < members->n; i++)
		if (member_entry_holds(c, members->items[i]))
			return true;
	return false;
}

static bool domain_listed(const context *c, const list *domains)
{
	const char *at = strrchr(c->member, '@');

	for (size_t i = 0; at != NULL && i < domains->n; i++)
		if (strcasecmp(domains->items[i], at + 1) == 0)
			return true;
	return false;
}

/*
 * The account: by the name as it came, without the default domain, and then by both in lower case, since members are
 * compared without regard to case.
 */
static look_up find_account(const context *c, const char **ret_name, char names[4][64])
{
	const char *user = c->request->user, *at = strrchr(user, '@');
	bool shorter = at != NULL && c->set->default_domain != NULL && strcasecmp(at + 1, c->set->default_domain) == 0;
	look_up found = LOOK_UP_FINDS_NOT;

	for (int i = 0; i < 4 && found == LOOK_UP_FINDS_NOT; i++) {
		if (i % 2 == 1 && !shorter)
			continue;
		(void)snprintf(names[i], 64, "%.*s", (int)(i % 2 == 1 ? at - user : (long)strlen(user)), user);
		if (i >= 2)
			lower(names[i]);
		*ret_name = names[i];
		found = model_account(names[i]);
	}
	return found;
}

static answer in_group(const context *c, const char *group)
{
	const char *account;
	char names[4][64];

	switch (find_account(c, &account, names)) {
	case LOOK_UP_FINDS_NOT:
		return NO;
	case LOOK_UP_FAILS:
		count(c, C_ACCOUNT_LOOK_UP_FAILED);
		return UNKNOWN;
	default:
		break;
	}
	if (model_group(group) != LOOK_UP_FINDS) {
		count(c, model_group(group) == LOOK_UP_FAILS ? C_GROUP_LOOK_UP_FAILED : C_GROUP_NOT_KNOWN);
		return UNKNOWN;
	}
	if (!model_account_in_group(account, group))
		return NO;
	count(c, C_IN_GROUP);
	return YES;
}

static answer in_any_group(const context *c, const list *groups)
{
	answer any = NO;

	for (size_t i = 0; i < groups->n; i++)
		any = or (any, in_group(c, groups->items[i]));
	return any;
}

/* Itself alone. */
static answer in_department(const context *c, const department *d)
{
	answer by_group;

	if (member_listed(c, &d->members))
		return YES;
	by_group = in_any_group(c, &d->groups);
	if (by_group == YES)
		count(c, C_DEPARTMENT_GROUP);
	return by_group;
}

/* "d1" itself alone, "d1/" followed by an asterisk with its sub-departments. */
static bool entry_names_department(const char *entry, const char *name)
{
	size_t length = strlen(entry);

	if (length < 2 || strcmp(entry + length - 2, "/*") != 0)
		return strcmp(entry, name) == 0;
	length -= 2;
	return strncmp(entry, name, length) == 0 && (name[length] == '\0' || name[length] == '/');
}

static answer department_listed(const context *c, const list *entries)
{
	answer any = NO;

	for (size_t i = 0; i < entries->n; i++) {
		for (size_t k = 0; k < c->set->n_departments; k++) {
			const department *d = &c->set->departments[k];
			answer in;

			if (!entry_names_department(entries->items[i], d->name))
				continue;
			in = in_department(c, d);
			any = or (any, in);
			if (in == YES && strcmp(entries->items[i], d->name) != 0)
				count(c, C_SUB_DEPARTMENT);
		}
	}
	return any;
}

static answer of_no_department(const context *c)
{
	answer any = NO;

	for (size_t k = 0; k < c->set->n_departments; k++)
		any = or (any, in_department(c, &c->set->departments[k]));
	if (any == NO)
		count(c, C_UNLISTED);
	return not(any);
}

/* Is the member among those who are listed? */
static answer who_holds(const context *c, const who *w)
{
	answer held = NO;

	if (w->all)
		return YES;
	if (!w->unlisted && w->members.n + w->domains.n + w->groups.n + w->departments.n == 0)
		return NO;
	if (c->malformed) {
		count(c, C_NAME_MALFORMED);
		return UNKNOWN;
	}
	if (member_listed(c, &w->members)) {
		count(c, C_MEMBER_ENTRY);
		held = YES;
	}
	if (domain_listed(c, &w->domains)) {
		count(c, C_DOMAIN);
		held = YES;
	}
	if (department_listed(c, &w->departments) == YES)
		count(c, C_DEPARTMENT);
	held = or (held, department_listed(c, &w->departments));
	held = or (held, in_any_group(c, &w->groups));
	if (w->unlisted)
		held = or (held, of_no_department(c));
	return held;
}

/*
 * The login
 */

static bool fits(const char *glob, const char *text)
{
	if (*glob == '\0')
		return *text == '\0';
	if (*glob == '*')
		return fits(glob + 1, text) || (*text != '\0' && fits(glob, text + 1));
	return *text != '\0' && (*glob == '?' || *glob == *text) && fits(glob + 1, text + 1);
}

static bool any_fits(const list *globs, const char *text)
{
	if (globs->n == 0)
		return true;
	for (size_t i = 0; text != NULL && i < globs->n; i++)
		if (fits(globs->items[i], text))
			return true;
	return false;
}

static bool any_of_env_fits(const list *globs, const char *const *env)
{
	if (globs->n == 0)
		return true;
	for (; *env != NULL; env++)
		if (any_fits(globs, *env))
			return true;
	return false;
}

/* Where the environment says that the connection comes from, for sshd. */
static bool ssh_address(const login *request, address *a)
{
	char field[128];

	if (request->service == NULL || strcmp(request->service, "sshd") != 0)
		return false;
	for (size_t i = 0; request->env[i] != NULL; i++) {
		if (strncmp(request->env[i], "SSH_CONNECTION=", 15) != 0)
			continue;
		(void)snprintf(field, sizeof(field), "%s", request->env[i] + 15);
		if (strchr(field, ' ') != NULL)
			*strchr(field, ' ') = '\0';
		return read_login_address(field, a);
	}
	return false;
}

static bool has_address(const login *request)
{
	address unused;

	if (request->at_machine)
		return false;
	return (request->rhost != NULL && request->rhost[0] != '\0') || ssh_address(request, &unused);
}

static const char *find_client(const context *c)
{
	const login *r = c->request;

	if (r->client != NULL) {
		count(c, C_CLIENT_GIVEN);
		return r->client;
	}
	for (size_t i = 0; i < c->set->n_clients; i++) {
		const client_entry *entry = &c->set->clients[i];

		if (any_fits(&entry->service, r->service) && any_fits(&entry->tty, r->tty) &&
		    any_fits(&entry->ruser, r->ruser) && any_of_env_fits(&entry->env, r->env)) {
			count(c, C_CLIENT_HINTED);
			return entry->name;
		}
	}
	count(c, has_address(r) ? C_CLIENT_DEFAULT : C_CLIENT_SYSTEM);
	if (!has_address(r))
		return "system";
	return c->set->default_client != NULL ? c->set->default_client : "third-party";
}

static void find_address(context *c)
{
	const login *r = c->request;
	bool local_client = strcmp(c->client, "system") == 0 || strcmp(c->client, "kiosk") == 0;

	memset(&c->from, 0, sizeof(c->from));
	if (r->at_machine) {
		c->from.kind = A_LOCAL;
	} else if (r->rhost != NULL && read_login_address(r->rhost, &c->from)) {
		if (c->from.kind == A_FOUR && strchr(r->rhost, ':') != NULL)
			count(c, C_IPV4_MAPPED);
	} else if (ssh_address(r, &c->from)) {
		count(c, C_SSH_CONNECTION);
	} else {
		memset(&c->from, 0, sizeof(c->from));
		if ((r->rhost == NULL || r->rhost[0] == '\0') && local_client)
			c->from.kind = A_LOCAL;
	}
	if (c->from.kind == A_LOCAL)
		count(c, C_ADDRESS_LOCAL);
}

/*
 * Policies
 */

static bool client_listed(const context *c, const list *clients)
{
	for (size_t i = 0; i < clients->n; i++)
		if (strcmp(clients->items[i], c->client) == 0)
			return true;
	return clients->n == 0;
}

static answer within(const context *c, bool has_before, int64_t before, bool has_after, int64_t after)
{
	if (has_before && c->request->now < before) {
		count(c, C_NOT_YET);
		return NO;
	}
	if (has_after && c->request->now >= after) {
		count(c, C_OVER);
		return NO;
	}
	return YES;
}

static answer freed_by(const context *c, const exception *e)
{
	answer frees = within(c, e->has_not_before, e->not_before, e->has_not_after, e->not_after);

	frees = and(frees, client_listed(c, &e->clients) ? YES : NO);
	frees = and(frees, who_holds(c, &e->who));
	return and(frees, net_holds(c, &e->net, YES));
}

static answer active(const context *c, size_t i)
{
	const policy *p = &c->set->policies[i];
	answer freed = NO;

	if (p->status == DISABLED)
		return NO;
	for (size_t k = 0; k < c->set->n_exceptions; k++)
		if (c->set->exceptions[k].frees[i])
			freed = or (freed, freed_by(c, &c->set->exceptions[k]));
	if (freed != NO)
		count(c, freed == YES ? C_FREED : C_MAYBE_FREED);
	return and(within(c, p->has_not_before, p->not_before, p->has_not_after, p->not_after), not(freed));
}

static answer scope(const context *c, const policy *p)
{
	answer member = who_holds(c, &p->except), from = net_holds(c, &p->except_net, NO);

	if (member == YES)
		count(c, C_EXCEPTED);
	if (from == YES)
		count(c, C_EXCEPTED_ADDRESS);
	return and(who_holds(c, &p->scope), not(or (member, from)));
}

static policy_answers ask_policy(const context *c, size_t i)
{
	const policy *p = &c->set->policies[i];
	bool selected = client_listed(c, &p->clients);
	policy_answers a;

	a.scope = scope(c, p);
	a.client = selected || p->others_denied ? YES : NO;
	a.network = net_holds(c, &p->net, YES);
	if (p->net.ip.n + p->net.regions.n == 0)
		count(c, C_EVERY_ADDRESS);
	if (!selected && p->others_denied) {
		count(c, C_OTHER_CLIENT_DENIED);
		a.network = NO;
	}
	a.governs = and(and(active(c, i), a.scope), a.client);
	a.matches = and(a.governs, a.network);
	a.fails = and(a.governs, not(a.network));
	return a;
}

/*
 * All of them
 */

typedef enum { BLACKLIST, REQUIRED, OTHER, N_CLASSES } class;

static class class_of(const policy *p)
{
	return p->blacklist ? BLACKLIST : p->required ? REQUIRED : OTHER;
}

typedef answer chosen_answer(const policy_answers *a);

static answer matches_of(const policy_answers *a)
{
	return a->matches;
}

static answer fails_of(const policy_answers *a)
{
	return a->fails;
}

/* ANY policy of the class, of those that take part. */
static answer any_of(const policy_set *set, const policy_answers *answers, const bool *takes_part, class of,
		     chosen_answer *chosen)
{
	answer any = NO;

	for (size_t i = 0; i < set->n_policies; i++)
		if (takes_part[i] && class_of(&set->policies[i]) == of)
			any = or (any, chosen(&answers[i]));
	return any;
}

static int first_of(const policy_set *set, const policy_answers *answers, const bool *takes_part, class of,
		    chosen_answer *chosen, answer wanted)
{
	for (size_t i = 0; i < set->n_policies; i++)
		if (takes_part[i] && class_of(&set->policies[i]) == of && chosen(&answers[i]) == wanted)
			return (int)i;
	return -1;
}

static int first_unknown(const policy_set *set, const policy_answers *answers, const bool *takes_part)
{
	for (class of = BLACKLIST; of < N_CLASSES; of++)
		for (size_t i = 0; i < set->n_policies; i++)
			if (takes_part[i] && class_of(&set->policies[i]) == of &&
			    (answers[i].matches == UNKNOWN || answers[i].fails == UNKNOWN))
				return (int)i;
	return -1;
}

static int first_whitelist_that_matches(const policy_set *set, const policy_answers *answers, const bool *takes_part)
{
	for (size_t i = 0; i < set->n_policies; i++)
		if (takes_part[i] && !set->policies[i].blacklist && answers[i].matches == YES)
			return (int)i;
	return -1;
}

static void conclude(const policy_set *set, const policy_answers *answers, const bool *takes_part, bool *ret_denied,
		     reason *ret_reason, int *ret_policy)
{
	answer black = any_of(set, answers, takes_part, BLACKLIST, matches_of);
	answer required = any_of(set, answers, takes_part, REQUIRED, fails_of);
	answer other = and(any_of(set, answers, takes_part, OTHER, fails_of),
			   not(any_of(set, answers, takes_part, OTHER, matches_of)));
	answer denied = or (or (black, required), other);

	*ret_denied = denied == YES || (denied == UNKNOWN && !set->undetermined_allows);
	if (denied == UNKNOWN) {
		*ret_reason = R_UNDETERMINED;
		*ret_policy = first_unknown(set, answers, takes_part);
	} else if (denied == YES) {
		*ret_reason = black == YES ? R_BLACKLISTED : R_NOT_WHITELISTED;
		*ret_policy = first_of(set, answers, takes_part, BLACKLIST, matches_of, YES);
		if (*ret_policy < 0)
			*ret_policy = first_of(set, answers, takes_part, REQUIRED, fails_of, YES);
		if (*ret_policy < 0)
			*ret_policy = first_of(set, answers, takes_part, OTHER, fails_of, YES);
	} else {
		*ret_policy = first_whitelist_that_matches(set, answers, takes_part);
		*ret_reason = *ret_policy >= 0 ? R_WHITELISTED : R_DEFAULT;
	}
}

static void consider_report_only(const context *c, size_t i, const bool *enabled, naive_decision *d)
{
	const policy *p = &c->set->policies[i];
	bool takes_part[POLICIES_MAX];
	naive_would would = { .policy = (int)i };
	int named;

	memcpy(takes_part, enabled, sizeof(takes_part));
	takes_part[i] = true;
	if (p->replaces >= 0)
		takes_part[p->replaces] = false;
	conclude(c->set, d->answers, takes_part, &would.denied, &would.reason, &named);
	if (would.denied == d->denied)
		return;
	d->would[d->n_would++] = would;
	if (p->replaces >= 0)
		count(c, C_REPLACED);
}

void naive_decide(const policy_set *set, const login *request, naive_decision *ret_decision,
		  unsigned long counts[N_CASES])
{
	context c = { .set = set, .request = request, .counts = counts };
	naive_decision *d = ret_decision;
	bool enabled[POLICIES_MAX] = { false };

	memset(d, 0, sizeof(*d));
	make_comparable(set, request->user, c.member, sizeof(c.member));
	if (strchr(request->user, '@') == NULL && set->default_domain != NULL)
		count(&c, C_DEFAULT_DOMAIN);
	c.malformed = is_malformed(c.member);
	c.client = find_client(&c);
	find_address(&c);
	for (size_t i = 0; i < set->n_policies; i++) {
		d->answers[i] = ask_policy(&c, i);
		enabled[i] = set->policies[i].status == ENABLED;
	}
	conclude(set, d->answers, enabled, &d->denied, &d->reason, &d->policy);
	if (d->reason == R_UNDETERMINED && !d->denied)
		count(&c, C_UNDETERMINED_ALLOWED);
	if (d->reason == R_NOT_WHITELISTED && set->policies[d->policy].required)
		count(&c, C_REQUIRED_DECIDES);
	for (size_t i = 0; i < set->n_policies; i++)
		if (set->policies[i].status == REPORT_ONLY)
			consider_report_only(&c, i, enabled, d);
}
