/* module_file.h - where libpam of the machine looks for modules, and what is there. */
#ifndef AP_DOCTOR_MODULE_FILE_H
#define AP_DOCTOR_MODULE_FILE_H

#include "host.h"

#include <stdbool.h>
#include <sys/stat.h>

/*
 * The folders of the machine's modules: those that pam_permit.so or pam_unix.so is in, one of which each installation has. In
 * the arena; none where there is no such.
 */
typedef struct {
	const ap_host *host;
	const char **items;
	size_t n;
} ap_module_folders;

ap_module_folders ap_module_folders_of(const ap_host *host);

/* The file of a module as a PAM file names it; NULL: there is none. In the arena. */
const char *ap_module_file_find(const ap_module_folders *folders, const char *module, struct stat *ret_info);

#endif
