/*
 * pam_stack.h - what a PAM stack can answer: libpam's own walk over it, with every answer that its modules can give.
 *
 * What a module will say at a login is not known, but what each can say is: so all of it is followed, and what comes out is
 * a proof, for this stack, that there is a way past the module, or none. The walk is that of Linux-PAM 1.5.2 with Debian's
 * patches, as it is for authentication and account management: what those answered does not bind it.
 */
#ifndef AP_DOCTOR_PAM_STACK_H
#define AP_DOCTOR_PAM_STACK_H

#include "pam_service.h"

#include <stdbool.h>
#include <stdint.h>

/* A set of answers: bit N is the answer N, PAM_SUCCESS and so on. */
typedef uint32_t ap_pam_answers;

#define AP_PAM_ANSWER(answer) ((ap_pam_answers)1 << (answer))
#define AP_PAM_ANY_ANSWER UINT32_MAX

/* What a line can answer. */
typedef struct {
	ap_pam_answers can;
	bool decides;           /* it is one of those by which logins are to be decided */
	ap_pam_answers lets_in; /* if so: the answers by which it lets in; by all others it denies */
} ap_pam_voice;

typedef ap_pam_voice ap_pam_voice_of(void *context, const ap_pam_line *line);

/* What became of the lines that decide, where the stack succeeds. */
typedef enum {
	AP_ASKED_NEVER,  /* none of them was asked */
	AP_ASKED_LET_IN, /* those that were asked let in */
	AP_ASKED_DENIED, /* one that was asked denied */
	AP_N_ASKED
} ap_asked;

/* A line that was asked, and what it answered. */
typedef struct {
	const ap_pam_line *line;
	int answer;
} ap_pam_step;

typedef struct {
	bool possible;
	ap_pam_step *steps; /* one of the shortest ways to it, in the arena: the lines that are asked, in their order */
	size_t n_steps;
} ap_pam_way;

typedef struct {
	ap_pam_way ways[AP_N_ASKED];
	bool whole; /* false: there are more ways than were followed, and one that was not found may be there */
} ap_pam_outcome;

/*
 * Follows all ways of the stack to an answer of the set `success`. A stack without lines has none: libpam denies. What a line
 * that libpam cannot read answers is known, and not asked for.
 */
ap_pam_outcome ap_pam_stack_walk(ap_arena *arena, const ap_pam_stack *stack, ap_pam_answers success,
				 ap_pam_voice_of *voice_of, void *context);

/* The action that the line takes on the answer. */
int ap_pam_action(const ap_pam_line *line, int answer);

/* The place in the stack of the line that is asked next where `place` takes this action; stack->n where none is. */
size_t ap_pam_next_place(const ap_pam_stack *stack, size_t place, int action);

#endif
