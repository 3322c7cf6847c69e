/* doctor_report.h - what the doctor found, for a person and as JSON. A part of cmd_doctor.c. */
#ifndef AP_DOCTOR_REPORT_H
#define AP_DOCTOR_REPORT_H

#include "../lib/doctor/doctor.h"
#include "command.h"

typedef struct {
	const char *root;        /* of the machine that was examined; "": this one */
	bool policy_read;        /* what decides logins could be read */
	const ap_doctor *doctor; /* with its findings, sorted */
} ap_doctor_report;

void ap_doctor_report_text(ap_context *context, const ap_doctor_report *report);
void ap_doctor_report_json(ap_context *context, const ap_doctor_report *report);

#endif
