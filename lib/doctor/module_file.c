#include "module_file.h"

#include <string.h>

static bool has_modules(const ap_host *host, const char *folder)
{
	static const char *const everywhere[] = { "pam_permit.so", "pam_unix.so" };

	for (size_t i = 0; i < sizeof(everywhere) / sizeof(everywhere[0]); i++)
		if (ap_host_has(host, ap_format(host->arena, "%s/%s", folder, everywhere[i])))
			return true;
	return false;
}

static void try_folder(const ap_host *host, const char *folder, ap_module_folders *found)
{
	if (has_modules(host, folder))
		*AP_PUSH(host->arena, found->items, found->n) = folder;
}

/* Debian's has one for each architecture. */
static void try_below(const ap_host *host, const char *parent, ap_module_folders *found)
{
	const char *const *names;
	size_t n;

	if (!ap_host_list(host, parent, &names, &n))
		return;
	for (size_t i = 0; i < n; i++)
		if (strstr(names[i], "-linux-") != NULL)
			try_folder(host, ap_format(host->arena, "%s/%s/security", parent, names[i]), found);
}

ap_module_folders ap_module_folders_of(const ap_host *host)
{
	ap_module_folders found = { .host = host };

	try_below(host, "/lib", &found);
	try_folder(host, "/lib/security", &found);
	try_folder(host, "/lib64/security", &found);
	try_folder(host, "/usr/lib/security", &found);
	try_folder(host, "/usr/lib64/security", &found);
	if (found.n == 0)
		try_below(host, "/usr/lib", &found);
	return found;
}

const char *ap_module_file_find(const ap_module_folders *folders, const char *module, struct stat *ret_info)
{
	const ap_host *host = folders->host;

	if (module[0] == '/')
		return ap_host_stat(host, module, ret_info) ? module : NULL;
	for (size_t i = 0; i < folders->n; i++) {
		const char *path = ap_format(host->arena, "%s/%s", folders->items[i], module);

		if (ap_host_stat(host, path, ret_info))
			return path;
	}
	return NULL;
}
