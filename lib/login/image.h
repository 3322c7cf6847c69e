/*
 * image.h - the compiled policy: its format, and how it is opened.
 *
 * An image is one flat run of bytes: a head, and behind it records, strings and numbers, placed so that what one login
 * needs stands together. There are no pointers: a *place* is the offset of something from the image's start, of 32
 * bits, 0 where there is nothing (at 0 stands the head). Numbers are in the byte order of the machine that wrote them,
 * which the head tells.
 *
 *     string     its length in bytes (32 bits), the bytes, a NUL byte; UTF-8
 *     span       n numbers of 32 bits; one alone stands in the span itself (ap_span)
 *     table      n records of one size, as many in each stretch of AP_BLOCK_BYTES as fit there whole, the rest of a
 *                stretch unused (ap_image_table); one that is longer than a stretch begins where a block does
 *     dictionary from a name to what is known of its bearer: buckets, each a table's stretch or less (ap_dictionary)
 *     ranges     sorted, disjoint ranges of addresses, and above them a sample of each stretch, and so on until a
 *                sample is small (ap_image_ranges): an address is found with one read a level
 *     net        a set of addresses: ranges, and regions (ap_image_net)
 *     map        where addresses are: ranges that each lead to a location, which is in one or several of the regions
 *                that the policies name (ap_image_map); one for all of them, so that a login looks once where it is
 *
 * In what order these stand is the compiler's choice. At the front, up to `head.hot`, stands what every login reads,
 * then the policies one by one, each with its strings and small nets in one block where that has room.
 *
 * It is stored in blocks that are checked one by one (block.h); in a file, and in the pipe from the compiler's process.
 * The identity in their checksums is the image's revision. `head.made` and `head.trial` are outside of that: the same policy,
 * made twice, or on trial and then kept, is the same revision. The checksums cover them as they cover everything.
 *
 * An image is not believed because it exists: its head and size are checked when it is opened, the checksums of each
 * block when it is read, and every access is held against the image's bounds. What fails marks the reader (ap_view in
 * view.h), so that an evaluation reads straight on and asks once, at its end, whether all that it read was sound.
 */
#ifndef AP_IMAGE_H
#define AP_IMAGE_H

#include "block.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AP_IMAGE_MAGIC "APIMAGE" /* with its NUL byte: eight bytes */
#define AP_IMAGE_VERSION 1u
#define AP_IMAGE_BYTE_ORDER 0x01020304u
#define AP_NONE UINT32_MAX

enum {
	AP_REVISION_BYTES = AP_IDENTITY_BYTES,
	AP_HEX_REVISION = 2 * AP_REVISION_BYTES,
	AP_IMAGE_DEPARTMENT_DEPTH_MAX = 128,
	AP_TRIAL_SECONDS_MAX = 7 * 24 * 60 * 60 /* from `made` on; what says that it lasts longer is damaged */
};

/* n numbers at `at`; with n = 1 `at` is that number itself. */
typedef struct {
	uint32_t n;
	uint32_t at;
} ap_span;

typedef struct {
	uint32_t n; /* records */
	uint32_t at;
} ap_image_table;

/*
 * A name's bucket is its hash (ap_image_hash) modulo their number. One bucket: `bytes` long, wherever it stands.
 * More: each AP_BLOCK_BYTES long, a block. An entry that found its bucket full stands in the next that has room, and
 * every bucket that it passed is marked (ap_image_bucket).
 */
typedef struct {
	uint32_t n_buckets;
	uint32_t at;
	uint32_t bytes;
} ap_dictionary;

typedef struct {
	uint16_t n_entries;
	uint16_t passed; /* 0 or 1: an entry that belongs here may stand in the next */
} ap_image_bucket;       /* followed by its entries */

/* An entry of a bucket, a multiple of 4 bytes long, followed by ap_image_concern if it is `concerned`, then the name. */
typedef struct {
	uint32_t hash; /* the upper half */
	uint16_t name_bytes;
	uint16_t concerned;  /* 0 or 1 */
	uint32_t number;     /* of a listed member, domain or group; AP_NONE: a member that only departments list */
	ap_span departments; /* places, ascending by number */
} ap_image_entry;

/* Whom something is about is asked the other way round: which policies and exceptions are about this one? Places. */
typedef struct {
	ap_span policies;
	ap_span exceptions;
} ap_image_concern;

typedef enum {
	AP_TABLE_CLIENTS,     /* ap_image_client, by client number */
	AP_TABLE_HINTS,       /* ap_image_hint, in the order in which they are tried */
	AP_TABLE_GROUPS,      /* ap_image_group, by group number */
	AP_TABLE_DEPARTMENTS, /* uint32_t: the place of an ap_image_department, by number */
	AP_TABLE_MEMBERS,     /* ap_image_member, by number: those that policies or exceptions list */
	AP_TABLE_DOMAINS,     /* uint32_t: the string, by domain number */
	AP_TABLE_POLICIES,    /* uint32_t: the place of an ap_image_policy, in reading order */
	AP_TABLE_EXCEPTIONS,  /* uint32_t: the place of an ap_image_exception, in reading order */
	AP_TABLE_ORIGINS,     /* ap_image_origin: the written entries that ranges came from */
	AP_TABLE_SOURCES,     /* ap_image_source: the files that it was made of, in reading order */
	AP_TABLE_REGIONS,     /* ap_image_region, by region number: those that policies or exceptions name */
	AP_TABLE_LOCATIONS,   /* ap_image_location, by number */
	AP_TABLE_ALIASES,     /* ap_image_alias */
	AP_TABLE_DATABASES,   /* ap_image_database: the region database that the map was made of, if there was one */
	AP_N_TABLES
} ap_table_kind;

typedef struct {
	uint32_t default_domain; /* string, lower case, or 0 */
	uint32_t message;
	uint32_t default_client;      /* client number */
	uint32_t system_client;       /* client number of "system" */
	uint32_t undetermined_allows; /* 0 or 1 */
	uint32_t audit_file;          /* string or 0 */
	uint32_t audit_record;        /* ap_audit_record */
	ap_span group_departments; /* pairs: group number, department number: departments whose members a group lists */
} ap_image_settings;

typedef enum { AP_AUDIT_NONE = 0, AP_AUDIT_DENIED = 1, AP_AUDIT_ALL = 2 } ap_audit_record;

enum { AP_RANGES_LEVELS = 3, AP_RANGES_TOP_BYTES = 1024 };

/*
 * n ranges of one family in ascending order, none overlapping another, as a table of ap_image_range4 or …6. Where they
 * fill more than one stretch, samples[0] is the table of the first address of each stretch of the ranges; where that
 * takes more than AP_RANGES_TOP_BYTES, samples[1] is the same of samples[0], and so on. 0: no further level.
 */
typedef struct {
	uint32_t n;
	uint32_t at;
	uint32_t samples[AP_RANGES_LEVELS];
} ap_image_ranges;

/* Where addresses are. A range's origin is the number of its location; where no range is, no region is that is named. */
typedef struct {
	ap_image_ranges ranges4;
	ap_image_ranges ranges6; /* but for what an alias leads to */
} ap_image_map;

/* An image that is in force on trial ends by itself; what counts from then on is an image of the history (applied.h). */
typedef struct {
	int64_t ends; /* seconds since 1970-01-01T00:00:00Z, the first that is outside; 0: it is not on trial */
	uint8_t then[AP_REVISION_BYTES]; /* the revision that counts from then on; zeros where it is not on trial */
} ap_image_trial;

typedef struct {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint32_t size;                       /* bytes of the image, not of what it is stored in */
	uint32_t hot;                        /* bytes at its front that every login reads */
	int64_t made;                        /* seconds since 1970-01-01T00:00:00Z; not part of the revision */
	uint8_t revision[AP_REVISION_BYTES]; /* SHA-256 of the image with `made`, `trial` and this field as zeros */
	uint8_t text[AP_REVISION_BYTES];     /* SHA-256 of the policy files: of each its path, a NUL byte, its size in
	                                        decimal digits, a newline and its bytes, in reading order */
	ap_image_trial trial;                /* not part of the revision */
	ap_image_settings settings;
	ap_image_map map;
	ap_image_table tables[AP_N_TABLES];
	ap_image_concern everyone; /* those that a login concerns whoever logs in */
	ap_image_concern unlisted; /* those that are about members of no department */
	ap_dictionary members;     /* "user@domain", or "user" */
	ap_dictionary anywhere;    /* "user@": that name in any domain */
	ap_dictionary domains;
	ap_dictionary groups;
	uint32_t reserved;
} ap_image_head;

typedef struct {
	uint32_t name;
	uint32_t local; /* 0 or 1: a login without an address is at the machine itself */
} ap_image_client;

/* n strings that stand one behind the other, each padded to a multiple of 4 bytes. */
typedef struct {
	uint32_t n;
	uint32_t at;
} ap_texts_span;

/* All kinds of hints that are listed must fit; within a kind one is enough. Globs. */
typedef struct {
	uint32_t client;
	uint32_t file;
	uint32_t line;
	ap_texts_span service;
	ap_texts_span tty;
	ap_texts_span ruser;
	ap_texts_span env; /* "NAME=value" */
} ap_image_hint;

typedef struct {
	uint32_t name;
	ap_image_concern concern; /* itself, and through the departments that it fills */
} ap_image_group;

/* Where a policy lists it, or one above it, it stands beside that policy if it can. */
typedef struct {
	uint32_t number;
	uint32_t name;            /* the whole path */
	uint32_t parent;          /* place or AP_NONE; a parent's number is below its child's */
	ap_image_concern alone;   /* of its own members */
	ap_image_concern subtree; /* of its own members and those of the departments below it */
} ap_image_department;

typedef struct {
	uint32_t name;       /* as in the dictionaries */
	ap_span departments; /* places */
} ap_image_member;

/* Whom: what is listed adds up. Members, departments and domains are ascending, so that they can be searched. */
typedef struct {
	uint32_t flags;      /* AP_WHO_… */
	ap_span domains;     /* domain numbers */
	ap_span departments; /* number * 2, plus 1 with its sub-departments */
	ap_span groups;      /* pairs: group number, and the department that it stands for or AP_NONE */
	ap_span members;     /* member numbers */
} ap_image_who;

enum {
	AP_WHO_ALL = 1u << 0,      /* every member */
	AP_WHO_UNLISTED = 1u << 1, /* members of no department */
};

typedef struct {
	uint32_t number; /* reading order */
	uint32_t name;
	uint32_t file;
	uint32_t line;
	uint32_t type;   /* ap_policy_type */
	uint32_t status; /* ap_policy_status */
	uint32_t flags;  /* AP_POLICY_… */
	ap_image_who scope;
	ap_image_who except;
	uint32_t except_net; /* place or AP_NONE */
	uint32_t net;        /* place or AP_NONE: neither IP entries nor regions are listed */
	ap_span clients;     /* client numbers, ascending; none: every type */
	ap_span exceptions;  /* places of exceptions, ascending, which is in reading order */
	uint32_t message;    /* string, or 0: the settings' */
	uint32_t comment;
	uint32_t replaces;  /* place of a policy, or AP_NONE */
	int64_t not_before; /* seconds since 1970-01-01T00:00:00Z; INT64_MIN: none */
	int64_t not_after;  /* the first second that is outside; INT64_MAX: none */
} ap_image_policy;

typedef enum { AP_POLICY_WHITELIST = 0, AP_POLICY_BLACKLIST = 1 } ap_policy_type;
typedef enum { AP_POLICY_ENABLED = 0, AP_POLICY_DISABLED = 1, AP_POLICY_REPORT_ONLY = 2 } ap_policy_status;

enum {
	AP_POLICY_REQUIRED = 1u << 0,
	AP_POLICY_OTHER_CLIENTS_DENIED = 1u << 1,
};

typedef struct {
	uint32_t number;
	uint32_t name;
	uint32_t file;
	uint32_t line;
	uint32_t net; /* place or AP_NONE */
	ap_image_who who;
	ap_span clients;
	uint32_t comment;
	uint32_t reserved;
	int64_t not_before;
	int64_t not_after;
} ap_image_exception;

/* A set of addresses: those in its ranges, and those whose location is in one of its regions. */
typedef struct {
	uint32_t flags; /* AP_NET_… */
	ap_image_ranges ranges4;
	ap_image_ranges ranges6;
	uint32_t local_origin; /* origin number of the entry "local", with AP_NET_LOCAL */
	ap_span regions;       /* region numbers, ascending */
} ap_image_net;

enum {
	AP_NET_LOCAL = 1u << 0,            /* the entry "local" is in it */
	AP_NET_REGIONS4_UNKNOWN = 1u << 1, /* a region is listed that no IPv4 address is known to be in, or not in */
	AP_NET_REGIONS6_UNKNOWN = 1u << 2, /* the same for IPv6 */
};

/* ISO 3166-1 alpha-2, ISO 3166-2, or "unlocated". */
typedef struct {
	uint32_t code;
} ap_image_region;

/* The regions that a location is in: the country, then its subdivisions, the largest first. */
typedef struct {
	ap_span regions; /* region numbers */
} ap_image_location;

/* IPv6 addresses that begin with these bits are where the IPv4 address is that follows them: 6to4 (RFC 3056), say. */
typedef struct {
	uint8_t prefix[16];
	uint32_t prefix_bytes; /* 12 at most */
} ap_image_alias;

/* What a region database says of itself. */
typedef struct {
	uint32_t source;      /* its number */
	uint32_t type;        /* "GeoLite2-City" */
	int64_t built;        /* seconds since 1970-01-01T00:00:00Z */
	uint64_t n_placed[2]; /* how many IPv4 addresses, and IPv6 networks of 64 bits, it places in a country */
} ap_image_database;

/* Network byte order, so that ranges of either family are compared as bytes. */
typedef struct {
	uint8_t first[4];
	uint8_t last[4];
	uint32_t origin; /* number */
} ap_image_range4;

typedef struct {
	uint8_t first[16];
	uint8_t last[16];
	uint32_t origin;
} ap_image_range6;

typedef struct {
	uint32_t text;    /* the entry as written, or 0: one of a feed's many */
	uint32_t network; /* the named network that it came through, or 0 */
} ap_image_origin;

typedef enum {
	AP_SOURCE_POLICIES = 0,  /* the root file or a drop-in */
	AP_SOURCE_DIRECTORY = 1, /* members and their departments */
	AP_SOURCE_FEED = 2,      /* of a named network */
	AP_SOURCE_REGIONS = 3,   /* the region database */
} ap_source_kind;

typedef struct {
	uint32_t path; /* absolute, or as the root file was named */
	uint32_t kind; /* ap_source_kind */
	uint32_t n;    /* members of a directory file, entries of a feed, 0 of another */
	uint32_t text; /* the whole of a policy file; 0: not kept */
	uint64_t size; /* bytes */
	uint8_t sha256[32];
} ap_image_source;

typedef struct ap_image ap_image;

/*
 * Checks `size` bytes, an image in its blocks, which malloc(3) gave, and makes a reader of them. With AP_OK *ret_image
 * owns `bytes` (free(3) is called on them in ap_image_free); otherwise nothing is taken, though the bytes may have been
 * moved, *ret_image is untouched and *error says what was wrong. `name` is what messages call it; it is copied.
 */
ap_status ap_image_open(const char *name, void *bytes, size_t size, ap_image **ret_image, ap_error *error);

/*
 * The same for bytes that stay as they are, and the caller's, who must keep them as long as the image. Their blocks are
 * not checked: they were sealed by this process.
 */
ap_status ap_image_open_sealed(const char *name, const void *bytes, size_t size, ap_image **ret_image, ap_error *error);

/*
 * The same for a file of `size` bytes that is open: its head is checked, and each block when it is read. With AP_OK
 * the image owns the descriptor. Such an image belongs to one thread: reading it changes what it keeps in memory, of which there is not
 * more than some tens of KB and the strings that were asked for.
 */
ap_status ap_image_open_file(const char *name, int fd, uint64_t size, ap_image **ret_image, ap_error *error);

void ap_image_free(ap_image *image);

const ap_image_head *ap_image_head_of(const ap_image *image);

/* True where something could not be read of it, or was found to be wrong. */
bool ap_image_has_fault(const ap_image *image);

/* AP_ERR_DAMAGED with what was found to be wrong in reading: "block 17 is damaged: …". */
ap_status ap_image_damaged(const ap_image *image, ap_error *error);

/*
 * `size` bytes at a place, or NULL where they are out of bounds or cannot be had. `size` is at most AP_BLOCK_BYTES. They
 * stay until the next call.
 */
const void *ap_image_bytes(const ap_image *image, uint32_t place, size_t size);

/* The string at a place, or NULL. It lives as long as the image. */
const char *ap_image_string(const ap_image *image, uint32_t place);

/* The bytes that an image of this head is stored in. */
uint64_t ap_image_stored_size(const ap_image_head *head);

/* A revision, or another SHA-256, as it is written: "3f0c…", lower case, AP_HEX_REVISION of them and a NUL byte. */
void ap_revision_format(const uint8_t revision[AP_REVISION_BYTES], char hex[AP_HEX_REVISION + 1]);

/*
 * FNV-1a, 64 bits, with a final mix (the first round of MurmurHash3's fmix64, A. Appleby).
 */
uint64_t ap_image_hash(const char *name, size_t length);

#endif
