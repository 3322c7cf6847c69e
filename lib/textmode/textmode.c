/*
 * pam_accesspolicy_text.so - what the module loads where a login reads the files.
 */
#include "../login/textmode.h"
#include "spawn.h"

__attribute__((visibility("default"))) ap_textmode_read ap_textmode_1;

ap_status ap_textmode_1(const char *compiler, const char *config, char **ret_bytes, size_t *ret_size, ap_error *error)
{
	return ap_spawn_compiler(compiler, config, &ap_spawn_default_limits, ret_bytes, ret_size, error);
}
