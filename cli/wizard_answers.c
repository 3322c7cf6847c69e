#include "wizard_answers.h"

#include "../lib/make/timestamp.h"
#include "../lib/make/when.h"
#include "options.h"
#include "wizard_objects.h"
#include "wizard_proposal.h"
#include "words.h"

#include <string.h>
#include <time.h>

static const char draft[] = "answer"; /* what diagnostics have for a file, which nobody sees */

static const char *const no_yes[] = { "no", "yes" };
static const char *const other_words[] = { "unaffected", "deny" };
static const char *const more_words[] = { "message", "comment", "from", "until" };
enum { N_MORE = sizeof(more_words) / sizeof(more_words[0]) };

static ap_object_words object_words(const ap_answers *answers, bool except)
{
	return (ap_object_words){ .arena = answers->context->arena, .set = answers->set, .except = except };
}

static void complain(ap_diagnostics *diagnostics, const char *message)
{
	ap_diagnostics_add(diagnostics, AP_ERROR, draft, 0, "%s", message);
}

/*
 * Choices
 */

int ap_answers_choose(ap_context *context, const char *text, const char *const *words, size_t n, bool numbered,
		      ap_diagnostics *diagnostics)
{
	const char *expected = "";
	int found = -1, n_found = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], text) == 0)
			return (int)i;
		if (numbered && text[0] == (char)('1' + i) && text[1] == '\0')
			return (int)i;
		if (text[0] != '\0' && ap_word_begins(words[i], text)) {
			found = (int)i;
			n_found++;
		}
		expected = ap_format(context->arena, "%s%s%s", expected,
				     i == 0      ? ""
				     : i + 1 < n ? ", "
						 : " or ",
				     words[i]);
	}
	if (n_found == 1)
		return found;
	if (text[0] == '\0')
		ap_diagnostics_add(diagnostics, AP_ERROR, draft, 0, "an answer is needed here: %s", expected);
	else
		ap_diagnostics_add(diagnostics, AP_ERROR, draft, 0, "\"%s\" is none; expected %s%s", text, expected,
				   ap_did_you_mean(context, text, words, n));
	return -1;
}

static void complete_choice(const char *word, const char *const *words, size_t n, ap_candidates *candidates)
{
	for (size_t i = 0; i < n; i++)
		if (ap_word_begins(words[i], word))
			ap_candidates_add(candidates, words[i], NULL);
}

/*
 * From a line into the form. Each changes a copy of it, which counts if the loader takes it.
 */

static bool split(ap_answers *answers, const char *line, ap_words *ret_words, ap_diagnostics *diagnostics)
{
	if (ap_words_of_line(answers->context->arena, line, ret_words))
		return true;
	complain(diagnostics, "a quote is opened and not closed; write \"a name\", or \\\" for a quote within");
	return false;
}

static bool take_type(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	int type = ap_answers_choose(answers->context, line, ap_policy_type_names, AP_POLICY_BLACKLIST + 1, true,
				     diagnostics);

	if (type < 0)
		return false;
	form->type = (ap_policy_type)type;
	if (form->type == AP_POLICY_BLACKLIST)
		form->other_clients_denied = form->required = false;
	return true;
}

static bool take_name(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	(void)answers;
	(void)diagnostics;
	form->name = line;
	return true;
}

static bool take_objects(ap_answers *answers, const char *line, bool except, ap_objects_form *ret_objects,
			 ap_diagnostics *diagnostics)
{
	const ap_object_words in = object_words(answers, except);
	ap_words words;
	bool guessed;

	if (!split(answers, line, &words, diagnostics))
		return false;
	*ret_objects = ap_objects_of_words(&in, &words, &guessed);
	if (guessed)
		ap_diagnostics_add(diagnostics, AP_WARNING, draft, 0,
				   "what is no department here is written member:NAME, group:NAME or domain:NAME");
	return true;
}

static bool take_scope(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	if (!take_objects(answers, line, false, &form->scope, diagnostics))
		return false;
	if (!ap_objects_form_is_empty(&form->scope))
		return true;
	complain(diagnostics, "an answer is needed here: whom the policy applies to is always written down; everyone, "
			      "or departments and members");
	return false;
}

static bool take_except(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	if (!take_objects(answers, line, true, &form->except, diagnostics))
		return false;
	if (!form->except.all)
		return true;
	complain(diagnostics, "everyone cannot be excepted: the policy would apply to nobody");
	return false;
}

static bool take_words(ap_answers *answers, const char *line, ap_words *ret_words, ap_diagnostics *diagnostics)
{
	ap_words words;

	if (!split(answers, line, &words, diagnostics))
		return false;
	*ret_words = ap_words_once(answers->context->arena, &words);
	return true;
}

static bool take_ip(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	return take_words(answers, line, &form->ip, diagnostics);
}

static bool take_regions(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	return take_words(answers, line, &form->regions, diagnostics);
}

static bool take_clients(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	if (!take_words(answers, line, &form->clients, diagnostics))
		return false;
	if (form->clients.n == 0)
		form->other_clients_denied = false;
	return true;
}

static bool take_others(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	int choice = ap_answers_choose(answers->context, line[0] != '\0' ? line : other_words[0], other_words, 2, false,
				       diagnostics);

	form->other_clients_denied = choice == 1;
	return choice >= 0;
}

static bool take_required(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	int choice =
		ap_answers_choose(answers->context, line[0] != '\0' ? line : no_yes[0], no_yes, 2, false, diagnostics);

	form->required = choice == 1;
	return choice >= 0;
}

static bool take_more(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	int choice;

	(void)form;
	answers->named = AP_N_ASK;
	if (line[0] == '\0')
		return true;
	choice = ap_answers_choose(answers->context, line, more_words, N_MORE, false, diagnostics);
	if (choice >= 0)
		answers->named = (ap_ask)(AP_ASK_MESSAGE + choice);
	return choice >= 0;
}

static bool take_message(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	(void)answers;
	(void)diagnostics;
	form->message = line[0] != '\0' ? line : NULL;
	return true;
}

static bool take_comment(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	(void)answers;
	(void)diagnostics;
	form->comment = line[0] != '\0' ? line : NULL;
	return true;
}

/* Written with the offset of local time, so that it means the same on every machine. */
static bool take_time(ap_answers *answers, const char *line, const char **ret_text, ap_diagnostics *diagnostics)
{
	char buffer[AP_TIMESTAMP_TEXT_MAX];
	int64_t moment;

	*ret_text = NULL;
	if (line[0] == '\0')
		return true;
	if (!ap_when_parse_coming(line, (int64_t)time(NULL), &moment)) {
		ap_diagnostics_add(diagnostics, AP_ERROR, draft, 0,
				   "\"%s\" is no time; expected one such as " AP_WHEN_EXAMPLES, line);
		return false;
	}
	*ret_text = ap_arena_strdup(answers->context->arena, ap_timestamp_format_offset(moment, buffer));
	return true;
}

static bool take_from(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	return take_time(answers, line, &form->not_before, diagnostics);
}

static bool take_until(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics)
{
	return take_time(answers, line, &form->not_after, diagnostics);
}

/*
 * From the form to a line
 */

static const char *line_of_type(ap_answers *answers)
{
	/* a new policy has none yet */
	return answers->form->name != NULL ? ap_policy_type_names[answers->form->type] : "";
}

static const char *line_of_text(const char *text)
{
	return text != NULL ? text : "";
}

static const char *line_of_name(ap_answers *answers)
{
	return line_of_text(answers->form->name);
}

static const char *line_of_objects(ap_answers *answers, bool except, const ap_objects_form *objects)
{
	const ap_object_words in = object_words(answers, except);
	const ap_words words = ap_words_of_objects(&in, objects);

	return ap_line_of_words(answers->context->arena, &words);
}

static const char *line_of_scope(ap_answers *answers)
{
	return line_of_objects(answers, false, &answers->form->scope);
}

/* Those who must never be locked out, and would be governed, are proposed until there was an answer. */
static const char *line_of_except(ap_answers *answers)
{
	ap_objects_form except = answers->form->except;

	if (!answers->excepted && answers->edited == NULL && ap_objects_form_is_empty(&except))
		except.members = ap_proposed_members(answers->context, answers->set, answers->form);
	return line_of_objects(answers, true, &except);
}

static const char *line_of_ip(ap_answers *answers)
{
	return ap_line_of_words(answers->context->arena, &answers->form->ip);
}

static const char *line_of_regions(ap_answers *answers)
{
	return ap_line_of_words(answers->context->arena, &answers->form->regions);
}

static const char *line_of_clients(ap_answers *answers)
{
	return ap_line_of_words(answers->context->arena, &answers->form->clients);
}

static const char *line_of_others(ap_answers *answers)
{
	return other_words[answers->form->other_clients_denied];
}

static const char *line_of_required(ap_answers *answers)
{
	return no_yes[answers->form->required];
}

static const char *line_of_more(ap_answers *answers)
{
	(void)answers;
	return "";
}

static const char *line_of_message(ap_answers *answers)
{
	return line_of_text(answers->form->message);
}

static const char *line_of_comment(ap_answers *answers)
{
	return line_of_text(answers->form->comment);
}

static const char *line_of_from(ap_answers *answers)
{
	return line_of_text(answers->form->not_before);
}

static const char *line_of_until(ap_answers *answers)
{
	return line_of_text(answers->form->not_after);
}

/*
 * Completion
 */

static void complete_type(const ap_answers *answers, const char *word, ap_candidates *candidates)
{
	(void)answers;
	complete_choice(word, ap_policy_type_names, AP_POLICY_BLACKLIST + 1, candidates);
}

static void complete_scope(const ap_answers *answers, const char *word, ap_candidates *candidates)
{
	ap_object_words in = object_words(answers, false);

	in.arena = candidates->arena;
	ap_complete_objects(&in, word, candidates);
}

static void complete_except(const ap_answers *answers, const char *word, ap_candidates *candidates)
{
	ap_object_words in = object_words(answers, true);

	in.arena = candidates->arena;
	ap_complete_objects(&in, word, candidates);
}

static void complete_ip(const ap_answers *answers, const char *word, ap_candidates *candidates)
{
	ap_complete_entries(answers->set, word, candidates);
}

static void complete_regions(const ap_answers *answers, const char *word, ap_candidates *candidates)
{
	(void)answers;
	ap_complete_regions(word, candidates);
}

/* What the built-in ones are, in their order (policyset.h). */
static const char *const client_notes[] = {
	"the service's own mail programs",
	"web mail, but no administration console",
	"DingTalk for PC",
	"DingTalk for mobile",
	"the add-in for Outlook",
	"the WeChat official account",
	"all other mail programs",
	"logins to the machine: ssh, console, su",
};

/* A type of the files may have several definitions, and those of a built-in one add to it. */
static void complete_clients(const ap_answers *answers, const char *word, ap_candidates *candidates)
{
	const ap_policy_set *set = answers->set;

	for (size_t i = 0; ap_builtin_client_types[i] != NULL; i++)
		if (ap_word_begins(ap_builtin_client_types[i], word))
			ap_candidates_add(candidates, ap_builtin_client_types[i],
					  i < sizeof(client_notes) / sizeof(client_notes[0]) ? client_notes[i] : NULL);
	for (size_t i = 0; i < set->n_client_types; i++) {
		const char *name = set->client_types[i].name;
		size_t k = 0;

		while (k < candidates->n && strcmp(candidates->items[k].text, name) != 0)
			k++;
		if (k == candidates->n && ap_word_begins(name, word))
			ap_candidates_add(candidates, name, "a type of the files");
	}
}

static void complete_others(const ap_answers *answers, const char *word, ap_candidates *candidates)
{
	(void)answers;
	complete_choice(word, other_words, 2, candidates);
}

static void complete_required(const ap_answers *answers, const char *word, ap_candidates *candidates)
{
	(void)answers;
	complete_choice(word, no_yes, 2, candidates);
}

static void complete_more(const ap_answers *answers, const char *word, ap_candidates *candidates)
{
	(void)answers;
	complete_choice(word, more_words, N_MORE, candidates);
}

/*
 * The questions
 */

typedef struct {
	unsigned step;
	const char *prompt;
	bool (*take)(ap_answers *answers, const char *line, ap_policy_form *form, ap_diagnostics *diagnostics);
	const char *(*line_of)(ap_answers *answers);
	void (*complete)(const ap_answers *answers, const char *word, ap_candidates *candidates); /* or NULL */
	bool whitelist_only;
	const char *text[3]; /* paragraphs before it */
	const char *help;
} question;

static const char *const titles[AP_WIZARD_STEPS + 1] = { "",        "Type",         "Name",
							 "Scope",   "Exceptions",   "IP entries",
							 "Regions", "Client types", "Message, comment, times" };

static const question questions[AP_N_ASK] = {
	[AP_ASK_TYPE] = { .step = 1,
			  .prompt = "type> ",
			  .take = take_type,
			  .line_of = line_of_type,
			  .complete = complete_type,
			  .text = { "1  whitelist: whoever it applies to gets in only as it describes, and is denied "
				    "otherwise. For what must be safe.",
				    "2  blacklist: what it describes is denied, and everything else allowed. For known "
				    "dangers." },
			  .help = "Where policies disagree, deny wins. Whom none applies to is let in. Of several "
				  "whitelists over one login one is enough, and besides each that is required. Answer "
				  "with the number or the word." },
	[AP_ASK_NAME] = { .step = 2,
			  .prompt = "name> ",
			  .take = take_name,
			  .line_of = line_of_name,
			  .text = { "What is it called? Tests, logs and audit records name it so, and its file." },
			  .help = "Any text of one line, of up to 200 bytes, that no other policy is called by." },
	[AP_ASK_SCOPE] = { .step = 3,
			   .prompt = "scope> ",
			   .take = take_scope,
			   .line_of = line_of_scope,
			   .complete = complete_scope,
			   .text = { "Whom does it apply to? everyone; or departments, members and others, with blanks "
				     "between them." },
			   .help = "finance is a department alone, finance/* with its sub-departments. "
				   "user@example.com is a member, user@ that name in every domain, member:user one "
				   "without a domain. domain:example.org, group:NAME (of the system), and unlisted, the "
				   "members of no department. A name with blanks stands in quotes: \"human resources\"." },
	[AP_ASK_EXCEPT] = { .step = 4,
			    .prompt = "except> ",
			    .take = take_except,
			    .line_of = line_of_except,
			    .complete = complete_except,
			    .text = { "Whom does it not apply to, though they are in its scope? Departments, members and "
				      "others as before; also logins from an address, an @network or a region." },
			    .help = "Who administers this machine or the mail service should be excepted: whoever is not "
				    "can be locked out when he comes from elsewhere. Besides the words of the scope: "
				    "10.0.0.0/8, @network, local, SG or CN-ZJ, and ip:… and region:… where a department "
				    "has that name. An empty line: no exceptions." },
	[AP_ASK_IP] = { .step = 5,
			.prompt = "ip> ",
			.take = take_ip,
			.line_of = line_of_ip,
			.complete = complete_ip,
			.help = "One address (192.0.2.1, 2001:db8::1), first-last (192.0.2.1-192.0.2.99), a network "
				"(10.0.0.0/8, 2001:db8::/48), @name for one that the files define, local for a login at "
				"the machine itself. Blanks or commas between them." },
	[AP_ASK_REGIONS] = { .step = 6,
			     .prompt = "regions> ",
			     .take = take_regions,
			     .line_of = line_of_regions,
			     .complete = complete_regions,
			     .help = "ISO 3166: CN is a country, CN-ZJ a subdivision; unlocated is what is in none, private "
				     "addresses among it. Tab finds a code by its name, too. A login matches if an IP "
				     "entry or a region holds." },
	[AP_ASK_CLIENTS] = { .step = 7,
			     .prompt = "clients> ",
			     .take = take_clients,
			     .line_of = line_of_clients,
			     .complete = complete_clients,
			     .text = { "For which client types? It affects these alone. An empty line: all." },
			     .help = "Tab lists them. What a login is made with is found from its service, terminal and "
				     "environment, as the files say." },
	[AP_ASK_OTHERS] = { .step = 7,
			    .prompt = "others> ",
			    .take = take_others,
			    .line_of = line_of_others,
			    .complete = complete_others,
			    .whitelist_only = true,
			    .text = { "And the other client types of the same people? unaffected, or deny." },
			    .help = "unaffected: the policy says nothing of them. deny: these people get in with nothing "
				    "but the types above." },
	[AP_ASK_REQUIRED] = { .step = 7,
			      .prompt = "required> ",
			      .take = take_required,
			      .line_of = line_of_required,
			      .complete = complete_required,
			      .whitelist_only = true,
			      .text = { "Must it match, whatever other whitelists say? no, or yes." },
			      .help = "no: of several whitelists over one login, one that matches is enough. yes: this one "
				      "must, besides." },
	[AP_ASK_MORE] = { .step = 8,
			  .prompt = "more> ",
			  .take = take_more,
			  .line_of = line_of_more,
			  .complete = complete_more,
			  .text = { "Anything more? message, comment, from or until. An empty line: no." },
			  .help = "message: what a denied user reads, instead of the message of all. comment: why, and "
				  "who asked. from and until: when it begins and ends." },
	[AP_ASK_MESSAGE] = { .step = 8,
			     .prompt = "message> ",
			     .take = take_message,
			     .line_of = line_of_message,
			     .help = "What a denied user reads, on one line. An empty one: the message of all." },
	[AP_ASK_COMMENT] = { .step = 8,
			     .prompt = "comment> ",
			     .take = take_comment,
			     .line_of = line_of_comment,
			     .help = "Why there is this policy, and who asked for it: for whoever reads the file." },
	[AP_ASK_FROM] = { .step = 8,
			  .prompt = "from> ",
			  .take = take_from,
			  .line_of = line_of_from,
			  .help = "When it begins: 1 Dec 18:00, 2026-12-01 18:00 or 2h, in local time. An empty line: at once." },
	[AP_ASK_UNTIL] = { .step = 8,
			   .prompt = "until> ",
			   .take = take_until,
			   .line_of = line_of_until,
			   .help = "When it ends: 20 Dec 18:00, 2026-12-20 18:00 or 2h, in local time. An empty line: never." },
};

ap_answers ap_answers_begin(ap_context *context, const ap_policy_set *set, const char *edited, ap_policy_form *form)
{
	return (ap_answers){ .context = context,
			     .set = set,
			     .edited = edited,
			     .check = ap_policy_check_new(context->arena, set, edited),
			     .form = form,
			     .named = AP_N_ASK };
}

bool ap_answers_applies(const ap_answers *answers, ap_ask ask)
{
	if (questions[ask].whitelist_only && answers->form->type != AP_POLICY_WHITELIST)
		return false;
	if (ask == AP_ASK_NAME)
		return answers->edited == NULL;
	if (ask == AP_ASK_OTHERS)
		return answers->form->clients.n > 0;
	return true;
}

unsigned ap_answers_step(ap_ask ask)
{
	return questions[ask].step;
}

const char *ap_answers_title(unsigned step)
{
	return titles[step];
}

const char *ap_answers_prompt(ap_ask ask)
{
	return questions[ask].prompt;
}

const char *ap_answers_help(ap_ask ask)
{
	return questions[ask].help;
}

/* Of what depends on the answers so far, and on the files. */
static const char *ip_text(const ap_answers *answers, size_t i)
{
	if (i == 0)
		return answers->form->type == AP_POLICY_WHITELIST
			       ? "From which addresses may they log in? Addresses, ranges, networks, @names, local. An "
				 "empty line: from everywhere, or from the regions that are asked for next."
			       : "Logins from which addresses are denied? Addresses, ranges, networks, @names, local. An "
				 "empty line: from everywhere, or from the regions that are asked for next.";
	return i == 1 && answers->set->free_edition
		       ? "The files say edition = \"free\": IP entries and regions are not for it."
		       : NULL;
}

static const char *regions_text(const ap_answers *answers, size_t i)
{
	if (i == 0)
		return answers->form->type == AP_POLICY_WHITELIST
			       ? "From which countries or subdivisions besides? Codes such as CN or CN-ZJ, or unlocated. An "
				 "empty line: none."
			       : "Logins from which countries or subdivisions are denied as well? Codes such as CN or "
				 "CN-ZJ, or unlocated. An empty line: none.";
	return i == 1 && answers->set->region_database.text == NULL
		       ? "The files name no region database: a policy with regions cannot be put in force until they do."
		       : NULL;
}

static const char *more_text(const ap_answers *answers, size_t i)
{
	const ap_policy_form *form = answers->form;
	const struct {
		const char *name, *text;
	} known[] = { { "message", form->message },
		      { "comment", form->comment },
		      { "from", form->not_before },
		      { "until", form->not_after } };

	if (i == 0)
		return questions[AP_ASK_MORE].text[0];
	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
		if (known[k].text != NULL && --i == 0)
			return ap_format(answers->context->arena, "%s: %s", known[k].name,
					 ap_printable(answers->context->arena, known[k].text));
	return NULL;
}

const char *ap_answers_text(const ap_answers *answers, ap_ask ask, size_t i)
{
	if (ask == AP_ASK_IP)
		return ip_text(answers, i);
	if (ask == AP_ASK_REGIONS)
		return regions_text(answers, i);
	if (ask == AP_ASK_MORE)
		return more_text(answers, i);
	return i < sizeof(questions[ask].text) / sizeof(questions[ask].text[0]) ? questions[ask].text[i] : NULL;
}

const char *ap_answers_line(ap_answers *answers, ap_ask ask)
{
	return questions[ask].line_of(answers);
}

/* What is not asked for yet is such that nothing can be wrong with it. */
static bool is_accepted(const ap_answers *answers, const ap_policy_form *form, ap_diagnostics *diagnostics)
{
	ap_policy_form whole = *form;

	if (ap_objects_form_is_empty(&whole.scope))
		whole.scope.all = true;
	return ap_policy_check_form(answers->check, &whole, draft, diagnostics);
}

bool ap_answers_take(ap_answers *answers, ap_ask ask, const char *line, ap_diagnostics *diagnostics)
{
	ap_policy_form form = *answers->form;

	if (!questions[ask].take(answers, line, &form, diagnostics))
		return false;
	/* before it has a name there is nothing to judge but the type */
	if (form.name != NULL && !is_accepted(answers, &form, diagnostics))
		return false;
	*answers->form = form;
	answers->excepted = answers->excepted || ask == AP_ASK_EXCEPT;
	return true;
}

void ap_answers_complete(void *data, const char *word, ap_candidates *candidates)
{
	const ap_answers_completion *completion = data;

	if (questions[completion->ask].complete != NULL)
		questions[completion->ask].complete(completion->answers, word, candidates);
}
