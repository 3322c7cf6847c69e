#include "../lib/login/utf8.h"
#include "../lib/make/timestamp.h"
#include "audit_output.h"

#include <string.h>

enum { WIDE = 80, NARROW_INDENT = 4, DECISION_WIDTH = 7, INDENT = 27 + DECISION_WIDTH };

static const char *where_text(ap_context *context, const ap_audit_entry *entry)
{
	if (entry->ip == NULL)
		return "an address that nothing told";
	if (strcmp(entry->ip, "local") == 0)
		return "the machine itself";
	if (strcmp(entry->ip, "unknown") == 0)
		return "an unknown address";
	return entry->region == NULL ? entry->ip : ap_format(context->arena, "%s (%s)", entry->ip, entry->region);
}

static const char *would_text(ap_context *context, const ap_audit_entry *entry)
{
	const char *text = "";

	for (size_t i = 0; i < json_array_size(entry->would); i++) {
		const json_t *one = json_array_get(entry->would, i);
		const char *name = json_string_value(json_object_get(one, "policy"));
		const char *decision = json_string_value(json_object_get(one, "decision"));

		if (name != NULL && decision != NULL)
			text = ap_format(context->arena, "%s; would %s with \"%s\"", text, decision, name);
		else
			text = ap_format(context->arena, "%s; and more", text);
	}
	return text;
}

void ap_audit_write_text(ap_context *context, const ap_audit_entry *entry)
{
	ap_arena *scratch = ap_arena_new();
	ap_context within = *context;
	char time[AP_TIMESTAMP_TEXT_MAX];
	bool allowed = strcmp(entry->decision, "allow") == 0;
	bool narrow = context->screen.columns > 0 && context->screen.columns < WIDE;
	const char *text;

	within.arena = scratch; /* there may be a million of them */
	ap_timestamp_format_local(entry->time, time);
	text = ap_format(scratch, "%s from %s with %s", entry->user[0] != '\0' ? entry->user : "(no name)",
			 where_text(&within, entry), entry->client != NULL ? entry->client : "an unknown client");
	if (entry->service != NULL)
		text = ap_format(scratch, "%s (%s)", text, entry->service);
	if (entry->reason != NULL)
		text = ap_format(scratch, "%s: %s", text, entry->reason);
	else
		text = ap_format(scratch, "%s: no decision could be had; the system's log says why", text);
	if (entry->policy != NULL)
		text = ap_format(scratch, "%s by \"%s\"", text, entry->policy);
	text = ap_format(scratch, "%s%s", text, would_text(&within, entry));
	printf("%s  ", time);
	text = ap_printable(scratch, text);
	ap_paint(&context->screen, allowed ? AP_GREEN : AP_RED, entry->decision, strlen(entry->decision));
	if (narrow)
		putchar('\n');
	ap_blanks(narrow ? NARROW_INDENT : DECISION_WIDTH - strlen(entry->decision));
	ap_paint_wrapped(&context->screen, AP_PLAIN, text, narrow ? NARROW_INDENT : INDENT);
	ap_arena_free(scratch);
}

void ap_audit_write_json(ap_context *context, const ap_audit_entry *entry)
{
	size_t at = 0;

	(void)context;
	while (at < entry->length) {
		uint32_t code = 0;
		size_t n, plain = at;

		while (plain < entry->length && entry->line[plain] >= 0x20 && entry->line[plain] < 0x7f)
			plain++;
		fwrite(entry->line + at, 1, plain - at, stdout);
		at = plain;
		if (at == entry->length)
			break;
		n = ap_utf8_sequence(entry->line + at, entry->length - at, &code);
		/* outside of its strings a record that was read has none but blanks */
		if (n > 0 && ap_utf8_is_control(code) && code >= 0x20)
			printf("\\u%04x", (unsigned)code);
		else if (code < 0x20)
			putchar(' ');
		else
			fwrite(entry->line + at, 1, n > 0 ? n : 1, stdout);
		at += n > 0 ? n : 1;
	}
	putchar('\n');
}

void ap_audit_write_object(const ap_context *context, json_t *object)
{
	(void)json_dumpf(object, stdout, JSON_INDENT(2) | (context->screen.columns != 0 ? JSON_ENSURE_ASCII : 0));
	putchar('\n');
	json_decref(object);
}
