/*
 * reader.h - what the parts of the reader share: the set in the making, and how a value is taken from libconfig's
 * tree. Not for use outside.
 */
#ifndef AP_READER_H
#define AP_READER_H

#include "../login/file.h"
#include "../login/text.h"
#include "diagnostics.h"
#include "names.h"
#include "policyset.h"
#include "progress.h"
#include "rawtext.h"

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>

enum { AP_MISTYPED_MAX = 16 };

typedef struct {
	ap_policy_set *set;
	ap_arena *arena; /* the set's */
	ap_diagnostics *diagnostics;
	const ap_progress *progress;   /* may be NULL */
	const ap_elsewhere *elsewhere; /* as in ap_load_options */
	const char *folder;            /* what relative paths are relative to; absolute, without a "/" at its end */
	const char *file;              /* the one that is being read */
	unsigned file_number;
	bool texts_alone;     /* no feeds, directory files and databases are read */
	bool drafting;        /* it is a draft, whose policies take the place of those of the same names */
	bool unreadable;      /* a file could not be read: anything may stand there */
	bool sections_missed; /* a text was not understood, or a key of its top level: a section may stand there */
	bool departments_incomplete; /* a directory file was not understood */
	const char **faulty;         /* the texts with errors: what seems to be missing may be defined there */
	size_t n_faulty;
	bool policies_written; /* some file has the key `policies` */
	ap_names *policies;    /* by lower-case name */
	ap_names *exceptions;
	ap_names *networks;
	ap_names *departments;
	ap_names *clients;      /* the first definition of a type */
	ap_names *client_hints; /* each definition, by name and hints as one text */
	ap_flag *local_flags;   /* by client type definition: `local` as written */
	size_t n_local_flags;
	ap_place *declared; /* by department: where `departments` declares it; line 0: it does not */
	size_t n_declared;
	ap_names *sources;  /* by path */
	size_t last_source; /* the number of the one that was read last */
	struct ap_suggestions *suggestions;
	struct {
		const config_setting_t *group;
		const char *meant;
	} mistyped[AP_MISTYPED_MAX]; /* the last unknown keys that were probably meant to be others */
	unsigned n_mistyped;
} ap_reader;

enum { AP_SHOWN_MAX = 120, AP_NAME_MAX = 200, AP_MESSAGE_MAX = 500, AP_COMMENT_MAX = 1000 };

/* A text from a file, quoted for a message and cut where it is long. The result lives to the end of the block. */
#define AP_SHOWN(text) ap_text_quote((text), (char[AP_SHOWN_MAX]){ 0 }, AP_SHOWN_MAX)

#define AP_COMPLAIN(reader, place, ...)                                                                                \
	ap_diagnostics_add((reader)->diagnostics, AP_ERROR, (place).file, (place).line, __VA_ARGS__)

/* name_syntax.c: what is wrong with a text, as the rest of a sentence that starts with it; NULL where nothing is. */

typedef const char *ap_fault(const char *text);

ap_fault ap_member_fault;
ap_fault ap_domain_fault;
ap_fault ap_department_fault;
ap_fault ap_department_pattern_fault; /* "finance" or "finance/…" */
ap_fault ap_group_fault;
ap_fault ap_region_fault; /* a text at all: which regions there are is for regions.c to say */
ap_fault ap_name_fault;   /* of policies, exceptions and networks, and references to them */
ap_fault ap_client_type_fault;
ap_fault ap_hint_fault;
ap_fault ap_environment_fault; /* NAME=value */
ap_fault ap_line_fault;        /* any text of one line */

/* read_values.c: each takes one setting's value into `field`, or complains and leaves it. */

typedef void ap_read(ap_reader *reader, const config_setting_t *setting, void *field);

/* A key that a group may hold: its value goes to the object's member at `offset`. */
typedef struct {
	const char *name;
	ap_read *read;
	size_t offset;
} ap_key;

/* Reads a group's settings; `where` is "in a policy" or the like. Returns false where a key was not known. */
bool ap_read_keys(ap_reader *reader, const config_setting_t *group, const char *where, const ap_key *keys,
		  size_t n_keys, void *object);

#define AP_READ_KEYS(reader, group, where, keys, object)                                                               \
	ap_read_keys((reader), (group), (where), (keys), sizeof(keys) / sizeof((keys)[0]), (object))

ap_place ap_place_of(const ap_reader *reader, const config_setting_t *setting);

/* True if a group holds the key, or one that was probably meant to be it: that it is missing need not be told then. */
bool ap_has_key(const ap_reader *reader, const config_setting_t *group, const char *key);

/* Complains of the value's type. `advice` may be "". */
void ap_refuse_type(ap_reader *reader, const config_setting_t *setting, const char *expected, const char *advice);

/* The string, owned by libconfig; NULL where it is none. */
const char *ap_string_of(ap_reader *reader, const config_setting_t *setting);

/* The string, owned by libconfig, if nothing is wrong with it; else NULL. */
const char *ap_valid_string_of(ap_reader *reader, const config_setting_t *setting, ap_fault *fault_of);

/* A path made absolute, in the reader's arena. */
char *ap_absolute(const ap_reader *reader, const char *path);

/* The number of the choice, or -1. */
int ap_choice_of(ap_reader *reader, const config_setting_t *setting, const char *const *choices, size_t n);

/* True with *ret_value written if it is true or false. */
bool ap_boolean_of(ap_reader *reader, const config_setting_t *setting, bool *ret_value);

/* Calls `each` for each group of a list of groups; where the value is none, what it holds is missing. */
void ap_read_groups_of(ap_reader *reader, const config_setting_t *setting,
		       void (*each)(ap_reader *reader, const config_setting_t *group));

/* True if `setting` is a list of anything, else complains that a list of strings is wanted. */
bool ap_expect_list(ap_reader *reader, const config_setting_t *setting);

ap_read ap_read_flag;    /* ap_flag */
ap_read ap_read_moment;  /* ap_moment */
ap_read ap_read_name;    /* char *: ap_name_fault */
ap_read ap_read_line;    /* char *: ap_line_fault */
ap_read ap_read_text;    /* ap_text: ap_line_fault */
ap_read ap_read_domain;  /* ap_text: ap_domain_fault */
ap_read ap_read_client;  /* ap_text: ap_client_type_fault */
ap_read ap_read_path;    /* ap_text, made absolute */
ap_read ap_read_message; /* ap_text */
ap_read ap_read_comment; /* ap_text */

/* Lists of strings: ap_list, added to. */
ap_read ap_read_members;
ap_read ap_read_domains;
ap_read ap_read_departments;
ap_read ap_read_groups;
ap_read ap_read_regions;
ap_read ap_read_clients;
ap_read ap_read_policy_names;
ap_read ap_read_hints;
ap_read ap_read_environment;
ap_read ap_read_paths;

/* entries.c */
ap_read ap_read_entries;          /* ap_entries */
ap_read ap_read_entries_or_empty; /* the same, and an empty list is for the caller to judge */

/* What is wrong with a range, for a message. `shown` is its text, cut where it is longer than any range is. */
typedef struct {
	char shown[AP_RANGE_TEXT_MAX + 8];
	char sentence[2 * AP_SHOWN_MAX + 200];
} ap_range_complaint;

ap_range_complaint ap_range_complaint_of(ap_range_fault fault, const char *text, const ap_range *range);

/* read_scopes.c: a policy's, and whom an exception frees. */
ap_read ap_read_scope; /* ap_policy_def: scope and except */

/* Complains where a group that says whom an exception frees says nobody. */
void ap_check_freed(ap_reader *reader, const config_setting_t *group, ap_place place);

/* Complains where two times leave nothing between them. */
void ap_check_moments(ap_reader *reader, const ap_moment *not_before, const ap_moment *not_after);

/*
 * read_tree.c: hands the settings of reader->file's text to `read_root`. `text` has a NUL byte behind its last. False,
 * with a complaint, where the text as a whole was not understood: `read_root` was not called then.
 */
typedef void ap_read_settings(ap_reader *reader, const config_setting_t *group);
bool ap_read_tree(ap_reader *reader, const char *text, size_t size, ap_read_settings *read_root);

/* read_policies.c, read_sections.c: the values of the root's keys; `field` is the reader's set. */
ap_read ap_read_policies;
ap_read ap_read_exceptions;
void ap_read_root(ap_reader *reader, const config_setting_t *root);

/* load.c */

/* ap_file_read of what the policy, or the machine that it is of, calls `path`. */
ap_status ap_reader_read(const ap_reader *reader, const char *path, size_t limit, char **ret_text, size_t *ret_size,
			 ap_error *error);

/* A reader that has seen no file, whose set and arena are those of `set`. */
void ap_reader_init(ap_reader *reader, ap_policy_set *set, ap_diagnostics *diagnostics);

/* Takes in a policy file's text, `size` bytes with a NUL byte behind the last; `file` is what it is called. */
void ap_read_policy_text(ap_reader *reader, const char *file, const char *text, size_t size);

/* departments.c */

/* The number of the department, which is added with its ancestors if need be. `path` is a valid one. */
uint32_t ap_department_number(ap_reader *reader, const char *path);
ap_read ap_read_department_list;

/* sources.c: notes a file that was read, once; `text` is copied for a policy file. */
void ap_note_source(ap_reader *reader, ap_source_kind kind, const char *path, const char *text, size_t size);

/* Notes the region database, which set->region_data is read from. */
void ap_note_region_database(ap_reader *reader);

/* When all files are read: what the policy files are, as one number. */
void ap_sum_up_sources(ap_policy_set *set);

/* datafile.c: what feeds and directory files have in common. */

/*
 * Reads a feed or directory file that `place` names: the whole text, which the caller frees, or NULL with a complaint.
 * It is noted as a source.
 */
char *ap_read_data_file(ap_reader *reader, ap_source_kind kind, const char *path, ap_place place, size_t *ret_size);

/* Tells how far the reading of a data file is, but not at every line. */
void ap_tell_line(const ap_reader *reader, const char *file, unsigned line, size_t done, size_t size);

/* How many entries the data file came to that was read last. */
void ap_note_entries(ap_reader *reader, size_t n);

/* A counter of what is wrong with one feed or directory file, of which only the first few are told. */
typedef struct {
	ap_reader *reader;
	const char *file;
	ap_severity severity;
	unsigned shown_max;
	unsigned n;
	unsigned last_line;
} ap_file_faults;

/* True if this one is to be told; counts it. */
bool ap_file_faults_next(ap_file_faults *faults, unsigned line);
void ap_file_faults_end(const ap_file_faults *faults);

/* feed.c: reads a network's feed into its ranges. */
void ap_read_feed(ap_reader *reader, ap_network_def *network);

/* directory.c: reads all that `directory` lists into departments and memberships. */
void ap_read_directory_files(ap_reader *reader);

/* resolve.c: finds what each name refers to, and complains where there is none. */
void ap_resolve(ap_reader *reader);

/* The part of it that is about one policy of the set. */
void ap_resolve_policy(ap_reader *reader, ap_policy_def *policy);

/* circles.c: complains of networks that hold themselves. */
void ap_check_circles(ap_reader *reader);

/*
 * regions.c: gathers the regions that are named, and has the region database say where they are. What it cannot say is
 * unknown, with a warning; with `must_be_known` and a region that is in use it is an error.
 */
void ap_resolve_regions(ap_reader *reader, bool must_be_known);

/* The part of it that needs no database: complains of what is no region's code. */
void ap_check_region_codes(ap_reader *reader);

/* references.c: what a name may refer to. */
typedef enum { AP_REFERENCE_POLICY, AP_REFERENCE_NETWORK, AP_REFERENCE_DEPARTMENT, AP_REFERENCE_CLIENT } ap_reference;

/*
 * The number of what the name refers to; AP_NONE, with a complaint unless it may stand in what was not understood,
 * where there is none. A built-in client type without a definition is number 0: only AP_NONE tells.
 */
uint32_t ap_reference_find(ap_reader *reader, ap_reference kind, const char *name, ap_place place);

#endif
