/* IP entries: one address, first-last, a network, "@name" or "local". */
#include "reader.h"

#include "../login/utf8.h"

#include <stdio.h>
#include <string.h>

/* The rest of an entry that names a network may be any valid name. */
static bool read_reference(ap_reader *reader, const char *text, ap_place place)
{
	const char *fault =
		text[1] == '\0' ? "names no network; expected \"@\" and a network's name" : ap_name_fault(text + 1);

	if (fault == NULL)
		return true;
	AP_COMPLAIN(reader, place, "%s %s", AP_SHOWN(text), fault);
	return false;
}

static bool is_dash(uint32_t code)
{
	return (code >= 0x2010 && code <= 0x2015) || code == 0x2212 || code == 0xfe58 || code == 0xfe63 ||
	       code == 0xff0d;
}

/* The first character that looks like a "-" and is none; 0 where there is none. */
static uint32_t find_dash(const char *text)
{
	size_t size = strlen(text);
	uint32_t code;

	for (size_t n; size > 0 && (n = ap_utf8_sequence(text, size, &code)) > 0; text += n, size -= n)
		if (is_dash(code))
			return code;
	return 0;
}

/* No range is as long as what is cut, and the sentence's end must stay. */
ap_range_complaint ap_range_complaint_of(ap_range_fault fault, const char *text, const ap_range *range)
{
	ap_range_complaint c;
	uint32_t dash = find_dash(text);

	(void)snprintf(c.shown, sizeof(c.shown), "%.*s%s", AP_RANGE_TEXT_MAX, text,
		       strlen(text) > AP_RANGE_TEXT_MAX ? "…" : "");
	if (dash != 0)
		(void)snprintf(c.sentence, sizeof(c.sentence),
			       "\"%s\" has a character that is no ASCII (U+%04X); expected - between first and last",
			       c.shown, (unsigned)dash);
	else
		ap_range_fault_format(fault, c.shown, range, c.sentence, sizeof(c.sentence));
	return c;
}

static bool read_range(ap_reader *reader, const char *text, ap_place place, ap_range *ret_range)
{
	ap_range_fault fault = ap_range_parse(text, ret_range);

	if (fault == AP_RANGE_OK)
		return true;
	AP_COMPLAIN(reader, place, "%s", ap_range_complaint_of(fault, text, ret_range).sentence);
	return false;
}

static void read_entry(ap_reader *reader, const config_setting_t *setting, ap_entries *entries)
{
	ap_place place = ap_place_of(reader, setting);
	const char *text = ap_string_of(reader, setting);
	ap_entry entry = { .kind = AP_ENTRY_RANGE, .place = place };
	ap_entry *added;

	if (text == NULL)
		return;
	if (strcmp(text, "local") == 0) {
		entry.kind = AP_ENTRY_LOCAL;
	} else if (text[0] == '@') {
		entry.kind = AP_ENTRY_NETWORK;
		if (!read_reference(reader, text, place))
			return;
	} else if (!read_range(reader, text, place, &entry.range)) {
		return;
	}
	entry.text = ap_arena_strdup(reader->arena, text);
	added = AP_PUSH(reader->arena, entries->items, entries->n);
	*added = entry;
}

void ap_read_entries_or_empty(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_entries *entries = field;
	int n = config_setting_length(setting);

	if (!ap_expect_list(reader, setting))
		return;
	entries->place = ap_place_of(reader, setting);
	for (int i = 0; i < n; i++)
		read_entry(reader, config_setting_get_elem(setting, (unsigned)i), entries);
}

void ap_read_entries(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_read_entries_or_empty(reader, setting, field);
	if ((config_setting_is_array(setting) || config_setting_is_list(setting)) &&
	    config_setting_length(setting) == 0)
		AP_COMPLAIN(reader, ap_place_of(reader, setting),
			    "\"%s\" is an empty list; leave the key out, or list something",
			    config_setting_name(setting));
}
