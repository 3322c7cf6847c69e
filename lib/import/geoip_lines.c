/* Which rules does a text of geoip.conf hold? */
#include "../make/reader.h"
#include "geoip_rule.h"

#include <ctype.h>
#include <string.h>

/* pam_geoip reads lines into so much room; what is longer is several lines to it. */
enum { LINE_ROOM = 4095 };

static const char blanks[] = " \t\n\v\f\r";

typedef enum { NOTHING, PASSED_OVER, A_RULE } line_kind;

static line_kind pass_over(ap_geoip *geoip, unsigned line, const char *text, const char *why)
{
	ap_import_add_note(geoip->arena, geoip->import, AP_IMPORT_NOTE, line, text,
			   "%s; pam_geoip passes it over and so does the import: check that nothing is missing", why);
	return PASSED_OVER;
}

/* Takes the next word; "" where there is none. */
static const char *take_word(ap_arena *arena, const char **at)
{
	size_t length;
	const char *word;

	*at += strspn(*at, blanks);
	length = strcspn(*at, blanks);
	word = ap_arena_strndup(arena, *at, length);
	*at += length;
	return word;
}

/* A hint of a client type is a pattern. */
static void add_service(ap_geoip *geoip, ap_geoip_rule *rule, const char *name)
{
	if (strpbrk(name, "*?") == NULL && ap_hint_fault(name) == NULL)
		ap_words_add(geoip->arena, &rule->services, name);
	else
		AP_GEOIP_NOTE(geoip, AP_IMPORT_NOTE, rule, "no service is called \"%s\"; the line is not for any such",
			      name);
}

/*
 * The names as pam_geoip looks at them. It ends the first name of a list and then takes the rest for one: of three names
 * and more it knows the first alone. An empty first name begins every service's.
 */
static void take_services(ap_geoip *geoip, ap_geoip_rule *rule, const char *list)
{
	size_t first = strcspn(list, ",");
	const char *rest = list[first] == ',' ? list + first + 1 : "";

	if (geoip->own_service != NULL) {
		add_service(geoip, rule, geoip->own_service);
		return;
	}
	rule->every_service = strcmp(list, "*") == 0 || strcmp(rest, "*") == 0 || first == 0;
	if (rule->every_service)
		return;
	add_service(geoip, rule, ap_arena_strndup(geoip->arena, list, first));
	if (strchr(rest, ',') != NULL)
		AP_GEOIP_NOTE(
			geoip, AP_IMPORT_NOTE, rule,
			"of more than two services pam_geoip 2.1.1 knows the first one alone, and so does the import");
	else if (rest[0] != '\0')
		add_service(geoip, rule, rest);
}

static line_kind read_fields(ap_geoip *geoip, unsigned number, const char *line)
{
	ap_geoip_rule rule = { .line = number, .text = line };
	const char *services = "*", *action;
	size_t length;

	rule.who = take_word(geoip->arena, &line);
	if (geoip->own_service == NULL)
		services = take_word(geoip->arena, &line);
	action = take_word(geoip->arena, &line);
	line += strspn(line, blanks);
	if (line[0] == '\0')
		return pass_over(geoip, number, rule.text,
				 geoip->own_service == NULL
					 ? "the line has not the four fields user, services, action and location"
					 : "the line has not the three fields user, action and location");
	for (length = strlen(line); strchr(blanks, line[length - 1]) != NULL; length--)
		;
	rule.places = ap_arena_strndup(geoip->arena, line, length);
	rule.allows = strcmp(action, "deny") != 0;
	if (rule.allows && strcmp(action, "allow") != 0 && strcmp(action, "ignore") != 0)
		return pass_over(geoip, number, rule.text, "its action is none of allow, deny and ignore");
	if (strcmp(action, "ignore") == 0)
		AP_GEOIP_NOTE(geoip, AP_IMPORT_NOTE, &rule,
			      "\"ignore\" leaves the login to the other modules; no policy denies it");
	take_services(geoip, &rule, services);
	*AP_PUSH(geoip->arena, geoip->rules, geoip->n_rules) = rule;
	return A_RULE;
}

static line_kind read_line(ap_geoip *geoip, unsigned number, const char *start, size_t length)
{
	const char *comment = memchr(start, '#', length);
	const char *line;

	if (length >= LINE_ROOM) {
		ap_import_add_note(geoip->arena, geoip->import, AP_IMPORT_ERROR, number, NULL,
				   "the line has %zu bytes, and pam_geoip takes what is behind 4094 for another line; "
				   "write several lines",
				   length);
		return PASSED_OVER;
	}
	length = comment != NULL ? (size_t)(comment - start) : length;
	while (length > 0 && isspace((unsigned char)start[0]))
		start++, length--;
	while (length > 0 && isspace((unsigned char)start[length - 1]))
		length--;
	line = ap_arena_strndup(geoip->arena, start, length);
	return length > 0 ? read_fields(geoip, number, line) : NOTHING;
}

/* Of all that the file is about. */
static bool is_for_everybody(const ap_geoip *geoip, const ap_geoip_rule *rule)
{
	return strcmp(rule->who, "*") == 0 && (rule->every_service || geoip->own_service != NULL) &&
	       ap_geoip_is_everywhere(geoip->arena, rule->places);
}

/*
 * Where no line matches, pam_geoip answers with its default action, says its manual. In fact it answers with that of the
 * last line of the file, if that is a rule.
 */
static void add_last_rule(ap_geoip *geoip, line_kind last)
{
	ap_geoip_rule rule = { .text = "*", .who = "*", .places = "*", .every_service = geoip->own_service == NULL };
	const ap_geoip_rule *before = geoip->n_rules > 0 ? &geoip->rules[geoip->n_rules - 1] : NULL;

	if (before != NULL && is_for_everybody(geoip, before))
		return;
	if (geoip->own_service != NULL)
		add_service(geoip, &rule, geoip->own_service);
	if (last == A_RULE && before->allows)
		AP_GEOIP_NOTE(
			geoip, AP_IMPORT_DIFFERENCE, before,
			"the file ends with this line, and pam_geoip 2.1.1 gives its action, contrary to its manual, to "
			"all that no line matches: they are let in. The policies deny them");
	ap_import_add_note(
		geoip->arena, geoip->import, AP_IMPORT_NOTE, 0, NULL,
		"what no line matches is denied: \"deny\" is the default of pam_geoip's argument action=, which is "
		"not told here");
	*AP_PUSH(geoip->arena, geoip->rules, geoip->n_rules) = rule;
}

/* What is behind a rule for everybody is never looked at. */
static void drop_what_is_never_reached(ap_geoip *geoip)
{
	size_t kept = 0;

	while (kept < geoip->n_rules && !is_for_everybody(geoip, &geoip->rules[kept++]))
		;
	for (size_t i = kept; i < geoip->n_rules; i++)
		AP_GEOIP_NOTE(geoip, AP_IMPORT_NOTE, &geoip->rules[i],
			      "line %u is for everybody from everywhere; this line is never reached",
			      geoip->rules[kept - 1].line);
	geoip->n_rules = kept;
}

void ap_geoip_read_lines(ap_geoip *geoip)
{
	const char *text = geoip->source->text, *end = text + geoip->source->size;
	line_kind last = NOTHING;
	bool any = false;

	for (unsigned number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline != NULL ? newline : end) - text);

		last = read_line(geoip, number, text, length);
		any = any || last == PASSED_OVER;
		text = newline != NULL ? newline + 1 : end;
	}
	geoip->import->n_rules = geoip->n_rules;
	if (geoip->n_rules == 0 && any)
		ap_import_add_note(geoip->arena, geoip->import, AP_IMPORT_ERROR, 0, NULL,
				   "no line is a rule of geoip.conf(5); expected lines such as \"%sallow DE,*\"",
				   geoip->own_service != NULL ? "alice " : "alice sshd ");
	drop_what_is_never_reached(geoip);
	add_last_rule(geoip, last);
}
