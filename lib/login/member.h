/*
 * member.h - a login name, made comparable.
 *
 * Names are compared without regard to ASCII case. A bare name gets "@default_domain" where that is set; the text is
 * split at its last "@".
 */
#ifndef AP_MEMBER_H
#define AP_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Other letters than A to Z stay as they are, whatever the locale. */
static inline char ap_ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

typedef struct {
	char *text;         /* owned; lower case; "alice@example.com", or "alice" without a domain */
	size_t name_len;    /* bytes of `text` before the "@", or all of them */
	const char *domain; /* into `text`; NULL where there is none */
	bool malformed;     /* an empty part or a control character: whether anybody lists it is unknown */
} ap_member;

/*
 * Makes *ret_member of a name as PAM or a policy file gives it. `default_domain` may be NULL or "". False if memory
 * ran out, with *ret_member zeroed. Free with ap_member_clear.
 */
bool ap_member_init(ap_member *ret_member, const char *name, const char *default_domain);

/* Frees what *member owns and zeroes it; a zeroed member is fine. */
void ap_member_clear(ap_member *member);

#endif
