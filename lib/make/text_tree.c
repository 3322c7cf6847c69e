#include "text_tree.h"

#include "rawtext.h"
#include "rawtokens.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
	ap_arena *arena;
	const char *text;
	ap_tokens tokens;
	ap_token next;
	unsigned depth;
	bool failed;
} parser;

static void advance(parser *p)
{
	p->next = ap_tokens_next(&p->tokens);
}

static size_t offset_of(const parser *p, const ap_token *token)
{
	return (size_t)(token->start - p->text);
}

static size_t end_of(const parser *p, const ap_token *token)
{
	return offset_of(p, token) + token->length;
}

static void take_end(parser *p, ap_text_node *node)
{
	node->end = node->value_end;
	if (!ap_token_is(&p->next, ';') && !ap_token_is(&p->next, ','))
		return;
	node->end = end_of(p, &p->next);
	advance(p);
}

static void parse_value(parser *p, ap_text_node *node);

static void parse_settings(parser *p, ap_text_node *group)
{
	while (!p->failed && p->next.kind == AP_TOKEN_NAME) {
		ap_text_node *node = AP_PUSH(p->arena, group->children, group->n_children);

		node->key = ap_arena_strndup(p->arena, p->next.start, p->next.length);
		node->start = offset_of(p, &p->next);
		advance(p);
		if (!ap_token_is(&p->next, '=') && !ap_token_is(&p->next, ':')) {
			p->failed = true;
			return;
		}
		advance(p);
		parse_value(p, node);
		take_end(p, node);
	}
}

static void parse_elements(parser *p, ap_text_node *list, char close)
{
	while (!p->failed && !ap_token_is(&p->next, close)) {
		ap_text_node *node = AP_PUSH(p->arena, list->children, list->n_children);

		node->start = offset_of(p, &p->next);
		parse_value(p, node);
		take_end(p, node);
	}
}

static void parse_aggregate(parser *p, ap_text_node *node, char close)
{
	if (++p->depth > AP_RAWTEXT_DEPTH_MAX) {
		p->failed = true;
		return;
	}
	advance(p);
	if (close == '}')
		parse_settings(p, node);
	else
		parse_elements(p, node, close);
	p->failed = p->failed || !ap_token_is(&p->next, close);
	node->value_end = p->failed ? 0 : end_of(p, &p->next);
	advance(p);
	p->depth--;
}

/* Strings that follow each other are one value. */
static void parse_scalar(parser *p, ap_text_node *node)
{
	bool is_string = p->next.kind == AP_TOKEN_STRING;

	if (p->next.kind == AP_TOKEN_MARK || p->next.kind == AP_TOKEN_END) {
		p->failed = true;
		return;
	}
	do {
		node->value_end = end_of(p, &p->next);
		advance(p);
	} while (is_string && p->next.kind == AP_TOKEN_STRING);
}

static void parse_value(parser *p, ap_text_node *node)
{
	node->value = offset_of(p, &p->next);
	if (ap_token_is(&p->next, '{')) {
		node->kind = AP_NODE_GROUP;
		parse_aggregate(p, node, '}');
	} else if (ap_token_is(&p->next, '[') || ap_token_is(&p->next, '(')) {
		node->kind = AP_NODE_LIST;
		parse_aggregate(p, node, ap_token_is(&p->next, '[') ? ']' : ')');
	} else {
		node->kind = AP_NODE_SCALAR;
		parse_scalar(p, node);
	}
}

const ap_text_node *ap_text_tree_of(ap_arena *arena, const char *text)
{
	size_t size = strlen(text);
	ap_diagnostics diagnostics = { 0 };
	parser p = { .arena = arena,
		     .text = text,
		     .tokens = { .file = "", .at = text, .end = text + size, .line = 1, .diagnostics = &diagnostics } };
	ap_text_node *root = ap_arena_alloc(arena, sizeof(*root));

	*root = (ap_text_node){ .kind = AP_NODE_GROUP, .value_end = size, .end = size };
	advance(&p);
	parse_settings(&p, root);
	p.failed = p.failed || p.next.kind != AP_TOKEN_END || diagnostics.n_errors > 0;
	ap_diagnostics_clear(&diagnostics);
	return p.failed ? NULL : root;
}

const ap_text_node *ap_text_node_find(const ap_text_node *group, const char *key)
{
	for (size_t i = 0; i < group->n_children; i++)
		if (strcmp(group->children[i].key, key) == 0)
			return &group->children[i];
	return NULL;
}

/*
 * Changes
 */

typedef struct {
	size_t start;
	size_t end;
	const char *with;
	size_t number; /* in the order in which they came */
} splice;

struct ap_splices {
	ap_arena *arena;
	const char *text;
	splice *items;
	size_t n;
};

ap_splices *ap_splices_new(ap_arena *arena, const char *text)
{
	ap_splices *splices = ap_arena_alloc(arena, sizeof(*splices));

	splices->arena = arena;
	splices->text = text;
	return splices;
}

void ap_splice(ap_splices *splices, size_t start, size_t end, const char *with)
{
	splice *added = AP_PUSH(splices->arena, splices->items, splices->n);

	*added = (splice){ .start = start, .end = end, .with = with, .number = splices->n };
}

bool ap_splices_have(const ap_splices *splices, size_t start, size_t end, const char *with)
{
	for (size_t i = 0; i < splices->n; i++)
		if (splices->items[i].start == start && splices->items[i].end == end &&
		    strcmp(splices->items[i].with, with) == 0)
			return true;
	return false;
}

static int compare(const void *left, const void *right)
{
	const splice *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

char *ap_splices_text(ap_splices *splices)
{
	size_t size = strlen(splices->text) + 1, from = 0, n = 0;
	char *out;

	for (size_t i = 0; i < splices->n; i++)
		size += strlen(splices->items[i].with);
	out = ap_arena_alloc(splices->arena, size);
	if (splices->n > 1)
		qsort(splices->items, splices->n, sizeof(*splices->items), compare);
	for (size_t i = 0; i < splices->n; i++) {
		const splice *s = &splices->items[i];
		size_t length = strlen(s->with);

		if (s->start > from) {
			memcpy(out + n, splices->text + from, s->start - from);
			n += s->start - from;
		}
		memcpy(out + n, s->with, length);
		n += length;
		from = s->end > from ? s->end : from;
	}
	memcpy(out + n, splices->text + from, strlen(splices->text) - from + 1);
	return out;
}
