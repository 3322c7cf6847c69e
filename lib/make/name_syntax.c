/* Whether a name is one: what members, domains, departments and the rest may be made of. */
#include "reader.h"

#include "../login/utf8.h"

#include <string.h>

enum { MEMBER_MAX = 1024, GROUP_MAX = 1024, HINT_MAX = 1024, DEPARTMENT_MAX = 4096, DOMAIN_MAX = 255 };

static bool has_blank(const char *text)
{
	return strpbrk(text, " \t") != NULL;
}

static bool has_blank_end(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && (text[0] == ' ' || text[length - 1] == ' ');
}

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

typedef enum {
	DOMAIN_FINE,
	DOMAIN_DOT_FIRST,
	DOMAIN_DOT_LAST,
	DOMAIN_EMPTY_PART,
	DOMAIN_COMMA,
	DOMAIN_CHARACTER
} domain_fault;

/* What is wrong with the dots and characters of a domain that is not empty. */
static domain_fault judge_domain(const char *text)
{
	if (strchr(text, ',') != NULL)
		return DOMAIN_COMMA;
	for (const char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x80 && strchr(UPPER LOWER DIGITS "-_.", *at) == NULL)
			return DOMAIN_CHARACTER;
	if (text[0] == '.')
		return DOMAIN_DOT_FIRST;
	if (text[strlen(text) - 1] == '.')
		return DOMAIN_DOT_LAST;
	return strstr(text, "..") != NULL ? DOMAIN_EMPTY_PART : DOMAIN_FINE;
}

static const char *member_domain_fault(const char *domain)
{
	static const char *const sentences[] = {
		[DOMAIN_FINE] = NULL,
		[DOMAIN_DOT_FIRST] =
			"has a domain that starts with a \".\"; expected user@domain with the whole domain: "
			"sub-domains are not included, list the member of each domain",
		[DOMAIN_DOT_LAST] = "has a domain that ends with a \".\"; expected one without, as in user@example.com",
		[DOMAIN_EMPTY_PART] =
			"has an empty part between two dots of its domain; expected one dot, as in user@example.com",
		[DOMAIN_COMMA] = "has a \",\" in its domain; expected one member, each in quotes of its own",
		[DOMAIN_CHARACTER] = "has a character in its domain that no domain has; expected letters, digits, "
				     "\"-\", \"_\" and \".\", as in user@example.com",
	};

	return domain[0] != '\0' ? sentences[judge_domain(domain)] : NULL;
}

const char *ap_member_fault(const char *text)
{
	const char *at = strchr(text, '@');

	if (text[0] == '\0')
		return "is empty; expected user@domain, user@ or user";
	if (has_blank(text))
		return "has blanks in it; expected user@domain, user@ or user";
	if (ap_utf8_has_control(text))
		return "has control characters in it; expected user@domain, user@ or user";
	if (at == text)
		return "has no name before its \"@\"; expected user@domain, user@ or user; "
		       "a whole domain is listed under \"domains\"";
	if (at != NULL && strchr(at + 1, '@') != NULL)
		return "has more than one \"@\"; expected user@domain, user@ or user";
	if (strchr(text, '*') != NULL)
		return "has a \"*\" in it, and members are no patterns; expected user@domain, user@ or user";
	if (strlen(text) > MEMBER_MAX)
		return "is longer than 1024 bytes";
	return at != NULL ? member_domain_fault(at + 1) : NULL;
}

const char *ap_domain_fault(const char *text)
{
	static const char *const sentences[] = {
		[DOMAIN_FINE] = NULL,
		[DOMAIN_DOT_FIRST] = "starts with a \".\"; expected a domain such as example.com: "
				     "sub-domains are not included, list each domain",
		[DOMAIN_DOT_LAST] = "ends with a \".\"; expected a domain without, such as example.com",
		[DOMAIN_EMPTY_PART] = "has an empty part between two dots; expected a domain such as example.com",
		[DOMAIN_COMMA] =
			"has a \",\" in it; expected one domain such as example.com, each in quotes of its own",
		[DOMAIN_CHARACTER] = "has a character in it that no domain has; expected letters, digits, "
				     "\"-\", \"_\" and \".\", as in example.com",
	};

	if (text[0] == '\0')
		return "is empty; expected a domain such as example.com";
	if (strchr(text, '@') != NULL)
		return "has an \"@\" in it; expected the domain alone, such as example.com";
	if (has_blank(text))
		return "has blanks in it; expected a domain such as example.com";
	if (ap_utf8_has_control(text))
		return "has control characters in it; expected a domain such as example.com";
	if (strchr(text, '*') != NULL)
		return "has a \"*\" in it, and domains are no patterns; list each domain";
	if (strlen(text) > DOMAIN_MAX)
		return "is longer than 255 bytes";
	return sentences[judge_domain(text)];
}

/* One component; `length` bytes at `text`. */
static const char *component_fault(const char *text, size_t length)
{
	if (length == 0)
		return "has an empty part; expected names with one \"/\" between them, such as engineering/platform";
	if (text[0] == ' ' || text[length - 1] == ' ')
		return "has blanks at the start or end of a part";
	if (length == 1 && text[0] == '*')
		return "has a \"*\" in it; in a scope, \"/*\" may stand at the end and takes the sub-departments along";
	return NULL;
}

const char *ap_department_fault(const char *text)
{
	const char *part = text;
	unsigned depth = 0;

	if (text[0] == '\0')
		return "is empty; expected a department's path such as engineering/platform";
	if (strlen(text) > DEPARTMENT_MAX)
		return "is longer than 4096 bytes";
	if (ap_utf8_has_control(text))
		return "has control characters in it; expected a department's path such as engineering/platform";
	for (;;) {
		size_t length = strcspn(part, "/");
		const char *fault = component_fault(part, length);

		if (fault != NULL)
			return fault;
		if (++depth > AP_IMAGE_DEPARTMENT_DEPTH_MAX)
			return "is more than 128 departments deep";
		if (part[length] == '\0')
			return NULL;
		part += length + 1;
	}
}

const char *ap_department_pattern_fault(const char *text)
{
	size_t length = strlen(text);
	char path[DEPARTMENT_MAX + 1];

	if (strcmp(text, "*") == 0 || strcmp(text, "/*") == 0)
		return "is no department; every member is written all = true";
	if (length < 3 || strcmp(text + length - 2, "/*") != 0)
		return ap_department_fault(text);
	if (length - 2 > DEPARTMENT_MAX)
		return "is longer than 4096 bytes";
	memcpy(path, text, length - 2);
	path[length - 2] = '\0';
	return ap_department_fault(path);
}

const char *ap_group_fault(const char *text)
{
	if (text[0] == '\0')
		return "is empty; expected a group's name";
	if (ap_utf8_has_control(text))
		return "has control characters in it; expected a group's name";
	if (strlen(text) > GROUP_MAX)
		return "is longer than 1024 bytes";
	if (has_blank_end(text))
		return "has blanks at its start or end";
	return NULL;
}

const char *ap_region_fault(const char *text)
{
	if (text[0] == '\0')
		return "is empty; expected an ISO 3166 code such as \"CN\" or \"CN-ZJ\", or \"unlocated\"";
	if (ap_utf8_has_control(text))
		return "has control characters in it; expected an ISO 3166 code such as \"CN\" or \"CN-ZJ\"";
	return NULL;
}

const char *ap_name_fault(const char *text)
{
	if (text[0] == '\0')
		return "is empty; expected a name";
	if (ap_utf8_has_control(text))
		return "has control characters in it; expected a name of one line";
	if (has_blank_end(text))
		return "has blanks at its start or end; expected a name without";
	if (strlen(text) > AP_NAME_MAX)
		return "is longer than 200 bytes; expected a shorter name";
	return NULL;
}

const char *ap_client_type_fault(const char *text)
{
	if (text[0] == '\0')
		return "is empty; expected a client type's name";
	if (text[strspn(text, LOWER DIGITS "-")] != '\0')
		return "is no client type's name; "
		       "expected lower-case letters, digits and hyphens, as in \"dingtalk-pc\"";
	if (strlen(text) > AP_NAME_MAX)
		return "is longer than 200 bytes; expected a shorter name";
	return NULL;
}

const char *ap_hint_fault(const char *text)
{
	if (text[0] == '\0')
		return "is empty; expected a text or a pattern of \"*\" and \"?\"";
	if (ap_utf8_has_control(text))
		return "has control characters in it; expected a text or a pattern of \"*\" and \"?\"";
	if (strlen(text) > HINT_MAX)
		return "is longer than 1024 bytes";
	return NULL;
}

const char *ap_environment_fault(const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		return "is no variable; expected NAME=value";
	return ap_hint_fault(text);
}

const char *ap_line_fault(const char *text)
{
	if (text[0] == '\0')
		return "is empty; expected a line of text";
	if (ap_utf8_has_control(text))
		return "has control characters in it; expected one line of text";
	return NULL;
}
