#include "nss.h"

#include "member.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const ap_nss ap_nss_system = {
	.getpwnam_r = getpwnam_r,
	.getgrnam_r = getgrnam_r,
	.getgrouplist = getgrouplist,
	.getgrgid_r = getgrgid_r,
};

enum {
	FIRST_BUFFER = 1024,
	LAST_BUFFER = 16 * 1024 * 1024, /* a group of a few hundred thousand members */
	LAST_GROUPS = 65536,            /* NGROUPS_MAX */
	TRIES = 5                       /* after EINTR */
};

/*
 * Nothing but 0 (getpwnam_r(3)). ENOENT and ESRCH look like it, but glibc hands them on from a service that could not
 * answer: nss-pam-ldapd says so where its daemon is down.
 */
static bool means_not_found(int result)
{
	return result == 0;
}

/*
 * A process that has no descriptor left cannot open the sources of names; glibc then goes on to the next one, and a
 * source that needs none answers "not found" for all. So that is believed only where a source could have been opened.
 */
static bool can_open_sources(void)
{
	int first = open("/", O_PATH | O_CLOEXEC), second = open("/", O_PATH | O_CLOEXEC);
	bool can = first >= 0 && second >= 0;

	if (first >= 0)
		(void)close(first);
	if (second >= 0)
		(void)close(second);
	return can;
}

static ap_tri not_found(void)
{
	return can_open_sources() ? AP_NO : AP_UNKNOWN;
}

static bool same_but_for_case(const char *a, const char *b)
{
	for (; *a != '\0' && ap_ascii_lower(*a) == ap_ascii_lower(*b); a++)
		b++;
	return *a == *b;
}

/* Adds `length` bytes of `text` as the next name to try, unless it is there; false if memory ran out. */
static bool add_name(ap_account *account, const char *text, size_t length, bool lower)
{
	char *name = strndup(text, length);
	size_t i;

	if (name == NULL)
		return false;
	for (i = 0; lower && name[i] != '\0'; i++)
		name[i] = ap_ascii_lower(name[i]);
	for (i = 0; account->names[i] != NULL; i++) {
		if (strcmp(account->names[i], name) == 0) {
			free(name);
			return true;
		}
	}
	account->names[i] = name;
	return true;
}

void ap_account_init(ap_account *account, const ap_nss *nss, const char *user, const char *default_domain)
{
	memset(account, 0, sizeof(*account));
	account->nss = nss != NULL ? nss : &ap_nss_system;
	account->user = user;
	account->default_domain = default_domain;
}

/* False if memory ran out. */
static bool list_names(ap_account *account)
{
	const char *user = account->user, *domain = account->default_domain, *at = strrchr(user, '@');
	size_t length = strlen(user), bare_length = length;

	if (at != NULL && at != user && domain != NULL && same_but_for_case(at + 1, domain))
		bare_length = (size_t)(at - user);
	return add_name(account, user, length, false) && add_name(account, user, bare_length, false) &&
	       add_name(account, user, length, true) && add_name(account, user, bare_length, true);
}

void ap_account_clear(ap_account *account)
{
	size_t i;

	for (i = 0; i < AP_ACCOUNT_NAMES; i++)
		free(account->names[i]);
	for (i = 0; i < account->n_groups; i++)
		free(account->groups[i]);
	free(account->groups);
	free(account->name);
	free(account->gids);
	memset(account, 0, sizeof(*account));
}

/*
 * A look-up by one of the C library's functions, with a buffer of this size: AP_YES once what is wanted of the entry is
 * copied; AP_UNKNOWN where it could not be; AP_NO where there was no entry. *ret_result is what the function returned.
 */
typedef ap_tri asker(void *question, char *buffer, size_t size, int *ret_result);

/* Asks with ever larger buffers, until the answer fits. */
static ap_tri look_up(asker *ask, void *question)
{
	size_t size = FIRST_BUFFER;
	int tries = 0;

	while (size <= LAST_BUFFER) {
		char *buffer = malloc(size);
		ap_tri found;
		int result;

		if (buffer == NULL)
			return AP_UNKNOWN;
		found = ask(question, buffer, size, &result);
		free(buffer);
		if (found != AP_NO)
			return found;
		if (means_not_found(result))
			return not_found();
		if (result == ERANGE)
			size *= 4;
		else if (result != EINTR || ++tries >= TRIES)
			return AP_UNKNOWN;
	}
	return AP_UNKNOWN;
}

typedef struct {
	ap_account *account; /* its gid and name are what was found, the name as the source has it */
	const char *name;
} account_question;

static ap_tri ask_for_account(void *data, char *buffer, size_t size, int *ret_result)
{
	const account_question *question = data;
	ap_account *account = question->account;
	struct passwd entry, *found = NULL;

	*ret_result = account->nss->getpwnam_r(question->name, &entry, buffer, size, &found);
	if (found == NULL)
		return AP_NO;
	account->gid = found->pw_gid;
	account->name = strdup(found->pw_name != NULL ? found->pw_name : question->name);
	return account->name != NULL ? AP_YES : AP_UNKNOWN;
}

static bool lists_name(char *const *members, const char *name)
{
	for (; members != NULL && *members != NULL; members++)
		if (strcmp(*members, name) == 0)
			return true;
	return false;
}

/* A group that was found. */
typedef struct {
	gid_t gid;
	bool lists; /* it lists the account itself */
	char *name; /* owned by the caller; only of one that was looked up by its number */
} found_group;

typedef struct {
	const ap_nss *nss;
	const char *group; /* NULL: by its number */
	gid_t gid;
	const char *account;
	found_group *found;
} group_question;

static ap_tri ask_for_group(void *data, char *buffer, size_t size, int *ret_result)
{
	const group_question *question = data;
	bool by_name = question->group != NULL;
	struct group entry, *found = NULL;

	*ret_result = by_name ? question->nss->getgrnam_r(question->group, &entry, buffer, size, &found)
			      : question->nss->getgrgid_r(question->gid, &entry, buffer, size, &found);
	if (found == NULL)
		return AP_NO;
	*question->found = (found_group){ .gid = found->gr_gid,
					  .lists = lists_name(found->gr_mem, question->account),
					  .name = by_name ? NULL : strdup(found->gr_name) };
	return by_name || question->found->name != NULL ? AP_YES : AP_UNKNOWN;
}

/* By its name, or with NULL by its number. AP_YES with *ret_group, AP_NO, or AP_UNKNOWN. */
static ap_tri look_up_group(const ap_nss *nss, const char *group, gid_t gid, const char *account,
			    found_group *ret_group)
{
	group_question question = { .nss = nss, .group = group, .gid = gid, .account = account, .found = ret_group };

	return look_up(ask_for_group, &question);
}

ap_tri ap_nss_group_exists(const ap_nss *nss, const char *group)
{
	found_group unused;

	return look_up_group(nss, group, 0, "", &unused);
}

ap_tri ap_nss_group_name(const ap_nss *nss, const char *group, char **ret_name)
{
	found_group by_name, by_number;
	ap_tri known = look_up_group(nss, group, 0, "", &by_name);

	if (known == AP_YES)
		known = look_up_group(nss, NULL, by_name.gid, "", &by_number);
	if (known == AP_YES)
		*ret_name = by_number.name;
	return known;
}

/* The account's groups, asked for once. False if they cannot be had. */
static bool load_groups(ap_account *account)
{
	int n = 64;

	while (account->gids == NULL && n <= LAST_GROUPS) {
		gid_t *gids = calloc((size_t)n, sizeof(*gids));
		int wanted = n;

		if (gids == NULL)
			return false;
		if (account->nss->getgrouplist(account->name, account->gid, gids, &wanted) >= 0) {
			/* it leaves out, without a word, what it could not read */
			if (!can_open_sources()) {
				free(gids);
				return false;
			}
			account->gids = gids;
			account->n_gids = wanted < n ? wanted : n;
		} else {
			free(gids);
			n = wanted > n ? wanted : n * 2;
		}
	}
	return account->gids != NULL;
}

static void look_up_names(ap_account *account)
{
	size_t i;

	account->looked_up = true;
	account->exists = list_names(account) ? AP_NO : AP_UNKNOWN;
	for (i = 0; i < AP_ACCOUNT_NAMES && account->names[i] != NULL && account->exists == AP_NO; i++)
		account->exists = look_up(ask_for_account, &(account_question){ account, account->names[i] });
}

ap_tri ap_account_in_group(ap_account *account, const char *group, const char **ret_why)
{
	const char *unused;
	const char **why = ret_why != NULL ? ret_why : &unused;
	found_group found = { .gid = 0 };
	ap_tri known;
	int i;

	*why = NULL;
	if (!account->looked_up)
		look_up_names(account);
	if (account->exists == AP_UNKNOWN)
		*why = "the look-up of the account failed";
	if (account->exists != AP_YES)
		return account->exists;
	known = look_up_group(account->nss, group, 0, account->name, &found);
	if (known != AP_YES) {
		*why = known == AP_NO ? "the name services do not know the group" : "the look-up of the group failed";
		return AP_UNKNOWN;
	}
	if (found.lists || found.gid == account->gid)
		return AP_YES;
	if (!load_groups(account)) {
		*why = "the look-up of the account's groups failed";
		return AP_UNKNOWN;
	}
	for (i = 0; i < account->n_gids; i++)
		if (account->gids[i] == found.gid)
			return AP_YES;
	return AP_NO;
}

/* Names of gids[0…], as far as they have one. */
static ap_tri name_groups(ap_account *account)
{
	int i;

	for (i = 0; i < account->n_gids; i++) {
		found_group group;
		ap_tri known = look_up_group(account->nss, NULL, account->gids[i], account->name, &group);

		if (known == AP_UNKNOWN)
			return AP_UNKNOWN;
		if (known == AP_YES)
			account->groups[account->n_groups++] = group.name;
	}
	return AP_YES;
}

ap_tri ap_account_groups(ap_account *account, const char *probe, const char *const **ret_names, size_t *ret_n)
{
	*ret_n = 0;
	*ret_names = NULL;
	if (!account->looked_up)
		look_up_names(account);
	if (account->exists != AP_YES)
		return account->exists;
	if (account->groups == NULL) {
		if (!load_groups(account))
			return AP_UNKNOWN;
		account->groups = calloc((size_t)account->n_gids + 1, sizeof(*account->groups));
		if (account->groups == NULL)
			return AP_UNKNOWN;
		account->groups_known = name_groups(account);
		/* getgrouplist hides a source that is down; a look-up by name does not */
		if (account->groups_known == AP_YES && ap_nss_group_exists(account->nss, probe) == AP_UNKNOWN)
			account->groups_known = AP_UNKNOWN;
	}
	*ret_names = (const char *const *)account->groups;
	*ret_n = account->groups_known == AP_YES ? account->n_groups : 0;
	return account->groups_known;
}
