/*
 * nss_as_glibc.c - loaded before nss_wrapper, whose answer to a name that it does not know is ENOENT. glibc's is 0, and
 * ENOENT is what glibc hands on from a service that could not answer.
 */
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>

#define EXPORTED __attribute__((visibility("default")))

typedef int by_name_passwd(const char *, struct passwd *, char *, size_t, struct passwd **);
typedef int by_name_group(const char *, struct group *, char *, size_t, struct group **);
typedef int by_number_group(gid_t, struct group *, char *, size_t, struct group **);

static int as_glibc(int result)
{
	return result == ENOENT ? 0 : result;
}

EXPORTED int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **found)
{
	by_name_passwd *next = (by_name_passwd *)dlsym(RTLD_NEXT, "getpwnam_r");

	return as_glibc(next(name, entry, buffer, size, found));
}

EXPORTED int getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **found)
{
	by_name_group *next = (by_name_group *)dlsym(RTLD_NEXT, "getgrnam_r");

	return as_glibc(next(name, entry, buffer, size, found));
}

EXPORTED int getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **found)
{
	by_number_group *next = (by_number_group *)dlsym(RTLD_NEXT, "getgrgid_r");

	return as_glibc(next(gid, entry, buffer, size, found));
}
