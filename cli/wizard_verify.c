#include "wizard_verify.h"

#include "testing.h"
#include "wizard_objects.h"
#include "words.h"

#include <string.h>
#include <time.h>

static const char help[] =
	"A line is a login, such as: alice@example.com 10.0.0.5 web. What is a client type or an address is taken for "
	"it, everything else is a user; user:…, ip:…, client:… and service:… say so where that is wrong. Several of a "
	"kind make a table, each with each. local is a login at the machine itself. The arrow keys bring earlier lines back.";

typedef enum { USER, ADDRESS, CLIENT, SERVICE, N_PARTS } part;

static const char *const prefixes[N_PARTS] = { "user:", "ip:", "client:", "service:" };

typedef struct {
	ap_context *context;
	const ap_subject *draft;
} verification;

static ap_texts *texts_of(ap_logins *logins, part p)
{
	ap_texts *const texts[N_PARTS] = { &logins->users, &logins->ips, &logins->clients, &logins->services };

	return texts[p];
}

/* Cuts the prefix off that says what a word is. */
static part part_of(const verification *v, const char **word)
{
	ap_view view = ap_view_of(v->draft->image);
	ap_address address;

	for (part p = USER; p < N_PARTS; p++)
		if (ap_word_begins(*word, prefixes[p])) {
			*word += strlen(prefixes[p]);
			return p;
		}
	if (ap_view_find_client(&view, *word) != AP_NONE)
		return CLIENT;
	return strcmp(*word, "local") == 0 || ap_address_parse(*word, &address) ? ADDRESS : USER;
}

static ap_logins logins_of(const verification *v, const ap_words *words)
{
	ap_logins logins = { .users = { .n = 0 } };

	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->items[i];
		ap_texts *texts = texts_of(&logins, part_of(v, &word));

		*AP_PUSH(v->context->arena, texts->items, texts->n) = word;
	}
	return logins;
}

/* NULL, or what is wrong with the line. */
static const char *try_line(const verification *v, const char *line)
{
	static const char *const no_env[] = { NULL };
	const ap_facts common = { .env = no_env, .now = (int64_t)time(NULL) };
	ap_context *context = v->context;
	const char *fault;
	const ap_facts *facts;
	ap_logins logins;
	ap_words words;
	uint32_t only;
	size_t n;

	if (!ap_words_of_line(context->arena, line, &words))
		return "a quote is opened and not closed";
	logins = logins_of(v, &words);
	if (logins.users.n == 0)
		return "whose login is it? Write the user, too: alice@example.com 10.0.0.5 web";
	fault = ap_logins_unknown_client(context, &logins, v->draft);
	if (fault == NULL)
		fault = ap_logins_excess(context, &logins);
	if (fault != NULL)
		return fault;
	(void)ap_subject_draft_policies(v->draft, &only);
	facts = ap_logins_facts(context, &logins, &common, &n);
	(void)ap_testing_run(context, v->draft, facts, n, only, true);
	return NULL;
}

static void complete_clients(const verification *v, const char *prefix, const char *word, ap_candidates *candidates)
{
	size_t n;
	const char **names = ap_subject_clients(candidates->arena, v->draft, &n);

	for (size_t i = 0; i < n; i++)
		if (ap_word_begins(names[i], word))
			ap_candidates_add(candidates, ap_format(candidates->arena, "%s%s", prefix, names[i]), NULL);
}

static void complete(void *data, const char *word, ap_candidates *candidates)
{
	const verification *v = data;

	if (ap_word_begins(word, prefixes[USER])) {
		ap_complete_members(v->draft->set, prefixes[USER], word + strlen(prefixes[USER]), candidates);
		return;
	}
	if (ap_word_begins(word, prefixes[CLIENT])) {
		complete_clients(v, prefixes[CLIENT], word + strlen(prefixes[CLIENT]), candidates);
		return;
	}
	complete_clients(v, "", word, candidates);
	if (ap_word_begins("local", word))
		ap_candidates_add(candidates, "local", NULL);
	if (word[0] != '\0')
		ap_complete_members(v->draft->set, "", word, candidates);
}

static void say(ap_context *context, ap_colour colour, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		ap_paint_wrapped(&context->screen, colour, ap_arena_strndup(context->arena, text, length), 0);
		text += length + (text[length] == '\n');
	}
}

ap_line_outcome ap_verify_ask(ap_context *context, ap_line *line, const ap_subject *draft, bool *ret_back)
{
	verification v = { .context = context, .draft = draft };
	ap_line_question question = {
		.prompt = "login> ", .complete = complete, .data = &v, .remembered = true, .prefill = ""
	};

	*ret_back = false;
	for (;;) {
		const char *text, *fault;
		ap_line_outcome outcome = ap_line_ask(line, &question, &text);

		question.prefill = "";
		if (outcome != AP_LINE_ANSWER || text[0] == '\0')
			return outcome;
		if (strcmp(text, "<") == 0) {
			*ret_back = true;
			return outcome;
		}
		if (strcmp(text, "?") == 0) {
			say(context, AP_PLAIN, help);
			continue;
		}
		fault = try_line(&v, text);
		if (fault == NULL)
			continue;
		say(context, AP_RED, ap_printable(context->arena, fault));
		question.prefill = text;
	}
}
