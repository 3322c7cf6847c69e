/* accesspolicy region - where an address is, by which database, and which policies hold it for that. */
#include "../lib/make/region_codes.h"
#include "../lib/make/region_database.h"
#include "in_force.h"
#include "jsontext.h"
#include "options.h"
#include "region_text.h"
#include "report.h"
#include "subject.h"

#include <string.h>

enum { HEAD_INDENT = 10, ADDRESS_INDENT = 12 };

typedef struct {
	const ap_subject *subject;
	const char *path; /* the database's */
	ap_database_identity identity;
	const ap_address *addresses;
	const ap_region_answer *answers; /* NULL: the database cannot be read */
	const char *fault;               /* why */
	size_t n;
} region_report;

/* The database that the image was made with, else the one that the files name; NULL: none. */
static const char *database_path(ap_context *context, const ap_subject *subject)
{
	const char *path = ap_image_database_path(context->arena, subject->image);

	return path == NULL && subject->set != NULL ? subject->set->region_database.text : path;
}

/* It is not the policy that is wrong. */
static int no_database(ap_context *context, const char *path, const char *why)
{
	ap_error error = { 0 };

	(void)fflush(stdout);
	ap_error_set(&error, AP_ERR_MISSING, path, 0, "%s", why);
	fputs("accesspolicy region: ", stderr);
	ap_report_alone(context, &error);
	return AP_EXIT_POLICY;
}

static int parse_addresses(ap_context *context, const ap_usage *usage, char **texts, size_t n, ap_address *addresses)
{
	for (size_t i = 0; i < n; i++)
		if (!ap_address_parse(texts[i], &addresses[i]))
			return ap_usage_error(usage, "\"%s\" is no IP address; names are never looked up",
					      ap_printable(context->arena, texts[i]));
	return AP_EXIT_YES;
}

/* The region as policies write it: the smallest that the database tells, "unlocated", or NULL where it cannot tell. */
static const char *region_of(ap_context *context, const ap_region_answer *answer)
{
	if (!answer->known)
		return NULL;
	if (!ap_region_is_country(answer->country))
		return "unlocated";
	for (size_t i = answer->n_subdivisions; i > 0; i--) {
		const char *code = ap_format(context->arena, "%s-%s", answer->country, answer->subdivisions[i - 1]);

		if (ap_region_is_valid(code))
			return code;
	}
	return answer->country;
}

/* Why the address is unlocated, where the database has something of it. */
static const char *unlocated_text(ap_context *context, const ap_region_answer *answer)
{
	if (answer->country[0] != '\0')
		return ap_format(context->arena, "unlocated: the database says \"%s\", which is no country",
				 answer->country);
	return answer->found ? "unlocated: the database has a record of it, and no country" : "unlocated";
}

/*
 * Which policies hold an address for where it is
 */

typedef enum {
	HOLDER_POLICY,
	HOLDER_EXCEPTED, /* what a policy excepts */
	HOLDER_EXCEPTION,
} holder_kind;

typedef struct {
	holder_kind kind;
	const char *name;
	ap_policy_type type;      /* of a policy */
	const char *status;       /* of a policy and of what it excepts; else NULL */
	const char *const *codes; /* those of its regions that hold the address */
	size_t n_codes;
} region_holder;

/* Fills in the codes. False if none of the net's regions holds the address. */
static bool holds(ap_context *context, ap_view *view, uint32_t place, const ap_address *address,
		  region_holder *ret_holder)
{
	const char **codes = NULL;
	uint32_t number;
	ap_span location;
	ap_range range;
	ap_image_net net;

	ret_holder->n_codes = 0;
	if (place == AP_NONE || !ap_view_locate(view, address, &range, &number))
		return false;
	net = ap_view_net(view, place);
	location = ap_view_location(view, number).regions;
	for (uint32_t i = 0; i < location.n && view->sound; i++) {
		uint32_t region = ap_view_number(view, location, i);

		if (ap_view_span_holds(view, net.regions, region))
			*AP_PUSH(context->arena, codes, ret_holder->n_codes) =
				ap_view_string(view, ap_view_region(view, region).code);
	}
	ret_holder->codes = codes;
	return ret_holder->n_codes > 0;
}

typedef void each_holder(void *to, const region_holder *holder);

/* In reading order: policies, what they except, and the exceptions that have regions. */
static void list_holders(ap_context *context, const region_report *r, size_t i, each_holder *each, void *to)
{
	ap_view view = ap_view_of(r->subject->image);
	uint32_t n_policies = ap_image_count(r->subject->image, AP_TABLE_POLICIES);
	uint32_t n_exceptions = ap_image_count(r->subject->image, AP_TABLE_EXCEPTIONS);

	for (uint32_t k = 0; k < n_policies && view.sound; k++) {
		ap_image_policy policy = ap_view_policy(&view, k);
		region_holder policy_holds = { .kind = HOLDER_POLICY,
					       .name = ap_view_string(&view, policy.name),
					       .type = policy.type,
					       .status = ap_policy_status_name(policy.status) };
		region_holder excepts = policy_holds;

		excepts.kind = HOLDER_EXCEPTED;
		if (holds(context, &view, policy.net, &r->addresses[i], &policy_holds))
			each(to, &policy_holds);
		if (holds(context, &view, policy.except_net, &r->addresses[i], &excepts))
			each(to, &excepts);
	}
	for (uint32_t k = 0; k < n_exceptions && view.sound; k++) {
		ap_image_exception exception = ap_view_exception(&view, k);
		region_holder exception_holds = { .kind = HOLDER_EXCEPTION,
						  .name = ap_view_string(&view, exception.name) };

		if (holds(context, &view, exception.net, &r->addresses[i], &exception_holds))
			each(to, &exception_holds);
	}
}

/*
 * For a person
 */

typedef struct {
	ap_context *context;
	bool any;
} text_holders;

static void line(ap_context *context, const char *label, size_t indent, ap_colour colour, const char *text)
{
	ap_paint(&context->screen, AP_BOLD, label, strlen(label));
	ap_blanks(indent - ap_width(label));
	ap_paint_wrapped(&context->screen, colour, text, indent);
}

static void write_holder(void *to, const region_holder *holder)
{
	text_holders *holders = to;
	ap_context *context = holders->context;
	const char *name = ap_printable(context->arena, holder->name), *regions = "", *text = NULL;

	for (size_t i = 0; i < holder->n_codes; i++)
		regions = ap_format(context->arena, "%s%s%s", regions, i > 0 ? ", " : "", holder->codes[i]);
	switch (holder->kind) {
	case HOLDER_POLICY:
		text = ap_format(context->arena, "\"%s\": %s (%s, %s)", name, regions,
				 ap_policy_type_name(holder->type), holder->status);
		break;
	case HOLDER_EXCEPTED:
		text = ap_format(context->arena, "\"%s\" excepts %s (%s)", name, regions, holder->status);
		break;
	case HOLDER_EXCEPTION:
		text = ap_format(context->arena, "exception \"%s\": %s", name, regions);
		break;
	}
	line(context, holders->any ? "" : "  Held by", ADDRESS_INDENT, AP_PLAIN, text);
	holders->any = true;
}

/* Where the database cannot be read: what the image knows of it, which is the regions that are named. */
static void write_region_in_image(ap_context *context, const region_report *r, size_t i)
{
	ap_view view = ap_view_of(r->subject->image);
	const char *region = ap_view_region_of(&view, &r->addresses[i]);

	line(context, "  Region", ADDRESS_INDENT, AP_YELLOW,
	     ap_image_database_shown(context->arena, r->subject->image) == NULL ? "unknown"
	     : region == NULL ? "none that a policy names, as far as the policies' regions tell"
			      : ap_format(context->arena, "%s, as far as the policies' regions tell",
					  ap_region_shown(context->arena, region)));
}

static void write_region(ap_context *context, const region_report *r, size_t i)
{
	const ap_region_answer *answer = &r->answers[i];
	const char *region = region_of(context, answer);
	char text[AP_RANGE_TEXT_MAX];

	if (region == NULL)
		line(context, "  Region", ADDRESS_INDENT, AP_YELLOW,
		     ap_format(context->arena, "unknown: the database places no %s address",
			       r->addresses[i].family == AP_ADDRESS_IPV4 ? "IPv4" : "IPv6"));
	else
		line(context, "  Region", ADDRESS_INDENT, AP_PLAIN,
		     strcmp(region, "unlocated") == 0 ? unlocated_text(context, answer)
						      : ap_region_shown(context->arena, region));
	if (answer->known)
		line(context, "  Network", ADDRESS_INDENT, AP_PLAIN,
		     ap_arena_strdup(context->arena, ap_range_format(&answer->network, text)));
}

static void write_address(ap_context *context, const region_report *r, size_t i)
{
	text_holders holders = { .context = context };
	char address[AP_ADDRESS_TEXT_MAX];

	putchar('\n');
	ap_address_format(&r->addresses[i], address);
	ap_paint(&context->screen, AP_BOLD, address, strlen(address));
	putchar('\n');
	if (r->answers != NULL)
		write_region(context, r, i);
	else
		write_region_in_image(context, r, i);
	list_holders(context, r, i, write_holder, &holders);
	if (!holders.any)
		line(context, "  Held by", ADDRESS_INDENT, AP_PLAIN, "no policy's region");
}

/* True if the regions that decide are of another state of the database. */
static bool is_other_database(const region_report *r)
{
	ap_view view = ap_view_of(r->subject->image);
	ap_image_source source;

	return ap_image_database_source(&view, &source) &&
	       memcmp(source.sha256, r->identity.sha256, sizeof(source.sha256)) != 0;
}

/* What takes the database in that was asked, where it is the one that the policies in force name. */
static const char *advice(ap_context *context, const region_report *r)
{
	if (r->subject->set != NULL || strcmp(r->path, ap_image_database_path(context->arena, r->subject->image)) != 0)
		return "";
	return ap_format(context->arena, "; \"accesspolicy apply --data%s\" takes this one in",
			 ap_in_force_state_option(context));
}

static void write_text(ap_context *context, const region_report *r)
{
	line(context, "Database", HEAD_INDENT, r->answers != NULL ? AP_PLAIN : AP_YELLOW,
	     ap_format(context->arena, "%s: %s", ap_printable(context->arena, r->path),
		       r->answers != NULL ? ap_database_shown(context->arena, r->identity.type, r->identity.built)
					  : ap_printable(context->arena, r->fault)));
	line(context, "Policies", HEAD_INDENT, AP_PLAIN, ap_subject_text(context, r->subject));
	if (r->answers != NULL && is_other_database(r))
		line(context, "", HEAD_INDENT, AP_YELLOW,
		     ap_format(context->arena, "their regions are by another database, %s%s",
			       ap_image_database_shown(context->arena, r->subject->image), advice(context, r)));
	for (size_t i = 0; i < r->n; i++)
		write_address(context, r, i);
}

/*
 * JSON
 */

typedef struct {
	ap_arena *arena;
	json_t *array;
} json_holders;

static void add_holder(void *to, const region_holder *holder)
{
	json_holders *holders = to;
	json_t *object = ap_json_object(), *codes = ap_json_array();
	const char *kind = holder->kind == HOLDER_POLICY     ? ap_policy_type_name(holder->type)
			   : holder->kind == HOLDER_EXCEPTED ? "excepted"
							     : "exception";

	for (size_t i = 0; i < holder->n_codes; i++)
		ap_json_append(codes, ap_json_text(holders->arena, holder->codes[i]));
	ap_json_set(object, "kind", ap_json_text(holders->arena, kind));
	ap_json_set(object, "name", ap_json_text(holders->arena, holder->name));
	ap_json_set(object, "status", ap_json_text(holders->arena, holder->status));
	ap_json_set(object, "regions", codes);
	ap_json_append(holders->array, object);
}

static json_t *subdivisions_json(ap_context *context, const ap_region_answer *answer)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < answer->n_subdivisions; i++) {
		const char *code = ap_format(context->arena, "%s-%s", answer->country, answer->subdivisions[i]);
		json_t *object = ap_json_object();

		ap_json_set(object, "code", ap_json_text(context->arena, code));
		ap_json_set(object, "name", ap_json_region_name(context->arena, code));
		ap_json_append(array, object);
	}
	return array;
}

static json_t *address_json(ap_context *context, const region_report *r, size_t i)
{
	static const ap_region_answer unknown = { .known = false };
	const ap_region_answer *answer = r->answers != NULL ? &r->answers[i] : &unknown;
	ap_view view = ap_view_of(r->subject->image);
	json_holders holders = { .arena = context->arena, .array = ap_json_array() };
	const char *region = region_of(context, answer);
	char text[AP_RANGE_TEXT_MAX];
	json_t *object = ap_json_object();

	ap_json_set(object, "ip", ap_json_text(context->arena, ap_address_format(&r->addresses[i], text)));
	ap_json_set(object, "region", ap_json_text(context->arena, region));
	ap_json_set(object, "country", ap_json_name(context->arena, answer->country));
	ap_json_set(object, "name", region != NULL ? ap_json_region_name(context->arena, region) : json_null());
	ap_json_set(object, "subdivisions", subdivisions_json(context, answer));
	ap_json_set(object, "network",
		    ap_json_text(context->arena, answer->known ? ap_range_format(&answer->network, text) : NULL));
	ap_json_set(object, "policy_region", ap_json_text(context->arena, ap_view_region_of(&view, &r->addresses[i])));
	list_holders(context, r, i, add_holder, &holders);
	ap_json_set(object, "held_by", holders.array);
	return object;
}

static void write_json(ap_context *context, const region_report *r)
{
	json_t *object = ap_json_object(), *database = ap_json_object(), *addresses = ap_json_array();
	bool read = r->answers != NULL;

	ap_json_set(database, "path", ap_json_text(context->arena, r->path));
	ap_json_set(database, "type", ap_json_text(context->arena, read ? r->identity.type : NULL));
	ap_json_set(database, "built", read && r->identity.built != 0 ? ap_json_time(r->identity.built) : json_null());
	ap_json_set(database, "differs", read ? json_boolean(is_other_database(r)) : json_null());
	ap_json_set(database, "error", ap_json_text(context->arena, r->fault));
	ap_json_set(object, "database", database);
	ap_json_set(object, "asked", ap_json_text(context->arena, r->subject->set != NULL ? "files" : "image"));
	ap_json_set(object, "revision", ap_json_text(context->arena, ap_subject_revision(context->arena, r->subject)));
	for (size_t i = 0; i < r->n; i++)
		ap_json_append(addresses, address_json(context, r, i));
	ap_json_set(object, "addresses", addresses);
	ap_json_write(object);
}

/* `asked` is the database that the command line names, or NULL: then the image still knows something without it. */
static int report(ap_context *context, const ap_subject *subject, const char *asked, const ap_address *addresses,
		  size_t n)
{
	region_report r = { .subject = subject, .path = asked, .addresses = addresses, .n = n };
	ap_error error = { 0 };
	int result = AP_EXIT_YES;

	if (asked == NULL)
		r.path = database_path(context, subject);
	if (r.path == NULL)
		return no_database(context, subject->path,
				   "names no region_database; --database names one for this once");
	if (ap_region_database_look_up(r.path, addresses, n, context->arena, &r.identity, &r.answers, &error) !=
	    AP_OK) {
		if (asked != NULL)
			return no_database(context, asked, error.message);
		r.fault = error.message;
		result = AP_EXIT_POLICY;
	}
	if (context->json)
		write_json(context, &r);
	else
		write_text(context, &r);
	for (size_t i = 0; i < n && r.answers != NULL; i++)
		if (!r.answers[i].known)
			result = AP_EXIT_NO;
	return result;
}

/* What is in force, or where that knows no region, the files that it was made of, which may name a database by now. */
static int open_subject(ap_context *context, bool files, const char *database, ap_subject *ret_subject)
{
	int result;

	if (files || context->config != NULL)
		return ap_subject_open_files(context, NULL, NULL, ret_subject);
	result = ap_subject_open_in_force(context, ret_subject);
	if (result != AP_EXIT_YES || database != NULL || database_path(context, ret_subject) != NULL ||
	    ret_subject->set != NULL)
		return result;
	context->config = ap_pending_root(context->arena, ret_subject->image);
	ap_subject_close(ret_subject);
	return ap_subject_open_files(context, NULL, NULL, ret_subject);
}

int ap_cmd_region(ap_context *context, int argc, char **argv)
{
	const char *database = NULL;
	bool files = false;
	const ap_option options[] = {
		{ .name = "files", .help = "ask the files as they are, not what is in force", .flag = &files },
		{ .name = "database",
		  .value = "FILE",
		  .help = "the database to ask (default: the one that the policies' regions are from)",
		  .text = &database },
	};
	const ap_usage usage = {
		.command = "region",
		.synopsis = "ADDRESS... [--database FILE] [--files] [--json]",
		.description =
			"Says where addresses are, by which database, and which policies hold them for that. The "
			"status is 0 if the database could tell of each, 1 if not, 3 where it cannot be read.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	ap_address *addresses;
	ap_subject subject;
	int first, result;
	size_t n;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &result))
		return result;
	if (first == argc)
		return ap_usage_error(&usage, "no address is given");
	n = (size_t)(argc - first);
	addresses = ap_arena_alloc(context->arena, n * sizeof(*addresses));
	result = parse_addresses(context, &usage, argv + first, n, addresses);
	if (result == AP_EXIT_YES)
		result = open_subject(context, files, database, &subject);
	if (result != AP_EXIT_YES)
		return result;
	result = report(context, &subject, database, addresses, n);
	ap_subject_close(&subject);
	return result;
}
