/* saslauthd_settings.h - how saslauthd(8) is told to check passwords. */
#ifndef AP_DOCTOR_SASLAUTHD_SETTINGS_H
#define AP_DOCTOR_SASLAUTHD_SETTINGS_H

#include "../make/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* One that is configured, or runs. */
typedef struct {
	bool starts;           /* START=yes */
	const char *mechanism; /* "pam" */
	unsigned mechanism_line;
	bool mechanism_computed; /* what is written is not what it is: a command or a variable from elsewhere tells */
	bool caches;             /* -c */
	const char *options;     /* as written */
	unsigned options_line;   /* 0: not written */
	bool options_computed;
} ap_saslauthd;

/* Of a text such as that of /etc/default/saslauthd, with what the init script takes where something is not written. One whose
 * START a command tells is taken to start. */
ap_saslauthd ap_saslauthd_of_defaults(ap_arena *arena, const char *text);

/* Of the words that it was started with. */
ap_saslauthd ap_saslauthd_of_arguments(ap_arena *arena, const char *const *argv);

#endif
