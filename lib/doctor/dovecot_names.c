#include "dovecot_names.h"

#include <ctype.h>
#include <string.h>

typedef enum { VARIABLE_PROTOCOL, VARIABLE_PORT, VARIABLE_REAL_PORT, VARIABLE_CLIENT, VARIABLE_OTHER } variable_kind;

/* The long names of 2.3 and 2.4; what is none of them differs from login to login. */
static const struct {
	const char *name;
	variable_kind kind;
} long_names[] = {
	{ "service", VARIABLE_PROTOCOL },     { "protocol", VARIABLE_PROTOCOL },
	{ "lport", VARIABLE_PORT },           { "local_port", VARIABLE_PORT },
	{ "real_lport", VARIABLE_REAL_PORT }, { "real_local_port", VARIABLE_REAL_PORT },
	{ "local_name", VARIABLE_CLIENT },    { "client_id", VARIABLE_CLIENT },
	{ "password", VARIABLE_CLIENT },
};

/* One variable, and where it ends. */
typedef struct {
	const char *text; /* as written */
	const char *end;
	variable_kind kind;
	char change; /* 'L': in lower case, 'U': in upper case, 0: as it is */
	bool legible;
} variable;

static variable_kind kind_of_long(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(long_names) / sizeof(long_names[0]); i++)
		if (strlen(long_names[i].name) == length && strncmp(long_names[i].name, name, length) == 0)
			return long_names[i].kind;
	return VARIABLE_OTHER;
}

static variable_kind kind_of_short(char name)
{
	return name == 's'   ? VARIABLE_PROTOCOL
	       : name == 'a' ? VARIABLE_PORT
	       : name == 'w' ? VARIABLE_CLIENT
			     : VARIABLE_OTHER;
}

/* 2.4: "%{protocol}", "%{protocol | lower}". */
static void read_filters(const char *filters, const char *end, variable *ret_variable)
{
	while (filters < end) {
		size_t length;

		filters += strspn(filters, " |");
		length = strcspn(filters, " |}");
		if (length == 0)
			return;
		if (length == 5 && strncmp(filters, "lower", length) == 0)
			ret_variable->change = 'L';
		else if (length == 5 && strncmp(filters, "upper", length) == 0)
			ret_variable->change = 'U';
		else
			ret_variable->legible = false;
		filters += length;
	}
}

/* What follows "%" and, in 2.3, its modifiers. */
static variable read_variable(ap_arena *arena, const char *percent)
{
	variable one = { .kind = VARIABLE_OTHER, .legible = true };
	const char *at = percent + 1;

	while (*at != '\0' && *at != '{' && strchr("LUEXRNHMDTi0123456789.-+|", *at) != NULL) {
		if (*at == 'L' || *at == 'U')
			one.change = *at;
		else
			one.legible = false;
		at++;
	}
	if (*at == '{') {
		size_t length = strcspn(at + 1, " |}");
		const char *end = strchr(at, '}');

		if (end == NULL)
			end = at + strlen(at) - 1;
		one.kind = kind_of_long(at + 1, length);
		read_filters(at + 1 + length, end, &one);
		one.end = end + 1;
	} else {
		one.kind = kind_of_short(*at);
		one.end = *at != '\0' ? at + 1 : at;
	}
	one.text = ap_arena_strndup(arena, percent, (size_t)(one.end - percent));
	return one;
}

/* A way of changing what is not known in advance that is not understood leaves the client's words the client's. */
static ap_name_kind kind_of_name(const variable *one, bool trusts)
{
	if (one->kind == VARIABLE_CLIENT || (one->kind == VARIABLE_PORT && trusts))
		return AP_NAME_CLIENT;
	return one->kind == VARIABLE_OTHER || !one->legible ? AP_NAME_VARIES : AP_NAME_KNOWN;
}

static const char *changed(ap_arena *arena, const char *text, char change)
{
	char *copy = ap_arena_strdup(arena, text);

	for (char *at = copy; *at != '\0' && change != 0; at++)
		*at = (char)(change == 'L' ? tolower((unsigned char)*at) : toupper((unsigned char)*at));
	return copy;
}

ap_service_name ap_service_name_of(ap_arena *arena, const char *written, bool named, const char *protocol,
				   unsigned port, bool trusts)
{
	const char *name = "", *percent;

	while ((percent = strchr(written, '%')) != NULL) {
		variable one;
		ap_name_kind kind;

		name = ap_format(arena, "%s%.*s", name, (int)(percent - written), written);
		if (percent[1] == '%' || (named && percent[1] != '{')) {
			name = ap_format(arena, "%s%%", name);
			written = percent + (percent[1] == '%' ? 2 : 1);
			continue;
		}
		one = read_variable(arena, percent);
		kind = kind_of_name(&one, trusts);
		if (kind != AP_NAME_KNOWN)
			return (ap_service_name){ .kind = kind, .variable = one.text };
		name = ap_format(arena, "%s%s", name,
				 one.kind == VARIABLE_PROTOCOL ? changed(arena, protocol, one.change)
							       : ap_format(arena, "%u", port));
		written = one.end;
	}
	/* libpam takes a service's name in lower case */
	return (ap_service_name){ .kind = AP_NAME_KNOWN,
				  .name = changed(arena, ap_format(arena, "%s%s", name, written), 'L') };
}
