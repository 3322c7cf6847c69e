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

/* What one evaluation knows: the image through a view, the request, and what was looked up for it already. */
typedef struct {
	ap_view view;
	ap_request *request;
	ap_image_settings settings;
	uint32_t members[2];     /* the entries "user@domain" or "user", and "user@"; AP_NONE where there is none */
	uint32_t client_name;    /* string reference */
	ap_group_answer *groups; /* by group number; NULL until one is asked for */
	bool out_of_memory;
} ap_evaluation;

void ap_evaluation_init(ap_evaluation *ret_evaluation, const ap_image *image, ap_request *request);
void ap_evaluation_clear(ap_evaluation *evaluation);

/*
 * Fills *ret_answer. With `in_full` every condition is asked and says why; without, what can no longer matter is not
 * asked (look-ups in the name services cost), and the reasons must not be read. That the view is still sound, and
 * memory did not run out, is the caller's to look at when all is done.
 */
void ap_answer_policy(ap_evaluation *evaluation, uint32_t number, const ap_image_policy *policy, bool in_full,
		      ap_answer *ret_answer);

#endif
