#include "policy_form.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_COLUMNS = 110, NAME_IN_FILE_MAX = 200 };

/*
 * A text in the making. It is grown in the arena by doubling: what is left behind is freed with the rest.
 */
typedef struct {
	ap_arena *arena;
	char *bytes;
	size_t n;
	size_t room;
} output;

static void put_bytes(output *out, const char *bytes, size_t n)
{
	if (out->n + n + 1 > out->room) {
		size_t room = 2 * (out->n + n + 1) + 128;
		char *grown = ap_arena_alloc(out->arena, room);

		if (out->n > 0)
			memcpy(grown, out->bytes, out->n);
		out->bytes = grown;
		out->room = room;
	}
	memcpy(out->bytes + out->n, bytes, n);
	out->n += n;
	out->bytes[out->n] = '\0';
}

static void put(output *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

static char *text_of(output *out)
{
	put(out, "");
	return out->bytes;
}

static void put_newline(output *out, size_t indent)
{
	put(out, "\n");
	for (size_t i = 0; i < indent; i++)
		put(out, " ");
}

/* libconfig knows \" and \\ and takes every other character as it is; what would end or bend a line is spelled out. */
static void put_quoted(output *out, const char *text)
{
	put(out, "\"");
	for (const char *at = text; *at != '\0'; at++) {
		unsigned char c = (unsigned char)*at;
		char escaped[5];

		if (c == '"' || c == '\\')
			put_bytes(out, (const char[]){ '\\', *at }, 2);
		else if (c < 0x20 || c == 0x7f)
			put_bytes(out, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\x%02x", c));
		else
			put_bytes(out, at, 1);
	}
	put(out, "\"");
}

char *ap_quoted_text(ap_arena *arena, const char *text)
{
	output out = { .arena = arena };

	put_quoted(&out, text);
	return text_of(&out);
}

/* A list on one line, or where that is too long with its elements in lines of their own. */
static void put_words(output *out, const ap_words *words, size_t indent, size_t column)
{
	output line = { .arena = out->arena };

	for (size_t i = 0; i < words->n; i++) {
		put(&line, i > 0 ? ", " : "[ ");
		put_quoted(&line, words->items[i]);
	}
	put(&line, words->n > 0 ? " ]" : "[ ]");
	if (column + line.n <= LINE_MAX_COLUMNS) {
		put(out, line.bytes);
		return;
	}
	put(out, "[");
	for (size_t i = 0; i < words->n; i++) {
		output word = { .arena = out->arena };

		put_quoted(&word, words->items[i]);
		if (i == 0 || column + word.n + 2 > LINE_MAX_COLUMNS) {
			put_newline(out, indent + 2);
			column = indent + 2;
		} else {
			put(out, " ");
			column++;
		}
		put(out, word.bytes);
		put(out, i + 1 < words->n ? "," : "");
		column += word.n + 1;
	}
	put_newline(out, indent);
	put(out, "]");
}

char *ap_words_text(ap_arena *arena, const ap_words *words, size_t indent)
{
	output out = { .arena = arena };

	put_words(&out, words, indent, indent);
	return text_of(&out);
}

/*
 * Groups
 */

/* Settings of a group, each in a line of its own. */
typedef struct {
	output *out;
	size_t indent;
} group;

static group begin_group(output *out, size_t indent)
{
	put(out, "{");
	return (group){ .out = out, .indent = indent + 2 };
}

static void end_group(group *g)
{
	put_newline(g->out, g->indent - 2);
	put(g->out, "}");
}

static void begin_setting(group *g, const char *key)
{
	put_newline(g->out, g->indent);
	put(g->out, key);
	put(g->out, " = ");
}

static void put_text_setting(group *g, const char *key, const char *text)
{
	if (text == NULL)
		return;
	begin_setting(g, key);
	put_quoted(g->out, text);
	put(g->out, ";");
}

static void put_words_setting(group *g, const char *key, const ap_words *words)
{
	if (words->n == 0)
		return;
	begin_setting(g, key);
	put_words(g->out, words, g->indent, g->indent + strlen(key) + 3);
	put(g->out, ";");
}

static void put_flag_setting(group *g, const char *key, bool flag)
{
	if (!flag)
		return;
	begin_setting(g, key);
	put(g->out, "true;");
}

static void put_objects(group *g, const ap_objects_form *objects)
{
	put_flag_setting(g, "all", objects->all);
	put_flag_setting(g, "unlisted", objects->unlisted);
	put_words_setting(g, "departments", &objects->departments);
	put_words_setting(g, "members", &objects->members);
	put_words_setting(g, "domains", &objects->domains);
	put_words_setting(g, "groups", &objects->groups);
	put_words_setting(g, "ip", &objects->ip);
	put_words_setting(g, "regions", &objects->regions);
}

bool ap_objects_form_is_empty(const ap_objects_form *objects)
{
	return !objects->all && !objects->unlisted &&
	       objects->departments.n + objects->members.n + objects->domains.n + objects->groups.n + objects->ip.n +
			       objects->regions.n ==
		       0;
}

static void put_scope(output *out, const ap_objects_form *scope, const ap_objects_form *except, size_t indent)
{
	ap_objects_form others = *scope;
	group g, inner;

	others.all = false;
	if (scope->all && ap_objects_form_is_empty(&others) && ap_objects_form_is_empty(except)) {
		put(out, "{ all = true; }");
		return;
	}
	g = begin_group(out, indent);
	put_objects(&g, scope);
	if (!ap_objects_form_is_empty(except)) {
		begin_setting(&g, "except");
		inner = begin_group(out, g.indent);
		put_objects(&inner, except);
		end_group(&inner);
		put(out, ";");
	}
	end_group(&g);
}

char *ap_scope_text(ap_arena *arena, const ap_objects_form *scope, const ap_objects_form *except, size_t indent)
{
	output out = { .arena = arena };

	put_scope(&out, scope, except, indent);
	return text_of(&out);
}

static void put_policy(output *out, const ap_policy_form *form, size_t indent)
{
	group g = begin_group(out, indent);

	put_text_setting(&g, "name", form->name);
	put_text_setting(&g, "type", ap_policy_type_names[form->type]);
	if (form->status != AP_POLICY_ENABLED)
		put_text_setting(&g, "status", ap_policy_status_names[form->status]);
	put_text_setting(&g, "replaces", form->replaces);
	begin_setting(&g, "scope");
	put_scope(out, &form->scope, &form->except, g.indent);
	put(out, ";");
	put_words_setting(&g, "ip", &form->ip);
	put_words_setting(&g, "regions", &form->regions);
	put_words_setting(&g, "clients", &form->clients);
	put_text_setting(&g, "other_clients", form->other_clients_denied ? "deny" : NULL);
	put_flag_setting(&g, "required", form->required);
	put_text_setting(&g, "not_before", form->not_before);
	put_text_setting(&g, "not_after", form->not_after);
	put_text_setting(&g, "message", form->message);
	put_text_setting(&g, "comment", form->comment);
	end_group(&g);
}

static void put_exception(output *out, const ap_exception_form *form, size_t indent)
{
	group g = begin_group(out, indent);

	put_text_setting(&g, "name", form->name);
	put_words_setting(&g, "policies", &form->policies);
	put_objects(&g, &form->who);
	put_words_setting(&g, "ip", &form->ip);
	put_words_setting(&g, "regions", &form->regions);
	put_words_setting(&g, "clients", &form->clients);
	put_text_setting(&g, "not_before", form->not_before);
	put_text_setting(&g, "not_after", form->not_after);
	put_text_setting(&g, "comment", form->comment);
	end_group(&g);
}

static void put_client_type(output *out, const ap_client_form *form, size_t indent)
{
	group g = begin_group(out, indent);

	put_text_setting(&g, "name", form->name);
	put_words_setting(&g, "service", &form->service);
	put_words_setting(&g, "tty", &form->tty);
	put_words_setting(&g, "ruser", &form->ruser);
	put_words_setting(&g, "env", &form->env);
	put_flag_setting(&g, "local", form->local);
	end_group(&g);
}

/*
 * Files
 */

/* A control character could end the comment, or the line in a terminal that shows it. */
static void put_remark(output *out, const char *remark)
{
	while (remark != NULL && *remark != '\0') {
		size_t length = strcspn(remark, "\n");

		put(out, length > 0 ? "// " : "//");
		for (size_t i = 0; i < length; i++) {
			unsigned char c = (unsigned char)remark[i];

			put_bytes(out, c < 0x20 || c == 0x7f ? "?" : remark + i, 1);
		}
		put(out, "\n");
		remark += length + (remark[length] == '\n');
	}
}

char *ap_drop_in_text(ap_arena *arena, const ap_drop_in *drop_in)
{
	output out = { .arena = arena };

	put_remark(&out, drop_in->remark);
	for (size_t i = 0; i < drop_in->n_client_types; i++) {
		put(&out, i == 0 ? "client_types = (\n  " : ",\n  ");
		put_client_type(&out, &drop_in->client_types[i], 2);
	}
	put(&out, drop_in->n_client_types > 0 ? "\n);\n" : "");
	for (size_t i = 0; i < drop_in->n_policies; i++) {
		put(&out, i == 0 ? "policies = (\n  " : ",\n  ");
		put_policy(&out, &drop_in->policies[i], 2);
	}
	put(&out, drop_in->n_policies > 0 ? "\n);\n" : "");
	for (size_t i = 0; i < drop_in->n_exceptions; i++) {
		put(&out, i == 0 ? "exceptions = (\n  " : ",\n  ");
		put_exception(&out, &drop_in->exceptions[i], 2);
	}
	put(&out, drop_in->n_exceptions > 0 ? "\n);\n" : "");
	return text_of(&out);
}

static bool is_letter_or_digit(unsigned char c)
{
	return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Of UTF-8 (RFC 3629) that was cut: the last character where not all of its bytes are there. */
static void drop_part_of_character(output *out)
{
	size_t start = out->n - 1, whole;
	unsigned char lead;

	while (start > 0 && ((unsigned char)out->bytes[start] & 0xc0) == 0x80)
		start--;
	lead = (unsigned char)out->bytes[start];
	whole = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	if (out->n - start < whole)
		out->n = start;
}

char *ap_drop_in_name(ap_arena *arena, const char *name, unsigned number)
{
	const char *lower = ap_lower_copy(arena, name);
	output out = { .arena = arena };
	size_t start = 0;
	char behind[16];

	put(&out, "50-");
	start = out.n;
	for (const char *at = lower; *at != '\0' && out.n < NAME_IN_FILE_MAX; at++) {
		if (is_letter_or_digit((unsigned char)*at))
			put_bytes(&out, at, 1);
		else if (out.n > start && out.bytes[out.n - 1] != '-')
			put(&out, "-");
	}
	/* not within a character: a name of bytes that are no UTF-8 is one that nobody can type */
	if (out.n == NAME_IN_FILE_MAX)
		drop_part_of_character(&out);
	while (out.n > start && out.bytes[out.n - 1] == '-')
		out.n--;
	if (out.n == start)
		put(&out, "policy");
	if (number > 1)
		put_bytes(&out, behind, (size_t)snprintf(behind, sizeof(behind), "-%u", number));
	put(&out, ".conf");
	return text_of(&out);
}

/*
 * Definitions
 */

void ap_words_add(ap_arena *arena, ap_words *words, const char *text)
{
	*AP_PUSH(arena, words->items, words->n) = ap_arena_strdup(arena, text);
}

bool ap_words_have(const ap_words *words, const char *text)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->items[i], text) == 0)
			return true;
	return false;
}

static ap_words words_of_list(ap_arena *arena, const ap_list *list)
{
	ap_words words = { .n = 0 };

	for (size_t i = 0; i < list->n; i++)
		ap_words_add(arena, &words, list->items[i].text);
	return words;
}

static ap_words words_of_entries(ap_arena *arena, const ap_entries *entries)
{
	ap_words words = { .n = 0 };

	for (size_t i = 0; i < entries->n; i++)
		ap_words_add(arena, &words, entries->items[i].text);
	return words;
}

static ap_objects_form objects_of(ap_arena *arena, const ap_objects *objects)
{
	return (ap_objects_form){ .all = objects->all,
				  .unlisted = objects->unlisted,
				  .departments = words_of_list(arena, &objects->departments),
				  .members = words_of_list(arena, &objects->members),
				  .domains = words_of_list(arena, &objects->domains),
				  .groups = words_of_list(arena, &objects->groups),
				  .ip = words_of_entries(arena, &objects->ip),
				  .regions = words_of_list(arena, &objects->regions) };
}

static const char *copy_of(ap_arena *arena, const char *text)
{
	return text != NULL ? ap_arena_strdup(arena, text) : NULL;
}

ap_policy_form ap_policy_form_of(ap_arena *arena, const ap_policy_def *policy)
{
	return (ap_policy_form){ .name = copy_of(arena, policy->name),
				 .type = policy->type,
				 .status = policy->status,
				 .scope = objects_of(arena, &policy->scope),
				 .except = objects_of(arena, &policy->except),
				 .ip = words_of_entries(arena, &policy->ip),
				 .regions = words_of_list(arena, &policy->regions),
				 .clients = words_of_list(arena, &policy->clients),
				 .other_clients_denied = policy->other_clients_denied.value,
				 .required = policy->required.value,
				 .replaces = copy_of(arena, policy->replaces.text),
				 .not_before = copy_of(arena, policy->not_before.written.text),
				 .not_after = copy_of(arena, policy->not_after.written.text),
				 .message = copy_of(arena, policy->message.text),
				 .comment = copy_of(arena, policy->comment.text) };
}

ap_exception_form ap_exception_form_of(ap_arena *arena, const ap_exception_def *exception)
{
	return (ap_exception_form){ .name = copy_of(arena, exception->name),
				    .policies = words_of_list(arena, &exception->policies),
				    .who = objects_of(arena, &exception->who),
				    .ip = words_of_entries(arena, &exception->ip),
				    .regions = words_of_list(arena, &exception->regions),
				    .clients = words_of_list(arena, &exception->clients),
				    .not_before = copy_of(arena, exception->not_before.written.text),
				    .not_after = copy_of(arena, exception->not_after.written.text),
				    .comment = copy_of(arena, exception->comment.text) };
}

/*
 * Comparison
 */

ap_names *ap_words_names(ap_arena *arena, const ap_words *words)
{
	ap_names *names = ap_names_new(arena);

	for (size_t i = 0; i < words->n; i++)
		if (ap_names_find(names, words->items[i]) == AP_NONE)
			ap_names_put(names, words->items[i], (uint32_t)i);
	return names;
}

static bool are_all_in(const ap_words *words, const ap_names *names)
{
	for (size_t i = 0; i < words->n; i++)
		if (ap_names_find(names, words->items[i]) == AP_NONE)
			return false;
	return true;
}

static bool have_same_words(const ap_words *a, const ap_words *b)
{
	ap_arena *scratch;
	size_t i = 0;
	bool same;

	while (i < a->n && i < b->n && strcmp(a->items[i], b->items[i]) == 0)
		i++;
	if (i == a->n && i == b->n)
		return true;
	scratch = ap_arena_new();
	same = are_all_in(a, ap_words_names(scratch, b)) && are_all_in(b, ap_words_names(scratch, a));
	ap_arena_free(scratch);
	return same;
}

static bool have_same_objects(const ap_objects_form *a, const ap_objects_form *b)
{
	return a->all == b->all && a->unlisted == b->unlisted && have_same_words(&a->departments, &b->departments) &&
	       have_same_words(&a->members, &b->members) && have_same_words(&a->domains, &b->domains) &&
	       have_same_words(&a->groups, &b->groups) && have_same_words(&a->ip, &b->ip) &&
	       have_same_words(&a->regions, &b->regions);
}

static bool are_same_texts(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool ap_policy_forms_are_same(const ap_policy_form *a, const ap_policy_form *b)
{
	return are_same_texts(a->name, b->name) && a->type == b->type && a->status == b->status &&
	       have_same_objects(&a->scope, &b->scope) && have_same_objects(&a->except, &b->except) &&
	       have_same_words(&a->ip, &b->ip) && have_same_words(&a->regions, &b->regions) &&
	       have_same_words(&a->clients, &b->clients) && a->other_clients_denied == b->other_clients_denied &&
	       a->required == b->required && are_same_texts(a->replaces, b->replaces) &&
	       are_same_texts(a->not_before, b->not_before) && are_same_texts(a->not_after, b->not_after) &&
	       are_same_texts(a->message, b->message) && are_same_texts(a->comment, b->comment);
}

bool ap_exception_forms_are_same(const ap_exception_form *a, const ap_exception_form *b)
{
	return are_same_texts(a->name, b->name) && have_same_words(&a->policies, &b->policies) &&
	       have_same_objects(&a->who, &b->who) && have_same_words(&a->ip, &b->ip) &&
	       have_same_words(&a->regions, &b->regions) && have_same_words(&a->clients, &b->clients) &&
	       are_same_texts(a->not_before, b->not_before) && are_same_texts(a->not_after, b->not_after) &&
	       are_same_texts(a->comment, b->comment);
}
