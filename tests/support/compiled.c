#include "compiled.h"

#include "../../lib/make/compile.h"
#include "../../lib/make/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ap_policy_set *read_text(const char *text)
{
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;

	if (ap_load_text("/nowhere/test.conf", text, strlen(text), &set, &diagnostics) != AP_OK) {
		for (size_t i = 0; i < diagnostics.n; i++)
			(void)fprintf(stderr, "%s:%u: %s\n", diagnostics.items[i].file, diagnostics.items[i].line,
				      diagnostics.items[i].message);
		abort();
	}
	ap_diagnostics_clear(&diagnostics);
	return set;
}

void *ap_test_image_bytes(const char *text, size_t *ret_size)
{
	ap_policy_set *set = read_text(text);
	void *bytes = NULL;
	ap_error error;

	if (ap_compile(set, 0, &bytes, ret_size, &error) != AP_OK) {
		(void)fprintf(stderr, "compile: %s\n", error.message);
		abort();
	}
	ap_policy_set_free(set);
	return bytes;
}

ap_image *ap_test_image(const char *text)
{
	ap_image *image = NULL;
	ap_error error;
	size_t size;
	void *bytes = ap_test_image_bytes(text, &size);

	if (ap_image_open("test", bytes, size, &image, &error) != AP_OK) {
		(void)fprintf(stderr, "open: %s\n", error.message);
		abort();
	}
	return image;
}
