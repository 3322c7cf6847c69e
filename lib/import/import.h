/*
 * import.h - rules of another program, carried over into policies.
 *
 * An importer takes text and makes forms (policy_form.h): it opens no file, writes none, asks no DNS, and asks the
 * system's name services only through the look-ups that it is given. What it cannot carry over exactly it says, line by
 * line; nothing is dropped without a word. Where there is a choice it takes the side that denies.
 */
#ifndef AP_IMPORT_H
#define AP_IMPORT_H

#include "../login/nss.h"
#include "../make/policy_form.h"

enum { AP_IMPORT_FILE_MAX = 16 * 1024 * 1024 }; /* bytes */

typedef enum {
	AP_IMPORT_NOTE, /* logins are decided as before; or, of the file as a whole, in what the programs differ anyway */
	AP_IMPORT_DIFFERENCE, /* some logins are decided otherwise than before: which, and why */
	AP_IMPORT_ERROR       /* the line is none of the format; nothing is imported */
} ap_import_severity;

typedef struct {
	ap_import_severity severity;
	unsigned line;    /* 0: the file as a whole */
	const char *text; /* what stands there, as far as it is concerned; NULL: nothing that could be shown */
	const char *reason;
} ap_import_note;

/* Everything lives in the importer's arena. Notes are in the order in which they were added. */
typedef struct {
	const char *remark; /* what the drop-in begins with, beside what every import says; NULL: nothing */
	ap_client_form *client_types;
	size_t n_client_types;
	ap_policy_form *policies; /* enabled ones, with names that are unique among themselves */
	size_t n_policies;
	ap_exception_form *exceptions;
	size_t n_exceptions;
	ap_import_note *notes;
	size_t n_notes;
	size_t n_rules; /* how many there are in the file */
} ap_import;

/* One member of a netgroup, netgroup(5); NULL where a field is empty, and so stands for anything. */
typedef struct {
	const char *host;
	const char *user;
	const char *domain;
} ap_netgroup_triple;

/*
 * Puts the triples of a netgroup into the arena and returns how many there are: 0 too where there is no such netgroup.
 */
typedef size_t ap_netgroup_look_up(ap_arena *arena, const char *name, const ap_netgroup_triple **ret_triples);

/* An account, and the number of its first group. */
typedef struct {
	const char *name;
	gid_t gid;
} ap_import_account;

/* Puts the accounts that can be listed into the arena and returns how many there are. */
typedef size_t ap_accounts_list(ap_arena *arena, const ap_import_account **ret_accounts);

typedef struct {
	ap_arena *arena;
	const char *name; /* what messages and policies call the file: its path, or "standard input" */
	const char *text; /* with a NUL byte behind its last */
	size_t size;

	/* What the files say already, or NULL: what an import must not change. */
	const ap_policy_set *set;

	const ap_nss *nss; /* NULL: the system's */

	/* access.conf: what pam_access is given, and what it finds; NULL: as it has it by default. */
	bool nodefgroup;
	const char *fieldsep;
	const char *listsep;
	const char *host_name; /* of the machine; NULL: unknown */
	const char *domain;    /* its NIS domain, or NULL */
	ap_netgroup_look_up *netgroup;
	ap_accounts_list *accounts; /* NULL: none can be listed */
	bool declare_client_types;  /* though policies that are there choose among client types */
} ap_import_source;

typedef struct {
	const char *name;    /* "access.conf" */
	const char *program; /* whose rules they are: "pam_access" */

	/* Adds to *import, which is zeroed. With an error among the notes the rest counts for nothing. */
	void (*read)(const ap_import_source *source, ap_import *import);
} ap_import_format;

/* Ended by one whose name is NULL. */
extern const ap_import_format ap_import_formats[];

/* The format of that name, or NULL. */
const ap_import_format *ap_import_format_find(const char *name);

/*
 * Reads the source by the format and makes what came of it fit to be written: names that the set has already, or that are
 * there twice, get a number, also where an exception refers to them; notes are sorted by line.
 */
void ap_import_read(const ap_import_format *format, const ap_import_source *source, ap_import *ret_import);

/* How many notes of that severity there are. */
size_t ap_import_count(const ap_import *import, ap_import_severity severity);

/*
 * For importers: adds a note; `text` and what `format` makes are copied, and made printable. `text` may be NULL.
 */
__attribute__((format(printf, 6, 7))) void ap_import_add_note(ap_arena *arena, ap_import *import,
							      ap_import_severity severity, unsigned line,
							      const char *text, const char *format, ...);

/* A copy of the text without the blanks at its ends, of any kind. */
const char *ap_import_trimmed(ap_arena *arena, const char *start, size_t length);

/*
 * A copy of text from the file, fit to be a name or a comment: cut after about `most` bytes, and where there is anything in it
 * that must not be seen, escaped as ap_text_escape has it.
 */
const char *ap_import_shown(ap_arena *arena, const char *text, size_t most);

/* "access.conf line 12: - : ALL : ALL", a policy's comment; at most as long as a comment can be. */
const char *ap_import_origin(ap_arena *arena, const char *format, unsigned line, const char *text);

/* The importers, each in a file of its own. */
void ap_import_access_conf(const ap_import_source *source, ap_import *import);
void ap_import_geoip_conf(const ap_import_source *source, ap_import *import);
void ap_import_allow_nets(const ap_import_source *source, ap_import *import);
void ap_import_predecessors(const ap_import_source *source, ap_import *import);

#endif
