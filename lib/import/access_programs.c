/* In what do pam_access and policies differ, whatever the lines of a file say? */
#include "access.h"

static void note_double_names(const ap_access *access)
{
	enum { NAMES_SHOWN = 20 };
	const ap_words *names = &access->double_names;
	const char *list = "";

	for (size_t i = 0; i < names->n && i < NAMES_SHOWN; i++)
		list = ap_format(access->arena, "%s%s%s", list, i > 0 ? ", " : "", names->items[i]);
	if (names->n > NAMES_SHOWN)
		list = ap_format(access->arena, "%s and %zu more", list, names->n - NAMES_SHOWN);
	if (names->n > 0)
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_NOTE, 0, NULL,
			"pam_access takes a name without brackets for a user's and for a group's; groups of that "
			"name there are of %s, and the policies list both (with --nodefgroup the users alone)",
			list);
}

static void note_private_groups(const ap_access *access)
{
	if (access->private_groups)
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_NOTE, 0, NULL,
			"users have groups of their own name that nobody else is known to be in; the policies list the "
			"users alone. When somebody else comes into such a group, import again");
}

static bool names_addresses(const ap_access *access)
{
	for (size_t i = 0; i < access->n_rules; i++) {
		const ap_access_places *places = &access->rules[i].origins;
		ap_address_set others = ap_address_set_complement(access->arena, &places->remote);

		if (ap_address_set_count(&places->remote) > 0 && ap_address_set_count(&others) > 0)
			return true;
	}
	return false;
}

/* Is there a policy that an address is held against, "local" too? */
static bool needs_address(const ap_access *access)
{
	for (size_t i = 0; i < access->import->n_policies; i++) {
		const ap_policy_form *policy = &access->import->policies[i];

		if (policy->ip.n + policy->except.ip.n > 0)
			return true;
	}
	return access->import->n_exceptions > 0;
}

static void note_default_domain(const ap_access *access)
{
	const ap_policy_set *set = access->source->set;

	if (set != NULL && set->default_domain.text != NULL)
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_NOTE, 0, NULL,
			"default_domain is set: to the policies a user and user@%s are one, and to pam_access two",
			set->default_domain.text);
}

void ap_access_note_programs(const ap_access *access)
{
	static const char *const always[] = {
		"a login name without an account is refused by pam_access, and judged by the policies as every other: where "
		"such names must be refused, let pam_unix or its like stand in the account stack",
		"a group that cannot be looked up is passed over by pam_access; a policy that needs it denies the login",
	};
	static const char *const addresses[] = {
		"where PAM_RHOST is a name, pam_access asks DNS for its addresses; policies never do, and deny the login where "
		"they need its address (of sshd they know it all the same)",
		"without PAM_RHOST a login is LOCAL to pam_access, of whatever service; to the policies it is where its client "
		"type is a local one, as system is. The address of any other is unknown, and they deny it where they need it",
	};
	enum { N_ALWAYS = sizeof(always) / sizeof(always[0]), N_ADDRESSES = sizeof(addresses) / sizeof(addresses[0]) };

	note_double_names(access);
	note_private_groups(access);
	note_default_domain(access);
	for (size_t i = 0; i < N_ALWAYS && access->import->n_policies > 0; i++)
		ap_import_add_note(access->arena, access->import, AP_IMPORT_NOTE, 0, NULL, "%s", always[i]);
	for (size_t i = 0; i < N_ADDRESSES && needs_address(access); i++)
		ap_import_add_note(access->arena, access->import, AP_IMPORT_NOTE, 0, NULL, "%s", addresses[i]);
	if (access->import->n_policies > 0 && names_addresses(access))
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_NOTE, 0, NULL,
			"::ffff:192.0.2.1 is 192.0.2.1 to the policies, and to pam_access an address of IPv6 that "
			"no line on IPv4 means");
	if (access->import->n_client_types > 0)
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_NOTE, 0, NULL,
			"without PAM_TTY pam_access takes the terminal of the process; policies go by PAM_TTY, and "
			"without it by the service. Terminals are compared as they are written and in lower case; "
			"where a service file gives its module client=, they are not looked at. A mail service's login "
			"without PAM_RHOST is not told by its terminal");
}
