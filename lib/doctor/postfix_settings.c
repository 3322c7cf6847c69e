#include "postfix_settings.h"

#include "text_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POSTCONF "/usr/sbin/postconf"
#define DEFAULT_FOLDER "/etc/postfix"
#define BETWEEN ", \t\r\n"

/* The settings that are asked for; smtpd_sasl_type and the rest may be set for one service alone. */
#define SETTINGS                                                                                                       \
	"smtpd_sasl_auth_enable", "smtpd_sasl_type", "smtpd_sasl_path", "smtpd_sasl_service",                          \
		"smtpd_authorized_xclient_hosts", "smtpd_upstream_proxy_protocol", "cyrus_sasl_config_path",           \
		"inet_interfaces", "master_service_disable", "multi_instance_directories",                             \
		"postscreen_upstream_proxy_protocol", "smtpd_service_name"

/* The value in "NAME = VALUE", if the line is of that name. */
static const char *value_in(ap_arena *arena, const char *line, size_t length, const char *name)
{
	size_t key = strlen(name);

	if (length < key + 2 || strncmp(line, name, key) != 0 || strncmp(line + key, " =", 2) != 0)
		return NULL;
	line += key + 2;
	length -= key + 2;
	while (length > 0 && isspace((unsigned char)*line)) {
		line++;
		length--;
	}
	return ap_arena_strndup(arena, line, length);
}

static const char *value_of(ap_arena *arena, const char *text, const char *name, const char *otherwise)
{
	const char *line, *value;
	size_t length;

	while ((line = ap_text_line(&text, &length)) != NULL) {
		value = value_in(arena, line, length, name);
		if (value != NULL)
			return value;
	}
	return otherwise;
}

/* The number of a TCP service by its name, as services(5) has it; 0: unknown. */
static unsigned port_of(const char *name, const char *services_file)
{
	size_t key = strlen(name), length;
	const char *line;
	char *end;
	unsigned long number = strtoul(name, &end, 10);

	if (end != name && *end == '\0')
		return number <= 65535 ? (unsigned)number : 0;
	while ((line = ap_text_line(&services_file, &length)) != NULL) {
		size_t word = strcspn(line, " \t");
		const char *at = line + word;

		at += strspn(at, " \t");
		number = strtoul(at, &end, 10);
		if (word == key && strncmp(line, name, key) == 0 && strncmp(end, "/tcp", 4) == 0)
			return (unsigned)number;
	}
	/* the names that master.cf comes with, which older lists do not have */
	return strcmp(name, "smtps") == 0 || strcmp(name, "submissions") == 0 ? 465
	       : strcmp(name, "submission") == 0                              ? 587
									      : 0;
}

/* "127.0.0.1:1587", "[::1]:587", "submission". */
static void read_address(ap_arena *arena, const char *name, const char *services_file, ap_postfix_service *service)
{
	const char *colon = strrchr(name, ':');

	service->host = "";
	if (colon != NULL) {
		bool brackets = name[0] == '[' && colon > name + 1 && colon[-1] == ']';

		service->host =
			ap_arena_strndup(arena, name + (brackets ? 1 : 0), (size_t)(colon - name) - (brackets ? 2 : 0));
		name = colon + 1;
	}
	service->port = port_of(name, services_file);
}

/* What postconf printed of an instance, and where what is made of it lives. */
typedef struct {
	ap_arena *arena;
	const ap_postfix_printed *of;
	const char *const *disabled; /* the words of master_service_disable */
} parsing;

/* A line of postconf -M. */
typedef struct {
	const char *name; /* "smtp/inet" */
	const char *address;
	const char *type;
	const char *program; /* its name alone: "./smtpd", in Postfix's folder, is smtpd too */
} master_line;

/* One that the service has of its own, else the one of all. */
static const char *setting(const parsing *p, const char *service, const char *name, const char *otherwise)
{
	const char *of_all = value_of(p->arena, p->of->settings, name, otherwise);

	return value_of(p->arena, p->of->overrides, ap_format(p->arena, "%s/%s", service, name), of_all);
}

/* By master_service_disable: "inet", "smtp/inet"; the first that fits counts, and "!" keeps what fits. */
static bool is_disabled(const parsing *p, const master_line *line)
{
	for (size_t i = 0; p->disabled[i] != NULL; i++) {
		bool kept = p->disabled[i][0] == '!';
		const char *pattern = p->disabled[i] + (kept ? 1 : 0);

		if (strcmp(pattern, line->type) == 0 || strcmp(pattern, line->name) == 0)
			return !kept;
	}
	return false;
}

/* One that is not switched off; the eighth field is the program. */
static bool read_line(const parsing *p, const char *line, size_t length, master_line *ret_line)
{
	ap_arena *arena = p->arena;
	const char *const *fields = ap_text_words(arena, ap_arena_strndup(arena, line, length), " \t");
	size_t n = 0;

	while (fields[n] != NULL)
		n++;
	if (n < 8)
		return false;
	*ret_line = (master_line){ .name = ap_format(arena, "%s/%s", fields[0], fields[1]),
				   .address = fields[0],
				   .type = fields[1],
				   .program = ap_path_name(fields[7]) };
	return !is_disabled(p, ret_line);
}

static bool is_loopback(const char *interfaces)
{
	return strcmp(interfaces, "loopback-only") == 0 || strcmp(interfaces, "localhost") == 0;
}

/* Where it is connected to: by its own line of master.cf, or postscreen's. */
static void read_door(const parsing *p, const master_line *door, const char *proxy_setting, ap_postfix_service *service)
{
	read_address(p->arena, door->address, p->of->services_file, service);
	if (*service->host == '\0' && is_loopback(value_of(p->arena, p->of->settings, "inet_interfaces", "all")))
		service->host = "127.0.0.1";
	service->haproxy = *setting(p, door->name, proxy_setting, "") != '\0';
}

static ap_postfix_service read_service(const parsing *p, const char *name)
{
	bool is_default = strcmp(p->of->folder, DEFAULT_FOLDER) == 0;

	return (ap_postfix_service){ .folder = p->of->folder,
				     .is_default = is_default,
				     .name = name,
				     .title = is_default ? name : ap_format(p->arena, "%s of %s", name, p->of->folder),
				     .host = "",
				     /* in any case, as Postfix takes it */
				     .asks = strcasecmp(setting(p, name, "smtpd_sasl_auth_enable", "no"), "yes") == 0,
				     .type = setting(p, name, "smtpd_sasl_type", "cyrus"),
				     .path = setting(p, name, "smtpd_sasl_path", "smtpd"),
				     .service = setting(p, name, "smtpd_sasl_service", "smtp"),
				     .xclient_hosts = setting(p, name, "smtpd_authorized_xclient_hosts", ""),
				     .cyrus_folders = value_of(p->arena, p->of->settings, "cyrus_sasl_config_path", ""),
				     .overrides = p->of->overrides };
}

/* Once for each postscreen that hands over to it; once, and without a port, if none does. */
static void add_behind_postscreen(const parsing *p, ap_postfix *postfix, const master_line *line)
{
	const char *left = p->of->master, *text;
	ap_postfix_service one = read_service(p, line->name);
	bool any = false;
	size_t length;

	while ((text = ap_text_line(&left, &length)) != NULL) {
		master_line door;

		if (!read_line(p, text, length, &door) || strcmp(door.program, "postscreen") != 0 ||
		    strcmp(setting(p, door.name, "smtpd_service_name", "smtpd"), line->address) != 0)
			continue;
		one.postscreen = door.name;
		read_door(p, &door, "postscreen_upstream_proxy_protocol", &one);
		*AP_PUSH(p->arena, postfix->services, postfix->n) = one;
		any = true;
	}
	if (!any)
		*AP_PUSH(p->arena, postfix->services, postfix->n) = one;
}

void ap_postfix_parse(ap_arena *arena, const ap_postfix_printed *printed, ap_postfix *postfix)
{
	const char *disabled = value_of(arena, printed->settings, "master_service_disable", "");
	const parsing p = { arena, printed, ap_text_words(arena, disabled, BETWEEN) };
	const char *left = printed->master, *at;
	size_t length;

	while ((at = ap_text_line(&left, &length)) != NULL) {
		ap_postfix_service one;
		master_line line;

		if (!read_line(&p, at, length, &line) || strcmp(line.program, "smtpd") != 0)
			continue;
		if (strcmp(line.type, "pass") == 0) {
			add_behind_postscreen(&p, postfix, &line);
			continue;
		}
		one = read_service(&p, line.name);
		read_door(&p, &line, "smtpd_upstream_proxy_protocol", &one);
		*AP_PUSH(arena, postfix->services, postfix->n) = one;
	}
}

/* What postconf printed of the instance; NULL with why not. `words` are ended by NULL. */
static const char *ask(const ap_host *host, const char *folder, const char *const *words, const char **ret_fault)
{
	const char **command = NULL, *typed = "postconf";
	ap_host_output output;
	size_t n = 0;

	*AP_PUSH(host->arena, command, n) = POSTCONF;
	*AP_PUSH(host->arena, command, n) = "-c";
	*AP_PUSH(host->arena, command, n) = folder;
	if (strcmp(folder, DEFAULT_FOLDER) != 0)
		typed = ap_format(host->arena, "postconf -c %s", folder);
	typed = ap_format(host->arena, "%s %s", typed, words[0]);
	for (; *words != NULL; words++)
		*AP_PUSH(host->arena, command, n) = *words;
	*AP_PUSH(host->arena, command, n) = NULL;
	output = ap_host_run(host, command);
	*ret_fault = ap_host_run_fault(host, typed, &output);
	return *ret_fault == NULL ? output.out : NULL;
}

/* False with why. */
static bool read_instance(const ap_host *host, const char *folder, const char *services_file, ap_postfix *postfix,
			  const char **ret_settings, const char **ret_fault)
{
	static const char *const settings[] = { "-x", SETTINGS, NULL };
	static const char *const master[] = { "-M", NULL };
	static const char *const overrides[] = { "-Px", NULL };
	ap_postfix_printed printed = { .folder = folder, .services_file = services_file };

	printed.settings = ask(host, folder, settings, ret_fault);
	printed.master = printed.settings != NULL ? ask(host, folder, master, ret_fault) : NULL;
	printed.overrides = printed.master != NULL ? ask(host, folder, overrides, ret_fault) : NULL;
	if (printed.overrides == NULL)
		return false;
	ap_postfix_parse(host->arena, &printed, postfix);
	*ret_settings = printed.settings;
	return true;
}

bool ap_postfix_read(const ap_host *host, ap_postfix *ret_postfix, const char **ret_fault)
{
	const char *services_file, *settings, *unused, *fault;
	const char *const *others;

	*ret_fault = NULL;
	*ret_postfix = (ap_postfix){ .services = NULL };
	if (!ap_host_has(host, POSTCONF) || !ap_host_has(host, DEFAULT_FOLDER "/main.cf"))
		return false;
	services_file = ap_host_read(host, "/etc/services", NULL);
	if (services_file == NULL)
		services_file = "";
	if (!read_instance(host, DEFAULT_FOLDER, services_file, ret_postfix, &settings, ret_fault))
		return false;
	others = ap_text_words(host->arena, value_of(host->arena, settings, "multi_instance_directories", ""), BETWEEN);
	for (size_t i = 0; others[i] != NULL; i++)
		if (!read_instance(host, others[i], services_file, ret_postfix, &unused, &fault) && *ret_fault == NULL)
			*ret_fault = fault;
	return true;
}

const char *ap_postfix_file_of(ap_arena *arena, const ap_postfix_service *service, const char *line,
			       const char *setting)
{
	const char *own = ap_format(arena, "%s/%s", line, setting);
	bool in_master = value_of(arena, service->overrides, own, NULL) != NULL;

	return ap_format(arena, "%s/%s", service->folder, in_master ? "master.cf" : "main.cf");
}
