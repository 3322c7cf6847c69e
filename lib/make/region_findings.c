#include "region_findings.h"

#include "region_codes.h"

#include <string.h>

/* Of a family of addresses that the database has none of. */
static void find_missing_family(ap_finder *f, int family)
{
	const ap_policy_set *set = f->set;
	const char *name = family == 0 ? "IPv4" : "IPv6";

	if (set->region_data.holds[family])
		return;
	for (size_t i = 0; i < set->n_regions; i++) {
		if (!set->regions[i].in_use)
			continue;
		ap_finder_report(f, &set->region_database.place,
				 "%s (%s) places no %s address: where regions decide, a login from %s is undetermined, "
				 "and so %s",
				 set->region_database.text, set->region_data.identity.type, name, name,
				 set->undetermined_allows ? "allowed" : "denied");
		return;
	}
}

/* A subdivision of a country that is listed as well. */
static void find_contained(ap_finder *f, const ap_list *regions)
{
	for (size_t i = 0; i < regions->n; i++) {
		const char *code = regions->items[i].text;

		for (size_t k = 0; k < regions->n && code[2] == '-'; k++)
			if (strncmp(regions->items[k].text, code, 2) == 0 && regions->items[k].text[2] == '\0')
				ap_finder_report(f, &regions->items[i].place,
						 "\"%s\" is in \"%s\", which is listed as well", code,
						 regions->items[k].text);
	}
}

static void find_all_contained(ap_finder *f)
{
	for (size_t i = 0; i < f->set->n_policies; i++) {
		if (f->set->policies[i].status == AP_POLICY_DISABLED)
			continue;
		find_contained(f, &f->set->policies[i].regions);
		find_contained(f, &f->set->policies[i].except.regions);
	}
	for (size_t i = 0; i < f->set->n_exceptions; i++)
		find_contained(f, &f->set->exceptions[i].regions);
}

void ap_find_regions(ap_finder *f)
{
	const ap_policy_set *set = f->set;
	char name[AP_REGION_NAME_MAX];

	find_all_contained(f);
	if (!set->region_data_read)
		return;
	find_missing_family(f, 0);
	find_missing_family(f, 1);
	for (size_t i = 0; i < set->n_regions; i++) {
		const ap_region_def *region = &set->regions[i];

		if (region->in_use && region->n_addresses[0] == 0 && region->n_addresses[1] == 0 &&
		    ap_region_is_country(region->code))
			ap_finder_report(f, &region->place, "no address is in \"%s\" (%s), says the region database %s",
					 region->code, ap_region_name(region->code, name, sizeof(name)),
					 set->region_database.text);
	}
}
