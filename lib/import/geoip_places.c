/* Which regions does a rule of geoip.conf mean? */
#include "../make/region_codes.h"
#include "geoip_rule.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_region(ap_geoip *geoip, ap_geoip_rule *rule, const char *code)
{
	if (!ap_words_have(&rule->regions, code))
		ap_words_add(geoip->arena, &rule->regions, code);
}

/* Wider than what stands there for a rule that denies, nothing for one that allows. */
static void take_difference(ap_geoip *geoip, ap_geoip_rule *rule, const char *entry, const char *what,
			    const char *wider)
{
	if (rule->allows)
		AP_GEOIP_NOTE(geoip, AP_IMPORT_DIFFERENCE, rule,
			      "\"%s\": policies know no %s; what the line allows there is not allowed by it", entry,
			      what);
	else
		AP_GEOIP_NOTE(geoip, AP_IMPORT_DIFFERENCE, rule, "\"%s\": policies know no %s; what is denied is %s",
			      entry, what, wider);
}

/* "50.0 { 51.5, 7.4 }": kilometres around a place, of which pam_geoip wants to be on the globe. */
static bool take_distance(ap_geoip *geoip, ap_geoip_rule *rule, const char *entry)
{
	double radius, latitude, longitude;

	if (sscanf(entry, "%lf { %lf , %lf }", &radius, &latitude, &longitude) != 3)
		return false;
	if (!(fabs(latitude) <= 90.0) || !(fabs(longitude) <= 180.0)) {
		AP_GEOIP_NOTE(geoip, AP_IMPORT_NOTE, rule,
			      "\"%s\" is no place on the globe; pam_geoip passes it over and so does the import",
			      entry);
		return true;
	}
	take_difference(geoip, rule, entry, "distances", "every address");
	if (!rule->allows)
		rule->everywhere = true;
	return true;
}

static bool is_upper_pair(const char *text)
{
	return strlen(text) == 2 && isupper((unsigned char)text[0]) && isupper((unsigned char)text[1]);
}

static void take_country(ap_geoip *geoip, ap_geoip_rule *rule, const char *country)
{
	if (country[0] == '*') {
		rule->everywhere = true;
	} else if (strcmp(country, "UNKNOWN") == 0) {
		add_region(geoip, rule, "unlocated");
	} else if (ap_region_is_country(country)) {
		add_region(geoip, rule, country);
	} else if (!is_upper_pair(country)) {
		AP_GEOIP_NOTE(
			geoip, AP_IMPORT_NOTE, rule,
			"\"%s\" is no country that a database has, which are two upper-case letters: nobody comes "
			"from there",
			country);
	} else {
		take_difference(geoip, rule, country, "such country: it is none of ISO 3166-1",
				"every address that is in no country");
		if (!rule->allows)
			add_region(geoip, rule, "unlocated");
	}
}

/* A country and a city as pam_geoip has them; "*" is any. */
typedef struct {
	const char *country;
	const char *city;
} location;

static const char *or_any(const char *text)
{
	return text[0] == '\0' || text[0] == '*' ? "*" : text;
}

static location location_of(ap_arena *arena, const char *entry)
{
	size_t length = strcspn(entry, ",");
	const char *behind = entry[length] == ',' ? entry + length + 1 : "";

	return (location){ .country = or_any(ap_import_trimmed(arena, entry, length)),
			   .city = or_any(ap_import_trimmed(arena, behind, strlen(behind))) };
}

static void take_entry(ap_geoip *geoip, ap_geoip_rule *rule, const char *entry)
{
	location l = location_of(geoip->arena, entry);
	bool any_country = strcmp(l.country, "*") == 0;

	if (take_distance(geoip, rule, entry))
		return;
	if (strcmp(l.city, "*") == 0) {
		take_country(geoip, rule, l.country);
		return;
	}
	take_difference(geoip, rule, entry, "cities", any_country ? "every address" : "the whole country");
	if (!rule->allows)
		take_country(geoip, rule, l.country);
}

/* Takes the next entry, which may be "". NULL where there is none left. */
static const char *next_entry(ap_arena *arena, const char **at)
{
	size_t length = strcspn(*at, ";");
	const char *entry = ap_import_trimmed(arena, *at, length);

	if (**at == '\0')
		return NULL;
	*at += length + ((*at)[length] == ';');
	return entry;
}

bool ap_geoip_is_everywhere(ap_arena *arena, const char *places)
{
	const char *entry;

	while ((entry = next_entry(arena, &places)) != NULL) {
		location l = location_of(arena, entry);

		if (entry[0] != '\0' && strcmp(l.country, "*") == 0 && strcmp(l.city, "*") == 0)
			return true;
	}
	return false;
}

void ap_geoip_find_regions(ap_geoip *geoip, ap_geoip_rule *rule)
{
	const char *at = rule->places, *entry;

	while ((entry = next_entry(geoip->arena, &at)) != NULL)
		if (entry[0] != '\0')
			take_entry(geoip, rule, entry);
}
