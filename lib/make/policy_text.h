/*
 * policy_text.h - one policy or exception changed or removed in a file's text, and everything else left as it is.
 *
 * What a change touches is written as short as it can be: the elements of a list that come and go, a value that is
 * another. Comments stay, also within a list. What comes of it is to be read again and compared with what was meant
 * (ap_policy_forms_are_same): these functions trust that the text is one that ap_load accepts, and that `before` is what
 * it says.
 */
#ifndef AP_POLICY_TEXT_H
#define AP_POLICY_TEXT_H

#include "policy_form.h"

/* The section that it stands in. */
typedef enum { AP_SECTION_POLICIES, AP_SECTION_EXCEPTIONS } ap_section;

/*
 * The text with its policy number `n`, from 0, of which it says `before`, saying `after` instead. In the arena; NULL
 * where there is no such policy in it.
 */
char *ap_policy_text_change(ap_arena *arena, const char *text, size_t n, const ap_policy_form *before,
			    const ap_policy_form *after);

/* The same of its exception number `n`. */
char *ap_exception_text_change(ap_arena *arena, const char *text, size_t n, const ap_exception_form *before,
			       const ap_exception_form *after);

/*
 * Where element `n` of the section stands: from the start of its first line, with the lines of comments right above it,
 * to its closing bracket; on a line with others, the element alone. False where there is no such element.
 */
bool ap_policy_text_span(ap_arena *arena, const char *text, ap_section section, size_t n, size_t *ret_start,
			 size_t *ret_end);

/* How many elements the section has; 0 where the text is not of the syntax. */
size_t ap_policy_text_count(ap_arena *arena, const char *text, ap_section section);

/* True if it holds policies and exceptions alone. */
bool ap_policy_text_is_plain(ap_arena *arena, const char *text);

/* What the `name` of element `n` says; NULL where there is none. In the arena. */
const char *ap_policy_text_name(ap_arena *arena, const char *text, ap_section section, size_t n);

/*
 * The text without element `n` of the section, and without the section where it was its only one. *ret_empty where then
 * no setting is left: such a file is an error, and better removed. NULL as above.
 */
char *ap_policy_text_remove(ap_arena *arena, const char *text, ap_section section, size_t n, bool *ret_empty);

#endif
