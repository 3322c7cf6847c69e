/* wizard_review.h - the policy as it will be written, what check says of it, and it itself to try logins against. */
#ifndef AP_WIZARD_REVIEW_H
#define AP_WIZARD_REVIEW_H

#include "examination.h"
#include "subject.h"
#include "wizard_answers.h"

/* Zeroed is none. */
typedef struct {
	bool compared;
	ap_examination before; /* the files without the policy, with `compared` */
	ap_subject draft;      /* the files with it as if it were enabled; image NULL: they make no policy */
} ap_review;

/* Reads the files with the policy that was answered, and shows it. */
void ap_review_show(ap_review *review, const ap_answers *answers);

/* The text of the policy's file, in the arena. */
const char *ap_review_text(const ap_answers *answers);

void ap_review_clear(ap_review *review);

#endif
