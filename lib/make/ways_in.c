#include "ways_in.h"

#include <string.h>

enum {
	LOGINS_MAX = 2000000, /* that are asked about: some seconds, and only where none of the first ones succeeds */
	NETS_MAX = 4096,
	FIRST_RANGES = 16 /* of each set of addresses, before all of them: one of many is likely to do */
};

typedef struct {
	const ap_image *image;
	ap_view view;
	const char *user;
	int64_t now;
	const ap_nss *nss;
	ap_arena *arena;
	bool has_account;
	const char **clients; /* without an account: the types that are asked about */
	size_t n_clients;
	ap_tri *scopes;          /* by policy number: may it be about the user's logins */
	uint32_t nets[NETS_MAX]; /* sets of addresses that make a difference to the user: places */
	size_t n_nets;
	bool map_matters; /* a region is among them */
	ap_ways_in found;
} search;

ap_login_answer ap_login_ask(const ap_image *image, const ap_login *login, int64_t now, const ap_nss *nss)
{
	const ap_facts facts = { .user = login->user,
				 .rhost = login->address,
				 .service = login->service,
				 .tty = login->tty,
				 .client = login->client,
				 .now = now,
				 .nss = nss };
	ap_login_answer answer = { .let_in = AP_UNKNOWN, .policy = AP_NONE, .client = AP_NONE };
	ap_decision decision;
	ap_request request;

	if (ap_request_init(&request, image, &facts, NULL) != AP_OK)
		return answer;
	answer.client = request.client;
	if (ap_evaluate(image, &request, NULL, &decision, NULL) == AP_OK) {
		if (decision.reason != AP_REASON_UNDETERMINED)
			answer.let_in = ap_tri_of(decision.verdict == AP_ALLOW);
		answer.policy = decision.policy;
		ap_decision_clear(&decision);
	}
	ap_request_clear(&request);
	return answer;
}

/* True where it succeeds: there is nothing more to look for. */
static bool try_login(search *s, const ap_login *login, ap_closed_way *closed)
{
	ap_login_answer answer;

	if (s->found.n_logins >= LOGINS_MAX) {
		s->found.complete = false;
		return false;
	}
	s->found.n_logins++;
	answer = ap_login_ask(s->image, login, s->now, s->nss);
	s->found.open = ap_tri_or(s->found.open, answer.let_in);
	if (answer.let_in != AP_YES && !closed->tried) {
		*closed = (ap_closed_way){ .tried = true, .login = *login, .answer = answer };
		if (login->address != NULL)
			closed->login.address = ap_arena_strdup(s->arena, login->address);
	}
	return answer.let_in == AP_YES;
}

static bool try_machine(search *s)
{
	const ap_login login = { .user = s->user, .service = "login", .tty = "tty1" };

	return s->has_account && try_login(s, &login, &s->found.at_machine);
}

static bool try_text(search *s, const char *address)
{
	static const char *const services[] = { "sshd", "cockpit" };

	s->found.n_addresses++;
	for (size_t i = 0; s->has_account && i < sizeof(services) / sizeof(services[0]); i++) {
		const ap_login login = { .user = s->user,
					 .address = address,
					 .service = services[i],
					 .tty = strcmp(services[i], "sshd") == 0 ? "ssh" : NULL };

		if (try_login(s, &login, &s->found.from_address))
			return true;
	}
	for (size_t i = 0; i < s->n_clients; i++) {
		const ap_login login = { .user = s->user, .address = address, .client = s->clients[i] };

		if (try_login(s, &login, &s->found.from_address))
			return true;
	}
	return false;
}

/*
 * Addresses on both sides of each end
 */

static bool try_bytes(search *s, ap_family family, const uint8_t bytes[16])
{
	ap_address address = { .family = family };
	char text[AP_ADDRESS_TEXT_MAX];

	memcpy(address.bytes, bytes, sizeof(address.bytes));
	return try_text(s, ap_address_format(&address, text));
}

/* The number before or after, by `step` -1 or 1; false where there is none. */
static bool next_to(ap_family family, const uint8_t bytes[16], int step, uint8_t ret_bytes[16])
{
	memcpy(ret_bytes, bytes, 16);
	for (size_t n = family == AP_ADDRESS_IPV4 ? 4 : 16; n > 0; n--) {
		ret_bytes[n - 1] = (uint8_t)(ret_bytes[n - 1] + step);
		if (ret_bytes[n - 1] != (step < 0 ? UINT8_MAX : 0))
			return true;
	}
	return false;
}

static bool try_range(search *s, const ap_range *range)
{
	uint8_t beside[16];

	return try_bytes(s, range->family, range->first) ||
	       (next_to(range->family, range->first, -1, beside) && try_bytes(s, range->family, beside)) ||
	       (next_to(range->family, range->last, 1, beside) && try_bytes(s, range->family, beside));
}

static bool try_ranges(search *s, const ap_image_ranges *ranges, ap_family family, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to && i < ranges->n && s->found.complete && s->view.sound; i++) {
		uint32_t origin;
		ap_range range = ap_view_range(&s->view, ranges, family, i, &origin);

		if (try_range(s, &range))
			return true;
	}
	return false;
}

static bool try_nets(search *s, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < s->n_nets && s->found.complete; i++) {
		ap_image_net net = ap_view_net(&s->view, s->nets[i]);

		if (try_ranges(s, &net.ranges4, AP_ADDRESS_IPV4, from, to) ||
		    try_ranges(s, &net.ranges6, AP_ADDRESS_IPV6, from, to))
			return true;
	}
	return false;
}

/* One address of each location, which is in the same regions as all others of it. */
static bool try_locations(search *s, const ap_image_ranges *ranges, ap_family family)
{
	uint32_t n = ap_image_count(s->image, AP_TABLE_LOCATIONS);
	bool *seen = ap_arena_alloc(s->arena, n + 1);

	for (uint32_t i = 0; i < ranges->n && s->found.complete && s->view.sound; i++) {
		uint32_t location;
		ap_range range = ap_view_range(&s->view, ranges, family, i, &location);

		if (location >= n || seen[location])
			continue;
		seen[location] = true;
		if (try_bytes(s, family, range.first))
			return true;
	}
	return false;
}

/*
 * Which sets of addresses there are
 */

static void add_net(search *s, uint32_t place)
{
	size_t i;

	if (place == AP_NONE)
		return;
	for (i = 0; i < s->n_nets && s->nets[i] != place; i++)
		;
	if (i < s->n_nets)
		return;
	if (s->n_nets == NETS_MAX) {
		s->found.complete = false;
		return;
	}
	s->nets[s->n_nets++] = place;
	s->map_matters = s->map_matters || ap_view_net(&s->view, place).regions.n > 0;
}

static void note_scope(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	search *s = context;

	(void)policy;
	/* an address that is excepted says nothing of the next one */
	s->scopes[answer->policy] = answer->why_scope.excepted ? AP_UNKNOWN : answer->scope;
}

static void find_scopes(search *s)
{
	const ap_facts facts = { .user = s->user, .rhost = "203.0.113.1", .now = s->now, .nss = s->nss };
	const ap_evaluate_options options = { .only = AP_NONE, .hook = note_scope, .hook_context = s };
	uint32_t n = ap_image_count(s->image, AP_TABLE_POLICIES);
	ap_decision decision;
	ap_request request;

	s->scopes = ap_arena_alloc(s->arena, (n + 1) * sizeof(*s->scopes));
	for (uint32_t i = 0; i < n; i++)
		s->scopes[i] = AP_UNKNOWN;
	if (ap_request_init(&request, s->image, &facts, NULL) != AP_OK)
		return;
	if (ap_evaluate(s->image, &request, &options, &decision, NULL) == AP_OK)
		ap_decision_clear(&decision);
	ap_request_clear(&request);
}

static void find_nets(search *s)
{
	uint32_t n = ap_image_count(s->image, AP_TABLE_POLICIES);

	find_scopes(s);
	for (uint32_t i = 0; i < n && s->view.sound; i++) {
		ap_image_policy policy = ap_view_policy(&s->view, i);

		if (s->scopes[i] == AP_NO || policy.status != AP_POLICY_ENABLED || s->now < policy.not_before ||
		    s->now >= policy.not_after)
			continue;
		add_net(s, policy.net);
		add_net(s, policy.except_net);
		for (uint32_t k = 0; k < policy.exceptions.n && s->view.sound; k++)
			add_net(s, ap_view_exception_at(&s->view, ap_view_number(&s->view, policy.exceptions, k)).net);
	}
}

static bool try_elsewhere(search *s)
{
	/* kept for documents (RFC 5737, RFC 3849): in no policy's network, as a rule */
	return try_text(s, "203.0.113.1") || try_text(s, "198.51.100.1") || try_text(s, "2001:db8::1");
}

static bool try_addresses(search *s)
{
	const ap_image_map *map = &ap_image_head_of(s->image)->map;

	if (try_elsewhere(s))
		return true;
	find_nets(s);
	if (try_nets(s, 0, FIRST_RANGES))
		return true;
	if (s->map_matters &&
	    (try_locations(s, &map->ranges4, AP_ADDRESS_IPV4) || try_locations(s, &map->ranges6, AP_ADDRESS_IPV6)))
		return true;
	if (try_nets(s, FIRST_RANGES, UINT32_MAX))
		return true;
	return s->map_matters && (try_ranges(s, &map->ranges4, AP_ADDRESS_IPV4, 0, UINT32_MAX) ||
				  try_ranges(s, &map->ranges6, AP_ADDRESS_IPV6, 0, UINT32_MAX));
}

/*
 * Who
 */

/* False where the name services know for certain that there is none. */
static bool has_account(search *s)
{
	const char *default_domain = ap_view_string(&s->view, ap_view_settings(&s->view).default_domain);
	const char *const *groups;
	ap_account account;
	size_t n;
	bool has;

	ap_account_init(&account, s->nss, s->user, default_domain);
	has = ap_account_groups(&account, "root", &groups, &n) != AP_NO;
	ap_account_clear(&account);
	return has;
}

static void find_clients(search *s)
{
	ap_image_settings settings = ap_view_settings(&s->view);
	uint32_t n = ap_image_count(s->image, AP_TABLE_CLIENTS), n_hints = ap_image_count(s->image, AP_TABLE_HINTS);
	bool *led_to = ap_arena_alloc(s->arena, n + 1);

	for (uint32_t i = 0; i < n_hints && s->view.sound; i++) {
		uint32_t client = ap_view_hint(&s->view, i).client;

		if (client < n)
			led_to[client] = true;
	}
	if (settings.default_client < n)
		led_to[settings.default_client] = true;
	for (uint32_t i = 0; i < n && s->view.sound; i++) {
		ap_image_client client = ap_view_client(&s->view, i);

		if (led_to[i] && i != settings.system_client && client.local == 0)
			*AP_PUSH(s->arena, s->clients, s->n_clients) =
				ap_arena_strdup(s->arena, ap_view_string(&s->view, client.name));
	}
}

ap_ways_in ap_find_way_in(const ap_image *image, const char *user, int64_t now, const ap_nss *nss, ap_arena *arena)
{
	search s = { .image = image,
		     .view = ap_view_of(image),
		     .user = user,
		     .now = now,
		     .nss = nss != NULL ? nss : &ap_nss_system,
		     .arena = arena,
		     .found = { .open = AP_NO, .complete = true } };

	s.has_account = has_account(&s);
	if (!s.has_account)
		find_clients(&s);
	/* whoever comes at all comes by the system's services then */
	s.has_account = s.has_account || s.n_clients == 0;
	if (!try_machine(&s))
		(void)try_addresses(&s);
	if (!s.view.sound)
		s.found.complete = false;
	return s.found;
}
