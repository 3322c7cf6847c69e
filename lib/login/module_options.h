/*
 * module_options.h - what stands behind pam_accesspolicy.so on its line of a PAM file.
 *
 * Whatever is wrong with them is an error, and nobody is let in: an option that is passed over would be one that somebody relied on.
 */
#ifndef AP_MODULE_OPTIONS_H
#define AP_MODULE_OPTIONS_H

#include "status.h"

#include <stdbool.h>

typedef enum { AP_MESSAGE_ERROR, AP_MESSAGE_INFO, AP_MESSAGE_PROMPT, AP_MESSAGE_NONE } ap_message_style;
typedef enum { AP_ALLOWED_NOT_WRITTEN, AP_ALLOWED_SUCCESS, AP_ALLOWED_USER_UNKNOWN } ap_allowed_answer;

/* The texts are those of the arguments; NULL where the option is not written. */
typedef struct {
	const char *config;
	const char *image;
	const char *client;
	const char *message;
	const char *silent;
	const char *allowed;
	const char *compiler;
	const char *debug;
	ap_message_style style;
	ap_allowed_answer answer;
	bool heeds_silent; /* the message is kept back where the caller sets PAM_SILENT */
} ap_module_options;

/* AP_ERR_POLICY with *error saying what is wrong with which argument; *ret_options is then of no use. */
ap_status ap_module_options_parse(int argc, const char *const *argv, ap_module_options *ret_options, ap_error *error);

#endif
