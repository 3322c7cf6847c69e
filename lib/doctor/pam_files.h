/* pam_files.h - the files of PAM: where libpam looks for them, and what is in one of them. */
#ifndef AP_DOCTOR_PAM_FILES_H
#define AP_DOCTOR_PAM_FILES_H

#include "../make/names.h"
#include "host.h"

#define AP_PAM_ETC_FOLDER "/etc/pam.d"
#define AP_PAM_DIST_FOLDER "/usr/lib/pam.d"
#define AP_PAM_SINGLE_FILE "/etc/pam.conf"

/* The machine's PAM files, as far as they were read. */
typedef struct {
	const ap_host *host;
	ap_names *included; /* the paths of the files that others include */
	size_t n_bytes;     /* of all files that were read, each as often as it was */
} ap_pam_files;

/* True where libpam reads the folders: where neither is there, it reads the single file. */
bool ap_pam_has_folders(const ap_host *host);

bool ap_pam_is_folder(const ap_host *host, const char *path);

/*
 * The file's text, in the host's arena; of a folder "", as libpam reads it. NULL with errno, as of ap_host_read; E2BIG: enough
 * was read.
 */
char *ap_pam_file_read(ap_pam_files *files, const char *path);

/* Of that errno: true if there is a file, and libpam, which runs as root and takes any bytes, may read it. */
bool ap_pam_is_illegible(int error);

/* Why that cannot be read here: what stands behind the file's name. */
const char *ap_pam_why_illegible(int error);

/* None was read yet. */
ap_pam_files ap_pam_files_of(const ap_host *host);

/* Adds the path, which is borrowed, to those of the files that others include. */
void ap_pam_note_included(ap_pam_files *files, const char *path);
bool ap_pam_is_included(const ap_pam_files *files, const char *path);

#endif
