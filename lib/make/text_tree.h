/*
 * text_tree.h - where in a policy file's text each setting and value stands, and changes of the text between them.
 *
 * libconfig's tree has neither comments nor places; a text that is to be changed in place is taken apart here.
 */
#ifndef AP_TEXT_TREE_H
#define AP_TEXT_TREE_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum { AP_NODE_SCALAR, AP_NODE_GROUP, AP_NODE_LIST /* ( ) or [ ] */ } ap_node_kind;

/* A setting of a group, or an element of a list. Offsets are bytes from the text's start; an end is behind the last. */
typedef struct ap_text_node {
	ap_node_kind kind;
	const char *key; /* NULL: an element */
	size_t start;    /* of the setting's name, or of the element */
	size_t value;
	size_t value_end;
	size_t end; /* behind the ";" or "," that ends it, or value_end */
	struct ap_text_node *children;
	size_t n_children;
} ap_text_node;

/*
 * Takes a text apart that ap_load has accepted. The root is a group that spans all of it. NULL where the text is not of
 * the syntax. Everything lives in the arena.
 */
const ap_text_node *ap_text_tree_of(ap_arena *arena, const char *text);

/* The setting of that name, or NULL. */
const ap_text_node *ap_text_node_find(const ap_text_node *group, const char *key);

/* Changes of one text, gathered. `text` is borrowed. */
typedef struct ap_splices ap_splices;
ap_splices *ap_splices_new(ap_arena *arena, const char *text);

/* The bytes from `start` to `end` give way to `with`. No two of them overlap; insertions at one place keep their order. */
void ap_splice(ap_splices *splices, size_t start, size_t end, const char *with);

/* True if this very change is among them. */
bool ap_splices_have(const ap_splices *splices, size_t start, size_t end, const char *with);

/* The text with all changes. In the arena. */
char *ap_splices_text(ap_splices *splices);

#endif
