/*
 * geoip_rule.h - a rule of geoip.conf, and what is done to all of them in turn. A part of geoip.c.
 *
 * What counts is what pam_geoip 2.1.1 does with a file, geoip.conf(5) where it says more: the text becomes rules
 * (geoip_lines.c), their places regions (geoip_places.c), their services client types
 * (geoip_services.c), and all of them policies (geoip.c).
 */
#ifndef AP_GEOIP_RULE_H
#define AP_GEOIP_RULE_H

#include "import.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
	unsigned line;    /* 0: what holds where no line matches */
	const char *text; /* the line, without comment and blanks around it */
	const char *who;  /* "*", a user, or "@" and a group */
	const char *places;
	bool allows;

	bool every_service;
	ap_words services; /* without every_service: names, of which each stands for those that begin with it */
	bool *clients;     /* by type: does the rule select it */

	bool everywhere;
	ap_words regions; /* without everywhere; none: nowhere */
} ap_geoip_rule;

typedef struct {
	const ap_import_source *source;
	ap_arena *arena;
	ap_import *import;
	const char *own_service; /* the file is that of this service alone; or NULL */
	ap_geoip_rule *rules;
	size_t n_rules;
	const char **types; /* all client types that there are */
	size_t n_types;
	size_t effort; /* that it took by now: comparisons, and marks */
} ap_geoip;

/* Some seconds, and some hundred megabytes; a file that people wrote takes a thousandth. */
enum { AP_GEOIP_EFFORT_MAX = 50 * 1000 * 1000 };

/* Counts what is about to be done. True: it is too much, and the import is given up. */
static inline bool ap_geoip_is_too_much(ap_geoip *geoip, size_t effort)
{
	if (geoip->effort <= AP_GEOIP_EFFORT_MAX)
		geoip->effort += effort;
	return geoip->effort > AP_GEOIP_EFFORT_MAX;
}

/*
 * Adds the rules of the text, the last one for what no line matches; with a note for each line that pam_geoip passes over
 * or never comes to.
 */
void ap_geoip_read_lines(ap_geoip *geoip);

/* True if one of the places is any place. */
bool ap_geoip_is_everywhere(ap_arena *arena, const char *places);

/* Finds a rule's regions: all that it means, or with `allows` none that it does not mean. */
void ap_geoip_find_regions(ap_geoip *geoip, ap_geoip_rule *rule);

/* Finds all rules' client types in the same manner, and declares those that there must be. */
void ap_geoip_find_clients(ap_geoip *geoip);

#define AP_GEOIP_NOTE(geoip, severity, rule, ...)                                                                      \
	ap_import_add_note((geoip)->arena, (geoip)->import, (severity), (rule)->line, (rule)->text, __VA_ARGS__)

#endif
