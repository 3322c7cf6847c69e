/* Which places does a list of origins mean? */
#include "access.h"

#include "../make/reader.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Sets of terminals
 */

static bool has_terminal(const ap_access_places *places, uint32_t number)
{
	for (size_t i = 0; i < places->n_terminals; i++)
		if (places->terminals[i] == number)
			return true;
	return false;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void add_terminal(ap_arena *arena, ap_access_places *places, uint32_t number)
{
	if (has_terminal(places, number))
		return;
	*AP_PUSH(arena, places->terminals, places->n_terminals) = number;
	qsort(places->terminals, places->n_terminals, sizeof(*places->terminals), by_number);
}

/* Adds to *sum those of `a` that `b` has too, or with `in_b` false those that it has not. */
static void add_terminals(ap_arena *arena, ap_access_places *sum, const ap_access_places *a, const ap_access_places *b,
			  bool in_b)
{
	for (size_t i = 0; i < a->n_terminals; i++)
		if (has_terminal(b, a->terminals[i]) == in_b)
			add_terminal(arena, sum, a->terminals[i]);
}

static void unite_terminals(ap_arena *arena, ap_access_places *sum, const ap_access_places *a,
			    const ap_access_places *b)
{
	sum->other_terminals = a->other_terminals || b->other_terminals;
	if (a->other_terminals && b->other_terminals) {
		add_terminals(arena, sum, a, b, true);
	} else if (a->other_terminals) {
		add_terminals(arena, sum, a, b, false);
	} else if (b->other_terminals) {
		add_terminals(arena, sum, b, a, false);
	} else {
		add_terminals(arena, sum, a, b, false);
		add_terminals(arena, sum, b, b, true);
	}
}

/*
 * Sets of places
 */

static ap_access_places complement(ap_arena *arena, const ap_access_places *places)
{
	ap_access_places rest = *places;

	rest.remote = ap_address_set_complement(arena, &places->remote);
	rest.names = (ap_access_names)(AP_ACCESS_ALL_NAMES - places->names);
	rest.other_terminals = !places->other_terminals;
	return rest;
}

static ap_access_places everywhere(ap_arena *arena)
{
	return complement(arena, &(ap_access_places){ .names = AP_ACCESS_NO_NAMES });
}

/* Of the terminals, by what is outside of either. */
ap_access_places ap_access_places_intersection(ap_arena *arena, const ap_access_places *a, const ap_access_places *b)
{
	ap_access_places both = { .remote = ap_address_set_intersection(arena, &a->remote, &b->remote),
				  .names = a->names < b->names ? a->names : b->names };
	ap_access_places not_a = *a, not_b = *b;

	not_a.other_terminals = !a->other_terminals;
	not_b.other_terminals = !b->other_terminals;
	unite_terminals(arena, &both, &not_a, &not_b);
	both.other_terminals = !both.other_terminals;
	return both;
}

ap_access_places ap_access_places_difference(ap_arena *arena, const ap_access_places *a, const ap_access_places *b)
{
	ap_access_places not_b = complement(arena, b);

	return ap_access_places_intersection(arena, a, &not_b);
}

static bool terminals_overlap(const ap_access_places *a, const ap_access_places *b)
{
	if (a->other_terminals && b->other_terminals)
		return true;
	for (size_t i = 0; i < a->n_terminals && !a->other_terminals; i++)
		if (has_terminal(b, a->terminals[i]) != b->other_terminals)
			return true;
	for (size_t i = 0; i < b->n_terminals && !b->other_terminals; i++)
		if (has_terminal(a, b->terminals[i]) != a->other_terminals)
			return true;
	return false;
}

bool ap_access_places_overlap(const ap_access_places *a, const ap_access_places *b)
{
	return (a->names != AP_ACCESS_NO_NAMES && b->names != AP_ACCESS_NO_NAMES) || terminals_overlap(a, b) ||
	       ap_address_sets_overlap(&a->remote, &b->remote);
}

bool ap_access_places_are_within(const ap_access_places *inner, const ap_access_places *outer)
{
	ap_access_places others = *outer;

	others.other_terminals = !outer->other_terminals;
	return (inner->names == AP_ACCESS_NO_NAMES || outer->names == AP_ACCESS_ALL_NAMES) &&
	       !terminals_overlap(inner, &others) && ap_address_set_is_within(&inner->remote, &outer->remote);
}

bool ap_access_places_are_none(const ap_access_places *places)
{
	return ap_address_set_count(&places->remote) == 0 && places->names == AP_ACCESS_NO_NAMES &&
	       !places->other_terminals && places->n_terminals == 0;
}

bool ap_access_places_are_all(ap_arena *arena, const ap_access_places *places)
{
	ap_access_places rest = complement(arena, places);

	return ap_access_places_are_none(&rest);
}

/*
 * Tokens
 */

typedef struct {
	ap_access *access;
	unsigned line;
	bool more;        /* where it cannot be told, rather too many places than too few: what is denied */
	bool local_too;   /* LOCAL or ALL stands in the same list: each terminal is in it */
	ap_words refused; /* terminals of the list that cannot be told */
} place;

static void note(const place *at, ap_import_severity severity, const char *token, const char *reason)
{
	ap_import_add_note(at->access->arena, at->access->import, severity, at->line, token, "%s", reason);
}

static void add_range(const place *at, ap_access_places *places, int family, const uint8_t *first, const uint8_t *last)
{
	ap_range range = { .family = family == AF_INET ? AP_ADDRESS_IPV4 : AP_ADDRESS_IPV6 };

	memcpy(range.first, first, family == AF_INET ? 4 : 16);
	memcpy(range.last, last, family == AF_INET ? 4 : 16);
	ap_address_set_add(at->access->arena, &places->remote, &range);
}

/* ::ffff:a.b.c.d is the IPv4 address to the policies, and another than it to pam_access. */
static bool is_mapped(const uint8_t address[16])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address, prefix, sizeof(prefix)) == 0;
}

static void add_prefix(const place *at, ap_access_places *places, const char *token, int family,
		       const uint8_t address[16], unsigned prefix_bits)
{
	unsigned n_bits = family == AF_INET ? 32 : 128;
	uint8_t first[16] = { 0 }, last[16] = { 0 };

	for (unsigned i = 0; i < n_bits; i++) {
		uint8_t bit = (uint8_t)(0x80 >> (i % 8));

		if (i >= prefix_bits)
			last[i / 8] |= bit;
		else if ((address[i / 8] & bit) != 0) {
			first[i / 8] |= bit;
			last[i / 8] |= bit;
		}
	}
	if (family == AF_INET || prefix_bits < 96 || !is_mapped(first)) {
		add_range(at, places, family, first, last);
		return;
	}
	note(at, AP_IMPORT_DIFFERENCE, token,
	     at->more ? "an IPv4-mapped address is the IPv4 address to a policy, which is denied as well"
		      : "an IPv4-mapped address is the IPv4 address to a policy; nothing is allowed by it");
	if (at->more)
		add_range(at, places, AF_INET, first + 12, last + 12);
}

/* How many ones the mask begins with. */
static unsigned first_ones(const uint8_t mask[16], unsigned n_bits)
{
	unsigned n = 0;

	while (n < n_bits && (mask[n / 8] & (0x80 >> (n % 8))) != 0)
		n++;
	return n;
}

/* The mask's zeros left of its last one, as bits of an IPv4 address. */
static uint32_t gaps_of(uint32_t mask)
{
	return mask == 0 ? 0 : ~mask & ~((mask & -mask) - 1);
}

/* The IPv4 addresses that agree with this one in the mask's ones: a range for each way to fill its gaps. */
static void add_gapped(const place *at, ap_access_places *places, uint32_t address, uint32_t mask)
{
	uint32_t gaps = gaps_of(mask), filling = gaps;

	for (;;) {
		uint32_t first = (address & mask) | filling;
		uint32_t bytes[2] = { htonl(first), htonl(first | ((mask & -mask) - 1)) };
		uint8_t ends[2][16] = { { 0 } };

		memcpy(ends[0], &bytes[0], 4);
		memcpy(ends[1], &bytes[1], 4);
		add_range(at, places, AF_INET, ends[0], ends[1]);
		if (filling == 0)
			return;
		filling = (filling - 1) & gaps;
	}
}

static void add_mask(const place *at, ap_access_places *places, const char *token, int family,
		     const uint8_t address[16], const uint8_t mask[16])
{
	enum { GAP_BITS_MAX = 8 };
	unsigned n_bits = family == AF_INET ? 32 : 128, length = first_ones(mask, n_bits);
	bool gapped = false;
	uint32_t numbers[2];

	for (unsigned i = length; i < n_bits; i++)
		gapped = gapped || (mask[i / 8] & (0x80 >> (i % 8))) != 0;
	memcpy(&numbers[0], address, 4);
	memcpy(&numbers[1], mask, 4);
	if (!gapped) {
		add_prefix(at, places, token, family, address, length);
	} else if (family == AF_INET && __builtin_popcount(gaps_of(ntohl(numbers[1]))) <= GAP_BITS_MAX) {
		add_gapped(at, places, ntohl(numbers[0]), ntohl(numbers[1]));
	} else if (at->more) {
		note(at, AP_IMPORT_DIFFERENCE, token,
		     "the mask is no run of ones, and takes too many ranges; the network of its first run is denied");
		add_prefix(at, places, token, family, address, length);
	} else {
		note(at, AP_IMPORT_DIFFERENCE, token,
		     "the mask is no run of ones, and takes too many ranges; nothing is allowed by it");
	}
}

/* pam_access's own reading of a mask: an address of the same family, or a number as strtol(3) has it. */
static void add_network(const place *at, ap_access_places *places, const char *token, int family,
			const uint8_t address[16], const char *mask)
{
	unsigned n_bits = family == AF_INET ? 32 : 128;
	uint8_t mask_bytes[16];
	char *end;
	long number;

	if (inet_pton(family, mask, mask_bytes) > 0) {
		add_mask(at, places, token, family, address, mask_bytes);
		return;
	}
	if (inet_pton(family == AF_INET ? AF_INET6 : AF_INET, mask, mask_bytes) > 0) {
		note(at, AP_IMPORT_NOTE, token,
		     "address and mask are of two families; pam_access takes the address alone, and so it is carried over");
		add_prefix(at, places, token, family, address, n_bits);
		return;
	}
	number = strtol(mask, &end, 0);
	if (end == mask || *end != '\0' || number < 0 || number > (long)n_bits) {
		note(at, AP_IMPORT_NOTE, token, "this is no network; it means nothing, as it does to pam_access");
		return;
	}
	if (number == 0)
		note(at, AP_IMPORT_NOTE, token,
		     "with \"/0\" pam_access takes the address alone, not all addresses, and so it is carried over");
	add_prefix(at, places, token, family, address, number == 0 ? n_bits : (unsigned)number);
}

/* "192.168.": up to four numbers as they are written in an address, each with its dot. False where it is something else. */
static bool add_dotted_start(const place *at, ap_access_places *places, const char *token)
{
	uint8_t address[16] = { 0 };
	unsigned n = 0;

	for (const char *digits = token; *digits != '\0'; digits++) {
		char *end;
		unsigned long number;

		if (*digits < '0' || *digits > '9' || (*digits == '0' && digits[1] != '.') || n == 4)
			return false;
		number = strtoul(digits, &end, 10);
		if (*end != '.' || number > 255 || end - digits > 3)
			return false;
		address[n++] = (uint8_t)number;
		digits = end;
	}
	if (n == 0)
		return false;
	add_prefix(at, places, token, AF_INET, address, 8 * n);
	return true;
}

/* The policies' one way to have an address where PAM_RHOST is a name. */
#define SSHD_IS_KNOWN                                                                                                  \
	"; but not those of sshd with UseDNS, of which they know the address: for them, deny the addresses of the host"

static void add_host_name(const place *at, ap_access_places *places, const char *token)
{
	places->names = places->names == AP_ACCESS_NO_NAMES ? AP_ACCESS_SOME_NAMES : places->names;
	note(at, AP_IMPORT_DIFFERENCE, token,
	     at->more
		     ? "a host's name is compared with PAM_RHOST where that is a name; policies go by addresses, and deny "
		       "each login of these users whose PAM_RHOST is a name (or 0.0.0.0, from where none "
		       "comes)" SSHD_IS_KNOWN
		     : "a host's name is compared with PAM_RHOST where that is a name; policies go by addresses, and nothing "
		       "is allowed by it");
}

static void add_netgroup(const place *at, ap_access_places *places, const char *token)
{
	ap_access *access = at->access;
	const ap_netgroup_triple *triples = NULL;
	size_t n = access->source->netgroup != NULL ? access->source->netgroup(access->arena, token + 1, &triples) : 0;
	const char *domain = access->source->domain;

	note(at, n == 0 ? AP_IMPORT_NOTE : AP_IMPORT_DIFFERENCE, token,
	     n == 0 ? "there is no such netgroup, so it means nothing, as it does to pam_access; when there is, import again"
		    : "the netgroup's addresses of now are written in its place, and later changes of it are not followed");
	for (size_t i = 0; i < n; i++) {
		uint8_t address[16];
		const char *host = triples[i].host;

		if (triples[i].domain != NULL && domain != NULL && strcmp(triples[i].domain, domain) != 0)
			continue;
		if (host == NULL)
			*places = everywhere(access->arena);
		else if (inet_pton(AF_INET, host, address) > 0)
			add_prefix(at, places, host, AF_INET, address, 32);
		else if (inet_pton(AF_INET6, host, address) > 0)
			add_prefix(at, places, host, AF_INET6, address, 128);
		else
			add_host_name(at, places, host);
	}
}

/* Dots are in hosts' names; of services those of inetd have one ("in.ftpd"). */
static bool is_host_name(const char *token)
{
	const char *dot = strchr(token, '.');

	return dot != NULL && (strncmp(token, "in.", 3) != 0 || strchr(dot + 1, '.') != NULL) &&
	       strpbrk(token, ":/") == NULL;
}

/* A host's name need not have a dot, nor must what has none be a service. */
static void add_short_host_name(const place *at, ap_access_places *places, const char *token)
{
	if (!at->more || places->names != AP_ACCESS_NO_NAMES || ap_access_is_no_host(at->access, token))
		return;
	places->names = AP_ACCESS_SOME_NAMES;
	note(at, AP_IMPORT_DIFFERENCE, token,
	     "if it is a host and no service, it is compared with PAM_RHOST where that is a name; so policies, which "
	     "go by addresses, deny each login of these users whose PAM_RHOST is a name (or 0.0.0.0, from where none "
	     "comes)" SSHD_IS_KNOWN);
}

/* ".5": with a dot before it a token is compared with the end of PAM_RHOST, also where that is an address. */
static bool add_dotted_end(const place *at, ap_access_places *places, const char *token)
{
	static const char *const before[] = { "", "1.1.1", "1.1", "1" };
	const uint8_t none[16] = { 0 };
	uint8_t address[16];
	size_t n_dots = 0;

	for (const char *dot = token; (dot = strchr(dot, '.')) != NULL; dot++)
		n_dots++;
	if (token[0] != '.' || n_dots > 3 ||
	    inet_pton(AF_INET, ap_format(at->access->arena, "%s%s", before[n_dots], token), address) <= 0)
		return false;
	note(at, AP_IMPORT_DIFFERENCE, token,
	     at->more ? "each address that ends so is meant, in every network, which takes too many ranges; all of "
			"IPv4 is denied"
		      : "each address that ends so is meant, in every network, which takes too many ranges; nothing is "
			"allowed by it");
	if (at->more)
		add_prefix(at, places, token, AF_INET, none, 0);
	return true;
}

/* What cannot be carried over for the same reason is told at once, at the list's end. */
static void add_terminal_token(place *at, ap_access_places *places, const char *token)
{
	add_short_host_name(at, places, token);
	if (at->local_too)
		return;
	if (at->access->clash == NULL) {
		add_terminal(at->access->arena, places, ap_access_terminal_number(at->access, token));
		return;
	}
	ap_words_add(at->access->arena, &at->refused, token);
	if (at->more)
		places->other_terminals = true;
}

static void note_refused(place *at)
{
	ap_arena *arena = at->access->arena;
	const char *list = "";

	for (size_t i = 0; i < at->refused.n; i++)
		list = ap_format(arena, "%s%s%s", list, i > 0 ? " " : "", at->refused.items[i]);
	if (at->refused.n > 0)
		ap_import_add_note(
			arena, at->access->import, AP_IMPORT_DIFFERENCE, at->line, list,
			"a terminal or service is told by a client type, and %s; %s. --client-types declares them "
			"all the same",
			at->access->clash,
			at->more ? "each login without PAM_RHOST is denied in its stead" : "nothing is allowed by it");
	at->refused.n = 0;
}

/* "fe80::1%eth0": text to pam_access, and to the policies the address, in whatever zone. */
static bool add_zoned(const place *at, ap_access_places *places, const char *token)
{
	const char *percent = strchr(token, '%');
	uint8_t address[16];

	if (percent == NULL ||
	    inet_pton(AF_INET6, ap_arena_strndup(at->access->arena, token, (size_t)(percent - token)), address) <= 0)
		return false;
	note(at, AP_IMPORT_DIFFERENCE, token,
	     at->more ? "policies know an address without its zone, which is denied in each zone"
		      : "policies know an address without its zone; nothing is allowed by it");
	if (at->more)
		add_prefix(at, places, token, AF_INET6, address, 128);
	return true;
}

static bool is_made_of_digits(const char *token)
{
	return token[strspn(token, "0123456789.")] == '\0';
}

/* It is to be a hint, also with "/dev/" before it. */
static bool can_be_name(const char *token)
{
	enum { NAME_MAX_BYTES = 256 };

	return strlen(token) <= NAME_MAX_BYTES && ap_hint_fault(token) == NULL;
}

static void add_token(place *at, ap_access_places *places, const char *token)
{
	const char *slash = strchr(token, '/');
	const char *head = slash != NULL ? ap_arena_strndup(at->access->arena, token, (size_t)(slash - token)) : token;
	uint8_t address[16];
	int family = inet_pton(AF_INET, head, address) > 0 ? AF_INET : AF_INET6;

	if (token[0] == '@') {
		add_netgroup(at, places, token);
	} else if (strcasecmp(token, "ALL") == 0) {
		*places = everywhere(at->access->arena);
	} else if (strcasecmp(token, "LOCAL") == 0) {
		places->other_terminals = true;
		places->n_terminals = 0;
	} else if (inet_pton(family, head, address) > 0) {
		if (slash != NULL)
			add_network(at, places, token, family, address, slash + 1);
		else
			add_prefix(at, places, token, family, address, family == AF_INET ? 32 : 128);
	} else if (token[strlen(token) - 1] == '.' && add_dotted_start(at, places, token)) {
		return;
	} else if (token[0] == '/') {
		note(at, AP_IMPORT_NOTE, token,
		     "pam_access takes the folder of devices from PAM_TTY, and not from what stands here; so it means "
		     "nothing: a terminal is written without it");
	} else if (add_dotted_end(at, places, token) || add_zoned(at, places, token)) {
		return;
	} else if (!can_be_name(token)) {
		note(at, AP_IMPORT_NOTE, token,
		     "this is no name of a terminal, service or host that could be written; it is taken to mean nothing");
	} else if (strpbrk(token, "*?") != NULL) {
		note(at, AP_IMPORT_NOTE, token,
		     "pam_access knows no patterns: to it this is a terminal or host of that very name, of which there is none");
	} else if (is_made_of_digits(token) && strchr(token, '.') != NULL && strcmp(token, ".") != 0) {
		note(at, AP_IMPORT_NOTE, token, "this is no address; it means nothing, as it does to pam_access");
	} else if (is_host_name(token)) {
		add_host_name(at, places, token);
	} else {
		add_terminal_token(at, places, token);
	}
}

/* Up to the end of the list, or EXCEPT: do LOCAL or ALL stand in it? */
static bool holds_local(const ap_access *access, const char *rest)
{
	char *copy = ap_arena_strdup(access->arena, rest);
	const char *token;
	bool except;

	while ((token = ap_access_next_word(access, &copy, &except)) != NULL)
		if (strcasecmp(token, "LOCAL") == 0 || strcasecmp(token, "ALL") == 0)
			return true;
	return false;
}

static ap_access_places read_list(place *at, char **rest)
{
	ap_access_places places = { .names = AP_ACCESS_NO_NAMES }, others;
	const char *token;
	bool except;

	at->local_too = *rest != NULL && holds_local(at->access, *rest);
	while ((token = ap_access_next_word(at->access, rest, &except)) != NULL)
		if (!ap_access_places_are_all(at->access->arena, &places))
			add_token(at, &places, token);
	note_refused(at);
	if (!except)
		return places;
	at->more = !at->more;
	others = read_list(at, rest);
	return ap_access_places_difference(at->access->arena, &places, &others);
}

void ap_access_read_places(ap_access *access, ap_access_rule *rule)
{
	place at = { .access = access, .line = rule->line, .more = !rule->allows };
	char *rest = ap_arena_strdup(access->arena, rule->origins_field);

	rule->origins = read_list(&at, &rest);
}
