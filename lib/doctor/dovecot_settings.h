/*
 * dovecot_settings.h - what doveconf(1) prints, as a tree of sections and settings.
 *
 *     # 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf
 *     protocols = " imap pop3"
 *     service imap-login {
 *       inet_listener imap {
 *         port = 143
 *       }
 *     }
 *
 * A line is a comment, "key = value", the start of a section, or its end. Dovecot 2.4 prints the same shapes with
 * other keys.
 */
#ifndef AP_DOCTOR_DOVECOT_SETTINGS_H
#define AP_DOCTOR_DOVECOT_SETTINGS_H

#include "../make/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum { AP_DOVECOT_DEPTH_MAX = 16 };

typedef struct {
	const char *key;
	const char *value; /* without the quotes around it */
} ap_dovecot_setting;

typedef struct ap_dovecot_section ap_dovecot_section;
struct ap_dovecot_section {
	const char *type; /* "service"; "" of the whole */
	const char *name; /* "imap-login"; "" where there is none */
	ap_dovecot_setting *settings;
	size_t n_settings;
	ap_dovecot_section *sections;
	size_t n_sections;
};

/*
 * Everything lives in the arena; `text` need not live on. False with the line's number where a line is none of those.
 */
bool ap_dovecot_parse(ap_arena *arena, const char *text, ap_dovecot_section *ret_whole, unsigned *ret_line);

/* The setting's value, the last where there are several; `otherwise` where it is not written. */
const char *ap_dovecot_value(const ap_dovecot_section *section, const char *key, const char *otherwise);

/*
 * A list of words, as ap_dovecot_words() parts it. It is written as a value, and since 2.4 also as a section, key { word = yes },
 * which is how Debian's files say what protocols are installed. `otherwise` where it is written in neither way.
 */
const char *ap_dovecot_list(ap_arena *arena, const ap_dovecot_section *section, const char *key, const char *otherwise);

/* The first section of that type and name; NULL: none. */
const ap_dovecot_section *ap_dovecot_find(const ap_dovecot_section *section, const char *type, const char *name);

/* True of a section whose settings count for some logins alone. Such sections stand in one another, too. */
bool ap_dovecot_is_filter(const ap_dovecot_section *section);

/* True for "yes", "y", "true" and the numbers that Dovecot takes for it. */
bool ap_dovecot_yes(const char *value);

/* The words of a list, which Dovecot parts by blanks and commas; ended by NULL. */
const char *const *ap_dovecot_words(ap_arena *arena, const char *value);

#endif
