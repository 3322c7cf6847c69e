/*
 * load.h - reads the policy files: all of them, or none with all that is wrong with them.
 */
#ifndef AP_LOAD_H
#define AP_LOAD_H

#include "../login/file.h"
#include "diagnostics.h"
#include "file_edits.h"
#include "policyset.h"
#include "progress.h"

#include <stdbool.h>

enum { AP_POLICY_FILE_MAX = 64 * 1024 * 1024 }; /* bytes */

/* The text of a policy file; borrowed. */
typedef struct {
	const char *path;
	const char *text; /* with a NUL byte behind its last */
	size_t size;
} ap_load_text_of;

typedef struct {
	/* The root file's path. Its drop-ins are conf.d/ *.conf beside it, read after it in byte order of their
	   names. */
	const char *config;

	/* A file that is not saved yet, or NULL: read last and its policies taken in place of those of the same names,
	   where they stood; they are marked as drafts and count as enabled. One that `replaces` another stands in its
	   place: that one counts as disabled. A draft is read for a report only, so neither its owner and mode nor its
	   folder are looked at; it must be a regular file, or "-", standard input. */
	const char *draft;

	/* With `draft`: its text, or NULL: it is read from that file. `draft` is then what messages call it. */
	const char *draft_text;

	/* With `draft`: the name of the file that it will be saved as: it is read in that file's place, or where it
	   would stand, and nothing is enabled. "NAME.conf" or "conf.d/NAME.conf" is a drop-in, the root file's own
	   name the root file. */
	const char *draft_as;

	/* Files to read as they will be, or NULL; each by the path that ap_load_list or ap_load_drop_in_path has for
	   it. What they were made from is not looked at. */
	const ap_file_edit *edits;
	size_t n_edits;

	/* That no file has `policies` is no error: one is about to be written. */
	bool policies_follow;

	/* Texts to read in the place of the files, or NULL: the root file's, whose path is then `config`, and the
	   drop-ins' in their order. What they name, feeds and directory files, is read as ever. */
	const ap_load_text_of *texts;
	size_t n_texts;

	/* With `texts`: nothing but them is read, and nothing is said of what they name. What the set then holds is what
	   the texts say for themselves: assertions, administrators, settings. It cannot be compiled. */
	bool texts_alone;

	/* A region that is in use, and that the region database does not tell of, is an error. Without, it is a
	   warning, and where that region decides, a login is undetermined; and as that is what a login does that reads
	   the files, the database may be read for AP_REGION_SECONDS_AT_LOGIN only. */
	bool regions_must_be_known;

	/* Of another machine's policy: where a file of it is here, which are the root file, what stands beside it, and what
	   they name; NULL: where its path says. */
	const ap_elsewhere *elsewhere;

	const ap_progress *progress; /* may be NULL */
} ap_load_options;

/*
 * AP_OK: *ret_set is whole and sound; *diagnostics may hold warnings. AP_ERR_POLICY: at least one error is in
 * *diagnostics and *ret_set is untouched. Files but the draft are read through ap_file_read, so every refusal of
 * file.h is among the errors. *diagnostics is sorted.
 */
ap_status ap_load(const ap_load_options *options, ap_policy_set **ret_set, ap_diagnostics *diagnostics);

/*
 * The paths of the policy files that ap_load would read now, the root file first; the rest in reading order. They live
 * in the arena. AP_ERR_POLICY with *error where the folder of drop-ins cannot be listed.
 */
ap_status ap_load_list(const char *config, ap_arena *arena, const char *const **ret_paths, size_t *ret_n,
		       ap_error *error);

/* The path of the drop-in of that name, as ap_load_list has it; in the arena. */
char *ap_load_drop_in_path(ap_arena *arena, const char *config, const char *name);

/* True if a draft can be saved under this name, as `draft_as` tells it, beside the root file `config`. */
bool ap_load_can_save_as(const char *config, const char *draft_as);

/*
 * The same as ap_load for one text in memory that has no drop-ins; `name` stands for its path, relative feeds are
 * looked for beside it. For tests and fuzzers. Regions need not be known.
 */
ap_status ap_load_text(const char *name, const char *text, size_t size, ap_policy_set **ret_set,
		       ap_diagnostics *diagnostics);

#endif
