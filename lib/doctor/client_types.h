/* client_types.h - the client types that policies name, against those that logins can have. */
#ifndef AP_DOCTOR_CLIENT_TYPES_H
#define AP_DOCTOR_CLIENT_TYPES_H

#include "doctor.h"

/* There is a policy: doctor->image is not NULL. */
void ap_doctor_client_types(ap_doctor *doctor);

#endif
