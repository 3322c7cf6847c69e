#include "audit_output.h"

#include <string.h>

static const char *const columns[] = { "time",   "decision", "reason",  "policy", "would",    "user", "ip",
				       "region", "client",   "service", "tty",    "revision", "pid" };
enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* https://owasp.org/www-community/attacks/CSV_Injection */
static bool is_formula(const char *text)
{
	return text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
}

void ap_csv_value(const char *text)
{
	bool formula = is_formula(text), quoted = strpbrk(text, "\",\r\n") != NULL;

	if (quoted)
		putchar('"');
	if (formula)
		putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	if (quoted)
		putchar('"');
}

void ap_audit_write_csv_header(void)
{
	for (size_t i = 0; i < N_COLUMNS; i++)
		printf("%s%s", i > 0 ? "," : "", columns[i]);
	fputs("\r\n", stdout);
}

/* "deny: Office; allow: Home" */
static const char *would_text(ap_arena *arena, const json_t *would)
{
	const char *text = "";

	for (size_t i = 0; i < json_array_size(would); i++) {
		const char *name = json_string_value(json_object_get(json_array_get(would, i), "policy"));
		const char *decision = json_string_value(json_object_get(json_array_get(would, i), "decision"));

		text = ap_format(arena, "%s%s%s%s%s", text, i > 0 ? "; " : "", decision != NULL ? decision : "",
				 decision != NULL ? ": " : "", name != NULL ? name : "");
	}
	return text;
}

/* At a terminal nothing that would write elsewhere on it; a file gets what the record has. */
static void write_text(const ap_context *context, ap_arena *scratch, const char *text)
{
	ap_csv_value(context->screen.columns != 0 ? ap_printable(scratch, text) : text);
}

void ap_audit_write_csv(ap_context *context, ap_audit_entry *entry)
{
	const json_t *object = ap_audit_entry_object(entry);
	ap_arena *scratch = ap_arena_new();

	for (size_t i = 0; i < N_COLUMNS; i++) {
		const json_t *value = json_object_get(object, columns[i]);

		if (i > 0)
			putchar(',');
		if (json_is_string(value))
			write_text(context, scratch, json_string_value(value));
		else if (json_is_integer(value))
			printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
		else if (json_is_array(value))
			write_text(context, scratch, would_text(scratch, value));
	}
	fputs("\r\n", stdout);
	ap_arena_free(scratch);
}
