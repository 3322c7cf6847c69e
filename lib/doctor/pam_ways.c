#include "pam_ways.h"

#include "module_line.h"

#include <security/pam_appl.h>
#include <string.h>

#define YES (AP_PAM_ANSWER(PAM_SUCCESS) | AP_PAM_ANSWER(PAM_NEW_AUTHTOK_REQD))

typedef struct {
	ap_arena *arena;
	ap_pam_phase phase;
	ap_ways_question question;
	const ap_module_folders *folders;
	bool none_there; /* each of the module's lines has a name that libpam does not find */
} asking;

ap_pam_answers ap_ways_success(ap_pam_phase phase)
{
	return phase == AP_PAM_ACCOUNT ? YES : AP_PAM_ANSWER(PAM_SUCCESS);
}

int ap_ways_letting_in(ap_arena *arena, const ap_pam_line *line, ap_pam_phase phase)
{
	ap_module_options options;

	if (ap_module_line_options(arena, line, &options) != NULL)
		return PAM_SERVICE_ERR;
	if (options.answer == AP_ALLOWED_USER_UNKNOWN)
		return PAM_USER_UNKNOWN;
	return phase == AP_PAM_AUTH && options.answer == AP_ALLOWED_NOT_WRITTEN ? PAM_IGNORE : PAM_SUCCESS;
}

static bool is_without(ap_ways_question question)
{
	return question == AP_WAYS_WITHOUT || question == AP_WAYS_NOBODY;
}

static bool is_missing(const ap_module_folders *folders, const ap_pam_line *line)
{
	return folders != NULL && ap_module_line_is_missing(folders, line);
}

static bool some_is_there(const ap_module_folders *folders, const ap_pam_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++)
		if (ap_is_module_line(&stack->lines[i]) && !is_missing(folders, &stack->lines[i]))
			return true;
	return false;
}

static ap_pam_voice voice_of_module(const asking *a, const ap_pam_line *line)
{
	int letting_in = ap_ways_letting_in(a->arena, line, a->phase);
	ap_pam_voice voice = { .decides = true, .lets_in = AP_PAM_ANSWER(letting_in) };

	if (is_without(a->question))
		return (ap_pam_voice){ .can = AP_PAM_ANSWER(PAM_IGNORE) };
	/* beside a line that is the module's it has nothing to lose; where there is no such, it is the denial that is lost */
	if (is_missing(a->folders, line))
		return (ap_pam_voice){ .decides = a->none_there, .can = AP_PAM_ANSWER(PAM_MODULE_UNKNOWN) };
	if (letting_in == PAM_SERVICE_ERR)
		return (ap_pam_voice){ .decides = true, .can = AP_PAM_ANSWER(PAM_SERVICE_ERR) };
	voice.can = voice.lets_in;
	if (a->question == AP_WAYS_PAST || a->question == AP_WAYS_PAST_PLAIN)
		voice.can |= AP_PAM_ANSWER(PAM_PERM_DENIED) | AP_PAM_ANSWER(PAM_SERVICE_ERR);
	return voice;
}

/* True if the module says yes or no, by a password or another proof, and never keeps out of it. */
static bool asks_for_proof(const ap_pam_line *line)
{
	static const char *const names[] = { "pam_unix.so",
					     "pam_sss.so",
					     "pam_ldap.so",
					     "pam_krb5.so",
					     "pam_winbind.so",
					     "pam_userdb.so",
					     "pam_mysql.so",
					     "pam_pgsql.so",
					     "pam_radius_auth.so",
					     "pam_tacplus.so",
					     "pam_fprintd.so",
					     "pam_u2f.so",
					     "pam_google_authenticator.so",
					     "pam_oath.so" };
	const char *name = ap_pam_line_module(line);

	for (size_t i = 0; i < line->n_arguments; i++)
		if (strncmp(line->arguments[i], "ignore", strlen("ignore")) == 0)
			return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/*
 * What is known of other modules: that pam_deny never says yes, and pam_permit always. All others are taken to answer whatever
 * a module can, also a module that is not there yet.
 */
static ap_pam_voice voice_of(void *context, const ap_pam_line *line)
{
	const asking *a = context;
	ap_pam_answers can = AP_PAM_ANY_ANSWER;
	const char *name = ap_pam_line_module(line);

	if (ap_is_module_line(line))
		return voice_of_module(a, line);
	if (strcmp(name, "pam_permit.so") == 0)
		return (ap_pam_voice){ .can = AP_PAM_ANSWER(PAM_SUCCESS) };
	if (strcmp(name, "pam_deny.so") == 0)
		return (ap_pam_voice){ .can = AP_PAM_ANY_ANSWER & ~(YES | AP_PAM_ANSWER(PAM_IGNORE)) };
	if (a->question == AP_WAYS_NO_PASSWORD || a->question == AP_WAYS_NOBODY)
		can &= asks_for_proof(line) ? ~(YES | AP_PAM_ANSWER(PAM_IGNORE)) : ~YES;
	if (a->question == AP_WAYS_PAST_PLAIN)
		can &= ~AP_PAM_ANSWER(PAM_NEW_AUTHTOK_REQD);
	return (ap_pam_voice){ .can = can };
}

/* Whatever its control makes of an answer: it makes nothing of it. */
static const ap_pam_stack *without_module(ap_arena *arena, const ap_pam_stack *stack)
{
	ap_pam_stack *copy = ap_arena_alloc(arena, sizeof(*copy));

	*copy = *stack;
	copy->lines = ap_arena_alloc(arena, (stack->n + 1) * sizeof(*copy->lines));
	for (size_t i = 0; i < stack->n; i++) {
		copy->lines[i] = stack->lines[i];
		if (ap_is_module_line(&stack->lines[i]))
			copy->lines[i].control = ap_pam_control_of(AP_PAM_IGNORE);
	}
	return copy;
}

ap_pam_outcome ap_ways_ask(ap_arena *arena, const ap_pam_service *service, ap_pam_phase phase,
			   ap_ways_question question, ap_pam_answers success, const ap_module_folders *folders)
{
	asking a = { .arena = arena, .phase = phase, .question = question, .folders = folders };
	const ap_pam_stack *stack = &service->stacks[phase];

	if (service->refused != NULL)
		return (ap_pam_outcome){ .whole = true };
	a.none_there = !some_is_there(folders, stack);
	if (is_without(question))
		stack = without_module(arena, stack);
	return ap_pam_stack_walk(arena, stack, success, voice_of, &a);
}

/*
 * In words
 */

static const char *control_of(ap_arena *arena, const ap_pam_line *line)
{
	const char *word = line->word != NULL ? line->word : "";

	return strchr(word, '=') != NULL ? ap_format(arena, "[%s]", word) : word;
}

const char *ap_ways_line_text(ap_arena *arena, const ap_pam_line *line, ap_pam_phase phase)
{
	return ap_format(arena, "%s %s %s", ap_pam_phase_names[phase], control_of(arena, line),
			 ap_pam_line_module(line));
}

static const char *answer_text(int answer)
{
	if (answer == PAM_NEW_AUTHTOK_REQD)
		return "new_authtok_reqd (the password must be changed)";
	return ap_pam_answer_name(answer);
}

const char *ap_ways_control_text(ap_arena *arena, const ap_pam_line *line)
{
	return ap_format(arena, "\"%s\"", control_of(arena, line));
}

/* "line 4", or with the file where that is another one. */
static const char *place_text(ap_arena *arena, const ap_pam_line *line, const ap_pam_line *seen_from)
{
	if (strcmp(line->file, seen_from->file) == 0)
		return ap_format(arena, "line %u", line->line);
	return ap_format(arena, "%s line %u", line->file, line->line);
}

static size_t place_of(const ap_pam_stack *stack, const ap_pam_line *line)
{
	return (size_t)(line - stack->lines);
}

static const ap_pam_line *first_module_line(const ap_pam_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++)
		if (ap_is_module_line(&stack->lines[i]))
			return &stack->lines[i];
	return NULL;
}

const char *ap_ways_explain_never(ap_arena *arena, const ap_pam_stack *stack, const ap_pam_way *way,
				  const ap_pam_line **ret_module)
{
	const ap_pam_line *module = first_module_line(stack);
	size_t place = place_of(stack, module);

	*ret_module = module;
	for (size_t i = 0; i < way->n_steps; i++) {
		const ap_pam_step *step = &way->steps[i];
		int action = ap_pam_action(step->line, step->answer);

		if (place_of(stack, step->line) > place ||
		    ap_pam_next_place(stack, place_of(stack, step->line), action) <= place)
			continue;
		return ap_format(arena, "where %s in %s answers %s, its control %s %s, and %s is never asked",
				 ap_pam_line_module(step->line), place_text(arena, step->line, module),
				 answer_text(step->answer), ap_ways_control_text(arena, step->line),
				 action > 0 ? "jumps over this line" : "ends the stack there", AP_MODULE_NAME);
	}
	return "the stack can succeed without a question to " AP_MODULE_NAME;
}

bool ap_ways_needs_new_password(const ap_pam_way *way)
{
	for (size_t i = 0; i < way->n_steps; i++)
		if (way->steps[i].answer == PAM_NEW_AUTHTOK_REQD)
			return true;
	return false;
}

static const ap_pam_step *first_denial(ap_arena *arena, const ap_pam_way *way, ap_pam_phase phase)
{
	for (size_t i = 0; i < way->n_steps; i++)
		if (ap_is_module_line(way->steps[i].line) &&
		    way->steps[i].answer != ap_ways_letting_in(arena, way->steps[i].line, phase))
			return &way->steps[i];
	return NULL;
}

/* A denial that the stack was told of as one, and that did not last. */
static const char *explain_lost(ap_arena *arena, const ap_pam_way *way, const ap_pam_line *module)
{
	bool behind = false;

	for (size_t i = 0; i < way->n_steps; i++) {
		const ap_pam_step *step = &way->steps[i];
		int action = ap_pam_action(step->line, step->answer);

		behind = behind || step->line == module;
		if (behind && action == AP_PAM_RESET)
			return ap_format(arena,
					 "%s in %s is \"reset\" where it answers %s, which takes the denial back",
					 ap_pam_line_module(step->line), place_text(arena, step->line, module),
					 answer_text(step->answer));
		if (!behind && step->answer == PAM_NEW_AUTHTOK_REQD && (action == AP_PAM_BAD || action == AP_PAM_DIE))
			return ap_format(arena,
					 "where %s in %s answers %s, its control %s takes that for a failure, and "
					 "libpam answers so whatever comes behind it",
					 ap_pam_line_module(step->line), place_text(arena, step->line, module),
					 answer_text(step->answer), ap_ways_control_text(arena, step->line));
	}
	return "the stack can succeed though " AP_MODULE_NAME " denies";
}

const char *ap_ways_explain_denied(ap_arena *arena, const ap_pam_stack *stack, const ap_pam_way *way,
				   const ap_pam_line **ret_module)
{
	ap_pam_phase phase = AP_PAM_ACCOUNT;
	const ap_pam_step *step = first_denial(arena, way, phase);
	const char *what = "goes on";
	int action;

	*ret_module = step != NULL ? step->line : first_module_line(stack);
	action = step != NULL ? ap_pam_action(step->line, step->answer) : AP_PAM_BAD;
	if (action == AP_PAM_BAD || action == AP_PAM_DIE)
		return explain_lost(arena, way, *ret_module);
	if (action == AP_PAM_OK || action == AP_PAM_DONE)
		what = "takes it for a good answer";
	else if (action > 0)
		what = "jumps over what follows";
	else if (action == AP_PAM_IGNORE)
		what = "ignores it";
	return ap_format(arena, "where the module answers %s, its control %s %s", answer_text(step->answer),
			 ap_ways_control_text(arena, step->line), what);
}
