/*
 * dovecot_examination.h - what the examiners of Dovecot's parts share: the ways by which a login comes, each with the
 * passdbs that it is held against and the PAM services that these ask.
 */
#ifndef AP_DOCTOR_DOVECOT_EXAMINATION_H
#define AP_DOCTOR_DOVECOT_EXAMINATION_H

#include "doctor.h"
#include "dovecot_auth.h"
#include "dovecot_names.h"
#include "module_line.h"

/* What a passdb is on one way. */
typedef struct {
	ap_service_name name;          /* of the driver pam */
	const ap_pam_service *service; /* NULL: not of the driver pam, or its name is not known */
	bool asks;               /* it asks the policy; or, of one that denies, nobody whom it does not know gets in */
	bool missing;            /* its service has no file of its own */
	const ap_pam_line *line; /* the module's, if it asks the policy */
	ap_module_options options; /* and what is written there */
} ap_passdb_role;

typedef struct {
	const char *title; /* "imap on port 993", "smtp through Postfix" */
	const char *protocol;
	unsigned port;
	const char *only_from;               /* it is the way of connections from this address alone; NULL: from any */
	const ap_dovecot_listener *listener; /* NULL: another program asks Dovecot */
	const ap_passdb *passdbs;
	size_t n;
	ap_passdb_role *roles;
} ap_dovecot_way;

/* A finding, and the ways for which it holds: one for each port would be many for one mistake. */
typedef struct {
	ap_finding finding;
	bool *holds; /* as many as there are ways */
} ap_dovecot_note;

typedef struct {
	ap_doctor *doctor;
	ap_arena *arena;
	ap_dovecot dovecot;
	const ap_postfix *postfix; /* NULL: there is none */
	const char *const *mechanisms;
	ap_dovecot_way *ways;
	size_t n_ways;
	ap_dovecot_note *notes;
	size_t n_notes;
} ap_dovecot_examination;

#define AP_DOVECONF "/usr/bin/doveconf"

/* What doveconf printed; NULL, with a finding, where it could not be asked. */
const char *ap_dovecot_ask(ap_dovecot_examination *of, const char *const *command);

/* The passdbs of a protocol; NULL, with a finding, where doveconf does not tell. */
const ap_passdb *ap_dovecot_ask_passdbs(ap_dovecot_examination *of, const char *protocol, size_t *ret_n);

/* Adds all ways, with those of Postfix. */
void ap_dovecot_add_ways(ap_dovecot_examination *of);

/*
 * Notes a finding of that way. `file` NULL: it is one of Dovecot's settings; then `service` is NULL, or one that this
 * way alone asks, which the text names.
 */
void ap_dovecot_noted(ap_dovecot_examination *of, const ap_dovecot_way *way, const ap_finding *finding);

/* Adds what was noted, each with the ways for which it holds. */
void ap_dovecot_add_notes(ap_dovecot_examination *of);

/* Adds a finding about Dovecot's settings as a whole, unless it names another file. */
void ap_dovecot_found(ap_dovecot_examination *of, const ap_finding *finding);

/* Adds that Dovecot could not be examined, or not as a whole. */
void ap_dovecot_uncertain(ap_dovecot_examination *of, const char *what);

/* "passdb 2 (pam)". */
const char *ap_passdb_title(ap_arena *arena, const ap_passdb *passdb);

/*
 * What is wrong with a passdb by itself (dovecot_passdbs.c), what with the answers of all of them together
 * (dovecot_answers.c), and who can say that he is somebody else (dovecot_claims.c).
 */
void ap_dovecot_examine_passdb(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t i);
void ap_dovecot_examine_answers(ap_dovecot_examination *of, const ap_dovecot_way *way);
void ap_dovecot_examine_claims(ap_dovecot_examination *of);

#endif
