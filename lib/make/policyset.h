/*
 * policyset.h - what the policy files say, as read: every setting with the file and line that it was written in.
 *
 * Names are as written and unresolved but where said; ap_load has checked that each refers to something. Everything is
 * owned by the set's arena.
 */
#ifndef AP_POLICYSET_H
#define AP_POLICYSET_H

#include "../login/address.h"
#include "../login/image.h"
#include "arena.h"
#include "region_database.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	const char *file; /* the path as it was opened */
	unsigned line;    /* 0: not written anywhere: a default */
} ap_place;

typedef struct {
	char *text; /* NULL: not written */
	ap_place place;
} ap_text;

typedef struct {
	ap_text *items;
	size_t n;
	ap_place place; /* of the key; line 0: the key is not written */
} ap_list;

typedef struct {
	bool value;
	ap_place place;
} ap_flag;

typedef struct {
	int64_t value; /* seconds since 1970-01-01T00:00:00Z */
	ap_text written;
} ap_moment;

/* An IP entry of a policy, an exception or a named network. */
typedef enum { AP_ENTRY_RANGE, AP_ENTRY_LOCAL, AP_ENTRY_NETWORK } ap_entry_kind;
typedef struct {
	ap_entry_kind kind;
	ap_range range;   /* AP_ENTRY_RANGE */
	uint32_t network; /* AP_ENTRY_NETWORK: index into the set's networks */
	char *text;       /* as written */
	ap_place place;
} ap_entry;

typedef struct {
	ap_entry *items;
	size_t n;
	ap_place place; /* line 0: the key is not written */
} ap_entries;

/* A scope, its `except`, or whom an exception frees. */
typedef struct {
	ap_place place; /* line 0: not written */
	bool all;
	bool unlisted;
	ap_list departments; /* "finance" or "finance/…" */
	ap_list members;
	ap_list domains;
	ap_list groups;
	ap_entries ip;   /* `except` only */
	ap_list regions; /* `except` only */
} ap_objects;

typedef struct {
	char *name;
	ap_place place;
	ap_policy_type type;
	ap_place type_place;
	ap_policy_status status;
	ap_place status_place;
	ap_objects scope;
	ap_objects except;
	ap_entries ip;
	ap_list regions;
	ap_list clients;
	ap_flag other_clients_denied; /* other_clients = "deny" */
	ap_flag required;
	ap_text replaces;
	ap_moment not_before; /* INT64_MIN where not written */
	ap_moment not_after;  /* INT64_MAX where not written */
	ap_text message;
	ap_text comment;
	bool draft; /* it came from a draft */
} ap_policy_def;

typedef struct {
	char *name;
	ap_place place;
	ap_list policies;
	ap_objects who; /* members, departments, domains, groups */
	ap_entries ip;
	ap_list regions;
	ap_list clients;
	ap_moment not_before;
	ap_moment not_after;
	ap_text comment;
} ap_exception_def;

typedef struct {
	char *name;
	ap_place place;
	unsigned file_number; /* in reading order: the last file's entries are tried first */
	bool local;
	ap_list service;
	ap_list tty;
	ap_list ruser;
	ap_list env;
} ap_client_def;

typedef struct {
	char *name;     /* the whole path */
	ap_place place; /* line 0: an ancestor that only stands in a path; or where a directory file first names it */
	ap_list groups;
} ap_department_def;

/* That a member is in a department, from `departments` or a directory file. Kept small: there may be millions. */
typedef struct {
	const char *member;  /* as written */
	uint32_t department; /* index into the set's departments */
} ap_membership;

typedef struct {
	char *name;
	ap_place place;
	ap_entries ip;
	ap_text feed;     /* the feed's path, made absolute; text NULL: none */
	ap_range *ranges; /* the feed's */
	size_t n_ranges;
	bool may_be_empty;
} ap_network_def;

typedef struct {
	ap_place place;
	char *user;
	char *ip;      /* "local" is the machine itself; NULL: none */
	char *client;  /* or NULL */
	char *service; /* or NULL, like the rest */
	char *tty;
	char *ruser;
	char **env;     /* ended by NULL, or NULL */
	ap_moment time; /* written.text NULL: now */
	bool expect_allow;
} ap_assertion_def;

/* A region that policies or exceptions name. */
typedef struct {
	const char *code;
	ap_place place;         /* where it is first named, by something that is in use if there is such */
	bool in_use;            /* not only disabled policies name it */
	bool unknown[2];        /* IPv4, IPv6: which addresses are in it cannot be known */
	ap_u128 n_addresses[2]; /* in it, where that is known */
} ap_region_def;

/* A file that was read. */
typedef struct {
	const char *path;
	ap_source_kind kind;
	char *text; /* the whole of a policy file; NULL: of another */
	size_t size;
	uint8_t sha256[32];
	size_t n; /* members of a directory file, entries of a feed, 0 of another */
} ap_source_def;

typedef struct {
	ap_arena *arena;
	const char *root; /* the root file's path */

	/* the files that were read, in reading order: the root file, its drop-ins; feeds and directory files are not
	   among them */
	const char **files;
	size_t n_files;

	ap_source_def *sources; /* all files, in the order in which they were read */
	size_t n_sources;
	uint8_t text_sha256[32]; /* of the policy files together, as ap_image_head has it */

	ap_text default_domain;
	ap_list administrators;
	ap_text message; /* text is never NULL: the default is the feature's own sentence */
	bool undetermined_allows;
	bool free_edition;
	ap_place edition_place;
	ap_text region_database;
	ap_text default_client_type; /* text is never NULL */
	unsigned max_shrink;         /* percent */
	ap_text audit_file;          /* text NULL: no audit */
	ap_audit_record audit_record;
	ap_list directory; /* paths, made absolute */

	ap_client_def *client_types; /* as written, in reading order; the built-in types are not among them */
	size_t n_client_types;
	ap_department_def *departments; /* a parent stands before its children */
	size_t n_departments;
	ap_membership *memberships;
	size_t n_memberships;
	ap_network_def *networks; /* one that refers to another stands anywhere; there are no circles */
	size_t n_networks;
	ap_policy_def *policies;
	size_t n_policies;
	ap_exception_def *exceptions;
	size_t n_exceptions;
	ap_region_def *regions; /* ascending by code, bytewise */
	size_t n_regions;
	bool region_data_read; /* region_data is what the database says; its numbers are those of the regions */
	ap_region_data region_data;
	size_t region_source; /* the number of the database among the sources, with region_data_read */
	ap_assertion_def *assertions;
	size_t n_assertions;
} ap_policy_set;

/* Client types that need no declaration: "native", "web", "dingtalk-pc" … "third-party", "system"; ended by NULL. */
extern const char *const ap_builtin_client_types[];

/* The words that the files and the command have for them, by ap_policy_type and ap_policy_status. */
extern const char *const ap_policy_type_names[AP_POLICY_BLACKLIST + 1];
extern const char *const ap_policy_status_names[AP_POLICY_REPORT_ONLY + 1];

/* The same, for a number that an image holds. */
const char *ap_policy_type_name(uint32_t type);
const char *ap_policy_status_name(uint32_t status);

/* "policies", "directory", "feed", "region database": the same of an ap_source_kind. */
const char *ap_source_kind_name(uint32_t kind);

ap_policy_set *ap_policy_set_new(void);
void ap_policy_set_free(ap_policy_set *set);

/* The number of a region that the set names, or AP_NONE. */
uint32_t ap_region_number(const ap_policy_set *set, const char *code);

/* The policy or exception of that name, or NULL. */
const ap_policy_def *ap_policy_set_find(const ap_policy_set *set, const char *name);
const ap_exception_def *ap_policy_set_find_exception(const ap_policy_set *set, const char *name);

#endif
