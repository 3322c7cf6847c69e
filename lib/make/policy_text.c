#include "policy_text.h"

#include "../login/image.h"
#include "text_tree.h"

#include <libconfig.h>
#include <string.h>

/* A text that is being changed. */
typedef struct {
	ap_arena *arena;
	const char *text;
	ap_splices *splices;
} change;

/*
 * Lines
 */

static size_t line_start(const change *c, size_t at)
{
	while (at > 0 && c->text[at - 1] != '\n')
		at--;
	return at;
}

static size_t skip_blanks(const change *c, size_t at)
{
	return at + strspn(c->text + at, " \t\r");
}

static size_t indent_of(const change *c, size_t at)
{
	size_t start = line_start(c, at);

	return skip_blanks(c, start) - start;
}

/* Without a walk to the line's start, which may be far away in a long list. */
static bool begins_line(const change *c, size_t at)
{
	while (at > 0 && strchr(" \t\r", c->text[at - 1]) != NULL)
		at--;
	return at == 0 || c->text[at - 1] == '\n';
}

static bool ends_line(const change *c, size_t at)
{
	char next = c->text[skip_blanks(c, at)];

	return next == '\n' || next == '\0';
}

/* Behind a comment that fills the rest of the line: it is about what stands before it. */
static size_t behind_comment(const change *c, size_t at)
{
	const char *rest = c->text + skip_blanks(c, at);

	if (*rest == '#' || strncmp(rest, "//", 2) == 0)
		return (size_t)(rest - c->text) + strcspn(rest, "\n");
	return at;
}

static char *format_setting(const change *c, const char *lead, const char *key, const char *value)
{
	size_t n_lead = strlen(lead), n_key = strlen(key), n_value = strlen(value);
	char *text = ap_arena_alloc(c->arena, n_lead + n_key + n_value + sizeof(" = ;"));

	memcpy(text, lead, n_lead);
	memcpy(text + n_lead, key, n_key);
	memcpy(text + n_lead + n_key, " = ", 3);
	memcpy(text + n_lead + n_key + 3, value, n_value);
	memcpy(text + n_lead + n_key + 3 + n_value, ";", 2);
	return text;
}

/* A newline, and the blanks that the line of `at` begins with. */
static char *new_line_like(const change *c, size_t at)
{
	size_t start = line_start(c, at), n = indent_of(c, at);
	char *lead = ap_arena_alloc(c->arena, n + 2);

	lead[0] = '\n';
	memcpy(lead + 1, c->text + start, n);
	return lead;
}

/*
 * Settings
 */

static void remove_span(change *c, size_t start, size_t end)
{
	if (begins_line(c, start) && ends_line(c, end)) {
		start = line_start(c, start);
		end = skip_blanks(c, end);
		end += c->text[end] == '\n';
	} else if (ends_line(c, end)) {
		while (start > 0 && strchr(" \t", c->text[start - 1]) != NULL)
			start--;
	} else {
		end = skip_blanks(c, end);
	}
	ap_splice(c->splices, start, end, "");
}

/* A setting that comes anew stands behind `before_it`. */
static void insert_setting(change *c, const ap_text_node *before_it, const char *key, const char *value)
{
	size_t at = before_it->end;

	/* once, though several come to stand behind it */
	if (before_it->end == before_it->value_end && !ap_splices_have(c->splices, at, at, ";"))
		ap_splice(c->splices, at, at, ";");
	if (!begins_line(c, before_it->start)) {
		ap_splice(c->splices, at, at, format_setting(c, " ", key, value));
		return;
	}
	at = behind_comment(c, at);
	ap_splice(c->splices, at, at, format_setting(c, new_line_like(c, before_it->start), key, value));
}

/* The settings of a group in the order in which they are written, and whether each stays. */
typedef struct {
	const char *key;
	bool stays;
} place;

/* What a setting of that key stands behind: the one that stays and comes before it in `order`, or the first that stays. */
static const ap_text_node *place_for(const ap_text_node *group, const place *order, size_t n, const char *key)
{
	const ap_text_node *found = NULL;

	for (size_t i = 0; i < n && strcmp(order[i].key, key) != 0; i++) {
		const ap_text_node *node = ap_text_node_find(group, order[i].key);

		if (node != NULL && order[i].stays)
			found = node;
	}
	for (size_t i = 0; i < n && found == NULL; i++)
		if (order[i].stays)
			found = ap_text_node_find(group, order[i].key);
	return found;
}

/* The columns before a setting's value, where it stands or will stand. */
static size_t value_indent(const change *c, const ap_text_node *group, const ap_text_node *node)
{
	return indent_of(c, node != NULL ? node->start : group->children[0].start);
}

/*
 * Lists
 */

/* A list that is to say something else. */
typedef struct {
	const ap_words *before;
	const ap_words *after;
	ap_names *stay; /* the words after */
	ap_words added;
} list_change;

static bool stays(const list_change *l, size_t i)
{
	return ap_names_find(l->stay, l->before->items[i]) != AP_NONE;
}

static list_change list_change_of(ap_arena *arena, const ap_words *before, const ap_words *after)
{
	list_change l = { .before = before, .after = after, .stay = ap_words_names(arena, after) };
	ap_names *were = ap_words_names(arena, before);

	for (size_t i = 0; i < after->n; i++)
		if (ap_names_find(were, after->items[i]) == AP_NONE)
			ap_words_add(arena, &l.added, after->items[i]);
	return l;
}

static bool are_same(const ap_words *a, const ap_words *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

/* A newline, and blanks up to the column of `at`. */
static char *new_line_below(const change *c, size_t at)
{
	size_t start = line_start(c, at), n = at - start;
	char *lead = ap_arena_alloc(c->arena, n + 2);

	lead[0] = '\n';
	for (size_t i = 0; i < n; i++)
		lead[i + 1] = c->text[start + i] == '\t' ? '\t' : ' ';
	return lead;
}

/* Behind the last element that stays, or where the list's bracket has a line of its own, in the line before that. */
static void append_elements(change *c, const ap_text_node *list, const ap_text_node *last, const ap_words *added)
{
	size_t bracket = list->value_end - 1;
	bool own_lines = begins_line(c, bracket) && begins_line(c, last->start);
	size_t at = own_lines ? line_start(c, bracket) : behind_comment(c, last->end);
	const char *lead = own_lines        ? new_line_like(c, last->start) + 1
			   : at > last->end ? new_line_below(c, last->start)
					    : " ";

	for (size_t i = 0; i < added->n; i++) {
		ap_splice(c->splices, at, at, lead);
		ap_splice(c->splices, at, at, ap_quoted_text(c->arena, added->items[i]));
		ap_splice(c->splices, at, at, i + 1 < added->n ? (own_lines ? ",\n" : ",") : (own_lines ? "\n" : ""));
	}
}

/* The elements that come and go; the others stay where they are. */
static void change_elements(change *c, const ap_text_node *list, const list_change *l)
{
	const ap_text_node *last = NULL;

	for (size_t i = 0; i < list->n_children; i++)
		if (stays(l, i))
			last = &list->children[i];
	for (size_t i = 0; i < list->n_children; i++) {
		const ap_text_node *node = &list->children[i];
		bool has_comma = node->end > node->value_end;

		if (!stays(l, i)) {
			remove_span(c, node->start, node->end);
		} else if (node == last && has_comma && l->added.n == 0) {
			ap_splice(c->splices, node->end - 1, node->end, "");
		} else if (node == last && !has_comma && l->added.n > 0) {
			ap_splice(c->splices, node->value_end, node->value_end, ",");
		}
	}
	if (l->added.n > 0)
		append_elements(c, list, last, &l->added);
}

static bool any_stays(const list_change *l)
{
	for (size_t i = 0; i < l->before->n; i++)
		if (stays(l, i))
			return true;
	return false;
}

/* True if words have come in the places of others, and nothing else has changed: a name that was renamed. */
static bool are_replaced(const list_change *l)
{
	size_t n_replaced = 0;

	if (l->before->n != l->after->n)
		return false;
	for (size_t i = 0; i < l->before->n; i++) {
		if (strcmp(l->before->items[i], l->after->items[i]) == 0)
			continue;
		if (stays(l, i))
			return false;
		n_replaced++;
	}
	return n_replaced == l->added.n;
}

static void replace_elements(change *c, const ap_text_node *list, const list_change *l)
{
	for (size_t i = 0; i < list->n_children; i++)
		if (!stays(l, i))
			ap_splice(c->splices, list->children[i].value, list->children[i].value_end,
				  ap_quoted_text(c->arena, l->after->items[i]));
}

static void change_list(change *c, const ap_text_node *group, const place *order, size_t n, const char *key,
			const ap_words *before, const ap_words *after)
{
	const ap_text_node *node = ap_text_node_find(group, key);
	size_t indent = value_indent(c, group, node);
	bool is_list;
	list_change l;

	if (are_same(before, after))
		return;
	l = list_change_of(c->arena, before, after);
	is_list = node != NULL && node->kind == AP_NODE_LIST && node->n_children == before->n;
	if (node == NULL)
		insert_setting(c, place_for(group, order, n, key), key, ap_words_text(c->arena, after, indent));
	else if (after->n == 0)
		remove_span(c, node->start, node->end);
	else if (is_list && are_replaced(&l))
		replace_elements(c, node, &l);
	else if (is_list && any_stays(&l))
		change_elements(c, node, &l);
	else
		ap_splice(c->splices, node->value, node->value_end, ap_words_text(c->arena, after, indent));
}

/*
 * Scalars. `value` is as it is written; NULL: the setting goes.
 */

static void change_scalar(change *c, const ap_text_node *group, const place *order, size_t n, const char *key,
			  const char *value)
{
	const ap_text_node *node = ap_text_node_find(group, key);

	if (node == NULL && value != NULL)
		insert_setting(c, place_for(group, order, n, key), key, value);
	else if (node != NULL && value == NULL)
		remove_span(c, node->start, node->end);
	else if (node != NULL)
		ap_splice(c->splices, node->value, node->value_end, value);
}

static void change_text(change *c, const ap_text_node *group, const place *order, size_t n, const char *key,
			const char *before, const char *after)
{
	if (before == after || (before != NULL && after != NULL && strcmp(before, after) == 0))
		return;
	change_scalar(c, group, order, n, key, after != NULL ? ap_quoted_text(c->arena, after) : NULL);
}

/* `neutral` is what the key means where it is not written: it is written only to take the place of another. */
static void change_choice(change *c, const ap_text_node *group, const place *order, size_t n, const char *key,
			  const char *before, const char *after, const char *neutral)
{
	if (strcmp(before, after) == 0)
		return;
	if (ap_text_node_find(group, key) != NULL || strcmp(after, neutral) != 0)
		change_scalar(c, group, order, n, key, after);
}

/*
 * Scopes
 */

enum { N_OBJECT_KEYS = 9 };

/* In the order in which they are written. */
static void order_of_objects(const ap_objects_form *objects, bool except_stays, place order[N_OBJECT_KEYS])
{
	const place of[N_OBJECT_KEYS] = {
		{ "all", objects->all },
		{ "unlisted", objects->unlisted },
		{ "departments", objects->departments.n > 0 },
		{ "members", objects->members.n > 0 },
		{ "domains", objects->domains.n > 0 },
		{ "groups", objects->groups.n > 0 },
		{ "ip", objects->ip.n > 0 },
		{ "regions", objects->regions.n > 0 },
		{ "except", except_stays },
	};

	memcpy(order, of, sizeof(of));
}

/* Does the group keep a setting, beside which others can be put? */
static bool keeps_any(const ap_text_node *group, const place *order)
{
	for (size_t i = 0; i < N_OBJECT_KEYS; i++)
		if (order[i].stays && ap_text_node_find(group, order[i].key) != NULL)
			return true;
	return false;
}

static void change_objects(change *c, const ap_text_node *group, const place *order, const ap_objects_form *before,
			   const ap_objects_form *after)
{
	static const char *const flags[] = { NULL, "true" };

	if (before->all != after->all)
		change_scalar(c, group, order, N_OBJECT_KEYS, "all", flags[after->all]);
	if (before->unlisted != after->unlisted)
		change_scalar(c, group, order, N_OBJECT_KEYS, "unlisted", flags[after->unlisted]);
	change_list(c, group, order, N_OBJECT_KEYS, "departments", &before->departments, &after->departments);
	change_list(c, group, order, N_OBJECT_KEYS, "members", &before->members, &after->members);
	change_list(c, group, order, N_OBJECT_KEYS, "domains", &before->domains, &after->domains);
	change_list(c, group, order, N_OBJECT_KEYS, "groups", &before->groups, &after->groups);
	change_list(c, group, order, N_OBJECT_KEYS, "ip", &before->ip, &after->ip);
	change_list(c, group, order, N_OBJECT_KEYS, "regions", &before->regions, &after->regions);
}

static void change_except(change *c, const ap_text_node *scope, const place *order, const ap_objects_form *before,
			  const ap_objects_form *after)
{
	static const ap_objects_form nobody;
	const ap_text_node *node = ap_text_node_find(scope, "except");
	size_t indent = value_indent(c, scope, node);
	place inner[N_OBJECT_KEYS];
	const char *whole;

	order_of_objects(after, false, inner);
	if (node != NULL && !ap_objects_form_is_empty(after) && node->kind == AP_NODE_GROUP && keeps_any(node, inner)) {
		change_objects(c, node, inner, before, after);
		return;
	}
	if (node == NULL && ap_objects_form_is_empty(after))
		return;
	whole = ap_objects_form_is_empty(after) ? NULL : ap_scope_text(c->arena, after, &nobody, indent);
	change_scalar(c, scope, order, N_OBJECT_KEYS, "except", whole);
}

static void change_scope(change *c, const ap_text_node *policy, const ap_policy_form *before,
			 const ap_policy_form *after)
{
	const ap_text_node *scope = ap_text_node_find(policy, "scope");
	place order[N_OBJECT_KEYS];

	order_of_objects(&after->scope, !ap_objects_form_is_empty(&after->except), order);
	if (scope == NULL)
		return;
	if (!keeps_any(scope, order)) {
		ap_splice(c->splices, scope->value, scope->value_end,
			  ap_scope_text(c->arena, &after->scope, &after->except, indent_of(c, scope->start)));
		return;
	}
	change_objects(c, scope, order, &before->scope, &after->scope);
	change_except(c, scope, order, &before->except, &after->except);
}

/*
 * Policies
 */

static void change_policy(change *c, const ap_text_node *group, const ap_policy_form *before,
			  const ap_policy_form *after)
{
	const place order[] = {
		{ "name", true },
		{ "type", true },
		{ "status", true },
		{ "replaces", after->replaces != NULL },
		{ "scope", true },
		{ "ip", after->ip.n > 0 },
		{ "regions", after->regions.n > 0 },
		{ "clients", after->clients.n > 0 },
		{ "other_clients", after->type == AP_POLICY_WHITELIST },
		{ "required", after->type == AP_POLICY_WHITELIST },
		{ "not_before", after->not_before != NULL },
		{ "not_after", after->not_after != NULL },
		{ "message", after->message != NULL },
		{ "comment", after->comment != NULL },
	};
	const size_t n = sizeof(order) / sizeof(order[0]);
	static const char *const others[] = { "\"unaffected\"", "\"deny\"" };
	static const char *const required[] = { "false", "true" };
	const char *status_before = ap_quoted_text(c->arena, ap_policy_status_names[before->status]);
	const char *status_after = ap_quoted_text(c->arena, ap_policy_status_names[after->status]);

	change_text(c, group, order, n, "name", before->name, after->name);
	change_text(c, group, order, n, "type", ap_policy_type_names[before->type], ap_policy_type_names[after->type]);
	change_choice(c, group, order, n, "status", status_before, status_after, "\"enabled\"");
	change_text(c, group, order, n, "replaces", before->replaces, after->replaces);
	change_scope(c, group, before, after);
	change_list(c, group, order, n, "ip", &before->ip, &after->ip);
	change_list(c, group, order, n, "regions", &before->regions, &after->regions);
	change_list(c, group, order, n, "clients", &before->clients, &after->clients);
	/* for whitelists only, whatever they say */
	if (after->type == AP_POLICY_BLACKLIST) {
		change_scalar(c, group, order, n, "other_clients", NULL);
		change_scalar(c, group, order, n, "required", NULL);
	} else {
		change_choice(c, group, order, n, "other_clients", others[before->other_clients_denied],
			      others[after->other_clients_denied], others[0]);
		change_choice(c, group, order, n, "required", required[before->required], required[after->required],
			      required[0]);
	}
	change_text(c, group, order, n, "not_before", before->not_before, after->not_before);
	change_text(c, group, order, n, "not_after", before->not_after, after->not_after);
	change_text(c, group, order, n, "message", before->message, after->message);
	change_text(c, group, order, n, "comment", before->comment, after->comment);
}

static void change_exception(change *c, const ap_text_node *group, const ap_exception_form *before,
			     const ap_exception_form *after)
{
	const place order[] = {
		{ "name", true },
		{ "policies", after->policies.n > 0 },
		{ "departments", after->who.departments.n > 0 },
		{ "members", after->who.members.n > 0 },
		{ "domains", after->who.domains.n > 0 },
		{ "groups", after->who.groups.n > 0 },
		{ "ip", after->ip.n > 0 },
		{ "regions", after->regions.n > 0 },
		{ "clients", after->clients.n > 0 },
		{ "not_before", after->not_before != NULL },
		{ "not_after", after->not_after != NULL },
		{ "comment", after->comment != NULL },
	};
	const size_t n = sizeof(order) / sizeof(order[0]);

	change_text(c, group, order, n, "name", before->name, after->name);
	change_list(c, group, order, n, "policies", &before->policies, &after->policies);
	change_list(c, group, order, n, "departments", &before->who.departments, &after->who.departments);
	change_list(c, group, order, n, "members", &before->who.members, &after->who.members);
	change_list(c, group, order, n, "domains", &before->who.domains, &after->who.domains);
	change_list(c, group, order, n, "groups", &before->who.groups, &after->who.groups);
	change_list(c, group, order, n, "ip", &before->ip, &after->ip);
	change_list(c, group, order, n, "regions", &before->regions, &after->regions);
	change_list(c, group, order, n, "clients", &before->clients, &after->clients);
	change_text(c, group, order, n, "not_before", before->not_before, after->not_before);
	change_text(c, group, order, n, "not_after", before->not_after, after->not_after);
	change_text(c, group, order, n, "comment", before->comment, after->comment);
}

static const char *const section_names[] = {
	[AP_SECTION_POLICIES] = "policies",
	[AP_SECTION_EXCEPTIONS] = "exceptions",
};

/* Element `n` of the section in the text's tree; NULL where there is none. */
static const ap_text_node *find_element(const ap_text_node *root, ap_section section, size_t n,
					const ap_text_node **ret_list)
{
	const ap_text_node *list = root != NULL ? ap_text_node_find(root, section_names[section]) : NULL;

	*ret_list = list;
	if (list == NULL || list->kind != AP_NODE_LIST || n >= list->n_children ||
	    list->children[n].kind != AP_NODE_GROUP || list->children[n].n_children == 0)
		return NULL;
	return &list->children[n];
}

static change begin(ap_arena *arena, const char *text)
{
	return (change){ .arena = arena, .text = text, .splices = ap_splices_new(arena, text) };
}

char *ap_policy_text_change(ap_arena *arena, const char *text, size_t n, const ap_policy_form *before,
			    const ap_policy_form *after)
{
	change c = begin(arena, text);
	const ap_text_node *list, *group = find_element(ap_text_tree_of(arena, text), AP_SECTION_POLICIES, n, &list);

	if (group == NULL)
		return NULL;
	change_policy(&c, group, before, after);
	return ap_splices_text(c.splices);
}

char *ap_exception_text_change(ap_arena *arena, const char *text, size_t n, const ap_exception_form *before,
			       const ap_exception_form *after)
{
	change c = begin(arena, text);
	const ap_text_node *list, *group = find_element(ap_text_tree_of(arena, text), AP_SECTION_EXCEPTIONS, n, &list);

	if (group == NULL)
		return NULL;
	change_exception(&c, group, before, after);
	return ap_splices_text(c.splices);
}

static bool is_comment_line(const change *c, size_t start)
{
	const char *first = c->text + skip_blanks(c, start);

	return *first == '#' || strncmp(first, "//", 2) == 0;
}

bool ap_policy_text_span(ap_arena *arena, const char *text, ap_section section, size_t n, size_t *ret_start,
			 size_t *ret_end)
{
	const change c = { .text = text };
	const ap_text_node *list, *group = find_element(ap_text_tree_of(arena, text), section, n, &list);
	size_t start, behind;

	if (group == NULL)
		return false;
	behind = n > 0 ? list->children[n - 1].end : list->value + 1;
	start = begins_line(&c, group->start) ? line_start(&c, group->start) : group->start;
	/* not what is said of the one before it */
	while (start > behind && text[start - 1] == '\n' && line_start(&c, start - 1) >= behind &&
	       is_comment_line(&c, line_start(&c, start - 1)))
		start = line_start(&c, start - 1);
	*ret_start = start;
	*ret_end = group->value_end;
	return true;
}

size_t ap_policy_text_count(ap_arena *arena, const char *text, ap_section section)
{
	const ap_text_node *root = ap_text_tree_of(arena, text);
	const ap_text_node *list = root != NULL ? ap_text_node_find(root, section_names[section]) : NULL;

	return list != NULL ? list->n_children : 0;
}

bool ap_policy_text_is_plain(ap_arena *arena, const char *text)
{
	const ap_text_node *root = ap_text_tree_of(arena, text);

	for (size_t i = 0; root != NULL && i < root->n_children; i++)
		if (strcmp(root->children[i].key, section_names[AP_SECTION_POLICIES]) != 0 &&
		    strcmp(root->children[i].key, section_names[AP_SECTION_EXCEPTIONS]) != 0)
			return false;
	return root != NULL;
}

/* libconfig undoes its own escapes. */
static const char *string_of(ap_arena *arena, const char *value, size_t length)
{
	char *text = ap_arena_alloc(arena, length + sizeof("x=;"));
	const char *found = NULL, *copy = NULL;
	config_t config;

	memcpy(text, "x=", 2);
	memcpy(text + 2, value, length);
	memcpy(text + 2 + length, ";", 2);
	config_init(&config);
	if (config_read_string(&config, text) == CONFIG_TRUE &&
	    config_lookup_string(&config, "x", &found) == CONFIG_TRUE)
		copy = ap_arena_strdup(arena, found);
	config_destroy(&config);
	return copy;
}

const char *ap_policy_text_name(ap_arena *arena, const char *text, ap_section section, size_t n)
{
	const ap_text_node *list, *group = find_element(ap_text_tree_of(arena, text), section, n, &list);
	const ap_text_node *name = group != NULL ? ap_text_node_find(group, "name") : NULL;

	if (name == NULL || name->kind != AP_NODE_SCALAR || text[name->value] != '"')
		return NULL;
	return string_of(arena, text + name->value, name->value_end - name->value);
}

char *ap_policy_text_remove(ap_arena *arena, const char *text, ap_section section, size_t n, bool *ret_empty)
{
	change c = begin(arena, text);
	const ap_text_node *root = ap_text_tree_of(arena, text), *list;
	const ap_text_node *group = find_element(root, section, n, &list);

	*ret_empty = false;
	if (group == NULL)
		return NULL;
	if (list->n_children == 1) {
		*ret_empty = root->n_children == 1;
		remove_span(&c, list->start, list->end);
		return ap_splices_text(c.splices);
	}
	remove_span(&c, group->start, group->end);
	/* the one before it has become the last */
	if (n + 1 == list->n_children && list->children[n - 1].end > list->children[n - 1].value_end)
		ap_splice(c.splices, list->children[n - 1].end - 1, list->children[n - 1].end, "");
	return ap_splices_text(c.splices);
}
