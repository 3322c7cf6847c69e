/*
 * compile_whom.h - whom: members, domains, departments and groups get numbers, and what is about each of them is noted
 * the other way round. A part of compile.c.
 */
#ifndef AP_COMPILE_WHOM_H
#define AP_COMPILE_WHOM_H

#include "builder.h"
#include "names.h"
#include "policyset.h"

/* In what way something is about a login. */
typedef enum {
	AP_BY_EVERYONE,
	AP_BY_UNLISTED,
	AP_BY_MEMBER,     /* member number */
	AP_BY_DOMAIN,     /* domain number */
	AP_BY_GROUP,      /* group number */
	AP_BY_DEPARTMENT, /* department number: its own members */
	AP_BY_SUBTREE,    /* department number: and those below it */
	AP_N_WAYS
} ap_way;

typedef struct {
	uint32_t subject;
	uint32_t target; /* number of a policy or exception */
} ap_relation_pair;

typedef struct {
	ap_relation_pair *pairs;
	size_t n;
	bool sorted;
} ap_relation;

typedef struct {
	const char **items; /* by number */
	size_t n;
	ap_names *numbers;
} ap_numbered;

typedef struct {
	const ap_policy_set *set;
	ap_builder *image;
	ap_arena *arena;
	ap_numbered members; /* those that are listed */
	ap_numbered domains;
	ap_numbered groups;
	ap_names *departments;
	uint32_t *parents; /* by department number */
	uint32_t *places;  /* the same; 0: not written yet */
	uint32_t *filled;  /* pairs: group number, department number */
	size_t n_filled;
	ap_relation relations[AP_N_WAYS][AP_N_REFS];
	ap_span *member_departments; /* by number of a listed member */
	uint32_t *places_of_one;     /* room for the departments of one member */
} ap_whom_compiler;

/* Whom as numbers; what ap_image_who says of them holds here. */
typedef struct {
	uint32_t flags;
	uint32_t *domains, *departments, *groups, *members;
	size_t n_domains, n_departments, n_groups, n_members;
} ap_whom;

/* All is borrowed, and what is made lives in the image's arena. */
void ap_whom_compiler_init(ap_whom_compiler *w, const ap_policy_set *set, ap_builder *image);

ap_whom ap_whom_of(ap_whom_compiler *w, const ap_objects *objects);

/* Notes that the policy or exception of that number is about them. */
void ap_whom_note(ap_whom_compiler *w, const ap_whom *whom, ap_ref_kind kind, uint32_t number);

/* What ap_whom_write takes. */
uint64_t ap_whom_bytes(const ap_whom *whom);
ap_image_who ap_whom_write(ap_whom_compiler *w, const ap_whom *whom);

/*
 * Writes the departments that are listed, and those below them, beside what was written last, as far as that block has
 * room for them; ap_whom_beside_bytes is what they take. When all is noted.
 */
uint64_t ap_whom_beside_bytes(const ap_whom_compiler *w, const ap_whom *whom);
void ap_whom_write_beside(ap_whom_compiler *w, const ap_whom *whom);

/* When all is noted: what stands at the image's front, and the rest. */
void ap_whom_write_front(ap_whom_compiler *w);
void ap_whom_write_rest(ap_whom_compiler *w);

/* Sorts numbers, drops repetitions, and returns how many are left. */
size_t ap_ascending(uint32_t *numbers, size_t n);

#endif
