#include "who.h"

#include "screen.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The login user, which sudo and su do not change; false where the kernel knows of none. */
static bool login_user(unsigned *ret_uid)
{
	FILE *file = fopen("/proc/self/loginuid", "re");
	unsigned uid;
	bool known = file != NULL && fscanf(file, "%u", &uid) == 1 && uid != UINT32_MAX;

	if (file != NULL)
		(void)fclose(file);
	if (known)
		*ret_uid = uid;
	return known;
}

/* What sudo says; only root can have been told so by it. */
static bool sudo_user(unsigned *ret_uid)
{
	const char *text = getenv("SUDO_UID");
	char *end;
	unsigned long uid;

	if (text == NULL || geteuid() != 0)
		return false;
	uid = strtoul(text, &end, 10);
	if (end == text || *end != '\0' || uid >= UINT32_MAX)
		return false;
	*ret_uid = (unsigned)uid;
	return true;
}

const char *ap_who(ap_arena *arena, unsigned *ret_uid)
{
	unsigned uid = (unsigned)getuid();
	const struct passwd *entry;

	if (!sudo_user(&uid))
		(void)login_user(&uid);
	*ret_uid = uid;
	entry = getpwuid((uid_t)uid);
	return entry != NULL ? ap_arena_strdup(arena, ap_printable(arena, entry->pw_name))
			     : ap_format(arena, "user %u", uid);
}
