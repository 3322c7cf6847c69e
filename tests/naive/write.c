#include "write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void write_list(FILE *out, const char *key, const list *l)
{
	if (l->n == 0)
		return;
	(void)fprintf(out, " %s = [", key);
	for (size_t i = 0; i < l->n; i++)
		(void)fprintf(out, "%s \"%s\"", i > 0 ? "," : "", l->items[i]);
	(void)fprintf(out, " ];");
}

/* Every other second is written as another offset's. */
static void write_time(FILE *out, const char *key, bool written, int64_t value)
{
	bool east = value % 2 != 0;
	time_t shown = (time_t)(east ? value + 8 * 3600 : value);
	struct tm parts;
	char text[32];

	if (!written || gmtime_r(&shown, &parts) == NULL)
		return;
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	(void)fprintf(out, " %s = \"%s%s\";", key, text, east ? "+08:00" : "Z");
}

static void write_listed(FILE *out, const who *w)
{
	if (w->all)
		(void)fprintf(out, " all = true;");
	if (w->unlisted)
		(void)fprintf(out, " unlisted = true;");
	write_list(out, "members", &w->members);
	write_list(out, "domains", &w->domains);
	write_list(out, "departments", &w->departments);
	write_list(out, "groups", &w->groups);
}

static bool has_except(const policy *p)
{
	const who *w = &p->except;

	return w->unlisted || w->members.n + w->domains.n + w->departments.n + w->groups.n + p->except_net.ip.n +
					      p->except_net.regions.n >
				      0;
}

static void write_scope(FILE *out, const policy *p)
{
	(void)fprintf(out, "\n    scope = {");
	write_listed(out, &p->scope);
	if (has_except(p)) {
		(void)fprintf(out, " except = {");
		write_listed(out, &p->except);
		write_list(out, "ip", &p->except_net.ip);
		write_list(out, "regions", &p->except_net.regions);
		(void)fprintf(out, " };");
	}
	(void)fprintf(out, " };\n   ");
}

static void write_policy(FILE *out, const policy_set *set, const policy *p)
{
	static const char *const states[] = { "enabled", "disabled", "report-only" };

	(void)fprintf(out, "  { name = \"%s\"; type = \"%s\"; status = \"%s\";", p->name,
		      p->blacklist ? "blacklist" : "whitelist", states[p->status]);
	write_scope(out, p);
	write_list(out, "ip", &p->net.ip);
	write_list(out, "regions", &p->net.regions);
	write_list(out, "clients", &p->clients);
	if (p->required)
		(void)fprintf(out, " required = true;");
	if (p->others_denied)
		(void)fprintf(out, " other_clients = \"deny\";");
	if (p->replaces >= 0)
		(void)fprintf(out, " replaces = \"%s\";", set->policies[p->replaces].name);
	write_time(out, "not_before", p->has_not_before, p->not_before);
	write_time(out, "not_after", p->has_not_after, p->not_after);
	(void)fprintf(out, " }");
}

static void write_exception(FILE *out, const policy_set *set, const exception *e)
{
	const char *comma = "";

	(void)fprintf(out, "  { name = \"%s\"; policies = [", e->name);
	for (size_t i = 0; i < set->n_policies; i++) {
		if (!e->frees[i])
			continue;
		(void)fprintf(out, "%s \"%s\"", comma, set->policies[i].name);
		comma = ",";
	}
	(void)fprintf(out, " ];");
	write_listed(out, &e->who);
	write_list(out, "ip", &e->net.ip);
	write_list(out, "regions", &e->net.regions);
	write_list(out, "clients", &e->clients);
	write_time(out, "not_before", e->has_not_before, e->not_before);
	write_time(out, "not_after", e->has_not_after, e->not_after);
	(void)fprintf(out, " }");
}

static void write_clients(FILE *out, const policy_set *set)
{
	if (set->n_clients == 0)
		return;
	(void)fprintf(out, "client_types = (\n");
	for (size_t i = 0; i < set->n_clients; i++) {
		const client_entry *entry = &set->clients[i];

		(void)fprintf(out, "%s  { name = \"%s\";", i > 0 ? ",\n" : "", entry->name);
		write_list(out, "service", &entry->service);
		write_list(out, "tty", &entry->tty);
		write_list(out, "ruser", &entry->ruser);
		write_list(out, "env", &entry->env);
		(void)fprintf(out, "%s }", entry->local ? " local = true;" : "");
	}
	(void)fprintf(out, "\n);\n");
}

static void write_departments(FILE *out, const policy_set *set)
{
	(void)fprintf(out, "departments = (\n");
	for (size_t i = 0; i < set->n_departments; i++) {
		(void)fprintf(out, "%s  { name = \"%s\";", i > 0 ? ",\n" : "", set->departments[i].name);
		write_list(out, "members", &set->departments[i].members);
		write_list(out, "groups", &set->departments[i].groups);
		(void)fprintf(out, " }");
	}
	(void)fprintf(out, "\n);\n");
}

static void write_networks(FILE *out, const policy_set *set)
{
	if (set->n_networks == 0)
		return;
	(void)fprintf(out, "networks = (\n");
	for (size_t i = 0; i < set->n_networks; i++) {
		(void)fprintf(out, "%s  { name = \"n%zu\";", i > 0 ? ",\n" : "", i);
		write_list(out, "ip", &set->networks[i]);
		if (set->networks[i].n == 0)
			(void)fprintf(out, " ip = [ ];");
		(void)fprintf(out, " may_be_empty = true; }");
	}
	(void)fprintf(out, "\n);\n");
}

char *write_set(const policy_set *set, size_t *ret_size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);

	if (out == NULL)
		abort();
	if (set->default_domain != NULL)
		(void)fprintf(out, "default_domain = \"%s\";\n", set->default_domain);
	(void)fprintf(out, "undetermined = \"%s\";\n", set->undetermined_allows ? "allow" : "deny");
	if (set->has_database)
		(void)fprintf(out, "region_database = \"%s\";\n", getenv("AP_TEST_NAIVE_DATABASE"));
	if (set->default_client != NULL)
		(void)fprintf(out, "default_client_type = \"%s\";\n", set->default_client);
	write_clients(out, set);
	write_departments(out, set);
	write_networks(out, set);
	(void)fprintf(out, "policies = (\n");
	for (size_t i = 0; i < set->n_policies; i++) {
		(void)fputs(i > 0 ? ",\n" : "", out);
		write_policy(out, set, &set->policies[i]);
	}
	(void)fprintf(out, "\n);\n");
	if (set->n_exceptions > 0)
		(void)fprintf(out, "exceptions = (\n");
	for (size_t i = 0; i < set->n_exceptions; i++) {
		(void)fputs(i > 0 ? ",\n" : "", out);
		write_exception(out, set, &set->exceptions[i]);
	}
	if (set->n_exceptions > 0)
		(void)fprintf(out, "\n);\n");
	(void)fclose(out);
	return text;
}
