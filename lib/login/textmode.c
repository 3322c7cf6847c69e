#include "textmode.h"

#include "file.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The object's path: in the folder of the file that the code that asks was loaded from, which may be known by a link.
 * False where that is not known.
 */
static bool find_object(char path[PATH_MAX])
{
	static const char here;
	Dl_info module;
	size_t length;

	if (dladdr(&here, &module) == 0 || module.dli_fname == NULL || module.dli_fname[0] != '/' ||
	    realpath(module.dli_fname, path) == NULL)
		return false;
	for (length = strlen(path); path[length - 1] != '/'; length--)
		;
	if (length + sizeof(AP_TEXTMODE_OBJECT) > PATH_MAX)
		return false;
	memcpy(path + length, AP_TEXTMODE_OBJECT, sizeof(AP_TEXTMODE_OBJECT));
	return true;
}

/*
 * Loaded while a login is under way, and so perhaps in another root than the module was, as of a host that has changed
 * its own: what others could have put there is not loaded. Nobody else can replace it after it was looked at (file.h).
 */
static ap_status load_object(const char *path, void **ret_object, ap_error *error)
{
	ap_status status;
	const char *why;
	int fd;

	status = ap_file_open(path, &fd, error);
	if (status == AP_ERR_MISSING)
		return ap_error_set(
			error, AP_ERR_MISSING, path, 0,
			"is missing, and without it the policy files cannot be read; install the package again");
	if (status != AP_OK)
		return status;
	(void)close(fd);
	*ret_object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (*ret_object != NULL)
		return AP_OK;
	why = dlerror();
	return ap_error_set(error, AP_ERR_IO, path, 0, "cannot be loaded: %s; install the package again",
			    why != NULL ? why : "no reason is given");
}

static ap_status read_image(void *object, const char *compiler, const char *config, ap_image **ret_image,
			    ap_error *error)
{
	ap_textmode_read *read_files;
	char *bytes = NULL;
	size_t size = 0;
	ap_status status;

	*(void **)&read_files = dlsym(object, AP_TEXTMODE_SYMBOL);
	if (read_files == NULL)
		return ap_error_set(error, AP_ERR_IO, AP_TEXTMODE_OBJECT, 0,
				    "is of another release than the module: install the package again");
	status = read_files(compiler, config, &bytes, &size, error);
	if (status == AP_OK)
		status = ap_image_open(compiler, bytes, size, ret_image, error);
	if (status != AP_OK)
		free(bytes);
	return status;
}

ap_status ap_textmode_open(const char *compiler, const char *config, ap_image **ret_image, ap_error *error)
{
	char path[PATH_MAX];
	ap_status status;
	void *object;

	if (!find_object(path))
		return ap_error_set(
			error, AP_ERR_IO, AP_TEXTMODE_OBJECT, 0,
			"cannot be looked for, since the path of the module is not known any more, and without "
			"it the policy files cannot be read");
	status = load_object(path, &object, error);
	if (status != AP_OK)
		return status;
	status = read_image(object, compiler, config, ret_image, error);
	(void)dlclose(object);
	return status;
}
