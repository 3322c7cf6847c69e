/*
 * answer.h - what one policy answers to one request: is it active, does its scope hold the member, its clients
 * the client, its network the address.
 */
#ifndef AP_ANSWER_H
#define AP_ANSWER_H

#include "evaluate.h"

typedef struct {
	bool asked;
	ap_tri holds;
	const char *phrase; /* why it is unknown, where it is */
} ap_group_answer;

/* A department that the member is in: its own, or one above it. */
typedef struct {
	uint32_t number;
	uint32_t at;  /* the place of its record */
	uint32_t own; /* the place of the member's own department that led there; `at` itself at the beginning */
} ap_member_department;

/* What one evaluation knows: the image through a view, the request, and what was looked up for it already. */
typedef struct {
	ap_view view;
	const ap_image_head *head;
	ap_request *request;
	ap_subject_entry subjects[2]; /* "user@domain" or "user", and "user@" */
	ap_subject_entry domain;
	bool located;     /* the map was asked */
	ap_span location; /* the regions that hold the address: numbers; none where it is in none, or not known to be */
	ap_member_department *departments; /* of both, each followed by those above it */
	size_t n_departments;
	uint32_t client_name;    /* string */
	ap_group_answer *groups; /* by group number; NULL until one is asked for */
	bool narrowed;           /* only the exceptions below can concern the request; else any of a policy's may */
	uint32_t *exceptions;    /* places */
	size_t n_exceptions;
	bool in_full; /* reasons are wanted */
	bool out_of_memory;
} ap_evaluation;

/*
 * The name services are asked for each group of the image that matters, so that one that they do not know is found
 * out; from this number of groups on, only for those that the account itself is said to be in: a login must not wait
 * for ten thousand look-ups.
 */
enum { AP_GROUPS_ASKED = 256 };

void ap_evaluation_init(ap_evaluation *ret_evaluation, const ap_image *image, ap_request *request);
void ap_evaluation_clear(ap_evaluation *evaluation);

/*
 * The groups that the account is said to be in, as of ap_account_groups: whoever asks, the same group is the probe, so
 * that the answer does not depend on who asks first. To be called only with more than AP_GROUPS_ASKED groups.
 */
ap_tri ap_own_groups(ap_evaluation *evaluation, const char *const **ret_names, size_t *ret_n);

/*
 * Fills *ret_answer. With `in_full` every condition is asked and says why; without, what can no longer matter is not
 * asked (look-ups in the name services cost), and the reasons must not be read. That the view is still sound, and
 * memory did not run out, is the caller's to look at when all is done.
 */
void ap_answer_policy(ap_evaluation *evaluation, uint32_t place, const ap_image_policy *policy, bool in_full,
		      ap_answer *ret_answer);

#endif
