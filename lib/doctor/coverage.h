/* coverage.h - which of the machine's PAM services ask the policy. */
#ifndef AP_DOCTOR_COVERAGE_H
#define AP_DOCTOR_COVERAGE_H

#include "pam_config.h"
#include "pam_ways.h"

typedef enum {
	AP_COVERAGE_WHOLE,  /* no login succeeds that the policy denies */
	AP_COVERAGE_PARTLY, /* it is asked, and there are ways past it */
	AP_COVERAGE_DENIES, /* a service for a passdb of Dovecot's that only denies */
	AP_COVERAGE_BESIDE, /* a mail service that does not ask, on a machine with one that denies: it may be the password's */
	AP_COVERAGE_NONE /* it is not asked */
} ap_coverage_state;

/* "whole", "partly", "denies", "beside", "none". */
extern const char *const ap_coverage_names[AP_COVERAGE_NONE + 1];

typedef struct {
	const ap_pam_service *service;
	ap_coverage_state state;
} ap_coverage;

/* The services but those that are only there for others to include, in the order of their names. In the host's arena. */
typedef struct {
	ap_coverage *items;
	size_t n;
} ap_coverage_list;

ap_coverage_list ap_coverage_of(const ap_module_folders *folders, const ap_pam_config *config);

#endif
