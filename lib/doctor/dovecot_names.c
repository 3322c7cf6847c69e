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

/* Where the part ends that begins here: at the separator, or the closing brace, outside of variables. */
static const char *end_of_part(const char *at)
{
	unsigned depth = 0;

	for (; *at != '\0'; at++) {
		if (*at == '{')
			depth++;
		else if (*at == '}' && depth > 0)
			depth--;
		else if (depth == 0 && (*at == ';' || *at == '}'))
			break;
	}
	return at;
}

/* The brace that closes "{if;…}"; NULL: none does. */
static const char *end_of_condition(const char *brace)
{
	const char *at = brace + 1;

	while (*(at = end_of_part(at)) == ';')
		at++;
	return *at == '}' ? at : NULL;
}

/* A condition hangs on the variables in it: on the client's words, if it holds any. */
static variable_kind kind_of_condition(const char *at, const char *end)
{
	variable_kind kind = VARIABLE_OTHER;

	while ((at = strstr(at, "%{")) != NULL && at < end) {
		variable_kind one = kind_of_long(at + 2, strcspn(at + 2, " |};"));

		/* the port is only then another than the real one where somebody is trusted to say it */
		if (one == VARIABLE_CLIENT || (one == VARIABLE_PORT && kind == VARIABLE_OTHER))
			kind = one;
		at += 2;
	}
	return kind;
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
		bool is_condition = strncmp(at, "{if;", 4) == 0;
		const char *end = is_condition ? end_of_condition(at) : strchr(at, '}');

		if (end == NULL)
			end = at + strlen(at) - 1;
		one.kind = is_condition ? kind_of_condition(at, end) : kind_of_long(at + 1, length);
		if (!is_condition)
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
	/* one that could be known was taken apart before */
	if (strstr(one->text, "{if;") != NULL)
		return AP_NAME_VARIES;
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

bool ap_name_condition_of(ap_arena *arena, const char *written, ap_name_condition *ret_condition)
{
	static const char begins[] = "%{if;";
	const char *start = strstr(written, begins), *parts[5], *at;

	if (start == NULL)
		return false;
	at = start + sizeof(begins) - 1;
	for (size_t i = 0; i < 5; i++) {
		const char *end = end_of_part(at);

		if (*end != (i < 4 ? ';' : '}'))
			return false;
		parts[i] = ap_arena_strndup(arena, at, (size_t)(end - at));
		at = end + 1;
	}
	ret_condition->left = parts[0];
	ret_condition->comparison = parts[1];
	ret_condition->right = parts[2];
	ret_condition->yes = ap_format(arena, "%.*s%s%s", (int)(start - written), written, parts[3], at);
	ret_condition->no = ap_format(arena, "%.*s%s%s", (int)(start - written), written, parts[4], at);
	return true;
}
