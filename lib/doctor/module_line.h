/* module_line.h - the lines of PAM files that name pam_accesspolicy.so, with their options as the module takes them. */
#ifndef AP_DOCTOR_MODULE_LINE_H
#define AP_DOCTOR_MODULE_LINE_H

#include "../login/module_options.h"
#include "module_file.h"
#include "pam_service.h"

#include <stdbool.h>

#define AP_MODULE_NAME "pam_accesspolicy.so"

/* True if the line names the module, in whatever folder, or was meant to: libpam then finds none. */
bool ap_is_module_line(const ap_pam_line *line);

/*
 * True if libpam finds no module by the name that the line of the module has. Where no folder of modules was found, that is taken
 * for granted of what only was meant to be its name.
 */
bool ap_module_line_is_missing(const ap_module_folders *folders, const ap_pam_line *line);

/* NULL with the options, or what is wrong with them, in the arena: then the module lets nobody in. */
const char *ap_module_line_options(ap_arena *arena, const ap_pam_line *line, ap_module_options *ret_options);

/* The lines of one phase of the service that name the module, in the arena. */
typedef struct {
	const ap_pam_line **items;
	size_t n;
} ap_module_lines;

ap_module_lines ap_module_lines_of(ap_arena *arena, const ap_pam_service *service, ap_pam_phase phase);

/*
 * True if the service is made to be asked by a passdb of Dovecot's that has `deny = yes`: the module alone answers it, and
 * says of whoever is allowed that there is no such user. As a service to log in by, it would let in nobody.
 */
bool ap_is_deny_passdb_service(ap_arena *arena, const ap_pam_service *service);

#endif
