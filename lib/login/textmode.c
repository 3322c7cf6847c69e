#include "textmode.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The object's path: in the folder from which the code that asks was loaded. False where that is not known. */
static bool find_object(char path[PATH_MAX])
{
	static const char here;
	Dl_info module;
	size_t length;

	if (dladdr(&here, &module) == 0 || module.dli_fname == NULL || module.dli_fname[0] != '/')
		return false;
	for (length = strlen(module.dli_fname); module.dli_fname[length - 1] != '/'; length--)
		;
	if (length + sizeof(AP_TEXTMODE_OBJECT) > PATH_MAX)
		return false;
	memcpy(path, module.dli_fname, length);
	memcpy(path + length, AP_TEXTMODE_OBJECT, sizeof(AP_TEXTMODE_OBJECT));
	return true;
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
	const char *why;
	void *object;

	if (!find_object(path))
		return ap_error_set(error, AP_ERR_IO, AP_TEXTMODE_OBJECT, 0,
				    "cannot be looked for: the module was not loaded by an absolute path");
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (object == NULL) {
		why = dlerror();
		return ap_error_set(error, AP_ERR_IO, path, 0,
				    "cannot be loaded, and without it the policy files cannot be read: %s",
				    why != NULL ? why : "no reason is given");
	}
	status = read_image(object, compiler, config, ret_image, error);
	(void)dlclose(object);
	return status;
}
