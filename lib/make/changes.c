#include "changes.h"

#include "../login/view.h"
#include "names.h"
#include "policyset.h"
#include "region_changes.h"
#include "timestamp.h"

#include <stdio.h>
#include <string.h>

const char *const ap_change_subject_names[] = {
	[AP_CHANGE_SETTING] = "setting",
	[AP_CHANGE_CLIENTS] = "client types",
	[AP_CHANGE_POLICY] = "policy",
	[AP_CHANGE_EXCEPTION] = "exception",
	[AP_CHANGE_DIRECTORY] = "directory file",
	[AP_CHANGE_FEED] = "feed",
	[AP_CHANGE_DATABASE] = "region database",
	[AP_CHANGE_REGION] = "region",
	[AP_CHANGE_FILE] = "policy file",
};

/*
 * Something of a policy, in words that are short enough to be shown, and as a number that stands for all of it: a scope
 * may list a hundred thousand members. FNV-1a is enough to tell one from another: what is decided does not hang on it.
 */
typedef struct {
	const char *name;
	const char *shown;
	uint64_t hash;
	uint32_t net; /* whose ranges it shows as their number, or AP_NONE */
} aspect;

enum { MAX_ASPECTS = 12, SHOWN_NAMES = 3 };

typedef struct {
	aspect items[MAX_ASPECTS];
	size_t n;
} aspects;

typedef struct {
	ap_arena *arena;
	ap_view view;
} side;

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	return mix(hash, text, strlen(text) + 1);
}

static void add(aspects *all, const char *name, const char *shown, uint64_t hash)
{
	if (all->n < MAX_ASPECTS)
		all->items[all->n++] =
			(aspect){ .name = name, .shown = shown, .hash = mix_text(hash, shown), .net = AP_NONE };
}

/* A list of names in the making, of which the first few are shown. */
typedef struct {
	ap_arena *arena;
	const char *text;
	size_t n;
	uint64_t hash;
} listing;

static void list(listing *l, const char *prefix, const char *name)
{
	l->hash = mix_text(mix_text(l->hash, prefix), name);
	if (l->n++ < SHOWN_NAMES)
		l->text = ap_format(l->arena, "%s%s%s%s", l->text, l->n > 1 ? ", " : "", prefix, name);
}

static const char *listed(const listing *l, const char *none)
{
	if (l->n == 0)
		return none;
	return l->n > SHOWN_NAMES ? ap_format(l->arena, "%s and %zu more", l->text, l->n - SHOWN_NAMES) : l->text;
}

/*
 * A policy's aspects
 */

static void list_departments(side *s, listing *l, ap_span departments)
{
	for (uint32_t i = 0; i < departments.n && s->view.sound; i++) {
		uint32_t code = ap_view_number(&s->view, departments, i);
		const char *name = ap_view_string(&s->view, ap_view_department(&s->view, code / 2).name);

		list(l, "", (code & 1) != 0 ? ap_format(s->arena, "%s/*", name) : name);
	}
}

static void list_groups(side *s, listing *l, ap_span pairs)
{
	for (uint32_t i = 0; i + 1 < pairs.n && s->view.sound; i += 2)
		/* one that fills a department is listed with that */
		if (ap_view_number(&s->view, pairs, i + 1) == AP_NONE)
			list(l, "group ",
			     ap_view_string(&s->view,
					    ap_view_group(&s->view, ap_view_number(&s->view, pairs, i)).name));
}

static void list_who(side *s, listing *l, const ap_image_who *who)
{
	if ((who->flags & AP_WHO_ALL) != 0)
		list(l, "", "all members");
	if ((who->flags & AP_WHO_UNLISTED) != 0)
		list(l, "", "members of no department");
	list_departments(s, l, who->departments);
	for (uint32_t i = 0; i < who->domains.n && s->view.sound; i++)
		list(l, "domain ",
		     ap_view_string(&s->view, ap_view_domain(&s->view, ap_view_number(&s->view, who->domains, i))));
	list_groups(s, l, who->groups);
	for (uint32_t i = 0; i < who->members.n && s->view.sound; i++)
		list(l, "",
		     ap_view_string(&s->view,
				    ap_view_member(&s->view, ap_view_number(&s->view, who->members, i)).name));
}

static uint64_t mix_ranges(side *s, const ap_image_ranges *ranges, ap_family family, uint64_t hash)
{
	for (uint32_t i = 0; i < ranges->n && s->view.sound; i++) {
		uint32_t origin;
		ap_range range = ap_view_range(&s->view, ranges, family, i, &origin);

		hash = mix(mix(hash, range.first, sizeof(range.first)), range.last, sizeof(range.last));
	}
	return hash;
}

/* "5 ranges, local, region CN". That there is no range is said only where there is nothing else, as of an empty feed. */
static void list_net(side *s, listing *l, uint32_t place)
{
	ap_image_net net;
	uint32_t n;

	if (place == AP_NONE)
		return;
	net = ap_view_net(&s->view, place);
	n = net.ranges4.n + net.ranges6.n;
	if (n > 0 || ap_net_holds_nothing(&net))
		list(l, "", ap_format(s->arena, "%u %s", n, n == 1 ? "range" : "ranges"));
	l->hash = mix_ranges(s, &net.ranges4, AP_ADDRESS_IPV4, l->hash);
	l->hash = mix_ranges(s, &net.ranges6, AP_ADDRESS_IPV6, l->hash);
	if ((net.flags & AP_NET_LOCAL) != 0)
		list(l, "", "local");
	if ((net.flags & AP_NET_REGIONS4_UNKNOWN) != 0)
		list(l, "", "IPv4 of unknown region");
	if ((net.flags & AP_NET_REGIONS6_UNKNOWN) != 0)
		list(l, "", "IPv6 of unknown region");
	for (uint32_t i = 0; i < net.regions.n && s->view.sound; i++)
		list(l, "region ",
		     ap_view_string(&s->view, ap_view_region(&s->view, ap_view_number(&s->view, net.regions, i)).code));
}

static void list_clients(side *s, listing *l, ap_span clients)
{
	for (uint32_t i = 0; i < clients.n && s->view.sound; i++)
		list(l, "",
		     ap_view_string(&s->view, ap_view_client(&s->view, ap_view_number(&s->view, clients, i)).name));
}

static void list_exceptions(side *s, listing *l, ap_span exceptions)
{
	for (uint32_t i = 0; i < exceptions.n && s->view.sound; i++)
		list(l, "",
		     ap_view_string(&s->view,
				    ap_view_exception_at(&s->view, ap_view_number(&s->view, exceptions, i)).name));
}

static listing new_listing(side *s)
{
	return (listing){ .arena = s->arena, .text = "", .hash = 0xcbf29ce484222325u };
}

static void add_listing(aspects *all, const char *name, const listing *l, const char *none)
{
	add(all, name, listed(l, none), l->hash);
}

static void add_net(side *s, aspects *all, uint32_t place)
{
	listing net = new_listing(s);

	list_net(s, &net, place);
	add_listing(all, "network", &net, "every address");
	all->items[all->n - 1].net = place;
}

static const char *moment(side *s, int64_t time)
{
	char text[AP_TIMESTAMP_TEXT_MAX];

	if (time == INT64_MIN || time == INT64_MAX)
		return "none";
	return ap_arena_strdup(s->arena, ap_timestamp_format_local(time, text));
}

static const char *flags_text(uint32_t flags)
{
	static const char *const texts[] = { "no", "required", "other clients denied",
					     "required, other clients denied" };

	return texts[flags & (AP_POLICY_REQUIRED | AP_POLICY_OTHER_CLIENTS_DENIED)];
}

static aspects aspects_of_policy(side *s, const ap_image_policy *policy)
{
	aspects all = { .n = 0 };
	listing scope = new_listing(s), except = new_listing(s), clients = new_listing(s), exceptions = new_listing(s);

	list_who(s, &scope, &policy->scope);
	list_who(s, &except, &policy->except);
	list_net(s, &except, policy->except_net);
	list_clients(s, &clients, policy->clients);
	list_exceptions(s, &exceptions, policy->exceptions);
	add(&all, "type", ap_policy_type_name(policy->type), 0);
	add(&all, "status", ap_policy_status_name(policy->status), 0);
	add_listing(&all, "scope", &scope, "nobody");
	add_listing(&all, "except", &except, "nobody");
	add_net(s, &all, policy->net);
	add_listing(&all, "clients", &clients, "every client type");
	add(&all, "strictness", flags_text(policy->flags), 0);
	add(&all, "replaces",
	    policy->replaces == AP_NONE ? "none"
					: ap_view_string(&s->view, ap_view_policy_at(&s->view, policy->replaces).name),
	    0);
	add(&all, "not_before", moment(s, policy->not_before), 0);
	add(&all, "not_after", moment(s, policy->not_after), 0);
	add(&all, "message", policy->message != 0 ? ap_view_string(&s->view, policy->message) : "that of all", 0);
	add_listing(&all, "exceptions", &exceptions, "none");
	return all;
}

static aspects aspects_of_exception(side *s, const ap_image_exception *exception)
{
	aspects all = { .n = 0 };
	listing who = new_listing(s), clients = new_listing(s);

	list_who(s, &who, &exception->who);
	list_clients(s, &clients, exception->clients);
	add_listing(&all, "frees", &who, "nobody");
	add_net(s, &all, exception->net);
	add_listing(&all, "clients", &clients, "every client type");
	add(&all, "not_before", moment(s, exception->not_before), 0);
	add(&all, "not_after", moment(s, exception->not_after), 0);
	return all;
}

/*
 * Comparing
 */

typedef struct {
	side before; /* its view's image is NULL where there is none */
	side after;
	ap_changes *changes;
	ap_arena *arena;
	ap_names *told; /* the files that a policy or exception stands in that has changed */
} comparison;

static void tell_file(comparison *c, const char *file)
{
	if (ap_names_find(c->told, file) == AP_NONE)
		ap_names_put(c->told, ap_arena_strdup(c->arena, file), 0);
}

static void note(comparison *c, ap_change_kind kind, ap_change_subject subject, const char *name, const char *detail)
{
	*AP_PUSH(c->arena, c->changes->items, c->changes->n) = (ap_change){
		.kind = kind, .subject = subject, .name = ap_arena_strdup(c->arena, name), .detail = detail
	};
}

/* Lists, with the sign, the ranges of `one` that `other` does not have. Both are sorted. */
static void list_ranges_beyond(listing *l, const char *sign, side *one, uint32_t one_net, side *other,
			       uint32_t other_net, ap_family family)
{
	const ap_image_net net = ap_view_net(&one->view, one_net), other_one = ap_view_net(&other->view, other_net);
	const ap_image_ranges *mine = family == AP_ADDRESS_IPV4 ? &net.ranges4 : &net.ranges6;
	const ap_image_ranges *theirs = family == AP_ADDRESS_IPV4 ? &other_one.ranges4 : &other_one.ranges6;
	uint32_t origin;

	for (uint32_t i = 0, k = 0; i < mine->n && one->view.sound && other->view.sound; i++) {
		const ap_range range = ap_view_range(&one->view, mine, family, i, &origin);
		ap_range beside = { .family = AP_ADDRESS_UNKNOWN };
		char text[AP_RANGE_TEXT_MAX];

		for (; k < theirs->n && other->view.sound; k++) {
			beside = ap_view_range(&other->view, theirs, family, k, &origin);
			if (memcmp(beside.first, range.first, sizeof(range.first)) >= 0)
				break;
		}
		if (k < theirs->n && memcmp(beside.first, range.first, sizeof(range.first)) == 0 &&
		    memcmp(beside.last, range.last, sizeof(range.last)) == 0)
			continue;
		list(l, sign, ap_range_format(&range, text));
	}
}

/* ": +198.51.100.0/24; -192.0.2.0/24, -203.0.113.7 and 5 more": what came to a network, and what went. */
static const char *range_difference(comparison *c, uint32_t before, uint32_t after)
{
	listing came = new_listing(&c->after), went = new_listing(&c->before);

	if (before == AP_NONE || after == AP_NONE)
		return "";
	for (int v6 = 0; v6 < 2; v6++) {
		ap_family family = v6 != 0 ? AP_ADDRESS_IPV6 : AP_ADDRESS_IPV4;

		list_ranges_beyond(&came, "+", &c->after, after, &c->before, before, family);
		list_ranges_beyond(&went, "-", &c->before, before, &c->after, after, family);
	}
	if (came.n + went.n == 0)
		return "";
	return ap_format(c->arena, ": %s%s%s", listed(&came, ""), came.n > 0 && went.n > 0 ? "; " : "",
			 listed(&went, ""));
}

static void note_difference(comparison *c, ap_change_subject subject, const char *name, const aspects *before,
			    const aspects *after)
{
	const char *detail = "";

	for (size_t i = 0; i < after->n; i++) {
		const aspect *was = &before->items[i], *is = &after->items[i];

		const char *ranges, *between = detail[0] != '\0' ? "; " : "";

		if (was->hash == is->hash)
			continue;
		ranges = range_difference(c, was->net, is->net);
		if (strcmp(was->shown, is->shown) != 0)
			detail = ap_format(c->arena, "%s%s%s %s, was %s%s", detail, between, is->name, is->shown,
					   was->shown, ranges);
		else
			detail = ap_format(c->arena, "%s%s%s %s%s", detail, between, is->name, is->shown,
					   ranges[0] != '\0' ? ranges : ", of others than before");
	}
	if (detail[0] != '\0')
		note(c, AP_CHANGE_CHANGED, subject, name, detail);
}

/* How what is new is told: what there always is, and what is told only where it was given. */
static const struct {
	const char *name;
	const char *unset; /* NULL: it is told always */
	const char *prefix;
} in_short_aspects[] = {
	{ "type", NULL, "" },
	{ "status", NULL, "" },
	{ "scope", NULL, "" },
	{ "frees", NULL, "" },
	{ "except", "nobody", "except " },
	{ "network", NULL, "" },
	{ "clients", "every client type", "clients " },
	{ "strictness", "no", "" },
	{ "replaces", "none", "replaces " },
	{ "not_before", "none", "from " },
	{ "not_after", "none", "until " },
};

/* What an added policy or exception is, in short. What narrows it is part of that: without it, it would seem to be all. */
static const char *in_short(comparison *c, const aspects *all)
{
	enum { N_SHORT = sizeof(in_short_aspects) / sizeof(in_short_aspects[0]) };
	const char *text = "";

	for (size_t i = 0; i < all->n; i++) {
		const aspect *item = &all->items[i];
		size_t k = 0;

		while (k < N_SHORT && strcmp(item->name, in_short_aspects[k].name) != 0)
			k++;
		if (k == N_SHORT ||
		    (in_short_aspects[k].unset != NULL && strcmp(item->shown, in_short_aspects[k].unset) == 0))
			continue;
		text = ap_format(c->arena, "%s%s%s%s", text, text[0] != '\0' ? "; " : "", in_short_aspects[k].prefix,
				 item->shown);
	}
	return text;
}

/* Policies and exceptions are compared alike, by name. */
typedef struct {
	ap_table_kind table;
	ap_change_subject subject;
	aspects (*aspects_of)(side *s, uint32_t number, const char **ret_name, const char **ret_file);
} compared;

static aspects policy_by_number(side *s, uint32_t number, const char **ret_name, const char **ret_file)
{
	ap_image_policy policy = ap_view_policy(&s->view, number);

	*ret_file = ap_view_string(&s->view, policy.file);
	*ret_name = ap_view_string(&s->view, policy.name);
	return aspects_of_policy(s, &policy);
}

static aspects exception_by_number(side *s, uint32_t number, const char **ret_name, const char **ret_file)
{
	ap_image_exception exception = ap_view_exception(&s->view, number);

	*ret_file = ap_view_string(&s->view, exception.file);
	*ret_name = ap_view_string(&s->view, exception.name);
	return aspects_of_exception(s, &exception);
}

static void compare_named(comparison *c, const compared *what)
{
	uint32_t n_before = c->before.view.image != NULL ? ap_image_count(c->before.view.image, what->table) : 0;
	uint32_t n_after = ap_image_count(c->after.view.image, what->table);
	aspects *old = ap_arena_alloc(c->arena, (n_before + 1) * sizeof(*old));
	const char **names = ap_arena_alloc(c->arena, (n_before + 1) * sizeof(*names));
	const char **files = ap_arena_alloc(c->arena, (n_before + 1) * sizeof(*files));
	bool *kept = ap_arena_alloc(c->arena, (n_before + 1) * sizeof(*kept));
	ap_names *numbers = ap_names_new(c->arena);

	for (uint32_t i = 0; i < n_before && c->before.view.sound; i++) {
		old[i] = what->aspects_of(&c->before, i, &names[i], &files[i]);
		if (ap_names_find(numbers, names[i]) == AP_NONE)
			ap_names_put(numbers, names[i], i);
	}
	for (uint32_t i = 0; i < n_after; i++) {
		const char *name, *file;
		const aspects is = what->aspects_of(&c->after, i, &name, &file);
		uint32_t number = ap_names_find(numbers, name);
		size_t n_noted = c->changes->n;

		if (number == AP_NONE) {
			note(c, AP_CHANGE_ADDED, what->subject, name, in_short(c, &is));
			tell_file(c, file);
			continue;
		}
		kept[number] = true;
		note_difference(c, what->subject, name, &old[number], &is);
		if (c->changes->n > n_noted)
			tell_file(c, file);
	}
	for (uint32_t i = 0; i < n_before; i++) {
		if (names[i] == NULL || kept[i])
			continue;
		note(c, AP_CHANGE_REMOVED, what->subject, names[i], "");
		tell_file(c, files[i]);
	}
}

static aspects settings_of(side *s)
{
	ap_image_settings settings = ap_view_settings(&s->view);
	static const char *const records[] = { "none", "denied", "all" };
	aspects all = { .n = 0 };

	add(&all, "default_domain",
	    settings.default_domain != 0 ? ap_view_string(&s->view, settings.default_domain) : "none", 0);
	add(&all, "message", ap_view_string(&s->view, settings.message), 0);
	add(&all, "undetermined", settings.undetermined_allows != 0 ? "allow" : "deny", 0);
	add(&all, "default_client_type",
	    ap_view_string(&s->view, ap_view_client(&s->view, settings.default_client).name), 0);
	add(&all, "audit file", settings.audit_file != 0 ? ap_view_string(&s->view, settings.audit_file) : "none", 0);
	add(&all, "audit record", records[settings.audit_record <= AP_AUDIT_ALL ? settings.audit_record : AP_AUDIT_ALL],
	    0);
	return all;
}

static void compare_settings(comparison *c)
{
	const aspects after = settings_of(&c->after);
	aspects before;

	if (c->before.view.image == NULL)
		return;
	before = settings_of(&c->before);
	for (size_t i = 0; i < after.n; i++)
		if (before.items[i].hash != after.items[i].hash)
			note(c, AP_CHANGE_CHANGED, AP_CHANGE_SETTING, after.items[i].name,
			     ap_format(c->arena, "%s, was %s", after.items[i].shown, before.items[i].shown));
}

static uint64_t mix_globs(side *s, ap_texts_span globs, uint64_t hash)
{
	uint32_t place = globs.at;

	for (uint32_t i = 0; i < globs.n && s->view.sound; i++)
		hash = mix_text(hash, ap_view_next_text(&s->view, &place));
	return mix(hash, &globs.n, sizeof(globs.n));
}

/* Client types with their hints, in the order in which those are tried. */
static uint64_t hash_of_clients(side *s)
{
	uint32_t n_clients = ap_image_count(s->view.image, AP_TABLE_CLIENTS);
	uint32_t n_hints = ap_image_count(s->view.image, AP_TABLE_HINTS);
	uint64_t hash = 0xcbf29ce484222325u;

	for (uint32_t i = 0; i < n_clients && s->view.sound; i++) {
		ap_image_client client = ap_view_client(&s->view, i);

		hash = mix(mix_text(hash, ap_view_string(&s->view, client.name)), &client.local, sizeof(client.local));
	}
	for (uint32_t i = 0; i < n_hints && s->view.sound; i++) {
		ap_image_hint hint = ap_view_hint(&s->view, i);

		hash = mix_text(hash, ap_view_string(&s->view, ap_view_client(&s->view, hint.client).name));
		hash = mix_globs(s, hint.service, hash);
		hash = mix_globs(s, hint.tty, hash);
		hash = mix_globs(s, hint.ruser, hash);
		hash = mix_globs(s, hint.env, hash);
	}
	return hash;
}

/*
 * Files
 */

static ap_change_subject subject_of(const ap_image_source *source)
{
	return source->kind == AP_SOURCE_DIRECTORY ? AP_CHANGE_DIRECTORY
	       : source->kind == AP_SOURCE_FEED    ? AP_CHANGE_FEED
	       : source->kind == AP_SOURCE_REGIONS ? AP_CHANGE_DATABASE
						   : AP_CHANGE_FILE;
}

static const char *count_text(comparison *c, const ap_image_source *source)
{
	bool members = source->kind == AP_SOURCE_DIRECTORY;

	return ap_format(c->arena, "%u %s", source->n,
			 members ? (source->n == 1 ? "member" : "members") : (source->n == 1 ? "entry" : "entries"));
}

/* "GeoLite2-City, built on 2026-11-20T…" */
static const char *database_text(side *s)
{
	ap_image_database database;
	char text[AP_DATABASE_TEXT_MAX];

	if (s->view.image == NULL || ap_image_count(s->view.image, AP_TABLE_DATABASES) == 0)
		return NULL;
	database = ap_view_database(&s->view, 0);
	return ap_arena_strdup(s->arena,
			       ap_database_text(ap_view_string(&s->view, database.type), database.built, text));
}

/* True if the new image's database was built before that of the old one, where either says when. */
static bool is_older(comparison *c)
{
	int64_t is = ap_view_database(&c->after.view, 0).built, was = ap_view_database(&c->before.view, 0).built;

	return is != 0 && is < was;
}

/* What is told of a source beside its path. */
static const char *detail_of(comparison *c, ap_change_kind kind, const ap_image_source *source,
			     const ap_image_source *was)
{
	const char *before = NULL, *detail;

	if (source->kind == AP_SOURCE_POLICIES || kind == AP_CHANGE_REMOVED)
		return "";
	if (source->kind != AP_SOURCE_REGIONS)
		return was != NULL ? ap_format(c->arena, "%s, was %u", count_text(c, source), (unsigned)was->n)
				   : count_text(c, source);
	detail = database_text(&c->after);
	before = was != NULL ? database_text(&c->before) : NULL;
	if (detail != NULL && before != NULL)
		return ap_format(c->arena, "%s, was %s%s", detail, before, is_older(c) ? ", which is newer" : "");
	return detail != NULL ? detail : "";
}

/* The sources of the image before, by their paths. */
static ap_names *sources_before(comparison *c, uint32_t n)
{
	ap_names *numbers = ap_names_new(c->arena);

	for (uint32_t i = 0; i < n && c->before.view.sound; i++) {
		const char *path = ap_view_string(&c->before.view, ap_view_source(&c->before.view, i).path);

		if (ap_names_find(numbers, path) == AP_NONE)
			ap_names_put(numbers, path, i);
	}
	return numbers;
}

/* Of a policy file only where nothing was noted that stands in it: departments, networks and settings stand there too. */
static void note_source(comparison *c, ap_change_kind kind, const ap_image_source *source, const char *path,
			const ap_image_source *was)
{
	if (source->kind == AP_SOURCE_POLICIES && ap_names_find(c->told, path) != AP_NONE)
		return;
	note(c, kind, subject_of(source), path, detail_of(c, kind, source, was));
}

/* Feeds and directory files, or the policy files. */
static void compare_sources(comparison *c, bool files)
{
	uint32_t n_before = c->before.view.image != NULL ? ap_image_count(c->before.view.image, AP_TABLE_SOURCES) : 0;
	uint32_t n_after = ap_image_count(c->after.view.image, AP_TABLE_SOURCES);
	ap_names *numbers = sources_before(c, n_before);
	bool *kept = ap_arena_alloc(c->arena, (n_before + 1) * sizeof(*kept));

	for (uint32_t i = 0; i < n_after; i++) {
		ap_image_source source = ap_view_source(&c->after.view, i);
		const char *path = ap_view_string(&c->after.view, source.path);
		uint32_t number = ap_names_find(numbers, path);
		ap_image_source was = { .kind = source.kind };

		if (number != AP_NONE) {
			was = ap_view_source(&c->before.view, number);
			kept[number] = true;
		}
		if ((source.kind == AP_SOURCE_POLICIES) != files)
			continue;
		if (number == AP_NONE)
			note_source(c, AP_CHANGE_ADDED, &source, path, NULL);
		else if (memcmp(was.sha256, source.sha256, sizeof(was.sha256)) != 0)
			note_source(c, AP_CHANGE_CHANGED, &source, path, &was);
	}
	for (uint32_t i = 0; i < n_before && c->before.view.sound; i++) {
		ap_image_source was = ap_view_source(&c->before.view, i);

		if (!kept[i] && (was.kind == AP_SOURCE_POLICIES) == files)
			note_source(c, AP_CHANGE_REMOVED, &was, ap_view_string(&c->before.view, was.path), NULL);
	}
}

/*
 * Regions
 */

static bool net_names(side *s, uint32_t place, uint32_t region)
{
	return place != AP_NONE && ap_view_span_holds(&s->view, ap_view_net(&s->view, place).regions, region);
}

/* The policies and exceptions that name a region. */
static const char *users_of_region(side *s, uint32_t region)
{
	listing users = new_listing(s);
	uint32_t n_policies = ap_image_count(s->view.image, AP_TABLE_POLICIES);
	uint32_t n_exceptions = ap_image_count(s->view.image, AP_TABLE_EXCEPTIONS);

	for (uint32_t i = 0; i < n_policies && s->view.sound; i++) {
		ap_image_policy policy = ap_view_policy(&s->view, i);

		if (net_names(s, policy.net, region) || net_names(s, policy.except_net, region))
			list(&users, "", ap_format(s->arena, "\"%s\"", ap_view_string(&s->view, policy.name)));
	}
	for (uint32_t i = 0; i < n_exceptions && s->view.sound; i++) {
		ap_image_exception exception = ap_view_exception(&s->view, i);

		if (net_names(s, exception.net, region))
			list(&users, "exception ",
			     ap_format(s->arena, "\"%s\"", ap_view_string(&s->view, exception.name)));
	}
	return listed(&users, "nothing");
}

/* "2001::/32, 2002::/16": where IPv6 addresses are by the IPv4 address in them; but for those that nobody has, ::/96. */
static const char *aliases_text(side *s)
{
	uint32_t n = ap_image_count(s->view.image, AP_TABLE_ALIASES);
	listing prefixes = new_listing(s);

	for (uint32_t i = 0; i < n && s->view.sound; i++) {
		const ap_image_alias alias = ap_view_alias(&s->view, i);
		ap_range range = { .family = AP_ADDRESS_IPV6 };
		static const uint8_t nobody[sizeof(range.first)] = { 0 };
		char text[AP_RANGE_TEXT_MAX];

		if (memcmp(alias.prefix, nobody, sizeof(nobody)) == 0)
			continue;
		memcpy(range.first, alias.prefix, sizeof(range.first));
		memset(range.last, 0xff, sizeof(range.last));
		if (alias.prefix_bytes <= sizeof(range.last))
			memcpy(range.last, alias.prefix, alias.prefix_bytes);
		list(&prefixes, "", ap_range_format(&range, text));
	}
	return listed(&prefixes, "none");
}

static void compare_aliases(comparison *c)
{
	const char *is = aliases_text(&c->after), *was = aliases_text(&c->before);

	if (strcmp(is, was) != 0)
		note(c, AP_CHANGE_CHANGED, AP_CHANGE_DATABASE,
		     "IPv6 networks that are where the IPv4 address in them is",
		     ap_format(c->arena, "%s, was %s", is, was));
}

static void compare_regions(comparison *c)
{
	ap_region_change *regions;
	size_t n;

	/* where nothing was known before, the networks of the policies changed, and are told of */
	if (c->before.view.image == NULL || ap_image_count(c->before.view.image, AP_TABLE_DATABASES) == 0)
		return;
	if (ap_image_count(c->after.view.image, AP_TABLE_DATABASES) > 0)
		compare_aliases(c);
	regions = ap_region_changes(c->arena, &c->before.view, &c->after.view, &n);
	for (size_t i = 0; i < n; i++)
		note(c, AP_CHANGE_CHANGED, AP_CHANGE_REGION, regions[i].code,
		     ap_format(c->arena, "%s; named by %s", ap_region_change_text(c->arena, &regions[i]),
			       users_of_region(&c->after, regions[i].number)));
}

ap_changes ap_changes_between(ap_arena *arena, const ap_image *before, const ap_image *after)
{
	static const compared policies = { AP_TABLE_POLICIES, AP_CHANGE_POLICY, policy_by_number };
	static const compared exceptions = { AP_TABLE_EXCEPTIONS, AP_CHANGE_EXCEPTION, exception_by_number };
	ap_changes changes = { .n = 0 };
	comparison c = { .before = { .arena = arena, .view = ap_view_of(before) },
			 .after = { .arena = arena, .view = ap_view_of(after) },
			 .changes = &changes,
			 .arena = arena,
			 .told = ap_names_new(arena) };

	compare_settings(&c);
	if (before != NULL && hash_of_clients(&c.before) != hash_of_clients(&c.after))
		note(&c, AP_CHANGE_CHANGED, AP_CHANGE_CLIENTS, "client_types", "");
	compare_named(&c, &policies);
	compare_named(&c, &exceptions);
	compare_sources(&c, false);
	compare_regions(&c);
	if (before != NULL)
		compare_sources(&c, true);
	return changes;
}

/*
 * The summary
 */

static const char *plural(ap_change_subject subject)
{
	static const char *const names[] = {
		[AP_CHANGE_SETTING] = "settings",          [AP_CHANGE_CLIENTS] = "client types",
		[AP_CHANGE_POLICY] = "policies",           [AP_CHANGE_EXCEPTION] = "exceptions",
		[AP_CHANGE_DIRECTORY] = "directory files", [AP_CHANGE_FEED] = "feeds",
		[AP_CHANGE_DATABASE] = "region databases", [AP_CHANGE_REGION] = "regions",
		[AP_CHANGE_FILE] = "policy files",
	};

	return names[subject];
}

const char *ap_changes_summary(ap_arena *arena, const ap_changes *changes)
{
	static const char *const kinds[] = { "added", "removed", "changed" };
	const char *text = "";

	for (int subject = 0; subject <= AP_CHANGE_FILE; subject++) {
		for (int kind = 0; kind <= AP_CHANGE_CHANGED; kind++) {
			size_t n = 0;

			for (size_t i = 0; i < changes->n; i++)
				n += changes->items[i].kind == (ap_change_kind)kind &&
				     changes->items[i].subject == (ap_change_subject)subject;
			if (n > 0)
				text = ap_format(arena, "%s%s%zu %s %s", text, text[0] != '\0' ? ", " : "", n,
						 n == 1 ? ap_change_subject_names[subject]
							: plural((ap_change_subject)subject),
						 kinds[kind]);
		}
	}
	return text[0] != '\0' ? text : "nothing that decides";
}
