/*
 * access.h - what the parts of the importer of access.conf share. Not for use outside.
 *
 * What counts is what pam_access of Linux-PAM 1.5.2 does with a file, access.conf(5) where both agree. Lines become
 * rules (access_lines.c), a rule's fields people and places (access_people.c, access_places.c),
 * terminals and services client types (access_terminals.c), and what the rules deny, first match first, becomes
 * policies (access.c).
 */
#ifndef AP_ACCESS_H
#define AP_ACCESS_H

#include "address_set.h"
#include "import.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A list of users: all, or those that are named; but not those of `except`, which is such a list, or NULL. */
typedef struct ap_access_people {
	bool all;
	ap_words members;
	ap_words groups;
	struct ap_access_people *except;
} ap_access_people;

/* Of the logins whose PAM_RHOST is a name. What a policy has of them is unknown: it denies them where any are meant. */
typedef enum { AP_ACCESS_NO_NAMES, AP_ACCESS_SOME_NAMES, AP_ACCESS_ALL_NAMES } ap_access_names;

/* Places that logins come from. Zeroed is nowhere. */
typedef struct {
	ap_address_set remote;
	ap_access_names names;

	/* Logins without PAM_RHOST: those at the terminals, or with `other_terminals` those at none of them. Numbers
	   of the table, ascending. */
	bool other_terminals;
	uint32_t *terminals;
	size_t n_terminals;
} ap_access_places;

typedef struct {
	unsigned line;
	bool allows;       /* "+" */
	char *users_field; /* as they stand in the line */
	char *origins_field;
	const char *text; /* the line, without the blanks at its end */
	ap_access_people users;
	ap_access_places origins;
} ap_access_rule;

/* A word that PAM_TTY is, or PAM_SERVICE where there is no PAM_TTY. */
typedef struct {
	const char *word;        /* in lower case */
	ap_words spellings;      /* the word, and as the lines have it */
	const char *client_type; /* NULL: none is declared yet */
} ap_access_terminal;

typedef struct {
	const ap_import_source *source;
	ap_arena *arena;
	ap_import *import;
	const ap_nss *nss;
	ap_access_rule *rules;
	size_t n_rules;
	ap_access_terminal *terminals;
	size_t n_terminals;
	const char *clash;           /* what keeps terminals from being told by client types; NULL: nothing */
	ap_words double_names;       /* users that are groups, too */
	bool private_groups;         /* there are users that have a group of their own, which is not listed */
	bool accounts_read;          /* once, when they are asked for first */
	ap_import_account *accounts; /* that can be listed, by their groups' numbers */
	size_t n_accounts;
	char *entry_room; /* for entries of the name services, while they are looked at */
} ap_access;

/* access_lines.c: adds the rules of the text, and a note for each line that pam_access passes over. */
void ap_access_read_lines(ap_access *access);

/* A list's words, as strtok_r(3) has them; NULL behind the last, and at EXCEPT, which *ret_except is then true for. */
const char *ap_access_next_word(const ap_access *access, char **rest, bool *ret_except);

/* access_people.c */
/* strcmp or strcasecmp. */
typedef int ap_access_comparison(const char *a, const char *b);

/* Is the word one of them? */
bool ap_access_words_have(const ap_words *words, const char *word, ap_access_comparison *compare);

void ap_access_read_people(ap_access *access, ap_access_rule *rule);

/* access_places.c */
void ap_access_read_places(ap_access *access, ap_access_rule *rule);
ap_access_places ap_access_places_intersection(ap_arena *arena, const ap_access_places *a, const ap_access_places *b);
ap_access_places ap_access_places_difference(ap_arena *arena, const ap_access_places *a, const ap_access_places *b);
bool ap_access_places_overlap(const ap_access_places *a, const ap_access_places *b);
bool ap_access_places_are_within(const ap_access_places *inner, const ap_access_places *outer);
bool ap_access_places_are_none(const ap_access_places *places);
bool ap_access_places_are_all(ap_arena *arena, const ap_access_places *places);

/* access_terminals.c: the number of a terminal, which is put into the table. */
uint32_t ap_access_terminal_number(ap_access *access, const char *word);

/* Could the word be nothing but a terminal or a service: is it a device's name, or one that a client type's hints know? */
bool ap_access_is_no_host(const ap_access *access, const char *word);

/* What keeps terminals from being told by client types, as the end of a sentence; NULL: nothing. */
const char *ap_access_find_clash(const ap_access *access);

/* Declares the client types of the terminals that policies and exceptions of the import select. */
void ap_access_declare_terminals(ap_access *access);

/* access_programs.c: the notes on the file as a whole. */
void ap_access_note_programs(const ap_access *access);

/* The client type that a terminal is told by. */
const char *ap_access_terminal_type(ap_access *access, uint32_t number);

#endif
