/*
 * default_file.h - what a file of /etc/default sets.
 *
 * Such a file can be any program of a shell's. Understood are the lines that mean one thing to whoever reads it: empty ones,
 * comments, and NAME=VALUE with a VALUE that is empty, a bare word, or as a whole in quotes and without anything in it that is
 * expanded. Nothing is run or expanded: the first of the other lines is told instead.
 */
#ifndef AP_DOCTOR_DEFAULT_FILE_H
#define AP_DOCTOR_DEFAULT_FILE_H

#include "host.h"

enum { AP_DEFAULT_FILE_MAX = 64 * 1024 };

typedef enum {
	AP_DEFAULT_FILE_OF_SH, /* an init script's: "export" before a NAME and a comment behind a VALUE are understood too */
	AP_DEFAULT_FILE_OF_UNIT /* a unit's EnvironmentFile= beside that: understood is what systemd and sh take alike */
} ap_default_file_kind;

/* One that is asked for, as the words that an option list is: its value has no quotes and no patterns for file names in it. */
typedef struct {
	const char *name;
	const char *value; /* without its quotes, as set last, in the arena; NULL: no line that is understood sets it */
	unsigned line;
} ap_default_setting;

/* Why more may be set, or something else than was understood. */
typedef struct {
	const char *what;   /* in a finding's words; NULL: everything was understood */
	unsigned line;      /* the first that is not; 0: the file as a whole, of which nothing is */
	const char *change; /* in a finding's words, to where it would be understood */
} ap_default_doubt;

/* Fills in the value and line of each setting; a file that is not there sets nothing. */
ap_default_doubt ap_default_file_read(const ap_host *host, const char *path, ap_default_file_kind kind,
				      ap_default_setting *settings, size_t n);

#endif
