/*
 * image.h - the compiled policy: its format, and bounds-checked access to it.
 *
 * An image is one flat run of bytes: a header, a table of sections, and the sections, each an array of fixed-size
 * records (or bytes, for the strings). Numbers are in the byte order of the machine that wrote it, which the header
 * tells; there are no pointers. A reference to a string is its offset in the strings' section, 0 being "" or absent; a
 * span is a run of the pool of 32-bit numbers. Records are copied out; strings are read in place.
 *
 * An image is not believed because it exists: ap_image_open checks its size, version, byte order, section bounds and
 * checksum, and every later access is bounds-checked again. What fails marks the reader (ap_view), so that an
 * evaluation reads straight on and asks once, at its end, whether all that it read was sound.
 */
#ifndef AP_IMAGE_H
#define AP_IMAGE_H

#include "address.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AP_IMAGE_MAGIC "APIMAGE" /* with its NUL byte: eight bytes */
#define AP_IMAGE_VERSION 1u
#define AP_IMAGE_BYTE_ORDER 0x01020304u
#define AP_NONE UINT32_MAX

enum { AP_IMAGE_DEPARTMENT_DEPTH_MAX = 128 };

typedef enum {
	AP_SECTION_STRINGS,     /* NUL-terminated UTF-8 */
	AP_SECTION_POOL,        /* uint32_t: what spans point into */
	AP_SECTION_SETTINGS,    /* one ap_image_settings */
	AP_SECTION_CLIENTS,     /* ap_image_client, by client number */
	AP_SECTION_HINTS,       /* ap_image_hint, in the order in which they are tried */
	AP_SECTION_GROUPS,      /* uint32_t: the group's name, by group number */
	AP_SECTION_DEPARTMENTS, /* ap_image_department, by department number; a parent's number is below its child's */
	AP_SECTION_MEMBERS,     /* ap_image_member: open addressing, a power of two of slots; the slot is the number */
	AP_SECTION_POLICIES,    /* ap_image_policy, in reading order */
	AP_SECTION_EXCEPTIONS,  /* ap_image_exception, in reading order */
	AP_SECTION_NETS,        /* ap_image_net */
	AP_SECTION_RANGES4,     /* ap_image_range4: sorted, disjoint within a net */
	AP_SECTION_RANGES6,     /* ap_image_range6: sorted, disjoint within a net */
	AP_SECTION_ORIGINS,     /* ap_image_origin: the written entries that ranges came from */
	AP_N_SECTIONS
} ap_section;

typedef struct {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint64_t size;     /* of the whole image */
	uint32_t checksum; /* CRC-32C (RFC 3720, appendix B.4) of the whole image with this field as zero */
	uint32_t n_sections;
	struct {
		uint64_t offset; /* from the image's start; a multiple of 8 */
		uint64_t size;   /* bytes */
	} sections[AP_N_SECTIONS];
} ap_image_header;

typedef struct {
	uint32_t start; /* in the pool */
	uint32_t n;
} ap_span;

typedef struct {
	uint32_t default_domain; /* strings, lower case, or 0 */
	uint32_t message;
	uint32_t default_client;      /* client number */
	uint32_t system_client;       /* client number of "system" */
	uint32_t undetermined_allows; /* 0 or 1 */
	uint32_t audit_file;          /* string or 0 */
	uint32_t audit_record;        /* ap_audit_record */
	ap_span group_departments; /* pairs: group number, department number: departments whose members a group lists */
} ap_image_settings;

typedef enum { AP_AUDIT_NONE = 0, AP_AUDIT_DENIED = 1, AP_AUDIT_ALL = 2 } ap_audit_record;

typedef struct {
	uint32_t name;
	uint32_t local; /* 0 or 1: a login without an address is at the machine itself */
} ap_image_client;

/* All kinds of hints that are listed must fit; within a kind one is enough. Spans of strings (globs). */
typedef struct {
	uint32_t client;
	uint32_t file;
	uint32_t line;
	ap_span service;
	ap_span tty;
	ap_span ruser;
	ap_span env; /* "NAME=value" */
} ap_image_hint;

typedef struct {
	uint32_t name;   /* the whole path */
	uint32_t parent; /* department number or AP_NONE */
} ap_image_department;

typedef struct {
	uint32_t key;        /* 0: an empty slot; else "user@domain", "user@" (in any domain) or "user", lower case */
	uint32_t hash;       /* the upper half of ap_image_hash, compared before the key */
	ap_span departments; /* department numbers, ascending */
} ap_image_member;

/*
 * Whom: what is listed adds up. Members, departments, groups and domains are ascending, so that they can be searched.
 */
typedef struct {
	uint32_t flags;      /* AP_WHO_… */
	ap_span domains;     /* strings, lower case, ascending by their offsets; equal domains have equal offsets */
	ap_span departments; /* number * 2, plus 1 with its sub-departments */
	ap_span groups;      /* pairs: group number, and the department that it stands for or AP_NONE */
	ap_span members;     /* member numbers */
} ap_image_who;

enum {
	AP_WHO_ALL = 1u << 0,      /* every member */
	AP_WHO_UNLISTED = 1u << 1, /* members of no department */
};

typedef struct {
	uint32_t name;
	uint32_t file;
	uint32_t line;
	uint32_t type;   /* ap_policy_type */
	uint32_t status; /* ap_policy_status */
	uint32_t flags;  /* AP_POLICY_… */
	ap_image_who scope;
	ap_image_who except;
	uint32_t except_net; /* net number or AP_NONE */
	uint32_t net;        /* net number or AP_NONE: neither IP entries nor regions are listed */
	ap_span clients;     /* client numbers, ascending; none: every type */
	ap_span exceptions;  /* exception numbers, in reading order */
	uint32_t message;    /* string, or 0: the settings' */
	uint32_t comment;
	uint32_t replaces; /* policy number or AP_NONE */
	uint32_t reserved;
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
	uint32_t name;
	uint32_t file;
	uint32_t line;
	uint32_t net; /* or AP_NONE */
	ap_image_who who;
	ap_span clients;
	uint32_t comment;
	uint32_t reserved;
	int64_t not_before;
	int64_t not_after;
} ap_image_exception;

/* A set of addresses. The spans here are of the ranges' sections, not of the pool. */
typedef struct {
	uint32_t flags; /* AP_NET_… */
	ap_span ranges4;
	ap_span ranges6;
	uint32_t local_origin; /* origin number of the entry "local", with AP_NET_LOCAL */
	ap_span regions;       /* strings: the region codes as written */
} ap_image_net;

enum {
	AP_NET_LOCAL = 1u << 0,            /* the entry "local" is in it */
	AP_NET_REGIONS4_UNKNOWN = 1u << 1, /* regions are listed, and where IPv4 addresses are cannot be known */
	AP_NET_REGIONS6_UNKNOWN = 1u << 2, /* the same for IPv6 */
};

/* True where no address at all can be in it: named networks may be empty. */
static inline bool ap_net_holds_nothing(const ap_image_net *net)
{
	return net->ranges4.n == 0 && net->ranges6.n == 0 && net->regions.n == 0 && (net->flags & AP_NET_LOCAL) == 0;
}

typedef struct {
	uint32_t first; /* as a number: 192.0.2.1 is 0xc0000201 */
	uint32_t last;
	uint32_t origin;
} ap_image_range4;

typedef struct {
	uint8_t first[16]; /* network byte order */
	uint8_t last[16];
	uint32_t origin;
} ap_image_range6;

typedef struct {
	uint32_t text;    /* the entry as written, or 0: one of a feed's many */
	uint32_t network; /* the named network that it came through, or 0 */
	uint32_t region;  /* the region's code, or 0 */
} ap_image_origin;

typedef struct ap_image ap_image;

/*
 * Checks `size` bytes, which malloc(3) gave, and makes a reader of them. With AP_OK *ret_image owns `bytes` (free(3)
 * is called on them in ap_image_free); otherwise nothing is taken, *ret_image is untouched and *error says what was
 * wrong. `name` is what messages call it; it is copied.
 */
ap_status ap_image_open(const char *name, void *bytes, size_t size, ap_image **ret_image, ap_error *error);
void ap_image_free(ap_image *image);

/* The checksum of an image whose header is filled but for the checksum itself. */
uint32_t ap_image_checksum(const void *bytes, size_t size);

/*
 * FNV-1a, 64 bits, with a final mix (the first round of MurmurHash3's fmix64, A. Appleby): a member's slot is its
 * lower bits.
 */
uint64_t ap_image_hash(const char *key, size_t length);

/* A reader's eyes: `sound` turns false, and stays it, once something out of bounds was asked for. */
typedef struct {
	const ap_image *image;
	bool sound;
} ap_view;

static inline ap_view ap_view_of(const ap_image *image)
{
	return (ap_view){ .image = image, .sound = true };
}

/* How many records a section holds. */
uint32_t ap_image_count(const ap_image *image, ap_section section);

/*
 * Each copies a record, or answers a zeroed one and marks the view where the number is out of bounds. A string that
 * is out of bounds is "".
 */
const char *ap_view_string(ap_view *view, uint32_t reference);
uint32_t ap_view_pool(ap_view *view, ap_span span, uint32_t index);
ap_image_settings ap_view_settings(ap_view *view);
ap_image_client ap_view_client(ap_view *view, uint32_t number);
ap_image_hint ap_view_hint(ap_view *view, uint32_t number);
uint32_t ap_view_group(ap_view *view, uint32_t number);
ap_image_department ap_view_department(ap_view *view, uint32_t number);
ap_image_policy ap_view_policy(ap_view *view, uint32_t number);
/* The same in place, for whoever looks at every policy: valid as long as the image. */
const ap_image_policy *ap_view_policy_at(ap_view *view, uint32_t number);
ap_image_exception ap_view_exception(ap_view *view, uint32_t number);
ap_image_net ap_view_net(ap_view *view, uint32_t number);
ap_image_origin ap_view_origin(ap_view *view, uint32_t number);
ap_image_member ap_view_member(ap_view *view, uint32_t number);

/* The member's number, or AP_NONE. `key` is lower case. */
uint32_t ap_view_find_member(ap_view *view, const char *key, size_t length);

/* True if an ascending span holds `value`. */
bool ap_view_span_holds(ap_view *view, ap_span span, uint32_t value);

/* A policy's number by its name, or AP_NONE. */
uint32_t ap_view_find_policy(ap_view *view, const char *name);

/* A client type's number by its name, or AP_NONE. */
uint32_t ap_view_find_client(ap_view *view, const char *name);

/* The interval of the net that holds the address, with its origin. False if none does. Binary search. */
bool ap_view_find_range(ap_view *view, const ap_image_net *net, const ap_address *address, ap_range *ret_range,
			uint32_t *ret_origin);

#endif
