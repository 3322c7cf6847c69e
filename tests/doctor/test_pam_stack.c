/*
 * What the doctor says that a stack can answer, against what the installed libpam answers.
 *
 * Random service files are read by both. What libpam answers to each combination of answers of the modules, and which modules
 * it asks, is what the doctor's walk has to tell. AP_SEED repeats a run, AP_SETS makes it longer.
 */
#include "../../lib/doctor/pam_config.h"
#include "../../lib/doctor/pam_stack.h"
#include "drawn_text.h"
#include "effort.h"
#include "prng.h"
#include "real_pam.h"
#include "root.h"
#include "rows.h"
#include "scratch.h"

#include <string.h>

enum { FILES_MAX = 4, TEXT_MAX = 8192, MODULES_MAX = 5, SERVICE_LINES_MAX = 7 };

#define SERVICE "probe"
#define SUCCESSES (AP_PAM_ANSWER(PAM_SUCCESS) | AP_PAM_ANSWER(PAM_NEW_AUTHTOK_REQD))

static const int tried[] = { PAM_SUCCESS, PAM_PERM_DENIED, PAM_IGNORE, PAM_NEW_AUTHTOK_REQD, PAM_SERVICE_ERR };

/* A machine's root, and the same files where libpam, which knows no other root, finds them. */
typedef struct {
	char *folder;  /* what is included is here, by its absolute path */
	char *root;    /* folder/root: the machine's */
	char *confdir; /* root/etc/pam.d */
} machine;

static machine new_machine(void)
{
	machine m = { .folder = ap_scratch_new() };

	m.root = ap_scratch_path(m.folder, "root");
	m.confdir = ap_scratch_path(m.folder, "root/etc/pam.d");
	root_make_folder(m.root, "/etc/pam.d");
	return m;
}

static void free_machine(machine *m)
{
	ap_scratch_free(m->folder);
	free(m->root);
	free(m->confdir);
}

/*
 * Random files
 */

typedef struct {
	ap_prng *prng;
	const machine *machine;
	bool wild; /* with what nobody would write, and the same module again and again */
	char texts[FILES_MAX][TEXT_MAX];
	int n_files; /* [0] is the service's own */
	int n_modules;
} files;

#define append(text, ...) ap_append((text), TEXT_MAX, __VA_ARGS__)

static void append_blank(files *f, char *text)
{
	static const char *const blanks[] = { " ", "\t", "  ", " \\\n", "\t \\ \n \t", " \\\n# between\n\n " };

	append(text, "%s", f->wild ? AP_PICK(f->prng, blanks) : " ");
}

static void append_pairs(files *f, char *text)
{
	static const char *const answers[] = { "success",  "perm_denied", "ignore",         "new_authtok_reqd",
					       "auth_err", "service_err", "module_unknown", "default" };
	static const char *const actions[] = { "ok", "done", "bad", "die", "ignore", "reset", "1", "1", "2", "3", "9" };
	static const char *const faults[] = { "success", "success=", "=ok", "success=0", "perm=ok", "successful=ok" };
	uint32_t n = 1 + ap_prng_below(f->prng, 4);

	for (uint32_t i = 0; i < n; i++)
		append(text, "%s%s%s%s%s", i > 0 && !(f->wild && ap_prng_chance(f->prng, 10)) ? " " : "",
		       AP_PICK(f->prng, answers), f->wild && ap_prng_chance(f->prng, 10) ? " " : "", "=",
		       AP_PICK(f->prng, actions));
	if (f->wild && ap_prng_chance(f->prng, 5))
		append(text, " %s", AP_PICK(f->prng, faults));
}

static void append_control(files *f, char *text)
{
	static const char *const words[] = { "required", "requisite", "optional", "sufficient", "required" };
	static const char *const odd[] = { "REQUIRED", "[required]", "nothing", "[]", "success=ok" };

	if (f->wild && ap_prng_chance(f->prng, 8)) {
		append(text, "%s", AP_PICK(f->prng, odd));
	} else if (ap_prng_chance(f->prng, 50)) {
		append(text, "%s", AP_PICK(f->prng, words));
	} else {
		append(text, "[");
		append_pairs(f, text);
		append(text, "]");
	}
}

/* Mostly one of the modules that answer what they are told to; each its own but where it is wild. */
static void append_module(files *f, char *text)
{
	static const char *const odd[] = { "/nowhere/pam_missing.so", "pam_accesspolicy_missing.so", "",
					   "[/nowhere/a b.so]" };
	static const char *const behind[] = { "", " more", " [a b]", " [a \\] b] c", "# remark", " # remark" };
	int number = f->n_modules;

	if (f->wild && ap_prng_chance(f->prng, 8)) {
		append(text, "%s", AP_PICK(f->prng, odd));
		return;
	}
	if (number == MODULES_MAX) {
		append(text, "/nowhere/pam_missing.so");
		return;
	}
	if (f->wild && number > 0 && ap_prng_chance(f->prng, 30))
		number = (int)ap_prng_below(f->prng, (uint32_t)number);
	else
		f->n_modules++;
	append(text, "%s", getenv("AP_TEST_SCRIPTED"));
	append_blank(f, text);
	append(text, "%d%s", number, f->wild ? AP_PICK(f->prng, behind) : "");
}

static void append_phase(files *f, char *text)
{
	static const char *const odd[] = { "auth",   "-account", "ACCOUNT",   "session",
					   "acount", "-",        "[account]", "password" };

	append(text, "%s", f->wild && ap_prng_chance(f->prng, 25) ? AP_PICK(f->prng, odd) : "account");
}

static void fill(files *f, int number, int depth);

/* A file more, which this line includes. Where it is not wild, each is included once. */
static void append_include(files *f, char *text, int depth)
{
	static const char *const ways[] = { "account include", "account substack", "account substack", "@include" };
	static const char *const wild_ways[] = { "-account include", "auth include", "ACCOUNT Substack", "-@include" };
	int number = f->n_files++;

	append(text, "%s %s/%d\n",
	       f->wild && ap_prng_chance(f->prng, 20) ? AP_PICK(f->prng, wild_ways) : AP_PICK(f->prng, ways),
	       f->machine->folder, number);
	if (f->wild && ap_prng_chance(f->prng, 10))
		f->texts[number][0] = '\0';
	else
		fill(f, number, depth + 1);
}

static void append_line(files *f, char *text, int depth)
{
	static const char *const odd[] = { "\n",
					   "# remark\n",
					   "account\n",
					   "account required\n",
					   "[\n",
					   "  \\\n \n",
					   "account include /nowhere/missing\n",
					   "account substack accesspolicy-no-such-file\n" };

	if (f->wild && ap_prng_chance(f->prng, 12)) {
		append(text, "%s", AP_PICK(f->prng, odd));
	} else if (f->n_files < FILES_MAX && depth < 3 && ap_prng_chance(f->prng, 25)) {
		append_include(f, text, depth);
	} else {
		append_phase(f, text);
		append_blank(f, text);
		append_control(f, text);
		append_blank(f, text);
		append_module(f, text);
		append(text, "\n");
	}
}

static void fill(files *f, int number, int depth)
{
	uint32_t n = 1 + ap_prng_below(f->prng, SERVICE_LINES_MAX - (uint32_t)depth);

	f->texts[number][0] = '\0';
	for (uint32_t i = 0; i < n; i++)
		append_line(f, f->texts[number], depth);
}

/* By the same path for libpam, which is at this machine's root, and below the other root. */
static void write_files(const files *f)
{
	root_write(f->machine->confdir, SERVICE, f->texts[0]);
	for (int i = 1; i < f->n_files; i++) {
		char name[32], *path;

		(void)snprintf(name, sizeof(name), "%d", i);
		path = ap_scratch_path(f->machine->folder, name);
		root_write("/", path, f->texts[i]);
		root_write(f->machine->root, path, f->texts[i]);
		free(path);
	}
}

static void generate(files *f, ap_prng *prng, const machine *m, bool wild)
{
	*f = (files){ .prng = prng, .machine = m, .wild = wild, .n_files = 1 };
	fill(f, 0, 0);
	write_files(f);
}

static void show(const files *f)
{
	for (int i = 0; i < f->n_files; i++)
		(void)printf("--- file %d\n%s", i, f->texts[i]);
}

/*
 * The doctor's view
 */

typedef struct {
	ap_arena *arena;
	ap_host host;
	const ap_pam_service *service;
	const ap_pam_stack *account;
} view;

static view look(const machine *m)
{
	view v = { .arena = ap_arena_new() };

	v.host = (ap_host){ .arena = v.arena, .root = m->root };
	v.service = ap_pam_config_service(ap_pam_config_read(&v.host), SERVICE);
	v.account = &v.service->stacks[AP_PAM_ACCOUNT];
	return v;
}

/* The number behind the module; -1: it is none that answers. */
static int module_number(const ap_pam_line *line)
{
	if (line->module == NULL || strcmp(line->module, getenv("AP_TEST_SCRIPTED")) != 0 || line->n_arguments == 0)
		return -1;
	return (int)strtol(line->arguments[0], NULL, 10);
}

static bool decides(const files *f, int number)
{
	return number >= f->n_modules - 2;
}

/* What libpam then does hangs on what its memory happens to hold. */
static bool has_failing_at_include(const ap_pam_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++)
		if (stack->lines[i].kind == AP_PAM_FAILS && stack->lines[i].word != NULL &&
		    strcmp(stack->lines[i].word, "@include") == 0)
			return true;
	return false;
}

static const ap_pam_voice missing_module = { .can = AP_PAM_ANSWER(PAM_MODULE_UNKNOWN) };

/* Each module has one answer, that of the script. */
static ap_pam_voice one_answer(void *context, const ap_pam_line *line)
{
	const script *played = context;
	int number = module_number(line);

	return number < 0 ? missing_module : (ap_pam_voice){ .can = AP_PAM_ANSWER(played->answers[number]) };
}

/* The last two modules decide, and let in by PAM_SUCCESS; each can give all answers that are tried. */
static ap_pam_voice all_answers(void *context, const ap_pam_line *line)
{
	const files *f = context;
	ap_pam_voice voice = { .can = 0 };
	int number = module_number(line);

	if (number < 0)
		return missing_module;
	for (size_t i = 0; i < AP_N(tried); i++)
		voice.can |= AP_PAM_ANSWER(tried[i]);
	voice.decides = decides(f, number);
	voice.lets_in = AP_PAM_ANSWER(PAM_SUCCESS);
	return voice;
}

static bool is_success(int code)
{
	return code == PAM_SUCCESS || code == PAM_NEW_AUTHTOK_REQD;
}

static void check_steps(const files *f, const script *played, const ap_pam_way *way)
{
	int n = 0;

	for (size_t i = 0; i < way->n_steps; i++) {
		int number = module_number(way->steps[i].line);

		if (way->steps[i].line->kind != AP_PAM_MODULE || number < 0)
			continue;
		if (n >= played->n_asked || played->asked[n] != number) {
			show(f);
			fail_msg("step %d asks module %d, and libpam another one", n, number);
		}
		n++;
	}
	assert_int_equal(n, played->n_asked);
}

static unsigned n_sets(unsigned standard)
{
	const char *given = getenv("AP_SETS");

	return given != NULL ? (unsigned)strtoul(given, NULL, 10) : standard / ap_effort_step(5, 50);
}

/* One answer a module: the same outcome, and on the way to success the same modules are asked. */
static void test_walk_is_libpams(void **state)
{
	ap_prng prng = ap_prng_seeded(0x5eed0001);
	machine m = new_machine();
	unsigned n_succeeded = 0;

	(void)state;
	for (unsigned set = 0; set < n_sets(4000); set++) {
		files f;
		real_pam real;
		view v;

		generate(&f, &prng, &m, true);
		v = look(&m);
		real_pam_begin(&real, m.confdir, SERVICE);
		assert_int_equal(v.service->refused != NULL, real.pamh == NULL);
		for (int round = 0; round < 20 && real.pamh != NULL && !has_failing_at_include(v.account); round++) {
			ap_pam_outcome outcome;
			int code;

			for (int i = 0; i < SCRIPT_ANSWERS; i++)
				real.script.answers[i] = ap_prng_chance(&prng, 40)
								 ? PAM_SUCCESS
								 : tried[ap_prng_below(&prng, AP_N(tried))];
			code = real_pam_account(&real);
			outcome = ap_pam_stack_walk(v.arena, v.account, SUCCESSES, one_answer, &real.script);
			assert_true(outcome.whole);
			if (outcome.ways[AP_ASKED_NEVER].possible != is_success(code)) {
				show(&f);
				fail_msg("set %u: libpam answers %d, and the walk %s", set, code,
					 is_success(code) ? "fails" : "succeeds");
			}
			if (is_success(code)) {
				n_succeeded++;
				check_steps(&f, &real.script, &outcome.ways[AP_ASKED_NEVER]);
			}
		}
		real_pam_end(&real);
		ap_arena_free(v.arena);
	}
	(void)printf("%u of the walks succeeded\n", n_succeeded);
	assert_true(n_succeeded > 0);
	free_machine(&m);
}

/* What became of the modules that decide, where libpam says yes. */
static ap_asked became_of(const files *f, const script *played)
{
	ap_asked asked = AP_ASKED_NEVER;

	for (int i = 0; i < played->n_asked; i++) {
		if (!decides(f, played->asked[i]))
			continue;
		if (played->answers[played->asked[i]] != PAM_SUCCESS)
			return AP_ASKED_DENIED;
		asked = AP_ASKED_LET_IN;
	}
	return asked;
}

/* The next combination; false behind the last. */
static bool next_combination(script *played, size_t *places, int n)
{
	for (int i = 0; i < n; i++) {
		places[i] = (places[i] + 1) % AP_N(tried);
		played->answers[i] = tried[places[i]];
		if (places[i] != 0)
			return true;
	}
	return false;
}

/* The steps that are shown are taken: libpam, with these answers, says yes, and asks these modules. */
static void replay(const files *f, real_pam *real, const ap_pam_way *way, ap_asked kind)
{
	for (size_t i = 0; i < way->n_steps; i++) {
		int number = module_number(way->steps[i].line);

		if (way->steps[i].line->kind == AP_PAM_MODULE && number >= 0)
			real->script.answers[number] = way->steps[i].answer;
	}
	assert_true(is_success(real_pam_account(real)));
	assert_int_equal(became_of(f, &real->script), kind);
	check_steps(f, &real->script, way);
}

/* Every combination of answers: what is possible is possible, and nothing else is. */
static void test_what_is_possible(void **state)
{
	ap_prng prng = ap_prng_seeded(0x5eed0002);
	machine m = new_machine();
	unsigned n_possible[AP_N_ASKED] = { 0 };

	(void)state;
	for (unsigned set = 0; set < n_sets(3000); set++) {
		size_t places[SCRIPT_ANSWERS] = { 0 };
		bool possible[AP_N_ASKED] = { false };
		ap_pam_outcome outcome;
		files f;
		real_pam real;
		view v;

		generate(&f, &prng, &m, false);
		v = look(&m);
		real_pam_begin(&real, m.confdir, SERVICE);
		memset(real.script.answers, 0, sizeof(real.script.answers));
		do
			if (is_success(real_pam_account(&real)))
				possible[became_of(&f, &real.script)] = true;
		while (next_combination(&real.script, places, f.n_modules));
		outcome = ap_pam_stack_walk(v.arena, v.account, SUCCESSES, all_answers, &f);
		assert_null(v.service->refused);
		assert_true(outcome.whole);
		for (int kind = 0; kind < AP_N_ASKED; kind++) {
			n_possible[kind] += possible[kind] ? 1 : 0;
			if (outcome.ways[kind].possible != possible[kind]) {
				show(&f);
				fail_msg("set %u, kind %d: libpam %d, the walk %d", set, kind, possible[kind],
					 outcome.ways[kind].possible);
			}
			if (possible[kind])
				replay(&f, &real, &outcome.ways[kind], (ap_asked)kind);
		}
		real_pam_end(&real);
		ap_arena_free(v.arena);
	}
	(void)printf("stacks that can succeed: never asked %u, let in %u, denied %u\n", n_possible[0], n_possible[1],
		     n_possible[2]);
	assert_true(n_possible[0] > 0 && n_possible[1] > 0 && n_possible[2] > 0);
	free_machine(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk_is_libpams),
		cmocka_unit_test(test_what_is_possible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
