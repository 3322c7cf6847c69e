/* saslauthd_settings.h - how saslauthd(8) is told to check passwords. */
#ifndef AP_DOCTOR_SASLAUTHD_SETTINGS_H
#define AP_DOCTOR_SASLAUTHD_SETTINGS_H

#include "default_file.h"

/* What the init script takes where OPTIONS is empty or not set. */
#define AP_SASLAUTHD_OPTIONS "-c -m /var/run/saslauthd"

/* One that is configured, or runs. */
typedef struct {
	bool starts;           /* START=yes, or it may be that */
	const char *mechanism; /* "pam"; "": not told */
	unsigned mechanism_line;
	bool caches;            /* -c */
	const char *options;    /* as they are written; "": none is, or OPTIONS is empty */
	unsigned options_line;  /* 0: not written */
	ap_default_doubt doubt; /* what its file may say beside */
} ap_saslauthd;

/* Of a file such as /etc/default/saslauthd, with what the init script takes where something is not written. */
ap_saslauthd ap_saslauthd_of_defaults(const ap_host *host, const char *path);

/* Of the words that it was started with. */
ap_saslauthd ap_saslauthd_of_arguments(ap_arena *arena, const char *const *argv);

#endif
