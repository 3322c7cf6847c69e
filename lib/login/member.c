#include "member.h"

#include <stdlib.h>
#include <string.h>

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

bool ap_member_init(ap_member *ret_member, const char *name, const char *default_domain)
{
	size_t name_len = strlen(name), domain_len = 0, i;
	const char *at = strrchr(name, '@');
	char *text;

	memset(ret_member, 0, sizeof(*ret_member));
	if (at == NULL && default_domain != NULL)
		domain_len = strlen(default_domain);
	text = malloc(name_len + domain_len + 2);
	if (text == NULL)
		return false;
	for (i = 0; i < name_len; i++)
		text[i] = ap_ascii_lower(name[i]);
	if (domain_len > 0) {
		text[name_len] = '@';
		for (i = 0; i < domain_len; i++)
			text[name_len + 1 + i] = ap_ascii_lower(default_domain[i]);
		text[name_len + 1 + domain_len] = '\0';
	} else {
		text[name_len] = '\0';
	}
	ret_member->text = text;
	ret_member->name_len = at != NULL ? (size_t)(at - name) : name_len;
	ret_member->domain = text[ret_member->name_len] == '@' ? text + ret_member->name_len + 1 : NULL;
	ret_member->malformed = ret_member->name_len == 0 ||
				(ret_member->domain != NULL && *ret_member->domain == '\0') || has_control(text);
	return true;
}

void ap_member_clear(ap_member *member)
{
	free(member->text);
	memset(member, 0, sizeof(*member));
}
