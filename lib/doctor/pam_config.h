/* pam_config.h - which PAM services are there on the machine: those that have a file, or lines in /etc/pam.conf. */
#ifndef AP_DOCTOR_PAM_CONFIG_H
#define AP_DOCTOR_PAM_CONFIG_H

#include "pam_service.h"

typedef struct {
	ap_pam_files files;
	ap_pam_service *services; /* those that have a file, or lines in pam.conf, sorted by name; "other" among them */
	size_t n;
	const char *folder_fault; /* why the services could not be listed; NULL: they could */
} ap_pam_config;

/* Reads all of them, into the host's arena. */
ap_pam_config *ap_pam_config_read(const ap_host *host);

/* The service as libpam has it. One without a file has the stacks of "other". Never NULL. */
const ap_pam_service *ap_pam_config_service(ap_pam_config *config, const char *name);

/* The service that has a file, or lines in pam.conf, of its own; NULL: it has not. */
const ap_pam_service *ap_pam_config_find(const ap_pam_config *config, const char *name);

/* True if another file includes the service's own. */
bool ap_pam_config_is_included(const ap_pam_config *config, const ap_pam_service *service);

#endif
