/*
 * jsontext.h - values of the JSON that the command writes. What is absent is null, never left out.
 *
 * jansson's own constructors answer NULL where memory ran out; an object that lacks a key would be wrong without a
 * word, so these end the process instead, as the arena does.
 */
#ifndef AP_JSONTEXT_H
#define AP_JSONTEXT_H

#include "../lib/login/evaluate.h"
#include "../lib/make/arena.h"

#include <jansson.h>

/* A string, or null for NULL. What is not UTF-8 is escaped as on a terminal. */
json_t *ap_json_text(ap_arena *arena, const char *text);

/* The same, where "" too is null. */
json_t *ap_json_name(ap_arena *arena, const char *text);

/* A line number, or null for 0. */
json_t *ap_json_line(unsigned line);

/* An RFC 3339 time in UTC, or null for the ends of time that mean "not limited". */
json_t *ap_json_time(int64_t time);

json_t *ap_json_object(void);
json_t *ap_json_array(void);

/* Take `value` over. */
void ap_json_set(json_t *object, const char *key, json_t *value);
void ap_json_append(json_t *array, json_t *value);

/* Writes the value to standard output as indented text, and releases it. */
void ap_json_write(json_t *value);

#endif
