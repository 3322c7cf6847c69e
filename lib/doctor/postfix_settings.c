#include "postfix_settings.h"

#include "text_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POSTCONF "/usr/sbin/postconf"

/* The settings that are asked for; smtpd_sasl_type and the rest may be set for one service alone. */
#define SETTINGS                                                                                                       \
	"smtpd_sasl_auth_enable", "smtpd_sasl_type", "smtpd_sasl_path", "smtpd_sasl_service",                          \
		"smtpd_authorized_xclient_hosts", "smtpd_upstream_proxy_protocol", "cyrus_sasl_config_path",           \
		"inet_interfaces"

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

/* One that the service has of its own, else the one of all. */
static const char *setting(ap_arena *arena, const char *settings, const char *overrides, const char *service,
			   const char *name, const char *otherwise)
{
	const char *of_all = value_of(arena, settings, name, otherwise);

	return value_of(arena, overrides, ap_format(arena, "%s/%s", service, name), of_all);
}

/* A line of postconf -M, whose eighth field is the program. */
static bool read_service(ap_arena *arena, const char *line, size_t length, const char *services_file,
			 ap_postfix_service *ret_service)
{
	const char *fields[8];
	size_t n = 0, at = 0;

	while (n < 8 && at < length) {
		size_t start;

		while (at < length && isspace((unsigned char)line[at]))
			at++;
		for (start = at; at < length && !isspace((unsigned char)line[at]);)
			at++;
		fields[n++] = ap_arena_strndup(arena, line + start, at - start);
	}
	if (n < 8 || strcmp(fields[7], "smtpd") != 0)
		return false;
	*ret_service = (ap_postfix_service){ .name = ap_format(arena, "%s/%s", fields[0], fields[1]) };
	read_address(arena, fields[0], services_file, ret_service);
	return true;
}

static bool is_loopback(const char *interfaces)
{
	return strcmp(interfaces, "loopback-only") == 0 || strcmp(interfaces, "localhost") == 0;
}

ap_postfix ap_postfix_parse(ap_arena *arena, const char *settings, const char *master, const char *overrides,
			    const char *services_file)
{
	ap_postfix postfix = { .cyrus_folders = value_of(arena, settings, "cyrus_sasl_config_path", "") };
	const char *line;
	size_t length;

	while ((line = ap_text_line(&master, &length)) != NULL) {
		ap_postfix_service one;

		if (!read_service(arena, line, length, services_file, &one))
			continue;
		if (*one.host == '\0' && is_loopback(value_of(arena, settings, "inet_interfaces", "all")))
			one.host = "127.0.0.1";
		/* in any case, as Postfix takes it */
		one.asks = strcasecmp(setting(arena, settings, overrides, one.name, "smtpd_sasl_auth_enable", "no"),
				      "yes") == 0;
		one.type = setting(arena, settings, overrides, one.name, "smtpd_sasl_type", "cyrus");
		one.path = setting(arena, settings, overrides, one.name, "smtpd_sasl_path", "smtpd");
		one.service = setting(arena, settings, overrides, one.name, "smtpd_sasl_service", "smtp");
		one.xclient_hosts = setting(arena, settings, overrides, one.name, "smtpd_authorized_xclient_hosts", "");
		one.haproxy =
			*setting(arena, settings, overrides, one.name, "smtpd_upstream_proxy_protocol", "") != '\0';
		*AP_PUSH(arena, postfix.services, postfix.n) = one;
	}
	return postfix;
}

/* What postconf printed; NULL with why not. */
static const char *ask(const ap_host *host, const char *const *command, const char **ret_fault)
{
	ap_host_output output = ap_host_run(host, command);

	*ret_fault = ap_host_run_fault(host, ap_format(host->arena, "postconf %s", command[1]), &output);
	return *ret_fault == NULL ? output.out : NULL;
}

bool ap_postfix_read(const ap_host *host, ap_postfix *ret_postfix, const char **ret_fault)
{
	static const char *const settings_command[] = { POSTCONF, "-x", SETTINGS, NULL };
	static const char *const master_command[] = { POSTCONF, "-M", NULL };
	static const char *const overrides_command[] = { POSTCONF, "-Px", NULL };
	const char *settings, *master, *overrides, *services_file;

	*ret_fault = NULL;
	if (!ap_host_has(host, POSTCONF) || !ap_host_has(host, "/etc/postfix/main.cf"))
		return false;
	settings = ask(host, settings_command, ret_fault);
	master = settings != NULL ? ask(host, master_command, ret_fault) : NULL;
	overrides = master != NULL ? ask(host, overrides_command, ret_fault) : NULL;
	if (overrides == NULL)
		return false;
	services_file = ap_host_read(host, "/etc/services", NULL);
	*ret_postfix =
		ap_postfix_parse(host->arena, settings, master, overrides, services_file != NULL ? services_file : "");
	return true;
}
