/*
 * readings.h - what several examiners ask the machine for: each is asked for once, and only where it is needed.
 */
#ifndef AP_DOCTOR_READINGS_H
#define AP_DOCTOR_READINGS_H

#include "postfix_settings.h"
#include "reach.h"

/* Zeroed at first, but for its host. Free with ap_readings_clear. */
typedef struct {
	const ap_host *host;
	bool has_postfix, has_reach, has_processes; /* it was asked for */
	const ap_postfix *postfix;
	const char *postfix_fault;
	ap_reach reach;
	const ap_host_process *processes;
	size_t n_processes;
} ap_readings;

/* Postfix's settings, as ap_postfix_read has them; NULL where it says false. `ret_fault`, which may be NULL, as there. */
const ap_postfix *ap_readings_postfix(ap_readings *readings, const char **ret_fault);

/* Who can connect to the machine's ports. */
const ap_reach *ap_readings_reach(ap_readings *readings);

/* Its processes; none where they cannot be told. */
const ap_host_process *ap_readings_processes(ap_readings *readings, size_t *ret_n);

void ap_readings_clear(ap_readings *readings);

#endif
