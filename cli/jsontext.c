#include "jsontext.h"

#include "../lib/make/timestamp.h"
#include "screen.h"

#include <stdio.h>

static json_t *never_null(json_t *value)
{
	if (value == NULL)
		ap_out_of_memory();
	return value;
}

json_t *ap_json_text(ap_arena *arena, const char *text)
{
	json_t *value;

	if (text == NULL)
		return json_null();
	value = json_string(text); /* NULL for what is not UTF-8, too */
	return value != NULL ? value : never_null(json_string(ap_printable(arena, text)));
}

json_t *ap_json_name(ap_arena *arena, const char *text)
{
	return ap_json_text(arena, text != NULL && text[0] != '\0' ? text : NULL);
}

json_t *ap_json_line(unsigned line)
{
	return line == 0 ? json_null() : never_null(json_integer(line));
}

json_t *ap_json_time(int64_t time)
{
	char buffer[AP_TIMESTAMP_TEXT_MAX];

	if (time == INT64_MIN || time == INT64_MAX)
		return json_null();
	return never_null(json_string(ap_timestamp_format_utc(time, buffer)));
}

json_t *ap_json_object(void)
{
	return never_null(json_object());
}

json_t *ap_json_array(void)
{
	return never_null(json_array());
}

void ap_json_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, never_null(value)) != 0)
		never_null(NULL);
}

void ap_json_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, never_null(value)) != 0)
		never_null(NULL);
}

void ap_json_write(json_t *value)
{
	/* A failed write marks the stream, which main looks at. */
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}
