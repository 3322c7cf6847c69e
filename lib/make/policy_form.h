/*
 * policy_form.h - policies and exceptions as a person writes them, and the text of the files that hold them.
 *
 * What stands in a form is text as it will be written: nothing of it was checked. The text that it makes is libconfig's
 * syntax whatever the form holds; whether it means anything is for ap_load to say. Everything lives in an arena.
 */
#ifndef AP_POLICY_FORM_H
#define AP_POLICY_FORM_H

#include "names.h"
#include "policyset.h"

/* The strings of a list; n = 0: its key is not written. */
typedef struct {
	const char **items;
	size_t n;
} ap_words;

/* A scope, its `except`, or whom an exception frees. */
typedef struct {
	bool all;
	bool unlisted;
	ap_words departments; /* "finance" or "finance/…" */
	ap_words members;
	ap_words domains;
	ap_words groups;
	ap_words ip;      /* `except` only */
	ap_words regions; /* `except` only */
} ap_objects_form;

/* A text that is NULL is not written. */
typedef struct {
	const char *name;
	ap_policy_type type;
	ap_policy_status status; /* "enabled" is not written */
	ap_objects_form scope;
	ap_objects_form except;
	ap_words ip;
	ap_words regions;
	ap_words clients;
	bool other_clients_denied;
	bool required;
	const char *replaces;
	const char *not_before; /* RFC 3339 */
	const char *not_after;
	const char *message;
	const char *comment;
} ap_policy_form;

typedef struct {
	const char *name;
	ap_words policies;
	ap_objects_form who; /* members, departments, domains, groups */
	ap_words ip;
	ap_words regions;
	ap_words clients;
	const char *not_before;
	const char *not_after;
	const char *comment;
} ap_exception_form;

/* An entry of client_types. */
typedef struct {
	const char *name;
	ap_words service;
	ap_words tty;
	ap_words ruser;
	ap_words env;
	bool local;
} ap_client_form;

/* What a drop-in holds. */
typedef struct {
	const char *remark; /* lines of a comment that the file begins with, without their "//"; NULL: none */
	const ap_client_form *client_types;
	size_t n_client_types;
	const ap_policy_form *policies;
	size_t n_policies;
	const ap_exception_form *exceptions;
	size_t n_exceptions;
} ap_drop_in;

/* Adds a copy of `text` to the words. */
void ap_words_add(ap_arena *arena, ap_words *words, const char *text);

/* Is `text` one of the words, byte for byte? */
bool ap_words_have(const ap_words *words, const char *text);

/* From a word to its number in the list; from one that stands twice to the first. In the arena. */
ap_names *ap_words_names(ap_arena *arena, const ap_words *words);

/* What a policy's or exception's definition says. */
ap_policy_form ap_policy_form_of(ap_arena *arena, const ap_policy_def *policy);
ap_exception_form ap_exception_form_of(ap_arena *arena, const ap_exception_def *exception);

/* Is nothing of it written? */
bool ap_objects_form_is_empty(const ap_objects_form *objects);

/* Do both say the same? In which order a list stands makes no difference. */
bool ap_policy_forms_are_same(const ap_policy_form *a, const ap_policy_form *b);
bool ap_exception_forms_are_same(const ap_exception_form *a, const ap_exception_form *b);

/* The whole text of a drop-in, with a newline at its end. */
char *ap_drop_in_text(ap_arena *arena, const ap_drop_in *drop_in);

/*
 * One setting's value as it is written: `"a \"b\""`, `[ "a", "b" ]`, and a scope's `{ … }`; lines but the first are
 * indented by `indent` blanks, and there is no newline at the end.
 */
char *ap_quoted_text(ap_arena *arena, const char *text);
char *ap_words_text(ap_arena *arena, const ap_words *words, size_t indent);
char *ap_scope_text(ap_arena *arena, const ap_objects_form *scope, const ap_objects_form *except, size_t indent);

/*
 * The name of a drop-in for a policy or exception: "50-" and the name in lower case, what is neither letter nor digit
 * as "-", and ".conf"; "50-blocked-countries.conf". Letters that are not ASCII stay as they are. `number` above 1 is
 * put behind the name: for one whose name is taken.
 */
char *ap_drop_in_name(ap_arena *arena, const char *name, unsigned number);

#endif
