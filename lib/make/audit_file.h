/* audit_file.h - can logins write their records where the policy says, and if not, what is in the way; and its making. */
#ifndef AP_AUDIT_FILE_H
#define AP_AUDIT_FILE_H

#include "../login/image.h"
#include "diagnostics.h"
#include "policyset.h"

/*
 * Adds a warning where a login could not write its record to the file that the set names, or somebody else could. A file
 * that is not there yet is none, if `apply` could make it. Nothing is written or made. Whoever is not root is not told of
 * what only they may not do.
 */
void ap_audit_file_check(const ap_policy_set *set, ap_diagnostics *diagnostics);

/*
 * For an image that is in force: makes the file that it names, if it is not there, and the folder that it stands in, if
 * only that is missing: 0640 and 0750, of the group "adm" if there is one, as the system's logs are. What is there is left
 * as it is. Adds a warning where a login cannot write to it. No link is followed in the place of the file or of a folder
 * that is made.
 */
void ap_audit_file_make(const ap_image *image, ap_diagnostics *diagnostics);

#endif
