/*
 * What Dovecot's allow_nets mean as policies: lines of a user, a colon, and the networks that the user may log in from.
 *
 * doc.dovecot.org describes them as the extra field allow_nets of a password database; what it leaves open is as
 * auth_request_validate_networks and net_parse_range of Dovecot 2.3.19 have it. They restrict whatever else allows, so
 * each user gets a whitelist that is `required`.
 *
 * Such a line may be one of a passwd-file by mistake. So of what stands behind the user nothing is ever shown that was not
 * understood: it may be a password.
 */
#include "../make/names.h"
#include "../make/reader.h"
#include "import.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char program[] = "allow_nets";
static const char expected[] = "expected \"user:networks\", such as \"alice@example.com:192.0.2.0/24,2001:db8::/32\"";

typedef struct {
	const ap_import_source *source;
	ap_arena *arena;
	ap_import *import;
	ap_names *users; /* in lower case; the number: of the line */
	ap_words clients;
} importer;

/* One line. */
typedef struct {
	unsigned number;
	const char *user;
	ap_words ip;
	ap_names *seen;    /* what stands in `ip` */
	size_t n_networks; /* that are written */
	size_t n_understood;
} line;

#define NOTE(im, severity, l, ...)                                                                                     \
	ap_import_add_note((im)->arena, (im)->import, (severity), (l)->number, (l)->user, __VA_ARGS__)

/*
 * Networks
 */

typedef enum { NETWORK, NO_NETWORK, OF_NOBODY, AMBIGUOUS } network_kind;

/*
 * Dovecot takes "10.1" and "167772161" for 10.0.0.1, and of "010.0.0.1" its versions think otherwise. Neither is what
 * anybody means, and a number may be a password.
 */
static bool is_in_full(const char *address)
{
	unsigned n_dots = 0;

	for (const char *at = address; *at != '\0'; at++) {
		if (*at == '0' && isdigit((unsigned char)at[1]) && (at == address || at[-1] == '.'))
			return false;
		if (!isdigit((unsigned char)*at) && *at != '.')
			return false;
		n_dots += *at == '.';
	}
	return n_dots == 3;
}

static bool read_bits(const char *text, unsigned most, unsigned *ret_bits)
{
	unsigned bits = 0;

	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' || strlen(text) > 9)
		return false;
	for (; *text != '\0'; text++)
		bits = 10 * bits + (unsigned)(*text - '0');
	*ret_bits = bits;
	return bits <= most;
}

static const char *without_brackets(ap_arena *arena, const char *address)
{
	size_t length = strlen(address);

	if (address[0] != '[' || address[length - 1] != ']')
		return address;
	return ap_arena_strndup(arena, address + 1, length - 2);
}

/* The network as a policy writes it, at *ret_text. */
static network_kind read_network(ap_arena *arena, const char *text, const char **ret_text)
{
	const char *slash = strchr(text, '/');
	const char *address = slash != NULL ? ap_arena_strndup(arena, text, (size_t)(slash - text)) : text;
	int family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
	unsigned most = family == AF_INET ? 32 : 128, bits = most;
	char canonical[INET6_ADDRSTRLEN], formatted[AP_RANGE_TEXT_MAX];
	ap_range_fault fault;
	ap_range range;
	union {
		struct in_addr four;
		struct in6_addr six;
	} bytes;

	if (family == AF_INET6 ? inet_pton(AF_INET6, without_brackets(arena, address), &bytes.six) != 1
			       : inet_aton(address, &bytes.four) == 0)
		return NO_NETWORK;
	if (slash != NULL && !read_bits(slash + 1, most, &bits))
		return NO_NETWORK;
	if (family == AF_INET && !is_in_full(address))
		return AMBIGUOUS;
	/* a login's mapped address is made an IPv4 one before it is compared, the network's is not */
	if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&bytes.six) && bits >= 96)
		return OF_NOBODY;
	if (inet_ntop(family, &bytes, canonical, sizeof(canonical)) == NULL)
		return NO_NETWORK;
	fault = ap_range_parse(ap_format(arena, "%s/%u", canonical, bits), &range);
	if (fault != AP_RANGE_OK && fault != AP_RANGE_HOST_BITS)
		return NO_NETWORK;
	*ret_text = ap_arena_strdup(arena, ap_range_format(&range, formatted));
	return NETWORK;
}

static void add_network(importer *im, line *l, const char *network)
{
	if (ap_names_find(l->seen, network) != AP_NONE)
		return;
	ap_names_put(l->seen, network, 0);
	ap_words_add(im->arena, &l->ip, network);
}

static void take_network(importer *im, line *l, const char *text)
{
	const char *network;

	l->n_networks++;
	if (strcmp(text, "local") == 0) {
		add_network(im, l, text);
		l->n_understood++;
		NOTE(im, AP_IMPORT_DIFFERENCE, l,
		     "\"local\" is a login without an address to Dovecot. To policies it is one of a local client type, "
		     "which those of mail are not: their logins without an address are denied");
		return;
	}
	switch (read_network(im->arena, text, &network)) {
	case NETWORK:
		l->n_understood++;
		add_network(im, l, network);
		if (strcmp(text, network) != 0)
			NOTE(im, AP_IMPORT_NOTE, l, "\"%s\" is written as \"%s\", which is the same to Dovecot", text,
			     network);
		break;
	case OF_NOBODY:
		l->n_understood++;
		NOTE(im, AP_IMPORT_NOTE, l,
		     "\"%s\" is IPv4 written as IPv6: to Dovecot no login comes from there, and it is left out", text);
		break;
	case AMBIGUOUS:
		l->n_understood++;
		NOTE(im, AP_IMPORT_ERROR, l,
		     "entry %zu is a number that Dovecot would take for an address; expected four numbers without leading "
		     "zeros, such as 192.0.2.1",
		     l->n_networks);
		break;
	default:
		NOTE(im, AP_IMPORT_NOTE, l,
		     "entry %zu is no network; Dovecot passes it over and so does the import: check that nothing is "
		     "missing",
		     l->n_networks);
		break;
	}
}

static void take_networks(importer *im, line *l, const char *text)
{
	static const char separators[] = ", ";

	for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
		size_t length = strcspn(text, separators);

		take_network(im, l, ap_arena_strndup(im->arena, text, length));
		text += length;
	}
}

/*
 * Policies
 */

/* Through Dovecot come logins of every client type but those of the machine itself. */
static void gather_clients(importer *im)
{
	const ap_policy_set *set = im->source->set;
	ap_names *seen = ap_names_new(im->arena);

	for (size_t i = 0; ap_builtin_client_types[i] != NULL; i++) {
		ap_names_put(seen, ap_builtin_client_types[i], 0);
		if (strcmp(ap_builtin_client_types[i], "system") != 0)
			ap_words_add(im->arena, &im->clients, ap_builtin_client_types[i]);
	}
	for (size_t i = 0; set != NULL && i < set->n_client_types; i++) {
		const ap_client_def *type = &set->client_types[i];

		if (ap_names_find(seen, type->name) != AP_NONE)
			continue;
		ap_names_put(seen, ap_arena_strdup(im->arena, type->name), 0);
		if (!type->local)
			ap_words_add(im->arena, &im->clients, type->name);
	}
}

static const char *comment_of(importer *im, const line *l)
{
	const char *text = ap_format(im->arena, "%s:", l->user);

	/* what is longer is cut */
	for (size_t i = 0; i < l->ip.n && strlen(text) < AP_COMMENT_MAX; i++)
		text = ap_format(im->arena, "%s%s%s", text, i == 0 ? "" : ",", l->ip.items[i]);
	return ap_import_origin(im->arena, program, l->number, text);
}

static void add_policy(importer *im, const line *l)
{
	enum { USER_SHOWN = 150 };
	ap_policy_form form = { .type = l->ip.n > 0 ? AP_POLICY_WHITELIST : AP_POLICY_BLACKLIST,
				.ip = l->ip,
				.clients = im->clients,
				.required = l->ip.n > 0,
				.comment = comment_of(im, l) };

	form.name = ap_format(im->arena, "%s of %s", program, ap_import_shown(im->arena, l->user, USER_SHOWN));
	ap_words_add(im->arena, &form.scope.members, l->user);
	*AP_PUSH(im->arena, im->import->policies, im->import->n_policies) = form;
	if (l->ip.n == 0)
		NOTE(im, AP_IMPORT_NOTE, l,
		     "Dovecot lets this user in from nowhere, since it knows no network that is listed; so does a blacklist");
}

/*
 * Lines
 */

/* By which two lines are seen to be for one member: in lower case, and with the domain that a bare name has. */
static const char *member_key(const importer *im, const char *user)
{
	const ap_policy_set *set = im->source->set;
	const char *domain = set != NULL ? set->default_domain.text : NULL;

	if (domain != NULL && strchr(user, '@') == NULL)
		user = ap_format(im->arena, "%s@%s", user, domain);
	return ap_lower_copy(im->arena, user);
}

/* True if it is a member that no line was for; else after a note. */
static bool take_user(importer *im, const line *l)
{
	const char *fault = ap_member_fault(l->user), *key = member_key(im, l->user);
	uint32_t first = ap_names_find(im->users, key);

	if (fault == NULL && l->user[strlen(l->user) - 1] == '@')
		fault = "has no domain behind its \"@\"; expected user@domain or user";
	if (fault != NULL) {
		NOTE(im, AP_IMPORT_ERROR, l, "the user's name %s", fault);
		return false;
	}
	if (first != AP_NONE) {
		NOTE(im, AP_IMPORT_ERROR, l,
		     "the user has a line already, line %u; write one line with the networks that are meant", first);
		return false;
	}
	ap_names_put(im->users, key, l->number);
	return true;
}

static void refuse(importer *im, unsigned number, const char *user, const char *why)
{
	ap_import_add_note(im->arena, im->import, AP_IMPORT_ERROR, number, user, "%s; %s", why, expected);
}

static void read_line(importer *im, unsigned number, const char *text)
{
	const char *colon = strchr(text, ':');
	line l = { .number = number, .seen = ap_names_new(im->arena) };

	if (text[0] == '\0' || text[0] == '#')
		return;
	im->import->n_rules++;
	if (colon == NULL) {
		refuse(im, number, NULL, "the line has no \":\"");
		return;
	}
	l.user = ap_import_trimmed(im->arena, text, (size_t)(colon - text));
	if (strstr(colon, "allow_nets=") != NULL) {
		refuse(im, number, l.user,
		       "this is a line of a passwd-file; of it the user is wanted, and what stands behind allow_nets=");
		return;
	}
	if (!take_user(im, &l))
		return;
	take_networks(im, &l, colon + 1);
	if (l.n_networks > 0 && l.n_understood == 0)
		refuse(im, number, l.user,
		       "nothing behind the user is a network (it is not shown: it may be a password)");
	else
		add_policy(im, &l);
}

static void read_lines(importer *im)
{
	const char *text = im->source->text, *end = text + im->source->size;

	for (unsigned number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline != NULL ? newline : end) - text);

		read_line(im, number, ap_import_trimmed(im->arena, text, length));
		text = newline != NULL ? newline + 1 : end;
	}
}

static void tell_what_always_holds(importer *im)
{
	if (im->import->n_policies == 0)
		return;
	ap_import_add_note(
		im->arena, im->import, AP_IMPORT_NOTE, 0, NULL,
		"allow_nets restricts logins through Dovecot. The policies restrict all logins of the client "
		"types that they list, which are those of mail, whatever service brings them; the system's they "
		"do not. A type that is declared later is not among them: import the file again then");
}

void ap_import_allow_nets(const ap_import_source *source, ap_import *import)
{
	importer im = { .source = source, .arena = source->arena, .import = import };

	im.users = ap_names_new(source->arena);
	gather_clients(&im);
	read_lines(&im);
	tell_what_always_holds(&im);
}
