/*
 * textmode.h - a login that reads the files, by an object that is loaded for it alone.
 *
 * The files are read by a child process (../textmode/spawn.h), whose keeping takes many of the C library's functions.
 * libpam loads the module at every transaction, and the dynamic linker looks up each function that it names; so what
 * few logins need is an object of its own, in the module's folder, and trusted as policy files are (file.h).
 */
#ifndef AP_TEXTMODE_H
#define AP_TEXTMODE_H

#include "image.h"
#include "status.h"

#define AP_TEXTMODE_OBJECT "pam_accesspolicy_text.so"

/*
 * What the object exports. The number is that of this interface: while a package is unpacked, the module of one version
 * may meet the object of another, and must not call it wrongly.
 */
#define AP_TEXTMODE_SYMBOL "ap_textmode_1"

/* The bytes of the image that `compiler` made of `config`, to be freed; the errors of ap_spawn_compiler. */
typedef ap_status ap_textmode_read(const char *compiler, const char *config, char **ret_bytes, size_t *ret_size,
				   ap_error *error);

/*
 * The image that `compiler` makes of `config`; both are absolute paths. AP_ERR_MISSING, AP_ERR_TRUST or
 * AP_ERR_IO where the object cannot be loaded, AP_ERR_DAMAGED for what is no image, and the errors of ap_spawn_compiler.
 */
ap_status ap_textmode_open(const char *compiler, const char *config, ap_image **ret_image, ap_error *error);

#endif
