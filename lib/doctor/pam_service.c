#include "pam_service.h"

#include "pam_text.h"
#include "text_parts.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_SERVICE "other"

/*
 * SUBSTACK_LEVELS is libpam's. It has no other limit: what includes itself goes on until no file can be opened any more. The
 * limits on lines and files keep files that include each other many times from taking all memory.
 */
enum { SUBSTACK_LEVELS = 16, LINES_MAX = 20000, FILES_MAX = 2000, DEPTH_MAX = 200, ANY_PHASE = AP_N_PAM_PHASES };

const char *const ap_pam_phase_names[AP_N_PAM_PHASES] = { "auth", "account", "password", "session" };

/* A service that is being read. */
typedef struct {
	ap_pam_files *files;
	ap_pam_service *service;
	ap_pam_stack own[AP_N_PAM_PHASES];
	ap_pam_stack other[AP_N_PAM_PHASES];
	size_t n_lines;
	size_t n_files;

	/* Why the file that is being read is not read further. It counts for the service once no includer is left, or if no
	   includer could go on from it either. */
	const char *fault;
	const char *fault_file;
	unsigned fault_line;
	bool final;
	bool unexamined; /* and it is none of libpam's */
} reading;

/* A file that is being read, and the one that includes it. */
typedef struct opened {
	const struct opened *includer;
	const char *path;
	const char *known_service; /* NULL: each line begins with its own, as in pam.conf */
	unsigned phase;            /* whose lines are wanted, or ANY_PHASE */
	unsigned level;
	unsigned depth;
} opened;

/* A line that is being taken apart. */
typedef struct {
	const char *service;
	ap_pam_line line;
	unsigned phase;
	char *rest;
} taken;

static bool parse_file(reading *r, const opened *file, const char *text);

static ap_arena *arena_of(const reading *r)
{
	return r->files->host->arena;
}

static bool fail(reading *r, const char *file, unsigned line, const char *why)
{
	r->fault = why;
	r->fault_file = file;
	r->fault_line = line;
	return false;
}

static bool fail_for_good(reading *r, const char *file, unsigned line, const char *why)
{
	r->final = true;
	return fail(r, file, line, why);
}

/* What libpam could read, or go on with, and this cannot. */
static bool give_up(reading *r, const char *file, unsigned line, const char *why)
{
	r->unexamined = true;
	return fail_for_good(r, file, line, why);
}

/*
 * Lines into stacks
 */

/* libpam takes the name without its folder and its last ending, and cannot do without one. */
static bool has_a_name(const char *module)
{
	const char *name = ap_path_name(module), *dot = strrchr(name, '.');
	size_t length = dot != NULL ? (size_t)(dot - name) : strlen(name);

	return length > 0 && !(length == 1 && name[0] == '?');
}

static bool add(reading *r, const taken *t)
{
	bool of_other = strcasecmp(t->service, DEFAULT_SERVICE) == 0;
	ap_pam_stack *stack;

	if (t->phase == ANY_PHASE)
		return fail(r, t->line.file, t->line.line, t->line.fault);
	if (t->line.module != NULL && !has_a_name(t->line.module))
		return fail(r, t->line.file, t->line.line, "the module has no name");
	if (++r->n_lines > LINES_MAX)
		return give_up(r, t->line.file, t->line.line, "the service has more lines than can be examined");
	stack = of_other ? &r->other[t->phase] : &r->own[t->phase];
	*AP_PUSH(arena_of(r), stack->lines, stack->n) = t->line;
	return true;
}

/* It stays in its stack, and denies. */
static void let_fail(taken *t, const char *why)
{
	t->line.kind = AP_PAM_FAILS;
	if (t->line.fault == NULL)
		t->line.fault = why;
}

/*
 * Includes
 */

static bool is_open(const opened *file, const char *path, unsigned phase, unsigned level)
{
	for (; file != NULL; file = file->includer)
		if (strcmp(file->path, path) == 0 && file->phase == phase && file->level == level)
			return true;
	return false;
}

/* NULL where it was read. */
static const char *include(reading *r, const opened *file, const char *name, const taken *t, unsigned level)
{
	ap_arena *arena = arena_of(r);
	const char *path = name[0] == '/' ? name : ap_format(arena, AP_PAM_ETC_FOLDER "/%s", name);
	const opened included = { .includer = file,
				  .path = path,
				  .known_service = t->service,
				  .phase = t->phase,
				  .level = level,
				  .depth = file->depth + 1 };
	char *text;

	ap_pam_note_included(r->files, path);
	if (level >= SUBSTACK_LEVELS)
		return ap_format(arena, "%s: there are more than %d substacks in one another", path, SUBSTACK_LEVELS);
	if (is_open(file, path, t->phase, level) || included.depth > DEPTH_MAX)
		return ap_format(arena, "%s includes itself", path);
	if (++r->n_files > FILES_MAX) {
		(void)give_up(r, path, 0, "more files are included than can be examined");
		return r->fault;
	}
	text = ap_pam_file_read(r->files, path);
	if (text == NULL && ap_pam_is_illegible(errno))
		(void)give_up(r, path, 0, ap_pam_why_illegible(errno));
	if (text == NULL)
		return ap_format(arena, "%s cannot be read: %s", path, strerror(errno));
	if (parse_file(r, &included, text))
		return NULL;
	return ap_format(arena, "%s, line %u: %s", r->fault_file, r->fault_line, r->fault);
}

/*
 * Words of a line
 */

static void take_phase(taken *t, unsigned wanted, const char *word)
{
	/* that its module is missing is then not logged */
	if (word != NULL && word[0] == '-')
		word++;
	for (unsigned i = 0; word != NULL && i < AP_N_PAM_PHASES; i++)
		if (strcasecmp(word, ap_pam_phase_names[i]) == 0) {
			t->phase = i;
			return;
		}
	/* libpam then takes the line for what would do most harm to be without */
	t->phase = wanted != ANY_PHASE ? wanted : AP_PAM_AUTH;
	let_fail(t, word == NULL ? "the line has no type"
				 : "the line begins with none of auth, account, password, session");
}

typedef enum { TAKE_MODULE, TAKE_INCLUDE, TAKE_SUBSTACK } what_follows;

static what_follows take_control(taken *t, const char *word)
{
	t->line.word = word;
	t->line.control = ap_pam_control_of(AP_PAM_BAD);
	if (word == NULL) {
		let_fail(t, "the line has no control");
		return TAKE_MODULE;
	}
	if (strcasecmp(word, "include") == 0)
		return TAKE_INCLUDE;
	if (strcasecmp(word, "substack") == 0)
		return TAKE_SUBSTACK;
	(void)ap_pam_control_parse(word, &t->line.control);
	return TAKE_MODULE;
}

/* Without a name, libpam would ask for the first character at no address, and its caller crashes: nobody gets in. */
static bool take_include(reading *r, const opened *file, taken *t, what_follows kind)
{
	const char *name = ap_pam_word(&t->rest), *fault;
	unsigned level = file->level + (kind == TAKE_SUBSTACK ? 1 : 0);

	if (name == NULL)
		return fail_for_good(r, t->line.file, t->line.line, "nothing is named that is to be included");
	if (kind == TAKE_SUBSTACK) {
		taken marker = *t;

		marker.line.kind = AP_PAM_SUBSTACK;
		marker.line.module = name;
		if (!add(r, &marker))
			return false;
	}
	fault = include(r, file, name, t, level);
	if (fault == NULL)
		return true;
	if (r->final)
		return false;
	let_fail(t, fault);
	return add(r, t);
}

static void take_module(reading *r, taken *t)
{
	const char **arguments = NULL;
	const char *argument;

	t->line.module = ap_pam_word(&t->rest);
	if (t->line.module == NULL)
		let_fail(t, "the line has no module");
	while ((argument = ap_pam_word(&t->rest)) != NULL)
		*AP_PUSH(arena_of(r), arguments, t->line.n_arguments) = argument;
	t->line.arguments = arguments;
}

/*
 * What libpam does for an @include that cannot be read, within a file of which only one type is wanted, hangs on what its
 * memory holds: that the line is passed over is the worst of it.
 */
static bool take_debian_include(reading *r, const opened *file, taken *t)
{
	t->phase = file->phase;
	t->line.word = "@include";
	t->line.control = ap_pam_control_of(AP_PAM_IGNORE);
	return take_include(r, file, t, TAKE_INCLUDE);
}

static bool is_wanted(const reading *r, const opened *file, const char *service)
{
	return file->known_service != NULL || strcasecmp(service, r->service->name) == 0 ||
	       strcasecmp(service, DEFAULT_SERVICE) == 0;
}

static bool parse_line(reading *r, const opened *file, char *text, unsigned number)
{
	taken t = { .line = { .file = file->path, .line = number, .level = file->level }, .rest = text };
	const char *word;
	what_follows kind;

	t.service = file->known_service != NULL ? file->known_service : ap_pam_word(&t.rest);
	if (!is_wanted(r, file, t.service))
		return true;
	word = ap_pam_word(&t.rest);
	if (word != NULL && strcasecmp(word[0] == '-' ? word + 1 : word, "@include") == 0)
		return take_debian_include(r, file, &t);
	take_phase(&t, file->phase, word);
	if (file->phase != ANY_PHASE && t.phase != file->phase)
		return true;
	kind = take_control(&t, ap_pam_word(&t.rest));
	if (kind != TAKE_MODULE)
		return take_include(r, file, &t, kind);
	take_module(r, &t);
	return add(r, &t);
}

static bool parse_file(reading *r, const opened *file, const char *text)
{
	ap_pam_text left = { text, 1 };
	ap_pam_text_result result;
	unsigned number;
	char *line;

	while ((result = ap_pam_text_next(arena_of(r), &left, &line, &number)) == AP_PAM_TEXT_LINE)
		if (!parse_line(r, file, line, number))
			return false;
	return result == AP_PAM_TEXT_END ||
	       fail(r, file->path, number, "the line is continued by nothing, or too long");
}

/*
 * Services
 */

/* The service's own file, as libpam looks for it; NULL: there is none. */
static char *find_file(reading *r, const char *name, const char **ret_path)
{
	static const char *const folders[] = { AP_PAM_ETC_FOLDER, AP_PAM_DIST_FOLDER };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char *text;

		*ret_path = ap_format(arena_of(r), "%s/%s", folders[i], name);
		text = ap_pam_file_read(r->files, *ret_path);
		if (text != NULL)
			return text;
		if (ap_pam_is_illegible(errno)) {
			(void)give_up(r, *ret_path, 0, ap_pam_why_illegible(errno));
			return NULL;
		}
	}
	*ret_path = NULL;
	return NULL;
}

static bool read_known(reading *r, const char *name, const char **ret_path)
{
	char *text = find_file(r, name, ret_path);
	const opened file = { .path = *ret_path, .known_service = name, .phase = ANY_PHASE };

	if (text == NULL)
		return !r->final;
	return parse_file(r, &file, text);
}

static bool read_folders(reading *r)
{
	const char *default_path = NULL;
	const char *name = r->service->name;

	if (!read_known(r, name, &r->service->file))
		return false;
	if (strcmp(name, DEFAULT_SERVICE) != 0 && !read_known(r, DEFAULT_SERVICE, &default_path))
		return false;
	return r->service->file != NULL || default_path != NULL ||
	       fail(r, AP_PAM_ETC_FOLDER, 0, "the service has no file, and there is none for \"other\"");
}

static bool read_single_file(reading *r)
{
	const opened file = { .path = AP_PAM_SINGLE_FILE, .phase = ANY_PHASE };
	char *text = ap_pam_file_read(r->files, AP_PAM_SINGLE_FILE);

	if (text == NULL && ap_pam_is_illegible(errno))
		return give_up(r, AP_PAM_SINGLE_FILE, 0, ap_pam_why_illegible(errno));
	if (text == NULL)
		return fail(r, AP_PAM_SINGLE_FILE, 0,
			    ap_format(arena_of(r), "the file cannot be read: %s", strerror(errno)));
	if (!parse_file(r, &file, text))
		return false;
	for (unsigned i = 0; i < AP_N_PAM_PHASES; i++)
		if (r->own[i].n > 0)
			r->service->file = AP_PAM_SINGLE_FILE;
	return true;
}

void ap_pam_service_read(ap_pam_files *files, const char *name, ap_pam_service *ret_service)
{
	reading r = { .files = files, .service = ret_service };
	bool refused;

	*ret_service = (ap_pam_service){ .name = name };
	refused = ap_pam_has_folders(files->host) ? !read_folders(&r) : !read_single_file(&r);
	for (unsigned i = 0; i < AP_N_PAM_PHASES; i++) {
		bool of_other = r.own[i].n == 0 && strcmp(name, DEFAULT_SERVICE) != 0;

		ret_service->stacks[i] = r.own[i].n > 0 ? r.own[i] : r.other[i];
		ret_service->stacks[i].of_other = of_other;
	}
	if (refused) {
		ret_service->refused = r.fault;
		ret_service->refused_file = r.fault_file;
		ret_service->refused_line = r.fault_line;
		ret_service->unexamined = r.unexamined;
	}
}

const char *ap_pam_line_module(const ap_pam_line *line)
{
	return line->module == NULL || line->kind != AP_PAM_MODULE ? "" : ap_path_name(line->module);
}
