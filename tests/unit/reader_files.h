/* reader_files.h - policy files in a scratch folder, and the set that is read from them. */
#ifndef AP_TEST_READER_FILES_H
#define AP_TEST_READER_FILES_H

#include "../../lib/make/load.h"
#include "rows.h"
#include "scratch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
	char *folder;
	char *config;
	ap_policy_set *set;
	ap_diagnostics diagnostics;
} reader_files;

#define ONE_POLICY "policies = ( { name = \"P\"; type = \"blacklist\"; scope = { all = true; }; } );\n"

static inline void reader_files_write(const reader_files *files, const char *name, const char *text)
{
	if (strncmp(name, "conf.d/", 7) == 0) {
		char *drop_ins = ap_scratch_path(files->folder, "conf.d");

		(void)mkdir(drop_ins, 0755);
		free(drop_ins);
	}
	free(ap_scratch_write(files->folder, name, text, 0644));
}

static inline reader_files reader_files_new(const char *root_text)
{
	reader_files files = { .folder = ap_scratch_new() };

	files.config = ap_scratch_path(files.folder, "accesspolicy.conf");
	reader_files_write(&files, "accesspolicy.conf", root_text);
	return files;
}

/* Reads; `draft` is the name of a file in the folder, or NULL. */
static inline ap_status reader_files_load(reader_files *files, const char *draft, const char *draft_as)
{
	char *path = draft != NULL ? ap_scratch_path(files->folder, draft) : NULL;
	ap_load_options options = { .config = files->config, .draft = path, .draft_as = draft_as };
	ap_status status;

	ap_policy_set_free(files->set);
	files->set = NULL;
	ap_diagnostics_clear(&files->diagnostics);
	status = ap_load(&options, &files->set, &files->diagnostics);
	free(path);
	return status;
}

/* Reads what must be right. */
static inline const ap_policy_set *reader_files_read(reader_files *files)
{
	ap_status status = reader_files_load(files, NULL, NULL);

	for (size_t i = 0; i < files->diagnostics.n; i++)
		if (files->diagnostics.items[i].severity == AP_ERROR)
			print_error("%s:%u: %s\n", files->diagnostics.items[i].file, files->diagnostics.items[i].line,
				    files->diagnostics.items[i].message);
	assert_int_equal(status, AP_OK);
	return files->set;
}

/* The path without the folder. */
static inline const char *reader_files_name(const reader_files *files, const char *path)
{
	size_t length = strlen(files->folder);

	return strncmp(path, files->folder, length) == 0 ? path + length + 1 : path;
}

static inline void reader_files_free(reader_files *files)
{
	ap_policy_set_free(files->set);
	ap_diagnostics_clear(&files->diagnostics);
	ap_scratch_free(files->folder);
	free(files->config);
}

#endif
