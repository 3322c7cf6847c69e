/* Which regions are named, and what the region database tells of them. */
#include "reader.h"

#include "region_codes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 600 }; /* bytes of a list of codes in a message */

static const char undetermined[] = "; where regions decide, logins are undetermined";

/*
 * Gathering
 */

typedef struct {
	ap_reader *reader;
	ap_names *numbers; /* of the regions by their codes */
	bool any_in_use;
	ap_place first; /* where one is first named, by something that is in use if there is such */
} gathering;

static void note_place(gathering *g, const ap_place *place, bool in_use)
{
	if (g->first.line == 0 || (in_use && !g->any_in_use))
		g->first = *place;
	g->any_in_use = g->any_in_use || in_use;
}

static void add_region(gathering *g, const ap_text *item, bool in_use)
{
	ap_policy_set *set = g->reader->set;
	uint32_t number = ap_names_find(g->numbers, item->text);
	char fault[AP_REGION_SENTENCE_MAX];
	ap_region_def *region;

	if (number == AP_NONE && ap_region_fault_of(item->text, fault, sizeof(fault))) {
		AP_COMPLAIN(g->reader, item->place, "\"regions\": %s %s", AP_SHOWN(item->text), fault);
		return;
	}
	note_place(g, &item->place, in_use);
	if (number == AP_NONE) {
		ap_names_put(g->numbers, item->text, (uint32_t)set->n_regions);
		region = AP_PUSH(g->reader->arena, set->regions, set->n_regions);
		region->code = item->text;
		region->place = item->place;
	} else {
		region = &set->regions[number];
	}
	if (in_use && !region->in_use)
		region->place = item->place;
	region->in_use = region->in_use || in_use;
}

static void add_list(gathering *g, const ap_list *list, bool in_use)
{
	for (size_t i = 0; i < list->n; i++)
		add_region(g, &list->items[i], in_use);
}

static int by_code(const void *a, const void *b)
{
	return strcmp(((const ap_region_def *)a)->code, ((const ap_region_def *)b)->code);
}

static gathering gather_regions(ap_reader *reader)
{
	ap_policy_set *set = reader->set;
	gathering g = { .reader = reader, .numbers = ap_names_new(reader->arena) };

	for (size_t i = 0; i < set->n_policies; i++) {
		const ap_policy_def *policy = &set->policies[i];
		bool in_use = policy->status != AP_POLICY_DISABLED;

		add_list(&g, &policy->regions, in_use);
		add_list(&g, &policy->except.regions, in_use);
	}
	for (size_t i = 0; i < set->n_exceptions; i++)
		add_list(&g, &set->exceptions[i].regions, true);
	if (set->n_regions > 0)
		qsort(set->regions, set->n_regions, sizeof(*set->regions), by_code);
	return g;
}

/*
 * Asking the database
 */

static int compare_code(const void *code, const void *found)
{
	return strcmp(code, ((const ap_region_found *)found)->code);
}

static const ap_region_found *find_region(const ap_region_data *data, const char *code)
{
	return bsearch(code, data->found, data->n_found, sizeof(*data->found), compare_code);
}

/* "CN-AH, CN-BJ, …": the subdivisions of a country that the database has addresses in; "none". */
static const char *list_subdivisions(const ap_region_data *data, const char *country, char *buffer, size_t size)
{
	size_t used = 0, n_left = 0;

	(void)snprintf(buffer, size, "none");
	for (size_t i = 0; i < data->n_found; i++) {
		const char *code = data->found[i].code;

		if (strncmp(code, country, 3) != 0)
			continue;
		if (used + 40 > size)
			n_left++;
		else
			used += (size_t)snprintf(buffer + used, size - used, "%s%s", used > 0 ? ", " : "", code);
	}
	if (n_left > 0)
		(void)snprintf(buffer + used, size - used, " and %zu more", n_left);
	return buffer;
}

/* Subdivisions to which ISO 3166-1 gives a country's code as well; that is what an address there is found under. */
static bool is_country_itself(const char *code)
{
	static const char *const codes[] = { "CN-HK", "CN-MO", "CN-TW", "FR-BL", "FR-GF", "FR-GP", "FR-MF", "FR-MQ",
					     "FR-NC", "FR-PF", "FR-PM", "FR-RE", "FR-TF", "FR-WF", "FR-YT", "NL-AW",
					     "NL-CW", "NL-SX", "US-AS", "US-GU", "US-MP", "US-PR", "US-UM", "US-VI" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i], code) == 0)
			return true;
	return false;
}

/* Of a subdivision that the database has no address in. */
static void judge_subdivision(ap_reader *reader, const ap_region_def *region, ap_severity severity)
{
	const ap_policy_set *set = reader->set;
	const char *database = set->region_database.text;
	char prefix[4], country[AP_REGION_NAME_MAX], has[LIST_MAX];

	(void)snprintf(prefix, sizeof(prefix), "%.2s-", region->code);
	(void)ap_region_name((char[]){ prefix[0], prefix[1], '\0' }, country, sizeof(country));
	(void)list_subdivisions(&set->region_data, prefix, has, sizeof(has));
	if (is_country_itself(region->code))
		ap_diagnostics_add(reader->diagnostics, severity, region->place.file, region->place.line,
				   "%s has a country's code of its own, by which databases know it; expected \"%s\"",
				   AP_SHOWN(region->code), region->code + 3);
	else if (!ap_region_is_subdivision(region->code))
		ap_diagnostics_add(reader->diagnostics, severity, region->place.file, region->place.line,
				   "%s is no subdivision of %s, neither in ISO 3166-2 nor in %s, which has %s",
				   AP_SHOWN(region->code), country, database, has);
	else if (set->region_data.has_subdivisions)
		ap_diagnostics_add(reader->diagnostics, severity, region->place.file, region->place.line,
				   "%s is no subdivision that %s has; of %s it has %s", AP_SHOWN(region->code),
				   database, country, has);
	else
		ap_diagnostics_add(reader->diagnostics, severity, region->place.file, region->place.line,
				   "%s is a subdivision, and %s (%s) has countries alone; expected a database with "
				   "subdivisions, such as GeoLite2-City",
				   AP_SHOWN(region->code), database, set->region_data.identity.type);
}

static void judge_region(ap_reader *reader, ap_region_def *region, bool must_be_known)
{
	const ap_region_data *data = &reader->set->region_data;
	const ap_region_found *found = find_region(data, region->code);
	bool is_subdivision = strchr(region->code, '-') != NULL;
	ap_severity severity = must_be_known && region->in_use ? AP_ERROR : AP_WARNING;
	char name[AP_REGION_NAME_MAX];

	for (int family = 0; family < 2; family++) {
		region->unknown[family] = !data->holds[family] || (is_subdivision && !data->has_subdivisions);
		region->n_addresses[family] = found != NULL ? found->n_addresses[family] : 0;
	}
	if (!is_subdivision && found == NULL && region->in_use && strcmp(region->code, "unlocated") != 0)
		ap_diagnostics_add(reader->diagnostics, AP_WARNING, region->place.file, region->place.line,
				   "no address is in \"%s\" (%s), says %s", region->code,
				   ap_region_name(region->code, name, sizeof(name)), reader->set->region_database.text);
	if (!is_subdivision || found != NULL)
		return;
	/* what it may call the subdivision instead, it does not tell */
	region->unknown[0] = region->unknown[1] = true;
	judge_subdivision(reader, region, severity);
}

/* Of a family of addresses that the database has none of. */
static void judge_families(ap_reader *reader)
{
	const ap_policy_set *set = reader->set;
	static const char *const names[] = { "IPv4", "IPv6" };

	for (int family = 0; family < 2; family++)
		if (!set->region_data.holds[family])
			ap_diagnostics_add(reader->diagnostics, AP_WARNING, set->region_database.place.file,
					   set->region_database.place.line,
					   "%s (%s) places no %s address: where regions decide, a login from %s is "
					   "undetermined, and so %s",
					   set->region_database.text, set->region_data.identity.type, names[family],
					   names[family], set->undetermined_allows ? "allowed" : "denied");
}

static bool read_database(ap_reader *reader, bool must_be_known, ap_severity severity)
{
	/* what need not be known is read where a login waits for it */
	unsigned seconds = must_be_known ? AP_REGION_SECONDS : AP_REGION_SECONDS_AT_LOGIN;
	ap_policy_set *set = reader->set;
	const ap_text *path = &set->region_database;
	const char **codes = ap_arena_alloc(reader->arena, set->n_regions * sizeof(*codes));
	const char *here;
	ap_error error;

	for (size_t i = 0; i < set->n_regions; i++)
		codes[i] = set->regions[i].code;
	ap_progress_tell(reader->progress, "reading", path->text, 0, 0);
	if (ap_file_where(reader->elsewhere, path->text, "the file", &here, &error) == AP_OK &&
	    ap_region_database_read(here, seconds, codes, set->n_regions, reader->arena, &set->region_data, &error) ==
		    AP_OK) {
		set->region_data_read = true;
		ap_note_region_database(reader);
		return true;
	}
	ap_diagnostics_add(reader->diagnostics, severity, path->text, 0, "%s; %s:%u names it%s%s", error.message,
			   path->place.file, path->place.line,
			   error.status == AP_ERR_MISSING ? " (accesspolicy-make-regions makes one, and geoipupdate "
							    "fetches MaxMind's)"
							  : "",
			   severity == AP_WARNING ? undetermined : "");
	return false;
}

void ap_check_region_codes(ap_reader *reader)
{
	(void)gather_regions(reader);
}

void ap_resolve_regions(ap_reader *reader, bool must_be_known)
{
	ap_policy_set *set = reader->set;
	gathering g = gather_regions(reader);
	ap_severity severity = must_be_known && g.any_in_use ? AP_ERROR : AP_WARNING;

	if (set->n_regions == 0)
		return;
	for (size_t i = 0; i < set->n_regions; i++)
		set->regions[i].unknown[0] = set->regions[i].unknown[1] = true;
	if (set->region_database.text == NULL) {
		ap_diagnostics_add(reader->diagnostics, severity, g.first.file, g.first.line,
				   "regions need a region database, and none is named; expected region_database = "
				   "\"/var/lib/GeoIP/….mmdb\" in %s (accesspolicy-make-regions makes one)%s",
				   set->root, severity == AP_WARNING ? undetermined : "");
		return;
	}
	if (!read_database(reader, must_be_known, severity))
		return;
	if (g.any_in_use)
		judge_families(reader);
	for (size_t i = 0; i < set->n_regions; i++)
		judge_region(reader, &set->regions[i], must_be_known);
}
