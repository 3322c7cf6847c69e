#include "dovecot_settings.h"

#include "text_parts.h"

#include <string.h>
#include <strings.h>

typedef struct {
	ap_arena *arena;
	const char *at;
	unsigned line;
	bool failed;
} reader;

/* The next line without the blanks around it; NULL at the end. */
static char *next_line(reader *in)
{
	size_t length;
	const char *start = ap_text_line(&in->at, &length), *end;

	if (start == NULL)
		return NULL;
	in->line++;
	end = start + length;
	while (start < end && strchr(" \t\r", *start) != NULL)
		start++;
	while (end > start && strchr(" \t\r", end[-1]) != NULL)
		end--;
	return ap_arena_strndup(in->arena, start, (size_t)(end - start));
}

/* Takes the quotes off in place, with the backslashes that stand before quotes and backslashes. */
static char *unquoted(char *text)
{
	size_t length = strlen(text);
	char *to = text;

	if (length < 2 || text[0] != '"' || text[length - 1] != '"')
		return text;
	text[length - 1] = '\0';
	for (const char *from = text + 1; *from != '\0'; from++) {
		if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return text;
}

/* "service imap-login {" without its brace. */
static void read_heading(ap_dovecot_section *section, char *heading)
{
	size_t length = strcspn(heading, " ");
	char *name = heading + length;

	while (*name == ' ')
		*name++ = '\0';
	section->type = heading;
	section->name = unquoted(name);
}

static bool read_setting(reader *in, ap_dovecot_section *section, char *line)
{
	char *equals = strchr(line, '='), *end = equals, *value;
	ap_dovecot_setting *setting;

	if (equals == NULL || equals == line)
		return false;
	while (end > line && end[-1] == ' ')
		end--;
	*end = '\0';
	value = equals + 1;
	while (*value == ' ')
		value++;
	setting = AP_PUSH(in->arena, section->settings, section->n_settings);
	*setting = (ap_dovecot_setting){ .key = unquoted(line), .value = unquoted(value) };
	return true;
}

/* True if the line begins a section: its brace is taken off. A value may end in a brace as well. */
static bool is_heading(char *line)
{
	size_t length = strlen(line);

	if (length < 2 || line[length - 1] != '{' || strchr(" \t", line[length - 2]) == NULL ||
	    strstr(line, " = ") != NULL)
		return false;
	do
		line[--length] = '\0';
	while (length > 0 && strchr(" \t", line[length - 1]) != NULL);
	return length > 0;
}

static void read_section(reader *in, ap_dovecot_section *section, unsigned depth)
{
	char *line;

	while (!in->failed && (line = next_line(in)) != NULL) {
		if (*line == '\0' || *line == '#')
			continue;
		if (strcmp(line, "}") == 0) {
			in->failed = depth == 0;
			return;
		}
		if (is_heading(line)) {
			/* a copy on the stack: what is pushed moves */
			ap_dovecot_section inner = { .type = "", .name = "" };

			read_heading(&inner, line);
			in->failed = depth == AP_DOVECOT_DEPTH_MAX;
			if (!in->failed)
				read_section(in, &inner, depth + 1);
			*AP_PUSH(in->arena, section->sections, section->n_sections) = inner;
		} else if (!read_setting(in, section, line)) {
			in->failed = true;
		}
	}
	if (depth > 0)
		in->failed = true;
}

bool ap_dovecot_parse(ap_arena *arena, const char *text, ap_dovecot_section *ret_whole, unsigned *ret_line)
{
	reader in = { .arena = arena, .at = text };
	ap_dovecot_section whole = { .type = "", .name = "" };

	read_section(&in, &whole, 0);
	if (in.failed) {
		*ret_line = in.line;
		return false;
	}
	*ret_whole = whole;
	return true;
}

const char *ap_dovecot_value(const ap_dovecot_section *section, const char *key, const char *otherwise)
{
	const char *value = otherwise;

	for (size_t i = 0; i < section->n_settings; i++)
		if (strcmp(section->settings[i].key, key) == 0)
			value = section->settings[i].value;
	return value;
}

const char *ap_dovecot_list(ap_arena *arena, const ap_dovecot_section *section, const char *key, const char *otherwise)
{
	const ap_dovecot_section *words = ap_dovecot_find(section, key, "");
	const char *value = ap_dovecot_value(section, key, words != NULL ? "" : otherwise);

	for (size_t i = 0; words != NULL && i < words->n_settings; i++)
		if (ap_dovecot_yes(words->settings[i].value))
			value = ap_format(arena, "%s %s", value, words->settings[i].key);
	return value;
}

const ap_dovecot_section *ap_dovecot_find(const ap_dovecot_section *section, const char *type, const char *name)
{
	for (size_t i = 0; i < section->n_sections; i++)
		if (strcmp(section->sections[i].type, type) == 0 && strcmp(section->sections[i].name, name) == 0)
			return &section->sections[i];
	return NULL;
}

bool ap_dovecot_is_filter(const ap_dovecot_section *section)
{
	static const char *const types[] = { "protocol", "local", "remote", "local_name" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(section->type, types[i]) == 0)
			return true;
	return false;
}

bool ap_dovecot_yes(const char *value)
{
	return strcasecmp(value, "yes") == 0 || strcasecmp(value, "y") == 0 || strcasecmp(value, "true") == 0 ||
	       strcmp(value, "1") == 0;
}

const char *const *ap_dovecot_words(ap_arena *arena, const char *value)
{
	return ap_text_words(arena, value, " ,\t");
}
