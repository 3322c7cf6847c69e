#include "name_services.h"

#include <netdb.h>
#include <pwd.h>

static const char *field(ap_arena *arena, const char *text)
{
	return text != NULL && text[0] != '\0' ? ap_arena_strdup(arena, text) : NULL;
}

size_t ap_netgroup_of_system(ap_arena *arena, const char *name, const ap_netgroup_triple **ret_triples)
{
	ap_netgroup_triple *triples = NULL;
	char *host, *user, *domain;
	size_t n = 0;

	if (setnetgrent(name) != 0)
		while (getnetgrent(&host, &user, &domain) != 0)
			*AP_PUSH(arena, triples, n) = (ap_netgroup_triple){ .host = field(arena, host),
									    .user = field(arena, user),
									    .domain = field(arena, domain) };
	endnetgrent();
	*ret_triples = triples;
	return n;
}

size_t ap_accounts_of_system(ap_arena *arena, const ap_import_account **ret_accounts)
{
	ap_import_account *accounts = NULL;
	const struct passwd *entry;
	size_t n = 0;

	setpwent();
	while ((entry = getpwent()) != NULL)
		*AP_PUSH(arena, accounts, n) =
			(ap_import_account){ .name = ap_arena_strdup(arena, entry->pw_name), .gid = entry->pw_gid };
	endpwent();
	*ret_accounts = accounts;
	return n;
}
