#include "generate.h"

#include <stdio.h>
#include <string.h>

#define N(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static const char *const member_entries[] = {
	"alice",           "Alice@A.test",     "bob@", "bob@b.test",  "carol@a.test",      "CAROL",
	"dave@",           "dave@example.com", "erin", "erin@A.TEST", "alice@example.com", "frank@",
	"bob@Example.COM", "nobody@b.test",
};
static const char *const domain_entries[] = { "a.test", "B.test", "example.com", "c.test" };
static const char *const group_entries[] = { "g1", "g2", "g3", "lost", "broken" };
static const char *const department_names[N_DEPARTMENTS] = { "d1", "d1/s1", "d1/s1/t1", "d1x", "d2", "d2/s2" };
static const char *const department_entries[] = {
	"d1", "d1/s1", "d1/s1/t1", "d1x", "d2", "d2/s2", "d1/*", "d1/s1/*", "d1/s1/t1/*", "d1x/*", "d2/*", "d2/s2/*",
};
static const char *const ip_entries[] = {
	"10.0.0.1",
	"10.0.0.4",
	"10.0.0.2-10.0.0.5",
	"10.0.0.8/30",
	"10.0.0.0/28",
	"0.0.0.0/0",
	"255.255.255.255",
	"::ffff:10.0.0.6",
	"::ffff:10.0.0.0/125",
	"10.0.0.15-10.0.0.15",
	"0.0.0.0-10.0.0.3",
	"2001:db8::1",
	"2001:db8::4-2001:db8::9",
	"2001:db8::/126",
	"2001:db8::8/125",
	"::/0",
	"::",
	"local",
	"::ffff:10.0.0.9-10.0.0.11",
	"10.0.0.5-10.0.0.6",
};
static const char *const region_entries[] = { "CN", "CN-ZJ", "SG", "unlocated" };
static const char *const client_names[] = {
	"native", "web", "dingtalk-pc", "dingtalk-mobile", "outlook-addin", "wechat", "third-party", "system",
};
static const char *const new_client_names[] = { "kiosk", "gateway" };
static const char *const service_globs[] = { "imap", "smtp-*", "sshd", "*", "?map", "*-143", "s*-*3" };
static const char *const tty_globs[] = { "tty1", "tty?", "ssh" };
static const char *const ruser_globs[] = { "ru*", "alice" };
static const char *const env_globs[] = { "KIOSK=1", "KIOSK=*", "LANG=?" };

static const char *const services[] = { "imap", "smtp-25", "sshd", "smtp-143", "cron", "Imap" };
static const char *const ttys[] = { "tty1", "tty2", "tty10", "ssh", "" };
static const char *const rusers[] = { "ruth", "alice", "" };
static const char *const environment[] = {
	"KIOSK=1",
	"KIOSK=",
	"LANG=C",
	"LANG=de",
	"SSH_CONNECTION=10.0.0.1 5 10.0.0.2 22",
	"SSH_CONNECTION=2001:db8::1 5 ::1 22",
	"SSH_CONNECTION=a.host 5 10.0.0.2 22",
};
static const char *const users[] = {
	"alice",
	"ALICE",
	"alice@a.test",
	"Alice@Example.com",
	"bob",
	"bob@a.test",
	"bob@b.test",
	"bob@example.com",
	"carol",
	"carol@A.TEST",
	"Carol@example.com",
	"dave",
	"dave@c.test",
	"dave@example.com",
	"erin",
	"erin@a.test",
	"frank@b.test",
	"frank",
	"x@y@a.test",
	"nobody@b.test",
	"nobody",
	"",
	"@a.test",
	"alice@",
	"@",
	"al\nice@a.test",
	"bob\x7f",
	"alice@a.\x01test",
};
static const char *const bad_addresses[] = {
	"a.host", "10.0.0.1:22",   "local",      "010.0.0.1", " 10.0.0.1", "10.0.0",
	"%s%n",   "[10.0.0.1]:22", "10.0.0.1\n", "::g",       "1.2.3.4.5",
};

/* Adds one that is not in the list yet, so that no list has an entry twice. */
static void add(list *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcasecmp(l->items[i], text) == 0)
			return;
	if (l->n < LIST_MAX)
		l->items[l->n++] = text;
}

static void add_some(ap_prng *prng, list *l, const char *const *from, uint32_t n_from, uint32_t most)
{
	uint32_t n = 1 + ap_prng_below(prng, most);

	while (n-- > 0)
		add(l, from[ap_prng_below(prng, n_from)]);
}

static void maybe_add(ap_prng *prng, uint32_t percent, list *l, const char *const *from, uint32_t n_from)
{
	if (ap_prng_chance(prng, percent))
		add_some(prng, l, from, n_from, 2);
}

/*
 * Sets
 */

/* Whether it looks like one that is there already: the same type with the same hints is refused. */
static bool resembles_another(const policy_set *set, const client_entry *entry)
{
	for (size_t i = 0; i < set->n_clients; i++) {
		const client_entry *other = &set->clients[i];

		if (strcmp(other->name, entry->name) == 0 && other->service.n == entry->service.n &&
		    other->tty.n == entry->tty.n && other->ruser.n == entry->ruser.n && other->env.n == entry->env.n)
			return true;
	}
	return false;
}

static client_entry generate_client(ap_prng *prng)
{
	client_entry entry = { .name = NULL };

	entry.name = ap_prng_chance(prng, 50) ? AP_PICK(prng, client_names) : AP_PICK(prng, new_client_names);
	maybe_add(prng, 60, &entry.service, service_globs, N(service_globs));
	maybe_add(prng, 25, &entry.tty, tty_globs, N(tty_globs));
	maybe_add(prng, 15, &entry.ruser, ruser_globs, N(ruser_globs));
	maybe_add(prng, 25, &entry.env, env_globs, N(env_globs));
	if (entry.service.n + entry.tty.n + entry.ruser.n + entry.env.n == 0)
		add(&entry.service, AP_PICK(prng, service_globs));
	/* what is said of a type holds for all of its entries, so it is said in each */
	entry.local = strcmp(entry.name, "kiosk") == 0;
	return entry;
}

static void generate_clients(ap_prng *prng, policy_set *set)
{
	uint32_t n = ap_prng_below(prng, CLIENTS_MAX + 1);

	while (n-- > 0) {
		client_entry entry = generate_client(prng);

		if (!resembles_another(set, &entry))
			set->clients[set->n_clients++] = entry;
	}
	if (ap_prng_chance(prng, 50))
		set->default_client = AP_PICK(prng, client_names);
}

static void generate_departments(ap_prng *prng, policy_set *set)
{
	set->n_departments = N_DEPARTMENTS;
	for (size_t i = 0; i < N_DEPARTMENTS; i++) {
		set->departments[i].name = department_names[i];
		maybe_add(prng, 50, &set->departments[i].members, member_entries, N(member_entries));
		maybe_add(prng, 12, &set->departments[i].groups, group_entries, N(group_entries));
	}
}

static const char *const network_entries[] = { "@n0", "@n1", "@n2" };

static void add_addresses(ap_prng *prng, list *l, size_t n_networks)
{
	uint32_t n = 1 + ap_prng_below(prng, 3);

	while (n-- > 0) {
		if (n_networks > 0 && ap_prng_chance(prng, 30))
			add(l, network_entries[ap_prng_below(prng, (uint32_t)n_networks)]);
		else
			add(l, AP_PICK(prng, ip_entries));
	}
}

static void generate_networks(ap_prng *prng, policy_set *set)
{
	set->n_networks = ap_prng_below(prng, NETWORKS_MAX + 1);
	for (size_t i = 0; i < set->n_networks; i++)
		if (ap_prng_chance(prng, 70))
			add_addresses(prng, &set->networks[i], i);
}

static void generate_listed(ap_prng *prng, who *w)
{
	maybe_add(prng, 35, &w->members, member_entries, N(member_entries));
	maybe_add(prng, 25, &w->domains, domain_entries, N(domain_entries));
	maybe_add(prng, 30, &w->departments, department_entries, N(department_entries));
	maybe_add(prng, 20, &w->groups, group_entries, N(group_entries));
}

static bool is_empty(const who *w)
{
	return !w->all && !w->unlisted && w->members.n + w->domains.n + w->departments.n + w->groups.n == 0;
}

static void generate_scope(ap_prng *prng, who *w)
{
	if (ap_prng_chance(prng, 35)) {
		w->all = true;
		return;
	}
	w->unlisted = ap_prng_chance(prng, 12);
	generate_listed(prng, w);
	if (is_empty(w))
		add_some(prng, &w->domains, domain_entries, N(domain_entries), 2);
}

static void generate_net(ap_prng *prng, const policy_set *set, uint32_t percent, net *n)
{
	if (ap_prng_chance(prng, percent))
		add_addresses(prng, &n->ip, set->n_networks);
	if (ap_prng_chance(prng, set->has_database ? percent / 2 : percent / 6))
		add_some(prng, &n->regions, region_entries, N(region_entries), 2);
}

static void generate_clients_list(ap_prng *prng, const policy_set *set, list *clients)
{
	uint32_t n = 1 + ap_prng_below(prng, 3);

	while (n-- > 0) {
		if (set->n_clients > 0 && ap_prng_chance(prng, 50))
			add(clients, set->clients[ap_prng_below(prng, (uint32_t)set->n_clients)].name);
		else
			add(clients, AP_PICK(prng, client_names));
	}
}

enum { NOON = 1796126400 /* 2026-12-01T12:00:00Z */ };

static void generate_time(ap_prng *prng, bool *has_before, int64_t *before, bool *has_after, int64_t *after)
{
	*has_before = ap_prng_chance(prng, 12);
	*has_after = ap_prng_chance(prng, 12);
	*before = NOON - 2 + ap_prng_below(prng, 4);
	*after = NOON - 1 + ap_prng_below(prng, 4);
	if (*after <= *before)
		*after = *before + 1;
}

static void generate_policy(ap_prng *prng, const policy_set *set, size_t i, policy *p)
{
	(void)snprintf(p->name, sizeof(p->name), "p%zu", i);
	p->blacklist = ap_prng_chance(prng, 45);
	p->status = ap_prng_chance(prng, 70) ? ENABLED : ap_prng_chance(prng, 75) ? REPORT_ONLY : DISABLED;
	generate_scope(prng, &p->scope);
	if (ap_prng_chance(prng, 20))
		generate_listed(prng, &p->except);
	if (ap_prng_chance(prng, 5))
		p->except.unlisted = true;
	generate_net(prng, set, 12, &p->except_net);
	generate_net(prng, set, 65, &p->net);
	if (ap_prng_chance(prng, 40))
		generate_clients_list(prng, set, &p->clients);
	if (!p->blacklist) {
		p->required = ap_prng_chance(prng, 25);
		p->others_denied = p->clients.n > 0 && ap_prng_chance(prng, 35);
	}
	generate_time(prng, &p->has_not_before, &p->not_before, &p->has_not_after, &p->not_after);
}

/* No two of them in the place of the same one, and none in the place of one that is itself in another's. */
static void generate_replacements(ap_prng *prng, policy_set *set)
{
	bool taken[POLICIES_MAX] = { false };

	for (size_t i = 0; i < set->n_policies; i++) {
		size_t other = ap_prng_below(prng, (uint32_t)set->n_policies);

		set->policies[i].replaces = -1;
		if (set->policies[i].status != REPORT_ONLY || set->policies[other].status == REPORT_ONLY ||
		    taken[other] || !ap_prng_chance(prng, 60))
			continue;
		set->policies[i].replaces = (int)other;
		taken[other] = true;
	}
}

static void generate_exception(ap_prng *prng, const policy_set *set, size_t i, exception *e)
{
	(void)snprintf(e->name, sizeof(e->name), "e%zu", i);
	e->frees[ap_prng_below(prng, (uint32_t)set->n_policies)] = true;
	e->frees[ap_prng_below(prng, (uint32_t)set->n_policies)] = true;
	generate_listed(prng, &e->who);
	if (is_empty(&e->who))
		add_some(prng, &e->who.members, member_entries, N(member_entries), 2);
	generate_net(prng, set, 35, &e->net);
	if (ap_prng_chance(prng, 25))
		generate_clients_list(prng, set, &e->clients);
	generate_time(prng, &e->has_not_before, &e->not_before, &e->has_not_after, &e->not_after);
}

void generate_set(ap_prng *prng, policy_set *set)
{
	memset(set, 0, sizeof(*set));
	set->default_domain = ap_prng_chance(prng, 50) ? "Example.com" : NULL;
	set->undetermined_allows = ap_prng_chance(prng, 30);
	set->has_database = ap_prng_chance(prng, 3); /* each takes milliseconds, under valgrind many */
	generate_clients(prng, set);
	generate_departments(prng, set);
	generate_networks(prng, set);
	set->n_policies = 1 + ap_prng_below(prng, POLICIES_MAX);
	for (size_t i = 0; i < set->n_policies; i++)
		generate_policy(prng, set, i, &set->policies[i]);
	generate_replacements(prng, set);
	set->n_exceptions = ap_prng_chance(prng, 50) ? ap_prng_below(prng, EXCEPTIONS_MAX + 1) : 0;
	for (size_t i = 0; i < set->n_exceptions; i++)
		generate_exception(prng, set, i, &set->exceptions[i]);
}

/*
 * Logins
 */

/* One address in one of the ways in which it may be written. */
static void write_address(ap_prng *prng, char *text, size_t size)
{
	static const char *const four[] = { "10.0.0.%u", "10.0.0.%u", "::ffff:10.0.0.%u", "[::FFFF:10.0.0.%u]",
					    "::ffff:a00:%x" };
	static const char *const six[] = { "2001:db8::%x", "2001:DB8:0:0:0:0:0:%x", "[2001:db8::%x]",
					   "2001:db8::%x%%eth0", "::%x" };
	const char *format = ap_prng_chance(prng, 60) ? AP_PICK(prng, four) : AP_PICK(prng, six);

	if (ap_prng_chance(prng, 4))
		format = "255.255.255.%u";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(text, size, format, ap_prng_chance(prng, 4) ? 255u : ap_prng_below(prng, 18));
#pragma GCC diagnostic pop
}

static void generate_address(ap_prng *prng, login *request)
{
	uint32_t kind = ap_prng_below(prng, 100);

	request->rhost = request->rhost_text;
	if (kind < 72)
		write_address(prng, request->rhost_text, sizeof(request->rhost_text));
	else if (kind < 82)
		(void)snprintf(request->rhost_text, sizeof(request->rhost_text), "%s", AP_PICK(prng, bad_addresses));
	else if (kind < 92)
		request->rhost = NULL;
	request->at_machine = kind >= 95;
}

void generate_login(ap_prng *prng, const policy_set *set, login *request)
{
	size_t n_env = 0;

	memset(request, 0, sizeof(*request));
	(void)snprintf(request->user, sizeof(request->user), "%s", AP_PICK(prng, users));
	generate_address(prng, request);
	if (ap_prng_chance(prng, 85))
		request->service = AP_PICK(prng, services);
	if (ap_prng_chance(prng, 40))
		request->tty = AP_PICK(prng, ttys);
	if (ap_prng_chance(prng, 30))
		request->ruser = AP_PICK(prng, rusers);
	while (n_env < ENV_MAX && ap_prng_chance(prng, 40))
		request->env[n_env++] = AP_PICK(prng, environment);
	if (ap_prng_chance(prng, 50))
		request->client = set->n_clients > 0 && ap_prng_chance(prng, 40)
					  ? set->clients[ap_prng_below(prng, (uint32_t)set->n_clients)].name
					  : AP_PICK(prng, client_names);
	request->now = NOON - 3 + ap_prng_below(prng, 8);
}
