/*
 * nss.h - is this login in that group of the system's name services.
 *
 * getgrouplist(3) alone hides errors: it answers success with the primary group where a source is down. So
 * the account (getpwnam_r) and the group (getgrnam_r) are each looked up, and each may fail, before it is asked.
 */
#ifndef AP_NSS_H
#define AP_NSS_H

#include "tri.h"

#include <grp.h>
#include <pwd.h>
#include <stddef.h>

/* The look-ups, so that a test can make them fail. */
typedef struct {
	int (*getpwnam_r)(const char *, struct passwd *, char *, size_t, struct passwd **);
	int (*getgrnam_r)(const char *, struct group *, char *, size_t, struct group **);
	int (*getgrouplist)(const char *, gid_t, gid_t *, int *);
	int (*getgrgid_r)(gid_t, struct group *, char *, size_t, struct group **);
} ap_nss;

extern const ap_nss ap_nss_system;

/*
 * AP_YES or AP_NO; AP_UNKNOWN where the look-up failed: what a login will find of the group, for a check to tell
 * beforehand.
 */
ap_tri ap_nss_group_exists(const ap_nss *nss, const char *group);

/*
 * AP_YES with the name that the group's number has, which the caller frees: another than `group` where that is a second
 * name of the same number, or is written otherwise. AP_NO where there is no such group; AP_UNKNOWN.
 */
ap_tri ap_nss_group_name(const ap_nss *nss, const char *group, char **ret_name);

enum { AP_ACCOUNT_NAMES = 4 };

/* A login's account, looked up when it is first asked for. ap_account_init, then ap_account_clear. */
typedef struct {
	const ap_nss *nss;
	const char *user;           /* borrowed, as the next */
	const char *default_domain; /* or NULL */
	char *names
		[AP_ACCOUNT_NAMES]; /* owned; tried in order; NULL where there are fewer, or none was looked up yet */
	ap_tri exists;              /* AP_NO: no such account; AP_UNKNOWN: the look-up failed */
	bool looked_up;
	char *name; /* owned: what the account is called by the source that knows it */
	gid_t gid;
	gid_t *gids;
	int n_gids;
	char **groups; /* owned, as each of them: the names of the groups; NULL until they are asked for */
	size_t n_groups;
	ap_tri groups_known; /* once they were asked for */
} ap_account;

/*
 * `user` is the name as PAM gave it. It is tried first; then, with `default_domain` set and the name in that domain,
 * without it; then both in lower case, since members are compared without regard to case: a spelling must not lead
 * out of a group. Both must outlive the account, which looks up nothing until it is asked. Free with ap_account_clear.
 */
void ap_account_init(ap_account *account, const ap_nss *nss, const char *user, const char *default_domain);

/*
 * AP_YES or AP_NO; AP_NO too for a name without an account; AP_UNKNOWN where a look-up failed or the account exists
 * and the group does not. `*ret_why` (may be NULL) is a static phrase where the answer is unknown, else NULL.
 */
ap_tri ap_account_in_group(ap_account *account, const char *group, const char **ret_why);

/*
 * The names of the groups that the account is said to be in, its primary one among them; owned by the account. AP_YES;
 * AP_NO, and none, for a name without an account; AP_UNKNOWN where a look-up failed, that of the group `probe` among
 * them, which tells whether groups can be looked up at all. A group without a name is left out.
 */
ap_tri ap_account_groups(ap_account *account, const char *probe, const char *const **ret_names, size_t *ret_n);

void ap_account_clear(ap_account *account);

#endif
